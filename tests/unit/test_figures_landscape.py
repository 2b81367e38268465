"""Landscapes: geometry, colours, and drawing whatever a study may come up with."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import Ellipse

from figure_checks import texts
from figure_samples import VARIANTS, ellipses_of, landscape_figure, no_titles_overlap, ridge
from prunescape.figures import annotated_grid, plane, style, surface


@pytest.mark.parametrize("angle", [-90.0, -40.0, 0.0, 30.0, 90.0])
def test_the_drawn_ellipse_satisfies_its_equation(angle):
    row = ellipses_of(["dense"], angle_degrees=angle).iloc[0]
    patch = plane.ellipse_patch(row)
    outline = patch.get_path().transformed(patch.get_patch_transform())
    curves_ = [curve(np.linspace(0, 1, 5)) for curve, _ in outline.iter_bezier() if curve.degree > 1]
    points = np.vstack(curves_)
    assert len(points) >= 32
    x = points[:, 0] - row["centre_log10_weight_decay"]
    y = points[:, 1] - row["centre_log10_learning_rate"]
    turn = np.radians(angle)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    ones = (along / (row["length"] / 2)) ** 2 + (across / (row["width"] / 2)) ** 2
    np.testing.assert_allclose(ones, 1, atol=1e-3)


def test_panels_and_ellipses_of_a_landscape():
    figure = landscape_figure(ridge(VARIANTS))
    assert len(figure.axes) == 2 * len(VARIANTS) + 1
    drawn = [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, Ellipse)]
    assert len(drawn) == 2 * len(VARIANTS)
    assert "Non-uniform, 20 % of FLOPs" in texts(figure)
    assert "0.5-ROI: 9 cells" in texts(figure)
    assert no_titles_overlap(figure)


def test_many_variants_wrap():
    many = [*VARIANTS, "uniform-0.4", "non_uniform-0.4"]
    assert len(landscape_figure(ridge(many, 3, 3)).axes) == 2 * len(many) + 1


def test_a_missing_ellipse_is_said():
    ellipses = ellipses_of(["dense", "non_uniform-0.4"], fitted=False, n_cells=3, length=np.nan)
    figure = landscape_figure(ridge(), ellipses)
    assert "0.5-ROI not fitted: only 3 cells" in texts(figure)
    assert "ellipse of the" not in " ".join(entry.get_text() for entry in figure.legends[0].get_texts())
    assert not [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, Ellipse)]


def test_colours_span_the_top_share_of_all_observations():
    cells = pd.DataFrame({"variant": ["dense"] * 101, "f": np.linspace(0, 100, 101)})
    assert surface.colour_limits(cells, 15, 1.0) == pytest.approx((85, 100))


def test_a_variant_that_the_colours_leave_out_is_said():
    table = ridge()
    words = "leaving out networks that stay 10 points below the best"
    assert words not in texts(landscape_figure(table, landscape="accuracy")).replace("\n", " ")
    table.loc[table["variant"] == table["variant"].iloc[-1], "f"] -= 30
    assert words in texts(landscape_figure(table, landscape="accuracy")).replace("\n", " ")
    assert words not in texts(landscape_figure(table)).replace("\n", " ")


def coloured(figure) -> list[list[float]]:
    """The heights that cells are coloured by, a list a panel."""
    groups = [
        [group.get_array() for group in axes.collections if isinstance(group, PathCollection)] for axes in figure.axes
    ]
    return [
        np.concatenate(of).tolist() for one in groups if (of := [heights for heights in one if heights is not None])
    ]


def test_a_weak_network_is_coloured_by_its_own_best():
    table = ridge()
    weaker = table.assign(f=table["f"] - 30 * (table["variant"] != "dense"))
    dense, pruned = coloured(landscape_figure(weaker))
    assert [dense, pruned] == [pytest.approx(heights) for heights in coloured(landscape_figure(table))]
    assert max(dense) == max(pruned) == 0
    assert len(coloured(landscape_figure(weaker, landscape="accuracy"))[1]) == 0
    assert "points below each network's own best" in texts(landscape_figure(weaker))
    best = table[table["variant"] != "dense"]["f"].max() - 30
    assert f"best cell: {best:.1f} %" in texts(landscape_figure(weaker))


def test_the_estimate_is_the_mean_of_neighbours_by_a_gaussian_weight_and_failures_pull_no_further_than_the_floor():
    cells = ridge(["dense"], rows=5, columns=6).drop(index=[4, 11])
    cells.loc[7, "f"] = 10.0
    floor = 88.0
    estimate = surface.estimated(cells, floor)
    for here, found in zip(cells.itertuples(), estimate["f"], strict=True):
        near = [one for one in cells.itertuples() if max(abs(one.i - here.i), abs(one.j - here.j)) <= 3]
        weights = [np.exp(-((one.i - here.i) ** 2 + (one.j - here.j) ** 2) / 2) for one in near]
        assert found == pytest.approx(np.average([max(one.f, floor) for one in near], weights=weights))


@pytest.mark.parametrize("shown", ["below_best", "accuracy"])
def test_colours_reach_every_best_cell_of_noisy_landscapes_measured_and_estimated(shown):
    cells = ridge(["dense", "uniform-0.4", "uniform-0.2"], rows=11, columns=11, metric_noise=1.5)
    heights = surface.heights_of(cells, shown, 15.0, 1.0)
    for of in (heights.measured, heights.estimate):
        assert (of.groupby("variant")["f"].max() > heights.limits[0]).all()
        assert (of.groupby("variant")["f"].min() < heights.limits[0]).all()  # and hide what is far below
    if shown == "below_best":
        assert heights.limits[1] == 0
        assert (heights.estimate.groupby("variant")["f"].max() == 0).all()


def test_colours_reach_down_to_every_variants_optimum_but_not_to_failures():
    cells = pd.DataFrame({"variant": ["dense", "a", "failed"], "f": [95.0, 91.0, 10.0]})
    assert surface.colour_limits(cells, 1, 1.0) == pytest.approx((90, 95))


def test_the_surface_passes_through_the_cells_and_forgets_failures():
    cells = plane.located(ridge(["dense"]))
    floor = float(cells["f"].min())
    cells.loc[0, "f"] = 10.0
    x, y, values = surface.interpolate(cells, (-4.4, -3.6, -1.4, -0.6), floor)
    assert values.shape == (len(y), len(x))
    assert values.min() >= floor - 1e-9
    here = cells[(cells["i"] == 0) & (cells["j"] == 0)].iloc[0]
    nearest = values[np.abs(y - here["y"]).argmin(), np.abs(x - here["x"]).argmin()]
    assert nearest == pytest.approx(here["f"], abs=0.1)


def test_nothing_is_interpolated_where_no_cell_was_trained():
    cells = plane.located(ridge(["dense"]))
    corner = (cells["i"] >= 1) & (cells["j"] >= 1)
    extent = (cells["x"].min() - 0.12, cells["x"].max() + 0.12, cells["y"].min() - 0.12, cells["y"].max() + 0.12)
    x, y, values = surface.interpolate(cells[~corner], extent, 0.0)
    low = cells[corner][["x", "y"]].min() - 0.1
    expected = (y[:, None] > low["y"]) & (x > low["x"])
    np.testing.assert_array_equal(np.ma.getmaskarray(values), expected)
    assert not np.ma.getmaskarray(surface.interpolate(cells, extent, 0.0)[2]).any()


def awkward(kind):
    cells = ridge()
    if kind == "one row":
        return ridge(rows=1)
    if kind == "one cell":
        return ridge(rows=1, columns=1)
    if kind == "holes":
        return cells.drop(index=[0, 7, 8])
    cells.loc[3 : 9 if kind == "some missing" else len(cells), "f"] = np.nan if "missing" in kind else 10.0
    return cells


KINDS = ["one row", "one cell", "holes", "some missing", "all missing", "all diverged"]


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_landscapes_are_drawn(kind, tmp_path):
    cells = awkward(kind)
    if kind.startswith("all"):
        cells["f"] = np.nan if kind == "all missing" else 10.0
    figures = [landscape_figure(cells), annotated_grid.draw_means(cells, "resnet56", "dense", (3, 3))]
    for number, figure in enumerate(figures):
        style.save(figure, [str(tmp_path / f"{number}.png")], dpi=30)
        assert no_titles_overlap(figure)


def test_top5_without_ellipses_is_drawn():
    figure = landscape_figure(ridge(), metric="top5")
    assert "top-5 accuracy" in texts(figure)
    assert "0.5-ROI: no cells" in texts(figure)
