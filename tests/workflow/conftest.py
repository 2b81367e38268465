"""Real Snakemake on a copy of the project and tiny data."""

import csv
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from filelock import FileLock
from PIL import Image

from cifar_files import write_files
from project_copy import PROJECT, SNAKEMAKE, TINY, completed, copy_project, merged, write_config
from prunescape.runtime import fingerprint
from warm_start import warm_start

__all__ = [
    "COMPANIONS",
    "PROJECT",
    "TINY",
    "check_tables",
    "copy_project",
    "draw_classes",
    "merged",
    "planned",
    "restored",
    "snakemake",
    "started",
    "write_config",
]

# Files with the longest tests. They begin first, so that at the end no worker waits for one of them.
LONGEST = ["test_documentation", "test_own_network", "test_coherence", "test_stochastic", "test_confirmation"]
LONGEST += ["test_drill", "test_mechanism", "test_benchmarks", "test_light_pruning", "test_additions"]
LONGEST += ["test_real_formats"]

# The tiny study of each companion.
COMPANIONS: dict[str, dict[str, Any]] = {
    "stochastic": {
        "held_out": 20,
        "sample": 50,
        "sweep": {"methods": ["magnitude", "grasp"], "gammas": [0.5, 0.8], "sigmas": [0.01, 0.03], "draws": 2},
        "grid": {"methods": ["lamp", "sparsegpt"], "scopes": ["usual", "2of4"], "gammas": [0.8]}
        | {"sigmas": [0.01, 0.03], "draws": 5},
        "confirm": {"seeds": 2, "draws": 3},
        "transfer": {"gammas": [0.5, 0.8], "draws": 4},
        "fine_tuning": {"methods": ["magnitude", "lamp"], "sigmas": [0.01, 0.03], "draws": 2}
        | {"epochs": 2, "learning_rate": 0.01},
        "basin": {"points": 3, "draws": 1},
        "search": {"budget": 12, "population": 4, "sigma": [0.001, 0.1], "draws": 3},
        "structured": {"sigmas": [0.01], "draws": 2},
    },
    "mechanism": {
        "subsets": 8,
        "levels": [0.05, 0.1],
        "bands": 3,
        "measured_epochs": [0, 1],
        "sizes": [1.0, 0.5],
        "pruning_ratios": [0.5],
        "retraining_epochs": 2,
        "prediction": {"sets": 3},
        "cycles": {"number": 2},
        "surface": {"side": 4, "cycles": [2], "line": 3},
    },
    "coherence": {
        "models": {
            "small_resnet": {"learning_rate": 0.05, "momentum": 0.9, "scores": ["diff", "magnitude", "snip", "random"]}
        },
        "mlp": {"learning_rate": 0.001, "epochs": 2, "widths": [8, 12], "child": 8, "parents": [3]},
        "label_noise": [1.0],
        "measured_epochs": [0, 1, 2, 3],
        "early_epochs": [1],
        "scopes": ["floor", "local"],
        "bins": 10,
    },
}
COMPANIONS = {name: merged(TINY, {name: study, "figures": {"dpi": 50}}) for name, study in COMPANIONS.items()}
COMPANIONS["coherence"] |= {"seeds": [0]}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the project's code once, before any worker starts: each copy of the project has what is remembered of it."""
    if not hasattr(session.config, "workerinput"):
        for folder in (fingerprint.LIBRARY, fingerprint.SCRIPTS):
            for file in folder.rglob("*.py"):
                fingerprint._code(file)
        fingerprint.remember()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with `LONGEST`."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def draw_classes(folder: Path, classes: int, count: int, side: int) -> None:
    """JPEG files in class folders: each class has a colour of its own, with noise."""
    numbers = np.random.default_rng(0)
    for label in range(classes):
        colour = numbers.integers(40, 215, 3)
        for index in range(count):
            path = folder / f"n{label:08d}" / f"{index}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = colour + numbers.integers(-40, 40, (side, side + 8, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(path)


def snakemake(folder: Path, *arguments: str, status: int | None = 0, hashes: int = 0) -> str:
    """Run Snakemake in `folder`; its whole output. `status` None accepts any exit status, and 1 is no traceback.

    It and its jobs have a warm start, with Python's hashes seeded by `hashes`.
    """
    result = completed([*SNAKEMAKE, *arguments], folder, **warm_start(hashes))
    if status is not None:
        assert result.returncode == status, result.stdout[-6000:]
        assert status != 1 or "Traceback" not in result.stdout
    return result.stdout


