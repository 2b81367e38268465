"""The config's rules about the two axes of the grid: what may be varied, how far, and from where."""

from itertools import pairwise
from typing import NamedTuple

from prunescape.config_mistakes import Get, Mistakes, Path, Unreadable, shown, where, yaml_number
from prunescape.data.catalog import IMAGES
from prunescape.hpspace.axes import HYPERPARAMETERS, LINEAR, LOG, THESIS, Axis, bounds_of, pair_of, size_of
from prunescape.training.retraining import FROM_TRAINED

BY_DEFAULT = {"step": 0.2, "size": [9, 9]}
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
        """What to do about a grid that reaches too far."""
        return f"make {where((*self.at, 'step'))} or {where((*self.at, 'size'))} smaller"

    def values(self) -> list[float]:
        """Of all cells along the axis, increasing."""
        half = self.size // 2
        return [self.axis.value(self.prior, steps) for steps in range(-half, half + 1)]


def _side(get: Get, model: str, place: int) -> _Side:
    """The first or the second axis, around the prior of a model."""
    grid = get("grid")
    axis, size = pair_of(grid)[place], size_of(grid)[place]
    if axis.is_log and axis.step > LONGEST:
        raise Unreadable
    at: Path = ("grid", "axes", place) if grid["axes"] else ("grid",)
    if grid["axes"] and grid["axes"][place]["prior"] is not None:
        return _Side(axis, grid["axes"][place]["prior"], size, at, (*at, "prior"))
    of_model = axis.name in THESIS.names
    path: Path = ("models", model, axis.name) if of_model else ("recipe", axis.name)
    return _Side(axis, get(*path), size, at, path)


def names(get: Get) -> Mistakes:
    """Two different hyperparameters, which the recipe can use."""
    axes = get("grid", "axes")
    if axes is None:
        return
    path: Path = ("grid", "axes")
    first, second = (axis["name"] for axis in axes)
    if first == second:
        yield (*path, 1, "name"), f"{first} is given twice; write another hyperparameter"
    elif (second, first) == THESIS.names:
        yield path, "write learning_rate before weight_decay, as the thesis has them"
    for place, axis in enumerate(axes):
        if axis["name"] == "momentum" and get("recipe", "optimiser") == "adam":
            yield (*path, place, "name"), "recipe.optimiser is adam, which has no momentum; write sgd there"
        if axis["scale"] == LOG and axis["step"] > LONGEST:
            yield (*path, place, "step"), f"is {shown(axis['step'])} decades; write at most {LONGEST:g}, in log10"
        whole = HYPERPARAMETERS[axis["name"]].whole
        if whole and axis["scale"] == LINEAR and not float(axis["step"]).is_integer():
            words = HYPERPARAMETERS[axis["name"]].plural
            remedy = "write a whole number, or scale: log"
            yield (*path, place, "step"), f"{shown(axis['step'])} makes {words} that are no whole numbers; {remedy}"
    for key, default in BY_DEFAULT.items():
        if get("grid", key) != default:  # which is let through, so that a config written out whole can be read
            yield ("grid", key), "is not used beside grid.axes, whose entries have their own; remove the line"


def bounds(get: Get, place: int) -> Mistakes:
    """The bounds of an entry of `grid.axes` are in order."""
    own = get("grid", "axes") and get("grid", "axes", place, "bounds")
    if own and own[0] >= own[1]:
        path: Path = ("grid", "axes", place, "bounds")
        yield path, f"{shown(own[0])} is not below {shown(own[1])}; write [lowest, highest]"


def size(get: Get) -> Mistakes:
    """The prior is a cell of the lattice."""
    for path, cells in _sizes(get):
        if cells % 2 == 0:
            remedy = f"write {cells - 1} or {cells + 1}"
            yield path, f"the prior is off the lattice: of {cells} cells none is central; {remedy}"


def tile(get: Get) -> Mistakes:
    """Tiles divide the grid."""
    for axis, ((at, cells), tile) in enumerate(zip(_sizes(get), get("grid", "tile"), strict=True)):
        path: Path = ("grid", "tile", axis)
        size = f"{where(at)} = {cells}"
        remedy = "write " + " or ".join(str(n) for n in range(1, cells + 1) if cells % n == 0)
        if tile > cells:
            yield path, f"the tile is larger than the grid: {tile}, {size}; {remedy}"
        elif cells % tile and cells % 2:  # an even size is a mistake of its own, and will change
            yield path, f"tiles of {tile} do not divide {size}; {remedy}"


def _sizes(get: Get) -> list[tuple[Path, int]]:
    """The number of cells along both axes, each with its key."""
    axes = get("grid", "axes")
    if axes is None:
        return [(("grid", "size", place), cells) for place, cells in enumerate(get("grid", "size"))]
    return [(("grid", "axes", place, "size"), axis["size"]) for place, axis in enumerate(axes)]


def prior(get: Get, model: str, place: int) -> Mistakes:
    """The prior, and the whole initial grid around it, can be trained and lie within the bounds of the axis."""
    side = _side(get, model, place)
    axis, centre, of = side.axis, side.prior, side.axis.of
    low, high = bounds_of(get("grid"), get("extension"))[axis.name]
    if low >= high:
        return
    own = get("grid", "axes") and get("grid", "axes", place, "bounds")
    key = where((*side.at, "bounds")) if own else f"extension.{axis.name}"
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


def batches(get: Get, model: str) -> Mistakes:
    """No batch is larger than the data set."""
    data = get("data")
    images = data["train_size"] or IMAGES.get(data["name"], (None,))[0]
    for place in range(2):
        side = _side(get, model, place)
        largest = side.values()[-1]
        if side.axis.name == "batch_size" and images is not None and largest > images:
            yield side.at, f"reaches batches of {largest}, and there are {images} training images; {side.smaller}"


def lengths(get: Get, model: str) -> Mistakes:
    """Only trainings by the whole recipe have a length of their own."""
    path: Path = ("models", model, "pipelines")
    varied = [axis["name"] for axis in get("grid", "axes") or ()]
    if "epochs" in varied and set(get(*path)) & set(FROM_TRAINED):
        yield path, "go on for as many epochs as the recipe has left, and grid.axes varies them; write [scratch]"
