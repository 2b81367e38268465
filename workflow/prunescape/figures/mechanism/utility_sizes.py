"""Utility in networks of several sizes, by ratio and by number of weights (utility paper, Fig. 1 left, 3, 4 and 14)."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, palette, select, style
from prunescape.figures.mechanism import characteristics, histograms, terms
from prunescape.figures.palette import Look
from prunescape.figures.select import at, distinct

ABLATIONS = {
    terms.RATIO: "Ablated, of its own weights (%)",
    terms.NUMBER: "Ablated, of the 1× network's (%)",
}
COLUMNS = 3
MOST_HISTOGRAMS = 6


def draw(summary: pd.DataFrame, samples: pd.DataFrame, model: str) -> Figure:
    """A row of four panels by ratio and one by number of weights, a line a size; below, histograms by ratio.

    Args:
        summary: model, seed, size, epoch, ablation, level and the statistics: utility_sizes_summary.csv.
        samples: model, seed, size, epoch, ablation, level, utility: utility_sizes.csv.
    """
    last = summary["epoch"].max()  # the others are of networks before training, which the claims alone need
    table = at(summary, model=model, epoch=last)
    drawn = at(samples, model=model, epoch=last, ablation=terms.RATIO)
    chosen = size_looks(table["size"])
    ablations = [name for name in ABLATIONS if name in set(table["ablation"])] or [terms.RATIO]
    levels = select.some(distinct(drawn["level"]), MOST_HISTOGRAMS)
    lower_rows = -(-len(levels) // COLUMNS)
    figure = style.new_figure(11.6, 2.75 * len(ablations) + 1.95 * lower_rows + 1.5)
    upper, lower = characteristics.grid(figure, len(ablations), len(levels), COLUMNS)
    for panels, ablation in zip(upper, ablations, strict=True):
        characteristics.row(panels, at(table, ablation=ablation), "size", chosen)
        for axes in panels:
            axes.set_xlabel(ABLATIONS[ablation])
    characteristics.titled(upper[0])
    for axes, level in zip(lower, levels, strict=True):
        histograms.panel(axes, at(drawn, level=level), "size", chosen)
        axes.set_title(f"{names.percent(level)} of its own weights ablated")
    for axes in lower[::COLUMNS]:
        axes.set_ylabel("Part of the set (%)")
    style.heading(
        figure,
        f"{names.model_title(model)}: the utility of weight subsets in networks of several sizes",
        "Above, networks lose the same part of their weights, then the same number, in % of the 1× network. Bars: the "
        f"range of accuracy over the subsets. Bottom: how utility is spread.{drawing.seeds_words(table)}",
    )
    style.legend_below(figure, characteristics.handles(chosen))
    return figure


def size_looks(sizes: Iterable[float]) -> dict[float, Look]:
    """A colour and a marker a size, the whole network first."""
    values = distinct(sizes)[::-1]
    return palette.looks(values, [f"{size:g}× network" for size in values])
