"""Overlap of the masks of other epochs with the mask that is used (beyond the thesis; it asks so in 7.2)."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.select import at

CHANCE = "by chance, with these numbers of each layer"


def draw(mask_overlap: pd.DataFrame, model: str) -> Figure:
    """The part of a mask's weights that the mask of each epoch has too, a line a score; dotted what chance would give.

    Args:
        mask_overlap: model, seed, score, epoch, overlap (0 to 1), expected (by chance in each layer): mask_overlap.csv.
    """
    table = at(mask_overlap, model=model)
    table = table.assign(overlap=100 * table["overlap"].astype(float), expected=100 * table["expected"].astype(float))
    looks = series.present(terms.SCORE_LOOKS, table["score"])
    spread = select.over_seeds(table, ["score", "epoch"], ["overlap", "expected"])
    figure = style.new_figure(7.4, 4.5)
    axes = figure.subplots()
    series.lines(axes, spread, "epoch", "overlap", "score", looks)
    axes.set(ylabel="Shared with the chosen mask (%)")
    scales.epochs_axis(axes)
    axes.set_xlabel("Epoch of the mask")
    if spread["overlap"].notna().any():
        scales.accuracy(axes)
        for score, look in looks.items():
            own = at(spread, score=score)
            axes.plot(own["epoch"], own["expected"], color=look.colour, lw=1.2, ls=":", zorder=1.9)
    style.heading(
        figure,
        f"{names.model_title(model)}: when masks are what they will be",
        "Chosen are the magnitude mask of the last epoch and the diff mask of the highest coherence."
        + drawing.seeds_words(table),
    )
    chance = Line2D([], [], color=style.MUTED, lw=1.2, ls=":", label=CHANCE)
    style.legend_below(figure, [*score_handles(looks), chance])
    return figure


def score_handles(looks: dict[str, palette.Look]) -> list[Line2D]:
    """The legend's samples of scores."""
    handles = series.handles(looks)
    for handle, score in zip(handles, looks, strict=True):
        handle.set_label(f"{score} mask")
    return handles
