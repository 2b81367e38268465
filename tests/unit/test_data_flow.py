"""The page on how data flows: its drawing, its tables from numbers to code, and its walks through the code."""

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType

import pandas as pd
import pytest
import torch

from documented import DOCS
from project_copy import PROJECT, TINY, merged
from prunescape.config.models import Model
from prunescape.hpspace.cells import collect
from prunescape.hpspace.lattice import Lattice
from prunescape.hpspace.tile import train_the_rest, train_tile
from prunescape.io.files import write_csv
from prunescape.models.build import build
from prunescape.plan.plan import Plan
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.pruning.widths import Target
from prunescape.studies.registry import COMPANIONS
from prunescape.training.train import Lane, Task
from prunescape.variant import Variant
from training_samples import ARCHITECTURE, RECIPE

sys.path.insert(0, str(DOCS / "tools"))
import data_flow


def test_the_way_from_a_number_to_its_code_is_there() -> None:
    """Rules, tables and functions of the page's table are those of the workflow."""
    studies = {**{of.name: {} for of in COMPANIONS}, "stochastic": {"held_out": 20}}
    plan = Plan(merged(TINY, {"grid": {"step": 0.2}, **studies}))
    few = Plan(merged(TINY, {"exploration": {"method": "adaptive"}}))
    steps = {step.name: step for of in (few, plan) for step in of.steps}
    written = {Path(path).name for step in steps.values() for job in step.all_jobs() for path in job.outputs.values()}
    rows = re.findall(
        r"^\| .+ \| `(\S+\.csv)` \| `(\w+)` \| (.+) \|$", (DOCS / "data-flow.md").read_text(), re.MULTILINE
    )
    assert {steps[rule].script.partition("/")[0] for _, rule, _ in rows} >= {
        "hpspace",
        "models",
        *(of.name for of in COMPANIONS),
    }
    for table, rule, functions in rows:
        assert table in written, table
        assert steps[rule].script == "studies/table.py" or rule.startswith(Path(steps[rule].script).stem), rule
        for names, file in re.findall(r"((?:`\w+`(?: and )?)+) in `([\w/.]+)`", functions):
            for name in re.findall(r"\w+", names.replace(" and ", " ")):
                text = (PROJECT / "workflow" / "prunescape" / file).read_text()
                assert f"def {name}(" in text, f"{name} in {file}"


def walk(title: str) -> dict[str, list[str]]:
    """The files of a walk through the code, in its order, each with the functions that the page names."""
    text = (DOCS / "data-flow.md").read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| `(.+?)` \|([^|]*)\|", text, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    return {file: re.findall(r"`(.+?)`", functions) for _, file, functions in rows}


def names_in(tree: ast.AST, before: str = "") -> set[str]:
    """Names of the functions and classes of a module, those in classes after theirs and a dot."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found |= {f"{before}{node.name}"} | names_in(node, f"{before}{node.name}.")
    return found


LEARNING_RATE, RATIO = "From a learning rate to its row", "From a ratio to a pruned network"


@pytest.mark.parametrize("title", [LEARNING_RATE, RATIO])
def test_the_functions_of_a_walk_are_there(title: str) -> None:
    files = walk(title)
    assert len(files) > 9
    for file, functions in files.items():
        if file.endswith(".py"):
            assert {*functions} <= names_in(ast.parse((PROJECT / file).read_text())), file


def holds(value: object, number: float) -> bool:
    """Whether a number is among a value's parts, perhaps as text."""
    if isinstance(value, dict):
        return any(holds(part, number) for part in value.values())
    if isinstance(value, torch.Tensor | pd.Series):
        return bool((value == number).any()) or (isinstance(value, pd.Series) and str(number) in value.array)
    if isinstance(value, pd.DataFrame):
        return any(holds(value[name], number) for name in value)
    if isinstance(value, Lane | Model | Variant | Target | Lattice):
        return holds(vars(value), number)
    return (
        any(holds(part, number) for part in value)
        if isinstance(value, list | tuple)
        else (type(value) is float and value == number) or (type(value) is str and value == str(number))
    )


@contextmanager
def passed(number: float) -> Iterator[set[str]]:
    """The files of the workflow whose functions give a number while the body runs, alone or among others."""
    seen: set[str] = set()
    within = f"{PROJECT}/workflow/"

    def watch(frame: FrameType, event: str, value: object) -> None:
        file = frame.f_code.co_filename
        if event == "return" and file.startswith(within) and holds(value, number):
            seen.add(Path(file).relative_to(PROJECT).as_posix())

    sys.setprofile(watch)
    try:
        yield seen
    finally:
        sys.setprofile(None)


SCRIPTS = {"workflow/scripts/hpspace/train_tile.py", "workflow/scripts/studies/table.py"}  # run by Snakemake
CONFIG = "workflow/prunescape/config/reading.py"


