"""Rank correlations of scores of single weights (beyond the thesis, whose 3.1 and 3.3 say what diffs stand for)."""

import numpy as np
import pandas as pd
import seaborn
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
    "rank_correlation": ("Rank correlation", "RdBu_r", -1.0, 1.0, 2),
    "shared": ("Shared by the highest tenths (%)", "Blues", 0.0, 100.0, 0),
}


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
        f" Means over {table['seed'].nunique()} seeds.",
    )
    return figure


def _matrix(axes: Axes, table: pd.DataFrame, name: str) -> None:
    title, colours, low, high, digits = VALUES[name]
    axes.set_title(title)
    present = [score for score in ORDER if score in {*table["one"], *table["other"]}]
    if not present or table[name].isna().all():
        drawing.empty(axes)
        return
    words = [ORDER[score] for score in present]
    values = pd.DataFrame(np.nan, words, words)
    for (one, other), value in table.groupby(["one", "other"])[name].mean().items():
        column, row = sorted([present.index(one), present.index(other)])
        values.iloc[row, column] = round(value, digits) + 0.0  # no -0.00
    form = {"annot": True, "fmt": f".{digits}f", "annot_kws": {"fontsize": 8}, "cbar": False}
    seaborn.heatmap(values.iloc[1:, :-1], vmin=low, vmax=high, cmap=colours, ax=axes, **form)
    axes.set_xticks(axes.get_xticks(), words[:-1], rotation=35, ha="right")
    axes.tick_params(axis="y", rotation=0)
    axes.grid(visible=False)
