"""Style of the figures of the study `stochastic`: its words, its colours, and small habits of drawing."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.figures import names, style

# As in prunescape.stochastic.variants, which would load torch for every figure; a test holds them together.
DENSE, DENSE_STOCHASTIC = "dense", "dense_stochastic"
DETERMINISTIC, STOCHASTIC = "deterministic", "stochastic"
MASK_S_TO_D, MASK_D_TO_S = "mask_s_to_d", "mask_d_to_s"
MAGNITUDE = "magnitude"

SP, DP = "stochastic (SP)", "deterministic (DP)"
TOP1 = "Top-1 accuracy (%)"
PRUNING_RATE = "Pruning rate γ"
# Blue, orange and green that colour-blind readers can tell (Okabe and Ito).
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
GAMMA_RAMP = LinearSegmentedColormap.from_list("gamma", ["#8fcfc0", "#123c3a"])
GOLDEN = (5**0.5 - 1) / 2
GAP = 0.06  # a part of an axis, left free at its ends


def at(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows that have these values; numbers may differ by rounding."""
    chosen = np.ones(len(table), dtype=bool)
    for name, value in values.items():
        column = table[name].to_numpy()
        number = isinstance(value, float)
        chosen &= np.isclose(column.astype(float), value, rtol=1e-6, atol=1e-12) if number else column == value
    return table[chosen]


def ways(table: pd.DataFrame) -> list[bool]:
    """Values of the column `recalibrated` in a table, False first; False alone where the table is empty."""
    return sorted({bool(way) for way in table["recalibrated"]}) or [False]


def way_title(recalibrated: bool) -> str:
    """The treatment of batch norm, as a panel's title."""
    return "Batch norm recalibrated" if recalibrated else "Batch norm as pretrained"


def distinct(values: Iterable[float]) -> list[float]:
    """Finite values without repetition, in ascending order."""
    return sorted({float(value) for value in values if np.isfinite(value)})


def sigma_colours(sigmas: Iterable[float]) -> dict[float, str]:
    """A colour a noise level, from the least (violet) to the greatest (orange); deterministic pruning is black."""
    return _ramp(colormaps["plasma"], distinct(sigmas), 0.1, 0.82)


def gamma_colours(gammas: Iterable[float]) -> dict[float, str]:
    """A colour a pruning rate, from the mildest (light) to the hardest (dark)."""
    return _ramp(GAMMA_RAMP, distinct(gammas), 0.0, 1.0)


def _ramp(ramp: Any, values: Sequence[float], start: float, stop: float) -> dict[float, str]:
    places = [(start + stop) / 2] if len(values) == 1 else np.linspace(start, stop, len(values))
    return {value: to_hex(ramp(float(place))) for value, place in zip(values, places, strict=True)}


def points(value: float, decimals: int = 1) -> str:
    """A signed number of points: `+51.9`, `−3.1`."""
    return f"{value:+.{decimals}f}".replace("-", "−")


def plural(count: int, word: str) -> str:
    """A number with its noun: `1 seed`, `3 seeds`."""
    return f"{count} {word}{'s' * (count != 1)}"


def method_words(method: str) -> str:
    """A way of pruning within a sentence: `magnitude`, `LAMP`."""
    title = names.method_title(method)
    return title.lower() if title[1:].islower() else title


def jitter(count: int, width: float) -> np.ndarray:
    """Offsets, always the same ones, that keep so many points of one place apart, within ± width / 2."""
    return width * (np.arange(1, count + 1) * GOLDEN % 1 - 0.5) if count > 1 else np.zeros(count)


def say(axes: Axes, words: str) -> None:
    """Write into an empty panel why it is empty."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=style.MUTED)


def note(axes: Axes, words: str) -> None:
    """A quiet line above a panel, in its title's place."""
    axes.set_title(words, fontsize=8, fontweight="normal", color=style.MUTED)


def few_ticks(axes: Axes, least_span: float = 0.0) -> None:
    """About five ticks on the y axis; a span of no less than so much, so that trifles do not look large."""
    low, high = axes.get_ylim()
    lacking = max(0.0, least_span - (high - low)) / 2
    axes.set_ylim(low - lacking, high + lacking)
    axes.yaxis.set_major_locator(MaxNLocator(5))


def legend_right(
    figure: Figure,
    handles: Sequence[Line2D],
    title: str,
    place: Literal["outside right upper", "outside right lower"] = "outside right upper",
) -> None:
    """A legend beside the panels, at their upper or lower end."""
    legend = figure.legend(
        handles=handles, loc=place, title=title, alignment="left", handlelength=1.8, borderaxespad=0.6
    )  # fmt: skip
    legend.get_title().set_fontsize(8.5)
    legend.get_title().set_fontweight("bold")


def dot(colour: str, label: str, marker: Any = "o", size: float = 5.5) -> Line2D:
    """A legend's sample of a point."""
    return Line2D([], [], ls="", marker=marker, color=colour, ms=size, mew=0, label=label)
