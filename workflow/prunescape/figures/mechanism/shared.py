"""Style of the figures of the study `mechanism`: its words, its colours, and lines with bands over seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from prunescape.figures import plane, style
from prunescape.figures.stochastic.shared import BLUE, GREEN, ORANGE, at, distinct, say

# As in prunescape.mechanism, which would load torch for every figure; a test holds them together.
RATIO, NUMBER = "ratio", "number"
PRUNINGS = {"weights": "Weight pruning", "channels": "Channel pruning"}
RETRAININGS = {"fine_tuning": "fine-tuning", "rewinding": "rewinding"}

TRAINING_ACCURACY = "Training accuracy (%)"
UTILITY = "Utility (nats)"
NOTHING = "nothing measured"
VERMILION = "#c04a00"
AGES = LinearSegmentedColormap.from_list("ages", ["#9fd0c7", "#2f8f9d", "#123c5a"])  # from early to late
MARKERS = "osD^vPX*"
WIDE = 20.0  # a larger ratio between the extremes takes a logarithmic axis
NEAR = 200.0  # up to this ratio it has labels between the powers of ten
LEAST = 1e-6  # nats; smaller utilities are as good as none
BAND = 0.16  # opacity


@dataclass(frozen=True)
class Look:
    """Colour, marker, line style and name of one of several things in a figure."""

    colour: str
    marker: str
    label: str
    dashes: Any = "-"

    def handle(self) -> Line2D:
        """The legend's sample of the look."""
        return Line2D([], [], color=self.colour, marker=self.marker, ms=4, lw=1.6, ls=self.dashes, label=self.label)


RETRAINING_LOOKS = {
    "fine_tuning": Look(BLUE, "o", "fine-tuning"),
    "rewinding": Look(VERMILION, "s", "learning-rate rewinding"),
}
CATEGORIES = (BLUE, ORANGE, GREEN, VERMILION, "#7a4fa0")


def looks(values: Iterable[Any], labels: Sequence[str]) -> dict[Any, Look]:
    """A colour and a marker each, for things without an order."""
    return {
        value: Look(CATEGORIES[place % len(CATEGORIES)], MARKERS[place % len(MARKERS)], label)
        for place, (value, label) in enumerate(zip(values, labels, strict=True))
    }


def level_looks(levels: Iterable[float]) -> dict[float, Look]:
    """A colour and a marker an ablation ratio, from the least (violet) to the greatest (orange)."""
    values = distinct(levels)
    colours = ramp(colormaps["plasma"], len(values), 0.05, 0.8)
    return {
        level: Look(colour, MARKERS[place % len(MARKERS)], f"{percent(level)} ablated")
        for place, (level, colour) in enumerate(zip(values, colours, strict=True))
    }


def ages(count: int) -> list[str]:
    """So many colours from early (light) to late (dark), of epochs or cycles."""
    return ramp(AGES, count, 0.0, 1.0)


def ramp(colours: Any, count: int, start: float, stop: float) -> list[str]:
    """So many colours of a colour map, evenly from one place to another; a single one is the last."""
    places = [stop] if count == 1 else np.linspace(start, stop, count)
    return [to_hex(colours(float(place))) for place in places]


def percent(part: float) -> str:
    """A part as people write it: 0.075 -> `7.5 %`."""
    return f"{100 * part:g} %"


def some(values: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the values, evenly, the first and the last among them; only the last where most is 1."""
    if len(values) <= most:
        return list(values)
    places = np.linspace(0, len(values) - 1, most).round().astype(int) if most > 1 else [len(values) - 1]
    return [values[place] for place in places]


def truths(column: pd.Series) -> pd.Series:
    """A column of truth values, which may have been read as text."""
    return column.astype(str).str.lower().isin(["true", "1", "1.0"])


def over_seeds(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Means over the seeds of `values`, and `<value>_low` and `<value>_high`, their range; NaN where one is known."""
    groups = table.groupby(list(keys), sort=True)
    parts: dict[str, pd.Series] = {}
    for name in values:
        numbers = groups[name]
        several = numbers.count() > 1
        low, high = numbers.min().where(several), numbers.max().where(several)
        parts |= {name: numbers.mean(), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(parts).reset_index()


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


def empty(axes: Axes) -> None:
    """Say that there is nothing to draw, without ticks that would mean nothing."""
    say(axes, NOTHING)
    axes.set(xticks=[], yticks=[])


def titled(axes: Axes, title: str, words: str) -> None:
    """Put a title above a panel, and a quiet line between the two."""
    axes.set_title(title, pad=18)
    axes.annotate(
        words, (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=7.8,
        color=style.MUTED, annotation_clip=False,
    )  # fmt: skip


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
    axis.set_major_formatter(FuncFormatter(lambda value, _: plane.decimal_or_scientific(value)))
    axis.set_minor_formatter(NullFormatter())


def accuracy(axes: Axes) -> None:
    """The y axis of accuracies, 0 to 100 %."""
    axes.set_ylim(-2, 102)
    axes.set_yticks(range(0, 101, 25))


def seeds_words(table: pd.DataFrame) -> str:
    """Words for a heading that explain its lines and bands."""
    seeds = table["seed"].nunique()
    return f" Lines: means over {seeds} seeds; bands span them." if seeds > 1 else ""
