"""Style of the figures of the study `coherence`: its colours, lines with bands over seeds, and rows of dots."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from prunescape.coherence.labels import BEST, DIFF, MAGNITUDE, MASKS, NONE, RANDOM, WORST
from prunescape.figures import style
from prunescape.figures.mechanism import shared as common
from prunescape.figures.mechanism.shared import Look
from prunescape.figures.stochastic.shared import BLUE, GREEN, ORANGE, at, distinct, jitter

VIOLET = "#7a4fa0"
TRAINING, VALIDATION = "Training accuracy (%)", "Validation accuracy (%)"
COHERENCE = "Coherence α"
FEW = 25  # points of a line, up to which each has a marker
MOST_TICKS = 7
APART = 0.11  # of a logarithmic axis: sizes that are nearer share a tick
SPARE = 0.5  # of the span of the values: how much further an axis goes to show intervals
DASHED = (0, (3.5, 1.5))
# What networks are trained on, and from which weights.
RUNS = {
    "real fresh": Look(BLUE, "o", "real data"),
    "gaussian fresh": Look(ORANGE, "s", "Gaussian noise", (0, (5, 1.2))),
    "gaussian trained": Look(VIOLET, "D", "Gaussian noise, from weights trained on real data", (0, (2, 1.2))),
}
WHICH = {
    "highest": Look("#123c5a", "o", "epoch of the highest coherence"),
    "lowest": Look(common.VERMILION, "s", "epoch of the lowest coherence"),
}
_SCORES = {NONE: (style.INK, "o"), DIFF: (BLUE, "o"), MAGNITUDE: (common.VERMILION, "s"), RANDOM: (GREEN, "D")}
MASK_LOOKS = {
    f"{score} {end}".strip(): Look(*_SCORES[score], words, DASHED if end == WORST else "-")
    for (score, end), words in MASKS.items()
}
SCORE_LOOKS = {score: MASK_LOOKS[f"{score} {BEST}"] for score in (DIFF, MAGNITUDE)}


def with_run(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with `run`, a key of `RUNS`."""
    return table.assign(run=table["data"].astype(str) + " " + table["start"].astype(str))


def with_mask(table: pd.DataFrame) -> pd.DataFrame:
    """A copy of a labelled table with `mask`, a key of `MASK_LOOKS`."""
    return table.assign(mask=(table["score"].astype(str) + " " + table["end"].astype(str)).str.strip())


def present(looks: Mapping[str, Look], values: Iterable[Any]) -> dict[str, Look]:
    """The looks of the values that are present, in order."""
    there = set(values)
    return {name: look for name, look in looks.items() if name in there}


def lines(axes: Axes, spread: pd.DataFrame, x: str, name: str, key: str, looks: Mapping[Any, Look]) -> None:
    """A line a value of `key`, with the band over seeds; says so where nothing is known.

    Args:
        axes: where.
        spread: x, key, name, `<name>_low`, `<name>_high`: see `prunescape.figures.mechanism.shared.over_seeds`.
        x, name: columns.
        key: the column that tells lines apart.
        looks: its values and their looks; those of worst masks have open markers.
    """
    axes.grid(visible=True)
    if np.isfinite(spread[name].astype(float)).sum() == 0:
        common.empty(axes)
        return
    for value, look in looks.items():
        mine = at(spread, **{key: value})
        mine = mine[np.isfinite(mine[name].astype(float))]
        face = style.PAPER if look.dashes == DASHED else look.colour
        marker = look.marker if len(mine) <= FEW else ""
        common.line(axes, mine, x, name, look, marker=marker, mfc=face, ms=3.6, mew=1.0)
        if len(mine) == 1:  # a band over one place is not seen
            axes.vlines(mine[x], mine[f"{name}_low"], mine[f"{name}_high"], color=look.colour, alpha=0.45, lw=2.5)


def handles(looks: Mapping[Any, Look]) -> list[Line2D]:
    """The legend's samples, with open markers as the lines have them."""
    samples = []
    for look in looks.values():
        handle = look.handle()
        handle.set_markerfacecolor(style.PAPER if look.dashes == DASHED else look.colour)
        samples.append(handle)
    return samples


def epochs_axis(axes: Axes) -> None:
    """The x axis of epochs."""
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))


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
    if len(known) and known.min() > 0 and known.max() / known.min() > common.WIDE:
        common.nats(axes, known)
    else:
        near(axes, known, 0.1)


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
    axes.xaxis.set_major_locator(FixedLocator(common.some(ticks, MOST_TICKS)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def short(number: float) -> str:
    """A size as people write it: 512, 2.3 M."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e4, "")):
        if number >= unit and name:
            return f"{number / unit:.3g}{name}"
        if number >= unit:
            return f"{number / 1e3:.3g} k"
    return f"{number:g}"


def dots(axes: Axes, place: float, values: np.ndarray, row: Mapping[str, float], name: str, look: Look) -> None:
    """A row of dots: seeds small and pale, their mean large, with its 95 % interval.

    Args:
        axes: where.
        place: the row, on the y axis.
        values: one a seed.
        row: the mean as `name`, its interval as `<name>_low` and `<name>_high`.
        name: see row.
        look: colour, marker, and open markers where it is dashed.
    """
    face = style.PAPER if look.dashes == DASHED else look.colour
    axes.hlines(place, row[f"{name}_low"], row[f"{name}_high"], color=look.colour, lw=1.6, alpha=0.6, zorder=3)
    if len(values) > 1:
        axes.scatter(
            values, place + 0.22 + jitter(len(values), 0.12), s=9, color=look.colour, alpha=0.55, linewidths=0,
        )  # fmt: skip
    axes.scatter(
        [row[name]], [place], s=34, c=face, marker=look.marker, edgecolors=look.colour, linewidths=1.4, zorder=5
    )


def dots_limits(axes: Axes, values: Iterable[float], ends: Iterable[float], least_span: float) -> tuple[float, float]:
    """Set an x axis to all values, and to the ends of intervals where these are not much further off; gives its limits.

    Args:
        axes: where.
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
