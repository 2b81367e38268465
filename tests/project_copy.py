"""A copy of the project to run Snakemake in, and a study of seconds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
PARTS = ["Snakefile", "config.yaml", "workflow", "profiles", "envs"]
UNDER_WAY = ["*.pyc.*", ".*"]  # compiled modules and memories that another process is writing
SNAKEMAKE = [sys.executable, "-m", "snakemake"]

# Whoever learns more than chance is asked, at a margin wider than the noise, so that there are answers on any machine.
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
    "verdict": {"confirm": 5, "margin": 10.0, "least_skill": 0.0, "level": 0.4},
    "engine": {"device": "cpu", "strategy": "fused", "lanes": 16},
    "figures": {"formats": ["png"], "dpi": 75},
}


def copy_project(target: Path) -> Path:
    """The project's own files, with their times, and what Python has compiled of them."""
    target.mkdir(parents=True)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns(*UNDER_WAY))
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


def completed(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that has run in `folder`, without this process's PYTHONPATH; both its outputs in one."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment | variables,
        timeout=1800,
    )


def write_config(folder: Path, config: dict[str, Any]) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
