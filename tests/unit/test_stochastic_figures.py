"""The figures of the study `stochastic`: what they draw."""

import numpy as np
import pandas as pd
import pytest

import stochastic_tables as tables
from figure_checks import dots, legible, levels, lines_of, texts
from figure_samples import no_titles_overlap
from prunescape.figures import names, palette, select, style
from prunescape.figures.stochastic import (
    basins,
    best_draws,
    feature_variance,
    fine_tuning,
    fronts,
    grid,
    lines,
    one_shot,
    search_progress,
    seeds,
    structured,
    swaps,
    terms,
    transfer,
    weight_cdf,
)
from prunescape.stochastic import cause_claims
from prunescape.stochastic import names as study_names
from prunescape.stochastic.statistics import grid_tests, seed_intervals, seed_medians

MODEL = tables.MODEL
BEST = {"gammas": (0.9,), "sigmas": (0.005,)}


# Words and colours


def test_the_words_are_those_of_the_tables():
    for name in ("DENSE", "DENSE_STOCHASTIC", "DETERMINISTIC", "STOCHASTIC", "MASK_S_TO_D", "MASK_D_TO_S"):
        assert getattr(terms, name) == getattr(study_names, name)
    assert list(fronts.ALGORITHMS) == [study_names.NSGA_II, study_names.RANDOM]
    assert list(basins.STAGES) == [study_names.ONE_SHOT, study_names.FINE_TUNED]
    assert list(basins.ENDS) == [study_names.DP_TO_SP, study_names.DENSE_TO_SP, study_names.DENSE_TO_DP]
    assert basins.IN_ONE == cause_claims.IN_ONE
    assert list(fronts.AXES) == list(fronts.TITLES) == [study_names.F1, study_names.F2]


def test_every_noise_level_has_a_colour_of_its_own_in_order():
    colours = terms.sigma_colours([0.005, 0.001, 0.001, 0.003, np.nan])
    assert list(colours) == [0.001, 0.003, 0.005]
    assert len(set(colours.values())) == 3
    assert style.INK not in colours.values()


def test_numbers_are_found_in_spite_of_rounding():
    table = pd.DataFrame({"gamma": [0.1 + 0.2, 0.4], "kind": ["a", "b"]})
    assert list(select.at(table, gamma=0.3)["kind"]) == ["a"]
    assert select.at(table, gamma=0.4, kind="a").empty


# One-shot accuracy


def drawn(table, **changes):
    """The figure of the networks of a table."""
    return one_shot.draw(seed_intervals(table).assign(**changes), table, MODEL)


def thin(axes, colour):
    """The lines of single seeds of a colour."""
    return [line.get_xydata() for line in axes.get_lines() if line.get_gid() == "seed" and line.get_color() == colour]


def thick(axes, colour):
    """The other lines of a colour."""
    return [line.get_xydata() for line in axes.get_lines() if line.get_gid() != "seed" and line.get_color() == colour]


def test_one_shot_draws_the_means_and_every_seed():
    table = tables.one_shot()
    intervals, by_seed = seed_intervals(table), seed_medians(table)
    accuracy, gain, over_sigma = drawn(table).axes[:3]
    for sigma, colour in terms.sigma_colours(tables.SIGMAS).items():
        here = {"kind": "stochastic", "sigma": sigma, "recalibrated": False}
        for axes, name in ((accuracy, "median"), (gain, "delta")):
            np.testing.assert_allclose(thick(axes, colour), [select.at(intervals, **here)[["gamma", name]]])
            seeds = [select.at(by_seed, seed=seed, **here)[["gamma", name]] for seed in (0, 1)]
            np.testing.assert_allclose(thin(axes, colour), seeds)
    plain = select.at(intervals, kind="stochastic", sigma=0.001, recalibrated=False)
    np.testing.assert_allclose(thick(accuracy, style.INK)[0], plain[["gamma", "reference"]])
    assert len(thin(accuracy, style.INK)) == 2
    assert not accuracy.collections  # seeds in place of bands
    for gamma, colour in terms.gamma_colours(tables.GAMMAS).items():
        mine = select.at(intervals, kind="stochastic", gamma=gamma, recalibrated=False)
        curve, level = lines_of(over_sigma, colour)
        np.testing.assert_allclose(curve, np.column_stack([np.log10(mine["sigma"]), mine["median"]]))
        assert level[0][1] == mine["reference"].iloc[0]


