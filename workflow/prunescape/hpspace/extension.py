"""Tiles that a grid gains where a region of interest runs into its border (thesis, section 3.3).

A tile is added where it lies beside a cell of a region of interest, diagonally too, since optimal bands run diagonally.
Grids therefore need not be rectangles: a cell that is not there was not trained, for any network of the model.
"""

from collections.abc import Iterator

import pandas as pd

from prunescape.hpspace.landscape import mean_over_seeds, region_of_interest
from prunescape.hpspace.lattice import NEIGHBOURS, THESIS, Bounds, Cell, Lattice, Pair

Step = tuple[int, int]
Outwards = list[tuple[str, Cell, Step]]  # variants, cells of their regions of interest, and a step out of the grid


def steps_out(landscape: pd.DataFrame, threshold: float) -> Outwards:
    """The steps that lead from cells of regions of interest to cells that were not trained, diagonal ones included.

    Args:
        landscape: f of all variants of one model.
        threshold: x of the region of interest, in points.
    """
    there = _cells(landscape)
    return [
        (str(variant), cell, (i, j))
        for variant, of_variant in landscape.groupby("variant", sort=False)
        for cell in sorted(_cells(region_of_interest(of_variant, threshold)))
        for i, j in NEIGHBOURS
        if Cell(cell.i + i, cell.j + j) not in there
    ]


def touched_sides(landscape: pd.DataFrame, threshold: float, pair: Pair = THESIS) -> dict[str, list[str]]:
    """The sides on which the `threshold`-ROI of any variant touches the border of the grid, each with those variants.

    A step that leads out diagonally counts for both sides, unless a straight one from the same cell leads out, too.

    Args:
        landscape, threshold: see `steps_out`.
        pair: the axes of the grid, which name the sides.
    """
    outwards = steps_out(landscape, threshold)
    straight = {(variant, cell) for variant, cell, (i, j) in outwards if not i or not j}
    sides: dict[str, list[str]] = {}
    for side, variant in (
        (side, variant)
        for variant, cell, step in outwards
        if not all(step) or (variant, cell) not in straight
        for side in _sides(step, pair)
    ):
        if variant not in sides.setdefault(side, []):
            sides[side].append(variant)
    order = [side for axis in pair for side in axis.sides]
    return {side: sides[side] for side in sorted(sides, key=order.index)}


def plan_extension(
    cells: pd.DataFrame, lattice: Lattice, threshold: float, bounds: Bounds
) -> tuple[list[Cell], dict[str, list[str]], list[str]]:
    """The tiles of the next round; the borders that were touched, with the variants; those where a bound forbids more.

    Only top-1 accuracy decides.

    Args:
        cells: all finished cells of one model, all its variants and seeds.
        lattice: where cells lie.
        threshold: x of the region of interest, in points.
        bounds: smallest and largest value of each axis.
    """
    landscape = mean_over_seeds(cells, "top1")
    wanted: set[Cell] = set()
    blocked: set[str] = set()
    for _, cell, step in steps_out(landscape, threshold):
        tile = lattice.tile_of(Cell(cell.i + step[0], cell.j + step[1]))
        if lattice.admits(tile, bounds):
            wanted.add(tile)
        elif not all(step):
            blocked.update(_sides(step, lattice.pair))
    sides = touched_sides(landscape, threshold, lattice.pair)
    return sorted(wanted), sides, [side for side in sides if side in blocked]


def _cells(table: pd.DataFrame) -> set[Cell]:
    return {Cell(int(i), int(j)) for i, j in table[["i", "j"]].itertuples(index=False)}


def _sides(step: Step, pair: Pair) -> Iterator[str]:
    """The sides of the grid that a step leads towards."""
    for axis, way in zip(pair, step, strict=True):
        if way:
            yield axis.sides[way > 0]
