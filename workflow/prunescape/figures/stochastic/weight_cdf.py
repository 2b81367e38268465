"""Shares of weights that are smaller than the noise (SP paper, Fig. 6)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, palette, plane, select, style

COLUMNS = 3
LEAST_SHARE = 0.002  # of the weights: magnitudes below which fewer lie are not shown
SPACING = 0.075  # between the labels, a part of the axis
LIFT = 0.05  # of a label above its point, likewise: where the curve is flat, it passes below
LABEL_GAP = 0.09  # decades between a label and its stem


def draw(weight_cdf: pd.DataFrame, sigmas: Sequence[float]) -> Figure:
    """A panel a model: the share of weights below a magnitude, and the noise levels with their shares.

    Args:
        weight_cdf: model, seed, magnitude, share (of the prunable weights, 0 to 1).
        sigmas: the noise levels.
    """
    models = list(dict.fromkeys(weight_cdf["model"])) or [""]
    rows = style.bands(models, COLUMNS)
    columns = max(len(row) for row in rows)
    figure = style.new_figure(max(6.6, 3.6 * columns + 0.4), 3.3 * len(rows) + 1.4)
    grid = figure.subplots(len(rows), columns, squeeze=False, sharey=True)
    for panels, row in zip(grid, rows, strict=True):
        for axes, model in zip(panels, row, strict=False):
            _panel(axes, select.at(weight_cdf, model=model), distinct_positive(sigmas))
            axes.set_title(names.model_title(model))
            axes.set_xlabel("Magnitude of a weight, |w|")
        panels[0].set_ylabel("Weights of at most this magnitude (%)")
        for unused in panels[len(row) :]:
            unused.remove()
    style.heading(
        figure,
        "How many weights are smaller than the noise",
        "Prunable weights of the dense networks, one line a pretrained seed. Labels: the noise σ, and the share of "
        "weights that are no larger (mean over seeds).",
    )
    line = Line2D([], [], color=palette.BLUE, lw=1.4, label="share of the weights")
    style.legend_below(figure, [line, drawing.dot(style.HIGHLIGHT, "a noise level σ")])
    return figure


def distinct_positive(sigmas: Sequence[float]) -> list[float]:
    """Noise levels in ascending order, without zero, which is no noise."""
    return [sigma for sigma in select.distinct(sigmas) if sigma > 0]


def share_below(table: pd.DataFrame, magnitude: float) -> float:
    """The share of weights below a magnitude: interpolated in the logarithm, mean over seeds."""
    shares = []
    for _, part in table[table["magnitude"] > 0].groupby("seed"):
        part = part.sort_values("magnitude")
        shares.append(np.interp(np.log10(magnitude), np.log10(part["magnitude"]), part["share"]))
    return float(np.mean(shares)) if shares else np.nan


def spread_labels(heights: Sequence[float], spacing: float, top: float) -> list[float]:
    """Heights, ascending, moved as little as it takes to be so far apart and none above the top."""
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + spacing) if places else height)
    limit = top
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit)
        limit = places[number] - spacing
    return places


def _panel(axes: Axes, table: pd.DataFrame, sigmas: Sequence[float]) -> None:
    axes.grid()
    axes.set_ylim(-2, 104)
    seen = table[(table["share"] >= LEAST_SHARE) & (table["magnitude"] > 0)]
    if seen.empty:
        drawing.say(axes, "nothing measured")
        axes.set_xticks([])
        return
    for _, part in table[table["magnitude"] > 0].sort_values("magnitude").groupby("seed"):
        axes.plot(np.log10(part["magnitude"]), 100 * part["share"], color=palette.BLUE, lw=1.4, alpha=0.8)
    shares = [100 * share_below(table, sigma) for sigma in sigmas]
    heights = spread_labels([share + 100 * LIFT for share in shares], 100 * SPACING, 100)
    for sigma, share, height in zip(sigmas, shares, heights, strict=True):
        _label(axes, float(np.log10(sigma)), share, height, f"σ = {sigma:g}: {share:.0f} %")
    low = min([seen["magnitude"].min(), *(sigma / 30 for sigma in sigmas)])
    high = max([seen["magnitude"].max(), *sigmas])
    plane.log_axis(axes, "x", float(np.log10(low)), float(np.log10(high)) + 0.1)


def _label(axes: Axes, x: float, share: float, height: float, words: str) -> None:
    """A stem up to the curve, and the words to the upper left of its end."""
    axes.vlines(x, -2, share, color=style.HIGHLIGHT, lw=0.9, zorder=3)
    axes.plot([x - LABEL_GAP, x], [height, share], color=style.MUTED, lw=0.6, zorder=2.5)
    axes.plot(x, share, marker="o", ms=4.5, mec=style.PAPER, mew=0.6, color=style.HIGHLIGHT, zorder=5)
    axes.text(x - 1.2 * LABEL_GAP, height, words, va="center", ha="right", fontsize=style.size(8))
