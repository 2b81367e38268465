"""Masks beside random ones of the same layer densities (beyond the thesis; after 7.2 and Frankle et al., 2021)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.claims.intervals import of_seeds
from prunescape.coherence.labels import MASKS, SCOPES, labelled, of_mask, scopes_of
from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.palette import GREEN, Look
from prunescape.figures.select import at

RANDOM = Look(GREEN, "D", "random, with the mask's layer densities", terms.DASHED)
APART = 0.17  # rows between a mask and its random one


def draw(matched: pd.DataFrame, model: str, tolerance: float) -> Figure:
    """A row a mask: left its accuracy and that of the random one, right the difference.

    Args:
        matched: model, seed, score, end, matched (whether random), validation_top1: matched.csv.
        tolerance: points that count as equal.
    """
    table = labelled(at(matched, model=model))
    table = table.assign(matched=select.truths(table["matched"]))
    rows = pairs(table)
    figure = style.new_figure(9.4, max(3.6, 0.55 * len(rows) + 2.4))
    left, right = figure.subplots(1, 2)
    left.set(xlabel=terms.VALIDATION, title="Accuracy")
    right.set(xlabel="Mask minus random (points)", title="Difference")
    if rows:
        _accuracies(left, rows)
        _differences(right, rows, tolerance)
    else:
        drawing.empty(left)
        drawing.empty(right)
    style.heading(
        figure,
        f"{names.model_title(model)}: masks, and random ones with as many weights in each layer",
        f"Trained again from a fresh initialisation. Grey: within {tolerance:g} points."
        + (" Small dots are seeds, large ones means with 95 % intervals." if table["seed"].nunique() > 1 else ""),
    )
    style.legend_below(figure, _legend(), entry=2.3)
    return figure


def pairs(table: pd.DataFrame) -> dict[str, tuple[str, pd.DataFrame]]:
    """By words, the key of a mask's look, and accuracies: a row a seed, columns False (the mask) and True (random)."""
    by_label, scopes = {}, scopes_of(table)
    for scope in scopes:
        for (score, end), words in MASKS.items():
            own = of_mask(at(table, scope=scope), score, end)
            values = own.pivot_table(index="seed", columns="matched", values="validation_top1")
            if {False, True} <= set(values) and len(values.dropna()):
                label = f"{words}\n({SCOPES[scope]})" if len(scopes) > 1 else words
                by_label[label] = f"{score} {end}".strip(), values.dropna()
    return by_label


def _accuracies(axes: Axes, rows: dict[str, tuple[str, pd.DataFrame]]) -> None:
    ends: list[float] = []
    for place, (key, values) in enumerate(rows.values()):
        for random, look in ((False, terms.MASK_LOOKS[key]), (True, RANDOM)):
            mean = of_seeds("mean", values[random])
            ends += [mean["mean_low"], mean["mean_high"]]
            series.dots(axes, place - APART + 2 * APART * random, values[random].to_numpy(float), mean, "mean", look)
    scales.rows_axis(axes, list(rows))
    scales.dots_limits(axes, pd.concat([values.stack() for _, values in rows.values()]), ends, 1.0)


def _differences(axes: Axes, rows: dict[str, tuple[str, pd.DataFrame]], tolerance: float) -> None:
    drawn, ends = [-tolerance, tolerance], list[float]()
    axes.axvspan(-tolerance, tolerance, color=style.PALE, alpha=0.7, lw=0, zorder=0.5)
    axes.axvline(0, color=style.INK, lw=1.0, zorder=1.8)
    for place, (key, values) in enumerate(rows.values()):
        more = values[False] - values[True]
        row = of_seeds("more", more)
        series.dots(axes, place, more.to_numpy(float), row, "more", terms.MASK_LOOKS[key])
        drawn, ends = [*drawn, *more], [*ends, row["more_low"], row["more_high"]]
    scales.dots_limits(axes, drawn, ends, 1.0)
    scales.rows_axis(axes, list(rows), labelled=False)


def _legend() -> list[Line2D]:
    mask = Look(style.MUTED, "o", "the mask itself").handle()
    handles = [mask, *series.handles({"random": RANDOM})]
    for handle in handles:
        handle.set_linestyle("")
    return handles