def besides(title: str) -> tuple[set[str], set[str]]:
    """The files that a walk counts besides, and those that only check the config; its numbers are those of files."""
    text = (DOCS / "data-flow.md").read_text().partition(f"## {title}\n")[2].partition("\n\n|")[0]
    counted, more, looks = re.fullmatch(
        r".*?: (\d+)\. With\s+(.*?, it is \d+)\.\s+A test (.*?)", text.strip(), re.DOTALL
    ).groups()
    readers, whole = re.findall(r"`(\S+\.py)`", more), int(more.split()[-1])
    assert (int(counted), whole) == (len(walk(title)), len(walk(title)) + len(readers))
    return {*readers}, {*re.findall(r"`(\S+\.py)`", looks.partition("only check the config")[2].partition(". ")[0])}


def settings_of(number: float, step: str, wildcards: dict[str, str], **changes: object) -> tuple[dict, set[str]]:
    """The settings of a job of a tiny run whose network is changed so, and the files that the number passes to them."""
    config = merged(TINY, {"models": {"small_resnet": changes}})
    with passed(number) as files:
        plan = Plan(config)
    steps = {one.name: one for one in plan.steps}
    with passed(number) as more:
        settings = steps[step].settings({"model": "small_resnet", **wildcards})
    assert holds(settings, number)
    return settings, files | more


def test_a_learning_rate_passes_no_other_files(task: Task, tmp_path: Path) -> None:
    """Each function that gives it, on its way to its row and through the engine, stands in a file of the page."""
    number, place = 0.0123456, {"variant": "dense", "seed": "0", "i": "-1", "j": "-1"}
    settings, files = settings_of(number, "train_tile", place, learning_rate=number)
    labels = {"model": "small_resnet", **settings["variant"]}
    with passed(number) as more:
        short = replace(task, recipe=replace(RECIPE, epochs=1, decay_epochs=()))
        train = partial(train_tile, short, labels=labels, report=lambda line: None)
        tables = train_the_rest(tmp_path / "tile.csv", settings["cells"], lambda cells, _: train(cells), print)
        write_csv(tmp_path / "tile.csv", tables.cells)
        found = collect([tmp_path / "tile.csv"])
    assert holds(found, number)
    files |= more
    readers, checks = besides(LEARNING_RATE)
    assert files - walk(LEARNING_RATE).keys() == readers | checks
    data = {"config.yaml", "workflow/prunescape/config/models.py", "workflow/rules/steps.smk"}  # no functions give it
    assert walk(LEARNING_RATE).keys() - files == data | SCRIPTS


def test_a_ratio_passes_no_other_files() -> None:
    """Each function that gives it, on its way to the channels that stay, stands in a file that the page names."""
    number = 0.34567
    settings, files = settings_of(number, "prune", {"pruned": "uniform-0.34567"}, ratios=[number])
    with passed(number) as more:
        pruned = prune(build(ARCHITECTURE, 0), ARCHITECTURE, "uniform", settings["ratio"], PruningSettings())
    assert pruned.ratio <= number
    files |= more
    _, checks = besides(RATIO)
    assert files - walk(RATIO).keys() == {CONFIG} | checks
    assert {"workflow/prunescape/variant.py", "workflow/prunescape/pruning/widths.py"} & files


def test_the_data_flow_is_that_of_the_folders() -> None:
    """Each room, file of rules and folder of scripts has its place in the drawing, and the drawing names no other."""
    stages = [stage for row in data_flow.ROWS for stage in row]
    workflow = PROJECT / "workflow"
    for stage in stages:
        assert all(list((workflow / "prunescape").glob(f"{room}*")) for room in stage.rooms), stage
        assert all(list((workflow / "rules").glob(f"{rules}.smk")) for rules in stage.rules), stage
        assert all((workflow / "scripts" / folder).is_dir() for folder in stage.scripts), stage
    rooms = {path.parent.name for path in workflow.glob("prunescape/*/__init__.py")}
    assert rooms <= {room for stage in stages for room in stage.rooms}
    drawn = {path for stage in stages for rules in stage.rules for path in (workflow / "rules").glob(f"{rules}.smk")}
    assert set((workflow / "rules").glob("*.smk")) == drawn
    for row in data_flow.ROWS:
        width = data_flow.WIDTH / len(row) - data_flow.GAP
        for stage in row:
            names = [f"{name}.smk" for name in stage.rules], stage.rooms, stage.results
            assert all(60 + 7.9 * len(" ".join(line)) < width for line in names), f"{stage.title}: too long for its box"
    assert (DOCS / "assets" / "data-flow.svg").read_text() == data_flow.drawing(), "run: make gallery"
