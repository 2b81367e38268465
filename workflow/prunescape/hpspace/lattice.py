"""The hyperparameters that may span a grid, and the lattice of cells around the prior.

Cells have integer coordinates (i, j): i steps of the first hyperparameter and j of the second away from the prior; in
the thesis learning rate and weight decay, on a log10 scale (section 3.3). A tile is a block of cells that one job
trains; it is named by its first cell, so that a larger grid keeps the tiles of a smaller one. Light: read while the
Snakefile is parsed.
"""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.config import Config
    from prunescape.config.grid import Extension, Grid


LOG, LINEAR = "log", "linear"


class Hyperparameter(NamedTuple):
    """A hyperparameter that may be an axis of a grid: its words, its scale, and its limits.

    Attributes:
        words, plural: how a sentence names one and several of them.
        scale: the one that suits it, "log" or "linear".
        least: the smallest value, included where `closed`.
        below: what all values are smaller than.
        whole: values are whole numbers, to which those of a logarithmic axis are rounded (halves upwards).
    """

    words: str
    plural: str
    scale: str
    least: float
    closed: bool = True
    below: float = math.inf
    whole: bool = False

    def allows(self, value: float) -> bool:
        """Whether networks can be trained with a value of the hyperparameter."""
        return (self.least < value or (self.closed and value == self.least)) and value < self.below

    @property
    def range(self) -> str:
        """The limits of the hyperparameter's values, in words."""
        low = f"{'at least' if self.closed else 'above'} {self.least:g}"
        return low if math.isinf(self.below) else f"{low} and below {self.below:g}"


HYPERPARAMETERS = {
    "learning_rate": Hyperparameter("learning rate", "learning rates", LOG, 0, closed=False),
    "weight_decay": Hyperparameter("weight decay", "weight decays", LOG, 0),
    "momentum": Hyperparameter("momentum", "momenta", LINEAR, 0, below=1),
    "batch_size": Hyperparameter("batch size", "batch sizes", LOG, 1, whole=True),
    "epochs": Hyperparameter("number of epochs", "numbers of epochs", LOG, 1, whole=True),
    "label_smoothing": Hyperparameter("label smoothing", "label smoothings", LINEAR, 0, below=1),
}
SHAPING = ("batch_size", "epochs")  # networks that differ in these cannot be trained as one array


@dataclass(frozen=True)
class Axis:
    """A hyperparameter, and how far apart its values are.

    Attributes:
        name: a key of `HYPERPARAMETERS`.
        step: between neighbouring cells: in log10 on a logarithmic axis, else in the hyperparameter's own unit.
        scale: "log" or "linear".
    """

    name: str
    step: float
    scale: str = LOG

    @property
    def of(self) -> Hyperparameter:
        """The hyperparameter's entry in `HYPERPARAMETERS`."""
        return HYPERPARAMETERS[self.name]

    @property
    def words(self) -> str:
        """The hyperparameter's name in a sentence: `learning rate`."""
        return self.of.words

    @property
    def title(self) -> str:
        """The hyperparameter's name as a title: `Learning rate`."""
        return self.words.capitalize()

    @property
    def is_log(self) -> bool:
        """Whether the axis' coordinate is the log10 of the value; else it is the value itself."""
        return self.scale == LOG

    @property
    def coordinate(self) -> str:
        """The name of the coordinate's column: `log10_learning_rate`, `momentum`."""
        return f"log10_{self.name}" if self.is_log else self.name

    @property
    def sides(self) -> tuple[str, str]:
        """Names of the two ends of the axis: `smaller momenta`, `larger momenta`."""
        return f"smaller {self.of.plural}", f"larger {self.of.plural}"

    def value(self, prior: float, steps: int) -> float:
        """The value so many steps from the prior, to 12 significant digits or to a whole number."""
        exact = prior * 10 ** (steps * self.step) if self.is_log else prior + steps * self.step
        if self.of.whole:
            return math.floor(exact + 0.5)
        return float(f"{exact:.12g}") if self.is_log or abs(exact) > 1e-9 * self.step else 0.0

    def shown(self, value: float) -> str:
        """A value to three digits, whole numbers whole."""
        return f"{value:.0f}" if self.of.whole else f"{value:.3g}"


