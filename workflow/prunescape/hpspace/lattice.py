"""The hyperparameters that may span a grid, and the lattice of cells around the prior.

Cells have integer coordinates (i, j): i steps of the first hyperparameter and j of the second away from the prior; in
the thesis learning rate and weight decay, on a log10 scale (section 3.3). A tile is a block of cells that one job
trains; it is named by its first cell, so that a larger grid keeps the tiles of a smaller one. Light: read while the
Snakefile is parsed.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from prunescape.data.randomness import derive_seed

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.config import Config
    from prunescape.config.grid import Extension, Grid


LOG, LINEAR = "log", "linear"
PER_CELL = "per_cell"  # the number of seeds where each cell has its own
CELL_SEED = "cell_seed"  # the column of the seeds of cells that have their own
ROUND = "round"  # the column of the round that asked for a training, where landscapes are explored in rounds
MOST = "most"  # the column of the accuracy that a training which was stopped early could have reached at most
ADAPTIVE = "adaptive"  # the method of exploration that needs no full grid
NEVER: Mapping[str, Any] = {"most": None, "below": {}}  # when trainings of a batch stop that all go to the end
MOST_CELLS = 1000  # of a lattice that a surrogate holds


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
    def from_json(cls, axes: Sequence[Mapping[str, Any]] | None) -> "Pair":
        """The pair that `to_json` gave; the thesis' where there is none."""
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


def cell_seed(seed: int, i: int, j: int) -> int:
    """The seed of a cell that has its own, below 2^32 as those of a config; all networks share it.

    Args:
        seed: the study's.
        i, j: the cell.
    """
    return derive_seed(seed, "cell", i, j) % 2**32


SLACK = 1 + 1e-9  # bounds given as 1.0e-5 are meant to include the cell that computes to 0.99999999999e-5


Bounds = Mapping[str, Sequence[float]]
NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def fill_space(lattice: Sequence[Sequence[int]], count: int, first: Sequence[int]) -> list[int]:
    """Numbers of cells that fill the space: some first ones, then each as far from all others as can be.

    Args:
        lattice: coordinates (i, j) of the cells, N of them.
        count: of cells, N at most.
        first: numbers of cells to begin with.
    """
    low, high = (tuple(map(end, zip(*lattice, strict=True))) for end in (min, max))
    span = [max(to - of, 1) for of, to in zip(low, high, strict=True)]
    at = [tuple((c - of) / by for c, of, by in zip(cell, low, span, strict=True)) for cell in lattice]
    # A cell at the border tells of one side only.
    border = [2 * (min(min(c, 1 - c) for c in place) + 0.5 / max(span)) for place in at]
    chosen = list(dict.fromkeys(first))[:count]
    room = [min([math.dist(place, at[of]) for of in chosen], default=math.inf) for place in at]
    while len(chosen) < min(count, len(at)):
        free = [number for number in range(len(at)) if number not in chosen]
        chosen.append(max(free, key=lambda number: round(min(room[number], border[number]), 9)))
        room = [min(of, math.dist(place, at[chosen[-1]])) for of, place in zip(room, at, strict=True)]
    return chosen


class Cell(NamedTuple):
    """Lattice coordinates: `i` along the first axis, `j` along the second; the prior is (0, 0)."""

    i: int
    j: int


