"""The channels that pruning keeps, layer by layer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from prunescape.figures import names, style
from prunescape.variant import Variant

FEW = 12  # up to so many layers, every bar carries its numbers


def draw(channels: pd.DataFrame, model: str) -> Figure:
    """Draw a panel for each pruned variant, methods side by side and ratios below each other.

    Args:
        channels: the table channels.csv.
    """
    here = channels[(channels["model"] == model) & (channels["variant"] != "dense")]
    variants = names.variants_in(here).values()
    ways = list(dict.fromkeys(variant.way for variant in variants))
    ratios = sorted({variant.ratio for variant in variants}, reverse=True) or [1.0]
    columns = max(1, len(ways))
    layers = here["layer"].nunique()
    width = float(np.clip(0.17 * layers + 1.1, 3.4, 7.2))
    figure = style.new_figure(max(6.4, width * columns + 0.6), 1.75 * len(ratios) + 1.9)
    grid = figure.subplots(len(ratios), columns, squeeze=False, sharex=True, sharey=True)
    colours = style.variant_colours(variants)
    unused = {(row, column) for row in range(len(ratios)) for column in range(columns)}
    for variant in variants:
        row, column = ratios.index(variant.ratio), ways.index(variant.way)
        unused.discard((row, column))
        mine = here[here["variant"] == variant.name]
        _bars(grid[row, column], mine.sort_values("position"), colours[variant.name])
        grid[row, column].set_title(_title(variant, mine), fontsize=style.size(8.5))
    for row, column in unused:
        grid[row, column].set_axis_off()
    _layers(grid[-1], here)
    grid[0, 0].set_ylim(0, 100)
    figure.supylabel("Channels kept (%)", fontsize=style.size(8.5))
    style.heading(
        figure,
        f"{names.model_title(model)}: channels kept by pruning",
        "One bar a prunable layer, from the input (left) to the output (right)."
        + (" Numbers: channels that stay." if layers <= FEW else ""),
    )
    handles = [Patch(color=style.PALE, label="dense network"), Patch(color=style.MUTED, label="kept")]
    style.legend_below(figure, handles)
    return figure


def _title(variant: Variant, rows: pd.DataFrame) -> str:
    part = 100 * rows["channels"].sum() / rows["dense_channels"].sum()
    return names.panel_title(variant, f": {part:.0f} % of channels", 46)


def _bars(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    places = np.arange(len(rows))
    kept = 100 * rows["channels"].to_numpy(float) / rows["dense_channels"].to_numpy(float)
    axes.bar(places, 100, width=0.84, color=style.PALE)
    axes.bar(places, kept, width=0.84 if len(rows) > FEW else 0.6, color=colour)
    axes.set_xlim(-0.7, len(rows) - 0.3)
    if len(rows) <= FEW:
        for place, part, count in zip(places, kept, rows["channels"], strict=True):
            above = part < 85  # percent: over a higher bar there is no room
            axes.annotate(
                f"{count:g}", (place, part), xytext=(0, 2 if above else -2), textcoords="offset points", ha="center",
                va="bottom" if above else "top", fontsize=style.size(7.5),
                color=style.INK if above else style.ink_on(colour),
            )  # fmt: skip
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MultipleLocator(50))


def _layers(bottom: np.ndarray, here: pd.DataFrame) -> None:
    """Name the layers under the lowest panels: what all names share goes to the axis' label."""
    layers = here.drop_duplicates("layer").sort_values("position")["layer"].astype(str).to_list()
    short, shared = shorten(layers)
    every = 1 if len(layers) <= 40 else -(-len(layers) // 40)
    longest = max((len(name) for name in short), default=0)
    turned = longest > (3 if len(layers) > FEW else 8)
    for axes in bottom:
        axes.set_axis_on()
        axes.set_xticks(range(0, len(layers), every), short[::every])
        axes.tick_params(
            axis="x", labelrotation=90 if turned else 0, labelsize=style.size(7 if len(layers) <= 16 else 6)
        )
        axes.set_xlabel(f"Layer ({shared})" if shared else "Layer")


def shorten(layers: list[str]) -> tuple[list[str], str]:
    """The parts in which layers' names differ, and their pattern: `a.1.conv`, `a.2.conv` -> `1`, `2`; `a.*.conv`."""
    if len(layers) < 2:
        return layers, ""
    parts = [name.split(".") for name in layers]
    before = _in_common(parts)
    after = _in_common([part[before:][::-1] for part in parts])
    short = [".".join(part[before : len(part) - after]) for part in parts]
    if not (before or after) or not all(short):
        return layers, ""
    return short, ".".join([*parts[0][:before], "*", *parts[0][len(parts[0]) - after :]])


def _in_common(rows: list[list[str]]) -> int:
    """Number of first entries that all rows share."""
    agreed = [len(set(entries)) == 1 for entries in zip(*rows, strict=False)]
    return next((place for place, agree in enumerate(agreed) if not agree), len(agreed))