def started(folder: Path, *arguments: str, ready: Callable[[], Any], warm: bool = False) -> subprocess.Popen[str]:
    """Snakemake in the background, once `ready` gives something true; with its jobs, a process group of its own.

    With a `warm` start only it can be killed: its jobs are no children of it.
    """
    process = subprocess.Popen(
        [*SNAKEMAKE, *arguments],
        cwd=folder,
        env=os.environ | (warm_start() if warm else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not ready():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    return process


def planned(folder: Path, *arguments: str) -> dict[str, int]:
    """The rules that `snakemake -n` would run, with their numbers of jobs; the targets themselves left out."""
    output = snakemake(folder, "-n", *arguments)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1]
    rows = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "hpspace", "total")}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library's workflow in it, to be changed and `restored`."""
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(PROJECT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextmanager
def restored(library: Path) -> Iterator[None]:
    """After this, the library is as it was."""
    content = {path: path.read_bytes() for path in (library / "workflow").rglob("*") if path.is_file()}
    try:
        yield
    finally:
        for path, text in content.items():
            if path.read_bytes() != text:
                path.write_bytes(text)


def check_tables(folder: Path) -> None:
    """A study's dictionary has each table that the study wrote, with its columns in order and their types."""
    package = json.loads((folder / "datapackage.json").read_text())
    kinds = {"string": str, "integer": int, "number": float, "boolean": {"True": True, "False": False}.__getitem__}
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")}
    described: set[str] = set()
    for entry in package["resources"] + package["parts"]:
        pattern = re.sub(
            r"\{\w+\}", "[^/]+", entry["path"].replace("{i}_{j}", r"-?\d+_-?\d+").replace("{block}", r"\d+")
        )
        names = {name for name in written - described if re.fullmatch(pattern, name)}
        assert names, entry["path"]
        described |= names
        fields = entry["schema"]["fields"]
        for name in names:
            with (folder / name).open() as file:
                header, *rows = csv.reader(file)
            assert header == [field["name"] for field in fields], name
            for field, values in zip(fields, zip(*rows, strict=True), strict=True):
                assert all(kinds[field["type"]](value) is not None for value in values if value), (name, field)
    assert described == written


def run_once(factory: pytest.TempPathFactory, name: str, config: dict[str, Any], *targets: str) -> Path:
    """A project in which `targets` have been run, once for all workers of pytest-xdist; not to be changed.

    Runs of pytest to which PRUNESCAPE_TEST_RUNS names the same folder share it too.
    """
    own = factory.getbasetemp()
    among_workers = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    shared = Path(os.environ.get("PRUNESCAPE_TEST_RUNS", among_workers)) / name
    folder, done = shared / "project", shared / "done"
    shared.mkdir(parents=True, exist_ok=True)
    with FileLock(shared / "lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            copy_project(folder)
            write_config(folder, config)
            snakemake(folder, *targets, "--cores", "2")
            done.touch()
    return folder


@pytest.fixture
def studied(study: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a companion study has run; not to be changed."""
    return run_once(tmp_path_factory, study, COMPANIONS[study], study)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the tiny study has been run; not to be changed."""
    return run_once(tmp_path_factory, "hpspace", TINY)


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Make a project that has not run yet, with a config, or with its own."""

    def make(config: dict[str, Any] | None = None) -> Path:
        folder = copy_project(tmp_path / "project")
        if config is not None:
            write_config(folder, config)
        return folder

    return make


@pytest.fixture
def shrunken(project: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Make a project that has not run yet, with a preset for CIFAR-10, or some of its networks, in one epoch."""

    def make(preset: str, changes: dict[str, Any], *models: str) -> Path:
        write_files("cifar10", tmp_path / "data" / "cifar-10-batches-py")
        config = yaml.safe_load((PROJECT / "workflow" / "studies" / f"{preset}.yaml").read_text())
        small: dict[str, Any] = {"seeds": [0], "recipe": {"epochs": 1}, "engine": {"device": "cpu"}}
        small |= {"data": {"directory": str(tmp_path / "data"), "verify": False}}
        small |= {"figures": {"formats": ["png"], "dpi": 50}}
        changed = merged(merged(config, small), changes)
        return project(changed | {"models": {name: changed["models"][name] for name in models or changed["models"]}})

    return make
