"""What tests of `plan` and `status` share: a study of files that are not there yet, and its pages as text."""

import os
from pathlib import Path
from typing import Any

from rich.console import Console

from project_copy import merged
from prunescape.overview.study import Study
from prunescape.overview.tables import show
from prunescape.plan.plan import Plan

NOW = 1_000_000_000.0


def made(changes: dict[str, Any]) -> Study:
    """ResNet-20 on CIFAR-10, dense and pruned to 0.5; three tiles of 3x3 cells each, two rounds of extension."""
    model = {"learning_rate": 0.1, "weight_decay": 1e-4, "methods": ["uniform"], "ratios": [0.5]}
    raw: dict[str, Any] = {
        "run": "x",
        "data": {"name": "cifar10"},
        "models": {"resnet20": model},
        "recipe": {"epochs": 10, "batch_size": 100},
        "grid": {"step": 0.2, "size": [3, 9], "tile": [3, 3]},
        "extension": {"rounds": 2},
        "engine": {"device": "cpu"},
    }
    if "grid" in changes:
        del raw["grid"]  # axes of one kind are no keys of the other
    return Study(Plan(merged(raw, changes)))


def write(path: Path, text: str = "", age: float = 0.0) -> None:
    """A file that was last written `age` seconds before `NOW`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW - age, NOW - age))


def page(parts: list) -> str:
    """What a terminal would show."""
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    show(parts, console)
    return console.export_text()
