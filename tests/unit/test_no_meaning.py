"""The modules whose code no identity has cannot change a result.

Of every name that code with a meaning takes from them it stands here why: what the name does leaves a chain of real
jobs the same to the last bit when it is replaced by nothing, or it is a setting that identities have, or it ends a job.
"""

import ast
import contextlib
import logging
import runpy
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from snakemake.iocontainers import InputFiles, OutputFiles, Wildcards

from combinations_of_configs import ROWS, combined
from project_copy import TINY, merged
from prunescape.config.analysis import Analysis, Terms
from prunescape.config.engine import Engine
from prunescape.config.grid import Extension, Grid
from prunescape.config.recipe import PartOfRecipe
from prunescape.config.section import Section
from prunescape.config.stochastic import Search
from prunescape.data import catalogue as data_sets
from prunescape.hpspace.lattice import Cell, Lattice, bounds_of
from prunescape.models import catalogue as networks
from prunescape.plan.identity import _sources
from prunescape.plan.plan import Plan
from prunescape.plan.step import Files, of_job
from prunescape.runtime import fingerprint

FOLDERS = {"name": "image_folder", "image_size": 16, "train_size": None, "validation_size": None}
CHAIN = merged(
    TINY,
    {
        "seeds": [0],
        "data": FOLDERS,
        "models": {"small_resnet": {"methods": ["uniform"], "ratios": [0.7], "ignored_layers": ["blocks.0"]}},
        "recipe": {"epochs": 2, "decay_epochs": [1]},
    },
)
# Rules in the order of the chain; a figure and a page are no numbers, yet they too are the same.
RUN = [
    *(
        "prepare",
        "describe_dense",
        "check_network",
        "train_dense",
        "prune",
        "train_tile",
        "table_hpspace_cells",
        "table_hpspace_pruning",
    ),
    *("table_hpspace_risk", "figure_hpspace_samples", "describe_hpspace"),
]


@contextlib.contextmanager
def no_log(_: Any) -> Iterator[logging.Logger]:
    """A logger that says nothing, in the place of everything that frames a job."""
    yield logging.getLogger("nothing")


@contextlib.contextmanager
def no_progress(*_: Any) -> Iterator[Any]:
    yield lambda count: None


@contextlib.contextmanager
def no_lock(*_: Any) -> Iterator[bool]:
    yield True


def entry(catalogue: Any, kind: str, name: str) -> Any:
    return catalogue[name]


# By module and name: where it is replaced, and by what does nothing.
NOTHING: dict[tuple[str, str], dict[str, Any]] = {
    ("runtime.logs", "logged"): dict.fromkeys(["runtime.logs.logged", "training.job.logged"], no_log),
    ("runtime.job_lock", "job_lock"): {"training.job.job_lock": no_lock},
    ("training.stop", "stop"): {
        "training.stop.asked": lambda: None,
        "training.stop.watching": lambda *_: contextlib.nullcontext(),
    },
    ("data.progress", "progress"): {"data.sources.decode.progress": no_progress},
    ("io.schema", "check_schema"): {"io.files.check_schema": lambda *_: None},
    ("io.seals", "identity_to_write"): {"io.files.identity_to_write": lambda _: None},
    ("io.seals", "read_seal"): dict.fromkeys(["io.files.read_seal", "data.prepared.read_seal"], lambda _: None),
    ("io.seals", "seal_text"): {"io.files.seal_text": lambda *_: ""},
    ("errors", "known"): dict.fromkeys(
        [f"{module}.known" for module in ("pruning.graph", "pruning.scores", "pruning.unstructured")], entry
    ),
    ("errors", "in_a_line"): dict.fromkeys(
        ["models.external_code.in_a_line", "models.given_weights.in_a_line"], lambda _: ""
    ),
}
ENDS_A_JOB = {("errors", "UserError"), ("errors", "Interrupted"), ("io.seals", "is_at")}
# Whatever a job takes from these is in its identity; the tests below go through the entries.
SETTINGS = {
    *(("data.catalogue", name) for name in ("Geometry", "lookup")),
    ("models.catalogue", "lookup"),
    *(("config.grid", name) for name in ("Grid", "Extension")),
    *(("config.analysis", name) for name in ("Analysis", "Terms")),
    *(("config.engine", "Engine"), ("config.recipe", "Recipe"), ("config.recipe", "PartOfRecipe")),
    ("config.stochastic", "Search"),
    ("config.reading", "validated"),  # the thesis' settings, the setting `theirs`
    ("config.messages", "shown"),  # reading a user's own YAML, when the config is read
    *(("io.schema", name) for name in ("TEXT", "NUMBER")),  # types of columns, the setting `package`
    ("data.catalogue", "IMAGES"),  # how many there are, for what a study will cost
    ("data.catalogue", "DEFAULT_FOLDER_SIZE"),  # a line for small images; what is stored is `Geometry`'s
}
# The digest of a user's own code is the setting `external_code`; where the library lies is no number.
SETTINGS |= {("runtime.fingerprint", name) for name in ("meaning", "LIBRARY")}
# A seal's own path and form, and what a page tells of it: the readers of seals know an identity by its digest.
# Batches and tiles compare identities: a training that is taken over has the bytes of one that is made.
OF_SEALS = {("io.seals", name) for name in ("Seal", "seal", "seal_path", "accepted", "place_of", "Identity")}


