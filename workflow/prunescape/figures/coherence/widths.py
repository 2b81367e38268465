"""Losses, accuracies, generalisation gap and coherence of MLPs over their width (thesis, Figs. 4.1 to 4.3)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.coherence.labels import with_gap
from prunescape.figures import drawing, palette, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.palette import BLUE, Look

SPLITS = {
    "train": Look(palette.VERMILION, "s", "training images"),
    "validation": Look(BLUE, "o", "validation images"),
}
ALONE = {"all": Look(style.INK, "o", "")}
WIDTH = "Width of the hidden layers"
ENDS = ["train_loss", "train_top1", "validation_loss", "validation_top1", "gap"]


def draw(widths: pd.DataFrame) -> Figure:
    """Four panels over width: loss, accuracy, gap and the highest coherence.

    Args:
        widths: width, parameters, seed, epoch, train_loss, train_top1, validation_loss, validation_top1, coherence:
            widths.csv.
    """
    last, highest = over_widths(widths)
    figure = style.new_figure(9.2, 6.6)
    (losses, accuracies), (gap, coherence) = figure.subplots(2, 2)
    _splits(losses, last, "loss", "Loss after training", "Loss (nats)")
    _splits(accuracies, last, "top1", "Accuracy after training", "Accuracy (%)")
    _alone(gap, last, "gap", "Generalisation gap", "Training − validation accuracy (points)")
    _alone(coherence, highest, "coherence", "Highest coherence after an epoch", terms.COHERENCE)
    for axes in figure.axes:
        scales.sizes_axis(axes, widths["width"], WIDTH)
    style.heading(
        figure,
        "MLPs of three hidden layers: accuracy and coherence over width",
        f"Trained on real data.{drawing.seeds_words(widths)}",
    )
    style.legend_below(figure, [look.handle() for look in SPLITS.values()])
    return figure


def over_widths(widths: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Means over seeds by width: of the last epoch's numbers and gap, and of the highest coherence after an epoch."""
    keys = ["seed", "width"]
    last = with_gap(widths.sort_values("epoch", kind="stable").groupby(keys).tail(1))
    highest = widths[widths["epoch"] > 0].groupby(keys, as_index=False)["coherence"].max()
    return select.over_seeds(last, ["width"], ENDS), select.over_seeds(highest, ["width"], ["coherence"])


def _splits(axes: Axes, spread: pd.DataFrame, name: str, title: str, label: str) -> None:
    """Training and validation images in one panel."""
    axes.set(title=title, ylabel=label)
    numbers = [f"{split}_{name}" for split in SPLITS]
    if spread[numbers].notna().sum().sum() == 0:
        drawing.empty(axes)
        return
    for split, look in SPLITS.items():
        own = spread.assign(split=split)
        if own[f"{split}_{name}"].notna().any():
            series.lines(axes, own, "width", f"{split}_{name}", "split", {split: look})
    if name == "top1":
        scales.accuracy(axes)
    else:
        scales.nats(axes, pd.concat([spread[column] for column in numbers]))


def _alone(axes: Axes, spread: pd.DataFrame, name: str, title: str, label: str) -> None:
    axes.set(title=title, ylabel=label)
    series.lines(axes, spread.assign(which="all"), "width", name, "which", ALONE)
    known = spread[[name, f"{name}_low", f"{name}_high"]].stack()
    if len(known) and known.min() >= 0:
        scales.from_zero(axes, known)
    elif len(known):
        scales.near(axes, [0.0, *known])
