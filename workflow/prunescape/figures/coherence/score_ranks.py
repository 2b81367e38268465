"""Rank correlations of scores of single weights (beyond the thesis, whose 3.1 and 3.3 say what diffs stand for)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, style
from prunescape.figures.select import at

ORDER = {
    "diff": "|diff|",
    "coherence": "coherence of a weight",
    "gradient": "|mean gradient|",
    "snip": "SNIP",
    "grasp": "GraSP",
    "magnitude": "magnitude after training",
    "movement": "movement in training",
}
VALUES = {
    "rank_correlation": ("Rank correlation", "RdBu_r", -1.0, 1.0, "{:.2f}"),
    "shared": ("Shared by the highest tenths (%)", "Blues", 0.0, 100.0, "{:.0f}"),
}
DARK = 0.6  # of the colours' range: beyond, words are white


def draw(score_ranks: pd.DataFrame, model: str) -> Figure:
    """Left the rank correlation of each two scores, right the part of the highest tenth of the weights that they share.

    Args:
        score_ranks: model, seed, one, other, rank_correlation, shared (0 to 1): score_ranks.csv.
    """
    table = at(score_ranks, model=model)
    table = table.assign(shared=100 * table["shared"])
    figure = style.new_figure(11.0, 5.2)
    for axes, name in zip(figure.subplots(1, 2), VALUES, strict=True):
        _matrix(axes, table, name)
    style.heading(
        figure,
        f"{names.model_title(model)}: what orders weights alike",
        "All weights that are pruned, gradients at the highest coherence. Chance gives 0, and 10 % of the tenths."
        + drawing.seeds_words(table),
    )
    return figure


def _matrix(axes: Axes, table: pd.DataFrame, name: str) -> None:
    title, colours, low, high, form = VALUES[name]
    axes.set_title(title)
    present = [score for score in ORDER if score in {*table["one"], *table["other"]}]
    if not present or table[name].isna().all():
        drawing.empty(axes)
        return
    means = table.groupby(["one", "other"])[name].mean()
    values = np.full((len(present), len(present)), np.nan)
    for (one, other), value in means.items():
        places = sorted([present.index(one), present.index(other)])
        values[places[1], places[0]] = value
    axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=low, vmax=high, aspect="auto")
    for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True):
        value = values[row, column]
        ink = style.PAPER if abs(value) > DARK * high else style.INK
        axes.text(column, row, form.format(value), ha="center", va="center", color=ink, fontsize=8)
    words = [ORDER[score] for score in present]
    axes.set_xticks(range(len(present) - 1), words[:-1], rotation=35, ha="right")
    axes.set_yticks(range(1, len(present)), words[1:])
    axes.set(xlim=(-0.5, len(present) - 1.5), ylim=(len(present) - 0.5, 0.5))
    axes.grid(visible=False)
