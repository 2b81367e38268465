"""Coherence on Gaussian noise from weights trained on real data (thesis, Fig. 2.4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.claims.intervals import of_seeds
from prunescape.coherence.labels import FRESH, GAUSSIAN, REAL
from prunescape.figures import drawing, names, scales, style
from prunescape.figures.coherence import series, terms, training
from prunescape.figures.select import at

LABELS = {"real fresh": "real", "gaussian fresh": "noise", "gaussian trained": "noise,\nfrom trained"}


def draw(epochs: pd.DataFrame, model: str) -> Figure:
    """Coherence and training accuracy over epochs, a line a run; right, the highest coherence of each seed.

    Args:
        epochs: see `prunescape.figures.coherence.training.draw`.
    """
    table = terms.with_run(at(epochs, model=model))
    table = table[((table["data"] == REAL) & (table["start"] == FRESH)) | (table["data"] == GAUSSIAN)]
    spread, looks = training.over_seeds(table), series.present(terms.RUNS, table["run"])
    figure = style.new_figure(10.6, 4.3)
    coherence, accuracy, peaks = figure.subplots(1, 3, width_ratios=(1.5, 1.2, 1))
    series.lines(coherence, spread, "epoch", "coherence", "run", looks)
    coherence.set(title="Coherence", ylabel=terms.COHERENCE)
    series.lines(accuracy, spread, "epoch", "train_top1", "run", looks)
    accuracy.set(title="Training accuracy", ylabel=terms.TRAINING)
    for axes in (coherence, accuracy):
        scales.epochs_axis(axes)
    if spread["coherence"].notna().any():
        scales.from_zero(coherence, spread[["coherence", "coherence_high"]].to_numpy().flat)
    if spread["train_top1"].notna().any():
        scales.accuracy(accuracy)
    _peaks(peaks, table)
    style.heading(
        figure,
        f"{names.model_title(model)}: coherence on noise, from random and from trained weights",
        "Were coherence only a matter of how far weights have to move, it would be high where trained weights are "
        f"trained on noise.{training.band_words(table)}" + _dots_words(table),
    )
    if looks:
        style.legend_below(figure, series.handles(looks), entry=3.0)
    return figure


def _dots_words(table: pd.DataFrame) -> str:
    return " Right: seeds, their mean and its 95 % interval." if table["seed"].nunique() > 1 else ""


def _peaks(axes: Axes, table: pd.DataFrame) -> None:
    """The highest coherence after an epoch: a row a run, a dot a seed."""
    axes.set(title="Highest after an epoch", xlabel=terms.COHERENCE)
    after = table[table["epoch"] > 0]
    values = {
        run: after[after["run"] == run].groupby("seed")["coherence"].max().dropna()
        for run in series.present(terms.RUNS, after["run"])
    }
    if not any(len(peaks) for peaks in values.values()):
        drawing.empty(axes)
        return
    for place, (run, peaks) in enumerate(values.items()):
        if len(peaks):
            series.dots(axes, place, peaks.to_numpy(float), of_seeds("peak", peaks), "peak", terms.RUNS[run])
    scales.rows_axis(axes, [LABELS[run] for run in values])
    axes.set_xlim(0, 1.15 * float(np.max([peaks.max() for peaks in values.values() if len(peaks)])) or 1.0)
