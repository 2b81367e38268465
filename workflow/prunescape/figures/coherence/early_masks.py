"""Accuracy with masks of early epochs, beside the mask that is used (beyond the thesis; it asks so in 7.2)."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.claims.intervals import of_seeds
from prunescape.coherence.labels import against_used
from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.coherence.mask_overlap import score_handles
from prunescape.figures.select import at

USED = "the mask that is used"


def draw(early_masks: pd.DataFrame, model: str, tolerance: float) -> Figure:
    """Left the accuracy of networks with the mask of each epoch; right how much better it is than with the used mask.

    Args:
        early_masks: model, seed, score, epoch, used, validation_top1: early_masks.csv.
        tolerance: points that count as equal.
    """
    table = against_used(at(early_masks, model=model))
    looks = series.present(terms.SCORE_LOOKS, table["score"])
    spread = select.over_seeds(table, ["score", "epoch"], ["validation_top1"])
    more = differences(table)
    used = table.drop_duplicates(["score", "seed"]).groupby("score")["used_top1"].mean().dropna()
    figure = style.new_figure(9.2, 4.4)
    left, right = figure.subplots(1, 2)
    series.lines(left, spread, "epoch", "validation_top1", "score", looks)
    left.set(title="Accuracy", ylabel=terms.VALIDATION)
    columns = ["validation_top1", "validation_top1_low", "validation_top1_high"]
    for score, level in used.items():
        left.axhline(level, color=looks[score].colour, lw=1.2, ls=":", zorder=1.9)
    scales.near(left, [*spread[columns].to_numpy().flat, *used])
    series.lines(right, more, "epoch", "more", "score", looks)
    right.set(title="Against the mask that is used", ylabel="Difference (points)")
    if more["more"].notna().any():
        right.axhspan(-tolerance, tolerance, color=style.PALE, alpha=0.7, lw=0, zorder=0.5)
        right.axhline(0, color=style.INK, lw=1.0, zorder=1.8)
        scales.near(right, [*more["more"], -2 * tolerance, 2 * tolerance])
    for axes in (left, right):
        scales.epochs_axis(axes)
        axes.set_xlabel("Epoch of the mask")
    seeds = table["seed"].nunique()
    style.heading(
        figure,
        f"{names.model_title(model)}: networks with the masks of early epochs",
        "Trained again from a fresh initialisation. "
        + (_reference_words(tolerance) if len(used) else "No network has the mask that is used, to compare with.")
        + (drawing.seeds_words(table) if seeds > 1 else "")
        + (" Right: 95 % intervals." if seeds > 1 and len(used) else ""),
    )
    if looks:
        level = [Line2D([], [], color=style.MUTED, lw=1.2, ls=":", label=USED)] if len(used) else []
        style.legend_below(figure, [*score_handles(looks), *level])
    return figure


def _reference_words(tolerance: float) -> str:
    return (
        "Used are the magnitude mask of the last epoch and the diff mask of the highest coherence;"
        f" grey: within {tolerance:g} points."
    )


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """By score and epoch: `more`, the mean over seeds of what `against_used` gives, with its interval."""
    groups = table.dropna(subset=["more"]).groupby(["score", "epoch"])
    rows = [{"score": score, "epoch": epoch, **of_seeds("more", own["more"])} for (score, epoch), own in groups]
    return pd.DataFrame(rows, columns=["score", "epoch", "more", "more_low", "more_high"])
