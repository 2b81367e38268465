"""Movement of weights of high and of low diffs during training (thesis, Figs. 3.3 and 3.4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.coherence.labels import FRESH, HIGHEST, LOWEST, REAL
from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.coherence import series
from prunescape.figures.palette import BLUE, Look
from prunescape.figures.select import at

GROUPS = {
    HIGHEST: Look(BLUE, "o", "the weights of the highest |diff|"),
    LOWEST: Look(palette.VERMILION, "s", "the weights of the lowest |diff|"),
}
TITLES = {HIGHEST: "Highest |diff|", LOWEST: "Lowest |diff|"}


def draw(trajectories: pd.DataFrame, model: str) -> Figure:
    """Above, weights over epochs, those of the highest and of the lowest diffs, and how far they move; below, diffs.

    Args:
        trajectories: model, seed, data, start, group (highest, lowest), rank, layer, index, epoch, weight, diff:
            trajectories.csv. Drawn are fresh networks on real data; single weights are those of the first seed.
    """
    table = at(trajectories, model=model, data=REAL, start=FRESH)
    first = table[table["seed"] == table["seed"].min()]
    figure = style.new_figure(10.6, 6.2)
    grid = figure.subplots(2, 3)
    for row, (name, label) in zip(grid, (("weight", "Weight"), ("diff", "Diff")), strict=True):
        for axes, (group, look) in zip(row, GROUPS.items(), strict=False):
            _single(axes, at(first, group=group), name, look)
            axes.set(title=f"{label}s, {TITLES[group].lower()}", ylabel=label)
        _alike(row[0], row[1])
    moved = with_movement(table)
    for axes, name, title, label in (
        (grid[0, 2], "moved", "Distance from the first epoch", "Mean |change of weight|"),
        (grid[1, 2], "size", "Mean |diff|", "Mean |diff|"),
    ):
        spread = select.over_seeds(moved, ["group", "epoch"], [name])
        series.lines(axes, spread, "epoch", name, "group", GROUPS)
        axes.set(title=title, ylabel=label)
        if spread[name].notna().any():
            scales.from_zero(axes, spread[[name, f"{name}_high"]].to_numpy().flat)
    for axes in grid.flat:
        scales.epochs_axis(axes)
    style.heading(
        figure,
        f"{names.model_title(model)}: weights of high and of low diffs during training",
        "Chosen by |diff| at the epoch of the highest coherence, ten each." + _seed_words(table),
    )
    style.legend_below(figure, series.handles(GROUPS))
    return figure


def with_movement(table: pd.DataFrame) -> pd.DataFrame:
    """By seed, group and epoch: `moved`, the mean |weight - its first value|, and `size`, the mean |diff|."""
    ordered = table.sort_values("epoch", kind="stable")
    first = ordered.groupby(["seed", "group", "rank"])["weight"].transform("first")
    moved = ordered.assign(moved=(ordered["weight"] - first).abs(), size=ordered["diff"].abs())
    return moved.groupby(["seed", "group", "epoch"], as_index=False)[["moved", "size"]].mean()


def _seed_words(table: pd.DataFrame) -> str:
    seeds = table["seed"].nunique()
    return f" Single weights are those of seed {table['seed'].min()}; right: {seeds} seeds." if seeds > 1 else ""


def _single(axes: Axes, rows: pd.DataFrame, name: str, look: Look) -> None:
    """A line a weight, darker for the higher ranks."""
    axes.grid()
    known = rows[np.isfinite(rows[name].astype(float))]
    if known.empty:
        drawing.empty(axes)
        return
    ranks = sorted(known["rank"].unique())
    for place, rank in enumerate(ranks):
        mine = at(known, rank=rank).sort_values("epoch")
        colour = style.tint(look.colour, 0.6 * place / max(1, len(ranks) - 1))
        marker = look.marker if len(mine) == 1 else ""
        axes.plot(mine["epoch"], mine[name], color=colour, lw=1.1, marker=marker, ms=3, zorder=3 - 0.01 * place)


def _alike(left: Axes, right: Axes) -> None:
    """Give both panels one y axis, so that what they show can be compared."""
    drawn = [axes for axes in (left, right) if axes.get_lines()]
    if drawn:
        low, high = (side([axes.get_ylim() for axes in drawn]) for side in (np.min, np.max))
        for axes in drawn:
            axes.set_ylim(low, high)
