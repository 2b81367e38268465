"""Accuracy after cycles of pruning and retraining, beside small networks of equal size (utility paper, Table 1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from prunescape.figures import drawing, names, select, style
from prunescape.figures.mechanism import terms
from prunescape.figures.mechanism.terms import RETRAINING_LOOKS
from prunescape.figures.names import plural
from prunescape.figures.palette import GREEN, Look
from prunescape.figures.select import at

SMALL = Look(GREEN, "D", "small, from scratch", (0, (4, 1.5)))
PRUNED = ":"  # the dashes of networks that are pruned and not yet retrained
VALIDATION = "Validation accuracy (%)"
MOST_TICKS = 7
REACH, LEAST_SPAN = 8.0, 1.0  # points below the best that the lower panels show, at most and at least
APART = 0.06  # of the axis, in logarithms: densities that are nearer share a tick


def draw(cycles: pd.DataFrame, model: str) -> Figure:
    """A panel a way of pruning: accuracy over the part of the weights kept, a line a way of retraining.

    Args:
        cycles: model, seed, pruning, retraining, cycle, density (0 to 1), pruned_top1, top1, small_top1 (percent,
            validation; NaN where there is none), diverged: cycles.csv.
    """
    table = at(cycles, model=model)
    failed = select.truths(table["diverged"])
    table = table.assign(top1=table["top1"].where(~failed))
    prunings = [name for name in terms.PRUNINGS if name in set(table["pruning"])] or ["weights"]
    figure = style.new_figure(max(6.6, 5.1 * len(prunings)), 7.2)
    grid = figure.subplots(2, len(prunings), squeeze=False, sharex="col", sharey="row")
    for (upper, lower), pruning in zip(grid.T, prunings, strict=True):
        here = at(table, pruning=pruning)
        _panel(upper, here)
        _panel(lower, here)
        drawing.titled(upper, terms.PRUNINGS[pruning], _last(here))
        lower.set_title("Near the best")
        lower.set_xlabel("Weights kept (%)")
    _whole(grid[0, 0], table)
    _zoom(grid[1, 0], table)
    for axes in grid[:, 0]:
        axes.set_ylabel(VALIDATION)
    left_out = f" Left out, as they diverged: {plural(int(failed.sum()), 'network')}." if failed.any() else ""
    style.heading(
        figure,
        f"{names.model_title(model)}: accuracy after cycles of pruning and retraining",
        "Each point is one cycle. Small networks have as many weights, chosen at random before training. Below: the "
        "same, cut off some points below the best."
        f"{left_out}{drawing.seeds_words(table)}",
    )
    retrained = [look.handle() for look in RETRAINING_LOOKS.values()]
    before = Look(style.MUTED, "", "pruned, not yet retrained", PRUNED).handle()
    style.legend_below(figure, [*retrained, SMALL.handle(), before], entry=2.0)
    return figure


def _panel(axes: Axes, here: pd.DataFrame) -> None:
    axes.grid()
    spread = select.over_seeds(here, ["retraining", "cycle"], ["density", "pruned_top1", "top1", "small_top1"])
    spread = spread.assign(kept=100 * spread["density"].astype(float))
    if spread[["pruned_top1", "top1", "small_top1"]].isna().all(axis=None):
        drawing.empty(axes)
        return
    for retraining, look in RETRAINING_LOOKS.items():
        mine = at(spread, retraining=retraining)
        drawing.line(axes, mine, "kept", "pruned_top1", look, ls=PRUNED, lw=1.1, marker="", alpha=0.9)
        drawing.line(axes, mine, "kept", "top1", look, lw=1.9, ms=4.5, zorder=4)
    small = small_networks(here)
    drawing.line(axes, small, "kept", "small_top1", SMALL, ms=4.5, zorder=3)
    _kept_axis(axes, spread["kept"])


def _whole(axes: Axes, table: pd.DataFrame) -> None:
    """Begin the y axis at the tens below the lowest accuracy, so that no part of it is empty."""
    values = table[["top1", "small_top1", "pruned_top1"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return
    low = max(10.0 * np.floor((values.min() - 2) / 10), 0.0)
    axes.set_ylim(low - 0.02 * (100 - low), 100 + 0.02 * (100 - low))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _zoom(axes: Axes, table: pd.DataFrame) -> None:
    """Cut the y axis below the accuracies that are near the best, which whole percents would hide."""
    values = table[["top1", "small_top1"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return
    best = values.max()
    low = min(values[values > best - REACH].min(), best - LEAST_SPAN)
    axes.set_ylim(low - 0.08 * (best - low), best + 0.08 * (best - low))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def small_networks(here: pd.DataFrame) -> pd.DataFrame:
    """The small networks' mean over both ways of retraining and all seeds, with its range over seeds, by density."""
    per_seed = here.groupby(["seed", "cycle"], as_index=False)[["density", "small_top1"]].mean()
    spread = select.over_seeds(per_seed, ["cycle"], ["density", "small_top1"])
    return spread.assign(kept=100 * spread["density"].astype(float))


def _last(here: pd.DataFrame) -> str:
    """The numbers of the last cycle, as Table 1 has them."""
    small = small_networks(here)
    last = at(here, cycle=here["cycle"].max())
    means = last.groupby("retraining")["top1"].mean()
    parts = [f"{terms.RETRAININGS[name]} {means[name]:.1f}" for name in RETRAINING_LOOKS if name in means.dropna()]
    alone = at(small, cycle=here["cycle"].max())["small_top1"]
    parts += [f"small {value:.1f}" for value in alone.dropna()]
    return f"Last cycle: {', '.join(parts)} %" if parts else ""


def _kept_axis(axes: Axes, kept: pd.Series) -> None:
    """From many weights to few, logarithmic as each cycle removes a part of the rest; ticks at the cycles."""
    values = sorted({round(float(value), 3) for value in kept if value > 0}, reverse=True)
    if not values:
        return
    axes.set_xscale("log")
    ends = values[0] * 1.08, values[-1] / 1.08
    axes.set_xlim(*ends)
    span, ticks = np.log(ends[0] / ends[1]), values[:1]
    for value in values[1:]:
        ticks += [value] if np.log(ticks[-1] / value) > APART * span else []
    ticks = select.some(ticks, MOST_TICKS)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
