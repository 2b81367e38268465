"""Figures 4.1 to 4.3: the accuracy over both hyperparameters, estimated and measured, one column a variant."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from prunescape.figures import drawing, names, plane, style
from prunescape.figures.surface import BELOW_BEST, HALF, REACH, WIDE, Heights, colour_scale, heights_of, interpolate
from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.landscape import best_cell, mean_over_seeds
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.variant import Variant

COLUMNS = 5  # variants side by side before the figure wraps
LEVELS = 10  # contour bands


def draw(
    cells: pd.DataFrame,
    ellipses: pd.DataFrame,
    model: str,
    metric: str,
    axes: Sequence[Mapping[str, Any]] | None = None,
    **look: Any,
) -> Figure:
    """Contours of the estimate above, measured cells with their confidence ellipses below, of the means over seeds.

    Args:
        cells: the table cells.csv.
        ellipses: the table ellipses.csv.
        metric: `top1` or `top5`.
        axes: see `Pair.from_json`.
        look: see `draw_means`.
    """
    return draw_means(mean_over_seeds(of_grid(cells), metric), ellipses, metric, model, Pair.from_json(axes), **look)


def draw_means(
    means: pd.DataFrame,
    ellipses: pd.DataFrame,
    metric: str,
    model: str,
    pair: Pair = THESIS,
    roi: Sequence[float] = (0.5, 1.0),
    landscape: str = BELOW_BEST,
    colour_map: str = "viridis",
    colour_range_percent: float = 15.0,
) -> Figure:
    """Contours of the estimate above, measured cells with their confidence ellipses below, one shared colour bar.

    Args:
        means: over seeds: model, variant and its columns, i, j, both hyperparameters, f (in percent).
        ellipses: the table ellipses.csv.
        metric: `top1` or `top5`.
        roi: thresholds of the regions of interest.
        landscape, colour_map, colour_range_percent: of the config's section `figures`.
    """
    rois, cells = sorted(roi), plane.located(means[means["model"] == model], pair)
    variants = names.variants_in(cells)
    known = cells[np.isfinite(cells["f"])]
    heights = heights_of(known, landscape, colour_range_percent, max(rois))
    colours, norm = colour_scale(colour_map), Normalize(*heights.limits)
    ellipses = ellipses[(ellipses["model"] == model) & (ellipses["metric"] == metric)]

    rows = style.bands(list(variants), style.fitting(COLUMNS, 2.1))
    extent = _extent(cells, pair)
    size = _panel_size(extent)
    look = _Style(pair, extent, colours, norm, rois, 72 * size[0] / (extent[1] - extent[0]))
    columns = max(len(row) for row in rows)
    figure = style.new_figure(max(6.6, columns * (size[0] + 0.28) + 1.6), len(rows) * (2 * size[1] + 1.25) + 1.5)
    grid = figure.subplots(2 * len(rows), columns, squeeze=False, sharex=True, sharey=True)
    for band, row in enumerate(rows):
        for column in range(columns):
            upper, lower = grid[2 * band, column], grid[2 * band + 1, column]
            if column >= len(row):
                upper.remove()
                lower.remove()
                continue
            _variant(upper, lower, variants[row[column]], heights, ellipses, look)
            if column == 0:
                upper.set_ylabel(pair.first.title)
                lower.set_ylabel(pair.first.title)
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=figure.axes, extend="min", extendfrac=0.04,
        aspect=28 * len(rows), pad=0.015, fraction=0.05,
    )  # fmt: skip
    bar.outline.set_visible(False)
    title = names.metric_title(metric).capitalize()
    bar.set_label(f"{title}: points below each network's own best" if heights.relative else f"{title} (%)")
    bar.locator = MaxNLocator(7)
    if heights.relative:
        bar.formatter = FuncFormatter(lambda value, _: f"{abs(value):g}")
    bar.update_ticks()
    drawn = ellipses[plane.is_fitted(ellipses) & ellipses["variant"].isin(variants)]["roi"].to_numpy()
    style.legend_below(figure, _legend(rois, drawn))
    style.heading(
        figure,
        f"{names.model_title(model)}: {names.metric_title(metric)} by {pair.second.words} and {pair.first.words}",
        "Above: estimated, each cell averaged with its neighbours. Below: each cell as measured. "
        f"The colours span the best {colour_range_percent:g} % of all cells and "
        f"{_at_least(heights, rois[-1])}.",
    )
    return figure


class _Style(NamedTuple):
    """Axes, colours and scale that all panels share; `points` are those of a unit of length in the plane."""

    pair: Pair
    extent: tuple[float, float, float, float]
    colours: Colormap
    norm: Normalize
    rois: Sequence[float]
    points: float


def _variant(
    upper: Axes, lower: Axes, variant: Variant, heights: Heights, ellipses: pd.DataFrame, look: _Style
) -> None:
    """The two panels of a variant."""
    estimate, here = (of[of["variant"] == variant.name] for of in (heights.estimate, heights.measured))
    mine, best = ellipses[ellipses["variant"] == variant.name], heights.bests.get(variant.name)
    upper.set_title(names.panel_title(variant))
    for axes in (upper, lower):
        _frame(axes, look.extent, look.pair)
    _contours(upper, estimate, look, best)
    _cells(lower, here, look)
    notes = ["no accuracy measured" if best is None else f"best cell: {best:.1f} %"]
    for rank, roi in enumerate(look.rois):
        notes.append(_region(lower, mine[np.isclose(mine["roi"], roi)], roi, rank, look.pair))
    lower.set_title("\n".join(notes), fontsize=style.size(7.5), fontweight="normal", color=style.MUTED)
    lower.set_xlabel(look.pair.second.title)
    upper.tick_params(labelbottom=False)
    lower.tick_params(labelbottom=True)


def _at_least(heights: Heights, roi: float) -> str:
    """The least span of the colours in words, and a note where they leave variants out."""
    if heights.relative:
        return f"at least {WIDE * roi:g} points"
    left_out = (heights.measured.groupby("variant")["f"].max() < heights.limits[0]).any()
    failures = f", leaving out networks that stay {REACH:g} points below the best" if left_out else ""
    return f"each variant's {plane.roi_label(roi)}{failures}"


def _extent(cells: pd.DataFrame, pair: Pair) -> tuple[float, float, float, float]:
    """The plane's limits: half a step and a little beyond the outermost cells."""
    limits: list[float] = []
    for column in ("x", "y"):
        values = cells[column].to_numpy(float)
        margin = 0.6 * (plane.step_of(values) if pair.in_decades else 1.0)
        limits += [values.min() - margin, values.max() + margin]
    return limits[0], limits[1], limits[2], limits[3]


