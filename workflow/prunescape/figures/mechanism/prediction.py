"""What foretells the accuracy that pruning costs, before and after retraining (beyond the utility paper)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, style
from prunescape.figures.names import plural
from prunescape.figures.palette import BLUE
from prunescape.figures.select import at

SCORES = {
    "utility": "utility",
    "magnitude": "magnitude",
    "taylor": "Taylor (gradient)",
    "fisher": "Fisher information",
    "random": "chance",
}
PANELS = {"pruned": "Right after pruning", "retrained": "After retraining"}
SEEDS = 0.4  # the height of a row's points


def draw(correlations: pd.DataFrame, model: str) -> Figure:
    """A panel before and one after retraining; a row a score, a point a seed, and a bar at their mean.

    Args:
        correlations: model, seed, score, sets, pruned, retrained, ceiling: prediction_correlations.csv.
    """
    table = at(correlations, model=model)
    figure = style.new_figure(8.2, 3.6)
    for place, (axes, (name, title)) in enumerate(zip(figure.subplots(1, 2), PANELS.items(), strict=True)):
        axes.set(title=title, xlabel="Rank correlation with the accuracy lost")
        _panel(axes, table, name, place == 0)
    sets = f"{int(table['sets'].max())} " if len(table) else ""
    style.heading(
        figure,
        f"{names.model_title(model)}: what foretells the accuracy that is lost",
        f"Spearman's, over {sets}random sets of channels of one size that are removed; a point is one of"
        f" {plural(table['seed'].nunique(), 'seed')}, a bar their mean. Dashed: as far as two fine-tunings agree.",
    )
    return figure


def _panel(axes: Axes, table: pd.DataFrame, name: str, named: bool) -> None:
    if not np.isfinite(table[name].astype(float)).any():
        drawing.empty(axes)
        return
    axes.grid(axis="x")
    seeds = sorted(table["seed"].unique())
    shifts = np.linspace(-SEEDS / 2, SEEDS / 2, len(seeds)) if len(seeds) > 1 else np.zeros(1)
    for place, score in enumerate(SCORES):
        mine = at(table, score=score).set_index("seed")[name].reindex(seeds)
        axes.scatter(mine, place + shifts, s=20, color=BLUE, edgecolors=style.PAPER, linewidths=0.5, zorder=3)
        axes.vlines(mine.mean(), place - 0.35, place + 0.35, color=style.HIGHLIGHT, lw=2, zorder=4)
    axes.axvline(0, color=style.MUTED, lw=1)
    if name == "retrained" and table["ceiling"].notna().any():
        axes.axvline(float(table["ceiling"].mean()), color=style.MUTED, lw=1, ls="--")
    axes.set_xlim(-1.03, 1.03)
    axes.set_yticks(range(len(SCORES)), list(SCORES.values()) if named else [])
    axes.set_ylim(len(SCORES) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
