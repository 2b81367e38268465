"""Utility of weights that are neighbours in magnitude and ablated together (utility paper, Fig. 1 right)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.mechanism import terms
from prunescape.figures.palette import Look
from prunescape.figures.select import at, distinct

MOST_EPOCHS = 3  # rows
PLACE = "Place of the ablated weights by magnitude (%)"


def draw(bands: pd.DataFrame, model: str) -> Figure:
    """A row an epoch, a line an ablation ratio: left what accuracy is left, right the utility.

    Args:
        bands: model, seed, epoch, ratio, band, low, high (0 to 1: the band's place among all weights, the smallest
            first), utility, top1: utility_bands.csv.
    """
    table = at(bands, model=model)
    table = table.assign(place=50 * (table["low"] + table["high"]).astype(float))
    chosen = terms.level_looks(table["ratio"])
    epochs = select.some(distinct(table["epoch"]), MOST_EPOCHS)
    figure = style.new_figure(9.4, 2.9 * max(1, len(epochs)) + 1.4)
    grid = figure.subplots(max(1, len(epochs)), 2, squeeze=False, sharex=True)
    for panels, epoch in zip(grid, epochs or [None], strict=True):
        here = table if epoch is None else at(table, epoch=epoch)
        _row(panels[0], panels[1], here, chosen)
        if epoch is not None:
            panels[0].set_title(f"Accuracy after epoch {epoch:g}")
            panels[1].set_title(f"Utility after epoch {epoch:g}")
    for axes in grid[-1]:
        axes.set_xlabel(PLACE)
    style.heading(
        figure,
        f"{names.model_title(model)}: the ablation of weights of like magnitude",
        "Each point ablates neighbours in the order of magnitude: at 0 % the smallest weights of the network, at 100 % "
        f"the largest; it lies in the middle of them.{drawing.seeds_words(table)}",
    )
    if chosen:
        style.legend_below(figure, [look.handle() for look in chosen.values()], entry=1.45)
    return figure


def _row(left: Axes, right: Axes, here: pd.DataFrame, chosen: dict[float, Look]) -> None:
    spread = select.over_seeds(here, ["ratio", "band"], ["place", "top1", "utility"])
    drawing.lines(left, spread, "place", "top1", "ratio", chosen)
    left.set_ylabel(terms.TRAINING_ACCURACY)
    if spread["top1"].notna().any():
        scales.accuracy(left)
    drawing.lines(right, spread, "place", "utility", "ratio", chosen)
    right.set_ylabel(terms.UTILITY)
    scales.nats(right, spread["utility"])
    for axes in (left, right):
        axes.set_xlim(-2, 102)
        axes.set_xticks(range(0, 101, 25))
