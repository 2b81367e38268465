"""The config's rules about the two axes of the grid: what may be varied, how far, and from where."""

import math
from itertools import pairwise
from typing import NamedTuple

from prunescape.config.config import Config
from prunescape.config.grid import Grid, GridAxis
from prunescape.config.messages import Mistakes, Path, shown, where, yaml_number
from prunescape.config.section import Unreadable
from prunescape.data.catalogue import IMAGES
from prunescape.hpspace.lattice import (
    ADAPTIVE,
    HYPERPARAMETERS,
    LINEAR,
    LOG,
    MOST_CELLS,
    THESIS,
    Axis,
    bounds_of,
    pair_of,
    size_of,
)
from prunescape.training.retraining import FROM_TRAINED

LONGEST = 2.0  # decades of a step
HAIR = 1e-6  # a bound that is meant to be the outermost cell must not fail by rounding


class _Side(NamedTuple):
    """An axis around the prior of one model, and the keys that say so."""

    axis: Axis
    prior: float
    size: int
    at: Path
    prior_at: Path

    @property
    def smaller(self) -> str:
        """The remedy for a grid that reaches too far."""
        return f"make {where((*self.at, 'step'))} or {where((*self.at, 'size'))} smaller"

    def values(self) -> list[float]:
        """Values of the hyperparameter of all cells along the axis, increasing."""
        half = self.size // 2
        return [self.axis.value(self.prior, steps) for steps in range(-half, half + 1)]


def _side(config: Config, model: str, place: int) -> _Side:
    """The first or the second axis, around the prior of a model."""
    axis, size = pair_of(config.grid)[place], size_of(config.grid)[place]
    if axis.is_log and axis.step > LONGEST:
        raise Unreadable
    own = _own(config, place)
    at: Path = ("grid", "axes", place) if own else ("grid",)
    if own and own.prior is not None:
        return _Side(axis, own.prior, size, at, (*at, "prior"))
    if axis.name in THESIS.names:
        return _Side(axis, getattr(config.models[model], axis.name), size, at, ("models", model, axis.name))
    return _Side(axis, getattr(config.recipe, axis.name), size, at, ("recipe", axis.name))


def _own(config: Config, place: int) -> GridAxis | None:
    return config.grid.axes[place] if config.grid.axes else None


def names(config: Config) -> Mistakes:
    """Two different hyperparameters, which the recipe can use."""
    axes = config.grid.axes
    if axes is None:
        return
    path: Path = ("grid", "axes")
    first, second = (axis.name for axis in axes)
    if first == second:
        yield (*path, 1, "name"), f"{first} is given twice; write another hyperparameter"
    elif (second, first) == THESIS.names:
        yield path, "write learning_rate before weight_decay, as the thesis has them"
    for place, axis in enumerate(axes):
        yield from _step(axis, (*path, place, "step"))
        if axis.name == "momentum" and config.recipe.optimiser != "sgd":
            yield (
                (*path, place, "name"),
                f"recipe.optimiser is {config.recipe.optimiser}, which has no momentum; write sgd there",
            )
    default = Grid()
    for key in ("step", "size"):
        if getattr(config.grid, key) != getattr(default, key):  # let through, for a config that is written out whole
            yield ("grid", key), "is not used beside grid.axes, whose entries have their own; remove the line"


def _step(axis: GridAxis, path: Path) -> Mistakes:
    known = HYPERPARAMETERS[axis.name]
    if axis.scale == LOG and axis.step > LONGEST:
        yield path, f"is {shown(axis.step)} decades; write at most {LONGEST:g}, in log10"
    if known.whole and axis.scale == LINEAR and not axis.step.is_integer():
        remedy = "write a whole number, or scale: log"
        yield path, f"{shown(axis.step)} makes {known.plural} that are no whole numbers; {remedy}"


def bounds(config: Config, place: int) -> Mistakes:
    """The bounds of an entry of `grid.axes` are in order."""
    own = _own(config, place)
    if own and own.bounds and own.bounds[0] >= own.bounds[1]:
        low, high = own.bounds
        yield ("grid", "axes", place, "bounds"), f"{shown(low)} is not below {shown(high)}; write [lowest, highest]"


def size(config: Config) -> Mistakes:
    """The prior is a cell of the lattice."""
    for path, cells in _sizes(config):
        if cells % 2 == 0:
            remedy = f"write {cells - 1} or {cells + 1}"
            yield path, f"the prior is off the lattice: of {cells} cells none is central; {remedy}"


