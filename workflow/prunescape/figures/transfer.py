"""Transfer of tuning from one variant to another: regret and rank correlation, as matrices."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.figures import names, style
from prunescape.variant import Variant

LONGEST = 14  # letters of a line below a cell
LEAST = 1.0  # points that the darkest colour stands for, at least


def draw(transfer: pd.DataFrame, model: str, metric: str, *, confidence: float = 0.95) -> Figure:
    """Left, the regret of training a variant at another's best cell; right, the rank correlation of their landscapes.

    Args:
        transfer: the table transfer.csv.
        metric: `top1` or `top5`.
        confidence: of the table's intervals.
    """
    mine = transfer[(transfer["model"] == model) & (transfer["metric"] == metric)]
    variants = names.variants_in(mine)
    side = 0.92 * len(variants)
    figure = style.new_figure(max(9.4, 2 * side + 3.2), max(3.8, 0.62 * len(variants) + 2.4))
    left, right = figure.subplots(1, 2)
    lost = mine["estimate"].fillna(mine["measured"])
    top = max(LEAST, float(np.nanmax(lost))) if len(mine) else LEAST
    _matrix(left, mine.assign(value=lost), variants, ("value", "low", "high"), (0.0, top), "Oranges", "Points lost")
    ends = [f"rank_correlation_best{end}" for end in ("", "_low", "_high")]
    middle = mine[ends[1:]].mean(axis=1).fillna(mine[ends[0]])
    _matrix(right, mine.assign(value=middle), variants, ("value", *ends[1:]), (-1.0, 1.0), "PuOr_r", "Spearman's ρ")
    left.set_title("Points lost")
    right.set_title("Rank correlation, better half of the cells")
    left.set_ylabel("Settings tuned on")
    right.tick_params(labelleft=False)
    one = mine["estimate"].isna().all()
    style.heading(
        figure,
        f"{names.model_title(model)}: tune one, train another ({names.metric_title(metric)})",
        "As measured with one seed, noise included."
        if one
        else f"Tuned: the best of one training a cell. With {100 * confidence:g} % intervals, right around their "
        "middle. Diagonal: what the noise of choosing its own costs.",
    )
    return figure


def _matrix(
    axes: Axes,
    table: pd.DataFrame,
    variants: Mapping[str, Variant],
    columns: Sequence[str],
    limits: tuple[float, float],
    colours: str,
    label: str,
) -> None:
    """A coloured square a pair, with its value and interval, and the scale of the colours."""
    order = list(variants)
    grids = [
        table.pivot_table(index="tuned_on", columns="variant", values=name, dropna=False).reindex(order, columns=order)
        if len(table)
        else pd.DataFrame(np.nan, order, order)
        for name in columns
    ]
    middle, low, high = (grid.to_numpy(dtype=np.float64) for grid in grids)
    if not variants:
        axes.text(0.5, 0.5, "no accuracy measured", transform=axes.transAxes, ha="center", color=style.MUTED)
        return
    shade = colormaps[colours]
    drawn = axes.imshow(np.ma.masked_invalid(middle), cmap=shade, vmin=limits[0], vmax=limits[1], aspect="auto")
    bar = axes.figure.colorbar(drawn, ax=axes, label=label, aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    for (row, column), value in np.ndenumerate(middle):
        if not np.isfinite(value):
            continue
        bounds = f"{_tenths(low[row, column])} to {_tenths(high[row, column])}" if np.isfinite(low[row, column]) else ""
        shown = shade((value - limits[0]) / (limits[1] - limits[0]))
        axes.text(
            column, row, f"{value:.2f}\n{bounds}".strip(), ha="center", va="center", fontsize=style.size(7.5),
            linespacing=1.3, color=style.ink_on(shown),
        )  # fmt: skip
    titles = [names.narrow_title(variant) for variant in variants.values()]
    longest = max(len(line) for title in titles for line in title.split("\n"))
    tight = axes.figure.get_figwidth() / (2.8 * len(variants)) < style.size(0.08 * longest)  # type: ignore[union-attr]
    axes.set_xticks(range(len(variants)), titles, rotation=90 if tight or longest > LONGEST else 0)
    axes.set_yticks(range(len(variants)), titles)
    axes.set_xlabel("Network trained with them")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _tenths(value: float) -> str:
    """A number with one decimal, and no minus before a zero."""
    return f"{round(value, 1) + 0.0:.1f}"
