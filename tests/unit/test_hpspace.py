"""ROI, ellipse and verdict against independent computations and the tables of the thesis."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confirmation_samples import verdict_of
from grid_samples import cells_from, ridge
from prunescape.hpspace.ellipse import confidence_level, ellipses, fit
from prunescape.hpspace.landscape import best_cell, mean_over_seeds, region_of_interest
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text


def test_confidence_levels_are_those_of_table_3_5() -> None:
    assert [round(confidence_level(k), 4) for k in (1, 2, 3, 4)] == [0.6065, 0.1353, 0.0111, 0.0003]


def test_two_sigma_ellipse_holds_86_47_percent_of_a_gaussian() -> None:
    generator = np.random.default_rng(0)
    covariance = np.array([[0.5, -0.4], [-0.4, 0.6]])
    points = generator.multivariate_normal([-3.0, -1.5], covariance, 200_000)
    shape = fit(points[:, 0], points[:, 1], 2.0)
    turn = math.radians(shape["angle_degrees"])
    along = (points[:, 0] + 3.0) * math.cos(turn) + (points[:, 1] + 1.5) * math.sin(turn)
    across = -(points[:, 0] + 3.0) * math.sin(turn) + (points[:, 1] + 1.5) * math.cos(turn)
    inside = (2 * along / shape["length"]) ** 2 + (2 * across / shape["width"]) ** 2 <= 1
    assert 100 * inside.mean() == pytest.approx(86.47, abs=0.3)


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=5, max_size=30, unique=True),
    st.floats(-80, 80),
)
@example([(0, 4), (-1, -5), (-2, -1), (-4, 3), (-5, -4), (-6, 2)], 0.0)  # upright, but for rounding
def test_ellipse_turns_and_moves_with_its_points(points: list[tuple[int, int]], degrees: float) -> None:
    xy = np.array(points, dtype=float)
    first = fit(xy[:, 0], xy[:, 1], 2.0)
    turn = math.radians(degrees)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    moved = xy @ rotation.T + [1.0, -2.0]
    second = fit(moved[:, 0], moved[:, 1], 2.0)
    assert second["length"] == pytest.approx(first["length"], abs=1e-6)
    assert second["width"] == pytest.approx(first["width"], abs=1e-6)
    assert first["length"] >= first["width"] >= 0
    assert -90 < second["angle_degrees"] <= 90
    if first["length"] > 1.05 * first["width"]:
        difference = (second["angle_degrees"] - first["angle_degrees"] - degrees + 90) % 180 - 90
        assert abs(difference) < 1e-3


def test_a_line_of_points_has_no_width_and_its_own_angle() -> None:
    shape = fit(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([4.0, 3.0, 2.0, 1.0, 0.0]), 2.0)
    assert shape["width"] == pytest.approx(0, abs=1e-7)
    assert shape["angle_degrees"] == pytest.approx(-45)
    assert shape["length"] == pytest.approx(4 * math.sqrt(2 * 2.5))  # 4 standard deviations along the line


def test_performance_is_the_mean_over_seeds_and_roi_includes_its_border() -> None:
    cells = cells_from({"dense": np.array([[90.0, 89.5], [89.49, 88.0]])})
    doubled = pd.concat([cells, cells.assign(seed=1, top1=cells["top1"] + 1)])
    landscape = mean_over_seeds(doubled, "top1")
    assert landscape["f"].tolist() == [90.5, 90.0, 89.99, 88.5]
    assert len(region_of_interest(landscape, 0.5)) == 2
    assert best_cell(landscape)["f"] == 90.5


def test_small_regions_are_reported_and_not_fitted() -> None:
    surface = np.full((5, 5), 50.0)
    surface[0, :4] = 90.0
    table = ellipses(cells_from({"dense": surface}), [0.5, 1.0], 2.0, 5)
    assert table["n_cells"].tolist() == [4, 4]
    assert not table["fitted"].any()
    assert table["length"].isna().all()


def test_criteria_without_chance_beside_them_are_told() -> None:
    answer = verdict_of(cells_from({"dense": ridge(90.0), "uniform-0.5": ridge(85.0)}, 1, 0.05))
    assert "control" not in verdict_text(answer)
    assert "control" not in verdict_page(answer)
    answer["models"]["m"]["without_control"] = ["taylor", "lamp"]
    words = "add random to criteria, to see whether taylor, lamp choose better than chance"
    assert f"no control: {words}" in " ".join(verdict_text(answer).split())
    assert f"No control: {words}." in verdict_page(answer)