def stars(axes):
    return [line.get_xydata() for line in axes.get_lines() if line.get_marker() == "*"]


def test_one_shot_marks_the_largest_gain_whose_interval_is_above_0():
    table = tables.one_shot(seeds=range(6))
    intervals = seed_intervals(table)
    best = select.at(intervals, kind="stochastic", gamma=0.9, sigma=0.005, recalibrated=False).iloc[0]
    assert best["delta_low"] > 0
    figure = drawn(table)
    arrow = figure.axes[0].texts[0]
    assert arrow.xy == (0.9, best["median"])
    assert arrow.get_text() == names.points(best["delta"])
    np.testing.assert_allclose(stars(figure.axes[2])[0], [[np.log10(0.005), best["median"]]])
    assert "at γ = 0.9, σ = 0.005" in texts(figure)
    assert no_titles_overlap(figure)
    titles = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert not any(arrow.get_window_extent().overlaps(title) for title in titles)


@pytest.mark.parametrize(
    "changes",
    [
        {"delta_low": -0.1},
        {"delta": -1.0, "delta_low": -2.0},
        {"median": 10.5, "delta_low": 0.4},
        {"delta_low": np.nan},
    ],
    ids=["unsure", "a loss", "at chance", "one seed"],
)
def test_nothing_celebrates_a_gain_that_is_unsure_or_at_chance(changes):
    figure = drawn(tables.one_shot(seeds=range(6), ways=(False,)), **changes)
    assert not figure.axes[0].texts
    assert not stars(figure.axes[2])
    assert "no gain whose interval is above 0" in texts(figure)


def test_one_seed_has_no_thin_lines():
    figure = drawn(tables.one_shot(seeds=[0]))
    assert not any(line.get_gid() == "seed" for line in figure.axes[0].get_lines())
    assert "around one pretrained network" in texts(figure)


def test_losses_do_not_flatten_the_gains():
    rows = pd.DataFrame({"delta": [5.0, -80.0], "delta_low": np.nan, "delta_high": np.nan})
    low, high = lines.gain_limits(rows)
    assert -7 < low < -5
    assert 5 < high < 7
    assert lines.are_cut(rows)
    assert not lines.are_cut(rows.assign(delta=[5.0, -4.0]))
    assert "are cut off" in texts(drawn(tables.one_shot(sigmas=(0.005, 0.02))))


def test_many_pruning_rates_are_thinned_out_but_the_best_is_kept():
    table = tables.one_shot(gammas=np.linspace(0.5, 0.98, 17), draws=1, seeds=[0])
    intervals = seed_intervals(table)
    rows = select.at(intervals, kind="stochastic")
    some = one_shot.some_gammas(rows)
    assert len(some) <= one_shot.MOST_GAMMAS
    assert some == sorted(some)
    for way in (False, True):
        assert float(lines.best(select.at(rows, recalibrated=way))["gamma"]) in some
    assert legible(one_shot.draw(intervals, table, MODEL))


# Seeds and draws


def test_seeds_show_every_network():
    table = tables.one_shot()
    figure = seeds.draw(table, seed_intervals(table), MODEL)
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["Dense", "Pruned, γ = 0.6", "Pruned, γ = 0.9"]
    for axes, kinds, gamma in zip(
        figure.axes[:3], (("dense", "dense_stochastic"), *(("deterministic", "stochastic"),) * 2), (0.0, 0.6, 0.9),
        strict=True,
    ):  # fmt: skip
        here = select.at(table, recalibrated=False, gamma=gamma)
        assert levels(axes) == list(select.at(here, kind=kinds[0])["top1"])
        drawn = np.sort(dots(axes, palette.BLUE)[:, 1])
        np.testing.assert_allclose(drawn, np.sort(select.at(here, kind=kinds[1], sigma=0.005)["top1"]))
    assert "σ = 0.005" in texts(figure)


def test_seeds_take_the_noise_and_rates_that_are_asked_for():
    table = tables.one_shot()
    figure = seeds.draw(table, seed_intervals(table), MODEL, sigma=0.001, gammas=[0.9])
    assert len(figure.axes) == 4
    assert len(dots(figure.axes[1], palette.BLUE)) == 6
    assert "σ = 0.001" in texts(figure)


def test_the_mild_rate_costs_next_to_nothing():
    table = tables.one_shot(gammas=(0.5, 0.6, 0.7, 0.85, 0.9))
    sigma, rates = seeds.chosen(seed_intervals(table), "magnitude")
    assert sigma == 0.005
    assert rates[0] == 0.7
    assert rates[1] in (0.85, 0.9)


