"""Which tiles to add when a region of interest runs into the border of the grid (thesis, section 3.3)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from prunescape.hpspace.landscape import mean_over_seeds, region_of_interest
from prunescape.hpspace.lattice import Cell, Extent, Lattice


def touched_sides(landscape: pd.DataFrame, extent: Extent, threshold: float) -> dict[str, list[str]]:
    """The borders that the `threshold`-ROI of any variant touches, each with those variants.

    Args:
        landscape: f of all variants of one model.
        extent: the grid so far.
        threshold: x of the region of interest, in points.
    """
    sides: dict[str, list[str]] = {}
    for variant, of_variant in landscape.groupby("variant", sort=False):
        region = region_of_interest(of_variant, threshold)
        borders = {
            "smaller learning rates": (region["i"] == extent.low.i).any(),
            "larger learning rates": (region["i"] == extent.high.i).any(),
            "smaller weight decays": (region["j"] == extent.low.j).any(),
            "larger weight decays": (region["j"] == extent.high.j).any(),
        }
        for side, touched in borders.items():
            if touched:
                sides.setdefault(side, []).append(str(variant))
    return sides


def extent_of(cells: pd.DataFrame) -> Extent:
    """The finished grid of one model, by its cells."""
    return Extent(
        Cell(int(cells["i"].min()), int(cells["j"].min())), Cell(int(cells["i"].max()), int(cells["j"].max()))
    )


def open_borders(cells: pd.DataFrame, threshold: float) -> dict[str, dict[str, list[str]]]:
    """By model, the sides of the finished grid that a `threshold`-ROI touches, each with the variants that touch it."""
    return {
        str(model): touched_sides(mean_over_seeds(of_model, "top1"), extent_of(of_model), threshold)
        for model, of_model in cells.groupby("model", sort=False)
    }


def grow(lattice: Lattice, extent: Extent, sides: Sequence[str], bounds: Mapping[str, Sequence[float]]) -> Extent:
    """The grid with one more row of tiles on each of `sides`, where the bounds on the axis allow it.

    Args:
        lattice: where cells lie.
        extent: the grid so far.
        sides: keys of `touched_sides`.
        bounds: smallest and largest "learning_rate" and "weight_decay" that may be trained.
    """
    low, high = extent.low, extent.high
    if "smaller learning rates" in sides:
        low = low._replace(i=low.i - lattice.tile[0])
    if "larger learning rates" in sides:
        high = high._replace(i=high.i + lattice.tile[0])
    if "smaller weight decays" in sides:
        low = low._replace(j=low.j - lattice.tile[1])
    if "larger weight decays" in sides:
        high = high._replace(j=high.j + lattice.tile[1])

    (rate_low, decay_low), (rate_high, decay_high) = lattice.values(low), lattice.values(high)
    slack = 1 + 1e-9  # bounds given as 1.0e-5 are meant to include the cell that computes to 0.99999999999e-5
    if rate_low * slack < bounds["learning_rate"][0]:
        low = low._replace(i=extent.low.i)
    if rate_high > bounds["learning_rate"][1] * slack:
        high = high._replace(i=extent.high.i)
    if decay_low * slack < bounds["weight_decay"][0]:
        low = low._replace(j=extent.low.j)
    if decay_high > bounds["weight_decay"][1] * slack:
        high = high._replace(j=extent.high.j)
    return Extent(low, high)


def plan_extension(
    cells: pd.DataFrame, lattice: Lattice, threshold: float, bounds: Mapping[str, Sequence[float]]
) -> tuple[list[Cell], dict[str, list[str]], list[str]]:
    """The tiles of the next round; the borders that were touched, with the variants; those where a bound forbids more.

    Only top-1 accuracy decides.

    Args:
        cells: all finished cells of one model, all its variants and seeds: a full rectangle of tiles.
        lattice: where cells lie.
        threshold: x of the region of interest, in points.
        bounds: smallest and largest value of each axis.
    """
    extent = extent_of(cells)
    sides = touched_sides(mean_over_seeds(cells, "top1"), extent, threshold)
    finished = set(extent.tiles(lattice))
    grown = grow(lattice, extent, list(sides), bounds)
    blocked = [side for side in sides if grow(lattice, extent, [side], bounds) == extent]
    return [tile for tile in grown.tiles(lattice) if tile not in finished], sides, blocked
