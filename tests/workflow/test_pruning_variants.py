"""Criteria and pipelines from the config to the verdict, on one cell."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import TINY, merged, planned, snakemake, write_config

pytestmark = pytest.mark.workflow


def test_each_criterion_and_pipeline_is_a_variant(project: Callable[..., Path]) -> None:
    network = {
        "methods": ["uniform"],
        "criteria": ["norm", "taylor"],
        "pipelines": ["scratch", "fine_tuning", "rate_rewinding"],
    }
    config = merged(TINY, {"seeds": [0], "grid": {"size": [1, 1], "tile": [1, 1]}, "models": {"small_resnet": network}})
    folder = project(config)
    answers = ["cells.csv", "pruning.csv", "risk.csv"]
    snakemake(folder, *(f"results/tiny/hpspace/{name}" for name in answers))
    results = folder / "results" / "tiny" / "hpspace"
    cells = pd.read_csv(results / "cells.csv").set_index("variant")
    expected = {
        f"uniform{criterion}{pipeline}-0.4"
        for criterion in ("", "_taylor")
        for pipeline in ("", "_fine_tuning", "_rate_rewinding")
    }
    assert set(cells.index) == expected | {"dense"}
    assert cells["epochs"].to_dict() == {name: 2 if "ing" in name else 3 for name in cells.index}  # from epoch 1 on
    assert set(cells["learning_rate"]) == {0.1}
    history = pd.read_csv(results / "tiles/small_resnet/uniform_fine_tuning-0.4/seed-0/0_0.history.csv")
    assert history["learning_rate"].tolist() == pytest.approx([0.01, 0.01])
    history = pd.read_csv(results / "tiles/small_resnet/uniform_rate_rewinding-0.4/seed-0/0_0.history.csv")
    assert history["learning_rate"].tolist() == pytest.approx([0.1, 0.01])
    ratios = pd.read_csv(results / "pruning.csv").set_index("variant")["achieved_ratio"]
    assert ratios["uniform-0.4"] == ratios["uniform_fine_tuning-0.4"]

    write_config(folder, merged(config, {"retraining": {"rewind_epoch": 2}}))
    again = planned(folder, *(f"results/tiny/hpspace/{name}" for name in answers))
    assert again["train_tile"] == 4  # those that go on from pruned weights
    assert "prune" not in again
