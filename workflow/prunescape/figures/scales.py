"""Axes: their limits and ticks, by what they show."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from prunescape.figures import plane
from prunescape.figures.names import short
from prunescape.figures.select import distinct, some

GAP = 0.06  # a part of an axis, left free at its ends
WIDE = 20.0  # a larger ratio between the extremes takes a logarithmic axis
NEAR = 200.0  # up to this ratio it has labels between the powers of ten
LEAST = 1e-6  # nats; smaller utilities are as good as none
MOST_TICKS = 7
APART = 0.11  # of a logarithmic axis: sizes that are nearer share a tick
SPARE = 0.5  # of the span of the values: how much further an axis goes to show intervals


class LogLabels(Formatter):
    """Labels of a logarithmic axis, in the one manner that all figures have (see `plane.value_labels`)."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of all ticks; those beyond the axis' ends have no say."""
        assert self.axis is not None
        low, high = sorted(self.axis.get_view_interval())
        seen = [value for value in values if low * 0.999 <= value <= high * 1.001]
        labels = dict(zip(seen, plane.value_labels(seen), strict=True))
        return [labels.get(value, "") for value in values]

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - as all formatters are called
        """The label of one value."""
        return plane.decimal_or_scientific(x)


def few_ticks(axes: Axes, least_span: float = 0.0) -> None:
    """About five ticks on the y axis; a span of no less than so much, so that trifles do not look large."""
    low, high = axes.get_ylim()
    lacking = max(0.0, least_span - (high - low)) / 2
    axes.set_ylim(low - lacking, high + lacking)
    axes.yaxis.set_major_locator(MaxNLocator(5))


def from_zero(axes: Axes, values: Iterable[float]) -> None:
    """A y axis from 0 to a little above the largest value."""
    known = distinct(values)
    if known:
        axes.set_ylim(0, 1.08 * known[-1] or 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(5))


def near(axes: Axes, values: Iterable[float], least_span: float = 1.0) -> None:
    """A y axis that spans the values, and no less than so much, so that trifles do not look large."""
    known = distinct(values)
    if known:
        lacking = max(0.0, least_span - (known[-1] - known[0])) / 2
        margin = 0.07 * max(least_span, known[-1] - known[0])
        axes.set_ylim(known[0] - lacking - margin, known[-1] + lacking + margin)
        axes.yaxis.set_major_locator(MaxNLocator(5))


def losses(axes: Axes, values: Iterable[float]) -> None:
    """A y axis of losses: logarithmic where they are far apart, else near them."""
    known = pd.Series(distinct(values))
    if len(known) and known.min() > 0 and known.max() / known.min() > WIDE:
        nats(axes, known)
    else:
        near(axes, known, 0.1)


def nats(axes: Axes, values: pd.Series) -> None:
    """The y axis of utilities: logarithmic where they are positive and far apart, else from 0."""
    known = values[np.isfinite(values.astype(float))].astype(float)
    if known.empty:
        return
    above = known[known > 0]
    if len(above) and above.max() / above.min() > WIDE:
        axes.set_yscale("log", nonpositive="mask")
        log_ticks(axes.yaxis, above)
        if above.max() > LEAST > axes.get_ylim()[0]:
            axes.set_ylim(bottom=LEAST)
    else:
        axes.set_ylim(0, 1.08 * float(known.max()) or 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(5))


def log_ticks(axis: Axis, values: pd.Series) -> None:
    """The ticks of a logarithmic axis with these positive values, between powers of ten where these are few."""
    near = values.max() / values.min() < NEAR
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,), numticks=9))
    axis.set_major_formatter(LogLabels())
    axis.set_minor_formatter(NullFormatter())


def accuracy(axes: Axes) -> None:
    """The y axis of accuracies, 0 to 100 %."""
    axes.set_ylim(-2, 102)
    axes.set_yticks(range(0, 101, 25))


def epochs_axis(axes: Axes) -> None:
    """The x axis of epochs."""
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def sizes_axis(axes: Axes, values: Iterable[float], label: str) -> None:
    """A logarithmic x axis of widths or numbers of parameters, with ticks at those that there are."""
    axes.set_xlabel(label)
    known = [value for value in distinct(values) if value > 0]
    if not known or not axes.has_data():
        return
    axes.set_xscale("log")
    ratio = known[-1] / known[0]
    margin = max(ratio**0.05, 1.05)
    axes.set_xlim(known[0] / margin, known[-1] * margin)
    span, ticks = np.log(ratio), known[:1]
    for value in known[1:]:
        ticks += [value] if np.log(value / ticks[-1]) > APART * span else []
    axes.xaxis.set_major_locator(FixedLocator(some(ticks, MOST_TICKS)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def dots_limits(axes: Axes, values: Iterable[float], ends: Iterable[float], least_span: float) -> tuple[float, float]:
    """Set an x axis to all values, and to the ends of intervals where these are not much further off; gives its limits.

    Args:
        values: means and seeds.
        ends: of intervals, which are far off where there are two seeds.
        least_span: of the axis.
    """
    known, reached = distinct(values), distinct(ends)
    span = max(known[-1] - known[0], least_span)
    low = max(min([known[0], *reached]), known[0] - SPARE * span)
    high = min(max([known[-1], *reached]), known[-1] + SPARE * span)
    lacking = max(0.0, least_span - (high - low)) / 2
    margin = 0.07 * (high - low + 2 * lacking)
    axes.set_xlim(low - lacking - margin, high + lacking + margin)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    return low - lacking - margin, high + lacking + margin


def rows_axis(axes: Axes, labels: Sequence[str], labelled: bool = True) -> None:
    """A y axis of rows from the top down."""
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0, labelleft=labelled)
    axes.set_ylim(max(len(labels), 1) - 0.4, -0.6)
