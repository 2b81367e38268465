"""Expected regret against the number of trainings: the use of tuning again."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, style
from prunescape.figures.palette import BLUE, VERMILION, Look

STRATEGIES = {
    "nearest": Look(VERMILION, "", "nearest to the dense optimum first", (0, (4, 1.5))),
    "random": Look(BLUE, "", "at random"),
}
COLUMNS = 4
LINEAR = 0.5  # points: regret is drawn linearly up to here, and logarithmically above


def draw(regret: pd.DataFrame, model: str, metric: str, margin: float, *, confidence: float = 0.95) -> Figure:
    """A panel a variant: regret after 1, 2, ... trainings, a line a strategy, with its interval.

    Args:
        regret: the table regret.csv.
        metric: `top1` or `top5`.
        margin: what regret is small enough, in points.
        confidence: of the table's intervals.
    """
    mine = regret[(regret["model"] == model) & (regret["metric"] == metric)]
    variants = names.variants_in(mine)
    rows = style.bands(list(variants) or [""], style.fitting(COLUMNS, 2.1))
    columns = max(len(row) for row in rows)
    figure = style.new_figure(max(6.4, 2.5 * columns + 0.4), 2.6 * len(rows) + 1.6)
    grid = figure.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    for panels, row in zip(grid, rows, strict=True):
        panels[0].set_ylabel("Expected regret (points)")
        for axes, variant in zip(panels, row, strict=False):
            axes.set_title(names.panel_title(variants[variant]) if variant else "")
            axes.grid()
            _lines(axes, mine[mine["variant"] == variant])
            axes.axhline(margin, color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), zorder=1)
            axes.set(xscale="log", xlabel="Trainings")
            axes.set_yscale("symlog", linthresh=LINEAR, linscale=0.6)
            axes.tick_params(labelbottom=True)
            _ticks(axes, mine)
        for unused in panels[len(row) :]:
            unused.remove()
    one = mine["estimate"].isna().all()
    style.heading(
        figure,
        f"{names.model_title(model)}: what tuning again would buy ({names.metric_title(metric)})",
        "How far the cell that looks best after so many trainings is expected to lie below the best of the grid. "
        + (
            "As measured with one seed, as if trainings had no noise."
            if one
            else f"Bands: {100 * confidence:g} % intervals."
        ),
    )
    margins = Line2D(
        [], [], color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), label=f"the margin, {names.plural(margin, 'point')}"
    )
    style.legend_below(figure, [*(look.handle() for look in STRATEGIES.values()), margins], entry=2.1)
    return figure


def _lines(axes: Axes, table: pd.DataFrame) -> None:
    for strategy, look in STRATEGIES.items():
        part = table[table["strategy"] == strategy].sort_values("trials")
        middle = part["estimate"].fillna(part["measured"])
        axes.plot(part["trials"], middle, color=look.colour, ls=look.dashes, lw=1.6, zorder=3)
        if part["low"].notna().any():
            axes.fill_between(part["trials"], part["low"], part["high"], color=look.colour, alpha=drawing.BAND, lw=0)


def _ticks(axes: Axes, mine: pd.DataFrame) -> None:
    """Round numbers on both axes, written as they are."""
    most = float(np.nanmax([1.0, *mine["measured"], *mine["high"]])) if len(mine) else 1.0
    marks = [0, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100]
    heights = [mark for mark in marks if mark <= most]
    axes.set_yticks(heights, [f"{mark:g}" for mark in heights])
    axes.set_ylim(0, 1.06 * most)
    trials = int(mine["trials"].max()) if len(mine) else 1
    counts = [count for count in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if count <= trials]
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
