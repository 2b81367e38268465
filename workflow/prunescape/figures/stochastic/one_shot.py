"""Accuracy right after pruning, over pruning rate and noise (SP paper, Fig. 1b and 1c)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, plane, select, style
from prunescape.figures.stochastic import lines, terms
from prunescape.stochastic.statistics import seed_medians

MOST_GAMMAS = 7  # lines over sigma; more of them hide each other
MARGIN = 0.08  # decades beyond the outermost sigmas


def draw(intervals: pd.DataFrame, one_shot: pd.DataFrame, model: str, method: str = terms.MAGNITUDE) -> Figure:
    """A row without and one with recalibrated batch norm: accuracy and gain over gamma, and accuracy over sigma.

    Args:
        intervals: model, kind, method, gamma, sigma, recalibrated, seeds, and median, reference, delta with their
            `_low` and `_high` (NaN where there is one seed): sweep_intervals.csv.
        one_shot: the same networks one by one: sweep.csv.
        method: how its weights are scored.
    """
    of_model = select.at(intervals, model=model)
    rows = select.at(of_model, kind=terms.STOCHASTIC, method=method)
    by_seed = select.at(seed_medians(one_shot.dropna(subset="top1")), model=model, kind=terms.STOCHASTIC, method=method)
    ways = terms.ways(rows)
    sigmas = terms.sigma_colours(rows["sigma"])
    gammas = terms.gamma_colours(some_gammas(rows))
    figure = style.new_figure(11.6, 2.75 * len(ways) + 1.25)
    grid = figure.subplots(len(ways), 3, squeeze=False, sharex="col")
    for panels, way in zip(grid, ways, strict=True):
        here = select.at(rows, recalibrated=way)
        dense = select.at(of_model, kind=terms.DENSE_STOCHASTIC, recalibrated=way)["reference"]
        seeds = select.at(by_seed, recalibrated=way)
        _over_gamma(panels[0], here, sigmas, dense, seeds)
        panels[0].set_title(terms.way_title(way))
        lines.gains(panels[1], here, "gamma", sigmas, seeds)
        _over_sigma(panels[2], here, gammas)
        drawing.note(panels[1], lines.sure_words(here))
    for axes in grid[-1, :2]:
        axes.set_xlabel(terms.PRUNING_RATE)
    grid[-1, 2].set_xlabel("Noise σ")
    drawing.legend_right(figure, [*lines.handles(sigmas), _dense_handle()], "Left and middle")
    drawing.legend_right(figure, _gamma_handles(gammas), "Right", "outside right lower")
    style.heading(
        figure,
        f"{names.model_title(model)}: accuracy right after pruning ({terms.method_words(method)})",
        f"{lines.averaging(rows)} Arrow and star mark the largest gain of stochastic (SP) over deterministic pruning "
        "(DP) of those whose 95 % interval is above 0, far from chance."
        + (" Middle: large losses are cut off." if _cut(rows, ways) else ""),
    )
    return figure


def some_gammas(rows: pd.DataFrame) -> list[float]:
    """The pruning rates to draw over sigma: all, or some evenly from mild to hard and those with the largest gain."""
    gammas = select.distinct(rows["gamma"])
    if len(gammas) <= MOST_GAMMAS:
        return gammas
    bests = [lines.best(select.at(rows, recalibrated=way)) for way in terms.ways(rows)]
    kept = select.distinct(float(row["gamma"]) for row in bests if row is not None)
    places = np.linspace(0, len(gammas) - 1, MOST_GAMMAS - len(kept)).round().astype(int)
    return select.distinct([*kept, *(gammas[place] for place in places)])


def _over_gamma(
    axes: Axes, here: pd.DataFrame, colours: dict[float, str], dense: pd.Series, seeds: pd.DataFrame
) -> None:
    lines.accuracies(axes, here, "gamma", colours, seeds)
    if len(dense):
        axes.axhline(float(dense.iloc[0]), color=style.MUTED, lw=1, ls=(0, (4, 2)), zorder=1.5)
    lines.mark_largest_gain(axes, here, "gamma")


def _over_sigma(axes: Axes, here: pd.DataFrame, colours: dict[float, str]) -> None:
    """A line a pruning rate, over log10 sigma, and dotted in its colour what deterministic pruning reaches."""
    axes.grid()
    axes.set_ylabel(terms.TOP1)
    if here["median"].notna().sum() == 0:
        drawing.say(axes, "nothing measured")
        return
    here = here.assign(x=np.log10(here["sigma"]))
    for gamma, colour in colours.items():
        mine = select.at(here, gamma=float(gamma))
        lines.line(axes, mine.assign(median_low=np.nan), "x", "median", color=colour, lw=1.4, marker="s", ms=3)
        if len(mine):
            axes.axhline(mine["reference"].iloc[0], color=colour, lw=1.1, ls=":", zorder=1.8)
    chosen = lines.sure(here)
    if chosen is not None:
        lines.star(axes, chosen["x"], chosen["median"])
    plane.log_axis(axes, "x", here["x"].min() - MARGIN, here["x"].max() + MARGIN)


def _cut(rows: pd.DataFrame, ways: Sequence[bool]) -> bool:
    return any(lines.are_cut(select.at(rows, recalibrated=way)) for way in ways)


def _dense_handle() -> Line2D:
    return Line2D([], [], color=style.MUTED, lw=1, ls=(0, (4, 2)), label="dense network")


def _gamma_handles(colours: dict[float, str]) -> list[Line2D]:
    return [
        *(Line2D([], [], color=colour, lw=1.4, marker="s", ms=3, label=f"γ = {g:g}") for g, colour in colours.items()),
        Line2D([], [], color=style.MUTED, lw=1.1, ls=":", label=terms.DP),
    ]
