"""Children of one size by what they begin with, over the size of their parents (beyond the thesis, 5.3)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.coherence.initialisation_claims import ASKED, scope_of_others
from prunescape.coherence.labels import (
    FIXED,
    HE,
    LOCAL,
    NONE,
    PARENT,
    SCALED,
    SCOPES,
    in_scope,
    labelled,
    of_mask,
    scopes_of,
)
from prunescape.figures import drawing, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.palette import BLUE, ORANGE, VIOLET, Look
from prunescape.figures.select import at

LOOKS = {
    HE: Look(BLUE, "o", "drawn anew, after He"),
    SCALED: Look(ORANGE, "s", "these, scaled to what the mask leaves"),
    PARENT: Look(VIOLET, "D", "those of the parent"),
}
DENSE = Look(style.INK, "", "dense network of as many weights", (0, (1, 1.5)))
ROWS = {"validation_top1": terms.VALIDATION, "train_top1": terms.TRAINING}


def draw(children: pd.DataFrame) -> Figure:
    """A column a mask: validation accuracy, and training accuracy below, a line an initialisation.

    Args:
        children: experiment, seed, parent_parameters, parameters, score, end, scope, initialisation, train_top1,
            validation_top1: children.csv.
    """
    table = at(children, experiment=FIXED)
    if "initialisation" not in table:
        table = table.assign(initialisation=HE)
    # Masks of one scope have other initialisations; where none has, the local ones or those of the first scope do.
    scopes = scopes_of(labelled(table))
    scope = scope_of_others(table, FIXED) or (LOCAL if LOCAL in scopes else next(iter(scopes), ""))
    table = in_scope(labelled(table), scope) if scope else labelled(table)
    dense = table[table["score"] == NONE]
    looks = series.present(LOOKS, table.loc[table["score"] != NONE, "initialisation"])
    figure = style.new_figure(11.0, 6.4)
    grid = figure.subplots(2, len(ASKED), sharey="row")
    for row, (name, label) in zip(grid, ROWS.items(), strict=True):
        for axes, mask in zip(row, ASKED, strict=True):
            _panel(axes, of_mask(table, *mask), dense, name, looks)
            scales.sizes_axis(axes, of_mask(table, *mask)["parent_parameters"], "Parameters of the parent")
            axes.tick_params(labelleft=axes is row[0])
        row[0].set_ylabel(label)
    for axes, words in zip(grid[0], ASKED.values(), strict=True):
        axes.set_title(f"{words} masks".capitalize())
    where = f", {SCOPES[scope]} masks" if scope else ""
    style.heading(
        figure,
        f"MLPs: children of one size by the weights that they begin with{where}",
        "He's variance is made for the inputs of a dense neuron: with few of them left, signals shrink from layer to"
        f" layer.{drawing.seeds_words(table)}",
    )
    style.legend_below(figure, [*series.handles(looks), DENSE.handle()])
    return figure


def _panel(axes: Axes, own: pd.DataFrame, dense: pd.DataFrame, name: str, looks: dict[str, Look]) -> None:
    spread = select.over_seeds(own, ["initialisation", "parent_parameters"], [name])
    series.lines(axes, spread, "parent_parameters", name, "initialisation", looks)
    if spread[name].notna().any():
        scales.accuracy(axes)
        if dense[name].notna().any():
            axes.axhline(dense[name].mean(), color=DENSE.colour, lw=1.2, ls=DENSE.dashes, zorder=1.9)
