"""Feature variance of pruned networks beside that of the dense one (SP paper, Fig. 5, eq. 4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.stochastic import lines, terms

USUAL_GAMMA = 0.9  # the paper's best pruning rate of ResNet-18
WIDE = 20.0  # a larger ratio between the extremes takes a logarithmic axis
CELL = ["seed", "gamma", "sigma", "recalibrated"]


def draw(feature_variance: pd.DataFrame, model: str, *, gamma: float | None = None) -> Figure:
    """Left V over the pruning rate, right v layer by layer; a row without and one with recalibrated batch norm.

    Args:
        feature_variance: model, seed, method, gamma, sigma, kind, recalibrated, layer, v; those of magnitude pruning
            are drawn, deterministic and stochastic.
        gamma: the pruning rate of the right panels; None, the one nearest to `USUAL_GAMMA`.
    """
    table = select.at(feature_variance, model=model, method=terms.MAGNITUDE)
    table = table[table["kind"].isin([terms.DETERMINISTIC, terms.STOCHASTIC])]
    table = table.assign(v=table["v"].where(np.isfinite(table["v"])))
    rates = select.distinct(table["gamma"])
    if rates:
        gamma = min(rates, key=lambda rate: abs(rate - (USUAL_GAMMA if gamma is None else gamma)))
    colours = terms.sigma_colours(table.loc[table["kind"] == terms.STOCHASTIC, "sigma"])
    ways = terms.ways(table)
    figure = style.new_figure(10.2, 2.6 * len(ways) + 1.4)
    grid = figure.subplots(len(ways), 2, squeeze=False, sharex="col", width_ratios=(1, 1.25))
    for (left, right), way in zip(grid, ways, strict=True):
        here = select.at(table, recalibrated=way)
        _panel(left, over_seeds(here.groupby(CELL, as_index=False)["v"].mean(), "gamma"), "gamma", colours)
        left.set(ylabel="V (mean of v over layers)", title=terms.way_title(way))
        at_gamma = here if gamma is None else select.at(here, gamma=float(gamma))
        layers = {layer: number for number, layer in enumerate(dict.fromkeys(at_gamma["layer"]), start=1)}
        _panel(right, over_seeds(at_gamma.assign(depth=at_gamma["layer"].map(layers)), "depth"), "depth", colours)
        right.set_ylabel("v (variance ÷ dense)")
        right.set_title("" if gamma is None else f"Layer by layer at γ = {gamma:g}")
        right.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    grid[-1, 0].set_xlabel(terms.PRUNING_RATE)
    grid[-1, 1].set_xlabel("Layer, counted from the input")
    style.heading(
        figure,
        f"{names.model_title(model)}: variance of the features after one-shot pruning",
        "Sums of the neurons' variances across a batch, divided by those of the dense network with the same weights; "
        "1 is as dense." + (" Means over pretrained seeds; bands span them." if table["seed"].nunique() > 1 else ""),
    )
    dense = Line2D([], [], color=style.MUTED, lw=1, ls=(0, (4, 2)), label="as dense")
    style.legend_below(figure, [*lines.handles(colours), dense])
    return figure


def over_seeds(table: pd.DataFrame, x: str) -> pd.DataFrame:
    """Mean and range of v over the seeds: x, sigma, v, and v_low and v_high where there are several seeds."""
    groups = table.groupby([x, "sigma"])["v"]
    spread = groups.agg(v="mean", v_low="min", v_high="max", seeds="count").reset_index()
    ranges = ["v_low", "v_high"]
    spread[ranges] = spread[ranges].where(spread["seeds"] > 1)
    return spread


def _panel(axes: Axes, spread: pd.DataFrame, x: str, colours: dict[float, str]) -> None:
    axes.grid()
    known = spread["v"].dropna()
    if known.empty:
        drawing.say(axes, "nothing measured")
        return
    axes.axhline(1, color=style.MUTED, lw=1, ls=(0, (4, 2)), zorder=1.5)
    looks = {0.0: (style.INK, 1.8, 5.0)} | {sigma: (colour, 1.4, 3.0) for sigma, colour in colours.items()}
    for sigma, (colour, width, zorder) in looks.items():
        mine = select.at(spread, sigma=float(sigma))
        lines.line(axes, mine, x, "v", color=colour, lw=width, marker="o", ms=3, zorder=zorder)
    if known.min() > 0 and max(known.max(), 1) / min(known.min(), 1) > WIDE:
        axes.set_yscale("log")
        scales.log_ticks(axes.yaxis, known)
