"""The figures of the study `mechanism`: what they draw."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Annotation

import mechanism_tables as tables
from figure_checks import dots, legible, lines_of, texts
from prunescape.figures import scales, select, style
from prunescape.figures.mechanism import (
    barriers,
    cycles,
    labels,
    marks,
    surfaces,
    terms,
    utility_bands,
    utility_channels,
    utility_epochs,
    utility_pruned,
    utility_sizes,
)
from prunescape.figures.palette import BLUE
from prunescape.figures.select import at
from prunescape.mechanism import cycles as library
from prunescape.mechanism import sampling

MODEL = tables.MODEL
ONE = {"numbers": (1,)}


# Words, colours and axes


def test_the_words_are_those_of_the_tables():
    assert list(sampling.ABLATIONS) == [terms.RATIO, terms.NUMBER]
    assert list(terms.PRUNINGS) == [library.WEIGHTS, library.CHANNELS]
    assert list(terms.RETRAININGS) == list(terms.RETRAINING_LOOKS) == list(library.RETRAININGS)
    assert set(barriers.WAYS) == {(one, other) for one in terms.PRUNINGS for other in terms.RETRAININGS}


def test_every_ratio_has_a_colour_and_a_marker():
    chosen = terms.level_looks([*tables.LEVELS, 0.1, np.nan])
    assert list(chosen) == sorted(tables.LEVELS)
    assert len({(look.colour, look.marker) for look in chosen.values()}) == len(tables.LEVELS)
    assert chosen[0.075].label == "7.5 % ablated"


def test_some_values_are_evenly_chosen():
    assert select.some(range(10), 4) == [0, 3, 6, 9]
    assert select.some(range(10), 1) == [9]
    assert select.some([1, 2], 4) == [1, 2]
    assert select.some([], 4) == []


def test_seeds_are_averaged_and_spanned_where_there_are_several():
    table = pd.DataFrame({"level": [1, 1, 2, 2], "mean": [1.0, 3.0, 5.0, np.nan]})
    spread = select.over_seeds(table, ["level"], ["mean"])
    assert list(spread["mean"]) == [2.0, 5.0]
    np.testing.assert_equal(spread[["mean_low", "mean_high"]].to_numpy(), [[1, 3], [np.nan, np.nan]])


@pytest.mark.parametrize(("values", "scale"), [([0.01, 5.0], "log"), ([1.0, 5.0], "linear"), ([0.0, 0.0], "linear")])
def test_the_axis_of_utilities_is_logarithmic_where_they_are_far_apart(values, scale):
    axes = style.new_figure(3, 3).subplots()
    scales.nats(axes, pd.Series(values))
    assert axes.get_yscale() == scale


# Utility


def test_epochs_show_the_statistics_and_the_ablated_accuracy():
    summary, samples, _ = tables.with_summary(tables.epochs())
    figure = utility_epochs.draw(summary, samples, MODEL)
    for level, look in terms.level_looks(tables.LEVELS).items():
        mine = at(summary, level=level)
        for axes, name in ((figure.axes[0], "imbalance"), (figure.axes[1], "mean"), (figure.axes[5], "top1")):
            means = mine.groupby("epoch")[name].mean()
            np.testing.assert_allclose(lines_of(axes, look.colour), [np.column_stack([means.index, means])])
    whole = summary.groupby("epoch")["whole_top1"].mean()
    np.testing.assert_allclose(lines_of(figure.axes[5], style.INK)[0][:, 1], whole)
    assert "bands span them" in texts(figure)


def test_histograms_count_whole_sample_sets():
    samples = tables.epochs(seeds=(0,))
    figure = utility_epochs.draw(tables.summary(samples), samples, MODEL)
    for axes in figure.axes[6:]:
        assert len(axes.collections) == utility_epochs.MOST_EPOCHS
        for outline in axes.collections:  # as high as the parts in percent, of one width: by Gauss' shoelace
            x, y = outline.get_paths()[0].vertices.T
            width = np.diff(np.unique(x)).max()
            assert abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1))) / 2 / width == pytest.approx(100)


def test_bands_lie_at_the_middle_of_their_weights():
    table = tables.bands(seeds=(0,), ratios=(0.25,), count=4)
    left = utility_bands.draw(table, MODEL).axes[0]
    (line,) = lines_of(left, next(iter(terms.level_looks([0.25]).values())).colour)
    np.testing.assert_allclose(line[:, 0], [12.5, 37.5, 62.5, 87.5])
    np.testing.assert_allclose(line[:, 1], table["top1"])


def test_bands_have_a_row_an_epoch():
    figure = utility_bands.draw(tables.bands(at=(0, 50, 100, 150, 200)), MODEL)
    titles = [axes.get_title(loc="left") for axes in figure.axes[::2]]
    assert titles == [f"Accuracy after epoch {epoch}" for epoch in (0, 100, 200)]


def test_sizes_are_compared_by_ratio_and_by_number():
    summary, samples, _ = tables.with_summary(tables.sizes(seeds=(0,)))
    figure = utility_sizes.draw(summary, samples, MODEL)
    for size, look in utility_sizes.size_looks(tables.SIZES).items():
        for row, ablation in enumerate(("ratio", "number")):
            mine = at(summary, size=size, ablation=ablation)
            expected = np.column_stack([100 * mine["level"], mine["mean"]])
            np.testing.assert_allclose(lines_of(figure.axes[4 * row + 1], look.colour), [expected])
    assert sum("of its own weights ablated" in axes.get_title(loc="left") for axes in figure.axes) == len(tables.LEVELS)


def test_pruned_networks_have_a_row_a_pruning_ratio():
    figure = utility_pruned.draw(*tables.with_summary(tables.pruned(seeds=(0,))))
    rows = [axes.get_ylabel().split("\n")[0] for axes in figure.axes[:12:4]]
    assert rows == ["25 % pruned", "50 % pruned", "75 % pruned"]
    assert all(len(axes.get_lines()) == 3 for axes in figure.axes[:2])
    assert "50 % pruned, 5 % ablated" in texts(figure)


def test_every_channel_is_drawn_with_the_medians_of_layers():
    table = tables.channels(seeds=(0,), layers=3)
    upper, left, right = utility_channels.draw(table, tables.correlations((0,)), MODEL).axes
    np.testing.assert_allclose(np.sort(dots(upper)[:, 1]), np.sort(table["utility"]))
    np.testing.assert_allclose(dots(left)[:, 0], table["utility"])
    np.testing.assert_allclose(dots(left)[:, 1], table["top1"])
    np.testing.assert_allclose(dots(right, BLUE)[:, 0], tables.correlations((0,))["correlation"])
    lost = utility_channels.draw(table.assign(top1_lost=1.5), tables.correlations((0,)), MODEL).axes[1]
    assert set(dots(lost)[:, 1]) == {1.5}


def test_channels_without_utility_are_drawn_at_the_least():
    table = tables.channels(seeds=(0,), layers=2)
    table.loc[3, "utility"] = 0.0
    figure = utility_channels.draw(table, tables.correlations((0,)), MODEL)
    assert dots(figure.axes[1])[3, 0] == scales.LEAST
    assert "below $10^{-6}$" in texts(figure)


def test_correlations_are_named_by_their_keys():
    named = utility_channels.row_labels(tables.correlations((0,), levels=(0.05,)))
    assert named == ["channels", "weights, 5 %"]
    assert utility_channels.row_labels(pd.DataFrame({"seed": [0], "correlation": [0.5]})) == ["all"]


# Basins


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ("W*", ("W*", 0, "$W^{*}$")),
        ("Wp3", ("p", 3, "$W^{p}_{3}$")),
        ("W_r_2", ("r", 2, "$W^{r}_{2}$")),
        ("W_p", ("p", 4, "$W^{p}_{4}$")),
        ("other", ("", 0, "other")),
    ],
)
def test_names_of_networks(point, expected):
    assert marks.parse(point, 4) == expected


@pytest.mark.parametrize("spread", [40.0, 3.0, 0.0])
def test_labels_keep_clear_of_each_other_and_within_the_frame(spread):
    points = np.array([120.0, 110.0]) + spread * np.random.default_rng(0).normal(size=(11, 2))
    sizes = np.full((11, 2), (18.0, 13.0))
    centres = labels.place(points, sizes, (240, 220))
    assert all((np.abs(one - other) >= (18, 13)).any() for one, other in combinations(centres, 2))
    assert (centres - sizes / 2 >= 0).all()
    assert (centres + sizes / 2 <= (240, 220)).all()


def test_surfaces_mark_and_name_every_network_in_every_cycle():
    figure = surfaces.draw(*tables.on_planes())
    figure.draw_without_rendering()
    expected = {marks.parse(name, 1)[2] for name in tables.points()}
    for axes in figure.axes[:5]:
        written = [text for text in axes.texts if isinstance(text, Annotation) and text.get_text()[:1] == "$"]
        named = [text.get_text().partition(" +") for text in written]
        written = [text for text, (name, _, _) in zip(written, named, strict=True) if name in expected]
        assert {name for name, _, _ in named} >= expected
        off = {name: away for name, _, away in named if name in expected}
        assert sum(away == "" for away in off.values()) == 3  # the corners of the plane
        assert set(off.values()) == {"", "1"}
        boxes = [text.get_window_extent() for text in written]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        assert len([line for line in axes.get_lines() if line.get_marker() in "*Do"]) == len(expected)


def test_surfaces_print_the_distances_of_the_corners():
    lengths = tables.distances(**ONE)
    first = surfaces.draw(*tables.on_planes(**ONE)).axes[0]
    (row,) = at(lengths, **{"cycle": 1, "from": "W*", "to": "Wr1"}).itertuples()
    assert rf"$\|W^{{*}}-W^{{r}}\|$ {row.distance:.3g}" in first.texts[0].get_text()


def test_surfaces_draw_one_seed_and_prefer_batch_norm_measured_anew():
    surface, points, lengths, *rest = tables.on_planes(seeds=(2, 5), numbers=(1,))
    both = pd.concat([surface.assign(recomputed=False, top1=10.0), surface])
    figure = surfaces.draw(both, points, lengths, *rest)
    assert "seed 2" in texts(figure)
    assert "measured anew" in texts(figure)
    assert len(figure.axes) == 3
    assert "combined" in texts(surfaces.draw(surface.assign(recomputed=False), points, lengths, *rest))


def test_barriers_show_lines_and_heights():
    table, heights = tables.lines(seeds=(0, 1)), tables.barriers(seeds=(0, 1))
    figure = barriers.draw(table, heights, MODEL)
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes[:5]]
    assert titles[0] == "Weight pruning, fine-tuning"
    assert titles[-1] == "Between pretrained seeds"
    assert [len(axes.get_lines()) for axes in figure.axes[:10]] == [5, 5, 5, 5, 1] * 2
    loss = at(heights, measure="loss", what="pruned_retrained")
    drawn = np.concatenate([dots(figure.axes[10], look.colour)[:, 1] for look in barriers.WAYS.values()])
    np.testing.assert_allclose(np.sort(drawn), np.sort(loss["barrier"]))


def test_barriers_stand_over_distances_with_controls_and_both_ways_of_batch_norm():
    heights = tables.barriers(seeds=(0, 1)).assign(distance=lambda t: 5.0 + t["barrier"])
    others = [heights.assign(what=what) for what in ("small", "last_cycle", "random")]
    every = pd.concat([heights, *(other[other["pruning"].notna()] for other in others)], ignore_index=True)
    combined = every.assign(recomputed=False, barrier=3 * every["barrier"])
    figure = barriers.draw(tables.lines(seeds=(0, 1)), pd.concat([every, combined], ignore_index=True), MODEL)
    axes = figure.axes[-1]
    points = {  # by whether they are filled
        filled: np.concatenate(
            [part.get_offsets() for part in axes.collections if bool(len(part.get_facecolors())) == filled]
        )
        for filled in (True, False)
    }
    for filled, table in ((True, every), (False, combined)):
        wanted = at(table, measure="error")[["distance", "barrier"]].to_numpy()
        np.testing.assert_allclose(np.sort(points[filled], axis=0), np.sort(wanted, axis=0))
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[-6:] == [
        "to the retrained network",
        "from the cycle before",
        "to a small network",
        "in a random direction",
        "between seeds",
        "statistics combined",
    ]
    drawn = np.concatenate([dots(figure.axes[11], look.colour)[:, 1] for look in barriers.WAYS.values()])
    assert drawn.max() == at(every, measure="error", what="pruned_retrained")["barrier"].max()  # measured anew alone


def test_barriers_of_pruned_networks_or_of_seeds_alone():
    for what, columns in (("pruned_retrained", 4), ("seeds", 2)):
        table, heights = (at(part, what=what) for part in (tables.lines((0, 1)), tables.barriers((0, 1))))
        figure = barriers.draw(table.replace({"loss": {table["loss"].max(): np.inf}}), heights, MODEL)
        assert len(figure.axes) == 2 * columns + 3
        assert legible(figure)


def test_cycles_write_the_numbers_of_the_last_cycle():
    figure = cycles.draw(tables.cycles(seeds=(0,)), MODEL)
    last = at(tables.cycles(seeds=(0,)), cycle=5, pruning="weights").set_index("retraining")["top1"]
    assert f"Last cycle: fine-tuning {last['fine_tuning']:.1f}, rewinding {last['rewinding']:.1f}" in texts(figure)
    (line,) = lines_of(figure.axes[0], cycles.SMALL.colour)
    np.testing.assert_allclose(line[:, 0], 100 * 0.7 ** np.arange(5, 0, -1))


def test_cycles_leave_out_what_diverged():
    table = tables.cycles(seeds=(0,))
    figure = cycles.draw(table.assign(diverged=(table["cycle"] == 5) & (table["retraining"] == "fine_tuning")), MODEL)
    assert "Left out, as they diverged: 2 networks." in texts(figure)
    assert len(lines_of(figure.axes[0], BLUE)[1]) == 4
