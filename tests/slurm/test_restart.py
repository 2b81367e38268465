"""Snakemake is killed while jobs run and wait, and started again."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from conftest import CELLS, Study
from slurm_jobs import jobs, overlaps, pause, queue, slurm, training, until

pytestmark = [pytest.mark.slurm, pytest.mark.full]


@dataclass
class Restarted:
    """A run that has come to its end, and the jobs that ran and waited when the first Snakemake was killed."""

    study: Study
    running: list[str]
    waiting: list[str]


@pytest.fixture(scope="module")
def restarted(study: Callable[..., Study], reference: object) -> Restarted:
    made = study({})
    slurm("scontrol", "update", "NodeName=g2", "State=DRAIN", "Reason=test")  # so that some jobs have to wait
    first = made.submit(CELLS)

    def running_and_waiting() -> tuple[list[str], list[str], list[int]] | None:
        states = queue(made.folder)
        running, waiting = ([job for job in states if states[job][0] == state] for state in ("RUNNING", "PENDING"))
        tiles = [f"{variant}_{seed}" for variant in ("dense", "uniform-0.4") for seed in range(3)]
        trained = [held["process"] for tile in tiles if (held := training(made.folder, tile))]
        # Else one that is not paused makes room for one that waits.
        return (running, waiting, trained) if waiting and running and len(trained) == len(running) else None

    running, waiting, trained = until("all tiles that run are trained, and another one waits", running_and_waiting)
    first.kill()
    for process in trained:  # else a training of seconds may end before the next Snakemake has started
        pause(process)
    first.wait()
    made.finish(made.snakemake("--unlock"))
    second = made.submit(CELLS)
    until("the old jobs have gone", lambda: not set(running + waiting) & set(queue(made.folder)))
    slurm("scontrol", "update", "NodeName=g2", "State=RESUME")
    made.finish(second)
    return Restarted(made, running, waiting)


def test_jobs_of_a_killed_snakemake_are_cancelled_and_their_training_goes_on(restarted: Restarted) -> None:
    states = {job.number: job.state.split()[0] for job in jobs(restarted.study.folder)}
    assert {states[number] for number in restarted.waiting} == {"CANCELLED"}
    assert "CANCELLED" in {states[number] for number in restarted.running}
    assert "that an earlier snakemake left behind" in (restarted.study.folder / "output.txt").read_text()
    assert "going on after step" in "".join(restarted.study.log(f"dense_{seed}") for seed in range(3))


def test_no_tile_is_trained_by_two_jobs_at_once_and_none_twice(restarted: Restarted) -> None:
    done = jobs(restarted.study.folder, "train_tile")
    assert overlaps(done) == []
    completed = [job.work for job in done if job.state == "COMPLETED"]
    assert len(completed) == len(set(completed)) == 6


def test_the_results_are_those_of_an_undisturbed_run(restarted: Restarted, reference: Callable) -> None:
    assert restarted.study.tables() == reference()
