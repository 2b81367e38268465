"""Hypervolume of NSGA-II and of random search over their evaluations (beside the SP paper, section IV-C)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing, names, palette, select, style
from prunescape.figures.stochastic.fronts import ALGORITHMS, TITLES

LOOKS = {"nsga2": (palette.BLUE, "-", "o"), "random": ("#b35900", (0, (4, 1.5)), "s")}


def draw(search_progress: pd.DataFrame, model: str) -> Figure:
    """A panel a pair of objectives: the hypervolume dominated after so many evaluations.

    Args:
        search_progress: model, seed, objectives, algorithm, search_seed, evaluations, hypervolume (0 to 1).
    """
    table = select.at(search_progress, model=model)
    pairs = [pair for pair in TITLES if pair in set(table["objectives"])] or ["F1"]
    figure = style.new_figure(max(6.6, 4.1 * len(pairs) + 0.4), 4.3)
    grid = figure.subplots(1, len(pairs), squeeze=False)
    for axes, pair in zip(grid[0], pairs, strict=True):
        here = select.at(table, objectives=pair)
        axes.grid()
        axes.set(title=TITLES[pair], xlabel="Candidates evaluated", ylabel="Hypervolume (part of the range)")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        if here["hypervolume"].notna().sum() == 0:
            drawing.say(axes, "nothing measured")
        for algorithm in ALGORITHMS:
            _lines(axes, select.at(here, algorithm=algorithm), algorithm)
    searches = len(table[["seed", "search_seed"]].drop_duplicates())
    style.heading(
        figure,
        f"{names.model_title(model)}: progress of the searches for noise and pruning rate",
        "The part of the objectives' range that the candidates found so far dominate, on held-out training images."
        + (f" Bold: mean over {searches} searches; pale: each of them." if searches > 1 else ""),
    )
    style.legend_below(figure, [_handle(algorithm) for algorithm in ALGORITHMS])
    return figure


def _lines(axes: Axes, mine: pd.DataFrame, algorithm: str) -> None:
    """Draw each search's progress, pale, and the mean over all, bold."""
    colour, dashes, marker = LOOKS[algorithm]
    seeds = [part.sort_values("evaluations") for _, part in mine.groupby(["seed", "search_seed"])]
    if len(seeds) > 1:
        for part in seeds:
            axes.plot(part["evaluations"], part["hypervolume"], color=style.tint(colour, 0.6), lw=0.9, ls=dashes)
    mean = mine.groupby("evaluations")["hypervolume"].mean()
    if len(mean):
        axes.plot(mean.index, mean, color=colour, lw=1.9, ls=dashes, marker=marker, ms=4, zorder=4)


def _handle(algorithm: str) -> Line2D:
    colour, dashes, marker = LOOKS[algorithm]
    return Line2D([], [], color=colour, lw=1.9, ls=dashes, marker=marker, ms=4, label=ALGORITHMS[algorithm])