def taken() -> dict[tuple[str, str], str]:
    """What code behind any rule takes from modules without meaning, and a file that does: by module and name."""
    for row in ROWS[:4]:
        for step in Plan(combined(row), 2).steps:
            for job in step.all_jobs()[:1]:
                job.identity  # noqa: B018 - so that its sources are known
    found: dict[tuple[str, str], str] = {}
    files = {file for sources in _sources.values() for file in fingerprint._reached(*sources)}
    files.update((fingerprint.LIBRARY / "data" / "sources").glob("*.py"))  # of all data sets
    for file in (file for file in files if file.suffix == ".py"):
        tree = ast.parse(file.read_text())
        unused = [of for of in ast.walk(tree) if isinstance(of, ast.If) and "TYPE_CHECKING" in ast.unparse(of.test)]
        for node in {*ast.walk(tree)} - {node for of in unused for node in ast.walk(of)}:
            assert not isinstance(node, ast.Import) or not any(of.name.startswith("prunescape") for of in node.names)
            for name in [of.name for of in node.names] if isinstance(node, ast.ImportFrom) else []:
                module = f"{node.module}"
                if fingerprint._module_files(f"{module}.{name}") != fingerprint._module_files(module):
                    module = f"{module}.{name}"
                where = fingerprint._module_files(module)
                if where and fingerprint._is_plumbing(where[-1]):
                    found[module.removeprefix("prunescape."), name] = str(file)
    return found


def test_of_every_name_it_is_told_why_it_has_no_meaning() -> None:
    known = {*NOTHING, *ENDS_A_JOB, *SETTINGS, *OF_SEALS}
    assert {key: file for key, file in taken().items() if key not in known} == {}
    modules = {module.replace(".", "/") for module, _ in known}
    listed = {name.removesuffix(".py").rstrip("/") for name in fingerprint.NO_MEANING}
    assert {module.split("/")[0] if module.startswith("config") else module for module in modules} == listed


def test_what_trains_has_a_meaning() -> None:
    """Order and number of results, which epoch, where a training goes on: of a tile all of it counts."""
    counted = {file.name for file in fingerprint._reached("hpspace/train_tile.py") if file.parent.name == "training"}
    assert {"workers.py", "checkpoint.py", "train.py", "job.py", "engine.py"} <= counted
    assert [name for name in fingerprint.NO_MEANING if name.startswith("training/")] == ["training/stop.py"]


