"""The figures of the study `stochastic`: accuracy right after pruning, one-shot and structured."""

import numpy as np
import pandas as pd

import stochastic_tables as tables
from figure_checks import dots, legible, levels, lines_of, texts
from prunescape.figures import names, palette, select, style
from prunescape.figures.stochastic import best_draws, fronts, grid, lines, one_shot, seeds, structured, terms
from prunescape.stochastic import names as study_names
from prunescape.stochastic.statistics import grid_tests, seed_intervals

MODEL = tables.MODEL
BEST = {"gammas": (0.9,), "sigmas": (0.005,)}


# Words and colours


def test_the_words_are_those_of_the_tables():
    for name in ("DENSE", "DENSE_STOCHASTIC", "DETERMINISTIC", "STOCHASTIC", "MASK_S_TO_D", "MASK_D_TO_S"):
        assert getattr(terms, name) == getattr(study_names, name)
    assert list(fronts.ALGORITHMS) == [study_names.NSGA_II, study_names.RANDOM]
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


def test_one_shot_draws_the_means_and_their_bands():
    intervals = seed_intervals(tables.one_shot())
    figure = one_shot.draw(intervals, MODEL)
    accuracy, gain, over_sigma = figure.axes[:3]
    for sigma, colour in terms.sigma_colours(tables.SIGMAS).items():
        mine = select.at(intervals, kind="stochastic", sigma=sigma, recalibrated=False)
        np.testing.assert_allclose(lines_of(accuracy, colour), [mine[["gamma", "median"]]])
        np.testing.assert_allclose(lines_of(gain, colour), [mine[["gamma", "delta"]]])
    plain = select.at(intervals, kind="stochastic", sigma=0.001, recalibrated=False)
    np.testing.assert_allclose(lines_of(accuracy, style.INK)[0], plain[["gamma", "reference"]])
    assert len(accuracy.collections) == 1 + len(tables.SIGMAS)
    for gamma, colour in terms.gamma_colours(tables.GAMMAS).items():
        mine = select.at(intervals, kind="stochastic", gamma=gamma, recalibrated=False)
        curve, level = lines_of(over_sigma, colour)
        np.testing.assert_allclose(curve, np.column_stack([np.log10(mine["sigma"]), mine["median"]]))
        assert level[0][1] == mine["reference"].iloc[0]


def test_one_shot_marks_the_largest_gain():
    intervals = seed_intervals(tables.one_shot())
    figure = one_shot.draw(intervals, MODEL)
    best = select.at(intervals, kind="stochastic", gamma=0.9, sigma=0.005, recalibrated=False).iloc[0]
    arrow = figure.axes[0].texts[0]
    assert arrow.xy == (0.9, best["median"])
    assert arrow.get_text() == names.points(best["delta"])
    star = [line for line in figure.axes[2].get_lines() if line.get_marker() == "*"]
    np.testing.assert_allclose(star[0].get_xydata(), [[np.log10(0.005), best["median"]]])
    assert "at γ = 0.9, σ = 0.005" in texts(figure)


def test_without_a_gain_nothing_is_marked():
    intervals = seed_intervals(tables.one_shot(ways=(False,))).assign(delta=-1.0)
    figure = one_shot.draw(intervals, MODEL)
    assert not figure.axes[0].texts
    assert not [line for line in figure.axes[2].get_lines() if line.get_marker() == "*"]
    assert "best: −1.0 points" in texts(figure)


def test_one_seed_has_no_bands():
    figure = one_shot.draw(seed_intervals(tables.one_shot(seeds=[0])), MODEL)
    assert not figure.axes[0].collections
    assert "around one pretrained network" in texts(figure)


def test_losses_do_not_flatten_the_gains():
    rows = pd.DataFrame({"delta": [5.0, -80.0], "delta_low": np.nan, "delta_high": np.nan})
    low, high = lines.gain_limits(rows)
    assert -7 < low < -5
    assert 5 < high < 7
    assert lines.are_cut(rows)
    assert not lines.are_cut(rows.assign(delta=[5.0, -4.0]))
    assert "are cut off" in texts(one_shot.draw(seed_intervals(tables.one_shot(sigmas=(0.005, 0.02))), MODEL))


def test_many_pruning_rates_are_thinned_out_but_the_best_is_kept():
    intervals = seed_intervals(tables.one_shot(gammas=np.linspace(0.5, 0.98, 17), draws=1, seeds=[0]))
    rows = select.at(intervals, kind="stochastic")
    some = one_shot.some_gammas(rows)
    assert len(some) <= one_shot.MOST_GAMMAS
    assert some == sorted(some)
    for way in (False, True):
        assert float(lines.best(select.at(rows, recalibrated=way))["gamma"]) in some
    assert legible(one_shot.draw(intervals, MODEL))


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
        lines_of(accuracy, colour), [np.column_stack([100 * here["gamma"], here["median"]])]
    )  # fmt: skip
    np.testing.assert_allclose(lines_of(gain, colour), [np.column_stack([100 * here["gamma"], here["delta"]])])
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
