"""The figures of the study `coherence`: what they draw."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch

import coherence_table_samples as samples
from figure_checks import dots, drawn, legible, lines_of, panel, texts
from prunescape.coherence.claims import highest_coherence
from prunescape.coherence.diff_spread import mean_magnitude, of_network
from prunescape.coherence.labels import MASKS, against_used
from prunescape.figures import palette, scales, style
from prunescape.figures.coherence import (
    accuracies,
    children,
    diff_histograms,
    early_masks,
    gap,
    initialisations,
    label_noise,
    layer_coherence,
    layer_densities,
    mask_overlap,
    matched,
    score_ranks,
    series,
    terms,
    trained_start,
    training,
    trajectories,
    weight_magnitudes,
    width_diffs,
    widths,
)
from prunescape.figures.drawing import NOTHING
from prunescape.figures.palette import BLUE, GREEN, ORANGE, VERMILION

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
    assert list(looks)[:6] == ["none", "diff best", "diff worst", "magnitude best", "magnitude worst", "random"]
    assert len({(look.colour, look.dashes) for look in looks.values()}) == len(MASKS)
    faces = {handle.get_label(): handle.get_markerfacecolor() for handle in series.handles(looks)}
    hollow = [words for words, face in faces.items() if face == style.PAPER]
    assert hollow == [words for (_, end), words in MASKS.items() if end == "worst"]


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


def test_the_highest_coherence_is_that_of_the_claim():
    table = samples.epochs()
    real = (table["data"] == "real") & (table["start"] == "fresh")
    late = real & (table["epoch"] == 60) & (table["seed"] == table["seed"].max())
    table.loc[late, "coherence"] = 0.9  # this network's highest is in another epoch
    best = highest_coherence(table, "real", "fresh").mean()
    assert best > table[real].groupby("epoch")["coherence"].mean().max()
    assert f"Highest after an epoch: real {best:.3g}, noise" in texts(training.draw(table, MODEL))


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
    figure = diff_histograms.draw(table, samples.epochs(every=1), MODEL)
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
    figure = diff_histograms.draw(table, samples.epochs(every=1), MODEL)
    labels = [axes.get_ylabel() for axes in figure.axes[::2]]
    assert labels[0] == "whole network"
    assert len(labels) == 2 + diff_histograms.MOST_LAYERS
    last = figure.axes[-2]
    sizes = mean_magnitude(table[(table["data"] == "real") & (table["which"] == "highest")], ["layer_index"])
    (line,) = lines_of(last, terms.WHICH["highest"].colour, least=3)
    np.testing.assert_allclose(line[:, 0], range(1, 51))
    np.testing.assert_allclose(line[:, 1], sizes[sizes.index >= 0])


def test_long_names_of_layers_lose_their_beginning():
    assert diff_histograms.shortened("conv1") == "conv1"
    assert diff_histograms.shortened("a" * 40 + ".conv2").endswith(".conv2")
    assert len(diff_histograms.shortened("a" * 40)) == diff_histograms.LONG
    block = "encoder.layers.encoder_layer_3"
    assert diff_histograms.shortened(f"{block}.self_attention.in_proj_weight") == "…layer_3….in_proj_weight"
    assert diff_histograms.shortened(f"{block}.self_attention.out_proj.weight") == "…layer_3….out_proj.weight"
    assert diff_histograms.shortened(f"{block}.mlp.0.weight") == "…oder_layer_3.mlp.0.weight"


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
    figure = width_diffs.draw(table, samples.widths())
    outlines = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]
    assert len(outlines) == len(samples.WIDTHS)
    widest = table.query("layer == 'all' and which == 'highest'").groupby(["width", "low"])["count"].sum()
    parts = (100 * widest / widest.groupby("width").transform("sum")).clip(lower=width_diffs.LEAST / 2)
    for width, outline in zip(samples.WIDTHS, outlines, strict=True):
        np.testing.assert_allclose(outline.get_data().values, parts[width])
    for which, look in terms.WHICH.items():
        own = table[(table["layer"] == "all") & (table["which"] == which)]
        sizes = mean_magnitude(own, ["width", "seed"]).groupby("width").mean()
        np.testing.assert_allclose(lines_of(figure.axes[1], look.colour)[0][:, 1], sizes)


# Masks


def test_children_over_width_have_a_line_a_mask():
    table = samples.mlp_children()
    figure = children.draw(table, "wide")
    axes = panel(figure, "Validation accuracy")
    dense = table[table["score"] == "none"].groupby("width")["validation_top1"].mean()
    np.testing.assert_allclose(drawn(axes, style.INK), dense.reset_index().to_numpy())
    random = table[table["score"] == "random"].groupby("width")["validation_top1"].mean()
    np.testing.assert_allclose(drawn(axes, GREEN)[:, 1], random)
    best, worst = lines_of(axes, BLUE)
    mine = table[table["score"] == "diff"].groupby(["end", "width"])["validation_top1"].mean()
    np.testing.assert_allclose(best[:, 1], mine["best"])
    np.testing.assert_allclose(worst[:, 1], mine["worst"])


def test_children_of_one_size_stand_over_their_parents_beside_a_level_line():
    table = samples.mlp_children("fixed")
    axes = panel(children.draw(table, "fixed"), "Validation accuracy")
    dense = drawn(axes, style.INK)
    assert len(dense) == len(samples.WIDTHS)
    np.testing.assert_allclose(dense[:, 1], table[table["score"] == "none"]["validation_top1"].mean())
    random = table[table["score"] == "random"].groupby("parent_parameters")["validation_top1"].mean()
    np.testing.assert_allclose(drawn(axes, GREEN), random.reset_index().to_numpy())


def test_a_dense_network_without_a_parent_stands_at_its_own_size():
    table = samples.mlp_children("fixed")
    orphan = table.assign(parent_parameters=table["parent_parameters"].where(table["score"] != "none"))
    axes, expected = (panel(children.draw(part, "fixed"), "Validation accuracy") for part in (orphan, table))
    np.testing.assert_allclose(drawn(axes, style.INK), drawn(expected, style.INK))


def test_scopes_have_rows_of_their_own_and_the_dense_network_is_in_each():
    table = samples.mlp_children(scopes=("local", "global"))
    table.loc[(table["scope"] == "local") & (table["score"] == "random"), "validation_top1"] = 33.0
    figure = children.draw(table, "wide")
    assert len(figure.axes) == 8
    first, second = (axes for axes in figure.axes if axes.get_title(loc="left").startswith("Validation accuracy"))
    assert [axes.get_title(loc="left").split("\n")[1] for axes in (first, second)] == ["global", "local"]
    assert set(drawn(second, GREEN)[:, 1]) == {33.0}
    assert drawn(first, GREEN)[:, 1].min() > 40
    np.testing.assert_allclose(drawn(first, style.INK), drawn(second, style.INK))


def test_the_gain_is_over_the_dense_network_of_the_same_seed_and_width():
    table = samples.mlp_children()
    table.loc[table["seed"] == 1, "validation_top1"] += 5  # of all networks of a seed: no gain
    figure = gap.draw(table)
    gains = drawn(panel(figure, "Gain"), GREEN)
    np.testing.assert_allclose(gains[:, 1], 1.4 + np.arange(6))
    rows = table[table["score"] == "random"]
    gaps = (rows["train_top1"] - rows["validation_top1"]).groupby(rows["width"]).mean()
    np.testing.assert_allclose(drawn(panel(figure, "Generalisation gap"), GREEN)[:, 1], gaps)


def test_accuracies_are_dots_beside_published_ones():
    table = samples.network_children()
    figure = accuracies.draw(table, MODEL, "cifar10")
    whole, zoomed = figure.axes[4], figure.axes[2]
    values = dots(whole, BLUE)
    own = table[(table["scope"] == "local") & (table["score"] == "diff") & (table["end"] == "best")]
    means = values[np.isin(values[:, 1], [1])]
    assert means[:, 0] == pytest.approx([own["validation_top1"].mean()])
    published = dots(whole, style.HIGHLIGHT)
    assert dict(zip(published[:, 1], published[:, 0], strict=True)) == {
        0: 91.02, 1: 88.72, 2: 88.34, 3: 89.01, 4: 88.7, 5: 89.86,
    }  # fmt: skip
    assert "◂ 12.0 %" in [text.get_text() for text in zoomed.texts]
    assert zoomed.get_xlim()[0] > 60
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(MASKS.values())[:6]
    assert "thesis" in texts(figure)
    assert "thesis" not in texts(accuracies.draw(table, MODEL, "digits"))


def test_layer_densities_are_percent_over_depth():
    table = samples.densities(layers=8, scopes=("floor",))
    figure = layer_densities.draw(table, MODEL)
    convolutions, shortcuts = figure.axes
    own = table[(table["kind"] == "convolution") & (table["score"] == "diff") & (table["end"] == "best")]
    kept = (100 * own["kept"] / own["weights"]).groupby(own["layer_index"] + 1).mean()
    best, _ = lines_of(convolutions, BLUE)
    np.testing.assert_allclose(best, kept.reset_index().to_numpy())
    assert [axes.get_title(loc="left").split(",")[0] for axes in figure.axes] == ["Convolutions", "Shortcuts"]
    assert list(drawn(shortcuts, GREEN)[:, 0]) == [4, 8]
    assert convolutions.get_yscale() == "log"


def test_masks_of_other_scores_have_a_row_of_their_own_beside_random_ones():
    table = samples.densities(layers=8, scopes=("floor",))
    others = table[table["score"] == "diff"].assign(score="snip")
    figure = layer_densities.draw(pd.concat([table, others], ignore_index=True), MODEL)
    assert legible(figure)
    above, _, below, _ = figure.axes
    assert len(lines_of(above, BLUE)) == 2
    assert not lines_of(below, BLUE)
    assert len(lines_of(below, terms.MASK_LOOKS["snip best"].colour)) == 2
    assert lines_of(above, GREEN)
    assert lines_of(below, GREEN)


def test_layers_that_keep_nothing_are_drawn_at_the_bottom():
    table = samples.densities((0,), layers=4, scopes=("global",)).assign(kept=0)
    figure = layer_densities.draw(table, MODEL)
    assert set(drawn(figure.axes[0], GREEN)[:, 1]) == {layer_densities.LEAST}


def test_overlap_is_percent_and_chance_is_marked():
    table = samples.mask_overlap()
    figure = mask_overlap.draw(table, MODEL)
    (axes,) = figure.axes
    magnitude = table[table["score"] == "magnitude"].groupby("epoch")["overlap"].mean()
    line, chance = lines_of(axes, VERMILION)
    np.testing.assert_allclose(line[:, 1], 100 * magnitude)
    np.testing.assert_allclose(chance[:, 1], 10)


def test_early_masks_are_compared_with_the_used_one_by_seed():
    table = samples.early_masks()
    figure = early_masks.draw(table, MODEL, 0.5)
    left, right = figure.axes
    own = table[table["score"] == "diff"].groupby("epoch")["validation_top1"].mean()
    line, level = lines_of(left, BLUE)
    np.testing.assert_allclose(line, own.drop(60).reset_index().to_numpy())
    np.testing.assert_allclose(level[:, 1], own[60])
    np.testing.assert_allclose(drawn(right, BLUE)[:, 1], own.drop(60) - own[60])
    more = early_masks.differences(against_used(table)).set_index(["score", "epoch"]).loc["diff", 9]
    assert more["more_high"] - more["more"] == pytest.approx(4.302653 * 0.02 * (1 + 1 / 61 - 1 / 10) / 3**0.5)
    assert "Used are the magnitude mask of the last epoch" in texts(figure)


def test_early_masks_without_the_used_one_say_so():
    figure = early_masks.draw(samples.early_masks(used=None), MODEL, 0.5)
    left, right = figure.axes
    assert len(lines_of(left, BLUE)) == 1
    assert NOTHING in [text.get_text() for text in right.texts]
    assert "No network has the mask that is used" in texts(figure)
    assert legible(figure)


def test_matched_masks_and_their_differences():
    table = samples.matched(gain=3.0)
    figure = matched.draw(table.assign(matched=table["matched"].astype(str)), MODEL, 0.5)
    left, right = figure.axes
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert labels == ["diff, best", "diff, worst", "magnitude, best", "magnitude, worst"]
    differences = dots(right, BLUE)
    assert differences[np.isclose(differences[:, 1], 0)][:, 0] == pytest.approx([3.0])
    masks = dots(left, BLUE)
    assert masks[np.isclose(masks[:, 1], -matched.APART)][:, 0] == pytest.approx([83.0])


def test_matched_masks_of_several_scopes_are_told_apart():
    table = pd.concat([samples.matched().assign(scope=scope) for scope in ("floor", "local")])
    rows = matched.pairs(table)
    assert next(iter(rows)) == "diff, best\n(global with a floor)"
    assert len(rows) == 8
    alone = table[~table["matched"]]
    assert matched.pairs(alone) == {}


def test_chance_stands_beside_diffs():
    """Dotted, in the colours of the epochs, at what random signs would give; none where that is not known."""
    table = samples.diff_histogram()
    figure = diff_histograms.draw(table, samples.epochs(every=1).assign(diff_size_by_chance=0.03), MODEL)
    dotted = [line for line in figure.axes[-1].lines if line.get_linestyle() == ":"]
    assert [set(line.get_ydata()) for line in dotted] == [{0.03}] * 2
    assert {line.get_color() for line in dotted} == {look.colour for look in terms.WHICH.values()}
    none = diff_histograms.draw(table, samples.epochs().iloc[:0], MODEL)
    assert not [line for line in none.axes[-1].lines if line.get_linestyle() == ":"]
    late = samples.widths()["epoch"] > 10  # as that of the lowest coherence
    known = samples.widths().assign(diff_size_by_chance=lambda of: (1 - 0.75 * late) / of["width"])
    right = width_diffs.draw(samples.width_diffs(), known).axes[1]
    dotted = [line for line in right.lines if line.get_linestyle() == ":"]
    assert [line.get_color() for line in dotted] == [look.colour for look in terms.WHICH.values()]
    for line, part in zip(dotted, (1.0, 0.25), strict=True):
        assert line.get_ydata() == pytest.approx([part / width for width in samples.WIDTHS])


def test_scores_stand_in_a_matrix_with_their_numbers():
    figure = score_ranks.draw(samples.score_ranks(), MODEL)
    left, right = figure.axes
    assert {text.get_text() for text in left.texts} == {"0.80", "0.70", "0.05", "0.30", "0.45"}
    assert {text.get_text() for text in right.texts} == {"50", "45", "12", "25", "32"}
    assert legible(figure)
    assert NOTHING in texts(score_ranks.draw(samples.score_ranks(), "other"))


def test_initialisations_have_a_line_each_and_the_dense_network_is_a_level():
    children = samples.mlp_children("fixed", scopes=("local",)).assign(initialisation="he")
    dense = children["score"] == "none"
    scaled = children[~dense].assign(initialisation="scaled", validation_top1=lambda rows: rows["validation_top1"] + 5)
    figure = initialisations.draw(pd.concat([children, scaled], ignore_index=True))
    assert legible(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["Diff masks", "Magnitude masks", "Random masks"]
    he, other = lines_of(figure.axes[0], BLUE)[0], lines_of(figure.axes[0], ORANGE)[0]
    own = children[(children["score"] == "diff") & (children["end"] == "best")]
    means = own.groupby("parent_parameters")["validation_top1"].mean()
    assert he[:, 1] == pytest.approx(means.to_numpy())
    assert other[:, 1] == pytest.approx(means.to_numpy() + 5)
    level = children.loc[dense, "validation_top1"].mean()
    assert any(np.allclose(line.get_ydata(), level) for line in figure.axes[0].lines)
    assert "local masks" in texts(figure)
    assert NOTHING in texts(initialisations.draw(children.iloc[:0]))
    other = children.assign(scope=children["scope"].where(dense, "floor"), validation_top1=1.0)
    alone = initialisations.draw(pd.concat([children, other[~dense]], ignore_index=True))  # He's of two scopes
    assert lines_of(alone.axes[0], BLUE)[0][:, 1] == pytest.approx(means.to_numpy())
    assert "local masks" in texts(alone)


def test_coherence_by_layer_is_drawn_over_epochs_and_at_its_highest():
    epochs = samples.epochs()
    figure = layer_coherence.draw(samples.layer_coherence(), epochs, MODEL)
    assert legible(figure)
    real, noise, highest = figure.axes
    assert (real.get_title(loc="left"), noise.get_title(loc="left")) == ("Real data", "Gaussian noise")
    assert len([line for line in real.lines if len(line.get_xdata()) == 3]) == layer_coherence.MOST_LAYERS
    peak = lines_of(highest, BLUE)[0]
    assert peak[:, 0].tolist() == list(range(1, 10))
    assert peak[:, 1] == pytest.approx([0.05 * (place + 1) + 0.0005 for place in range(9)])
    assert any(np.allclose(line.get_ydata(), 2e-5) for line in highest.lines)
    assert real.get_ylim() == noise.get_ylim() == highest.get_ylim()
    assert NOTHING in texts(layer_coherence.draw(samples.layer_coherence().iloc[:0], epochs, MODEL))


def test_classes_stand_beside_all_images_from_real_labels_to_noise():
    table = samples.class_coherence()
    figure = label_noise.draw(table, MODEL)
    assert legible(figure)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["none", "25 %", "100 %", "Gaussian\nimages"]
    assert lines_of(left, BLUE)[0][:, 1] == pytest.approx([0.05, 0.03, 0.02, 0.01])
    assert lines_of(left, palette.VIOLET)[0][:, 1] == pytest.approx([0.25, 0.23, 0.22, 0.21])
    assert lines_of(right, BLUE)[0][:, 1] == pytest.approx([0.11, 0.09, 0.08, 0.07])
    assert lines_of(right, ORANGE)[0][:, 1] == pytest.approx([0.09] * 4)
    assert NOTHING in texts(label_noise.draw(table.iloc[:0], MODEL))


@pytest.mark.parametrize("draw", [lambda table: children.draw(table, "wide"), gap.draw], ids=["children", "gap"])
def test_networks_that_do_not_learn_do_not_rule_the_axes(draw):
    """At the smallest width one mask leaves a network that guesses, 30 points below all others."""
    table = samples.mlp_children()
    lost = (table["score"] == "random") & (table["width"] == 64)
    table.loc[lost, ["train_top1", "validation_top1"]] = [11.0, 10.0]
    figure = draw(table)
    assert legible(figure)
    for title in ("Validation accuracy", "Gain over the dense network"):
        for axes in (axes for axes in figure.axes if axes.get_title(loc="left").startswith(title)):
            low, high = axes.get_ylim()
            assert high - low < 20
    assert "networks that learn" in texts(figure)


def test_masks_of_other_scores_have_rows_where_they_are():
    masks = (*samples.MASKS, ("snip", "best", 81.5))
    figure = accuracies.draw(samples.network_children(masks=masks), MODEL, "cifar10")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [*list(MASKS.values())[:6], "SNIP, best"]
