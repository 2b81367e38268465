"""Imbalance of utility over the epochs of a training (utility paper, Fig. 2 and 7 to 13)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.mechanism import histograms, terms
from prunescape.figures.palette import Look
from prunescape.figures.select import at, distinct

PANELS = {
    "imbalance": ("Imbalance", "Standard deviation (nats)"),
    "mean": ("Mean", "Mean utility (nats)"),
    "relative": ("Imbalance relative to the mean", "Standard deviation ÷ mean"),
    "minimum": ("Least", "Least utility (nats)"),
    "maximum": ("Greatest", "Greatest utility (nats)"),
    "top1": ("Ablated accuracy", terms.TRAINING_ACCURACY),
}
COLUMNS = 3
MOST_EPOCHS = 4  # histograms in a panel
WHOLE = Look(style.INK, "", "whole network", (0, (4, 2)))


def draw(summary: pd.DataFrame, samples: pd.DataFrame, model: str) -> Figure:
    """Six panels over the epochs, a line an ablation ratio; below, histograms of three sample sets at a few epochs.

    Args:
        summary: model, seed, epoch, whole_top1, ablation, level, imbalance, mean, minimum, maximum, top1:
            utility_epochs_summary.csv.
        samples: model, seed, epoch, ablation, level, utility: utility_epochs.csv.
    """
    table = at(summary, model=model, ablation=terms.RATIO)
    drawn = at(samples, model=model, ablation=terms.RATIO)
    spread = select.over_seeds(table, ["level", "epoch"], list(PANELS))
    chosen = terms.level_looks(spread["level"])
    figure = style.new_figure(10.2, 8.6)
    grid = figure.subplots(3, COLUMNS, squeeze=False, height_ratios=(1, 1, 0.8))
    for axes, (name, (title, label)) in zip(grid[:2].flat, PANELS.items(), strict=True):
        drawing.lines(axes, spread, "epoch", name, "level", chosen)
        axes.set(title=title, ylabel=label, xlabel="Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        if name == "top1":
            _whole(axes, table)
        else:
            scales.nats(axes, spread[name])
    epochs = epoch_looks(drawn["epoch"])
    for axes, level in zip(grid[2], [*select.some(list(chosen), COLUMNS), None, None, None], strict=False):
        _histograms(axes, drawn, level, epochs)
    grid[2, 0].set_ylabel("Part of the sample set (%)")
    style.heading(
        figure,
        f"{names.model_title(model)}: the utility of random weight subsets during training",
        "Utility is what the ablation of a subset does to the outputs, as a mean Kullback-Leibler divergence over the "
        f"training images. Bottom: how it is spread at a few epochs.{drawing.seeds_words(table)}",
    )
    style.legend_below(figure, legend(chosen, epochs), entry=1.5)
    return figure


def epoch_looks(epochs: pd.Series) -> dict[float, Look]:
    """A colour an epoch that has histograms, from the first to the last, evenly among those measured."""
    values = select.some(distinct(epochs), MOST_EPOCHS)
    return {
        epoch: Look(colour, "", f"epoch {epoch:g}")
        for epoch, colour in zip(values, palette.ages(len(values)), strict=True)
    }


def _whole(axes: Axes, table: pd.DataFrame) -> None:
    """The accuracy of the network itself, behind that of the ablated ones."""
    scales.accuracy(axes)
    if table["top1"].notna().any():
        whole = table.groupby("epoch", as_index=False)["whole_top1"].mean()
        drawing.line(axes, whole, "epoch", "whole_top1", WHOLE, zorder=1.8)


def _histograms(axes: Axes, samples: pd.DataFrame, level: float | None, epochs: dict[float, Look]) -> None:
    if level is None:
        axes.remove()
        return
    histograms.panel(axes, at(samples, level=level), "epoch", epochs)
    axes.set_title(f"{names.percent(level)} of the weights ablated")


def legend(chosen: dict[float, Look], epochs: dict[float, Look]) -> list[Line2D]:
    """The ratios, the whole network, and the epochs of the histograms."""
    return [look.handle() for look in (*chosen.values(), WHOLE, *epochs.values())]
