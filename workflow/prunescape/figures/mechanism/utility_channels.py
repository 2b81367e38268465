"""The utility of single channels, and whether it foretells what pruning costs (beyond the utility paper).

Channels are ablated one by one, with all that makes and reads them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing, names, palette, scales, style
from prunescape.figures.drawing import jitter
from prunescape.figures.mechanism import terms
from prunescape.figures.names import plural
from prunescape.figures.palette import BLUE
from prunescape.figures.select import at

STATISTICS = ["subsets", "correlation", "p", "low", "high"]  # of rank_correlations.csv; the other columns name a row
LOST = "top1_lost"
LABELS = {"top1": "Training accuracy without it (%)", LOST: "Validation accuracy lost (points)"}
WIDTH = 0.62  # of a layer's points
ROW = 0.26  # inches a correlation
SEEDS = 0.5  # the height of a row's points


def draw(channels: pd.DataFrame, correlations: pd.DataFrame, model: str) -> Figure:
    """Above, every channel layer by layer; below, utility against accuracy left, and the rank correlations.

    Args:
        channels: model, seed, layer, channel, utility, top1 (of the ablated network): utility_channels.csv. Where it
            has top1_lost (points, validation images), that is drawn instead of the accuracy left.
        correlations: model, seed, columns that name what is correlated, subsets, correlation, low, high:
            rank_correlations.csv.
    """
    table, rows = at(channels, model=model), at(correlations, model=model)
    labels = row_labels(rows)
    layers = list(dict.fromkeys(table["layer"]))
    colours = dict(zip(layers, palette.ages(len(layers)), strict=True))
    below = float(np.clip(ROW * len(dict.fromkeys(labels)) + 0.4, 2.6, 7.0))
    figure = style.new_figure(10.2, 3.3 + below + 1.5)
    layout = figure.add_gridspec(2, 2, height_ratios=(2.6, below), width_ratios=(1.25, 1))
    _layers(figure.add_subplot(layout[0, :]), table, colours)
    _scatter(figure.add_subplot(layout[1, 0]), table, colours)
    _correlations(figure.add_subplot(layout[1, 1]), rows, labels)
    seeds = table["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: the utility of single channels",
        "Each point is one channel, ablated by itself; light to dark from the first layer to the last. Correlations "
        "are Spearman's, between utility and the accuracy lost, with 95 % intervals."
        + (f" Channels and correlations of {plural(seeds, 'seed')} are drawn." if seeds > 1 else ""),
    )
    return figure


def row_labels(correlations: pd.DataFrame) -> list[str]:
    """Labels of the rows of correlations: the values of the columns that name each."""
    keys = [name for name in correlations if name not in ("model", "seed", *STATISTICS)]
    rows = correlations[keys].itertuples(index=False)
    return [_words(keys, row) for row in rows] if keys else ["all"] * len(correlations)


def _words(keys: Sequence[str], row: Sequence[object]) -> str:
    parts = []
    for key, value in zip(keys, row, strict=True):
        if isinstance(value, float):
            parts += [] if np.isnan(value) else [names.percent(value) if key == "level" else f"{key} {value:g}"]
        else:
            parts.append(str(value).replace("_", " "))
    return ", ".join(parts) or "all"


def _layers(axes: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """A column a layer: its channels' utilities, and their median as a bar."""
    known = _known(table)
    axes.set(title="Utility, layer by layer", ylabel=terms.UTILITY, xlabel="Layer, counted from the input")
    if known.empty:
        drawing.empty(axes)
        return
    axes.grid(axis="y")
    for place, (layer, colour) in enumerate(colours.items(), start=1):
        values = at(known, layer=layer)["utility"].to_numpy(float)
        if not len(values):
            continue
        axes.scatter(
            place + jitter(len(values), WIDTH), values, s=11, color=colour, edgecolors=style.PAPER, linewidths=0.3,
        )  # fmt: skip
        axes.hlines(np.median(values), place - 0.4, place + 0.4, color=style.HIGHLIGHT, lw=2, zorder=4)
    scales.nats(axes, known["utility"])
    few = bool((table["utility"] < scales.LEAST).any())
    axes.set_xlim(0.4, len(colours) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(20, integer=True, min_n_ticks=1))
    words = "bar: the layer's median" + few * " (utilities below $10^{-6}$ are drawn there)"
    axes.text(1.0, 1.02, words, transform=axes.transAxes, ha="right", color=style.HIGHLIGHT, fontsize=style.size(8))


def _known(table: pd.DataFrame) -> pd.DataFrame:
    """The channels whose utility is known; what has next to none is raised to the least that is drawn."""
    known = table[np.isfinite(table["utility"].astype(float))]
    return known.assign(utility=known["utility"].clip(lower=scales.LEAST))


def _scatter(axes: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """Draw each channel's utility against the accuracy left."""
    name = LOST if LOST in table else "top1"
    axes.set(title="Utility and accuracy", xlabel=terms.UTILITY, ylabel=LABELS[name])
    known = _known(table)
    known = known[np.isfinite(known[name].astype(float))]
    if known.empty:
        drawing.empty(axes)
        return
    axes.grid()
    axes.scatter(
        known["utility"], known[name], s=14, c=[colours[layer] for layer in known["layer"]], edgecolors=style.PAPER,
        linewidths=0.3, rasterized=True,
    )  # fmt: skip
    axes.set_xscale("log")
    scales.log_ticks(axes.xaxis, known["utility"])


def _correlations(axes: Axes, table: pd.DataFrame, labels: Sequence[str]) -> None:
    """A row a name from the top down, a point a seed, with its interval."""
    axes.set(title="Does utility foretell the loss?", xlabel="Rank correlation of utility and accuracy lost")
    rows = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    if table["correlation"].notna().sum() == 0:
        drawing.empty(axes)
        return
    axes.grid(axis="x")
    seeds = sorted(table["seed"].unique())
    shifts = dict(zip(seeds, np.linspace(-SEEDS / 2, SEEDS / 2, len(seeds)) if len(seeds) > 1 else [0.0], strict=True))
    places = [rows[label] + shifts[seed] for label, seed in zip(labels, table["seed"], strict=True)]
    axes.hlines(places, table["low"], table["high"], color=BLUE, alpha=0.45, lw=2)
    axes.scatter(table["correlation"], places, s=20, color=BLUE, edgecolors=style.PAPER, linewidths=0.5, zorder=3)
    axes.axvline(0, color=style.MUTED, lw=1)
    low = float(np.nanmin(table[["correlation", "low"]].to_numpy(float)))
    axes.set_xlim(min(-0.05, 1.08 * low), 1.03)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
