"""The figures of the study `stochastic`: what explains the gain, searches and fine-tuning."""

import numpy as np
import pandas as pd
import pytest

import stochastic_tables as tables
from figure_checks import dots, legible, levels, lines_of, texts
from prunescape.figures import names, palette, select, style
from prunescape.figures.stochastic import feature_variance, fine_tuning, fronts, search_progress, transfer, weight_cdf

MODEL = tables.MODEL


# Mechanisms


@pytest.mark.parametrize("count", [1, 2])
def test_transfer_has_three_boxes_a_seed_and_the_line(count):
    table = tables.one_shot(seeds=range(count), sigmas=(0.005,), draws=9, transfers=True)
    table = table[~table["kind"].isin(["dense", "dense_stochastic"])]
    figure = transfer.draw(table, MODEL)
    assert len(figure.axes) == 4
    axes = figure.axes[1]
    here = select.at(table, gamma=0.9, recalibrated=False)
    assert len(axes.patches) == 3 * count
    assert levels(axes) == list(select.at(here, kind="deterministic")["top1"])
    medians = [line.get_ydata()[0] for line in axes.get_lines() if line.get_linewidth() == 1.8]
    wanted = here[here["kind"] != "deterministic"].groupby(["seed", "kind"])["top1"].median()
    for seed in range(count):
        kinds = [wanted[seed, kind] for kind in transfer.LOOKS]
        np.testing.assert_allclose(medians[3 * seed : 3 * seed + 3], kinds)
    assert legible(figure)


def test_feature_variance_is_the_mean_over_layers_and_seeds():
    table = tables.feature_variance()
    figure = feature_variance.draw(table, MODEL)
    left, right = figure.axes[:2]
    plain = select.at(table, kind="deterministic", recalibrated=False)
    (curve,) = [points for points in lines_of(left, style.INK) if len(points) == 2]
    np.testing.assert_allclose(curve[:, 1], plain.groupby("gamma")["v"].mean())
    (by_layer,) = lines_of(right, style.INK, 3)
    means = select.at(plain, gamma=0.9).groupby("layer")["v"].mean()
    np.testing.assert_allclose(by_layer, np.column_stack([range(1, 7), means]))
    assert "Layer by layer at γ = 0.9" in texts(figure)
    assert "Layer by layer at γ = 0.6" in texts(feature_variance.draw(table, MODEL, gamma=0.62))


def test_feature_variance_spans_the_seeds():
    spread = feature_variance.over_seeds(pd.DataFrame({"gamma": 0.9, "sigma": 0.0, "v": [1.0, 3.0]}), "gamma")
    assert spread[["v", "v_low", "v_high"]].to_numpy().tolist() == [[2.0, 1.0, 3.0]]
    spread = feature_variance.over_seeds(pd.DataFrame({"gamma": 0.9, "sigma": 0.0, "v": [1.0]}), "gamma")
    assert spread[["v_low", "v_high"]].isna().all(axis=None)


def test_an_explosion_takes_a_logarithmic_axis():
    table = tables.feature_variance()
    assert feature_variance.draw(table, MODEL).axes[0].get_yscale() == "linear"
    assert feature_variance.draw(table.assign(v=table["v"] * 1000), MODEL).axes[0].get_yscale() == "log"


def test_the_share_of_weights_below_the_noise():
    table = tables.weight_cdf()
    figure = weight_cdf.draw(table, [0.01, 0.001])
    assert weight_cdf.share_below(table, 0.01) == pytest.approx(0.68, abs=0.02)
    assert f"0.01: {100 * weight_cdf.share_below(table, 0.01):.0f} %" in texts(figure)
    assert len(lines_of(figure.axes[0], palette.BLUE)) == 2


def test_labels_of_shares_keep_apart():
    assert weight_cdf.spread_labels([10, 50], 8, 100) == [10, 50]
    assert weight_cdf.spread_labels([10, 11, 50], 8, 100) == [10, 18, 50]
    assert weight_cdf.spread_labels([97, 98, 99], 8, 100) == [84, 92, 100]
    assert weight_cdf.spread_labels([], 8, 100) == []


@pytest.mark.parametrize("models", [1, 2, 4])
def test_the_weights_have_a_panel_a_model(models):
    chosen = [f"resnet{depth}" for depth in (20, 32, 44, 56)][:models]
    figure = weight_cdf.draw(tables.weight_cdf(chosen, [0]), (0.001, 0.003, 0.005))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [names.model_title(model) for model in chosen]
    assert legible(figure)


# Searches