def _panel_size(extent: Sequence[float]) -> tuple[float, float]:
    """Width and height in inches: true to lengths in the plane (ellipses keep their shape) unless very slender."""
    left, right, bottom, top = extent
    width = 2.05
    return width, width * float(np.clip((top - bottom) / (right - left), 0.55, 1.5))


def _frame(axes: Axes, extent: Sequence[float], pair: Pair) -> None:
    plane.value_axes(axes, extent, pair)
    axes.spines[["top", "right"]].set_visible(True)


def _contours(axes: Axes, here: pd.DataFrame, look: _Style, best: float | None) -> None:
    """The surface through the estimate; dots where cells were trained, and a star at its best one."""
    low, high = float(look.norm.vmin or 0), float(look.norm.vmax or 0)
    surface = interpolate(here, look.extent, low - HALF * (high - low)) if len(here) else None
    if surface is None or best is None:
        drawing.say(axes, "no accuracy measured" if best is None else "too few cells for contours")
        return
    levels = np.linspace(low, high, LEVELS + 1)
    filled = axes.contourf(*surface, levels=levels, cmap=look.colours, norm=look.norm, extend="min")
    filled.set_rasterized(True)
    if surface[2].max() > low and surface[2].min() < high:
        axes.contour(*surface, levels=levels[:-1], colors=style.PAPER, linewidths=0.35, alpha=0.55)
    if here["f"].max() < low:
        drawing.say(axes, f"best {best:.1f} %:\nbelow the colour range")
        return
    axes.scatter(here["x"], here["y"], s=1.6, color=style.INK, alpha=0.45, linewidths=0)
    _star(axes, here, 8.0)


def _cells(axes: Axes, here: pd.DataFrame, look: _Style) -> None:
    """Dots coloured by height (small and grey below the range), the best one starred, the prior framed."""
    if here.empty:
        return
    pitch = look.points * min(plane.step_of(here["x"]), plane.step_of(here["y"]))
    dot = float(np.clip(0.72 * pitch, 3, 17))
    inside = here["f"] >= float(look.norm.vmin or 0)
    below, above = here[~inside], here[inside]
    axes.scatter(below["x"], below["y"], s=(0.6 * dot) ** 2, color=style.FAINT, linewidths=0)
    axes.scatter(above["x"], above["y"], s=dot**2, c=above["f"], cmap=look.colours, norm=look.norm, linewidths=0)
    prior = here[(here["i"] == 0) & (here["j"] == 0)]
    axes.scatter(
        prior["x"], prior["y"], s=(1.3 * dot) ** 2, marker="s",
        facecolors="none", edgecolors=style.INK, linewidths=1.1, zorder=6,
    )  # fmt: skip
    _star(axes, here, max(dot, 8.0))


def _star(axes: Axes, here: pd.DataFrame, size: float) -> None:
    """A star at the best cell, so many points wide."""
    best = best_cell(here)
    star = axes.scatter(best["x"], best["y"], s=size**2, marker="*", color=style.HIGHLIGHT, linewidths=0, zorder=7)
    star.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground=style.PAPER)])


def _region(axes: Axes, row: pd.DataFrame, roi: float, rank: int, pair: Pair) -> str:
    """Draw the ellipse of one region, if there is one, and return the note about it."""
    if row.empty:
        return f"{plane.roi_label(roi)}: no cells"
    count = int(row["n_cells"].iloc[0])
    cells = f"{count} cell{'s' * (count != 1)}"
    if not plane.is_fitted(row).iloc[0]:
        return f"{plane.roi_label(roi)} not fitted: only {cells}"
    axes.add_patch(plane.haloed(row.iloc[0], rank, pair))
    return f"{plane.roi_label(roi)}: {cells}"


def _legend(rois: Sequence[float], drawn: np.ndarray) -> list[Line2D]:
    """The legend's samples: the ellipses that are drawn for any variant, and the marks of cells."""
    labels = [f"ellipse of the {plane.roi_label(roi)}" for roi in rois]
    return [
        *(plane.haloed_handle(rank, labels[rank]) for rank, roi in enumerate(rois) if np.isclose(drawn, roi).any()),
        Line2D([], [], ls="", marker="*", ms=9, mew=0, color=style.HIGHLIGHT, label="best cell"),
        Line2D([], [], ls="", marker="s", ms=7, mfc="none", mew=1.1, color=style.INK, label="prior"),
        Line2D([], [], ls="", marker="o", ms=5, mew=0, color=style.FAINT, label="below the range"),
    ]
