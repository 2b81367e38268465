"""Lines and rows of dots of the study `coherence`: open markers for dashed looks, each seed beside the mean."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from prunescape.figures import style
from prunescape.figures.coherence.terms import DASHED
from prunescape.figures.drawing import empty, jitter, line
from prunescape.figures.palette import Look
from prunescape.figures.select import at

FEW = 25  # points of a line, up to which each has a marker


def present(looks: Mapping[str, Look], values: Iterable[Any]) -> dict[str, Look]:
    """The looks of the values that are present, in order."""
    there = set(values)
    return {name: look for name, look in looks.items() if name in there}


def lines(axes: Axes, spread: pd.DataFrame, x: str, name: str, key: str, looks: Mapping[Any, Look]) -> None:
    """A line a value of `key`, with the band over seeds; says so where nothing is known.

    Args:
        spread: x, key, name, `<name>_low`, `<name>_high`: see `prunescape.figures.select.over_seeds`.
        x, name: columns.
        key: the column that tells lines apart.
        looks: its values and their looks; those of worst masks have open markers.
    """
    axes.grid(visible=True)
    if np.isfinite(spread[name].astype(float)).sum() == 0:
        empty(axes)
        return
    for value, look in looks.items():
        mine = at(spread, **{key: value})
        mine = mine[np.isfinite(mine[name].astype(float))]
        face = style.PAPER if look.dashes == DASHED else look.colour
        marker = look.marker if len(mine) <= FEW else ""
        line(axes, mine, x, name, look, marker=marker, mfc=face, ms=3.6, mew=1.0)
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


def dots(axes: Axes, place: float, values: np.ndarray, row: Mapping[str, float], name: str, look: Look) -> None:
    """A row of dots: seeds small and pale, their mean large, with its 95 % interval.

    Args:
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
