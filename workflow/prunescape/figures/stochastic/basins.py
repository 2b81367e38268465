"""Lines between dense, deterministic and stochastic networks, and their barriers (SP paper, section V)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from seaborn import stripplot

from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.stochastic import terms
from prunescape.figures.stochastic.bundle import bundle
from prunescape.stochastic.cause_claims import IN_ONE

STAGES = {"one_shot": (palette.ORANGE, "right after pruning"), "fine_tuned": (palette.BLUE, "after fine-tuning")}
ENDS = {
    "deterministic_stochastic": ("DP", "SP"),
    "dense_stochastic": ("dense", "SP"),
    "dense_deterministic": ("dense", "DP"),
}
LEAST_SPAN = 5.0  # points of accuracy on an axis


def draw(lines: pd.DataFrame, basins: pd.DataFrame, model: str) -> Figure:
    """A panel a pair of ends, with accuracy along the line; and one with the barriers of all.

    Args:
        lines: model, seed, sigma, gamma, stage (one_shot, fine_tuned), line, draw, alpha (0 to 1), top1.
        basins: model, seed, stage, line, draw, error_barrier (points).
    """
    table, heights = select.at(lines, model=model), select.at(basins, model=model)
    figure = style.new_figure(10.2, 3.9)
    panels = figure.subplots(1, len(ENDS) + 1, width_ratios=(1, 1, 1, 1.25))
    for axes, (name, ends) in zip(panels, ENDS.items(), strict=False):
        here = select.at(table, line=name)
        axes.grid()
        axes.set_title(" to ".join(ends))
        for stage, (colour, _) in STAGES.items():
            _along(axes, select.at(here, stage=stage), colour)
        axes.set(xlabel="", ylabel="")
        axes.set_xticks([0, 0.5, 1], [ends[0], "½", ends[1]])
        scales.near(axes, table["top1"], LEAST_SPAN)
        axes.tick_params(labelleft=axes is panels[0])
        if here["top1"].notna().sum() == 0:
            drawing.say(axes, "nothing measured")
    panels[0].set_ylabel(terms.TOP1)
    _barriers(panels[-1], heights)
    setting = "" if table.empty else f" (γ = {table['gamma'].iloc[0]:g}, σ = {table['sigma'].iloc[0]:g})"
    style.heading(
        figure,
        f"{names.model_title(model)}: are they in one basin?{setting}",
        "Accuracy on straight lines between networks, any batch norm recalibrated at every point. Bold: means; thin: "
        f"single lines. Right: by how much error rises above that of the ends; up to {IN_ONE:g} points they count as "
        "one basin.",
    )
    style.legend_below(figure, [Line2D([], [], color=colour, lw=1.9, label=label) for colour, label in STAGES.values()])
    return figure


def _along(axes: Axes, mine: pd.DataFrame, colour: str) -> None:
    """A line for each draw around each network, and their mean."""
    own = mine.assign(unit=mine["seed"].astype(str) + "/" + mine["draw"].astype(str)).dropna(subset="top1")
    if len(own):
        bundle(axes, own, "alpha", "top1", "unit", colour)


def _barriers(axes: Axes, heights: pd.DataFrame) -> None:
    """A point a line, side by side by stage."""
    axes.grid(axis="y")
    axes.set_title("Barriers")
    if heights["error_barrier"].notna().sum() == 0:
        drawing.empty(axes)
        return
    stripplot(
        heights, x="line", y="error_barrier", hue="stage", order=list(ENDS), hue_order=list(STAGES), dodge=True,
        jitter=False, palette={stage: colour for stage, (colour, _) in STAGES.items()}, size=4, alpha=0.7,
        legend=False, ax=axes,
    )  # fmt: skip
    axes.axhline(IN_ONE, color=style.HIGHLIGHT, lw=1.2, zorder=1.5)
    axes.set(xlabel="", ylabel="Barrier of the error (points)")
    axes.set_xticks(range(len(ENDS)), ["\nto ".join(ends) for ends in ENDS.values()])
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(bottom=min(0.0, float(heights["error_barrier"].min())))
    scales.few_ticks(axes, 1.5 * IN_ONE)
