"""Pipelines, steps and targets of pruning from the config to the tables, on one cell."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import TINY, merged, planned, snakemake, write_config

from prunescape.models.weights import read_weights

pytestmark = [pytest.mark.workflow, pytest.mark.full]

PIPELINES = ["scratch", "fine_tuning", "rate_rewinding", "weight_rewinding", "prune_at_init"]


def test_every_pipeline_is_a_variant(project: Callable[..., Path]) -> None:
    network = {"methods": ["uniform"], "criteria": ["taylor"], "pipelines": PIPELINES}
    small = {"seeds": [0], "grid": {"size": [1, 1], "tile": [1, 1]}, "models": {"small_resnet": network}}
    config = merged(TINY, {**small, "retraining": {"steps": 2}})
    folder = project(config)
    costs = snakemake(folder, "plan")
    assert costs.count("(step 1 of 2)") == 3
    assert "(to epoch 1)" in costs
    answers = [f"results/tiny/hpspace/{name}.csv" for name in ("cells", "pruning")]
    rewound = "small_resnet/uniform_taylor_weight_rewinding-0.4"
    exported = f"results/tiny/export/{rewound}"
    snakemake(folder, *answers, f"{exported}/history.csv")
    results = folder / "results" / "tiny"
    cells = pd.read_csv(results / "hpspace" / "cells.csv").set_index("variant")
    names = {pipeline: f"uniform_taylor_{pipeline}-0.4" for pipeline in PIPELINES[1:]} | {
        "scratch": "uniform_taylor-0.4"
    }
    assert set(cells.index) == {*names.values(), "dense"}
    # From epoch 1 on, where trained weights are gone on from.
    assert cells["epochs"].to_dict() == {name: 2 if "ing-" in name else 3 for name in cells.index}
    assert set(cells["grid_learning_rate"]) == {0.1}
    used = {name: 0.01 if "fine_tuning" in name else 0.1 for name in cells.index}
    assert cells["learning_rate"].to_dict() == pytest.approx(used)
    rates = {"fine_tuning": [0.01, 0.01], "rate_rewinding": [0.1, 0.01], "weight_rewinding": [0.1, 0.01]}
    models = results / "models" / "small_resnet"
    for pipeline, expected in rates.items():
        tile = results / f"hpspace/tiles/small_resnet/{names[pipeline]}/seed-0/0_0.history.csv"
        for table in (tile, models / names[pipeline] / "step-1" / "history.csv"):
            assert pd.read_csv(table)["learning_rate"].tolist() == pytest.approx(expected)
        first = json.loads((models / names[pipeline] / "step-1" / "pruning.json").read_text())
        assert 0.55 < first["achieved_ratio"] <= 0.4**0.5
    ratios = pd.read_csv(results / "hpspace" / "pruning.csv").set_index("variant")["achieved_ratio"]
    assert all(0.3 < ratio <= 0.4 for ratio in ratios.drop("dense"))
    # What was gone back to: the filters of epoch 1 that are left, in both steps.
    filters = [
        {tuple(row) for row in read_weights(path)[0]["blocks.0.conv1.weight"].flatten(1).tolist()}
        for path in (
            models / names["weight_rewinding"] / "weights.safetensors",
            models / names["weight_rewinding"] / "step-1" / "weights.safetensors",
            models / "dense" / "epoch-1" / "weights.safetensors",
        )
    ]
    assert filters[0] < filters[1] < filters[2]
    # The network that is handed on is trained as its tile was.
    assert (
        pd.read_csv(folder / exported / "history.csv")["top1"].iloc[-1] == cells.loc[names["weight_rewinding"], "top1"]
    )
    assert (folder / exported / "architecture.json").read_text() == (
        models.parent / rewound / "architecture.json"
    ).read_text()

    write_config(folder, merged(config, {"retraining": {"rewind_epoch": 2}}))
    again = planned(folder, *answers)
    assert (again["train_tile"], again["retrain_step"], again["train_to_rewind"]) == (3, 3, 1)
    assert "train_dense" not in again
    write_config(folder, merged(config, {"retraining": {"steps": 1}}))
    again = planned(folder, *answers)
    assert (again["train_tile"], again["prune"]) == (3, 3)
    assert not {"retrain_step", "train_dense", "train_to_rewind"} & set(again)

    # Latency is measured once: with the record deleted, what was found is found again, to the last digit.
    latency = {"target": "latency", "latency": {"batch_size": 512, "repeats": 31, "tolerance_points": 100}}
    once = {
        "pruning": latency,
        "models": {"small_resnet": {"pipelines": ["scratch"], "criteria": ["random"], "ratios": [0.9]}},
    }
    write_config(folder, merged(config, {**once, "retraining": {"steps": 1}}))
    record = models / "uniform_random_latency-0.9" / "pruning.json"
    target = str(record.relative_to(folder))
    snakemake(folder, target)
    found = record.read_bytes()
    assert json.loads(found)["latency"]["ms"] < json.loads(found)["latency"]["dense_ms"]
    record.unlink()
    snakemake(folder, target)
    assert record.read_bytes() == found
