"""Figure 4.5: the loss from keeping the dense network's hyperparameters, absolutely and relatively."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.figures import names, style

FAR = 3.0  # interquartile ranges above a box: what lies beyond is drawn as an arrow at the axis' end
WHISKER = 1.5  # lengths of the box, to which its whiskers reach at most
GOLDEN = (5**0.5 - 1) / 2


def draw(risk_cells: pd.DataFrame, metric: str, *, risk_roi: float = 0.5) -> Figure:
    """Box plots of the risk over the dense network's region of interest, a row a variant; its numbers at the right.

    Args:
        risk_cells: the table risk_cells.csv: d (points) and d_relative (a fraction), a row a cell of that region.
        metric: `top1` or `top5`.
        risk_roi: the threshold of the region, in points: the dense network's own risk ends there.
    """
    cells = risk_cells[(risk_cells["metric"] == metric) & np.isfinite(risk_cells["d"])]
    models = list(dict.fromkeys(risk_cells["model"]))
    counts = [max(1, cells.loc[cells["model"] == model, "variant"].nunique()) for model in models]
    figure = style.new_figure(8.4, 0.37 * sum(counts) + 0.55 * len(models) + 1.7)
    panels = figure.subplots(len(models), squeeze=False, sharex=True, height_ratios=counts)[:, 0]
    top = max(right_end(cells), risk_roi)
    for axes, model in zip(panels, models, strict=True):
        here = cells[cells["model"] == model]
        _boxes(axes, here, top)
        axes.set_title(_title(model, here))
        axes.axvline(risk_roi, color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), zorder=1)
    if models:
        panels[-1].set_xlabel("Performance risk (points)")
        panels[-1].set_xlim(-0.03 * top, 1.06 * top)
    style.heading(
        figure,
        f"Risk of keeping the dense network's hyperparameters ({names.metric_title(metric)})",
        f"Each dot is a cell of the dense network's {risk_roi:g}-ROI: how far the variant trained there "
        "falls short of that variant's own best cell, as measured: noise makes it too large. At the right: mean ± "
        "standard deviation over cells, and the mean in percent of the best cell's accuracy."
        + (" Arrows: beyond the axis." if (cells["d"] > top).any() else ""),
    )
    style.legend_below(figure, _legend(risk_roi))
    return figure


def box(values: np.ndarray) -> dict[str, float]:
    """A box as Plotly draws it, in the thesis' Figure 4.5: Hazen's quartiles, whiskers to cells within 1.5 boxes.

    Cells beyond the whiskers are the outliers; every cell is drawn as a dot beside.
    """
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method="hazen")
    reach = WHISKER * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    return {"q1": low, "med": middle, "q3": high, "whislo": min(inside.min(), low), "whishi": max(inside.max(), high)}


def right_end(cells: pd.DataFrame) -> float:
    """The axis' end: the largest value, unless it lies so far out (a failed cell) as to hide the rest."""
    ends = [0.1]
    for _, values in cells.groupby(["model", "variant"])["d"]:
        low, high = values.quantile([0.25, 0.75])
        ends.append(min(float(values.max()), float(high + FAR * (high - low) + 0.1)))
    return max(ends)


def _title(model: str, here: pd.DataFrame) -> str:
    cells = int(here.groupby("variant").size().max()) if len(here) else 0
    return f"{names.model_title(model)} ({cells} cell{'s' * (cells != 1)})"


def _boxes(axes: Axes, here: pd.DataFrame, top: float) -> None:
    """A box a variant, from the top down, with its cells and mean; the dense network's mean as a line."""
    variants = names.variants_in(here)
    order = list(variants)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if not order:
        axes.text(0.5, 0.5, "no accuracy measured", transform=axes.transAxes, ha="center", color=style.MUTED)
        axes.set_yticks([])
        return
    colours = style.variant_colours(variants.values())
    parts = [here[here["variant"] == variant] for variant in order]
    samples = [part["d"].to_numpy(float) for part in parts]
    line = {"color": style.INK, "linewidth": 0.9}
    boxes = axes.bxp(
        [box(values) for values in samples], positions=range(len(order)), orientation="horizontal", widths=0.62,
        patch_artist=True, boxprops={"edgecolor": style.INK, "linewidth": 0.9}, showfliers=False,
        medianprops=line, whiskerprops=line, capprops=line,
    )  # fmt: skip
    for drawn, variant in zip(boxes["boxes"], order, strict=True):
        drawn.set_facecolor(style.tint(colours[variant], 0.45 if variant == "dense" else 0.68))
    for place, (variant, values, part) in enumerate(zip(order, samples, parts, strict=True)):
        heights = place + 0.34 * (np.arange(1, len(values) + 1) * GOLDEN % 1 - 0.5)
        beyond = values > 1.001 * top
        look: dict[str, Any] = {
            "color": colours[variant],
            "edgecolors": style.PAPER,
            "linewidths": 0.5,
            "zorder": 4,
        }
        axes.scatter(values[~beyond], heights[~beyond], s=15, **look)
        axes.scatter(np.full(beyond.sum(), 1.035 * top), heights[beyond], s=34, marker=">", **look)
        axes.scatter(values.mean(), place, s=34, marker="D", color=style.PAPER, ec=style.INK, lw=1, zorder=5)
        axes.text(
            1.015, place, _numbers(values, part["d_relative"]), va="center", fontsize=style.size(8),
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    dense = here.loc[here["variant"] == "dense", "d"]
    if len(dense):
        axes.axvline(dense.mean(), color=style.INK, lw=0.9, ls=":", zorder=1)
    axes.set(xlabel="", ylabel="", ylim=(len(order) - 0.5, -0.5))
    axes.set_yticks(range(len(order)), [names.panel_title(variant, width=36) for variant in variants.values()])


def _numbers(points: np.ndarray, relative: pd.Series) -> str:
    """Mean and standard deviation in points, where there are several cells, and the mean in percent."""
    spread = f" ± {points.std():.2f}" if len(points) > 1 else ""
    return f"{points.mean():.2f}{spread}" + (f" ({100 * relative.mean():.1f} %)" if relative.notna().any() else "")


def _legend(risk_roi: float) -> list[Line2D | Patch]:
    shade = style.tint(style.INK, 0.45)
    return [
        Patch(facecolor=shade, edgecolor=style.INK, label="quartiles; whiskers to 1.5 boxes, outliers beyond"),
        Line2D([], [], ls="", marker="D", mfc=style.PAPER, mec=style.INK, ms=5.5, label="mean"),
        Line2D([], [], color=style.INK, lw=0.9, ls=":", label="mean of the dense network"),
        Line2D(
            [],
            [],
            color=style.HIGHLIGHT,
            lw=1,
            ls=(0, (4, 2)),
            label=f"{names.plural(risk_roi, 'point')}: the ROI's width",
        ),
    ]