@lru_cache
def _filled(size: tuple[int, int], count: int) -> tuple[Cell, ...]:
    half = [cells // 2 for cells in size]
    cells = [Cell(i, j) for i in range(-half[0], half[0] + 1) for j in range(-half[1], half[1] + 1)]
    return tuple(cells[number] for number in fill_space(cells, count, [len(cells) // 2]))


@dataclass(frozen=True)
class Lattice:
    """The lattice of cells around a prior, with the sizes of its initial grid and of a tile.

    Attributes:
        pair: the axes.
        prior: values of both hyperparameters at the centre.
        size: cells of the initial grid along both, odd.
        tile: cells of a tile along both, dividing `size`.
        apart: whether each cell has a seed of its own, so that none are trained as one array.
        batch: cells of any place that one job trains, where landscapes are explored so and tiles are single cells.
    """

    pair: Pair
    prior: tuple[float, float]
    size: tuple[int, int]
    tile: tuple[int, int]
    apart: bool = False
    batch: int | None = None

    @classmethod
    def of(cls, config: "Config", model: str) -> "Lattice":
        """The lattice around a model's prior."""
        own, recipe = config.models[model], config.recipe
        prior = {name: getattr(own if name in THESIS.names else recipe, name) for name in HYPERPARAMETERS}
        lattice, explored = cls.around(config.grid, prior), config.exploration
        return replace(lattice, tile=(1, 1), batch=explored.batch) if explored.method == ADAPTIVE else lattice

    @classmethod
    def around(cls, grid: "Grid", prior: Mapping[str, float]) -> "Lattice":
        """The lattice of the config's section `grid`, around values by name where an axis has no prior of its own."""
        pair = pair_of(grid)
        own = [axis.prior for axis in grid.axes or ()] or [None, None]
        first, second = (prior[name] if at is None else at for name, at in zip(pair.names, own, strict=True))
        return cls(pair, (first, second), size_of(grid), grid.tile, grid.seeds == PER_CELL)

    def of_tiles(self, grid: "Grid") -> "Lattice":
        """This lattice with the tiles of the config's section `grid`, whatever explores it."""
        return replace(self, tile=grid.tile, batch=None)

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
    def cells_a_job(self) -> int:
        """Number of cells that one job trains, at most."""
        return self.batch or math.prod(self.tile)

    @property
    def alike(self) -> int:
        """Number of cells of a job that can be trained as one array."""
        if self.apart or (self.batch and set(SHAPING) & set(self.pair.names)):
            return 1
        if self.batch:
            return self.batch
        first, second = (
            1 if name in SHAPING else cells for name, cells in zip(self.pair.names, self.tile, strict=True)
        )
        return first * second

    def fill(self, count: int) -> list[Cell]:
        """The prior and further cells of the initial grid that fill the space, so many in all."""
        return list(_filled(self.size, count))

    def tile_of(self, cell: Cell) -> Cell:
        """The first cell of the tile that holds a cell."""
        first = [-(cells // 2) for cells in self.size]
        return Cell(*(low + (at - low) // tile * tile for at, low, tile in zip(cell, first, self.tile, strict=True)))

    def beside(self, tiles: Iterable[Cell], bounds: Bounds) -> list[Cell]:
        """The tiles around some tiles, diagonal ones included, that may be trained; all by their first cells."""
        there = set(tiles)
        steps = [(i * self.tile[0], j * self.tile[1]) for i, j in NEIGHBOURS]
        around = {Cell(tile.i + i, tile.j + j) for tile in there for i, j in steps} - there
        return sorted(tile for tile in around if self.admits(tile, bounds))

    def admits(self, tile: Cell, bounds: Bounds) -> bool:
        """Whether networks may be trained at all cells of a tile, none of which repeats one further inwards.

        Args:
            tile: its first cell.
            bounds: by name, the smallest and largest value of the hyperparameters that may be trained.
        """
        for place, axis in enumerate(self.pair):
            low, high, half = tile[place], tile[place] + self.tile[place] - 1, self.size[place] // 2
            if -half <= low and high <= half:
                continue  # as far out as the initial grid, which is as the config has it
            inwards = [low - 1] if low > 0 else [high + 1] if high < 0 else []
            values = [self.value(place, step) for step in (low, high)]
            within = values[0] * SLACK >= bounds[axis.name][0] and values[-1] <= bounds[axis.name][1] * SLACK
            distinct = {self.value(place, step) for step in [*range(low, high + 1), *inwards]}
            whole = len(distinct) == high - low + 1 + len(inwards)
            if not (within and whole and all(map(axis.of.allows, values))):
                return False
        return True
