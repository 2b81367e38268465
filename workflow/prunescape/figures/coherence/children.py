"""Masked MLPs, trained again, over the width or over the size of their parents (thesis, Figs. 5.1 and 5.3)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.coherence.labels import (
    FIXED,
    NONE,
    SCOPES,
    WIDE,
    in_scope,
    labelled,
    of_first_initialisation,
    scopes_of,
)
from prunescape.figures import drawing, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.select import at

MEASURES = {
    "train_loss": ("Training loss", "Loss (nats)"),
    "validation_loss": ("Validation loss", "Loss (nats)"),
    "train_top1": ("Training accuracy", terms.TRAINING),
    "validation_top1": ("Validation accuracy", terms.VALIDATION),
}
TITLES = {
    WIDE: "MLPs: masked networks and dense ones of as many weights, over width",
    FIXED: "MLPs: masked networks of one size, over the size of their parents",
}
WORDS = {
    WIDE: "Weights were chosen in a parent of more parameters, and trained again from a fresh initialisation.",
    FIXED: "All have as many weights as the dense network, chosen in ever larger parents, and were trained again from "
    "a fresh initialisation.",
}
LEARN = 0.5  # of the highest training accuracy
AXES_WORDS = "The vertical axes are those of networks that learn."
AXES = {WIDE: ("width", "Width of the dense network"), FIXED: ("parent_parameters", "Parameters of the parent")}


def draw(children: pd.DataFrame, experiment: str) -> Figure:
    """Losses and accuracies, a line a mask; a block of panels a scope.

    Args:
        children: experiment, seed, width, parent_parameters, parameters, score, end, scope, train_loss, train_top1,
            validation_loss, validation_top1: children.csv.
        experiment: wide or fixed.
    """
    table = terms.with_mask(labelled(of_first_initialisation(at(children, experiment=experiment))))
    # The dense network has no parent: it stands at its own size.
    table = table.assign(parent_parameters=table["parent_parameters"].fillna(table["parameters"]))
    x, label = AXES[experiment]
    looks = series.present(terms.MASK_LOOKS, table["mask"])
    scopes = scopes_of(table) or [""]
    figure = grid_of_scopes(len(scopes))
    grid = figure.axes
    for number, scope in enumerate(scopes):
        here = in_scope(table, scope)
        spread = select.over_seeds(here, ["mask", x], list(MEASURES))
        for axes, (name, (title, unit)) in zip(grid[4 * number :], MEASURES.items(), strict=False):
            across = experiment == FIXED and at(spread, mask=NONE)[x].nunique() == 1
            shown = with_level(spread, x) if across else spread
            series.lines(axes, shown, x, name, "mask", looks)
            axes.set(title=f"{title}{scope_words(scope, scopes)}", ylabel=unit)
            scales.sizes_axis(axes, spread[x], label)
            if spread[name].notna().any():
                scale = scales.losses if name.endswith("loss") else scales.near
                scale(axes, that_learn(spread)[[name, f"{name}_low", f"{name}_high"]].to_numpy().flat)
    style.heading(figure, TITLES[experiment], f"{WORDS[experiment]} {AXES_WORDS}{drawing.seeds_words(table)}")
    if looks:
        style.legend_below(figure, series.handles(looks))
    return figure


def that_learn(spread: pd.DataFrame) -> pd.DataFrame:
    """The means over seeds of networks that learn: axes of others, too, would squeeze what is to be told apart.

    Args:
        spread: train_top1.
    """
    return spread[spread["train_top1"] >= LEARN * spread["train_top1"].max()]


def grid_of_scopes(scopes: int) -> Figure:
    """A figure with four panels a scope: two rows for one scope, else a row each."""
    rows, columns = (2, 2) if scopes == 1 else (scopes, 4)
    figure = style.new_figure(9.2 if scopes == 1 else 13.0, 6.6 if scopes == 1 else 2.7 * scopes + 1.5)
    figure.subplots(rows, columns)
    return figure


def scope_words(scope: str, scopes: list[str]) -> str:
    """The scope in a panel's title, where there are several."""
    return f"\n{SCOPES[scope]}" if len(scopes) > 1 else ""


def with_level(spread: pd.DataFrame, x: str) -> pd.DataFrame:
    """The one dense network at every place of the x axis, as a level line."""
    dense = at(spread, mask=NONE).drop(columns=x)
    return pd.concat([spread[spread["mask"] != NONE], dense.merge(spread[[x]].drop_duplicates(), how="cross")])
