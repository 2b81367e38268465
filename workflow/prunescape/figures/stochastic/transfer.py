"""Accuracy with masks exchanged: whether the mask or the weights bring the gain (SP paper, Figs. 2 and 3)."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.stochastic import terms

LOOKS = {
    terms.STOCHASTIC: (palette.BLUE, "SP: noisy mask, noisy weights"),
    terms.MASK_S_TO_D: (palette.ORANGE, "MT S→D: noisy mask, original weights"),
    terms.MASK_D_TO_S: (palette.GREEN, "MT D→S: original mask, noisy weights"),
}
SHORT = ("SP", "S→D", "D→S")
PITCH = 0.28  # between the boxes of one seed
ABREAST = 4  # networks, up to which pruning rates stand side by side
LEAST_SPAN = 1.0  # points of accuracy on an axis


def draw(transfer: pd.DataFrame, model: str) -> Figure:
    """Box plots of the three kinds, deterministic pruning as a line; a column a pruning rate, a row a batch norm.

    With many networks it is the other way round, as panels are wide.

    Args:
        transfer: model, seed, gamma, sigma, kind, draw, recalibrated, top1; kinds deterministic, stochastic,
            mask_s_to_d and mask_d_to_s.
    """
    table = select.at(transfer, model=model)
    gammas = select.distinct(table["gamma"])
    order = sorted(table["seed"].unique())
    ways = terms.ways(table)
    tall = len(order) > ABREAST
    rows, columns = (max(1, len(gammas)), len(ways)) if tall else (len(ways), max(1, len(gammas)))
    width = max(2.2, (0.42 if tall else 0.9) * len(order) + 0.9)
    figure = style.new_figure(max(6.8, width * columns + 0.6), 2.4 * rows + 1.6)
    grid = figure.subplots(rows, columns, squeeze=False)
    by_rate = grid if tall else grid.T
    for panels, gamma in zip(by_rate, gammas, strict=False):
        for axes, way in zip(panels, ways, strict=True):
            _boxes(axes, select.at(table, recalibrated=way, gamma=gamma), order)
    rates, titles = [f"γ = {gamma:g}" for gamma in gammas], [terms.way_title(way) for way in ways]
    above, beside = (titles, rates) if tall else (rates, titles)
    for axes, words in zip(grid[0], above, strict=False):
        axes.set_title(words)
    for axes, words in zip(grid[:, 0], beside, strict=False):
        axes.set_ylabel(f"{words}\n{terms.TOP1}")
    for axes in grid[-1] if len(order) > 1 else []:
        axes.set_xlabel("Pretrained network")
    if not gammas:
        drawing.say(grid[0, 0], "nothing measured")
    noise = " and ".join(f"σ = {sigma:g}" for sigma in select.distinct(table["sigma"]) if sigma)
    style.heading(
        figure,
        f"{names.model_title(model)}: what masks and weights contribute" + (f" ({noise})" if noise else ""),
        "One-shot. Boxes: quartiles of the draws, whiskers to their extremes. Every panel has an axis of its own.",
    )
    style.legend_below(figure, _legend(), entry=3.2)
    return figure


def _boxes(axes: Axes, here: pd.DataFrame, order: Sequence[int]) -> None:
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(order) - 0.5)
    places = [place + (number - 1) * PITCH for place in range(len(order)) for number in range(len(LOOKS))]
    axes.set_xticks(
        places if len(order) == 1 else range(len(order)),
        SHORT if len(order) == 1 else _labels(order),
    )
    if here["top1"].notna().sum() == 0:
        drawing.say(axes, "nothing measured")
        return
    for place, seed in enumerate(order):
        mine = select.at(here, seed=seed)
        plain = select.at(mine, kind=terms.DETERMINISTIC)["top1"]
        axes.hlines(plain, place - 1.65 * PITCH, place + 1.65 * PITCH, color=style.INK, lw=1.6, zorder=1.9)
        for number, (kind, (colour, _)) in enumerate(LOOKS.items()):
            draws = select.at(mine, kind=kind)["top1"].dropna().to_numpy(float)
            if len(draws):
                _box(axes, draws, place + (number - 1) * PITCH, colour)
    scales.few_ticks(axes, LEAST_SPAN)


def _labels(order: Sequence[int]) -> list[str]:
    """Names of networks; of many, their numbers, where all of them are fresh ones or all of them are not."""
    labels = list(terms.network_names(order).values())
    kinds = {label.split()[0] for label in labels}
    return [label.split()[1] for label in labels] if len(order) > ABREAST and len(kinds) == 1 else labels


def _box(axes: Axes, draws: Sequence[float], place: float, colour: str) -> None:
    line = {"color": colour, "linewidth": 1.1}
    axes.boxplot(
        [draws], positions=[place], widths=0.75 * PITCH, whis=(0, 100), patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": style.tint(colour, 0.65), "edgecolor": colour, "linewidth": 1.1},
        medianprops=line | {"linewidth": 1.8}, whiskerprops=line, capprops=line,
    )  # fmt: skip


def _legend() -> list[Line2D | Patch]:
    return [
        *(Patch(fc=style.tint(colour, 0.65), ec=colour, label=label) for colour, label in LOOKS.values()),
        Line2D([], [], color=style.INK, lw=1.6, label=f"{terms.DP}: original mask and weights"),
    ]
