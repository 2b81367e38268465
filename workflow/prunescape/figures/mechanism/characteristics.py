"""Rows of panels over the ablation ratio: imbalance, mean, extremes and ablated accuracy (utility paper, Fig. 3-5, 15).

Figures of networks of several sizes and of pruned ones differ only in what their lines are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, scales, select, style
from prunescape.figures.mechanism import terms
from prunescape.figures.palette import Look
from prunescape.figures.select import at

TITLES = ("Imbalance", "Mean", "Least and greatest", "Ablated accuracy")
LABELS = ("Standard deviation (nats)", "Mean utility (nats)", terms.UTILITY, terms.TRAINING_ACCURACY)
STATISTICS = ("imbalance", "mean", "minimum", "maximum", "top1", "top1_minimum", "top1_maximum")
DOTTED = (0, (1.2, 1.4))
DODGE = 0.35  # points of the ratio in percent between the bars of neighbouring lines


def row(panels: Sequence[Axes], summary: pd.DataFrame, key: str, chosen: Mapping[Any, Look]) -> None:
    """Draw four panels: imbalance, mean, extremes and ablated accuracy.

    Args:
        panels: four.
        summary: seed, level, `key`, and the columns of `prunescape.mechanism.statistics.summarise`.
        key: the column that the lines differ in.
        chosen: its values and their looks.
    """
    spread = select.over_seeds(summary, [key, "level"], STATISTICS)
    spread = spread.assign(ratio=100 * spread["level"].astype(float))
    for axes, name in zip(panels, ("imbalance", "mean"), strict=False):
        drawing.lines(axes, spread, "ratio", name, key, chosen)
        scales.nats(axes, spread[name])
    _extremes(panels[2], spread, key, chosen)
    _accuracies(panels[3], spread, key, chosen)
    for axes, label in zip(panels, LABELS, strict=True):
        axes.set_ylabel(label)
        if len(spread):
            axes.set_xlim(0, 1.06 * spread["ratio"].max())


def _extremes(axes: Axes, spread: pd.DataFrame, key: str, chosen: Mapping[Any, Look]) -> None:
    drawing.lines(axes, spread, "ratio", "maximum", key, chosen)
    dotted = {value: replace(look, dashes=DOTTED) for value, look in chosen.items()}
    if spread["maximum"].notna().any():
        drawing.lines(axes, spread, "ratio", "minimum", key, dotted)
    scales.nats(axes, pd.concat([spread["minimum"], spread["maximum"]]))


def _accuracies(axes: Axes, spread: pd.DataFrame, key: str, chosen: Mapping[Any, Look]) -> None:
    """Means, and bars from the least to the greatest accuracy of a sample set (utility paper, Fig. 1 left)."""
    drawing.lines(axes, spread, "ratio", "top1", key, chosen)
    scales.accuracy(axes)
    for place, (value, look) in enumerate(chosen.items()):
        mine = at(spread, **{key: value})
        shift = DODGE * (place - (len(chosen) - 1) / 2)
        axes.vlines(
            mine["ratio"] + shift, mine["top1_minimum"], mine["top1_maximum"], color=look.colour, lw=2.2, alpha=0.45,
        )  # fmt: skip


def titled(panels: Sequence[Axes]) -> None:
    """Put the panels' titles above a row."""
    for axes, title in zip(panels, TITLES, strict=True):
        axes.set_title(title)


def grid(figure: Figure, rows: int, histograms: int, columns: int) -> tuple[list[list[Axes]], list[Axes]]:
    """Rows of four panels, and below them so many for histograms in so many columns."""
    more = -(-histograms // columns)
    heights = [1.0] * rows + [0.72] * more
    layout = figure.add_gridspec(rows + more, 4 * columns, height_ratios=heights)
    width = columns
    upper = [
        [figure.add_subplot(layout[line, width * place : width * (place + 1)]) for place in range(4)]
        for line in range(rows)
    ]
    lower = [
        figure.add_subplot(layout[rows + number // columns, 4 * (number % columns) : 4 * (number % columns + 1)])
        for number in range(histograms)
    ]
    return upper, lower


def handles(chosen: Mapping[Any, Look]) -> list[Line2D]:
    """The legend: the lines, and the ways in which extremes are drawn."""
    return [
        *(look.handle() for look in chosen.values()),
        Line2D([], [], color=style.MUTED, lw=1.6, label="greatest"),
        Line2D([], [], color=style.MUTED, lw=1.6, ls=DOTTED, label="least"),
        Line2D(
            [], [], color=style.MUTED, lw=2.6, alpha=0.45, ls="", marker="|", ms=11, mew=2.4, label="range of accuracy"
        ),
    ]
