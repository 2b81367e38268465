"""The figures of the study `coherence`: what they draw."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch

import coherence_table_samples as samples
from figure_checks import dots, drawn, lines_of, panel, texts
from prunescape.coherence.diff_spread import mean_magnitude, of_network
from prunescape.coherence.labels import MASKS
from prunescape.figures import palette, scales, style
from prunescape.figures.coherence import (
    diff_histograms,
    series,
    terms,
    trained_start,
    training,
    trajectories,
    weight_magnitudes,
    width_diffs,
    widths,
)
from prunescape.figures.palette import BLUE, ORANGE, VERMILION

MODEL = samples.MODEL


def steps(axes, colour):
    """The heights of the outline of a colour."""
    (patch,) = [
        patch for patch in axes.patches if isinstance(patch, StepPatch) and to_hex(patch.get_edgecolor()) == colour
        and not patch.get_fill()
    ]  # fmt: skip
    return patch.get_data().values


# Words and axes


def test_every_mask_has_a_look_of_its_own():
    looks = terms.MASK_LOOKS
    assert list(looks) == ["none", "diff best", "diff worst", "magnitude best", "magnitude worst", "random"]
    assert len({(look.colour, look.dashes) for look in looks.values()}) == len(MASKS)
    faces = {handle.get_label(): handle.get_markerfacecolor() for handle in series.handles(looks)}
    assert [words for words, face in faces.items() if face == style.PAPER] == ["diff, worst", "magnitude, worst"]


def test_an_axis_of_sizes_has_ticks_that_keep_clear():
    axes = style.new_figure(4, 3).subplots()
    axes.plot([100, 3000], [0, 1])
    scales.sizes_axis(axes, range(100, 3001, 100), "Width")
    ticks = axes.get_xticks()
    assert len(ticks) <= scales.MOST_TICKS
    assert (ticks[0], axes.get_xscale()) == (100, "log")
    assert np.diff(np.log(ticks)).min() > scales.APART * np.log(30)


def test_dots_axes_show_values_and_ends_that_are_not_far_off():
    axes = style.new_figure(4, 3).subplots()
    low, high = scales.dots_limits(axes, [80.0, 82.0], [79.5, 82.5, np.nan], 1.0)
    assert low < 79.5 < 82.5 < high < 83
    low, high = scales.dots_limits(axes, [80.0, 82.0], [0.0, 200.0], 1.0)
    assert 78 < low < 80
    assert 82 < high < 84
    low, high = scales.dots_limits(axes, [80.0], [], 2.0)
    assert high - low >= 2


# Training


def test_training_draws_means_and_bands_over_seeds():
    table = samples.epochs()
    figure = training.draw(table, MODEL)
    real = table[(table["data"] == "real") & (table["start"] == "fresh")]
    means = real.groupby("epoch").mean(numeric_only=True)
    for title, name in (("Training loss", "train_loss"), ("Validation accuracy", "validation_top1")):
        line = drawn(panel(figure, title), BLUE)
        np.testing.assert_allclose(line, means[[name]].reset_index().to_numpy())
    coherence = drawn(figure.axes[2], BLUE)
    measured = means["coherence"].dropna()
    np.testing.assert_allclose(coherence, measured.reset_index().to_numpy())
    assert len(measured) < len(means)
    band = figure.axes[2].collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(real["coherence"].max())
    assert not lines_of(figure.axes[2], palette.VIOLET)  # networks from trained weights have a figure of their own
    best = measured[measured.index > 0].max()
    assert f"Highest after an epoch: real {best:.3g}, noise" in texts(figure)


def test_coherence_is_drawn_over_the_training_loss_too():
    table = samples.epochs((0,))
    axes = panel(training.draw(table, MODEL), "Coherence as the loss falls")
    noise = table[(table["data"] == "gaussian") & (table["start"] == "fresh")].dropna(subset="coherence")
    expected = noise[["train_loss", "coherence"]].sort_values("train_loss").to_numpy()
    np.testing.assert_allclose(drawn(axes, ORANGE), expected)
    left, right = axes.get_xlim()
    assert left > right


def test_one_seed_has_the_band_of_its_estimate():
    one = samples.epochs((0,), standard_error=0.01)
    spread = training.over_seeds(terms.with_run(one))
    known = spread.dropna(subset="coherence")
    np.testing.assert_allclose(known["coherence_high"] - known["coherence"], 0.0196)
    assert (known["coherence_low"] >= 0).all()
    assert "Bands: 95 % of the estimate" in texts(training.draw(one, MODEL))
    assert training.over_seeds(terms.with_run(samples.epochs((0,))))["coherence_high"].isna().all()


def test_the_highest_coherence_of_each_seed_is_a_dot():
    table = samples.epochs()
    figure = trained_start.draw(table, MODEL)
    peaks = panel(figure, "Highest after an epoch")
    chosen = table[(table["start"] == "trained") & (table["epoch"] > 0)]
    expected = chosen.groupby("seed")["coherence"].max()
    found = dots(peaks, palette.VIOLET)
    np.testing.assert_allclose(sorted(found[:, 0]), sorted([*expected, expected.mean()]))
    assert len(lines_of(panel(figure, "Coherence"), palette.VIOLET)) == 1


def test_weight_magnitudes_are_densities_of_the_smallest_99_percent():
    table = samples.weight_histogram()
    figure = weight_magnitudes.draw(table, MODEL)
    left, right = figure.axes
    real = table[(table["data"] == "real") & (table["epoch"] > 0)]
    counts = real.groupby(["low", "high"])["count"].sum().reset_index()
    expected = counts["count"] / counts["count"].sum() / (counts["high"] - counts["low"])
    np.testing.assert_allclose(steps(left, BLUE), expected)
    below = 100 * counts["count"].cumsum() / counts["count"].sum()
    np.testing.assert_allclose(drawn(right, BLUE)[1:, 1], below)
    before = table[(table["epoch"] == 0) & (table["start"] == "fresh")]
    widest = before.groupby("high")["count"].sum()
    edge = widest.index[(widest.cumsum() / widest.sum() >= 0.99).to_numpy()][0]
    assert left.get_xlim()[1] == pytest.approx(edge)
    assert "before training" in texts(figure)


# Diffs


def test_diff_histograms_are_parts_of_the_weights_and_sizes_are_written_beside():
    table = samples.diff_histogram(layers=3)
    figure = diff_histograms.draw(table, MODEL)
    real = table[(table["data"] == "real") & (table["layer"] == "all")]
    for which, look in terms.WHICH.items():
        counts = real[real["which"] == which].groupby("low")["count"].sum()
        parts = 100 * counts / counts.sum()
        heights = steps(figure.axes[0], look.colour)
        seen = parts.to_numpy() > diff_histograms.LEAST
        np.testing.assert_allclose(heights[seen], parts[seen])
        size = mean_magnitude(of_network(real), ["which"])[which]
        assert f"{size:.3f}" in [text.get_text() for text in figure.axes[0].texts]


def test_a_few_layers_have_rows_and_all_are_in_the_last_panel():
    table = samples.diff_histogram((0,), layers=50)
    figure = diff_histograms.draw(table, MODEL)
    labels = [axes.get_ylabel() for axes in figure.axes[::2]]
    assert labels[0] == "whole network"
    assert len(labels) == 2 + diff_histograms.MOST_LAYERS
    last = figure.axes[-2]
    sizes = mean_magnitude(table[(table["data"] == "real") & (table["which"] == "highest")], ["layer_index"])
    line = drawn(last, terms.WHICH["highest"].colour)
    np.testing.assert_allclose(line[:, 0], range(1, 51))
    np.testing.assert_allclose(line[:, 1], sizes[sizes.index >= 0])


def test_long_names_of_layers_lose_their_beginning():
    assert diff_histograms.shortened("conv1") == "conv1"
    assert diff_histograms.shortened("a" * 40 + ".conv2").endswith(".conv2")
    assert len(diff_histograms.shortened("a" * 40)) == diff_histograms.LONG


def test_trajectories_of_one_seed_and_movement_of_all():
    table = samples.trajectories()
    figure = trajectories.draw(table, MODEL)
    own = table[(table["data"] == "real") & (table["group"] == "highest")]
    first = own[own["seed"] == 0]
    lines = [line.get_xydata() for line in panel(figure, "Weights, highest").get_lines()]
    assert len(lines) == 10
    for rank, line in enumerate(lines):
        np.testing.assert_allclose(line, first[first["rank"] == rank][["epoch", "weight"]])
    start = own[own["epoch"] == 0].set_index(["seed", "rank"])["weight"]
    moved = own.assign(moved=(own["weight"] - start.loc[list(zip(own["seed"], own["rank"], strict=True))].values).abs())
    mean = moved.groupby("epoch")["moved"].mean()
    np.testing.assert_allclose(drawn(panel(figure, "Distance"), BLUE)[:, 1], mean)
    assert panel(figure, "Weights, highest").get_ylim() == panel(figure, "Weights, lowest").get_ylim()


# Widths


def test_widths_draw_the_last_epoch_and_the_highest_coherence():
    table = samples.widths()
    figure = widths.draw(table)
    last = table[table["epoch"] == 20].groupby("width").mean(numeric_only=True)
    accuracy = panel(figure, "Accuracy")
    np.testing.assert_allclose(drawn(accuracy, VERMILION)[:, 1], last["train_top1"])
    np.testing.assert_allclose(drawn(accuracy, BLUE)[:, 1], last["validation_top1"])
    gaps = drawn(panel(figure, "Generalisation gap"), style.INK)
    np.testing.assert_allclose(gaps[:, 1], last["train_top1"] - last["validation_top1"])
    peaks = table[table["epoch"] > 0].groupby(["width", "seed"])["coherence"].max().groupby("width").mean()
    coherence = drawn(panel(figure, "Highest coherence"), style.INK)
    np.testing.assert_allclose(coherence, peaks.reset_index().to_numpy())
    assert all(axes.get_xscale() == "log" for axes in figure.axes)


def test_width_diffs_have_an_outline_a_width_and_their_sizes():
    table = samples.width_diffs()
    figure = width_diffs.draw(table)
    outlines = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]
    assert len(outlines) == len(samples.WIDTHS)
    sizes = mean_magnitude(table, ["width", "seed"]).groupby("width").mean()
    np.testing.assert_allclose(drawn(figure.axes[1], style.INK)[:, 1], sizes)
