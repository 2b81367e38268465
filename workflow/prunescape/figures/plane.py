"""Drawing on the plane of two hyperparameters, in its unit of length, with ticks that show the real values."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.ticker import MaxNLocator

from prunescape.figures.style import INK, PAPER
from prunescape.hpspace.landscape import places
from prunescape.hpspace.lattice import THESIS, Axis, Pair

# The inner region black in a white halo, the outer one white in a black halo: seen on any background.
ELLIPSE_STYLES = ((INK, PAPER), (PAPER, INK))
DECIMALS = 0.99e-4, 9.9e3  # values from here to there are written as decimals, others as powers of ten


def value_labels(values: Sequence[float]) -> list[str]:
    """Positive values of one axis to two digits, all in one manner: as decimals (`0.3`), or else as `3x10^-5`."""
    decimals = all(_is_decimal(value) for value in values)
    return [decimal_or_scientific(value) if decimals else scientific(value) for value in values]


def _is_decimal(value: float) -> bool:
    return DECIMALS[0] <= value < DECIMALS[1]


def scientific(value: float) -> str:
    """A number as mathtext: `10^-5` or `3x10^-5`."""
    mantissa, power = f"{value:.1e}".split("e")
    times = "" if mantissa == "1.0" else rf"{float(mantissa):g}{{\times}}"
    return f"${times}10^{{{int(power)}}}$"


def decimal_or_scientific(value: float) -> str:
    """A positive value to two digits: `0.063`, `3.2x10^-5`."""
    return f"{float(f'{value:.2g}'):g}" if _is_decimal(value) else scientific(value)


def roi_label(roi: float) -> str:
    """The name of a region of interest, with one decimal at least: `0.5-ROI`, `1.0-ROI`."""
    return f"{roi:.1f}-ROI" if round(roi, 1) == roi else f"{roi:g}-ROI"


def ticks(low: float, high: float) -> tuple[list[float], list[float]]:
    """Labelled and small tick positions (log10) from 10^low to 10^high: three labels or more if it can be."""
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    small = [decade + float(np.log10(m)) for decade in decades for m in range(1, 10)]
    small = [tick for tick in small if low <= tick <= high]
    labelled: list[float] = []
    for mantissas in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7), tuple(range(1, 10))):
        labelled = [decade + float(np.log10(m)) for decade in decades for m in mantissas]
        labelled = [tick for tick in labelled if low <= tick <= high]
        if len(labelled) >= 3:
            break
    return labelled, small


def log_axis(axes: Axes, which: str, low: float, high: float) -> None:
    """Give the x or y axis its limits (log10) and ticks labelled with the real values."""
    labelled, small = ticks(low, high)
    _ticked(axes, which, (low, high), labelled, value_labels([10**exponent for exponent in labelled]), small)


def value_axes(axes: Axes, extent: Sequence[float], pair: Pair) -> None:
    """Give both axes their limits (left, right, bottom, top, in the pair's unit) and ticks with the real values."""
    ends = zip("xy", (extent[:2], extent[2:]), reversed(pair), pair.units, strict=True)
    for which, (low, high), axis, unit in ends:
        labelled, labels, small = marks(axis, low * unit, high * unit)
        at = [np.divide(ticks, unit).tolist() for ticks in (labelled, small)]
        _ticked(axes, which, (low, high), at[0], labels, at[1])


def marks(axis: Axis, low: float, high: float) -> tuple[list[float], list[str], list[float]]:
    """Coordinates of labelled ticks, their labels, and coordinates of small ones."""
    if axis.is_log:
        labelled, small = ticks(low, high)
        values = [10**exponent for exponent in labelled]
        return labelled, [f"{value:.0f}" for value in values] if axis.of.whole else value_labels(values), small
    steps = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3, integer=axis.of.whole).tick_values(low, high)
    labelled = [float(value) for value in steps if low <= value <= high]
    return labelled, [f"{value:g}" for value in labelled], []


def _ticked(
    axes: Axes, which: str, limits: Sequence[float], labelled: list[float], labels: list[str], small: list[float]
) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_ticks(labelled, labels)
    axis.set_ticks(small, minor=True)
    (axes.set_xlim if which == "x" else axes.set_ylim)(*limits)
    axes.tick_params(which="minor", length=1.8, width=0.5)
    axes.tick_params(which="major", length=3.5)


def located(frame: pd.DataFrame, pair: Pair = THESIS) -> pd.DataFrame:
    """The frame with the columns x and y: where its cells lie in the plane."""
    x, y = places(frame, pair).T
    return frame.assign(x=x, y=y)


def step_of(values: Sequence[float] | np.ndarray, alone: float = 0.2) -> float:
    """The lattice's step along one axis; `alone` where a single value leaves it open."""
    gaps = np.diff(np.unique(np.round(np.asarray(values, dtype=float), 9)))
    return float(gaps.min()) if len(gaps) else alone


def centre(row: pd.Series, pair: Pair = THESIS) -> tuple[float, float]:
    """The centre of an ellipse in the plane."""
    x, y = (float(row[name]) / unit for name, unit in zip(pair.centre, pair.units, strict=True))
    return x, y


def ellipse_patch(row: pd.Series, pair: Pair = THESIS, **style: object) -> Ellipse:
    """The confidence ellipse of one row of ellipses.csv, in the plane."""
    return Ellipse(
        centre(row, pair),
        width=row["length"], height=row["width"], angle=row["angle_degrees"], fill=False, **style,
    )  # fmt: skip


def haloed(row: pd.Series, rank: int, pair: Pair = THESIS, linewidth: float = 1.5) -> Ellipse:
    """The confidence ellipse of one row in the style of the rank-th region (0 the innermost), with a halo."""
    colour, halo = ELLIPSE_STYLES[min(rank, len(ELLIPSE_STYLES) - 1)]
    patch = ellipse_patch(row, pair, edgecolor=colour, linewidth=linewidth, zorder=5)
    patch.set_path_effects([patheffects.withStroke(linewidth=linewidth + 1.9, foreground=halo)])
    return patch


def haloed_handle(rank: int, label: str) -> Line2D:
    """The legend's sample of `haloed`."""
    colour, halo = ELLIPSE_STYLES[min(rank, len(ELLIPSE_STYLES) - 1)]
    line = Line2D([], [], color=colour, linewidth=1.5, label=label)
    line.set_path_effects([patheffects.withStroke(linewidth=3.4, foreground=halo)])
    return line


def is_fitted(ellipses: pd.DataFrame) -> pd.Series:
    """Mask of the rows that hold an ellipse; `fitted` may have been read as text."""
    return ellipses["fitted"].astype(str).str.lower().isin(["true", "1", "1.0"])
