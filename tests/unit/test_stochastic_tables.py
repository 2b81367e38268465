"""The paper's tables beside ours, from results made by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from prunescape.claims.published import published
from prunescape.stochastic.tables import SOURCE, at_cells, table_2, table_3
from prunescape.studies.stochastic import STUDY
from stochastic_results import CELLS, GAINS, GUESSING, MODEL, confirmed, first_table, fronts, scatter, tuned, variances


def test_published_tables_agree_with_themselves() -> None:
    one = pd.concat([published(f"{SOURCE}1", data).assign(data=data) for data in ("cifar10", "cifar100")])
    two = pd.concat([published(f"{SOURCE}2", data).assign(data=data) for data in ("cifar10", "cifar100")])
    three = pd.concat([published(f"{SOURCE}3", data).assign(data=data) for data in ("cifar10", "cifar100")])
    assert (len(one), len(two), len(three)) == (12, 18, 12)
    assert published(f"{SOURCE}1", "digits").empty
    misprint = (one["data"] == "cifar10") & (one["model"] == "resnet50_cifar") & (one["search"] == "grid")
    off = (one["sp"] - one["dp"] - one["delta"]).abs()
    assert off[misprint].item() == pytest.approx(3.0)
    assert off[~misprint].max() < 0.16
    for before in ("one_shot_", ""):
        assert (two[f"{before}sp"] - two[f"{before}dp"] - two[f"{before}delta"]).abs().max() < 0.16
    cells = one[one["search"] == "grid"].set_index(["data", "model"])[["gamma", "sigma"]]
    for table in (two, three):
        assert (
            table[["gamma", "sigma"]].to_numpy() == cells.loc[list(zip(table["data"], table["model"], strict=True))]
        ).all(axis=None)


def test_table_1() -> None:
    found = first_table().set_index("search")
    halves = [
        4.302653 * np.std([GAINS[seed] + times * scatter(seed) for seed in GAINS], ddof=1) / math.sqrt(3)
        for times in (1, 0)
    ]
    assert {*found.index} == {"cell", "F2"}
    cell = found.loc["cell"]
    assert (cell["sp"], cell["dp"], cell["delta"]) == pytest.approx((53.0, 40.0, 13.0))
    assert (cell["delta_low"], cell["delta_high"]) == pytest.approx((13 - halves[0], 13 + halves[0]))
    assert (cell["sp_recalibrated"], cell["delta_recalibrated"]) == pytest.approx((90.0, 0.0))
    assert cell["p_holm"] == 0.25  # three draws, two cells
    assert (cell["published_sp"], cell["published_delta"]) == pytest.approx((80.9, 51.9))
    searched = found.loc["F2"]
    assert (searched["gamma"], searched["sigma"], searched["seeds"]) == (0.85, 0.004, 3)
    assert (searched["delta"], searched["delta_low"]) == pytest.approx((13.0, 13 - halves[1]))
    assert (searched["dp_recalibrated"], searched["delta_recalibrated_low"]) == (90.5, 0.5)
    assert searched["published_delta"] == 48.6
    assert first_table(data="digits")["published_sp"].isna().all()
    chosen = {MODEL: {**CELLS[MODEL], "gamma": 0.8, "source": "grid"}}
    grid = first_table(chosen).set_index("search").loc["grid"]
    assert (grid["gamma"], grid["delta"], grid["published_gamma"]) == pytest.approx((0.8, 13.0, 0.9))


def test_table_1_leaves_out_what_the_search_did_not_find() -> None:
    assert first_table(of_fronts=fronts().assign(objective_2=0.0))["search"].tolist() == ["cell"]
    two = fronts()
    two.loc[two["seed"] == 2, "fitness_sp"] = GUESSING
    searched = first_table(of_fronts=two).set_index("search").loc["F2"]
    assert (searched["seeds"], searched["delta"]) == (2, 11.0)


def test_single_networks_at_what_was_chosen() -> None:
    found = at_cells(confirmed(), CELLS)
    assert len(found) == 3 * 2 * (1 + 3)
    assert {*found["method"]} == {"magnitude"}
    assert {*found["gamma"]} == {0.9}
    assert len(at_cells(confirmed(), {MODEL: {"gamma": 0.9, "sigma": 0.1}})) == 3 * 2


def test_table_2_and_3() -> None:
    noises = tuned()
    found = table_2(noises[noises["sigma"] != 0.001], "cifar10").set_index("method")
    magnitude = found.loc["magnitude"]
    assert (magnitude["dp"], magnitude["delta"]) == pytest.approx((40.0, 1.3))
    assert (magnitude["one_shot_dp"], magnitude["one_shot_delta"]) == pytest.approx((20.0, 11.3))
    assert (magnitude["one_shot_sp_gradient_flow"], magnitude["one_shot_dp_gradient_flow"]) == pytest.approx(
        (8.0, 11.5)
    )
    assert magnitude["one_shot_sp_gradient_norm"] == pytest.approx(8.0**0.5)
    assert magnitude["published_one_shot_sp_gradient_norm"] == 8.0  # of the same quantity
    assert magnitude["dp_live"] == pytest.approx(40.0)
    assert (magnitude["published_delta"], found.loc["lamp"]["published_delta"]) == (2.2, -0.9)
    other = table_2(tuned().replace({"gamma": {0.9: 0.91}}), "cifar10")
    assert other["published_delta"].isna().all()  # at another pruning rate nothing is comparable
    of_variances = table_3(variances(), "cifar10")
    columns = {table.name: list(table.columns) for table in STUDY.tables}
    assert list(found.reset_index()[columns["table_2"]]) == list(table_2(noises, "cifar10"))
    assert list(of_variances) == columns["table_3"]
    variance = of_variances.set_index("stage")
    assert (variance.loc["one_shot", "dp"], variance.loc["one_shot", "sp"]) == pytest.approx((0.7, 0.8))
    half = 4.302653 * np.std([0.2 * scatter(seed) for seed in GAINS], ddof=1) / math.sqrt(3)
    assert variance.loc["one_shot", "difference_low"] == pytest.approx(0.1 - half)
    assert variance.loc["fine_tuned", "published_sp_channel"] == 1.003
    channels = variance.loc["one_shot", ["dp_channel", "sp_channel", "sp_clean", "sp_channel_clean"]]
    assert channels.tolist() == pytest.approx([0.75, 0.85, 0.82, 0.87])