def test_best_draws_are_counted_against_their_own_counterpart():
    table = tables.one_shot(models=(MODEL, "vgg19_cifar"), seeds=range(3), draws=20, **BEST)
    table = table[table["kind"].isin(["deterministic", "stochastic"])]
    figure = best_draws.draw(table)
    assert len(figure.axes) == 4
    axes = figure.axes[0]
    here = select.at(table, model=MODEL, recalibrated=False)
    drawn = dots(axes, palette.BLUE)
    np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(select.at(here, kind="stochastic")["top1"]))
    first = select.at(here, seed=0)
    gains = select.at(first, kind="stochastic")["top1"] - select.at(first, kind="deterministic")["top1"].item()
    assert axes.texts[0].get_text() == f"{(gains > 0).sum()} of 20, {names.points(gains.median())}"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["seed 0", "seed 1", "seed 2"]
    assert "VGG-19 (CIFAR) (γ = 0.9, σ = 0.005)" in texts(figure)
    assert legible(figure)


def test_best_draws_of_several_cells_name_them_in_the_rows():
    table = tables.one_shot(seeds=[0], ways=(False,))
    figure = best_draws.draw(table[table["kind"].isin(["deterministic", "stochastic"])])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "seed 0, γ = 0.6, σ = 0.001"
    assert len(labels) == 4


# Structured pruning


def test_structured_pruning_has_two_panels_a_method():
    figure = structured.draw(tables.structured(), MODEL)
    intervals = seed_intervals(tables.structured())
    assert len(figure.axes) == 8
    here = select.at(intervals, method="non_uniform", recalibrated=True, sigma=0.001)
    accuracy, gain = figure.axes[6:]
    colour = terms.sigma_colours(tables.SIGMAS)[0.001]
    np.testing.assert_allclose(
        thick(accuracy, colour), [np.column_stack([100 * here["gamma"], here["median"]])]
    )  # fmt: skip
    np.testing.assert_allclose(thick(gain, colour), [np.column_stack([100 * here["gamma"], here["delta"]])])
    assert len(thin(gain, colour)) == 2
    assert "Non-uniform" in texts(figure)


# The grid


def grid_tables(seeds=range(2)):
    table = tables.one_shot(seeds=seeds, gammas=(0.8, 0.9), draws=10)
    table = table[table["kind"].isin(["deterministic", "stochastic"])]
    return seed_intervals(table), grid_tests(table)


def test_the_grid_has_every_gain_and_stars_what_all_seeds_agree_on():
    intervals, tests = grid_tables()
    figure = grid.draw(intervals, tests, MODEL)
    assert legible(figure)
    written = texts(figure)
    for row in intervals.itertuples():
        assert f"{names.points(row.delta)}" in written
        assert f"{names.points(row.delta_low)} to {names.points(row.delta_high)}" in written
    agreed = tests.groupby(["recalibrated", "gamma", "sigma"])["p_holm"].max() < 0.05
    assert 0 < agreed.sum() < len(agreed)
    assert written.count("★") == agreed.sum()


def test_the_grid_of_one_seed_and_of_nothing():
    intervals, tests = grid_tables(seeds=[0])
    assert " to " not in "".join(text for text in texts(grid.draw(intervals, tests, MODEL)).splitlines() if "★" in text)
    assert legible(grid.draw(intervals[intervals["gamma"] == 0.8], tests, MODEL))
    assert grid.significant(tests[:0], 0.8, 0.001) is False


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


def test_many_networks_of_transfer_stand_below_each_other_and_fit_a_page():
    table = tables.one_shot(seeds=range(12), sigmas=(0.005,), draws=3, transfers=True)
    table = table[~table["kind"].isin(["dense", "dense_stochastic"])]
    figure = transfer.draw(table, MODEL)
    assert figure.get_size_inches()[0] < 14
    axes = figure.axes[2]  # the second pruning rate, as pretrained
    assert len(axes.patches) == 3 * 12
    assert levels(axes) == list(select.at(table, gamma=0.9, recalibrated=False, kind="deterministic")["top1"])
    assert legible(figure)