class Pair(NamedTuple):
    """The two axes of a grid: cells (i, j) lie i steps along the first, upright in pictures, and j along the second.

    Lengths, areas and angles in the plane of both need a common unit. Where both axes are logarithmic with the same
    step it is the decade (thesis, section 3.3.1), else the step of the grid.
    """

    first: Axis
    second: Axis

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Pair":
        """The pair in the `axes` that `to_json` gave; the thesis' pair where there are none."""
        axes = settings.get("axes")
        return THESIS if axes is None else cls(*(Axis(**axis) for axis in axes))

    def to_json(self) -> list[dict[str, Any]]:
        """Both axes as JSON values."""
        return [asdict(axis) for axis in self]

    @property
    def names(self) -> tuple[str, str]:
        """Names of both hyperparameters."""
        return self.first.name, self.second.name

    @property
    def words(self) -> str:
        """Names of both hyperparameters in a sentence: `learning rate and weight decay`."""
        return f"{self.first.words} and {self.second.words}"

    @property
    def in_decades(self) -> bool:
        """Whether lengths in the plane are in decades; else they are in steps."""
        return self.first.is_log and self.second.is_log and self.first.step == self.second.step

    @property
    def unit(self) -> str:
        """The unit of lengths in the plane."""
        return "decades" if self.in_decades else "steps"

    @property
    def units(self) -> tuple[float, float]:
        """The size of a unit of length in the coordinates of the second and of the first axis."""
        return (1.0, 1.0) if self.in_decades else (self.second.step, self.first.step)

    @property
    def is_thesis(self) -> bool:
        """Whether the pair is the thesis', about which Smith's relation and its tables speak."""
        return self.in_decades and self.names == ("learning_rate", "weight_decay")

    @property
    def centre(self) -> tuple[str, str]:
        """Columns of a place's coordinates, the horizontal one first."""
        return f"centre_{self.second.coordinate}", f"centre_{self.first.coordinate}"

    @property
    def shift(self) -> tuple[str, str]:
        """Columns of how far a place has moved along both axes, the horizontal one first."""
        return f"shift_{self.second.coordinate}", f"shift_{self.first.coordinate}"

    def told(self, values: Mapping[str, Any]) -> str:
        """A cell in words: `learning rate 0.0398, weight decay 0.0315`."""
        return ", ".join(f"{axis.words} {axis.shown(values[axis.name])}" for axis in self)

    def not_applicable(self) -> str:
        """The reason why parts that hold only for the thesis' pair are left out."""
        steps = " and ".join(f"{axis.words} ({axis.scale}, step {axis.step:g})" for axis in self)
        return f"not applicable: the axes are {steps}"


THESIS = Pair(Axis("learning_rate", 0.2), Axis("weight_decay", 0.2))


def pair_of(grid: "Grid") -> Pair:
    """The axes of the config's section `grid`: its own, or the thesis' pair by its `step`."""
    if grid.axes is None:
        return Pair(*(Axis(axis.name, grid.step) for axis in THESIS))
    return Pair(*(Axis(axis.name, axis.step, axis.scale) for axis in grid.axes))


def size_of(grid: "Grid") -> tuple[int, int]:
    """Cells of the initial grid along both axes."""
    if grid.axes is None:
        return grid.size
    first, second = grid.axes
    return first.size, second.size


def bounds_of(grid: "Grid", extension: "Extension") -> dict[str, tuple[float, float]]:
    """The smallest and largest value of both hyperparameters that the config's sections let a grid reach, by name."""
    own = [axis.bounds for axis in grid.axes or ()] or [None, None]
    of_thesis = {name: getattr(extension, name) for name in THESIS.names}
    return {
        axis.name: bounds or of_thesis.get(axis.name) or (axis.of.least, axis.of.below)
        for axis, bounds in zip(pair_of(grid), own, strict=True)
    }


def epochs_trained(hyperparameters: Container[str]) -> str:
    """The column that tells how many epochs a training had: `epochs`, unless that is a hyperparameter."""
    return "trained_epochs" if "epochs" in hyperparameters else "epochs"


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
