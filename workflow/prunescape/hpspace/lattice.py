"""The lattice of learning rate x weight decay around the prior, and the tiles in which it is trained.

Cells have integer coordinates (i, j): i steps of learning rate and j steps of weight decay away from the prior, on a
log10 scale (thesis, section 3.3). A tile is a block of cells that one job trains; it is named by its first cell, so
that a larger grid keeps the tiles of a smaller one. Light: read while the Snakefile is parsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Cell(NamedTuple):
    """Lattice coordinates: `i` along learning rate, `j` along weight decay; the prior is (0, 0)."""

    i: int
    j: int


@dataclass(frozen=True)
class Lattice:
    """Where cells lie, and how large the initial grid and a tile are.

    Attributes:
        learning_rate, weight_decay: the prior.
        step: distance of neighbouring cells in log10.
        size: cells of the initial grid along (learning rate, weight decay), odd.
        tile: cells of a tile along both, dividing `size`.
    """

    learning_rate: float
    weight_decay: float
    step: float
    size: tuple[int, int]
    tile: tuple[int, int]

    @classmethod
    def from_config(cls, grid: Mapping[str, Any], model: Mapping[str, Any]) -> "Lattice":
        """From the config's section `grid` and a model's section, which has the prior."""
        (rows, columns), (tile_rows, tile_columns) = grid["size"], grid["tile"]
        return cls(
            model["learning_rate"],
            model["weight_decay"],
            grid["step"],
            (rows, columns),
            (tile_rows, tile_columns),
        )

    def values(self, cell: Cell) -> tuple[float, float]:
        """Learning rate and weight decay of a cell, to 12 significant digits."""
        return _round(self.learning_rate * 10 ** (cell.i * self.step)), _round(
            self.weight_decay * 10 ** (cell.j * self.step)
        )

    def initial_tiles(self) -> list[Cell]:
        """First cells of the tiles of the initial grid, which is centred on the prior."""
        return [
            Cell(i, j)
            for i in range(-(self.size[0] // 2), self.size[0] // 2 + 1, self.tile[0])
            for j in range(-(self.size[1] // 2), self.size[1] // 2 + 1, self.tile[1])
        ]

    def cells(self, tile: Cell) -> list[Cell]:
        """The cells of the tile whose first cell is `tile`."""
        return [Cell(i, j) for i in range(tile.i, tile.i + self.tile[0]) for j in range(tile.j, tile.j + self.tile[1])]


@dataclass(frozen=True)
class Extent:
    """A rectangle of whole tiles, by its smallest and largest cell."""

    low: Cell
    high: Cell

    def tiles(self, lattice: Lattice) -> list[Cell]:
        """First cells of all tiles inside."""
        return [
            Cell(i, j)
            for i in range(self.low.i, self.high.i + 1, lattice.tile[0])
            for j in range(self.low.j, self.high.j + 1, lattice.tile[1])
        ]


def _round(value: float) -> float:
    return float(f"{value:.12g}")
