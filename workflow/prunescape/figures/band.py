"""Slope and constant of every variant's optimal band, weight decay against learning rate, beside Smith's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, style

SIDES = {
    "slope": "Slope: log learning rate over log weight decay",
    "log10_constant": "log10 of learning rate · weight decay\n/ (batch size · (1 − momentum))",
}


def draw(band: pd.DataFrame, model: str, metric: str, *, confidence: float = 0.95) -> Figure:
    """Left, the slopes, right, the constants, a row a variant, with their intervals and what the relation says.

    Args:
        band: the table band.csv.
        metric: `top1` or `top5`.
        confidence: of the table's intervals.
    """
    mine = band[(band["model"] == model) & (band["metric"] == metric)].drop_duplicates("variant").set_index("variant")
    known = mine[[f"{name}{end}" for name in SIDES for end in ("", "_low")]].notna().any(axis=1)
    variants = names.variants_in(mine[known])
    colours = style.variant_colours(variants.values())
    figure = style.new_figure(10.2, 0.36 * len(variants) + 1.9)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (name, label) in zip(panels, SIDES.items(), strict=True):
        axes.grid(axis="x")
        axes.set(xlabel=label, ylim=(max(1, len(variants)) - 0.5, -0.5))
        if len(mine):
            axes.axvline(mine[f"smith_{name}"].iloc[0], color=style.INK, lw=1, ls=":", zorder=1)
        for place, variant in enumerate(variants):
            _row(axes, place, mine.loc[variant], name, colours[variant])
        if not variants:
            drawing.say(axes, "no ellipse, so no band")
    panels[0].set_yticks(range(len(variants)), [names.panel_title(variant, width=36) for variant in variants.values()])
    panels[0].tick_params(axis="y", length=0)
    style.heading(
        figure,
        f"{names.model_title(model)}: how good learning rates follow weight decay ({names.metric_title(metric)})",
        "The line through each network's best settings. Rings: as measured. Lines: "
        f"{100 * confidence:g} % intervals without noise. Dotted: as Smith's relation has it."
        + _left_out(len(mine), len(variants)),
    )
    return figure


def _left_out(networks: int, drawn: int) -> str:
    return f" Left out, without an ellipse: {names.plural(networks - drawn, 'network')}." if networks > drawn else ""


def _row(axes: Axes, place: int, row: pd.Series, name: str, colour: str) -> None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if np.isfinite(low):
        axes.plot([low, high], [place, place], color=colour, lw=4, solid_capstyle="butt", zorder=2)
    if np.isfinite(row[name]):
        axes.plot(row[name], place, marker="o", ms=6, mfc=style.PAPER, mec=colour, mew=1.5, zorder=3)
