"""Which weights noise swaps, by their distance from the pruning threshold (SP paper, section V)."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from seaborn import lineplot

from prunescape.figures import drawing, names, select, style
from prunescape.figures.stochastic import terms
from prunescape.figures.stochastic.bundle import bundle


def draw(swaps: pd.DataFrame, model: str) -> Figure:
    """Above, the part of the weights that each noise swaps, and that it would swap alone; below, how many there are.

    Args:
        swaps: model, seed, gamma, sigma, distance (in sigmas), weights, swapped, expected (numbers of weights).
    """
    table = select.at(swaps, model=model)
    there = table[table["weights"] > 0]
    shares = there.assign(
        swapped=100 * there["swapped"] / there["weights"], expected=100 * there["expected"] / there["weights"]
    )
    colours = terms.sigma_colours(table["sigma"])
    figure = style.new_figure(6.8, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for axes in (upper, lower):
        axes.axvline(0, color=style.INK, lw=0.9, ls=":", zorder=1.8)
    for sigma, colour in colours.items():
        for axes, rows, name in ((upper, shares, "swapped"), (lower, table, "weights")):
            mine = select.at(rows, sigma=float(sigma))
            bundle(axes, mine, "distance", name, "seed", colour, marker="o", ms=4, mew=0)
        lineplot(
            select.at(shares, sigma=float(sigma)), x="distance", y="expected", color=colour, lw=1.2, ls=(0, (1, 1.2)),
            errorbar=None, ax=upper,
        )  # fmt: skip
    for axes, label in ((upper, "Weights that swap (%)"), (lower, "Weights there")):
        axes.grid()
        axes.set(ylabel=label, xlabel="")
        axes.set_ylim(bottom=0)
        if not colours:
            drawing.say(axes, "nothing measured")
    lower.set_xlabel("Magnitude minus the threshold, in standard deviations of the noise")
    gammas = " and ".join(f"γ = {gamma:g}" for gamma in select.distinct(table["gamma"]))
    style.heading(
        figure,
        f"{names.model_title(model)}: which weights noise swaps" + (f" ({gammas})" if gammas else ""),
        "Left of 0 are weights that are removed without noise, right of it those that are kept. Bold: means over "
        "networks; thin: the networks; the outermost points hold all beyond.",
    )
    dotted = Line2D([], [], color=style.MUTED, lw=1.2, ls=(0, (1, 1.2)), label="if the threshold did not move")
    style.legend_below(
        figure,
        [*(Line2D([], [], color=colour, lw=1.9, label=f"σ = {sigma:g}") for sigma, colour in colours.items()), dotted],
    )
    return figure
