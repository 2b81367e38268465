"""ROI, ellipse, risk, extension and verdict against independent computations and the tables of the thesis."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_samples import verdict_of
from prunescape.config.grid import Grid
from prunescape.hpspace.ellipse import confidence_level, ellipses, fit
from prunescape.hpspace.extension import plan_extension
from prunescape.hpspace.landscape import best_cell, mean_over_seeds, region_of_interest
from prunescape.hpspace.lattice import Cell, Extent, Lattice
from prunescape.hpspace.risk import risk_cells, risk_table
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import headline, verdict_text

ANYWHERE = {"learning_rate": [1e-9, 1e9], "weight_decay": [1e-9, 1e9]}


def lattice(size: tuple[int, int] = (9, 9), tile: tuple[int, int] = (3, 3)) -> Lattice:
    return Lattice.around(Grid(step=0.2, size=size, tile=tile), {"learning_rate": 0.1, "weight_decay": 1e-4})


def cells_from(surfaces: dict[str, np.ndarray], seeds: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """cells.csv of one model from landscapes (i, j), centred on the prior."""
    rows = []
    generator = np.random.default_rng(0)
    for variant, surface in surfaces.items():
        rows_i, columns_j = surface.shape
        grid = lattice((rows_i, columns_j))
        for seed in range(seeds):
            for (a, b), value in np.ndenumerate(surface):
                cell = Cell(a - rows_i // 2, b - columns_j // 2)
                rate, decay = grid.values(cell)
                top1 = value + noise * generator.standard_normal()
                rows.append(("m", variant, seed, *cell, rate, decay, top1, np.nan, np.nan))
    columns = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5", "train_loss"]
    return pd.DataFrame(rows, columns=columns)


def ridge(peak: float, centre: tuple[float, float] = (0.0, 0.0), size: int = 9) -> np.ndarray:
    """A diagonal band: best along i + j = const, falling off slowly along it."""
    i, j = np.meshgrid(np.arange(size) - size // 2 - centre[0], np.arange(size) - size // 2 - centre[1], indexing="ij")
    return peak - 0.25 * (i + j) ** 2 - 0.02 * (i - j) ** 2


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


def test_risk_by_hand() -> None:
    dense = np.array([[90.0, 89.8, 80.0], [89.6, 70.0, 70.0], [70.0, 70.0, 70.0]])
    pruned = np.array([[84.0, 85.0, 80.0], [86.0, 70.0, 70.0], [70.0, 70.0, 88.0]])
    table = risk_table(risk_cells(cells_from({"dense": dense, "uniform-0.5": pruned}), 0.5)).set_index("variant")
    d = np.array([88 - 84, 88 - 85, 88 - 86])
    row = table.loc["uniform-0.5"]
    assert row["n_cells"] == 3
    assert row["d_mean"] == pytest.approx(d.mean())
    assert row["d_std"] == pytest.approx(d.std())  # population
    assert row["rel_mean"] == pytest.approx((d / 88).mean())
    assert table.loc["dense", "d_mean"] == pytest.approx((0 + 0.2 + 0.4) / 3)


def test_a_larger_grid_keeps_the_tiles_of_a_smaller_one() -> None:
    small, large = lattice((9, 9)), lattice((15, 21))
    assert set(small.initial_tiles()) < set(large.initial_tiles())
    cells = [cell for tile in small.initial_tiles() for cell in small.cells(tile)]
    assert len(cells) == len(set(cells)) == 81
    assert small.values(Cell(0, 0)) == (0.1, 1e-4)
    assert small.values(Cell(5, -5)) == (1.0, 1e-5)


def test_extension_adds_whole_tiles_on_the_touched_sides_for_the_whole_rectangle() -> None:
    surfaces = {"dense": ridge(90.0), "uniform-0.5": ridge(88.0, centre=(4, -4))}
    added, sides, _ = plan_extension(cells_from(surfaces), lattice(), 1.0, ANYWHERE)
    assert sides == {
        "smaller learning rates": ["dense"],
        "larger learning rates": ["dense", "uniform-0.5"],
        "smaller weight decays": ["dense", "uniform-0.5"],
        "larger weight decays": ["dense"],
    } or set(sides) >= {"larger learning rates", "smaller weight decays"}
    surfaces = {"dense": ridge(90.0) - 5 * (np.abs(np.indices((9, 9)) - 4).max(0) > 2), "uniform-0.5": ridge(88.0) * 0}
    surfaces["uniform-0.5"][8, 4] = 50.0
    added, sides, _ = plan_extension(cells_from(surfaces), lattice(), 1.0, ANYWHERE)
    assert sides == {"larger learning rates": ["uniform-0.5"]}
    assert sorted(added) == [Cell(5, -4), Cell(5, -1), Cell(5, 2)]


def test_extension_stops_at_the_bounds_and_inside() -> None:
    inner = np.full((9, 9), 50.0)
    inner[4, 4] = 90
    assert plan_extension(cells_from({"dense": inner}), lattice(), 1.0, ANYWHERE) == ([], {}, [])
    edge = np.full((9, 9), 50.0)
    edge[8, 8] = 90
    rate, decay = lattice().values(Cell(7, 7))
    bounds = {"learning_rate": [1e-9, rate * 0.999], "weight_decay": [1e-9, decay]}
    added, sides, blocked = plan_extension(cells_from({"dense": edge}), lattice(), 1.0, bounds)
    assert len(sides) == 2
    assert blocked == ["larger learning rates"]
    assert sorted(added) == [Cell(-4, 5), Cell(-1, 5), Cell(2, 5)]


def test_growing_two_sides_fills_the_corner() -> None:
    extent = Extent(Cell(-4, -4), Cell(4, 4))
    grown = extent.grown(lattice(), ["larger learning rates", "smaller weight decays"], ANYWHERE)
    assert grown == Extent(Cell(-4, -7), Cell(7, 4))
    assert len(grown.tiles(lattice())) == 16


def answer_for(pruned: np.ndarray, seeds: int = 3, noise: float = 0.05, dense: np.ndarray | None = None) -> dict:
    size = len(pruned)
    cells = cells_from(
        {"dense": ridge(90.0, size=size) if dense is None else dense, "uniform-0.5": pruned}, seeds, noise
    )
    return verdict_of(cells, 300)


def test_criteria_without_chance_beside_them_are_told() -> None:
    answer = answer_for(ridge(85.0))
    assert "control" not in verdict_text(answer)
    assert "control" not in verdict_page(answer)
    answer["models"]["m"]["without_control"] = ["taylor", "lamp"]
    words = "add random to criteria, to see whether taylor, lamp choose better than chance"
    assert f"no control: {words}" in verdict_text(answer)
    assert f"No control: {words}." in verdict_page(answer)


def test_verdict_keeps_where_nothing_moved() -> None:
    answer = answer_for(ridge(85.0))
    variant = answer["models"]["m"]["metrics"]["top1"]["variants"]["uniform-0.5"]
    assert variant["recommendation"] == "keep"
    assert variant["ellipse"]["shift"]["measured"] == pytest.approx(0, abs=0.1)
    assert variant["trials"] == {"nearest": 1, "random": pytest.approx(5, abs=4)}
    text = verdict_text(answer)
    assert "m: no need to tune again after pruning" in text
    assert "KEEP: equivalent within 0.5 points: keeping loses 0." in text


def test_verdict_tunes_where_the_band_moved() -> None:
    answer = answer_for(ridge(85.0, centre=(3, 2)))
    entry = answer["models"]["m"]
    variant = entry["metrics"]["top1"]["variants"]["uniform-0.5"]
    assert variant["recommendation"] == "tune"
    assert not variant["dense_optimum_in_roi"]
    cost = variant["loss_at_dense_optimum"]
    assert cost["low"] - 0.1 < 0.25 * 25 + 0.02 < cost["high"] + 0.1
    assert variant["ellipse"]["shift"]["p"] == pytest.approx(0.1)
    assert entry["border"]
    text = verdict_text(answer)
    dense = entry["metrics"]["top1"]["dense"]["risk"]["measured"]
    assert variant["risk_multiple"] == pytest.approx(variant["loss_measured"] / dense)
    assert (
        f"{variant['loss_measured']:.2f} points at risk ({variant['risk_multiple']:.1f} x the {dense:.2f} of dense)"
        in text
    )
    assert f"lies outside its 0.5-ROI and costs {cost['estimate']:.2f} points (95 % interval [" in text
    assert "m: tune again after pruning (the grid ends too early" in text
    assert (
        f"TUNE: worse by {variant['loss']:.2f} points (90 % interval [{variant['loss_low']:.2f},"
        f" {variant['loss_high']:.2f}]) if kept" in text
    )
    page = verdict_page(answer)
    assert f"{variant['loss']:.2f} [{variant['loss_low']:.2f},\N{NO-BREAK SPACE}{variant['loss_high']:.2f}]" in page
    assert 'class="words bad"><b>tune</b>' in page


def test_noise_leaves_the_verdict_open_and_it_says_what_would_help() -> None:
    answer = answer_for(ridge(85.0, centre=(0.7, 0.7)), seeds=2, noise=1.5)
    variant = answer["models"]["m"]["metrics"]["top1"]["variants"]["uniform-0.5"]
    assert variant["recommendation"] == "undecided"
    text = verdict_text(answer)
    assert "m: not decided" in text
    assert "UNDECIDED: not decided with these seeds: keeping loses" in text
    assert (f"; {variant['more_seeds']:.0f} more would" in text) != math.isnan(variant["more_seeds"])


@pytest.mark.parametrize("pruned", [ridge(85.0), ridge(85.0, centre=(3, 2))])
def test_one_seed_cannot_decide(pruned: np.ndarray) -> None:
    answer = answer_for(pruned, seeds=1)
    assert answer["models"]["m"]["metrics"]["top1"]["variants"]["uniform-0.5"]["recommendation"] == "undecided"
    text = verdict_text(answer)
    assert "one seed cannot decide" in text
    assert "nan" not in text
    assert ">nan" not in verdict_page(answer)


def test_a_landscape_without_relief_gives_no_answer() -> None:
    answer = answer_for(np.full((3, 3), 10.0), noise=0.0)
    assert answer["models"]["m"]["metrics"]["top1"]["variants"]["uniform-0.5"]["recommendation"] == "unknown"
    assert "no answer for uniform-0.5" in verdict_text(answer)


def test_several_variants_make_one_headline() -> None:
    kinds = {"a": "tune", "b": "undecided", "c": "keep", "d": "tune"}
    variants = {name: {"recommendation": kind} for name, kind in kinds.items()}
    assert headline(variants) == "tune again for a, d; not decided for b; no need to tune again for c"
    assert headline({"a": {"recommendation": "undecided"}}) == "not decided"


def test_risk_of_networks_that_learnt_nothing_is_zero_not_nan() -> None:
    table = risk_table(risk_cells(cells_from({"dense": np.zeros((3, 3))}), 0.5))
    assert table[["d_mean", "d_std", "rel_mean", "rel_std"]].to_numpy().tolist() == [[0, 0, 0, 0]]
