"""The hyperparameters that may span a grid, and the pair that does. Light: read while the Snakefile is parsed."""

import math
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.extension import Extension
    from prunescape.config.grid import Grid

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
