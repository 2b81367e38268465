"""Real Snakemake on a copy of the project and tiny data."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

PROJECT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "workflow", "profiles", "envs"]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]

TINY: dict[str, Any] = {
    "run": "tiny",
    "seeds": [0, 1],
    "data": {"name": "digits", "train_size": 100, "validation_size": 300},
    "models": {
        "small_resnet": {
            "learning_rate": 0.1,
            "weight_decay": 0.005,
            "methods": ["uniform", "non_uniform"],
            "ratios": [0.4],
        }
    },
    "recipe": {"epochs": 3, "batch_size": 25, "decay_epochs": [2]},
    "grid": {"step": 0.5, "size": [3, 3], "tile": [3, 3]},
    "extension": {"rounds": 0},
    "engine": {"device": "cpu", "strategy": "fused", "lanes": 16},
    "figures": {"formats": ["png"]},
}


def copy_project(target: Path) -> Path:
    """The project's own files, with their times."""
    target.mkdir(parents=True)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / part)
    return target


def merged(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`config` with nested `changes`."""
    result = dict(config)
    for key, value in changes.items():
        below = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if below else value
    return result


def write_config(folder: Path, config: dict[str, Any]) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


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


def snakemake(folder: Path, *arguments: str, status: int | None = 0) -> str:
    """Run Snakemake in `folder`; its whole output. `status` None accepts any exit status."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    # One thread a library: the tests may run beside each other.
    result = subprocess.run(
        [*SNAKEMAKE, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        timeout=900,
    )
    if status is not None:
        assert result.returncode == status, result.stdout[-6000:]
    return result.stdout


def planned(folder: Path, *arguments: str) -> dict[str, int]:
    """The rules that `snakemake -n` would run, with their numbers of jobs; the targets themselves left out."""
    output = snakemake(folder, "-n", *arguments)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1]
    rows = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "hpspace", "total")}


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project in which the tiny study has been run; not to be changed."""
    folder = copy_project(tmp_path_factory.mktemp("finished") / "project")
    write_config(folder, TINY)
    snakemake(folder)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Make a project that has not run yet, with a config."""

    def make(config: dict[str, Any]) -> Path:
        folder = copy_project(tmp_path / "new")
        write_config(folder, config)
        return folder

    return make
