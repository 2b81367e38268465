"""Magnitudes of weights before and after training on real data and on noise (thesis, Fig. 2.3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, style
from prunescape.figures.coherence import terms
from prunescape.figures.palette import Look
from prunescape.figures.select import at

SHOWN = 0.99  # the part of the weights that is drawn; the largest would squeeze the rest
BEFORE = "before training"


def draw(weight_histogram: pd.DataFrame, model: str) -> Figure:
    """Left the distributions of |w|, right the part of the weights that is smaller.

    Args:
        weight_histogram: model, seed, data, start, epoch, low, high, count: weight_histogram.csv. Rows of epoch 0 of
            fresh networks are those before training.
    """
    table = terms.with_run(at(weight_histogram, model=model))
    by_run = distributions(table)
    figure = style.new_figure(9.0, 4.4)
    left, right = figure.subplots(1, 2)
    looks = {BEFORE: Look(style.INK, "", BEFORE, (0, (1, 1)))} | terms.RUNS
    looks = {name: look for name, look in looks.items() if name in by_run}
    left.set(title="Distribution", ylabel="Density")
    right.set(title="Smaller weights", ylabel="Part of the weights (%)")
    for axes in (left, right):
        axes.set_xlabel("Magnitude |w|")
        axes.grid()
    if by_run:
        _distributions(left, right, by_run, looks)
    else:
        drawing.empty(left)
        drawing.empty(right)
    several = table["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: weight magnitudes before and after training",
        f"Prunable weights; the largest {100 * (1 - SHOWN):.0f} % are cut off."
        + (f" Counts of {several} seeds are added." if several > 1 else ""),
    )
    if looks:
        style.legend_below(figure, [Look(look.colour, "", look.label, look.dashes).handle() for look in looks.values()])
    return figure


def distributions(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By run, and before training, the counts over all seeds: low, high, count, and `below`, the part up to `high`."""
    first, by_run = table["epoch"] == 0, {}
    parts = {BEFORE: table[first & (table["start"] == "fresh")]}
    parts |= {run: table[~first & (table["run"] == run)] for run in terms.RUNS}
    for name, part in parts.items():
        counts = part.groupby(["low", "high"], as_index=False)["count"].sum()
        if counts["count"].sum() > 0:
            by_run[name] = counts.assign(below=counts["count"].cumsum() / counts["count"].sum())
    return by_run


def _distributions(left: Axes, right: Axes, by_run: dict[str, pd.DataFrame], looks: dict[str, Look]) -> None:
    edge = max(float(rows.loc[rows["below"] >= SHOWN, "high"].iloc[0]) for rows in by_run.values())
    tops = []
    for name, look in looks.items():
        rows = by_run[name]
        edges = [*rows["low"], rows["high"].iloc[-1]]
        density = rows["count"] / (rows["count"].sum() * (rows["high"] - rows["low"]))
        tops.append(float(density.max()))
        left.stairs(density, edges, color=look.colour, lw=1.5, ls=look.dashes)
        right.plot([edges[0], *rows["high"]], [0, *(100 * rows["below"])], color=look.colour, lw=1.6, ls=look.dashes)
    for axes in (left, right):
        axes.set_xlim(0, edge)
    left.set_ylim(0, 1.06 * float(np.max(tops)))
    right.set_ylim(-2, 102)
    right.set_yticks(range(0, 101, 25))
