"""Reading the plan of a round of extension. Apart and light: read while the Snakefile is parsed."""

import os

from prunescape.errors import UserError
from prunescape.hpspace.lattice import Cell
from prunescape.io.files import read_json, remedy


def read_plan(path: str | os.PathLike[str]) -> list[Cell]:
    """First cells of the tiles that a round of extension adds to a model's grid, from its JSON file.

    Raises:
        UserError: the file is missing, is not what was written, or is no plan.
    """
    plan = read_json(path)
    try:
        tiles = [(i, j) for i, j in plan["tiles"]]
    except (KeyError, TypeError, ValueError):
        tiles = [(None, None)]
    if not all(type(place) is int for tile in tiles for place in tile):
        raise UserError(f"{path}: no plan of tiles, which are pairs of whole numbers; {remedy(path)}")
    return [Cell(*tile) for tile in tiles]
