"""Diffs by layer, at the epochs of the highest and of the lowest coherence (thesis, Figs. 3.1 and 3.2)."""

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.coherence.diff_spread import ALL, mean_magnitude, of_network
from prunescape.coherence.labels import FRESH, GAUSSIAN, HIGHEST, LOWEST, REAL
from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.names import plural
from prunescape.figures.select import at

MOST_LAYERS = 5  # rows beside that of the whole network
DATA = {REAL: "Real data", GAUSSIAN: "Gaussian noise"}
LEAST = 0.02  # percent of the weights: bins that hold less are not drawn
LONG = 26  # characters of a layer's name
NUMBERED = 7  # of these, such as layer_0
FILL = 0.18  # opacity
WHOLE = "whole network"
RANDOM_SIGNS = "what random signs would give"


def draw(diff_histogram: pd.DataFrame, epochs: pd.DataFrame, model: str) -> Figure:
    """A column a kind of data; a row for the whole network and for a few layers; below, the mean |diff| of all layers.

    Args:
        diff_histogram: model, seed, data, start, which (highest, lowest), epoch, layer, layer_index, kind, low, high,
            count: diff_histogram.csv.
        epochs: model, seed, data, start, epoch, diff_size_by_chance: epochs.csv.
    """
    chance = at(epochs, model=model, start=FRESH)
    table = at(diff_histogram, model=model, start=FRESH)
    kinds = [data for data in DATA if (table["data"] == data).any()] or [REAL]
    layers = layers_of(table)
    rows = [WHOLE, *select.some(layers, MOST_LAYERS)]
    figure = style.new_figure(max(7.2, 4.3 * len(kinds) + 1.2), 1.35 * len(rows) + 2.2 * (len(layers) > 1) + 1.6)
    heights = [1.0] * len(rows) + [1.6] * (len(layers) > 1)
    grid = figure.subplots(len(heights), len(kinds), squeeze=False, height_ratios=heights)
    for column, data in enumerate(kinds):
        here = at(table, data=data)
        grid[0, column].set_title(DATA[data])
        for axes, layer in zip(grid[:, column], rows, strict=False):
            part = of_network(here) if layer == WHOLE else at(here, layer=layer)
            _histograms(axes, part, shortened(layer) if column == 0 else "")
        grid[len(rows) - 1, column].set_xlabel("Diff")
        if len(layers) > 1:
            _by_layer(grid[-1, column], here, by_chance(here, at(chance, data=data)), labelled=column == 0)
    _alike(grid[: len(rows)])
    _alike(grid[len(rows) :])
    several = table["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: diffs where coherence is highest and lowest",
        "A weight's diff is the mean sign of its gradient over the samples: 1 or −1 where all agree. Logarithmic; "
        "numbers are the mean |diff|." + (f" Counts of {plural(several, 'seed')} are added." if several > 1 else ""),
    )
    random = Line2D([], [], color=style.MUTED, lw=1.2, ls=":", label=RANDOM_SIGNS)
    style.legend_below(figure, [*series.handles(terms.WHICH), *([random] if len(layers) > 1 else [])])
    return figure


def by_chance(part: pd.DataFrame, epochs: pd.DataFrame) -> pd.Series:
    """The mean |diff| that random signs would give, by `which`, a mean over seeds; NaN where it is not known."""
    keys = part[["which", "seed", "epoch"]].drop_duplicates()
    known = keys.merge(epochs[["seed", "epoch", "diff_size_by_chance"]], on=["seed", "epoch"], how="left")
    return known.groupby("which")["diff_size_by_chance"].mean()


def layers_of(table: pd.DataFrame) -> list[str]:
    """Names of the layers, from the input on."""
    own = table[table["layer"] != ALL].sort_values("layer_index", kind="stable")
    return list(dict.fromkeys(own["layer"]))


def shortened(layer: str) -> str:
    """A layer's name, where it is long without its beginning, but with the number of its block."""
    if len(layer) <= LONG:
        return layer
    end, parts = "…" + layer[-LONG + 1 :], layer.split(".")
    block = next((part[-NUMBERED:] for part in parts if re.search(r"\d", part)), "")
    if block in end:
        return end
    return f"…{block}….{'.'.join(parts[-2:]) if parts[-1] == 'weight' else parts[-1]}"


def _histograms(axes: Axes, part: pd.DataFrame, label: str) -> None:
    """The part of the weights in each bin, an outline an epoch."""
    axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=style.size(8))
    axes.set_xlim(-1.02, 1.02)
    sizes = mean_magnitude(part, ["which"]).dropna() if len(part) else pd.Series(dtype=float)
    if sizes.empty:
        drawing.empty(axes)
        return
    axes.grid()
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    axes.set_yscale("log", nonpositive="clip")
    words = []
    for which in (HIGHEST, LOWEST):
        counts = at(part, which=which).groupby(["low", "high"], as_index=False)["count"].sum()
        if not counts["count"].sum() > 0:
            continue
        look = terms.WHICH[which]
        parts = (100 * counts["count"] / counts["count"].sum()).clip(lower=LEAST / 2)
        edges = np.array([*counts["low"], counts["high"].iloc[-1]])
        axes.stairs(parts, edges, baseline=LEAST / 2, fill=True, color=look.colour, alpha=FILL, lw=0)
        axes.stairs(parts, edges, baseline=None, color=look.colour, lw=1.2, ls="-")
        words.append((look.colour, f"{sizes[which]:.3f}"))
    for line, (colour, text) in enumerate(words):
        axes.text(
            0.99, 0.93 - 0.22 * line, text, color=colour, transform=axes.transAxes, ha="right", va="top",
            fontsize=style.size(7.5),
        )  # fmt: skip


def _alike(grid: np.ndarray) -> None:
    """Give all panels one y axis, labelled at the left; histograms have x axes at the bottom alone."""
    drawn = [axes for axes in grid.flat if len(axes.get_yticks())]
    if not drawn:
        return
    histograms = drawn[0].get_yscale() == "log"
    top = max(axes.get_ylim()[1] for axes in drawn)
    for axes in drawn:
        axes.set_ylim(*((LEAST, min(300.0, 1.5 * top)) if histograms else (0, top)))
        if histograms:
            scales.log_ticks(axes.yaxis, pd.Series([LEAST, 100.0]))
            axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100 %"])
            axes.tick_params(labelbottom=any(axes is other for other in grid[-1]))
        axes.tick_params(labelleft=any(axes is other for other in grid[:, 0]))


def _by_layer(axes: Axes, here: pd.DataFrame, chance: pd.Series, labelled: bool) -> None:
    """The mean |diff| of every layer, a line an epoch; dotted that of random signs, in all layers together."""
    axes.set_xlabel("Layer, counted from the input")
    axes.set_title("Mean |diff| of every layer")
    if labelled:
        axes.set_ylabel("Mean |diff|")
    own = here[here["layer"] != ALL]
    sizes = mean_magnitude(own, ["which", "layer_index", "seed"]).reset_index()
    spread = select.over_seeds(sizes, ["which", "layer_index"], ["magnitude"])
    order = {place: number for number, place in enumerate(sorted(spread["layer_index"].unique()), start=1)}
    spread = spread.assign(layer=spread["layer_index"].map(order))
    series.lines(axes, spread, "layer", "magnitude", "which", terms.WHICH)
    for which, level in chance.dropna().items():
        axes.axhline(level, color=terms.WHICH[which].colour, lw=1.2, ls=":", zorder=1.9)
    if spread["magnitude"].notna().any():
        scales.from_zero(axes, spread[["magnitude", "magnitude_high"]].to_numpy().flat)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