def images(folder: Path) -> None:
    """Three classes of images that differ in their brightness."""
    numbers = np.random.default_rng(0)
    for label in range(3):
        (folder / f"class-{label}").mkdir(parents=True)
        for index in range(12):
            pixels = numbers.integers(60 * label, 60 * label + 100, (16, 16, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"class-{label}" / f"{index}.png")


def listed(kind: Any, files: Files) -> Any:
    """Files by name, as Snakemake gives them to a script."""
    found = kind()
    for name, of in files.items():
        start = len(found)
        found.extend([of] if isinstance(of, str) else of)
        found._set_name(name, start, None if isinstance(of, str) else len(found))
    return found


def results(folder: Path) -> dict[str, bytes]:
    """Contents of the results of the chain, run in a folder; seals and logs are none."""
    with chdir(folder):
        plan = Plan(merged(CHAIN, {"data": {"directory": "../images"}}), 1)
        jobs = [job for name in RUN for job in plan.jobs() if job.step.name == name]
        for job in jobs:
            given = SimpleNamespace(
                input=listed(InputFiles, job.step.reads(job.wildcards)),
                output=listed(OutputFiles, job.outputs),
                wildcards=Wildcards(fromdict=dict(job.wildcards)),
                params=SimpleNamespace(
                    settings=job.identity,
                    checkpoint=job.step.state(job.wildcards),
                    told=job.step.told and job.step.told(),
                ),
                threads=1,
                log=[job.log],
            )
            given.params.get = vars(given.params).get
            runpy.run_path(str(fingerprint.SCRIPTS / job.step.script), {"snakemake": given}, "__main__")
        return {path: Path(path).read_bytes() for job in jobs for path in job.outputs.values() if "timing" not in path}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder beside images, and the results of the chain by the code as it is."""
    folder = tmp_path_factory.mktemp("chain")
    images(folder / "images")
    (folder / "whole").mkdir()
    return folder, results(folder / "whole")


def test_results_are_the_same_where_all_that_does_nothing(
    chain: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, right = chain
    assert len(right) > len(RUN)
    called: set[tuple[str, str]] = set()

    def noting(key: tuple[str, str], nothing: Any) -> Any:
        return lambda *given: called.add(key) or nothing(*given)

    for key, replaced in NOTHING.items():
        for where, nothing in replaced.items():
            monkeypatch.setattr(f"prunescape.{where}", noting(key, nothing))
    (folder / "bare").mkdir()
    assert results(folder / "bare") == right
    assert NOTHING.keys() - called == {("errors", "in_a_line")}  # which says what was wrong


def told(plan: Plan) -> Any:
    """What identities say of networks and data."""
    run, coherence = plan.run, plan.companions["coherence"]
    networks = [(run.described(model), run.source(model)) for model in run.all_models]
    engines = [
        of_job(job.step.values, job.wildcards).get("engine") for step in coherence.measured for job in step.all_jobs()
    ]
    return run.content_settings(), run.data_set.module, networks, engines


CATALOGUED = merged(TINY, {"coherence": {"models": {"small_resnet": {"learning_rate": 0.1}}}})


def test_what_the_catalogue_says_of_a_network_is_in_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, entry = Plan(CATALOGUED, 2), networks.CATALOGUE["small_resnet"]
    before = told(plan)
    changes = {"module": "mobilenet", "ignored_layers": ("blocks.0",), "lanes": False}
    for name, value in changes.items():
        monkeypatch.setitem(networks.CATALOGUE, "small_resnet", replace(entry, **{name: value}))
        assert told(plan) != before, name
    # By these a config is refused, or has fewer jobs.
    others = {"name", "smallest_image", "batch_norm", "channels", "inputs_seen"}
    assert {field.name for field in fields(networks.ModelInfo)} == changes.keys() | others


@pytest.mark.parametrize("field", [field.name for field in fields(data_sets.DataSetInfo) if field.name != "name"])
def test_what_the_catalogue_says_of_a_data_set_is_in_identities(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, entry = Plan(CATALOGUED, 2), data_sets.CATALOGUE["digits"]
    before = told(plan)
    other = {"module": "arrays", "flip": True}.get(field, 9)
    monkeypatch.setitem(data_sets.CATALOGUE, "digits", replace(entry, **{field: other}))
    assert told(plan) != before


# Sections that jobs make of settings, by these settings' names.
SECTIONS: dict[str, type[Section]] = {"engine": Engine, "recipe": PartOfRecipe, "retraining": PartOfRecipe}
SECTIONS |= {"verdict": Terms, "search": Search}


def test_the_sections_that_a_job_makes_of_its_settings_are_these_settings() -> None:
    made = set()
    for row in ROWS:
        plan = Plan(combined(row), 2)
        for step in plan.steps:
            for job in step.all_jobs():
                values = of_job(step.values, job.wildcards)
                for name in SECTIONS.keys() & values.keys():
                    made.add(name)
                    assert SECTIONS[name].model_validate(values[name]).plain(*values[name]) == values[name]
                if values.get("function") == "prunescape.hpspace.intervals:tabulate":
                    analysis = {name: value for name, value in values.items() if name in Analysis.model_fields}
                    assert Analysis.model_validate(analysis).plain(*analysis) == analysis
                    assert analysis.keys() == Analysis.model_fields.keys()
        config = plan.run.config
        grid, extension, prior = config.grid.plain(), config.extension.plain(), {}
        model = next(iter(config.models))
        prior = Lattice.of(config, model).named(Cell(0, 0))
        axes = None if grid["axes"] is None else tuple(SimpleNamespace(**of) for of in grid["axes"])
        plain = SimpleNamespace(**grid | {"axes": axes, "size": tuple(grid["size"]), "tile": tuple(grid["tile"])})
        assert Lattice.around(plain, prior) == Lattice.around(Grid.model_validate(grid), prior)
        bounds = SimpleNamespace(
            **{key: of and tuple(of) if isinstance(of, list) else of for key, of in extension.items()}
        )
        assert bounds_of(plain, bounds) == bounds_of(Grid.model_validate(grid), Extension.model_validate(extension))
    assert made == SECTIONS.keys()
