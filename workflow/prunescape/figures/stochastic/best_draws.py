"""Single draws at the best cell, not only their median, against deterministic pruning (SP paper, Fig. 4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, palette, select, style
from prunescape.figures.stochastic import terms

ROW = ["seed", "gamma", "sigma"]  # what the draws of one row share
HEIGHT = 0.5  # of a row's points


def draw(best_draws: pd.DataFrame) -> Figure:
    """A panel a model, a row a pretrained seed; left without, right with recalibrated batch norm.

    Args:
        best_draws: model, seed, method, gamma, sigma, kind, draw, recalibrated, top1: the deterministic network and
            stochastic draws, at each model's best pruning rate and noise level.
    """
    models = list(dict.fromkeys(best_draws["model"]))
    ways = terms.ways(best_draws)
    parts = [_stochastic(best_draws, model) for model in models]
    counts = [max(1, len(part[ROW].drop_duplicates())) for part in parts]
    figure = style.new_figure(5.1 * len(ways) + 0.6, 0.36 * sum(counts) + 0.72 * max(1, len(models)) + 1.75)
    grid = figure.subplots(max(1, len(models)), len(ways), squeeze=False, height_ratios=counts or [1])
    for panels, model in zip(grid, models, strict=False):
        cell = _cell(_stochastic(best_draws, model))
        title = names.model_title(model) + (f" ({cell})" if cell else "")
        for axes, way in zip(panels, ways, strict=True):
            here = select.at(best_draws, model=model, recalibrated=way)
            if here.empty:
                drawing.say(axes, "no batch norm")
                continue
            _rows(axes, here, labelled=axes is panels[0])
            axes.set_title(f"{title}\n{terms.way_title(way)}")
    for axes in grid[-1]:
        axes.set_xlabel(terms.TOP1)
    if not models:
        drawing.say(grid[0, 0], "nothing measured")
    style.heading(
        figure,
        "Every draw against deterministic pruning, at the chosen pruning rate and noise",
        "One-shot. Numbers at the right: how many draws are better than the deterministically pruned network, and the "
        "median gain in points. Every panel has an axis of its own.",
    )
    style.legend_below(figure, _legend())
    return figure


def _stochastic(table: pd.DataFrame, model: str) -> pd.DataFrame:
    return select.at(table, model=model, kind=terms.STOCHASTIC)


def _cell(rows: pd.DataFrame) -> str:
    """The pruning rate and noise level that all rows share; nothing where they differ."""
    cells = rows[["gamma", "sigma"]].drop_duplicates()
    return f"γ = {cells['gamma'].iloc[0]:g}, σ = {cells['sigma'].iloc[0]:g}" if len(cells) == 1 else ""


def _rows(axes: Axes, here: pd.DataFrame, labelled: bool) -> None:
    """A row a seed (and pruning rate and noise level, where they differ), from the top down."""
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    noisy = select.at(here, kind=terms.STOCHASTIC)
    several = not _cell(noisy)
    labels, known = [], terms.network_names(noisy["seed"])
    for place, ((seed, gamma, sigma), draws) in enumerate(noisy.groupby(ROW)):
        plain = select.at(here, kind=terms.DETERMINISTIC, seed=seed, gamma=float(gamma))["top1"]
        _row(axes, place, draws["top1"].to_numpy(float), float(plain.iloc[0]) if len(plain) else np.nan)
        labels.append(known[int(seed)] + (f", γ = {gamma:g}, σ = {sigma:g}" if several else ""))
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(labelleft=labelled or several)
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    if not labels:
        drawing.say(axes, "nothing measured")


def _row(axes: Axes, place: int, draws: np.ndarray, plain: float) -> None:
    axes.vlines(plain, place - 0.34, place + 0.34, color=style.INK, lw=2.2, zorder=3)
    axes.scatter(
        draws, place + drawing.jitter(len(draws), HEIGHT), s=18, color=palette.BLUE, edgecolors=style.PAPER,
        linewidths=0.5, zorder=4,
    )  # fmt: skip
    gains = draws - plain
    gains = gains[np.isfinite(gains)]
    words = f"{(gains > 0).sum()} of {len(gains)}, {names.points(np.median(gains))}" if len(gains) else "not measured"
    axes.text(
        1.015, place, words, va="center", fontsize=style.size(8), color=style.MUTED,
        transform=axes.get_yaxis_transform(),
    )  # fmt: skip


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], ls="", marker="|", ms=11, mew=2.2, color=style.INK, label=terms.DP),
        drawing.dot(palette.BLUE, f"one draw, {terms.SP}"),
    ]
