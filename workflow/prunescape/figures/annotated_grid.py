"""Figure 4.4: the lattice of one variant as a table of accuracies, with the initial grid outlined."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from prunescape.figures import names, plane, style
from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.landscape import best_cell, mean_over_seeds
from prunescape.hpspace.lattice import THESIS, Pair

CELL = (0.56, 0.40)  # inches
# From the innermost region outwards: at most so many points below the best cell.
SHADES = ("#0b4f8a", "#5fa3d3", "#b9d7ec", "#e3edf4", "#f3f4f5")
FURTHER = (2.0, 5.0)  # the shades beyond the regions of interest, in multiples of the widest


def draw(
    cells: pd.DataFrame,
    model: str,
    variant: str,
    metric: str,
    roi: Sequence[float],
    initial_size: Sequence[int],
    axes: Sequence[Mapping[str, Any]] | None = None,
) -> Figure:
    """A figure of the accuracy of every cell, as a mean over seeds.

    Args:
        cells: the table cells.csv.
        model, variant: the network.
        metric: `top1` or `top5`.
        roi: the thresholds of the regions of interest, in points.
        initial_size: cells of the initial grid along both axes.
        axes: see `Pair.from_json`.
    """
    means, pair = mean_over_seeds(of_grid(cells), metric), Pair.from_json(axes)
    return draw_means(means, model, variant, initial_size, metric=metric, rois=roi, pair=pair)


def draw_means(
    landscape: pd.DataFrame,
    model: str,
    variant: str,
    initial_size: Sequence[int],
    *,
    metric: str = "top1",
    rois: Sequence[float] = (0.5, 1.0),
    pair: Pair = THESIS,
) -> Figure:
    """Every cell's accuracy, shaded by how far it lies below the best; the initial grid outlined.

    Args:
        landscape: mean over seeds: model, variant and its columns, i, j, both hyperparameters, f (in percent).
        model: which network.
        variant: which variant of it.
        initial_size: cells of the initial grid along both axes.
        metric: what `f` is.
        rois: the thresholds of the regions of interest, in points.
    """
    cells = landscape[(landscape["model"] == model) & (landscape["variant"] == variant)]
    rows, columns = (max(int(np.ptp(cells[of])) + 1, size) for of, size in zip("ij", initial_size, strict=True))
    edges = shade_edges(rois)
    figure = style.new_figure(max(5.6, columns * CELL[0] + 1.2), rows * CELL[1] + 2.1)
    axes = figure.subplots()
    best = cells["f"].max()
    for cell in cells.itertuples():
        _cell(axes, int(cell.i), int(cell.j), float(cell.f), float(best), edges)
    if not np.isnan(best):
        top = best_cell(cells)
        look: dict[str, Any] = {
            "ms": 8,
            "mew": 0.6,
            "mec": style.PAPER,
            "color": style.HIGHLIGHT,
            "zorder": 6,
        }
        axes.plot(top["j"] + 0.38, top["i"] + 0.32, marker="*", **look)
    low = [-(int(size) // 2) - 0.5 for size in initial_size]
    high = [first + size for first, size in zip(low, initial_size, strict=True)]
    axes.add_patch(
        Rectangle((low[1], low[0]), initial_size[1], initial_size[0], fill=False, ec=style.INK, lw=2.0, zorder=4)
    )
    _axes(axes, cells, pair)
    # Few trainings may leave lines of the initial grid out: it is outlined all the same.
    axes.set_xlim(min(axes.get_xlim()[0], low[1] - 0.05), max(axes.get_xlim()[1], high[1] + 0.05))
    axes.set_ylim(min(axes.get_ylim()[0], low[0] - 0.05), max(axes.get_ylim()[1], high[0] + 0.05))
    style.heading(
        figure,
        f"{names.model_title(model)}: {names.metric_title(metric)} of every cell (%)",
        names.variant_title(names.variants_in(cells)[variant])
        + (
            ""
            if np.isnan(best)
            else f". Best cell: {best:.2f} %. The shades show how many points a cell lies below it."
        ),
    )
    style.legend_below(figure, _legend(rois, edges, best))
    return figure


def shade_edges(rois: Sequence[float]) -> list[float]:
    """The shades' limits in points below the best: the regions of interest, then multiples of the widest."""
    inner = sorted(float(roi) for roi in rois)[: len(SHADES) - len(FURTHER) - 1]
    return [*inner, *(factor * inner[-1] for factor in FURTHER)]


def _shade(gap: float, edges: Sequence[float]) -> str:
    shades = [*SHADES[: len(edges) - len(FURTHER)], *SHADES[-len(FURTHER) - 1 :]]
    # A cell at the very threshold belongs to the region; a mean may miss it by its rounding.
    return shades[sum(gap > edge + 1e-9 for edge in edges)]


def _cell(axes: Axes, i: int, j: int, value: float, best: float, edges: Sequence[float]) -> None:
    missing = np.isnan(value)
    shade = style.PAPER if missing else _shade(best - value, edges)
    axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=shade, edgecolor=style.PAPER, linewidth=1.2))
    axes.text(
        j, i, "–" if missing else f"{value:.1f}", ha="center", va="center", color=style.ink_on(shade),
        fontsize=style.size(8.5), fontweight="bold" if best - value <= edges[0] else "normal",
    )  # fmt: skip
    if i == 0 and j == 0:
        axes.add_patch(Rectangle((-0.42, -0.40), 0.84, 0.80, fill=False, ec=style.HIGHLIGHT, lw=1.3, zorder=5))


def _axes(axes: Axes, cells: pd.DataFrame, pair: Pair) -> None:
    """A label a row and a column: the real values."""
    for axis, index, of in ((axes.yaxis, "i", pair.first), (axes.xaxis, "j", pair.second)):
        values = cells.drop_duplicates(index).sort_values(index)
        shown = values[of.name].to_list()
        labels = plane.value_labels(shown) if of.is_log and not of.of.whole else [of.shown(value) for value in shown]
        axis.set_ticks(values[index].to_list(), labels)
    axes.set_xlim(cells["j"].min() - 0.55, cells["j"].max() + 0.55)
    axes.set_ylim(cells["i"].min() - 0.55, cells["i"].max() + 0.55)
    axes.tick_params(length=0)
    tight = axes.figure.get_figwidth() / (1 + cells["j"].nunique()) < style.size(0.5)  # type: ignore[union-attr]
    axes.tick_params(axis="x", labelsize=style.size(7), labelrotation=90 if tight else 0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=pair.second.title, ylabel=pair.first.title)


def _legend(rois: Sequence[float], edges: Sequence[float], best: float) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = []
    inner = 0.0
    for number, edge in enumerate([*edges, np.inf]):
        middle = inner + 1e-6
        words = f"{inner:g} to {edge:g} points" if np.isfinite(edge) else f"over {inner:g} points"
        if number < len(rois) and number < len(edges) - len(FURTHER):
            words = f"{plane.roi_label(edge)}"
        handles.append(Patch(facecolor=_shade(middle, edges), edgecolor=style.FAINT, linewidth=0.5, label=words))
        inner = edge
    handles.append(Line2D([], [], ls="", marker="s", mfc="none", mec=style.INK, mew=2, ms=9, label="initial grid"))
    handles.append(Line2D([], [], ls="", marker="s", mfc="none", mec=style.HIGHLIGHT, mew=1.3, ms=8, label="prior"))
    if not np.isnan(best):
        handles.append(Line2D([], [], ls="", marker="*", color=style.HIGHLIGHT, mew=0, ms=9, label="best cell"))
    return handles
