"""Parts of panels: lines with bands over seeds, notes, and the legends' samples."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import style
from prunescape.figures.palette import Look
from prunescape.figures.select import at

NOTHING = "nothing measured"
BAND = 0.16  # opacity
GOLDEN = (5**0.5 - 1) / 2


def say(axes: Axes, words: str) -> None:
    """Write into an empty panel why it is empty."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=style.MUTED)


def empty(axes: Axes) -> None:
    """Say that there is nothing to draw, without ticks that would mean nothing."""
    say(axes, NOTHING)
    axes.set(xticks=[], yticks=[])


def note(axes: Axes, words: str) -> None:
    """A quiet line above a panel, in its title's place."""
    axes.set_title(words, fontsize=style.size(8), fontweight="normal", color=style.MUTED)


def titled(axes: Axes, title: str, words: str) -> None:
    """Put a title above a panel, and a quiet line between the two."""
    axes.set_title(title, pad=18)
    axes.annotate(
        words, (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=style.size(7.8),
        color=style.MUTED, annotation_clip=False,
    )  # fmt: skip


def line(axes: Axes, rows: pd.DataFrame, x: str, name: str, look: Look, **more: Any) -> None:
    """A line through the column `name`, and the band over seeds where there are several."""
    rows = rows[np.isfinite(rows[name].astype(float))].sort_values(x)
    style_ = {"lw": 1.5, "marker": look.marker, "ms": 3.2, "ls": look.dashes, "color": look.colour} | more
    axes.plot(rows[x], rows[name], **style_)
    if f"{name}_low" in rows:
        known = rows.dropna(subset=[f"{name}_low", f"{name}_high"])
        axes.fill_between(
            known[x], known[f"{name}_low"], known[f"{name}_high"], color=look.colour, alpha=BAND, linewidth=0,
        )  # fmt: skip


def lines(axes: Axes, table: pd.DataFrame, x: str, name: str, key: str, chosen: Mapping[Any, Look]) -> None:
    """A line a value of the column `key`; says so where nothing is known."""
    axes.grid()
    if np.isfinite(table[name].astype(float)).sum() == 0:
        empty(axes)
        return
    for value, look in chosen.items():
        line(axes, at(table, **{key: value}), x, name, look)


def jitter(count: int, width: float) -> np.ndarray:
    """Offsets, always the same ones, that keep so many points of one place apart, within ± width / 2."""
    return width * (np.arange(1, count + 1) * GOLDEN % 1 - 0.5) if count > 1 else np.zeros(count)


def dot(colour: str, label: str, marker: Any = "o", size: float = 5.5) -> Line2D:
    """A legend's sample of a point."""
    return Line2D([], [], ls="", marker=marker, color=colour, ms=size, mew=0, label=label)


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
    legend.get_title().set_fontsize(style.size(8.5))
    legend.get_title().set_fontweight("bold")


def seeds_words(table: pd.DataFrame) -> str:
    """Words for a heading that explain its lines and bands."""
    seeds = table["seed"].nunique()
    return f" Lines: means over {seeds} seeds; bands span them." if seeds > 1 else ""
