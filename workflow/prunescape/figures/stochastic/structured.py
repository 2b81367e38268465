"""Noise before structured pruning: accuracy over the FLOPs removed (beyond the SP paper)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, select, style
from prunescape.figures.stochastic import lines, terms
from prunescape.stochastic.statistics import seed_intervals, seed_medians


def draw(structured: pd.DataFrame, model: str) -> Figure:
    """Accuracy and gain, side by side for each method; a row without and one with recalibrated batch norm.

    Args:
        structured: model, seed, kind, method, gamma (the part of the FLOPs removed), sigma, draw, recalibrated, top1:
            structured.csv.
    """
    rows = select.at(seed_intervals(structured), model=model, kind=terms.STOCHASTIC)
    rows = rows.assign(removed=100 * rows["gamma"])
    by_seed = select.at(seed_medians(structured), model=model, kind=terms.STOCHASTIC)
    by_seed = by_seed.assign(removed=100 * by_seed["gamma"])
    methods = [method for method in names.METHODS if method in set(rows["method"])] or [""]
    ways = terms.ways(rows)
    colours = terms.sigma_colours(rows["sigma"])
    figure = style.new_figure(5.4 * len(methods) + 1.0, 2.6 * len(ways) + 1.35)
    grid = figure.subplots(len(ways), 2 * len(methods), squeeze=False, sharex=True)
    for panels, way in zip(grid, ways, strict=True):
        for number, method in enumerate(methods):
            accuracy, gain = panels[2 * number : 2 * number + 2]
            here = select.at(rows, method=method, recalibrated=way)
            seeds = select.at(by_seed, method=method, recalibrated=way)
            lines.accuracies(accuracy, here, "removed", colours, seeds)
            lines.gains(gain, here, "removed", colours, seeds)
            lines.mark_largest_gain(accuracy, here, "removed")
            accuracy.set_title(f"{names.method_title(method)}\n{terms.way_title(way)}")
            drawing.note(gain, lines.sure_words(here))
    for axes in grid[-1]:
        axes.set_xlabel("FLOPs removed (%)")
    style.legend_below(figure, lines.handles(colours))
    style.heading(
        figure,
        f"{names.model_title(model)}: noise before structured pruning",
        f"One-shot. {lines.averaging(rows)} Gains are over the network pruned without noise (DP)."
        + (" Large losses are cut off." if _cut(rows) else ""),
    )
    return figure


def _cut(rows: pd.DataFrame) -> bool:
    return any(lines.are_cut(part) for _, part in rows.groupby(["method", "recalibrated"]))
