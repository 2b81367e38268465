"""A change reruns what depends on its meaning, and nothing else.

Each case edits a copy of the library or the config, and compares the jobs that are stale then, by the plan's identities
and files, with the set written here; a new rule must take its place in these sets. Of one case of each kind,
`snakemake -n` must say the same on a copy of a finished project.
"""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import TINY, copy_project, merged, planned, restored, snakemake, write_config

from plan_graph import edited, forget, graph, rules, stale

DATA = {"prepare"}
NETWORKS = {"describe_dense", "train_dense", "prune", "table_hpspace_3_2"}
PRUNING_TABLES = {"table_hpspace_pruning", "figure_hpspace_channels"}
TRAINING = {"train_tile"}
THESIS_TABLES = {"table_hpspace_3_4", "table_hpspace_4_1", "table_hpspace_4_2"}
SETUP_TABLES = {"table_hpspace_3_1", "table_hpspace_3_2", "table_hpspace_3_5"}
VERDICT = {"give_verdict", "state_hpspace"}
DECISIONS = {"table_hpspace_decisions", "figure_hpspace_forest", *VERDICT}
CONFIRMATION = {"plan_confirmation", *DECISIONS}
AGAIN = {"train_again", "table_hpspace_confirmation"}
ELLIPSES = {"table_hpspace_ellipses", "figure_hpspace_summary", "figure_hpspace_landscape"}
RISK = {"table_hpspace_risk", "figure_hpspace_risk", "figure_hpspace_summary"}
INTERVALS = {"table_hpspace_intervals", "table_hpspace_4_1", "table_hpspace_4_2", "state_hpspace"}
SHIFTS = {"table_hpspace_shifts"}
TUNING = {"table_hpspace_regret", "figure_hpspace_regret", "figure_hpspace_tuning_transfer", "figure_hpspace_band"}
STATISTICS = INTERVALS | CONFIRMATION | SHIFTS | TUNING
AFTER_CELLS = (
    {"table_hpspace_cells", "figure_hpspace_annotated_grid", "figure_hpspace_curves"}
    | THESIS_TABLES
    | ELLIPSES
    | RISK
    | STATISTICS
)
AFTER_DENSE = {"train_dense", "prune"} | PRUNING_TABLES | TRAINING | AGAIN | AFTER_CELLS
FIGURES = {
    f"figure_hpspace_{name}"
    for name in ["annotated_grid", "band", "channels", "curves", "landscape", "regret", "risk", "samples", "summary"]
} | {"figure_hpspace_forest", "figure_hpspace_tuning_transfer"}


# Shows what all others made, and so is made again whenever one of them is.
PAGE = {"explore_hpspace"}
TELLING = PAGE | VERDICT  # whose pages tell of results that were accepted


def with_page(expected: set[str]) -> set[str]:
    """The rules, and the page where it shows what they make: it has the verdict, and no claims."""
    return expected | PAGE if expected - {"state_hpspace"} else expected


def by_snakemake(expected: set[str]) -> set[str]:
    """The rules that Snakemake names: which networks are trained again it knows once a round says so."""
    if "plan_confirmation" not in expected:
        return expected
    return (expected - {"train_again"}) | {"table_hpspace_confirmation"}


def code(path: str, old: str, new: str) -> Callable[[Path], None]:
    """An edit of a file of the library."""

    def edit(folder: Path) -> None:
        file = folder / "workflow" / path
        text = file.read_text()
        assert old in text, f"{path} has changed; change this test with it"
        file.write_text(text.replace(old, new, 1))

    return edit


def appended(path: str) -> Callable[[Path], None]:
    """An edit that adds a statement to a file of the library."""

    def edit(folder: Path) -> None:
        file = folder / "workflow" / path
        file.write_text(file.read_text() + "\nCHANGED = True\n")

    return edit


def config(**changes) -> Callable[[Path], None]:
    """An edit of the config."""
    return lambda folder: write_config(folder, merged(TINY, changes))


def profile(folder: Path) -> None:
    path = folder / "profiles" / "default" / "config.yaml"
    path.write_text(
        path.read_text() + "default-resources:\n  mem_mb: 12345\n  runtime: 7\nset-threads:\n  train_tile: 2\n"
    )


def touch_everything(folder: Path) -> None:
    for path in (folder / "workflow").rglob("*"):
        os.utime(path)


