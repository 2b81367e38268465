"""Rounds of confirmation in real runs: killed, deleted, raised, extended; the same bytes, and nothing is mixed.

tests/unit/test_plan_confirmation.py has what of this needs no Snakemake.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, merged, planned, run_once, snakemake, started, write_config

from prunescape.io.files import read_json
from prunescape.io.seals import seal

pytestmark = [pytest.mark.workflow, pytest.mark.full]

FOLDER = Path("results/tiny/hpspace/confirmation/small_resnet")
NAME = "uniform-0.4"
# Of a level at which five seeds decide nothing.
CONFIG: dict[str, Any] = merged(
    TINY,
    {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "recipe": {"epochs": 6, "decay_epochs": [4]},
        "verdict": {"confirm": 10, "margin": 2.0, "level": 0.005, "least_skill": 0.0, "policy": True},
    },
)
FIVE = merged(CONFIG, {"verdict": {"confirm": 5}})


def round_file(number: int) -> str:
    return str(FOLDER / f"round-{number}.json")


LAST, LAST_OF_FIVE = round_file(3), round_file(2)


def contents(project: Path) -> dict[str, bytes]:
    """Rounds and trainings, but how long these took."""
    files = [path for path in (project / FOLDER).rglob("*") if path.is_file() and path.name[0] != "."]
    return {str(path.relative_to(project)): path.read_bytes() for path in files if "timing" not in path.name}


def kill(process: subprocess.Popen[str]) -> None:
    """Snakemake and its jobs, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose looks at five and at ten seeds have been made; not to be changed."""
    folder = run_once(tmp_path_factory, "confirmation", CONFIG, LAST)
    questions = read_json(folder / LAST)[NAME]["questions"].values()
    assert 10 in {of["seeds"] for of in questions}, "no question is open after five seeds: choose another level"
    return folder


@pytest.fixture
def again(confirmed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(confirmed, tmp_path / "again"))


def test_kills_between_and_within_rounds_change_nothing(confirmed: Path, project: Callable[..., Path]) -> None:
    folder = project(FIVE)
    kill(started(folder, LAST_OF_FIVE, "--cores", "1", ready=(folder / round_file(0)).exists))
    snakemake(folder, "--unlock")
    locks = folder / "results/tiny/checkpoints/train_again"
    kill(started(folder, LAST_OF_FIVE, "--cores", "1", ready=lambda: [*locks.glob("*generation*.lock")]))
    assert not (folder / LAST_OF_FIVE).exists()
    snakemake(folder, "--unlock")
    snakemake(folder, LAST_OF_FIVE, "--cores", "1", "--rerun-incomplete")
    assert contents(folder).items() <= contents(confirmed).items()
    write_config(folder, CONFIG)
    assert planned(folder, LAST) == {"train_again": 1, "plan_confirmation": 1}
    before = {path: path.stat().st_mtime_ns for path in (folder / FOLDER).rglob("*.csv")}
    snakemake(folder, LAST)
    assert contents(folder) == contents(confirmed)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_was_deleted_comes_back_and_a_finished_run_has_nothing_to_do(confirmed: Path, again: Path) -> None:
    output = snakemake(again, "-n", LAST)
    assert "Nothing to be done" in output
    assert "provenance" not in output
    stage = read_json(again / round_file(1))[NAME]["stage"]
    table = str(FOLDER / NAME / stage / "1.csv")
    for path in (round_file(1), table):
        (again / path).unlink()
        seal(again / path).unlink()
    assert "round-1.json: no such file" in snakemake(again, table, status=1)  # which says what is trained
    snakemake(again, LAST)
    snakemake(again, LAST, table)  # Snakemake makes again what a target asks for, as the whole job does of all tables
    assert contents(again) == contents(confirmed)
    write_config(again, FIVE)
    assert planned(again, LAST_OF_FIVE) == {}


def test_a_larger_grid_begins_a_generation_and_the_old_grid_goes_back_to_the_first(again: Path) -> None:
    before = contents(again)
    write_config(again, merged(CONFIG, {"grid": {"size": [3, 9]}}))
    snakemake(again, LAST)
    stages = {path.name.rpartition("-")[0] for path in (again / FOLDER / NAME).iterdir()}
    entry = read_json(again / LAST)[NAME]
    assert entry["stage"].startswith("generation-2-") or entry["why_not"]
    assert {"finalists", "generation-1"} <= stages
    assert planned(again, LAST) == {}
    write_config(again, CONFIG)
    trained = planned(again, LAST)
    assert "train_again" not in trained
    assert "train_tile" not in trained
    snakemake(again, LAST)
    assert {path: contents(again)[path] for path in before} == before
    assert planned(again, LAST) == {}


def test_pipelines_are_confirmed_together(project: Callable[..., Path]) -> None:
    pipelines = {"pipelines": ["scratch", "fine_tuning", "prune_at_init"]}
    folder = project(merged(FIVE, {"models": {"small_resnet": pipelines}}))
    snakemake(folder, LAST_OF_FIVE, "--cores", "2")
    entries = read_json(folder / LAST_OF_FIVE)
    assert set(entries) == {"dense", NAME, "uniform_fine_tuning-0.4", "uniform_prune_at_init-0.4"}
    finals = sorted((folder / FOLDER / "uniform_prune_at_init-0.4").glob("finalists-*/*.csv"))
    assert len([path for path in finals if path.name.count(".") == 1]) == 5
    assert planned(folder, LAST_OF_FIVE) == {}
