"""Snakemake is killed while a batch of adaptive exploration runs, between the rounds of confirmation, and in a look."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import STUDY, Study
from slurm_jobs import jobs, overlaps, pause, queue, until

from project_copy import merged
from prunescape.io.files import read_json

pytestmark = [pytest.mark.slurm, pytest.mark.full]

HPSPACE = Path("results/tiny/hpspace")
FOLDER = HPSPACE / "confirmation/small_resnet"
LAST = str(FOLDER / "round-2.json")
# Of a level at which the first look decides nothing, so that it is made.
CHANGES: dict[str, Any] = {
    "seeds": [0],
    "recipe": {"epochs": 60},
    "grid": {"size": [5, 5], "tile": [5, 5]},
    "exploration": {"method": "adaptive", "trainings": 10, "batch": 5, "worth": 0.0, "rungs": [0.5]},
    "verdict": {"confirm": 5, "margin": 5.0, "level": 0.0005, "least_skill": 0.0},
}


def contents(folder: Path) -> dict[str, bytes]:
    """Rounds and trainings of exploration and confirmation, but how long these took."""
    files = [path for path in (folder / HPSPACE).rglob("*") if path.is_file() and path.name[0] != "."]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "timing" not in path.name}


def trained(folder: Path, jobs: str) -> dict[str, Any] | None:
    """Who trains one of some jobs, a pattern of their locks, if it has written a checkpoint."""
    for lock in (folder / "results/tiny/checkpoints").glob(f"{jobs}.lock"):
        if [*lock.with_suffix("").rglob("state*.safetensors")]:
            holder: dict[str, Any] = json.loads(lock.read_text())
            return holder
    return None


def killed_while(made: Study, jobs: str) -> set[str]:
    """Kill a run while one of these jobs trains; the jobs that it leaves in the queue."""
    run = made.submit(LAST)
    holder = until(f"{jobs} is trained", lambda: trained(made.folder, jobs))
    run.kill()
    pause(holder["process"])  # else it might end before the next Snakemake has started
    run.wait()
    left = set(queue(made.folder))
    made.finish(made.snakemake("--unlock"))
    return left


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], dict[str, bytes]]]:
    """The rounds of an undisturbed local run, which goes on beside the test."""
    made = Study(tmp_path_factory.mktemp("undisturbed") / "project", merged(STUDY, CHANGES))
    process = made.snakemake("--cores", "1", LAST)

    def rounds() -> dict[str, bytes]:
        made.finish(process)
        return contents(made.folder)

    yield rounds
    made.stop()


def test_exploration_and_confirmation_go_on_after_kills(study: Callable[..., Study], undisturbed: Callable) -> None:
    made = study(CHANGES)
    of_batch = killed_while(made, "train_tile/*_1")
    second = made.submit(LAST)
    until("the settings have been chosen", (made.folder / FOLDER / "round-1.json").exists)
    assert not of_batch & set(queue(made.folder))
    second.kill()
    second.wait()
    made.finish(made.snakemake("--unlock"))
    of_look = killed_while(made, "train_again/*generation*")
    last = made.submit(LAST)
    until("the old jobs have gone", lambda: not of_look & set(queue(made.folder)))
    made.finish(last)
    entry = read_json(made.folder / LAST)["uniform-0.4"]
    assert 5 in {of["seeds"] for of in entry["questions"].values()}
    assert contents(made.folder) == undisturbed()
    assert len([*(made.folder / HPSPACE).glob("batches/*/*/*/1.csv")]) == 2  # of two networks
    for work, count in (("train_tile", 4), ("train_again", 3)):  # two rounds; two networks' finalists, and a look
        done = jobs(made.folder, work)
        assert overlaps(done) == []
        completed = [job.work for job in done if job.state == "COMPLETED"]
        assert len(completed) == len(set(completed)) == count
    for name in ("train_tile/*_1.log", "train_again/*generation*"):
        logs = (made.folder / "results/tiny/logs/hpspace").glob(name)
        assert "going on after step" in "".join(path.read_text() for path in logs)
