"""Accuracy after fine-tuning, and the numbers before that may foretell it (SP paper, Fig. 8, Table II)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, plane, scales, select, style
from prunescape.figures.stochastic import terms

BESIDE = 0.12  # of the axis: how far beyond the finite flows those of zero and infinity lie
TUNED = "Fine-tuned accuracy (%)"
KEY = ["seed", "method", "gamma"]  # what a network shares with its deterministic counterpart
WIDTH = 0.5  # of a noise level's points
LEAST_SPAN = 1.0  # points of accuracy on an axis
COLUMNS = 3


def draw(fine_tuning: pd.DataFrame, model: str) -> Figure:
    """A row a method (and pruning rate): fine-tuned accuracy over gradient flow and accuracy before, and the gain left.

    The methods have rows of their own because their accuracies may lie far apart, and the noise levels' do not.

    Args:
        fine_tuning: model, seed, method, gamma, sigma, kind, draw, one_shot_top1, one_shot_gradient_flow, top1 (after
            fine-tuning), diverged; kinds deterministic and stochastic.
    """
    everything = select.at(fine_tuning, model=model)
    failed = everything["diverged"].astype(bool) | everything["top1"].isna()
    table = everything[~failed]
    colours = terms.sigma_colours(everything.loc[everything["kind"] == terms.STOCHASTIC, "sigma"])
    rows = in_order(everything)
    figure = style.new_figure(10.2, 2.35 * len(rows) + 1.5)
    grid = figure.subplots(len(rows), COLUMNS, squeeze=False)
    for panels, (method, gamma) in zip(grid, rows, strict=True):
        here = select.at(table, method=method, gamma=gamma)
        panels[0].set_title(f"{names.method_title(method)}, γ = {gamma:g}" if method else "")
        if here.empty:
            for axes in panels:
                drawing.say(axes, "nothing measured")
            continue
        _over_flow(panels[0], here, colours)
        _points(panels[1], here, "one_shot_top1", colours)
        _gains(panels[2], here, colours)
    labels = ("Gradient flow right after pruning", "Accuracy right after pruning (%)", "Noise σ")
    for column, label in zip(grid.T, labels, strict=True):
        next((axes for axes in column[::-1] if axes.axison), column[-1]).set_xlabel(label)
    left_out = f" Left out, as they diverged: {names.plural(int(failed.sum()), 'network')}." if failed.any() else ""
    style.heading(
        figure,
        f"{names.model_title(model)}: pruned networks after fine-tuning",
        "Each point is one network; accuracy is top-1. Left and middle: what is known right after pruning, and what "
        "fine-tuning makes of it. Right: the gain over the deterministically pruned network (DP) of the same seed, and "
        f"medians. Every panel has axes of its own.{left_out}",
    )
    style.legend_below(figure, _legend(colours))
    return figure


def in_order(table: pd.DataFrame) -> list[tuple[str, float]]:
    """The methods, known ones first, each with its pruning rates."""
    known = {method: place for place, method in enumerate(names.METHODS)}
    pairs = {(str(method), float(gamma)) for method, gamma in zip(table["method"], table["gamma"], strict=True)}
    return sorted(pairs, key=lambda pair: (known.get(pair[0], len(known)), pair)) or [("", 0.0)]


def with_gains(table: pd.DataFrame) -> pd.DataFrame:
    """The stochastic networks and their gain: top1 minus that of the deterministic counterpart, where there is one."""
    plain = select.at(table, kind=terms.DETERMINISTIC).groupby(KEY, as_index=False)["top1"].mean()
    noisy = select.at(table, kind=terms.STOCHASTIC).merge(plain.rename(columns={"top1": "reference"}), on=KEY)
    return noisy.assign(gain=noisy["top1"] - noisy["reference"])


def flow_places(flows: pd.Series) -> tuple[np.ndarray, float, float, dict[str, float]]:
    """Places of gradient flows on the axis (log10), its ends, and the places of the flows that have no logarithm.

    Zero goes to the left of all others, infinity to the right; what is not a number stays so.
    """
    values = flows.to_numpy(float)
    usual = np.isfinite(values) & (values > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.log10(np.maximum(values, 0))
    low, high = (places[usual].min(), places[usual].max()) if usual.any() else (0.0, 0.0)
    margin = max(0.05, 0.06 * (high - low))
    low, high = low - margin, high + margin
    beside, special = BESIDE * (high - low), {}
    if (values == 0).any():
        special["0"] = low - beside / 2
    if np.isposinf(values).any():
        special["∞"] = high + beside / 2
    places[values == 0], places[np.isposinf(values)] = special.get("0", np.nan), special.get("∞", np.nan)
    return places, low, high, special


def _over_flow(axes: Axes, here: pd.DataFrame, colours: dict[float, str]) -> None:
    places, low, high, special = flow_places(here["one_shot_gradient_flow"])
    _points(axes, here.assign(x=places), "x", colours)
    axes.set_ylabel(TUNED)
    plane.log_axis(axes, "x", low, high)
    ticks, labels = list(axes.get_xticks()), [label.get_text() for label in axes.get_xticklabels()]
    axes.set_xticks([*special.values(), *ticks], [*special, *labels])
    reach = BESIDE * (high - low)
    axes.set_xlim(low - reach * ("0" in special), high + reach * ("∞" in special))
    for name in special:
        axes.axvline(low if name == "0" else high, color=style.MUTED, lw=0.8, ls=":", zorder=1.5)


def _points(axes: Axes, here: pd.DataFrame, x: str, colours: dict[float, str]) -> None:
    """Every network in its noise's colour; those without noise black, larger and on top, their mean a line."""
    axes.grid()
    for sigma, colour in colours.items():
        mine = select.at(here, kind=terms.STOCHASTIC, sigma=float(sigma))
        axes.scatter(mine[x], mine["top1"], s=24, color=colour, edgecolors=style.PAPER, linewidths=0.5, zorder=4)
    plain = select.at(here, kind=terms.DETERMINISTIC)
    axes.scatter(
        plain[x], plain["top1"], s=44, marker="D", color=style.INK, edgecolors=style.PAPER, linewidths=0.8, zorder=5
    )  # fmt: skip
    if len(plain):
        axes.axhline(plain["top1"].mean(), color=style.INK, lw=0.9, ls=":", zorder=1.8)
    scales.few_ticks(axes, LEAST_SPAN)


