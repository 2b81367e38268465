"""Networks of each pretrained seed one by one, as a gain may be one network's luck (SP paper, Fig. 1a)."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter

from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.stochastic import lines, terms

MILD = 2.0  # points below the dense network: a pruning rate that costs no more is mild
WIDTH = 0.5  # of a seed's points
LEAST_SPAN = 1.0  # points of accuracy on an axis


def draw(
    one_shot: pd.DataFrame,
    intervals: pd.DataFrame,
    model: str,
    *,
    sigma: float | None = None,
    gammas: Sequence[float] | None = None,
    method: str = terms.MAGNITUDE,
) -> Figure:
    """A column for the dense network and one a pruning rate; a row without and one with recalibrated batch norm.

    Args:
        one_shot: model, seed, method, gamma, sigma, kind, draw, recalibrated, top1.
        intervals: one_shot_intervals.csv, which decides what is not given.
        sigma: the noise level; None, that of the largest gain.
        gammas: pruning rates; None, a mild one and that of the largest gain.
        method: how weights are scored.
    """
    table = select.at(one_shot, model=model)
    default_sigma, default_gammas = chosen(select.at(intervals, model=model), method)
    sigma = default_sigma if sigma is None else float(sigma)
    rates = default_gammas if gammas is None else select.distinct(gammas)
    order = sorted(table["seed"].unique())
    ways = terms.ways(table)
    columns = 1 + len(rates)
    figure = style.new_figure(max(6.6, (1.5 + 0.32 * len(order)) * columns + 0.8), 2.25 * len(ways) + 1.6)
    grid = figure.subplots(len(ways), columns, squeeze=False)
    for panels, way in zip(grid, ways, strict=True):
        here = select.at(table, recalibrated=way)
        dense = select.at(here, kind=terms.DENSE), select.at(here, kind=terms.DENSE_STOCHASTIC, sigma=sigma)
        _panel(panels[0], order, *dense, "s")
        for axes, gamma in zip(panels[1:], rates, strict=True):
            pruned = select.at(here, method=method, gamma=gamma)
            noisy = select.at(pruned, kind=terms.STOCHASTIC, sigma=sigma)
            _panel(axes, order, select.at(pruned, kind=terms.DETERMINISTIC), noisy, "o")
        panels[0].set_ylabel(f"{terms.way_title(way)}\n{terms.TOP1}")
    for axes, title in zip(grid[0], ["Dense", *(f"Pruned, γ = {gamma:g}" for gamma in rates)], strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        axes.set_xlabel("Pretrained seed")
    style.heading(
        figure,
        f"{names.model_title(model)}: every pretrained seed, with noise (σ = {sigma:g}) and without",
        f"{names.method_title(method)} pruning, one-shot. Each point is one draw of the noise. Every panel has an axis "
        "of its own.",
    )
    style.legend_below(figure, _legend())
    return figure


def chosen(intervals: pd.DataFrame, method: str) -> tuple[float, list[float]]:
    """The noise level with the largest gain, batch norm as pretrained; a mild pruning rate, and that of this gain.

    Mild is the highest rate below it at which deterministic pruning costs at most `MILD` points, or else the lowest.
    """
    first = select.at(intervals, recalibrated=terms.ways(intervals)[0])
    rows = select.at(first, kind=terms.STOCHASTIC, method=method)
    best = lines.best(rows)
    if best is None:
        return 0.0, select.distinct(rows["gamma"])[-1:]
    below = rows[rows["gamma"] < best["gamma"]]
    dense = select.at(first, kind=terms.DENSE_STOCHASTIC)["reference"].max()
    harmless = below[below["reference"] >= dense - MILD]
    mild = harmless["gamma"].max() if len(harmless) else below["gamma"].min()
    return float(best["sigma"]), select.distinct([mild, best["gamma"]])


def _panel(axes: Axes, order: Sequence[int], plain: pd.DataFrame, noisy: pd.DataFrame, marker: str) -> None:
    axes.grid(axis="y")
    for place, seed in enumerate(order):
        level = select.at(plain, seed=seed)["top1"]
        axes.hlines(level, place - 0.36, place + 0.36, color=style.INK, lw=2, zorder=3)
        draws = select.at(noisy, seed=seed)["top1"].to_numpy(float)
        axes.scatter(
            place + drawing.jitter(len(draws), WIDTH), draws, s=24, marker=marker, color=palette.BLUE,
            edgecolors=style.PAPER, linewidths=0.6, zorder=4,
        )  # fmt: skip
    axes.set_xlim(-0.6, len(order) - 0.4)
    axes.set_xticks(range(len(order)), [str(seed) for seed in order])
    axes.tick_params(axis="x", length=0)
    if plain["top1"].notna().any() or noisy["top1"].notna().any():
        scales.few_ticks(axes, LEAST_SPAN)
    else:
        drawing.say(axes, "nothing measured")
        axes.yaxis.set(major_locator=FixedLocator([]), major_formatter=NullFormatter())


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=style.INK, lw=2, label=f"without noise: dense, or {terms.DP}"),
        drawing.dot(palette.BLUE, "dense with noise", "s"),
        drawing.dot(palette.BLUE, f"{terms.SP}"),
    ]
