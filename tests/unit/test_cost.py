"""Run times that jobs ask for, and which Slurm jobs count as left behind."""

import json
import os
from pathlib import Path

import pytest

from prunescape.config.engine import Cluster
from prunescape.config.recipe import Recipe
from prunescape.plan.cost import run_time_minutes, training_flops
from prunescape.runtime.slurm_orphans import cancel_orphans

CLUSTER = Cluster(teraflops=2.0, startup_minutes=10.0)


def test_flops_of_the_thesis_resnet50() -> None:
    """Section 3.3 gives about two days for one training of 90 epochs: 16e12 FLOPs a second."""
    recipe, sizes = Recipe(epochs=90), {"train": 1_281_167, "validation": 50_000}
    total = training_flops(8_200_000_000, 1, sizes, recipe)
    assert total == pytest.approx(2.87e18, rel=0.01)
    assert training_flops(8_200_000_000, 9, sizes, recipe) == 9 * total


def test_only_epochs_that_validate_count_as_such() -> None:
    sizes = {"train": 10, "validation": 100}
    assert training_flops(1, 1, sizes, Recipe(epochs=25, evaluate_every=10)) == 3 * 25 * 10 + 3 * 100


@pytest.mark.parametrize(
    ("flops", "attempt", "longest", "minutes"),
    [
        (0, 1, None, 10),
        (1.2e15, 1, None, 20),  # ten minutes at 2e12 a second
        (1.21e15, 1, None, 21),  # never less than needed
        (1.2e15, 3, None, 60),
        (1.2e15, 3, 0.5, 30),
        (1.2e15, 1, 0.001, 1),
    ],
)
def test_minutes_grow_with_the_attempt_up_to_the_limit(flops, attempt, longest, minutes) -> None:
    assert run_time_minutes(flops, attempt, CLUSTER.changed(longest_hours=longest)) == minutes


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Slurm of two scripts and the file that this returns, with lines as `squeue --format="%i|%Z"` prints them."""
    queue, programs = tmp_path / "queue", tmp_path / "bin"
    scripts = {"squeue": f'cat "{queue}"', "scancel": f'for job; do sed -i "/^$job|/d" "{queue}"; done'}
    programs.mkdir()
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return queue


def test_registered_jobs_and_holders_of_locks_are_cancelled(queue: Path, tmp_path: Path) -> None:
    queue.write_text(f"7|{tmp_path}\n8|{tmp_path}\n9|{tmp_path}\n10|/elsewhere\n")
    holder = {"identity": "x", "machine": "m", "process": 1, "born": "1", "slurm_job": "8"}
    (tmp_path / "checkpoints/dense").mkdir(parents=True)
    (tmp_path / "checkpoints/dense/tile.lock").write_text(json.dumps(holder))
    (tmp_path / "checkpoints/damaged.lock").write_text("{")
    assert cancel_orphans(["7", "10", "11"], tmp_path / "checkpoints") == ["7", "8"]
    assert queue.read_text() == f"9|{tmp_path}\n10|/elsewhere\n"


def test_without_slurm_there_is_nothing_to_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cancel_orphans(["7"], tmp_path) == []
