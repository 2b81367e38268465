"""Utility in pruned-and-retrained networks beside the pretrained one's (utility paper, Fig. 5, 15)."""

import pandas as pd
from matplotlib.figure import Figure

from prunescape.figures import drawing, names, palette, style
from prunescape.figures.mechanism import characteristics, histograms, terms
from prunescape.figures.select import at, distinct

NETWORKS = {
    "pretrained": "pretrained",
    "pruned_retrained": "pruned and retrained",
    "small": "small, from scratch",
}
COLUMNS = 3
USUAL_LEVEL = 0.05  # of the histograms, as in the utility paper's Fig. 4


def draw(summary: pd.DataFrame, samples: pd.DataFrame, model: str) -> Figure:
    """A row of four panels a pruning ratio, a line a network; below, a histogram a pruning ratio.

    Args:
        summary: model, seed, pruning_ratio, network, ablation, level and the statistics: utility_pruned_summary.csv.
        samples: model, seed, pruning_ratio, network, ablation, level, utility: utility_pruned.csv.
    """
    table, drawn = (at(part, model=model, ablation=terms.RATIO) for part in (summary, samples))
    chosen = palette.looks(NETWORKS, list(NETWORKS.values()))
    ratios = distinct(table["pruning_ratio"])
    level = min(distinct(drawn["level"]), key=lambda value: abs(value - USUAL_LEVEL), default=USUAL_LEVEL)
    rows, lower_rows = max(1, len(ratios)), -(-len(ratios) // COLUMNS)
    figure = style.new_figure(11.6, 2.55 * rows + 1.95 * lower_rows + 1.5)
    upper, lower = characteristics.grid(figure, rows, len(ratios), COLUMNS)
    for panels, ratio in zip(upper, ratios or [0.0], strict=True):
        characteristics.row(panels, at(table, pruning_ratio=ratio), "network", chosen)
        panels[0].set_ylabel(f"{names.percent(ratio)} pruned\n" + panels[0].get_ylabel())
    characteristics.titled(upper[0])
    for axes in upper[-1]:
        axes.set_xlabel("Ablated, of the weights (%)")
    for axes, ratio in zip(lower, ratios, strict=True):
        histograms.panel(axes, at(drawn, pruning_ratio=ratio, level=level), "network", chosen)
        axes.set_title(f"{names.percent(ratio)} pruned, {names.percent(level)} ablated")
    for axes in lower[::COLUMNS]:
        axes.set_ylabel("Part of the set (%)")
    style.heading(
        figure,
        f"{names.model_title(model)}: the utility of weight subsets before and after pruning",
        "Ablated are weights that pruning keeps, also in the pretrained network; the small network has as many. Bars: "
        f"the range of accuracy over the subsets.{drawing.seeds_words(table)}",
    )
    style.legend_below(figure, characteristics.handles(chosen))
    return figure
