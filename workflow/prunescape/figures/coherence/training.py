"""Training and coherence on real data and on Gaussian noise (thesis, Figs. 2.1 and 2.2; 1.1 for the last panel)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.coherence.labels import FRESH
from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.select import at

VALUES = ["train_loss", "train_top1", "validation_loss", "validation_top1", "coherence"]
PANELS = (
    ("train_loss", "Training loss", "Loss (nats)"),
    ("train_top1", "Training accuracy", terms.TRAINING),
    ("coherence", "Coherence", terms.COHERENCE),
    ("validation_loss", "Validation loss", "Loss (nats)"),
    ("validation_top1", "Validation accuracy", terms.VALIDATION),
)
WHOLE = 1.96  # standard errors that the band of one seed spans


def draw(epochs: pd.DataFrame, model: str) -> Figure:
    """Six panels: losses, accuracies and coherence over epochs, and coherence over the training loss.

    Args:
        epochs: model, seed, data, start, epoch, train_loss, train_top1, validation_loss, validation_top1, coherence,
            coherence_standard_error, coherence_by_chance: epochs.csv.
    """
    table = terms.with_run(at(epochs, model=model, start=FRESH))
    spread, looks = over_seeds(table), series.present(terms.RUNS, table["run"])
    figure = style.new_figure(10.6, 6.4)
    grid = figure.subplots(2, 3)
    for axes, (name, title, label) in zip(grid.flat, PANELS, strict=False):
        series.lines(axes, spread, "epoch", name, "run", looks)
        axes.set(title=title, ylabel=label)
        scales.epochs_axis(axes)
        if spread[name].notna().any():
            if name.endswith("top1"):
                scales.accuracy(axes)
            elif name.endswith("loss"):
                scales.nats(axes, spread[name])
            else:
                scales.from_zero(axes, spread[["coherence", "coherence_high"]].to_numpy().flat)
    drawing.titled(grid[0, 2], "Coherence", highest(table))
    by_loss, chance = grid[1, 2], table["coherence_by_chance"].mean()
    for axes in (grid[0, 2], by_loss):
        axes.axhline(chance, color=style.MUTED, lw=1.2, ls=":", zorder=1.9)
    series.lines(by_loss, spread, "train_loss", "coherence", "run", looks)
    by_loss.set(title="Coherence as the loss falls", xlabel="Training loss (nats)", ylabel=terms.COHERENCE)
    if spread["coherence"].notna().any():
        by_loss.invert_xaxis()
        scales.from_zero(by_loss, spread[["coherence", "coherence_high"]].to_numpy().flat)
    style.heading(
        figure,
        f"{names.model_title(model)}: training on real data and on Gaussian noise",
        "Coherence is the squared norm of the mean gradient over the mean squared norm of the samples' gradients, at "
        f"weights that are held still after an epoch; dotted: orthogonal gradients.{band_words(table)}",
    )
    if looks:
        style.legend_below(figure, series.handles(looks))
    return figure


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by run and epoch; the coherence of one seed has the band of its estimate."""
    spread = select.over_seeds(table, ["run", "epoch"], VALUES)
    error = table.groupby(["run", "epoch"])["coherence_standard_error"].mean().to_numpy(dtype=float)
    if table["seed"].nunique() > 1 or not (error > 0).any():
        return spread
    low = (spread["coherence"] - WHOLE * error).clip(lower=0)
    return spread.assign(coherence_low=low, coherence_high=spread["coherence"] + WHOLE * error)


def highest(table: pd.DataFrame) -> str:
    """The highest coherence after an epoch of each run, a mean over seeds of each seed's highest, as claims take it."""
    after = table[table["epoch"] > 0]
    peaks = after.groupby(["run", "seed"])["coherence"].max().groupby("run").mean().dropna()
    short = {"real fresh": "real", "gaussian fresh": "noise", "gaussian trained": "noise after real"}
    parts = [f"{words} {peaks[run]:.3g}" for run, words in short.items() if run in peaks]
    return f"Highest after an epoch: {', '.join(parts)}" if parts else ""


def band_words(table: pd.DataFrame) -> str:
    """Words for a heading that explain its lines and bands."""
    if table["seed"].nunique() > 1:
        return drawing.seeds_words(table)
    return " Bands: 95 % of the estimate." if (table["coherence_standard_error"] > 0).any() else ""
