"""How early a mask is good enough (beyond the thesis; it asks so in 7.2)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.answers import of_seeds
from prunescape.figures import names, style
from prunescape.figures.coherence import shared
from prunescape.figures.coherence.mask_overlap import score_handles
from prunescape.figures.mechanism import shared as common
from prunescape.figures.stochastic.shared import at


def draw(early_masks: pd.DataFrame, model: str, tolerance: float) -> Figure:
    """Left the accuracy of networks with the mask of each epoch; right how much better it is than with the last one.

    Args:
        early_masks: model, seed, score, epoch, validation_top1: early_masks.csv.
        model: which network to draw.
        tolerance: points that count as equal.
    """
    table = at(early_masks, model=model)
    looks = shared.present(shared.SCORE_LOOKS, table["score"])
    spread = common.over_seeds(table, ["score", "epoch"], ["validation_top1"])
    more = against_last(table)
    figure = style.new_figure(9.2, 4.4)
    left, right = figure.subplots(1, 2)
    shared.lines(left, spread, "epoch", "validation_top1", "score", looks)
    left.set(title="Accuracy", ylabel=shared.VALIDATION)
    columns = ["validation_top1", "validation_top1_low", "validation_top1_high"]
    shared.near(left, spread[columns].to_numpy().flat)
    shared.lines(right, more, "epoch", "more", "score", looks)
    right.set(title="Against the last mask", ylabel="Difference (points)")
    if more["more"].notna().any():
        right.axhspan(-tolerance, tolerance, color=style.PALE, alpha=0.7, lw=0, zorder=0.5)
        right.axhline(0, color=style.INK, lw=1.0, zorder=1.8)
        shared.near(right, [*more["more"], -2 * tolerance, 2 * tolerance])
    for axes in (left, right):
        shared.epochs_axis(axes)
        axes.set_xlabel("Epoch of the mask")
    seeds = table["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: networks with the masks of early epochs",
        f"Trained again from a fresh initialisation. Grey: within {tolerance:g} points of the last mask."
        + (f"{common.seeds_words(table)} Right: 95 % intervals." if seeds > 1 else ""),
    )
    if looks:
        style.legend_below(figure, score_handles(looks))
    return figure


def against_last(table: pd.DataFrame) -> pd.DataFrame:
    """By score and epoch: `more`, the mean difference to the last epoch's mask of the same seed, with its interval."""
    rows = []
    for score, own in table.groupby("score"):
        values = own.pivot_table(index="seed", columns="epoch", values="validation_top1")
        for epoch in values:
            known = (values[epoch] - values[values.columns.max()]).dropna()
            rows += [{"score": score, "epoch": epoch, **of_seeds("more", known)}] if len(known) else []
    return pd.DataFrame(rows, columns=["score", "epoch", "more", "more_low", "more_high"])
