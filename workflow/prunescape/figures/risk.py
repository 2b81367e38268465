"""Figure 4.5: what it costs to keep the dense network's hyperparameters, absolutely and relatively."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.figures import style

SIDES = {"d": "Performance risk (points)", "percent": "Relative performance risk (% of the best cell)"}
GOLDEN = (5**0.5 - 1) / 2


def draw(risk_cells: pd.DataFrame, metric: str, *, risk_roi: float = 0.5) -> Figure:
    """Box plots of the risk over the dense network's region of interest: points left, percent right.

    Args:
        risk_cells: model, variant, metric, d (points), d_relative (a fraction): a row a cell of that region.
        metric: `top1` or `top5`.
        risk_roi: the threshold of the region, in points: the dense network's own risk ends there.
    """
    cells = risk_cells[(risk_cells["metric"] == metric) & np.isfinite(risk_cells["d"])]
    cells = cells.assign(percent=100 * cells["d_relative"])
    models = list(dict.fromkeys(risk_cells["model"]))
    counts = [max(1, cells.loc[cells["model"] == model, "variant"].nunique()) for model in models]
    figure = style.new_figure(10.2, 0.37 * sum(counts) + 0.55 * len(models) + 1.7)
    grid = figure.subplots(len(models), 2, squeeze=False, sharex="col", height_ratios=counts)
    for row, model in enumerate(models):
        here = cells[cells["model"] == model]
        for axes, (column, label) in zip(grid[row], SIDES.items(), strict=True):
            _boxes(axes, here, column)
            if row == len(models) - 1:
                axes.set_xlabel(label)
        grid[row, 0].set_title(_title(model, here))
        grid[row, 0].axvline(risk_roi, color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), zorder=1)
        grid[row, 1].tick_params(labelleft=False)
    for axes, column in zip(grid[0], SIDES, strict=True):
        top = float(cells[column].max()) if len(cells) else 1.0
        axes.set_xlim(-0.03 * max(top, 1e-3), 1.06 * max(top, risk_roi if column == "d" else 1e-3))
    style.heading(
        figure,
        f"Risk of keeping the dense network's hyperparameters ({style.metric_title(metric)})",
        f"Each dot is a cell of the dense network's {risk_roi:g}-ROI: how far the variant trained there falls "
        "short of that variant's own best cell. Numbers at the right: mean ± standard deviation.",
    )
    style.legend_below(figure, _legend(risk_roi))
    return figure


def _title(model: str, here: pd.DataFrame) -> str:
    cells = int(here.groupby("variant").size().max()) if len(here) else 0
    return f"{style.model_title(model)} ({cells} cell{'s' * (cells != 1)})"


def _boxes(axes: Axes, here: pd.DataFrame, column: str) -> None:
    """A box a variant, from the top down, with its cells, its mean, and the dense network's mean as a line."""
    order = style.variant_order(here["variant"])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if not order:
        axes.text(0.5, 0.5, "no accuracy measured", transform=axes.transAxes, ha="center", color=style.MUTED)
        axes.set_yticks([])
        return
    colours = style.variant_colours(order)
    sns.boxplot(
        here, x=column, y="variant", hue="variant", order=order, hue_order=order, palette=_tints(order),
        orient="h", width=0.62, whis=(0, 100), linewidth=0.9, linecolor=style.INK, legend=False, ax=axes,
    )  # fmt: skip
    for place, variant in enumerate(order):
        values = here.loc[here["variant"] == variant, column].to_numpy(float)
        heights = place + 0.34 * (np.arange(1, len(values) + 1) * GOLDEN % 1 - 0.5)
        edge = style.PAPER
        axes.scatter(values, heights, s=15, color=colours[variant], edgecolors=edge, linewidths=0.5, zorder=4)
        axes.scatter(values.mean(), place, s=34, marker="D", color=style.PAPER, ec=style.INK, lw=1, zorder=5)
        axes.text(
            1.015, place, f"{values.mean():.2f} ± {values.std():.2f}", va="center", fontsize=8,
            transform=axes.get_yaxis_transform(), color=style.INK if variant == "dense" else style.MUTED,
        )  # fmt: skip
    dense = here.loc[here["variant"] == "dense", column]
    if len(dense):
        axes.axvline(dense.mean(), color=style.INK, lw=0.9, ls=":", zorder=1)
    axes.set(xlabel="", ylabel="", ylim=(len(order) - 0.5, -0.5))
    axes.set_yticks(range(len(order)), [style.variant_title(variant) for variant in order])


def _tints(order: Sequence[str]) -> dict[str, str]:
    """The boxes' fills: pale for the pruned variants, darker for the dense network."""
    colours = style.variant_colours(order)
    return {variant: style.tint(colours[variant], 0.45 if variant == "dense" else 0.68) for variant in order}


def _legend(risk_roi: float) -> list[Line2D | Patch]:
    box = style.tint(style.INK, 0.45)
    return [
        Patch(facecolor=box, edgecolor=style.INK, label="quartiles; whiskers to the extremes"),
        Line2D([], [], ls="", marker="D", mfc=style.PAPER, mec=style.INK, ms=5.5, label="mean"),
        Line2D([], [], color=style.INK, lw=0.9, ls=":", label="mean of the dense network"),
        Line2D([], [], color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), label=f"{risk_roi:g} points: the ROI's width"),
    ]
