"""What jobs ask Slurm for, and what they get."""

import csv
import math
from collections.abc import Callable
from typing import Any

import pytest
from conftest import STUDY, Study
from slurm_jobs import jobs, until

from project_copy import merged

pytestmark = pytest.mark.slurm
TARGETS = [f"results/tiny/{file}" for file in ("hpspace/cells.csv", "hpspace/pruning.csv", "figures/samples.png")]
TERAFLOPS = 2.0e-6  # so slow that networks of different cost ask for different times
STARTUP_MINUTES = 10  # the config's default
SHORT: dict[str, Any] = {"seeds": [0], "recipe": {"epochs": 3}, "cluster": {"teraflops": TERAFLOPS}}


@pytest.fixture(scope="module")
def placed(study: Callable[..., Study]) -> Study:
    """A study that has run on the cluster."""
    made = study(SHORT)
    made.finish(made.submit(*TARGETS))
    last = ("table_hpspace_cells", "figure_hpspace_samples")
    until("the accounting has heard of all jobs", lambda: all(jobs(made.folder, rule) for rule in last))
    return made


def test_training_gets_what_it_asks_for_in_the_gpu_partition(placed: Study) -> None:
    trained = [job for job in jobs(placed.folder, "train_") if job.state == "COMPLETED"]
    assert len(trained) == 3
    for job in trained:
        assert (job.partition, job.account) == ("gpu", "lab")
        expected = {"cpu": 1, "mem": 8000, "gres/gpu": 1}
        assert {name: job.got.get(name) for name in expected} == expected


def test_run_times_follow_from_flops(placed: Study) -> None:
    with (placed.folder / "results/tiny/hpspace/pruning.csv").open() as file:
        flops = {row["variant"]: int(row["flops"]) for row in csv.DictReader(file)}
    config = merged(STUDY, SHORT)
    epochs, images = config["recipe"]["epochs"], config["data"]
    passes = epochs * (3 * images["train_size"] + images["validation_size"])
    asked = {}
    for variant in flops:
        expected = STARTUP_MINUTES + 9 * flops[variant] * passes / (TERAFLOPS * 1e12) / 60
        asked[variant] = {job.minutes for job in jobs(placed.folder, f"_small_resnet_{variant}_") if job.start}
        assert asked[variant] == {math.ceil(expected)}
    assert min(asked["dense"]) > max(asked["uniform-0.4"])


def test_tables_and_figures_ask_for_no_gpu(placed: Study) -> None:
    others = [job for job in jobs(placed.folder) if "train_" not in job.work]
    assert {"rule_figure_hpspace_samples", "rule_table_hpspace_cells"} <= {job.work for job in others}
    for job in others:
        assert job.partition == "cpu"
        assert "gres/gpu" not in job.got


def test_data_are_prepared_where_snakemake_runs(placed: Study) -> None:
    assert jobs(placed.folder, "prepare") == []
    assert jobs(placed.folder, "describe_dense") == []
