"""Diffs of MLPs of several widths where coherence is highest and lowest (thesis, Fig. 4.4)."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.coherence.diff_spread import ALL, mean_magnitude
from prunescape.coherence.labels import HIGHEST
from prunescape.figures import drawing, palette, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.coherence.diff_histograms import LEAST, RANDOM_SIGNS
from prunescape.figures.coherence.widths import WIDTH
from prunescape.figures.names import plural
from prunescape.figures.select import at, distinct

MOST = 6  # histograms


def draw(width_diffs: pd.DataFrame, widths: pd.DataFrame) -> Figure:
    """Left the distributions at the highest coherence, an outline a width; right the mean |diff| over width.

    Both are of whole networks, all layers together.

    Args:
        width_diffs: width, seed, which (highest, lowest), epoch, layer, low, high, count: width_diffs.csv.
        widths: width, seed, epoch, diff_size_by_chance: widths.csv.
    """
    table = at(width_diffs, layer=ALL)
    chance = by_chance(table, widths)
    sizes_of = distinct(table["width"])
    colours = width_colours(sizes_of)
    figure = style.new_figure(9.4, 4.4)
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    left.set(title="Distribution", xlabel="Diff", ylabel="Part of the weights (%)")
    right.set(title="Mean |diff|", ylabel="Mean |diff|")
    _histograms(left, at(table, which=HIGHEST), colours)
    sizes = mean_magnitude(table, ["which", "width", "seed"]).reset_index()
    spread = select.over_seeds(sizes, ["which", "width"], ["magnitude"])
    looks = series.present(terms.WHICH, spread["which"])
    series.lines(right, spread, "width", "magnitude", "which", looks)
    scales.from_zero(right, spread[["magnitude", "magnitude_high"]].to_numpy().flat)
    for which, look in looks.items():
        level = chance[chance["which"] == which]
        right.plot(level["width"], level["diff_size_by_chance"], color=look.colour, lw=1.2, ls=":", zorder=1.9)
    scales.sizes_axis(right, sizes_of, WIDTH)
    seeds = table["seed"].nunique()
    style.heading(
        figure,
        "MLPs of three hidden layers: diffs over width",
        "All layers together; left after the epoch of each network's highest coherence"
        + (f", counts of {plural(seeds, 'seed')} added; right their means and range." if seeds > 1 else "."),
    )
    drawn = series.handles(looks)
    drawn += [Line2D([], [], color=colour, lw=1.8, label=f"width {width:g}") for width, colour in colours.items()]
    if len(chance):
        drawn.append(Line2D([], [], color=style.MUTED, lw=1.2, ls=":", label=RANDOM_SIGNS))
    if drawn:
        style.legend_below(figure, drawn, entry=1.3)
    return figure


def by_chance(width_diffs: pd.DataFrame, widths: pd.DataFrame) -> pd.DataFrame:
    """The mean |diff| that random signs would give at these epochs: which, width and its mean over seeds."""
    keys = width_diffs[["which", "width", "seed", "epoch"]].drop_duplicates()
    known = keys.merge(widths[["width", "seed", "epoch", "diff_size_by_chance"]], on=["width", "seed", "epoch"])
    return known.groupby(["which", "width"], as_index=False)["diff_size_by_chance"].mean().dropna()


def width_colours(widths: list[float]) -> dict[float, str]:
    """A colour a width whose histogram is drawn, from the narrowest (violet) to the widest (orange)."""
    chosen = select.some(widths, MOST)
    return dict(zip(chosen, palette.ramp(colormaps["plasma"], len(chosen), 0.05, 0.8), strict=True))


def _histograms(axes: Axes, table: pd.DataFrame, colours: dict[float, str]) -> None:
    """The part of the weights in each bin, with the widest network on top."""
    if not table["count"].sum() > 0:
        drawing.empty(axes)
        return
    axes.grid()
    axes.set_yscale("log", nonpositive="clip")
    top = 1.0
    for width, colour in colours.items():
        counts = at(table, width=width).groupby(["low", "high"], as_index=False)["count"].sum()
        if counts["count"].sum() > 0:
            parts = (100 * counts["count"] / counts["count"].sum()).clip(lower=LEAST / 2)
            edges = np.array([*counts["low"], counts["high"].iloc[-1]])
            axes.stairs(parts, edges, baseline=None, color=colour, lw=1.4)
            top = max(top, float(parts.max()))
    axes.set_xlim(-1.02, 1.02)
    axes.set_ylim(bottom=LEAST)
    axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.set_ylim(LEAST, min(150.0, 2 * top))