def _gains(axes: Axes, here: pd.DataFrame, colours: dict[float, str]) -> None:
    """Points and median, a place a noise level; deterministic pruning is the line at zero."""
    gains = with_gains(here)
    if gains.empty:
        drawing.say(axes, "without noise only")
        axes.axis("off")
        return
    axes.grid(axis="y")
    axes.axhline(0, color=style.INK, lw=1.6, zorder=2)
    axes.set_ylabel("Gain over DP (points)")
    axes.set_xticks(range(len(colours)), _thinned([f"{sigma:g}" for sigma in colours]))
    axes.set_xlim(-0.6, max(len(colours), 1) - 0.4)
    axes.tick_params(axis="x", length=0)
    for place, (sigma, colour) in enumerate(colours.items()):
        values = select.at(gains, sigma=float(sigma))["gain"].to_numpy(float)
        if len(values):
            axes.hlines(np.median(values), place - 0.36, place + 0.36, color=colour, lw=2.2, zorder=3)
        axes.scatter(
            place + drawing.jitter(len(values), WIDTH), values, s=20, color=colour, edgecolors=style.PAPER,
            linewidths=0.5, zorder=4,
        )  # fmt: skip
    scales.few_ticks(axes, LEAST_SPAN)


def _thinned(labels: Sequence[str]) -> list[str]:
    """The labels, every second one empty where there are many."""
    every = 1 if len(labels) <= 5 else 2 if len(labels) <= 10 else -(-len(labels) // 5)
    return [label if place % every == 0 else "" for place, label in enumerate(labels)]


def _legend(colours: dict[float, str]) -> list[Line2D]:
    return [
        drawing.dot(style.INK, terms.DP, "D", size=6),
        Line2D([], [], color=style.INK, lw=0.9, ls=":", label="mean of DP"),
        *(drawing.dot(colour, f"SP, σ = {sigma:g}") for sigma, colour in colours.items()),
    ]