def test_fronts_are_hollow_where_deterministic_pruning_is_better():
    table = tables.fronts()
    figure = fronts.draw(table, MODEL)
    panels = figure.axes[:4]
    for axes, (algorithm, pair) in zip(
        panels, [(algorithm, pair) for algorithm in ("nsga2", "random") for pair in ("F1", "F2")], strict=True
    ):
        here = select.at(table, objectives=pair, algorithm=algorithm)
        (x, _), (y, _) = fronts.AXES[pair]
        other, hollow, filled = axes.collections
        assert len(other.get_offsets()) == len(select.at(table, objectives=pair)) - len(here)
        np.testing.assert_allclose(hollow.get_offsets(), here.loc[here["delta"] < 0, [x, y]])
        np.testing.assert_allclose(filled.get_offsets(), here.loc[here["delta"] >= 0, [x, y]])
        np.testing.assert_allclose(filled.get_array(), here.loc[here["delta"] >= 0, "delta"])
        assert len(hollow.get_facecolor()) == 0
        stars = [line.get_xydata() for line in axes.get_lines() if line.get_marker() == "*"]
        if pair == "F1":
            assert not stars
        else:
            np.testing.assert_allclose(stars[0], here.loc[here["best"], [x, y]])


def test_many_chosen_candidates_are_summed_up():
    figure = fronts.draw(tables.fronts(seeds=range(5)), MODEL)
    assert "5 seeds: " in texts(figure)
    assert "seed 4: " not in texts(figure)


def test_progress_has_a_mean_and_every_seed():
    table = tables.search_progress()
    figure = search_progress.draw(table, MODEL)
    nsga2 = select.at(table, objectives="F2", algorithm="nsga2")
    (mean,) = lines_of(figure.axes[1], palette.BLUE)
    np.testing.assert_allclose(mean[:, 1], nsga2.groupby("evaluations")["hypervolume"].mean())
    assert len(figure.axes[1].get_lines()) == 2 * (2 + 1)


# Fine-tuning


def test_fine_tuning_places_every_network_by_its_flow_and_accuracy():
    table = tables.fine_tuning()
    figure = fine_tuning.draw(table, MODEL)
    assert [axes.get_title(loc="left") for axes in figure.axes[::3]] == ["Magnitude, γ = 0.9", "GraSP, γ = 0.9"]
    for method, (left, middle, right) in zip(("magnitude", "grasp"), (figure.axes[:3], figure.axes[3:]), strict=True):
        here = select.at(table, method=method)
        plain = select.at(here, kind="deterministic")
        np.testing.assert_allclose(
            dots(left, style.INK), np.column_stack([np.log10(plain["one_shot_gradient_flow"]), plain["top1"]])
        )
        np.testing.assert_allclose(np.sort(dots(middle)[:, 1]), np.sort(here["top1"]))
        gains = fine_tuning.with_gains(here)
        np.testing.assert_allclose(np.sort(dots(right)[:, 1]), np.sort(gains["gain"]))
        np.testing.assert_allclose(levels(right), gains.groupby("sigma")["gain"].median())


def test_the_gain_is_over_the_counterpart_of_the_same_seed_and_method():
    table = tables.fine_tuning()
    gains = fine_tuning.with_gains(table)
    row = select.at(gains, seed=1, method="grasp", sigma=0.005).iloc[0]
    plain = select.at(table, seed=1, method="grasp", kind="deterministic")["top1"].item()
    assert row["gain"] == pytest.approx(row["top1"] - plain)


def test_flows_without_a_logarithm_lie_beside_the_axis():
    places, low, high, special = fine_tuning.flow_places(pd.Series([0.0, 1.0, 1000.0, np.inf, np.nan]))
    assert places[0] == special["0"] < low < places[1] == 0
    assert places[2] == 3 < high < places[3] == special["∞"]
    assert np.isnan(places[4])
    places, low, high, special = fine_tuning.flow_places(pd.Series([0.0, 0.0]))
    assert low < high
    assert list(special) == ["0"]


def test_flows_without_a_logarithm_are_named_on_the_axis():
    table = tables.fine_tuning()
    table.loc[0, "one_shot_gradient_flow"] = 0.0
    table.loc[1, "one_shot_gradient_flow"] = np.inf
    axes = fine_tuning.draw(table, MODEL).axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert {"0", "∞"} <= set(labels)
    assert len(dots(axes)) == (table["method"] == "magnitude").sum()


def test_diverged_networks_are_left_out_and_said_so():
    table = tables.fine_tuning()
    table.loc[[0, 4], "diverged"] = True
    table.loc[6, "top1"] = np.nan
    figure = fine_tuning.draw(table, MODEL)
    assert len(dots(figure.axes[1])) + len(dots(figure.axes[4])) == len(table) - 3
    assert "3 networks" in " ".join(texts(figure).split())
