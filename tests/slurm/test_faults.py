"""One run in which all happens that happens to jobs, each to another tile, and to the controller of Slurm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest
from conftest import CELLS, Study, cluster
from slurm_daemons import STATE
from slurm_jobs import jobs, overlaps, pause, queue, slurm, start_now, training, until

pytestmark = [pytest.mark.slurm, pytest.mark.full]
SLOW, CANCELLED, REQUEUED = "dense_0", "dense_1", "dense_2"
DENSE = (SLOW, CANCELLED, REQUEUED)
PRUNED = ("uniform-0.4_0", "uniform-0.4_1", "uniform-0.4_2")
AWAY = 50  # seconds; a query that finds no controller takes nine, and the plugin's default is to give up after five


@dataclass
class Disturbed:
    """A run that has come to its end, and what was done to it on the way."""

    study: Study
    numbers: dict[str, str]  # Slurm jobs, by the tile that they trained when they were disturbed
    lost: str  # the tile whose node was set down
    resumed: set[str]  # tiles of which some job went on from a checkpoint


@pytest.fixture(scope="module")
def disturbed(study: Callable[..., Study], reference: object) -> Disturbed:
    """A run with a job over its time limit, one cancelled, one requeued, and one whose node is set down."""
    made = study({})
    with _watched(made, (*DENSE, *PRUNED)) as resumed:
        numbers, lost = _disturb(made)
    return Disturbed(made, numbers, lost, resumed)


@contextmanager
def _watched(made: Study, tiles: tuple[str, ...]) -> Iterator[set[str]]:
    """The tiles of which some job goes on from a checkpoint; each job writes the log of the one before it anew."""
    resumed: set[str] = set()
    ended = Event()

    def look() -> None:
        while not ended.wait(0.2):
            resumed.update(tile for tile in tiles if "going on after step" in made.log(tile))

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield resumed
    finally:
        ended.set()
        watcher.join()


def _disturb(made: Study) -> tuple[dict[str, str], str]:
    """Do to each tile's job what is done to it, and wait for the end; the jobs, and the tile whose node was lost."""
    folder, numbers = made.folder, {}
    snakemake = made.submit(CELLS)
    holders = {}
    for tile in DENSE:
        holders[tile] = until(f"{tile} is trained", lambda tile=tile: training(folder, tile))
        pause(holders[tile]["process"])
    _take_the_controller_away()
    for tile, holder in holders.items():
        numbers[tile] = holder["slurm_job"]
        if tile == SLOW:
            slurm("scontrol", "update", f"JobId={numbers[tile]}", "TimeLimit=1")  # minutes
        elif tile == CANCELLED:
            slurm("scancel", numbers[tile])
        else:
            slurm("scontrol", "requeue", numbers[tile])
            start_now(numbers[tile])
    lost, number, node = until("a pruned network is trained", lambda: _beside(folder, numbers[SLOW]))
    numbers[lost] = number
    there = [job for job, where in queue(folder).items() if where == ("RUNNING", node)]
    slurm("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    for requeued in there:
        start_now(requeued)
    until(f"{lost} goes on elsewhere", lambda: queue(folder).get(numbers[lost], ("", node))[1] not in ("", node))
    # Else a job that comes back to the node before its last life has ended there is held ("Duplicate jobid").
    until("the node's jobs have ended there", lambda: not any((STATE / node).glob(f"{node}_*")))
    slurm("scontrol", "update", f"NodeName={node}", "State=RESUME")
    made.finish(snakemake)
    return numbers, lost


def _take_the_controller_away() -> None:
    """Stop slurmctld, and start it again, while Snakemake asks it about jobs."""
    assert cluster("stop", "slurmctld").returncode == 0
    sleep(AWAY)
    result = cluster("up")
    assert result.returncode == 0, result.stderr


def _beside(folder: Path, slow: str) -> tuple[str, str, str] | None:
    """A pruned network's tile, its job and its node, which is not the node of the slow job."""
    running = queue(folder)
    for tile in PRUNED:
        number = (training(folder, tile) or {}).get("slurm_job")
        node = running.get(number, ("", ""))[1]
        if node and node != running.get(slow, ("", ""))[1]:
            return tile, number, node
    return None


def test_a_job_over_its_time_limit_is_tried_again_with_more(disturbed: Disturbed) -> None:
    first, *_, last = jobs(disturbed.study.folder, f"_{SLOW}_")  # the second's node may have been lost
    assert first.number == disturbed.numbers[SLOW]
    assert (first.state, first.got["mem"]) == ("TIMEOUT", 8000)
    assert (last.state, last.got["mem"]) == ("COMPLETED", 16000)
    (undisturbed,) = jobs(disturbed.study.folder, "train_dense")
    assert last.minutes == pytest.approx(2 * undisturbed.minutes, abs=1)
    assert SLOW in disturbed.resumed


def test_a_cancelled_job_is_submitted_again(disturbed: Disturbed) -> None:
    first, *_, last = jobs(disturbed.study.folder, f"_{CANCELLED}_")
    assert first.state.startswith("CANCELLED")
    assert last.state == "COMPLETED"
    assert last.number != first.number
    assert CANCELLED in disturbed.resumed


@pytest.mark.parametrize("what", ["REQUEUED", "NODE_FAIL"])
def test_a_requeued_job_goes_on_under_its_number(disturbed: Disturbed, what: str) -> None:
    tile = REQUEUED if what == "REQUEUED" else disturbed.lost
    first, *_, last = jobs(disturbed.study.folder, f"_{tile}_")
    assert first.number == last.number == disturbed.numbers[tile]
    assert (first.state, last.state) == (what, "COMPLETED")
    assert tile in disturbed.resumed


def test_a_job_whose_node_is_lost_goes_on_elsewhere(disturbed: Disturbed) -> None:
    nodes = [job.node for job in jobs(disturbed.study.folder, f"_{disturbed.lost}_")]
    assert len(set(nodes)) == 2


def test_no_tile_is_trained_by_two_jobs_at_once(disturbed: Disturbed) -> None:
    assert overlaps(jobs(disturbed.study.folder)) == []


def test_the_results_are_those_of_an_undisturbed_run(disturbed: Disturbed, reference: Callable) -> None:
    assert disturbed.study.tables() == reference()
