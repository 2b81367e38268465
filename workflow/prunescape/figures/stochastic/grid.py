"""The grid: the gain of noise at each pruning rate and level, and its tests (beside Table I of the SP paper)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import names, select, style
from prunescape.figures.stochastic import terms

COLOURS = colormaps["PuOr_r"]  # purple loses, orange gains
LEAST_RANGE = 1.0  # points at either end of the colours, so that trifles stay pale
SIGNIFICANT = 0.05
CELL = (1.25, 0.62)  # inches


def draw(intervals: pd.DataFrame, tests: pd.DataFrame, model: str) -> Figure:
    """A panel with batch norm as pretrained and one with it recalibrated; a cell a pruning rate and noise level.

    Args:
        intervals: model, kind, method, gamma, sigma, recalibrated, median, reference, delta, delta_low, delta_high (see
            `prunescape.stochastic.statistics.seed_intervals`).
        tests: model, seed, gamma, sigma, recalibrated, p_holm.
    """
    table = select.at(intervals, model=model, kind=terms.STOCHASTIC, method=terms.MAGNITUDE)
    of_model = select.at(tests, model=model)
    ways, gammas = terms.ways(table), select.distinct(table["gamma"])
    sigmas = select.distinct(table["sigma"])
    height = max(2.6, CELL[1] * len(gammas) + 1.9)
    figure = style.new_figure(max(6.6, len(ways) * (CELL[0] * len(sigmas) + 1.1)), height)
    panels = figure.subplots(1, len(ways), squeeze=False, sharey=True)[0]
    largest = max(LEAST_RANGE, float(table["delta"].abs().max()) if table["delta"].notna().any() else 0.0)
    norm = TwoSlopeNorm(0.0, -largest, largest)
    for axes, way in zip(panels, ways, strict=True):
        _panel(axes, select.at(table, recalibrated=way), select.at(of_model, recalibrated=way), gammas, sigmas, norm)
        axes.set_title(terms.way_title(way))
    panels[0].set_ylabel(terms.PRUNING_RATE)
    seeds = of_model["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: what noise gains in one shot",
        "Stochastic minus deterministic pruning (magnitude), in points: medians over draws, means over "
        f"{names.plural(seeds, 'fresh network')}{', with 95 % intervals' if seeds > 1 else ''}. A star: in every "
        f"network the one-sided Wilcoxon signed-rank test over draws has p < {SIGNIFICANT:g}, corrected for the cells "
        "(Holm).",
    )
    style.legend_below(figure, [_patch(largest, "SP is better"), _patch(-largest, "DP is better")])
    return figure


def _patch(points: float, label: str) -> Line2D:
    colour = COLOURS(0.85 if points > 0 else 0.15)
    return Line2D([], [], marker="s", ms=9, ls="", color=colour, label=label)


def significant(tests: pd.DataFrame, gamma: float, sigma: float) -> bool:
    """Whether a cell's test is significant in every seed."""
    here = select.at(tests, gamma=gamma, sigma=sigma)["p_holm"]
    return len(here) > 0 and bool((here < SIGNIFICANT).all())


def cell_text(row: Any, starred: bool) -> str:
    """The text of a cell, `+6.5 ★`, and below it the interval, where there is one."""
    mean = names.points(row.delta) + (" ★" if starred else "")
    if np.isnan(row.delta_low):
        return mean
    return f"{mean}\n{names.points(row.delta_low)} to {names.points(row.delta_high)}"


def _panel(
    axes: Axes, cells: pd.DataFrame, tests: pd.DataFrame, gammas: list[float], sigmas: list[float], norm: TwoSlopeNorm
) -> None:
    values = np.full((len(gammas), len(sigmas)), np.nan)
    for row in cells.itertuples():
        place = gammas.index(float(row.gamma)), sigmas.index(float(row.sigma))
        values[place] = row.delta
        if np.isnan(row.delta):
            continue
        shade = float(norm(row.delta))
        ink = style.PAPER if abs(shade - 0.5) > 0.36 else style.INK
        text = cell_text(row, significant(tests, float(row.gamma), float(row.sigma)))
        axes.text(place[1], place[0], text, ha="center", va="center", fontsize=style.size(7.5), color=ink)
    axes.imshow(values, cmap=COLOURS, norm=norm, aspect="auto", origin="lower")
    axes.set_xticks(range(len(sigmas)), [f"{sigma:g}" for sigma in sigmas])
    axes.set_yticks(range(len(gammas)), [f"{gamma:g}" for gamma in gammas])
    axes.tick_params(length=0)
    axes.set_xlabel("Noise σ")
