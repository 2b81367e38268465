"""Snakemake is killed between the rounds of confirmation, and while a look's trainings run."""

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

FOLDER = Path("results/tiny/hpspace/confirmation/small_resnet")
LAST = str(FOLDER / "round-2.json")
# Of a level at which the first look decides nothing, so that it is made.
CHANGES: dict[str, Any] = {
    "seeds": [0],
    "recipe": {"epochs": 60},
    "verdict": {"confirm": 5, "margin": 5.0, "level": 0.0005, "least_skill": 0.0, "policy": True},
}


def contents(folder: Path) -> dict[str, bytes]:
    """Rounds and trainings, but how long these took."""
    files = [path for path in (folder / FOLDER).rglob("*") if path.is_file() and path.name[0] != "."]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "timing" not in path.name}


def trained(folder: Path) -> dict[str, Any] | None:
    """Who trains for a look, if it has written a checkpoint."""
    for lock in (folder / "results/tiny/checkpoints/train_again").glob("*generation*.lock"):
        if [*lock.with_suffix("").rglob("state*.safetensors")]:
            holder: dict[str, Any] = json.loads(lock.read_text())
            return holder
    return None


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


def test_confirmation_goes_on_after_kills(study: Callable[..., Study], undisturbed: Callable) -> None:
    made = study(CHANGES)
    first = made.submit(LAST)
    until("the settings have been chosen", (made.folder / FOLDER / "round-1.json").exists)
    first.kill()
    first.wait()
    made.finish(made.snakemake("--unlock"))
    second = made.submit(LAST)
    holder = until("a look's seeds are trained", lambda: trained(made.folder))
    second.kill()
    pause(holder["process"])  # else it might end before the next Snakemake has started
    second.wait()
    left = set(queue(made.folder))
    made.finish(made.snakemake("--unlock"))
    third = made.submit(LAST)
    until("the old jobs have gone", lambda: not left & set(queue(made.folder)))
    made.finish(third)
    entry = read_json(made.folder / LAST)["uniform-0.4"]
    assert 5 in {of["seeds"] for of in entry["questions"].values()}
    assert contents(made.folder) == undisturbed()
    done = jobs(made.folder, "train_again")
    assert overlaps(done) == []
    completed = [job.work for job in done if job.state == "COMPLETED"]
    assert len(completed) == len(set(completed)) == 3  # two networks' finalists, and a look
    logs = (made.folder / "results/tiny/logs/hpspace/train_again").glob("*generation*")
    assert "going on after step" in "".join(path.read_text() for path in logs)
