"""The Pareto fronts that searches for noise and pruning rate found (SP paper, Fig. 7, section IV-C)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, palette, select, style
from prunescape.figures.stochastic import terms

ALGORITHMS = {"nsga2": "NSGA-II", "random": "Random search"}
SP_ACCURACY = "Median top-1 accuracy of SP (%)"
# The axes of each pair of objectives: column, label.
AXES = {
    "F1": (("gamma", terms.PRUNING_RATE), ("fitness_sp", SP_ACCURACY)),
    "F2": (("objective_1", SP_ACCURACY), ("objective_2", "(SP − DP) · γ (points)")),
}
TITLES = {"F1": "F1: accuracy and γ", "F2": "F2: accuracy and gain"}
BEHIND = "#b4bcc3"  # the other algorithm's points


def draw(fronts: pd.DataFrame, model: str) -> Figure:
    """A column a pair of objectives, a row an algorithm, with the other algorithm's front in grey behind it.

    Args:
        fronts: model, seed, objectives, algorithm, sigma, gamma, fitness_sp, objective_1, objective_2 (on held-out
            training images), delta (SP - DP in points, on the test images), best: the candidates on the fronts.
    """
    table = select.at(fronts, model=model)
    pairs = [pair for pair in AXES if pair in set(table["objectives"])] or ["F1"]
    algorithms = [name for name in ALGORITHMS if name in set(table["algorithm"])] or ["nsga2"]
    gains = table["delta"][np.isfinite(table["delta"])]
    norm = Normalize(0, max(float(gains.max()) if len(gains) else 0.0, 1.0))
    colours = colour_map()
    figure = style.new_figure(4.3 * len(pairs) + 1.6, 2.7 * len(algorithms) + 1.5)
    grid = figure.subplots(len(algorithms), len(pairs), squeeze=False, sharex="col", sharey="col")
    for panels, algorithm in zip(grid, algorithms, strict=True):
        for axes, pair in zip(panels, pairs, strict=True):
            (x, x_label), (y, y_label) = AXES[pair]
            here = select.at(table, objectives=pair)
            mine = here["algorithm"] == algorithm
            axes.grid()
            axes.scatter(here.loc[~mine, x], here.loc[~mine, y], s=12, color=BEHIND, linewidths=0, zorder=2)
            _points(axes, here[mine], x, y, colours, norm)
            axes.set(xlabel=x_label, ylabel=y_label)
            best = here[mine & here["best"].astype(bool)]
            words = _chosen(axes, best, x, y) if pair == "F2" and len(best) else ""
            drawing.titled(axes, f"{ALGORITHMS[algorithm]}, {TITLES[pair]}", words)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=figure.axes, aspect=26, pad=0.02, fraction=0.05)
    bar.outline.set_visible(False)
    bar.set_label("Gain over DP on the test images (points)")
    style.heading(
        figure,
        f"{names.model_title(model)}: Pareto fronts of noise and pruning rate",
        "Axes: held-out training images, on which the search was run. Colours: the gain of stochastic (SP) over "
        f"deterministic pruning (DP) on the test images. {_seeds(table)}",
    )
    style.legend_below(figure, _legend(len(algorithms) > 1))
    return figure


def colour_map() -> Colormap:
    """From light green, hardly any gain, to dark violet."""
    return ListedColormap(colormaps["viridis_r"](np.linspace(0.08, 1, 256)))


def _points(axes: Axes, mine: pd.DataFrame, x: str, y: str, colours: Colormap, norm: Normalize) -> None:
    """Filled with the gain's colour; hollow where deterministic pruning is better."""
    if mine.empty:
        drawing.say(axes, "nothing found")
        return
    worse = mine["delta"] < 0
    look: dict[str, Any] = {"s": 34, "linewidths": 0.6, "zorder": 4}
    axes.scatter(mine.loc[worse, x], mine.loc[worse, y], facecolors="none", edgecolors=style.MUTED, **look)
    better = mine[~worse]
    axes.scatter(
        better[x], better[y], c=better["delta"], cmap=colours, norm=norm, edgecolors=style.INK, **look
    )  # fmt: skip


def _chosen(axes: Axes, best: pd.DataFrame, x: str, y: str) -> str:
    """Star what the search would choose; the words that name it, above the panel, where nothing lies below them."""
    axes.plot(best[x], best[y], ls="", marker="o", ms=8, mew=0, color=style.PAPER, zorder=5)  # hides the point below
    look: dict[str, Any] = {"mfc": style.HIGHLIGHT, "mec": style.PAPER, "mew": 0.8}
    axes.plot(best[x], best[y], ls="", marker="*", ms=14, zorder=6, **look)
    if len(best) > 1:
        low, high = (names.points(value) for value in (best["delta"].min(), best["delta"].max()))
        return f"★ of {names.plural(len(best), 'seed')}: {low} to {high} points on test images"
    row = best.iloc[0]
    return f"★ γ = {row['gamma']:.2f}, σ = {row['sigma']:.4f}: {names.points(row['delta'])} points on test images"


def _seeds(table: pd.DataFrame) -> str:
    count = table["seed"].nunique()
    return f"The fronts of {count} pretrained seeds are drawn together." if count > 1 else ""


def _legend(several: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], ls="", marker="o", ms=6, mfc=palette.GREEN, mec=style.INK, mew=0.6, label="SP is better"),
        Line2D([], [], ls="", marker="o", ms=6, mfc="none", mec=style.MUTED, mew=0.8, label="DP is better"),
        drawing.dot(style.HIGHLIGHT, "chosen of F2: largest (SP − DP) · γ", "*", size=10),
    ]
    return [*handles, drawing.dot(BEHIND, "the other algorithm", size=4)] if several else handles