CASES: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "nothing at all": (lambda folder: None, set()),
    "file times of all code": (touch_everything, set()),
    "a docstring in the training code": (
        code(
            "prunescape/training/train.py",
            '"""A network to train, with its hyperparameters and its start.',
            '"""A network that is to be trained.',
        ),
        set(),
    ),
    "a comment in the training code": (
        code("prunescape/training/train.py", "        self.network.train()\n", "        self.network.train()  # on\n"),
        set(),
    ),
    "resources and profiles": (profile, set()),
    "one figure's function": (appended("prunescape/figures/risk.py"), {"figure_hpspace_risk"}),
    # No digest covers it; the page is given it as a setting.
    "what is said of a figure": (code("prunescape/studies/hpspace.py", "Every cell of {{", "Each cell of {{"), set()),
    "how all figures look": (appended("prunescape/figures/style.py"), FIGURES),
    "the page's script": (code("prunescape/pages/explore.js", '"use strict";', '"use strict";\n// on'), PAGE),
    "the page's style": (code("prunescape/pages/study.css", "h3 {", "h3  {"), PAGE),
    "what the page's definitions are": (code("prunescape/pages/hpspace.js", "ROUNDING: 1e-9", "ROUNDING: 2e-9"), PAGE),
    "the overview of a run": (appended("prunescape/pages/index.py"), set()),
    "how claims are stated": (appended("prunescape/hpspace/claims.py"), {"state_hpspace"}),
    "another study's claims": (appended("prunescape/mechanism/claims.py"), set()),
    "one more model in the catalogue": (appended("prunescape/models/catalogue.py"), set()),
    "one more data set in the catalogue": (appended("prunescape/data/catalogue.py"), set()),
    "how networks are imported": (appended("prunescape/models/external.py"), set()),  # of which this study has none
    "how a job reports errors": (appended("prunescape/runtime/logs.py"), set()),
    "how a job is stopped": (appended("prunescape/training/stop.py"), set()),
    "the cores of a training job": (config(engine={"threads": 2}), set()),
    "the arithmetic of training": (config(engine={"precision": "bfloat16"}), AFTER_DENSE),
    "a strategy to be measured": (config(engine={"strategy": "auto"}), {"calibrate"} | TRAINING | AGAIN | AFTER_CELLS),
    "where the data are found": (config(data={"directory": "/elsewhere", "verify": False}), set()),
    "the figures' resolution": (config(figures={"dpi": 60}), FIGURES),
    "a figure's config": (config(figures={"colour_map": "cividis"}), {"figure_hpspace_landscape"}),
    "the ROI thresholds": (
        config(analysis={"roi": [0.5, 2.0]}),
        ELLIPSES | INTERVALS | SHIFTS | TUNING | {"figure_hpspace_annotated_grid"},
    ),
    "the ROI of the risk": (config(analysis={"risk_roi": 1.0}), RISK | INTERVALS | CONFIRMATION),
    "the ellipse's sigma": (config(analysis={"sigma": 3.0}), ELLIPSES | INTERVALS | SHIFTS | TUNING),
    "the draws of intervals": (config(analysis={"draws": 300}), INTERVALS | TUNING),
    "the verdict's margin": (config(verdict={"margin": 1.5}), CONFIRMATION | {"figure_hpspace_regret"}),
    "the verdict's level": (config(verdict={"level": 0.1}), CONFIRMATION),
    "from which accuracy a network has learnt": (config(verdict={"least_skill": 0.1}), CONFIRMATION),
    "the published numbers": (
        code("reference/matthiesen2023_table_4_2.csv", "0.622", "0.623"),
        {"table_hpspace_4_2"},
    ),
    "one table's function, in a module with others": (
        code("prunescape/hpspace/published.py", 'theirs["d_excess"] = theirs', 'theirs["d_excess"] = 1.0 * theirs'),
        {"table_hpspace_4_2"},
    ),
    "the permutation tests": (code("prunescape/hpspace/permutation.py", "MOST = 4999", "MOST = 9999"), SHIFTS),
    "the closed form of regret": (
        code("prunescape/hpspace/tuning.py", "possible = cells - rank", "possible = 0 + cells - rank"),
        TUNING,
    ),
    "the risk function": (code("prunescape/hpspace/risk.py", 'd=best - part["f"]', 'd=best + 0.0 - part["f"]'), RISK),
    "the ROI function": (
        code("prunescape/hpspace/landscape.py", "- threshold - 1e-9", "- threshold - 2e-9"),
        ELLIPSES | RISK | CONFIRMATION | THESIS_TABLES | SETUP_TABLES,  # others find the region in a way of their own
    ),
    "the training function": (
        code("prunescape/lanes/optimiser.py", "velocity.mul_(self.momentum)", "velocity.mul_(1.0 * self.momentum)"),
        AFTER_DENSE,
    ),
    "the model's code": (
        code("prunescape/models/cifar_resnet.py", "before = self.extra_channels // 2", "before = 0"),
        AFTER_DENSE | {"describe_dense", "table_hpspace_3_2"},
    ),
    "another model's code": (code("prunescape/models/mobilenet.py", "(6, 24, 2, 2, 1)", "(6, 24, 2, 2, 2)"), set()),
    "the pruning code": (
        code("prunescape/pruning/widths.py", "for _ in range(60)", "for _ in range(61)"),
        {"prune"} | PRUNING_TABLES | TRAINING | AGAIN | AFTER_CELLS,
    ),
    "the training recipe": (config(recipe={"momentum": 0.8}), AFTER_DENSE),
    "more training images": (
        config(data={"train_size": 125}),
        DATA
        | NETWORKS
        | PRUNING_TABLES
        | TRAINING
        | AGAIN
        | AFTER_CELLS
        | {"figure_hpspace_samples"}
        | SETUP_TABLES - {"table_hpspace_3_5"},
    ),
    "one more seed": (config(seeds=[7, 0, 1]), TRAINING | AFTER_CELLS),
    "one more ratio": (
        config(models={"small_resnet": {"ratios": [0.4, 0.2]}}),
        {"prune"} | PRUNING_TABLES | TRAINING | AGAIN | AFTER_CELLS,
    ),
    "one more criterion": (
        config(models={"small_resnet": {"criteria": ["norm", "random"]}}),
        {"prune"} | PRUNING_TABLES | TRAINING | AGAIN | AFTER_CELLS,
    ),
    "one more pipeline": (
        config(models={"small_resnet": {"pipelines": ["scratch", "fine_tuning"]}}),
        {"prune"} | PRUNING_TABLES | TRAINING | AGAIN | AFTER_CELLS,
    ),
    "where pipelines that are not used go back to": (config(retraining={"rewind_epoch": 1}), set()),
    "how latency would be measured": (config(pruning={"latency": {"batch_size": 8}}), set()),
    "a larger grid": (config(grid={"size": [3, 9]}), TRAINING | AFTER_CELLS),
}