@pytest.mark.parametrize("gain", [1.0, 0.0])
def test_gains_of_seeds_that_are_one_number_are_not_marked(gain):
    """Of a hundred images accuracies are whole numbers: equal ones have an interval without width."""
    row = {"gamma": 0.8, "sigma": 0.01, "median": 90.0, "reference": 89.0, "delta": gain}
    alike = pd.DataFrame([{**row, "delta_low": gain, "delta_high": gain}])
    apart = pd.DataFrame([{**row, "delta": 0.8, "delta_low": 0.1, "delta_high": 1.5}])
    assert lines.sure(alike) is None
    assert lines.sure(pd.concat([alike, apart], ignore_index=True))["delta"] == 0.8


def test_methods_without_noise_have_no_axes_for_its_gain():
    table = tables.fine_tuning()
    first = table["method"].iloc[0]
    plain = table[(table["method"] != first) | (table["kind"] == "deterministic")]
    figure = fine_tuning.draw(plain, MODEL)
    assert texts(figure).count("without noise only") == 1
    assert not any(
        axes.axison for axes in figure.axes if "without noise only" in [text.get_text() for text in axes.texts]
    )


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


def test_chosen_candidates_are_named_above_the_panel_clear_of_points():
    for count, words in ((1, "★ γ = "), (5, "★ of 5 seeds: ")):
        figure = fronts.draw(tables.fronts(seeds=range(count)), MODEL)
        assert legible(figure)
        figure.draw_without_rendering()
        named = [text for axes in figure.axes[:4] for text in axes.texts if text.get_text().startswith(words)]
        assert len(named) == 2  # of F2, by both algorithms
        assert all(text.get_window_extent().y0 >= text.axes.bbox.y1 for text in named)


def test_progress_has_a_mean_and_every_seed():
    table = tables.search_progress()
    figure = search_progress.draw(table, MODEL)
    nsga2 = select.at(table, objectives="F2", algorithm="nsga2")
    (mean,) = lines_of(figure.axes[1], palette.BLUE)
    np.testing.assert_allclose(mean[:, 1], nsga2.groupby("evaluations")["hypervolume"].mean())
    assert len(figure.axes[1].get_lines()) == 2 * (2 + 1)


# Causes


def test_swaps_are_shares_of_the_weights_at_each_distance():
    table = tables.swaps()
    figure = swaps.draw(table, MODEL)
    upper, lower = figure.axes
    for sigma, colour in terms.sigma_colours(tables.SIGMAS).items():
        here = select.at(table, sigma=sigma)
        here = here[here["weights"] > 0]  # of none there is no share
        seeds = dict(list(here.groupby("seed")))
        shares = [part.assign(y=100 * part["swapped"] / part["weights"])[["distance", "y"]] for part in seeds.values()]
        drawn = [line.get_xydata() for line in upper.get_lines() if line.get_color() == colour]
        assert len(drawn) == len(seeds) + 2  # each, their mean, and what is expected
        for thin, expected in zip(drawn, shares, strict=False):
            np.testing.assert_allclose(thin, expected)
        mean = pd.concat(shares).groupby("distance")["y"].mean()
        np.testing.assert_allclose(drawn[len(seeds)], np.column_stack([mean.index, mean]))
        np.testing.assert_allclose(drawn[-1][:, 1], 50 * np.exp(-(mean.index**2) / 2))
        there = [line.get_ydata() for line in lower.get_lines() if line.get_color() == colour]
        np.testing.assert_allclose(there[-1], select.at(table, sigma=sigma).groupby("distance")["weights"].mean())
    assert legible(figure)


def test_basins_have_every_line_their_means_and_barriers():
    table, heights = tables.lines(), tables.basins()
    figure = basins.draw(table, heights, MODEL)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "DP to SP",
        "dense to SP",
        "dense to DP",
        "Barriers",
    ]
    for axes, name in zip(figure.axes, basins.ENDS, strict=False):
        for stage, (colour, _) in basins.STAGES.items():
            here = select.at(table, line=name, stage=stage)
            drawn = [line.get_xydata() for line in axes.get_lines() if line.get_color() == colour]
            assert len(drawn) == len(here[["seed", "draw"]].drop_duplicates()) + 1
            mean = here.groupby("alpha")["top1"].mean()
            np.testing.assert_allclose(drawn[-1], np.column_stack([mean.index, mean]))
    points = np.concatenate([dots.get_offsets() for dots in figure.axes[-1].collections])
    assert len(points) == len(heights)
    np.testing.assert_allclose(np.sort(points[:, 1]), np.sort(heights["error_barrier"]))
    assert legible(figure)


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
