"""The part of each layer's weights that each mask keeps (thesis, Figs. 6.3 and 6.4)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from prunescape.coherence.labels import LOCAL, MASKS, OF_THESIS, RANDOM, SCOPES, labelled, scopes_of
from prunescape.figures import drawing, names, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.select import at

KINDS = {
    "convolution": "Convolutions",
    "shortcut": "Shortcuts",
    "linear": "Linear layers",
    "qkv": "QKV layers",
    "feedforward": "Feed-forward layers",
    "projection": "Output layers",
}
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
MOST_TICKS = 6
# The thesis' masks, and those by other scores beside random ones.
THESIS = [mask for mask, of in zip(terms.MASK_LOOKS, MASKS, strict=True) if of in OF_THESIS]
MASKS_OF_A_ROW = (THESIS, [mask for mask in terms.MASK_LOOKS if mask == RANDOM or mask not in THESIS])
LEAST = 0.01  # percent: layers that keep less are drawn there


def draw(densities: pd.DataFrame, model: str) -> Figure:
    """A row a scope, a column a kind of layer, a line a mask over the layers' depth.

    Local masks keep as much of each layer; they have a row only where there are no others. Masks by other scores than
    the thesis' have rows of their own, with the random ones beside them.

    Args:
        densities: model, seed, score, end, scope, layer, layer_index, kind, weights, kept: densities.csv.
    """
    table = terms.with_mask(labelled(at(densities, model=model)))
    kept = 100 * table["kept"] / table["weights"].where(table["weights"] > 0)
    table = table.assign(kept=kept.where(kept.isna(), kept.clip(lower=LEAST)))
    looks = series.present(terms.MASK_LOOKS, table["mask"])
    present = scopes_of(table)
    scopes = [scope for scope in present if scope != LOCAL] or present or [""]
    kinds = [kind for kind in KINDS if (table["kind"] == kind).any()] or [""]
    rows = [(scope, masks) for scope in scopes for masks in MASKS_OF_A_ROW if ({*masks} - {RANDOM}) & {*looks}]
    rows = rows or [(scope, THESIS) for scope in scopes]
    figure = style.new_figure(max(7.6, min(12.5, 3.6 * len(kinds) + 1.4)), 2.8 * len(rows) + 1.6)
    grid = figure.subplots(len(rows), len(kinds), squeeze=False, sharey="row")
    order = {place: number for number, place in enumerate(sorted(table["layer_index"].unique()), start=1)}
    for row, (scope, masks) in zip(grid, rows, strict=True):
        here = at(table, scope=scope) if scope else table
        here = here[here["mask"].isin([*masks])]
        for axes, kind in zip(row, kinds, strict=True):
            own = at(here, kind=kind).assign(layer=lambda rows: rows["layer_index"].map(order))
            spread = select.over_seeds(own, ["mask", "layer"], ["kept"])
            series.lines(axes, spread, "layer", "kept", "mask", looks)
            axes.set_title(f"{KINDS.get(kind, '')}{', ' if scope else ''}{SCOPES.get(scope, '')}")
            axes.set_xlim(0.5, max(order.values(), default=1) + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
            axes.tick_params(labelleft=axes is row[0])
        row[0].set_ylabel("Weights kept (%)")
        _percent_axis(row[0], here["kept"])
    for axes in grid[-1]:
        axes.set_xlabel("Layer, counted from the input")
    style.heading(
        figure,
        f"{names.model_title(model)}: how many weights of each layer the masks keep",
        f"Logarithmic. Only layers that are pruned are counted.{drawing.seeds_words(table)}",
    )
    if looks:
        style.legend_below(figure, series.handles(looks))
    return figure


def _percent_axis(axes: Axes, kept: pd.Series) -> None:
    """A logarithmic y axis of percent with round ticks, no less than a factor of ten."""
    known = kept.dropna()
    if known.empty:
        return
    low, high = float(known.min()), float(known.max())
    axes.set_yscale("log")
    low, high = min(low / 1.25, high / 4), min(115.0, max(high * 1.25, low * 4))
    axes.set_ylim(low, high)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.yaxis.set_major_locator(FixedLocator(select.some(ticks, MOST_TICKS)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
