"""Snakemake is killed while jobs run and wait, and started again; what its jobs asked for and got."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from conftest import STUDY, Study
from slurm_jobs import jobs, overlaps, queue, slurm, training, until

pytestmark = pytest.mark.slurm
TARGETS = [f"results/tiny/{file}" for file in ("hpspace/cells.csv", "hpspace/pruning.csv", "figures/samples.png")]
TERAFLOPS = 1.0e-4  # so slow that networks of different cost ask for different times
STARTUP_MINUTES = 10  # the config's default


@dataclass
class Restarted:
    """A run that has come to its end, and the jobs that ran and waited when the first Snakemake was killed."""

    study: Study
    running: list[str]
    waiting: list[str]


@pytest.fixture(scope="module")
def restarted(study: Callable[..., Study], reference: object) -> Restarted:
    made = study({"cluster": {"teraflops": TERAFLOPS}})
    slurm("scontrol", "update", "NodeName=g2", "State=DRAIN", "Reason=test")  # so that some jobs have to wait
    first = made.submit(*TARGETS)

    def running_and_waiting() -> tuple[list[str], list[str]] | None:
        states = queue(made.folder)
        running, waiting = ([job for job in states if states[job][0] == state] for state in ("RUNNING", "PENDING"))
        trained = [tile for seed in range(3) if (tile := training(made.folder, f"dense_{seed}"))]
        return (running, waiting) if waiting and trained else None

    running, waiting = until("a tile is trained and another one waits", running_and_waiting)
    first.kill()
    first.wait()
    made.finish(made.snakemake("--unlock"))
    second = made.submit(*TARGETS)
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


def test_training_gets_what_it_asks_for_in_the_gpu_partition(restarted: Restarted) -> None:
    trained = [job for job in jobs(restarted.study.folder, "train_") if job.state == "COMPLETED"]
    assert len(trained) == 7
    for job in trained:
        assert (job.partition, job.account) == ("gpu", "lab")
        expected = {"cpu": 1, "mem": 8000, "gres/gpu": 1}
        assert {name: job.got.get(name) for name in expected} == expected


def test_run_times_follow_from_flops(restarted: Restarted) -> None:
    with (restarted.study.folder / "results/tiny/hpspace/pruning.csv").open() as file:
        flops = {row["variant"]: int(row["flops"]) for row in csv.DictReader(file)}
    epochs, images = STUDY["recipe"]["epochs"], STUDY["data"]
    passes = epochs * (3 * images["train_size"] + images["validation_size"])
    asked = {}
    for variant in flops:
        expected = STARTUP_MINUTES + 9 * flops[variant] * passes / (TERAFLOPS * 1e12) / 60
        asked[variant] = {job.minutes for job in jobs(restarted.study.folder, f"_small_resnet_{variant}_") if job.start}
        assert asked[variant] == {math.ceil(expected)}
    assert min(asked["dense"]) > max(asked["uniform-0.4"])


def test_tables_and_figures_ask_for_no_gpu(restarted: Restarted) -> None:
    others = [job for job in jobs(restarted.study.folder) if "train_" not in job.work]
    assert {"rule_figure_samples", "rule_collect_cells"} <= {job.work for job in others}
    for job in others:
        assert job.partition == "cpu"
        assert "gres/gpu" not in job.got


def test_data_are_prepared_where_snakemake_runs(restarted: Restarted) -> None:
    assert jobs(restarted.study.folder, "prepare") == []
    assert jobs(restarted.study.folder, "describe_dense") == []
