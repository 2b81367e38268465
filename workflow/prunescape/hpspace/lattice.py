"""The lattice of two hyperparameters around the prior, and the tiles in which it is trained.

Cells have integer coordinates (i, j): i steps of the first hyperparameter and j of the second away from the prior; in
the thesis learning rate and weight decay, on a log10 scale (section 3.3). A tile is a block of cells that one job
trains; it is named by its first cell, so that a larger grid keeps the tiles of a smaller one. Light: read while the
Snakefile is parsed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prunescape.hpspace.axes import HYPERPARAMETERS, SHAPING, THESIS, Pair, pair_of, size_of

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.config import Config
    from prunescape.config.grid import Grid

SLACK = 1 + 1e-9  # bounds given as 1.0e-5 are meant to include the cell that computes to 0.99999999999e-5


class Cell(NamedTuple):
    """Lattice coordinates: `i` along the first axis, `j` along the second; the prior is (0, 0)."""

    i: int
    j: int


@dataclass(frozen=True)
class Lattice:
    """The lattice of cells around a prior, with the sizes of its initial grid and of a tile.

    Attributes:
        pair: the axes.
        prior: values of both hyperparameters at the centre.
        size: cells of the initial grid along both, odd.
        tile: cells of a tile along both, dividing `size`.
    """

    pair: Pair
    prior: tuple[float, float]
    size: tuple[int, int]
    tile: tuple[int, int]

    @classmethod
    def of(cls, config: "Config", model: str) -> "Lattice":
        """The lattice around a model's prior."""
        own, recipe = config.models[model], config.recipe
        prior = {name: getattr(own if name in THESIS.names else recipe, name) for name in HYPERPARAMETERS}
        return cls.around(config.grid, prior)

    @classmethod
    def around(cls, grid: "Grid", prior: Mapping[str, float]) -> "Lattice":
        """The lattice of the config's section `grid`, around values by name where an axis has no prior of its own."""
        pair = pair_of(grid)
        own = [axis.prior for axis in grid.axes or ()] or [None, None]
        first, second = (prior[name] if at is None else at for name, at in zip(pair.names, own, strict=True))
        return cls(pair, (first, second), size_of(grid), grid.tile)

    def values(self, cell: Cell) -> tuple[float, float]:
        """The hyperparameters of a cell."""
        return self.value(0, cell.i), self.value(1, cell.j)

    def value(self, axis: int, steps: int) -> float:
        """The hyperparameter of the first (0) or second (1) axis so many steps from the prior."""
        return self.pair[axis].value(self.prior[axis], steps)

    def named(self, cell: Cell) -> dict[str, float]:
        """Hyperparameters of a cell, by name."""
        return dict(zip(self.pair.names, self.values(cell), strict=True))

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

    @property
    def alike(self) -> int:
        """Number of cells of a tile that can be trained as one array."""
        first, second = (
            1 if name in SHAPING else cells for name, cells in zip(self.pair.names, self.tile, strict=True)
        )
        return first * second

    def admits(self, axis: int, edge: int, inwards: int, bounds: Sequence[float]) -> bool:
        """Whether the bounds let the grid grow by a tile along an axis.

        Args:
            axis: the first (0) or the second (1).
            edge: the coordinate that would be outermost.
            inwards: 1 at the lower end, -1 at the upper.
            bounds: smallest and largest value that may be trained.
        """
        value, of = self.value(axis, edge), self.pair[axis].of
        steps = range(self.tile[axis] + 1)
        distinct = {self.value(axis, edge + inwards * step) for step in steps}
        within = value * SLACK >= bounds[0] and value <= bounds[1] * SLACK
        return within and of.allows(value) and len(distinct) == len(steps)


@dataclass(frozen=True)
class Extent:
    """A rectangle of whole tiles, by its smallest and largest cell."""

    low: Cell
    high: Cell

    @classmethod
    def of(cls, tiles: Sequence[Cell], lattice: Lattice) -> "Extent":
        """The rectangle that tiles, given by their first cells, fill."""
        i, j = zip(*tiles, strict=True)
        return cls(Cell(min(i), min(j)), Cell(max(i) + lattice.tile[0] - 1, max(j) + lattice.tile[1] - 1))

    def tiles(self, lattice: Lattice) -> list[Cell]:
        """First cells of all tiles of the rectangle."""
        return [
            Cell(i, j)
            for i in range(self.low.i, self.high.i + 1, lattice.tile[0])
            for j in range(self.low.j, self.high.j + 1, lattice.tile[1])
        ]

    def grown(self, lattice: Lattice, sides: Sequence[str] | None, bounds: Mapping[str, Sequence[float]]) -> "Extent":
        """The grid with one more row of tiles on each of `sides`, where the bounds of the axis allow it.

        Args:
            lattice: where cells lie.
            sides: as `Axis.sides` names them; None, all.
            bounds: by name, the smallest and largest value of the hyperparameters that may be trained.
        """
        low, high = list(self.low), list(self.high)
        for place, axis in enumerate(lattice.pair):
            tile, of = lattice.tile[place], bounds[axis.name]
            smaller, larger = (sides is None or side in sides for side in axis.sides)
            if smaller and lattice.admits(place, low[place] - tile, 1, of):
                low[place] -= tile
            if larger and lattice.admits(place, high[place] + tile, -1, of):
                high[place] += tile
        return Extent(Cell(*low), Cell(*high))
