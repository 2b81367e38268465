"""Generalisation of masked MLPs, beside dense ones of as many weights (thesis, Fig. 5.2)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.coherence.labels import NONE, WIDE, in_scope, labelled, of_first_initialisation, scopes_of, with_gap
from prunescape.figures import drawing, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.coherence.children import AXES, AXES_WORDS, scope_words, that_learn
from prunescape.figures.select import at

ROW = 2.9  # inches


def draw(children: pd.DataFrame) -> Figure:
    """A row a scope: left the generalisation gap, right the gain in validation accuracy over the dense network.

    Args:
        children: experiment, seed, width, score, end, scope, train_top1, validation_top1: children.csv.
    """
    table = with_gain(terms.with_mask(with_gap(labelled(of_first_initialisation(at(children, experiment=WIDE))))))
    x, label = AXES[WIDE]
    looks = series.present(terms.MASK_LOOKS, table["mask"])
    sparse = {name: look for name, look in looks.items() if name != NONE}
    scopes = scopes_of(table) or [""]
    figure = style.new_figure(9.2, ROW * len(scopes) + 1.5)
    grid = figure.subplots(len(scopes), 2, squeeze=False)
    for (left, right), scope in zip(grid, scopes, strict=True):
        spread = select.over_seeds(in_scope(table, scope), ["mask", x], ["gap", "gain", "train_top1"])
        series.lines(left, spread, x, "gap", "mask", looks)
        left.set(title=f"Generalisation gap{scope_words(scope, scopes)}", ylabel="Training − validation (points)")
        series.lines(right, at(spread[spread["mask"] != NONE]), x, "gain", "mask", sparse)
        right.set(title=f"Gain over the dense network{scope_words(scope, scopes)}", ylabel="Validation (points)")
        for axes, name in ((left, "gap"), (right, "gain")):
            scales.sizes_axis(axes, spread[x], label)
            learnt = that_learn(spread)[[name, f"{name}_low", f"{name}_high"]]
            scales.near(axes, [*learnt.to_numpy().flat, *[0.0] * (name == "gain")])
        if sparse and spread["gain"].notna().any():
            right.axhline(0, color=style.INK, lw=1.5, zorder=2)
    style.heading(
        figure,
        "MLPs: how masked networks generalise",
        f"The dense networks have as many weights. {AXES_WORDS}{drawing.seeds_words(table)}",
    )
    if looks:
        style.legend_below(figure, series.handles(looks))
    return figure


def with_gain(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with `gain`: validation accuracy over that of the dense network of the same seed and width, in points."""
    keys = ["seed", "width"]
    dense = at(table, score=NONE).groupby(keys)["validation_top1"].mean().rename("dense")
    joined = table.join(dense, on=keys)
    return joined.assign(gain=joined["validation_top1"] - joined["dense"]).drop(columns="dense")
