"""What explains utility, whether its ranks stay, and how sharp the loss is (beyond the utility paper)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.mechanism import terms
from prunescape.figures.palette import BLUE, GREEN, ORANGE, VERMILION, VIOLET, Look
from prunescape.figures.select import at

EXPLAINED = {
    "norms": Look(BLUE, "o", "squared norms in each layer"),
    "fisher": Look(GREEN, "D", "Fisher information"),
    "layers": Look(ORANGE, "s", "numbers in each layer"),
}
SHARP = {
    "mean": Look(VIOLET, "o", "mean utility"),
    "top_eigenvalue": Look(VERMILION, "s", "top eigenvalue"),
    "trace": Look(ORANGE, "D", "trace of the Hessian"),
    "rise": Look(GREEN, "^", "rise along the gradient"),
}
TYPICAL = 0.1


def draw(explained: pd.DataFrame, ranks: pd.DataFrame, sharpness: pd.DataFrame, model: str) -> Figure:
    """Left, shares of the variance at the last epoch; middle, ranks over the epochs; right, sharpness and utility.

    Args:
        explained: model, seed, epoch, level, mean, layers, norms, fisher: utility_explained.csv.
        ranks: model, seed, level, epoch, to_last: utility_ranks.csv.
        sharpness: model, seed, epoch, trace, top_eigenvalue, rise: sharpness.csv.
    """
    shares, kept, sharp = (at(table, model=model) for table in (explained, ranks, sharpness))
    figure = style.new_figure(10.2, 4.1)
    left, middle, right = figure.subplots(1, 3)
    last = shares[shares["epoch"] == shares["epoch"].max()]
    spread = select.over_seeds(last, ["level"], list(EXPLAINED))
    left.grid()
    if spread.drop(columns="level").isna().all(axis=None):
        drawing.empty(left)
    else:
        for name, look in EXPLAINED.items():
            drawing.line(left, spread, "level", name, look)
        left.axhline(0, color=style.MUTED, lw=1)
        left.set_ylim(None, 1.0)
        for axis in (left.xaxis, left.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
    left.set(title="What explains utility", ylabel="Share of its variance (%)", xlabel="Weights ablated (%)")
    chosen = terms.level_looks(kept["level"])
    drawing.lines(middle, select.over_seeds(kept, ["level", "epoch"], ["to_last"]), "epoch", "to_last", "level", chosen)
    middle.set(title="Do ranks stay?", ylabel="Rank correlation with the last epoch", xlabel="Epoch")
    _sharpness(right, shares, sharp)
    for axes in (middle, right):
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    style.heading(
        figure,
        f"{names.model_title(model)}: what utility is made of",
        "Left: after the last epoch, shares (adjusted R²) of the variance of utility over random subsets. Right: in "
        f"parts of the first epoch measured; mean utility is that at about {names.percent(TYPICAL)}."
        + drawing.seeds_words(shares),
    )
    looks = (*EXPLAINED.values(), *chosen.values(), *SHARP.values())
    style.legend_below(figure, [look.handle() for look in looks], entry=2.0)
    return figure


def _sharpness(axes: Axes, shares: pd.DataFrame, sharp: pd.DataFrame) -> None:
    """Each measure in parts of the first epoch, a line each."""
    axes.set(title="Utility and sharpness", ylabel="Times the first epoch", xlabel="Epoch")
    axes.grid()
    levels = select.distinct(shares["level"])
    level = min(levels, key=lambda one: abs(one - TYPICAL), default=TYPICAL)
    mean = at(shares, level=level)[["seed", "epoch", "mean"]]
    table = sharp.merge(mean, on=["seed", "epoch"], how="left")
    first = table[table["epoch"] == table["epoch"].min()].set_index("seed")[list(SHARP)]
    parts = table.copy()
    for name in SHARP:
        before = table["seed"].map(first[name].where(first[name] > 0))
        parts[name] = table[name].where(table[name] > 0) / before
    spread = select.over_seeds(parts, ["epoch"], list(SHARP))
    drawn = [name for name in SHARP if np.isfinite(spread[name].astype(float)).any()]
    if not drawn:
        drawing.empty(axes)
        return
    for name in drawn:
        drawing.line(axes, spread, "epoch", name, SHARP[name])
    axes.set_yscale("log")
    scales.log_ticks(axes.yaxis, np.concatenate([spread[name].dropna().to_numpy(float) for name in drawn]))
    axes.axhline(1, color=style.MUTED, lw=1)
