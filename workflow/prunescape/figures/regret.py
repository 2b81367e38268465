"""Expected regret against the number of trainings: the use of tuning again."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import names, style

STRATEGIES = {"nearest": "Nearest to the dense optimum", "random": "At random"}
LINEAR = 0.5  # points: regret is drawn linearly up to here, and logarithmically above


def draw(regret: pd.DataFrame, model: str, metric: str, margin: float, *, confidence: float = 0.95) -> Figure:
    """A panel a strategy: regret after 1, 2, ... trainings, a line a variant, with its interval.

    Args:
        regret: the table regret.csv.
        metric: `top1` or `top5`.
        margin: what regret is small enough, in points.
        confidence: of the table's intervals.
    """
    mine = regret[(regret["model"] == model) & (regret["metric"] == metric)]
    variants = names.variant_order(mine["variant"])
    colours = style.variant_colours(["dense", *variants])
    figure = style.new_figure(10.2, 4.6)
    panels = figure.subplots(1, len(STRATEGIES), sharey=True)
    for axes, (strategy, title) in zip(panels, STRATEGIES.items(), strict=True):
        _lines(axes, mine[mine["strategy"] == strategy], variants, colours)
        axes.axhline(margin, color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), zorder=1)
        axes.set(xscale="log", xlabel="Trainings", title=title)
        axes.set_yscale("symlog", linthresh=LINEAR, linscale=0.6)
        _ticks(axes, mine)
    panels[0].set_ylabel("Expected regret (points)")
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
    handles = [
        Line2D([], [], color=colours[name], ls=_dash(name), label=names.variant_title(name)) for name in variants
    ]
    dashes = Line2D(
        [], [], color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), label=f"the margin, {names.plural(margin, 'point')}"
    )
    style.legend_below(figure, [*handles, dashes], entry=2.1)
    return figure


def _lines(axes: Axes, table: pd.DataFrame, variants: list[str], colours: dict[str, str]) -> None:
    axes.grid()
    for variant in variants:
        part = table[table["variant"] == variant].sort_values("trials")
        middle = part["estimate"].fillna(part["measured"])
        axes.plot(part["trials"], middle, color=colours[variant], ls=_dash(variant), lw=1.6, zorder=3)
        if part["low"].notna().any():
            axes.fill_between(part["trials"], part["low"], part["high"], color=colours[variant], alpha=0.13, lw=0)


def _dash(variant: str) -> str:
    return "--" if names.is_non_uniform(variant) else "-"


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