# By Snakemake itself too: one of each kind, and what the plan knows nothing of.
ASKED = [
    "nothing at all",
    "file times of all code",
    "a docstring in the training code",
    "resources and profiles",
    "one figure's function",
    "the ROI thresholds",
    "the training function",
    "the published numbers",
    "more training images",
    "one more seed",
]


@pytest.fixture(scope="module")
def before() -> dict:
    forget()
    return graph(TINY)


@pytest.mark.parametrize("case", [case for case in CASES if case != "resources and profiles"])
def test_an_edit_makes_stale_what_depends_on_it(case: str, library: Path, before: dict) -> None:
    edit, expected = CASES[case]
    write_config(library, TINY)
    with restored(library):
        edit(library)
        with edited(library):
            after = graph(yaml.safe_load((library / "config.yaml").read_text()))
    assert rules(stale(before, after)) == with_page(expected)


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("rows: list[dict[str, object]] = []", {"table_mechanism_utility_ranks"}),  # of `rank_stability`
        ('"sets": len(part)', {"table_mechanism_prediction_correlations"}),
    ],
)
def test_an_edit_of_one_tables_function_leaves_its_neighbours_fresh(
    old: str, expected: set[str], library: Path
) -> None:
    """Five tables of the study are made by functions of one module."""
    config = merged(TINY, {"mechanism": {}})
    with restored(library), edited(library):
        before = graph(config, "mechanism")
        code("prunescape/mechanism/statistics.py", old, old.replace("[]", "list(())").replace("part)", "part) + 0"))(
            library
        )
        forget()
        again = rules(stale(before, graph(config, "mechanism")))
    tables = {rule for rule in again if rule.startswith("table_")}
    assert tables == expected


@pytest.mark.workflow
@pytest.mark.parametrize("case", ASKED)
def test_snakemake_reruns_what_depends_on_an_edit(case: str, copied: Path) -> None:
    edit, expected = CASES[case]
    edit(copied)
    assert set(planned(copied)) == by_snakemake(with_page(expected))


@pytest.mark.parametrize(
    ("changes", "tiles"),
    [
        ({"seeds": [7, 0, 1]}, 3),  # dense and two pruned variants, one tile each
        ({"grid": {"size": [3, 9]}}, 12),  # two more tiles for each of them and each of two seeds
        pytest.param({"models": {"small_resnet": {"ratios": [0.4, 0.2]}}}, 4, marks=pytest.mark.full),
        pytest.param({"models": {"small_resnet": {"criteria": ["random", "norm"]}}}, 4, marks=pytest.mark.full),
    ],
    ids=["seed", "grid", "ratio", "criterion"],
)
def test_only_new_tiles_are_trained(changes: dict, tiles: int, before: dict) -> None:
    again = stale(before, graph(merged(TINY, changes)))
    assert len([node for node in again if node.rule == "train_tile"]) == tiles


