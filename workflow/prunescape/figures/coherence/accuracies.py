"""Accuracies of masked networks as dots, beside the thesis' numbers (thesis, Tables 6.1, 6.2, 6.5 and 6.6)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.coherence.labels import (
    NETWORK,
    SCOPES,
    in_scope,
    labelled,
    masks_in,
    of_first_initialisation,
    of_mask,
    scopes_of,
)
from prunescape.coherence.tables import TABLES, table_6
from prunescape.figures import drawing, names, scales, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.select import at

REACH = 8.0  # points below our best that the right panels show, at most
LEAST_SPAN = 2.0  # points
MARGIN = 0.04  # of an axis that ends at 100 %
ROOM = 0.22  # of an axis, for words at its left
COLUMNS = (
    ("train_top1", "Training accuracy", terms.TRAINING),
    ("validation_top1", "Validation accuracy", terms.VALIDATION),
    ("validation_top1", "Near the best", terms.VALIDATION),
)


def draw(children: pd.DataFrame, model: str, data: str) -> Figure:
    """A row of panels a scope, a row of dots a mask: training and validation accuracy.

    Where some are far from the best, there is a third column, validation accuracy near the best.

    Args:
        children: experiment, model, seed, score, end, scope, density, train_top1, validation_top1: children.csv.
        data: the data set's name, which decides whether there are published numbers.
    """
    table = labelled(of_first_initialisation(at(children, model=model, experiment=NETWORK)))
    scopes = scopes_of(table) or [""]
    means = {name: table_6(table, name, data) for name in TABLES}
    figure = style.new_figure(11.4, (1.05 + 0.25 * len(masks_in(table))) * len(scopes) + 1.5)
    columns = COLUMNS if any(_far(in_scope(means[_table_of(scope)], scope)) for scope in scopes) else COLUMNS[:2]
    grid = figure.subplots(len(scopes), len(columns), squeeze=False)
    for row, scope in zip(grid, scopes, strict=True):
        here = in_scope(table, scope)
        ours = in_scope(means[_table_of(scope)], scope)
        for axes, (name, title, label) in zip(row, columns, strict=True):
            _panel(axes, here, ours, name, labelled_rows=axes is row[0])
            drawing.titled(axes, title, SCOPES.get(scope, ""))
            if axes in grid[-1]:
                axes.set_xlabel(label)
        if columns is COLUMNS:
            _zoom(row[2], here, ours)
    published = any(part["published_validation_top1"].notna().any() for part in means.values())
    style.heading(
        figure,
        f"{names.model_title(model)}: masked networks, trained again from a fresh initialisation",
        "Weights are ranked over all layers, with or without a floor for each, or within each layer (local). Small "
        "dots are seeds, large ones their means, with 95 % intervals.",
    )
    style.legend_below(figure, _legend(published), entry=2.2)
    return figure


def _table_of(scope: str) -> str:
    """The table that a scope is in; any, where there is none."""
    return next((name for name, (scopes, _) in TABLES.items() if scope in scopes), next(iter(TABLES)))


def _panel(axes: Axes, here: pd.DataFrame, ours: pd.DataFrame, name: str, labelled_rows: bool) -> None:
    masks = masks_in(here)
    rows = {mask: of_mask(ours, *mask) for mask in masks}
    scales.rows_axis(axes, list(masks.values()), labelled_rows)
    if not ours[name].notna().any():
        drawing.empty(axes)
        return
    for place, (mask, row) in enumerate(rows.items()):
        if row.empty:
            continue
        look = terms.MASK_LOOKS[" ".join(mask).strip()]
        values = of_mask(here, *mask)[name].dropna().to_numpy(float)
        series.dots(axes, place, values, row.iloc[0], name, look)
        published = row[f"published_{name}"]
        axes.scatter(published, [place], s=38, marker="x", color=style.HIGHLIGHT, linewidths=1.6, zorder=6)
    dense = rows[("none", "")]
    if len(dense):
        axes.axvline(dense[name].iloc[0], color=style.INK, lw=0.9, ls=":", zorder=1.8)
    ends = ours[[f"{name}_low", f"{name}_high"]].to_numpy(float).flat
    drawn = [*ours[name], *here[name], *ours[f"published_{name}"]]
    low, high = scales.dots_limits(axes, drawn, ends, LEAST_SPAN)
    axes.set_xlim(low, min(high, 100 + MARGIN * (high - low)))


def _far(ours: pd.DataFrame) -> bool:
    """Whether some mean is so far from the best that those near it cannot be told apart."""
    means = ours["validation_top1"].dropna()
    return bool(len(means) and means.min() < means.max() - REACH)


def _zoom(axes: Axes, here: pd.DataFrame, ours: pd.DataFrame) -> None:
    """Cut the x axis some points below our best, and say what lies beyond."""
    if not ours["validation_top1"].notna().any():
        return
    bottom = float(ours["validation_top1"].max()) - REACH
    inside = [*ours["validation_top1"], *here["validation_top1"]]
    ends = ours[["validation_top1_low", "validation_top1_high"]].to_numpy(float).flat
    low, high = scales.dots_limits(axes, [value for value in inside if value > bottom], ends, LEAST_SPAN)
    beyond = {place: of_mask(ours, *mask)["validation_top1"] for place, mask in enumerate(masks_in(here))}
    beyond = {place: value for place, value in beyond.items() if len(value) and value.iloc[0] < low}
    axes.set_xlim(low - ROOM * (high - low) * bool(beyond), high)
    for place, value in beyond.items():
        words = f"◂ {value.iloc[0]:.1f} %"
        across = axes.get_yaxis_transform()
        axes.text(0.02, place, words, transform=across, va="center", fontsize=style.size(8), color=style.MUTED)


def _legend(published: bool) -> list[Line2D]:
    kept = [
        Line2D([], [], ls="", marker="o", color=style.MUTED, ms=5, label="largest scores kept, or at random"),
        Line2D([], [], ls="", marker="o", color=style.MUTED, mfc=style.PAPER, mew=1.4, ms=5, label="smallest kept"),
        Line2D([], [], color=style.INK, lw=0.9, ls=":", label="mean of the dense network"),
    ]
    theirs = Line2D([], [], ls="", marker="x", color=style.HIGHLIGHT, ms=6, mew=1.6, label="the thesis' number")
    return [*kept, theirs] if published else kept
