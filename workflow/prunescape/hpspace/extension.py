"""Tiles that a grid gains where a region of interest runs into its border (thesis, section 3.3)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from prunescape.hpspace.landscape import mean_over_seeds, region_of_interest
from prunescape.hpspace.lattice import THESIS, Cell, Extent, Lattice, Pair


def touched_sides(
    landscape: pd.DataFrame, extent: Extent, threshold: float, pair: Pair = THESIS
) -> dict[str, list[str]]:
    """The borders that the `threshold`-ROI of any variant touches, each with those variants.

    Args:
        landscape: f of all variants of one model.
        extent: the grid so far.
        threshold: x of the region of interest, in points.
        pair: the axes of the grid, which name the borders.
    """
    sides: dict[str, list[str]] = {}
    for variant, of_variant in landscape.groupby("variant", sort=False):
        region = region_of_interest(of_variant, threshold)
        for place, axis in zip(("i", "j"), pair, strict=True):
            ends = getattr(extent.low, place), getattr(extent.high, place)
            for side, end in zip(axis.sides, ends, strict=True):
                if (region[place] == end).any():
                    sides.setdefault(side, []).append(str(variant))
    return sides


def extent_of(cells: pd.DataFrame) -> Extent:
    """The finished grid of one model, by its cells."""
    return Extent(
        Cell(int(cells["i"].min()), int(cells["j"].min())), Cell(int(cells["i"].max()), int(cells["j"].max()))
    )


def open_borders(cells: pd.DataFrame, threshold: float, pair: Pair = THESIS) -> dict[str, dict[str, list[str]]]:
    """By model, the sides of the finished grid that a `threshold`-ROI touches, each with the variants that touch it."""
    return {
        str(model): touched_sides(mean_over_seeds(of_model, "top1"), extent_of(of_model), threshold, pair)
        for model, of_model in cells.groupby("model", sort=False)
    }


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
    sides = touched_sides(mean_over_seeds(cells, "top1"), extent, threshold, lattice.pair)
    finished = set(extent.tiles(lattice))
    grown = extent.grown(lattice, list(sides), bounds)
    blocked = [side for side in sides if extent.grown(lattice, [side], bounds) == extent]
    return [tile for tile in grown.tiles(lattice) if tile not in finished], sides, blocked