@pytest.mark.workflow
def test_a_table_by_itself_is_made_of_what_the_config_says_now(copied: Path) -> None:
    """Also where what it is made of is known only as the run goes on."""
    cells = "results/tiny/hpspace/cells.csv"
    assert planned(copied, cells) == {}
    write_config(copied, merged(TINY, {"seeds": [0]}))
    assert planned(copied, cells) == {"table_hpspace_cells": 1}
    write_config(copied, merged(TINY, {"extension": {"rounds": 1}}))
    assert planned(copied, cells) == {"extend_grid": 1, "table_hpspace_cells": 1}
    write_config(copied, merged(TINY, {"verdict": {"confirm": 40}}))
    decisions = planned(copied, "results/tiny/hpspace/decisions.csv")
    assert decisions.keys() >= {"plan_confirmation", "table_hpspace_decisions"}
    assert "train_tile" not in decisions


@pytest.mark.workflow
def test_a_fresh_clone_beside_copied_results_has_nothing_to_do(finished: Path, tmp_path: Path) -> None:
    clone = copy_project(tmp_path / "clone")
    touch_everything(clone)
    write_config(clone, TINY)
    for part in ("results", ".snakemake"):
        shutil.copytree(finished / part, clone / part)
    assert planned(clone) == {}


@pytest.mark.workflow
def test_results_alone_tell_what_is_stale(copied: Path) -> None:
    """Without what Snakemake recorded, with all times mixed, under another name: the same jobs as ever."""
    shutil.rmtree(copied / ".snakemake")
    files = [path for path in (copied / "results").rglob("*") if path.is_file()]
    for number, path in enumerate(sorted(files, key=lambda path: path.name[::-1])):
        os.utime(path, (1e9 + number, 1e9 + number))
    (copied / "results" / "tiny").rename(copied / "results" / "other")
    renamed = merged(TINY, {"run": "other"})
    write_config(copied, renamed)
    assert planned(copied) == {}
    write_config(copied, merged(renamed, {"recipe": {"momentum": 0.8}}))
    assert set(planned(copied)) == by_snakemake(with_page(AFTER_DENSE))
    snakemake(copied, "--touch")  # which records that all is as it should be
    assert "recipe.momentum: 0.9, now 0.8" in snakemake(copied, "-n")
    assert "train_tile: 6 jobs" in snakemake(copied, "explain")
    snakemake(copied, "accept")
    assert set(planned(copied)) == TELLING


@pytest.mark.workflow
@pytest.mark.full
def test_results_without_identities_are_kept(copied: Path) -> None:
    before = {path: path.read_bytes() for path in (copied / "results").rglob("*.csv")}
    for path in (copied / "results").rglob(".*.sha256"):
        path.unlink()
    for arguments in (["-n"], [], ["--forcerun", "explore_hpspace"], ["hpspace"]):
        output = snakemake(copied, *arguments, status=1)
        assert "other results) has no identity: it is from before there were any" in output.splitlines()[-1]
    assert {path: path.read_bytes() for path in before} == before
    snakemake(copied, "accept")
    assert set(planned(copied)) == TELLING
    snakemake(copied)
    for page in ("index.html", *(f"hpspace/{name}.html" for name in ("explore", "verdict", "claims"))):
        assert "it has no identity" in (copied / "results/tiny" / page).read_text(), page
    assert planned(copied) == {}


@pytest.mark.workflow
@pytest.mark.full
def test_a_tile_that_a_forgotten_job_has_finished_is_no_result_of_another_config(copied: Path) -> None:
    """As where snakemake was killed, the job went on, and the config has changed: Snakemake knows nothing of it."""
    tiles = sorted((copied / "results/tiny/hpspace/tiles").rglob("-1_-1.csv"))
    other = merged(TINY, {"recipe": {"epochs": 4}})
    kept = {path: path.read_bytes() for tile in tiles[:1] for path in tile.parent.iterdir()}
    write_config(copied, other)
    snakemake(copied, str(tiles[0].relative_to(copied)))
    for path, content in kept.items():
        path.write_bytes(content)
    shutil.rmtree(copied / ".snakemake" / "metadata")
    assert planned(copied)["train_tile"] == len(tiles)
    snakemake(copied)
    assert {row["epochs"] for row in csv.DictReader((copied / "results/tiny/hpspace/cells.csv").open())} == {"4"}
