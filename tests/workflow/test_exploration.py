"""Rounds of adaptive exploration in real runs: killed in the midst of one, and a grid beside them.

tests/unit/test_plan_exploration.py has what of this needs no Snakemake.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import TINY, merged, planned, snakemake, started, write_config

from prunescape.io.files import read_csv
from prunescape.io.seals import seal

pytestmark = [pytest.mark.workflow, pytest.mark.full]

CELLS, STOPPED = (f"results/tiny/hpspace/{name}.csv" for name in ("cells", "stopped"))
CONFIG = merged(
    TINY,
    {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "grid": {"size": [5, 5], "tile": [5, 5]},
        "exploration": {"method": "adaptive", "trainings": 10, "batch": 5, "worth": 0.0, "rungs": [0.5]},
        "verdict": {"confirm": None},
    },
)
NETWORKS = ("dense", "uniform-0.4")


def contents(project: Path) -> dict[str, bytes]:
    """Rounds, batches and their table, but how long they took."""
    files = [path for path in (project / CELLS).parent.rglob("*") if path.is_file() and path.name[0] != "."]
    return {str(path.relative_to(project)): path.read_bytes() for path in files if "timing" not in path.name}


def kill(process: subprocess.Popen[str]) -> None:
    """Snakemake and its jobs, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_kill_changes_nothing_and_a_grid_takes_over_what_was_trained(project: Callable[..., Path]) -> None:
    folder = project(CONFIG)
    snakemake(folder, CELLS, "--cores", "1")
    cells, whole = read_csv(folder / CELLS), contents(folder)
    trained = pd.concat([cells, read_csv(folder / STOPPED)])
    assert trained.groupby(["variant", "round"]).size().to_dict() == {
        (name, number): 5 for name in NETWORKS for number in (0, 1)
    }
    hpspace = folder / "results/tiny/hpspace"
    for path in [*hpspace.glob("*.csv"), *hpspace.glob("exploration/*/*.json"), *hpspace.glob("batches/*/*/*/1.*")]:
        path.unlink()
        seal(path).unlink()
    locks = folder / "results/tiny/checkpoints/train_tile"
    kill(started(folder, CELLS, "--cores", "1", ready=lambda: [*locks.glob("*_1.lock")]))
    assert not (folder / CELLS).exists()
    snakemake(folder, "--unlock")
    snakemake(folder, CELLS, "--cores", "1", "--rerun-incomplete")
    assert contents(folder) == whole
    assert planned(folder, CELLS) == {}
    write_config(folder, merged(CONFIG, {"exploration": {"method": "grid"}}))
    tile = "results/tiny/hpspace/tiles/small_resnet/dense/seed-0/-2_-2.csv"
    snakemake(folder, tile)
    log = (folder / "results/tiny/logs/hpspace/train_tile/small_resnet_dense_0_-2_-2.log").read_text()
    inside = cells[(cells["variant"] == "dense") & (cells[["i", "j"]].abs() <= 2).all(axis=1)]
    assert f"{len(inside)} of 25 cells have been trained already, and are taken over" in log
    both = read_csv(folder / tile).merge(inside, on=["i", "j"], suffixes=("", "_batch"))
    assert len(both) == len(inside)
    assert both["train_loss"].tolist() == both["train_loss_batch"].tolist()
