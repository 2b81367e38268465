"""Grids and how they grow: by tiles beside regions of interest; cells that were not trained count nowhere."""

import numpy as np
import pandas as pd
import pytest

from grid_samples import ANYWHERE, cells_from, lattice, ridge
from landscape_samples import ANALYSIS, cells_of, trained, truth
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.extension import plan_extension, touched_sides
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.landscape import mean_over_seeds
from prunescape.hpspace.lattice import THESIS, Cell
from prunescape.hpspace.permutation import shift_tests
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.risk import risk_table
from prunescape.hpspace.tuning import regret


def test_a_larger_grid_keeps_the_tiles_of_a_smaller_one() -> None:
    small, large = lattice((9, 9)), lattice((15, 21))
    assert set(small.initial_tiles()) < set(large.initial_tiles())
    cells = [cell for tile in small.initial_tiles() for cell in small.cells(tile)]
    assert len(cells) == len(set(cells)) == 81
    assert small.values(Cell(0, 0)) == (0.1, 1e-4)
    assert small.values(Cell(5, -5)) == (1.0, 1e-5)


def test_extension_adds_the_tiles_beside_regions_of_interest() -> None:
    surfaces = {"dense": ridge(90.0), "uniform-0.5": ridge(88.0, centre=(4, -4))}
    _, sides, _ = plan_extension(cells_from(surfaces), lattice(), 1.0, ANYWHERE)
    assert set(sides) >= {"larger learning rates", "smaller weight decays"}
    surfaces = {"dense": np.full((9, 9), 50.0), "uniform-0.5": np.full((9, 9), 40.0)}
    surfaces["dense"][4, 4], surfaces["uniform-0.5"][8, 4] = 90.0, 50.0
    added, sides, _ = plan_extension(cells_from(surfaces), lattice(), 1.0, ANYWHERE)
    assert sides == {"larger learning rates": ["uniform-0.5"]}
    assert added == [Cell(5, -1)]  # of the cell (4, 0), whose neighbours beyond are (5, -1), (5, 0) and (5, 1)
    surfaces["dense"][8, 8] = 90.0
    added, sides, _ = plan_extension(cells_from(surfaces), lattice(), 1.0, ANYWHERE)
    assert added == [Cell(2, 5), Cell(5, -1), Cell(5, 2), Cell(5, 5)]
    assert sides == {"larger learning rates": ["dense", "uniform-0.5"], "larger weight decays": ["dense"]}


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
    assert added == [Cell(2, 5)]


def test_grids_need_not_be_rectangles() -> None:
    """Where a tile is missing, a region of interest touches the border inside the rectangle of all cells, too."""
    surface = np.full((9, 9), 50.0)
    surface[5, 5] = 90.0  # the cell (1, 1)
    cells = cells_from({"dense": surface, "uniform-0.5": surface})
    without = cells[~((cells["i"] >= 2) & (cells["j"] >= 2))]
    assert touched_sides(mean_over_seeds(without, "top1"), 1.0) == {
        "larger learning rates": ["dense", "uniform-0.5"],
        "larger weight decays": ["dense", "uniform-0.5"],
    }
    assert plan_extension(without, lattice(), 1.0, ANYWHERE)[0] == [Cell(2, 2)]
    assert touched_sides(mean_over_seeds(cells, "top1"), 1.0) == {}


def test_cells_that_were_not_trained_are_no_bad_ones() -> None:
    """Every number of a grid with a corner missing is that of the whole grid, had networks failed in that corner.

    The settings tried are fewer: regret is that of choosing among those that are there.
    """
    random = np.random.default_rng(3)
    truths = [truth("ridge", random) for _ in range(2)]
    cells = cells_of(np.stack([trained(f, 3, random) for f in truths]))
    corner = cells["i"] + cells["j"] > 5
    failed = cells.assign(top1=cells["top1"].where(~corner, 30.0))
    assert corner.any()
    numbers = {}
    for name, table in (("missing", cells[~corner]), ("failed", failed)):
        drawn = resample(table, THESIS, 1.0, 200, 0.95)
        tables = [ellipses(table, [0.5, 1.0], 2.0, 5), risk_table(table, 0.5), shift_tests(table, [0.5, 1.0], 2.0, 5)]
        numbers[name] = tables, intervals(drawn, ANALYSIS), regret(drawn)
    for missing, whole in zip(numbers["missing"][0], numbers["failed"][0], strict=True):
        pd.testing.assert_frame_equal(missing, whole)
    missing, whole = numbers["missing"][1], numbers["failed"][1]
    pd.testing.assert_series_equal(missing["measured"], whole["measured"])
    risks = missing["quantity"] == "d_mean"
    np.testing.assert_allclose(missing[risks]["estimate"], whole[risks]["estimate"], atol=0.15)
    trials = numbers["missing"][2].groupby("strategy")["trials"].max()
    assert set(trials) == {(~corner).sum() // 6}


# Length and width (decades) and centre (log10 weight decay, log10 learning rate) of the 1.0-ROIs of Table 4.1.
PUBLISHED = {
    "mobilenetv2": [
        *[(3.32, 0.56, -3.0, -1.8), (3.37, 0.57, -3.0, -1.8), (3.55, 0.54, -2.9, -1.9)],
        *[(1.46, 0.66, -2.5, -2.2), (1.86, 0.59, -2.6, -2.2)],
    ],
    "resnet56": [
        *[(2.93, 0.73, -3.1, -1.5), (2.69, 0.66, -3.0, -1.6), (2.60, 0.79, -3.1, -1.5)],
        *[(3.12, 0.78, -3.2, -1.4), (3.74, 0.66, -3.3, -1.2)],
    ],
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_on_landscapes_as_published_tiles_spare_trainings(model: str) -> None:
    """Bowls with the ellipses of Table 4.1, on Smith's diagonal: 945 trainings in three rounds; rectangles take 1,620.

    No region of interest is cut off in the end.
    """
    grid = lattice()

    def grown(tiles: list[Cell]) -> pd.DataFrame:
        rows = []
        for number, (length, width, decay, rate) in enumerate(PUBLISHED[model]):
            for cell in (cell for tile in tiles for cell in grid.cells(tile)):
                values = grid.values(cell)
                x, y = np.log10(values[1]) - decay, np.log10(values[0]) - rate
                f = 90 - ((x - y) / np.sqrt(2) / (length / 2)) ** 2 - ((x + y) / np.sqrt(2) / (width / 2)) ** 2
                rows.append(("m", f"v-{number}", 0, *cell, *values, f))
        return pd.DataFrame(rows, columns=["model", "variant", "seed", "i", "j", *THESIS.names, "top1"])

    tiles = grid.initial_tiles()
    for _ in range(3):
        tiles += plan_extension(grown(tiles), grid, 1.0, ANYWHERE)[0]
    cells = grown(tiles)
    assert len(cells) == 945
    assert plan_extension(cells, grid, 1.0, ANYWHERE) == ([], {}, [])
    rows, columns = (cells[place].max() - cells[place].min() + 1 for place in ("i", "j"))
    assert 5 * rows * columns == 1620
