"""Trainings that are stopped early: the rule by hand, and what it saves by the costs of the plan."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prunescape.hpspace.cells import all_batches, batches_apart
from prunescape.hpspace.early import saved, stops, stops_of
from prunescape.hpspace.lattice import NEVER
from prunescape.plan.cost import training_flops

LABELS = {"model": "m", "variant": "dense", "method": "dense", "ratio": 1.0}
ENDED = {(0, 0): 90.0, (1, 0): 89.5, (0, 1): 89.0, (2, 0): 80.0, (0, 2): 87.75}  # at the end ...
SHOWN = {(0, 0): 70.0, (1, 0): 60.0, (0, 1): 65.0, (2, 0): 30.0, (0, 2): 50.0}  # ... and at half
BEST = (90.0 + 89.5 + 89.0) / 3


def tables(**more: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trainings of 40 epochs that are looked at every ten, and their histories."""
    cells = [{**LABELS, "seed": 0, "i": i, "j": j, "top1": f, "diverged": False} for (i, j), f in ENDED.items()]
    cells = [{**row, "epochs": 40, "most": np.nan, **more} for row in cells]
    at = {10: 20.0, 20: None, 30: 85.0, 40: None}
    history = [
        {**row, "epoch": epoch, "top1": row["top1"] if epoch == 40 else of or SHOWN[row["i"], row["j"]]}
        for row in cells
        for epoch, of in at.items()
    ]
    silent = [{**row, "epoch": epoch, "top1": np.nan} for row in cells for epoch in (5, 15)]
    return pd.DataFrame(cells), pd.DataFrame([*history, *silent])


def test_what_could_not_reach_the_good_ones_is_stopped() -> None:
    """Good are those within two points of the best; one of these rose by 37.75 points from half, the others by less."""
    found = stops(np.array([*ENDED.values()]), {20: np.array([*SHOWN.values()])})
    assert found["most"] == pytest.approx(BEST - 2)
    assert found["below"]["20"] == pytest.approx(BEST - 2 - 37.75)
    for place, ended in ENDED.items():
        if ended > BEST - 2:
            assert SHOWN[place] >= found["below"]["20"]
    assert SHOWN[2, 0] < found["below"]["20"]


def test_few_good_ones_say_nothing() -> None:
    assert stops(np.array([90.0, 89.0, 80.0]), {20: np.zeros(3)}) == NEVER
    assert stops(np.array([]), {}) == NEVER
    assert stops_of(*tables(), [], "top1") == NEVER
    assert stops_of(*tables(most=88.0), [0.5], "top1") == NEVER  # all were stopped
    assert stops_of(*tables(diverged=True), [0.5], "top1") == NEVER


@pytest.mark.parametrize(
    ("rungs", "epochs"),
    [([0.5], ["20"]), ([0.25, 0.3], ["10", "20"]), ([0.1], ["10"]), ([0.8, 0.76], []), ([0.3, 0.5], ["20"])],
)
def test_a_rung_is_at_the_next_validation_before_the_end(rungs: list[float], epochs: list[str]) -> None:
    found = stops_of(*tables(), rungs, "top1")
    assert sorted(found["below"]) == epochs
    if epochs == ["20"]:
        assert found == stops(np.array([*ENDED.values()]), {20: np.array([*SHOWN.values()])})


def test_trainings_that_were_stopped_are_apart_and_come_together_again() -> None:
    cells, _ = tables()
    cells.loc[1, ["most", "epochs"]] = 88.0, 10
    parts = batches_apart(cells)
    assert "most" not in parts["cells"]
    assert (len(parts["cells"]), len(parts["stopped"])) == (4, 1)
    both = all_batches(**parts).sort_values(["i", "j"], ignore_index=True)
    pd.testing.assert_frame_equal(both, cells.sort_values(["i", "j"], ignore_index=True), check_dtype=False)
    none = batches_apart(tables()[0])
    assert len(all_batches(**none)) == 5


def test_what_is_saved_is_counted_as_the_plan_counts(tmp_path: Path) -> None:
    cells, _ = tables()
    cells.loc[1, ["most", "epochs"]] = 88.0, 10
    (tmp_path / "meta.json").write_text(json.dumps({"n_train": 300, "n_validation": 150}))
    pruning = pd.DataFrame([{"model": "m", "variant": "dense", "flops": 1000}])
    recipe = {"batch_size": 32, "drop_last": True, "evaluate_every": 10}
    (row,) = saved(**batches_apart(cells), pruning=pruning, meta=str(tmp_path / "meta.json"), **recipe).to_dict(
        "records"
    )

    class Recipe:
        epochs = 40
        batch_size, drop_last, evaluate_every = recipe.values()

    sizes = {"train": 300, "validation": 150}
    whole, part = (training_flops(1000, 1, sizes, Recipe, epochs) for epochs in (40, 10))  # type: ignore[arg-type]
    assert (row["trainings"], row["stopped"], row["epochs"], row["epochs_saved"]) == (5, 1, 170, 30)
    assert (row["flops"], row["flops_saved"]) == (4 * whole + part, whole - part)
    assert row["saved_part"] == pytest.approx((whole - part) / (5 * whole))
