"""The figures of masks in the study `coherence`: what they draw."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import coherence_table_samples as samples
from figure_checks import dots, drawn, legible, lines_of, panel, texts
from prunescape.coherence.labels import MASKS, against_used
from prunescape.figures import style
from prunescape.figures.coherence import accuracies, children, early_masks, gap, layer_densities, mask_overlap, matched
from prunescape.figures.drawing import NOTHING
from prunescape.figures.palette import BLUE, GREEN, VERMILION

MODEL = samples.MODEL


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
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(MASKS.values())
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


def test_layers_that_keep_nothing_are_drawn_at_the_bottom():
    table = samples.densities((0,), layers=4, scopes=("global",)).assign(kept=0)
    figure = layer_densities.draw(table, MODEL)
    assert set(drawn(figure.axes[0], GREEN)[:, 1]) == {layer_densities.LEAST}


def test_overlap_is_percent_and_chance_is_marked():
    table = samples.mask_overlap()
    figure = mask_overlap.draw(table, MODEL)
    (axes,) = figure.axes
    magnitude = table[table["score"] == "magnitude"].groupby("epoch")["overlap"].mean()
    np.testing.assert_allclose(drawn(axes, VERMILION)[:, 1], 100 * magnitude)
    assert [line.get_ydata()[0] for line in axes.get_lines() if to_hex(line.get_color()) == style.MUTED] == [10]


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
    assert more["more_high"] - more["more"] == pytest.approx(4.302653 * 0.02 / 3**0.5)
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