def tile(config: Config) -> Mistakes:
    """Tiles divide the grid."""
    for axis, ((at, cells), tile) in enumerate(zip(_sizes(config), config.grid.tile, strict=True)):
        path: Path = ("grid", "tile", axis)
        size = f"{where(at)} = {cells}"
        remedy = "write " + " or ".join(str(n) for n in range(1, cells + 1) if cells % n == 0)
        if tile > cells:
            yield path, f"the tile is larger than the grid: {tile}, {size}; {remedy}"
        elif cells % tile and cells % 2:  # an even size is a mistake of its own, and will change
            yield path, f"tiles of {tile} do not divide {size}; {remedy}"


def exploration(config: Config) -> Mistakes:
    """There are as many trainings as a batch has."""
    most, batch = config.exploration.trainings, config.exploration.batch
    if most < batch:
        text = f"{most} is less than a batch, exploration.batch = {batch}; write at least {batch}, or smaller batches"
        yield ("exploration", "trainings"), text


def whole(config: Config) -> Mistakes:
    """A surrogate holds all cells at once."""
    cells = math.prod(cells for _, cells in _sizes(config))
    if config.exploration.method == ADAPTIVE and cells > MOST_CELLS:
        remedy = f"write a grid of at most {MOST_CELLS:,}, or exploration.method: grid"
        yield ("exploration", "method"), f"adaptive, and the grid has {cells:,} cells; {remedy}"


def policy(config: Config) -> Mistakes:
    """A region of interest is known where all cells were trained."""
    if config.exploration.method == ADAPTIVE and config.verdict.policy:
        yield ("verdict", "policy"), "needs the grid; write false, or exploration.method: grid"


def _sizes(config: Config) -> list[tuple[Path, int]]:
    """The number of cells along both axes, each with its key."""
    if config.grid.axes is None:
        return [(("grid", "size", place), cells) for place, cells in enumerate(config.grid.size)]
    return [(("grid", "axes", place, "size"), axis.size) for place, axis in enumerate(config.grid.axes)]


def prior(config: Config, model: str, place: int) -> Mistakes:
    """The prior, and the whole initial grid around it, can be trained and lie within the bounds of the axis."""
    side = _side(config, model, place)
    axis, centre, of = side.axis, side.prior, side.axis.of
    low, high = bounds_of(config.grid, config.extension)[axis.name]
    if low >= high:
        return
    own = _own(config, place)
    key = where((*side.at, "bounds")) if own and own.bounds else f"extension.{axis.name}"
    bounds = f"{key} = [{yaml_number(low)}, {yaml_number(high)}]"
    if axis.is_log and centre <= 0:
        yield side.prior_at, f"is {shown(centre)}, and a logarithmic axis has no zero; write more, or scale: linear"
    elif of.whole and centre != int(centre):
        yield side.prior_at, f"is {shown(centre)}, and {of.plural} are whole numbers; write {centre:.0f}"
    elif of.allows(centre) and not low <= centre <= high:
        yield side.prior_at, f"the prior {shown(centre)} is outside {bounds}; move the prior or widen the bounds"
    else:
        yield from _reach(side, low, high, bounds)


def _reach(side: _Side, low: float, high: float, bounds: str) -> Mistakes:
    values, around = side.values(), f"the grid around {shown(side.prior)}"
    refused = [value for value in (values[0], values[-1]) if not side.axis.of.allows(value)]
    for value in refused[:1]:
        limits = f"{side.axis.words} must be {side.axis.of.range}"
        yield side.prior_at, f"{around} reaches {value:.3g}, and {limits}; {side.smaller}, or move the prior"
    if refused:
        return
    for edge in (values[0], values[-1]):
        if not low - HAIR * abs(low) <= edge <= high + HAIR * abs(high):
            yield side.prior_at, f"{around} reaches {edge:.3g}, outside {bounds}; widen the bounds, or {side.smaller}"
    twice = next((value for value, after in pairwise(values) if value == after), None)
    if side.axis.of.whole and twice is not None:
        text = f"{around} has two cells that round to {twice}; make the step larger or the size smaller"
        yield side.at, text


def batches(config: Config, model: str) -> Mistakes:
    """Batch sizes of the grid that are larger than the data set."""
    images = config.data.train_size or IMAGES.get(config.data.name, (None,))[0]
    for place in range(2):
        side = _side(config, model, place)
        largest = side.values()[-1]
        if side.axis.name == "batch_size" and images is not None and largest > images:
            yield side.at, f"reaches batches of {largest}, and there are {images} training images; {side.smaller}"


def lengths(config: Config, model: str) -> Mistakes:
    """Only trainings by the whole recipe have a length of their own."""
    varied = [axis.name for axis in config.grid.axes or ()]
    if "epochs" in varied and set(config.models[model].pipelines) & set(FROM_TRAINED):
        remedy = "write [scratch]"
        path: Path = ("models", model, "pipelines")
        yield path, f"go on for as many epochs as the recipe has left, and grid.axes varies them; {remedy}"
