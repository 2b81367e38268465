"""Coherence of the gradients by each layer alone (beyond the thesis, whose 7.2 asks why diffs and coherence part)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prunescape.coherence.labels import FRESH
from prunescape.figures import drawing, names, palette, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.coherence.diff_histograms import shortened
from prunescape.figures.palette import Look
from prunescape.figures.select import at

MOST_LAYERS = 6  # lines


def draw(layer_coherence: pd.DataFrame, epochs: pd.DataFrame, model: str) -> Figure:
    """A panel a training with a line a layer, over epochs; right, the highest of every layer.

    Args:
        layer_coherence: model, seed, data, start, epoch, layer, layer_index, coherence: layer_coherence.csv.
        epochs: model, seed, data, start, epoch, coherence_by_chance: epochs.csv.
    """
    table = terms.with_run(at(layer_coherence, model=model, start=FRESH))
    runs = series.present(terms.RUNS, table["run"])
    layers = list(dict.fromkeys(table.sort_values("layer_index", kind="stable")["layer"]))
    shown = select.some(layers, MOST_LAYERS)
    ages = [to_hex(palette.AGES(place / max(len(shown) - 1, 1))) for place in range(len(shown))]
    looks = {layer: Look(age, "o", shortened(layer)) for layer, age in zip(shown, ages, strict=True)}
    chance = at(epochs, model=model, start=FRESH)["coherence_by_chance"].mean()
    figure = style.new_figure(3.7 * (max(len(runs), 1) + 1), 4.6)
    *panels, last = figure.subplots(1, max(len(runs), 1) + 1, sharey=True)
    for axes, run in zip(panels, runs or [""], strict=True):
        spread = select.over_seeds(at(table, run=run), ["layer", "epoch"], ["coherence"])
        series.lines(axes, spread, "epoch", "coherence", "layer", looks)
        axes.set_title(runs[run].label.capitalize() if run else "")
        scales.epochs_axis(axes)
    _highest(last, table, runs)
    for axes in (*panels, last):
        axes.axhline(chance, color=style.MUTED, lw=1.2, ls=":", zorder=1.9)
        axes.tick_params(labelleft=axes is panels[0])
    panels[0].set_ylabel(terms.COHERENCE)
    scales.from_zero(panels[0], table["coherence"])
    style.heading(
        figure,
        f"{names.model_title(model)}: coherence of each layer's gradients",
        f"Of the gradients by a layer's weights alone; dotted: of orthogonal gradients.{drawing.seeds_words(table)}",
    )
    if looks:
        style.legend_below(figure, [look.handle() for look in looks.values()], entry=2.4)
    return figure


def _highest(axes: Axes, table: pd.DataFrame, runs: dict[str, Look]) -> None:
    """The highest coherence of every layer after an epoch, over its place, a line a training."""
    keys = ["run", "seed", "layer_index"]
    highest = table[table["epoch"] > 0].groupby(keys, as_index=False)["coherence"].max()
    spread = select.over_seeds(highest, ["run", "layer_index"], ["coherence"])
    series.lines(axes, spread.assign(place=spread["layer_index"] + 1), "place", "coherence", "run", runs)
    axes.set(title="Highest after an epoch", xlabel="Layer, counted from the input")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    if runs:
        axes.legend(handles=series.handles(runs), fontsize=style.size(7.5), loc="best")
