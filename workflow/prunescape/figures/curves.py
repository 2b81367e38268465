"""Training curves: loss and accuracy by epoch, of every variant's best cell and of the prior."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunescape.figures import names, style
from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.landscape import best_cell, mean_over_seeds
from prunescape.io.files import read_csv
from prunescape.variant import COLUMNS as VARIANT

COLUMNS = 5
KEY = ["variant", "i", "j"]
DROP = 0.7  # a learning rate that falls below this part of the epoch before has dropped
SETTLED = 0.3  # of the epochs, after which the curve of a best cell is in view
FEW_POINTS = 12  # fewer points of a curve are marked one by one
MOST_DROPS = 8  # more of them are a smooth schedule, not steps


def chosen_cells(cells: pd.DataFrame, model: str, metric: str = "top1") -> pd.DataFrame:
    """The cells worth drawing, rows of variant, i, j: each variant's best (mean over seeds) and its prior."""
    landscapes = mean_over_seeds(cells[cells["model"] == model], metric).dropna(subset="f")
    best = pd.DataFrame([best_cell(part) for _, part in landscapes.groupby("variant", sort=False)])
    prior = landscapes[(landscapes["i"] == 0) & (landscapes["j"] == 0)]
    return pd.concat([best, prior])[KEY].drop_duplicates(ignore_index=True)


def read_histories(paths: Iterable[str], model: str, chosen: pd.DataFrame) -> pd.DataFrame:
    """The histories of the chosen cells alone, read file by file: a study has thousands."""
    parts = []
    for path in paths:
        part = read_csv(path)
        part = part[part["model"] == model].merge(chosen, on=KEY)
        if len(part):
            parts.append(part)
    columns = ["model", *KEY, *VARIANT, "seed", "epoch"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def draw(cells: pd.DataFrame, histories: Iterable[str], model: str) -> Figure:
    """Training curves of each variant's best cell and of its prior.

    Args:
        cells: the table cells.csv.
        histories: the files of all tiles' histories.
    """
    return draw_histories(read_histories(histories, model, chosen_cells(of_grid(cells), model)), model)


def draw_histories(histories: pd.DataFrame, model: str, metric: str = "top1") -> Figure:
    """A column a variant: training loss above, validation accuracy below; means and ranges of the seeds.

    Args:
        histories: model, variant and its columns, seed, i, j, epoch, learning_rate, train_loss, top1, top5.
        metric: `top1` or `top5`.
    """
    here = histories[histories["model"] == model]
    variants = names.variants_in(here)
    best = {variant: best_of(here[here["variant"] == variant], metric) for variant in variants}
    best_cells = [_cell(here[here["variant"] == variant], best[variant]) for variant in variants]
    colours = style.variant_colours(variants.values())
    rows = style.bands(list(variants), style.fitting(COLUMNS, 2.1))
    columns = max(1, *(len(row) for row in rows))
    figure = style.new_figure(max(6.6, 2.3 * columns + 0.5), 4.0 * len(rows) + 1.5)
    grid = figure.subplots(2 * len(rows), columns, squeeze=False, sharex=True, sharey="row")
    panels = [(variant, band, column) for band, row in enumerate(rows) for column, variant in enumerate(row)]
    for variant, band, column in panels:
        loss, accuracy = grid[2 * band, column], grid[2 * band + 1, column]
        loss.set_title(names.panel_title(variants[variant]))
        for axes, what in ((loss, "train_loss"), (accuracy, metric)):
            axes.grid(axis="y")
            mine = here[here["variant"] == variant]
            _drops(axes, _cell(mine, best[variant]))
            if variant != "dense" and "dense" in best:
                dense = _cell(here[here["variant"] == "dense"], best["dense"])
                _line(axes, dense, what, color=style.INK, lw=0.9, alpha=0.45)
            if best[variant] != (0, 0):
                _line(axes, _cell(mine, (0, 0)), what, color=colours[variant], lw=1.2, ls=(0, (3, 1.5)))
            _line(axes, _cell(mine, best[variant]), what, band=True, color=colours[variant], lw=1.8)
        _final(accuracy, mine, best[variant], metric)
        accuracy.set_xlabel("Epoch")
        accuracy.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        accuracy.tick_params(labelbottom=True)
        if column == 0:
            loss.set_ylabel("Training loss (nats)")
            accuracy.set_ylabel(f"{names.metric_title(metric).capitalize()} (%)")
    for band, row in enumerate(rows):
        upper, lower = grid[2 * band], grid[2 * band + 1]
        _limits(upper[0], lower[0], here, best_cells, metric)
        for unused in [*upper[max(1, len(row)) :], *lower[max(1, len(row)) :]]:
            unused.remove()
    style.heading(
        figure,
        f"{names.model_title(model)}: training of the best cell and of the prior",
        "Means over seeds; bands span the seeds. Accuracy is measured on the validation images; first epochs may lie "
        "below its axis.",
    )
    style.legend_below(figure, _legend())
    return figure


def best_of(histories: pd.DataFrame, metric: str) -> tuple[int, int]:
    """The cell (i, j) with the highest mean accuracy after its last epoch; the prior where none is known."""
    last = histories.sort_values("epoch").groupby(["i", "j", "seed"])[metric].last()
    means = last.groupby(level=["i", "j"]).mean().dropna()
    if means.empty:
        return 0, 0
    i, j = means.idxmax()
    return int(i), int(j)


def drop_epochs(rates: pd.Series) -> list[float]:
    """The epochs (the index) at which a stepwise schedule lowers the rate; none for a smooth one."""
    falls = rates.index[(rates / rates.shift()) < DROP]
    return [float(epoch) for epoch in falls] if len(falls) <= MOST_DROPS else []


def _cell(histories: pd.DataFrame, cell: tuple[int, int]) -> pd.DataFrame:
    return histories[(histories["i"] == cell[0]) & (histories["j"] == cell[1])]


def _line(axes: Axes, rows: pd.DataFrame, what: str, band: bool = False, **look: Any) -> None:
    measured = rows.dropna(subset=what)  # accuracy may be measured after some epochs only
    if measured.empty:
        return
    marker = "o" if measured["epoch"].nunique() < FEW_POINTS else None
    seaborn.lineplot(
        measured, x="epoch", y=what, errorbar=("pi", 100) if band else None, err_kws={"alpha": 0.22, "linewidth": 0},
        marker=marker, markersize=3, markeredgewidth=0, ax=axes, **look,
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")


def _drops(axes: Axes, rows: pd.DataFrame) -> None:
    if len(rows):
        for epoch in drop_epochs(rows.groupby("epoch")["learning_rate"].first()):
            axes.axvline(epoch - 0.5, color=style.MUTED, lw=0.8, ls=":", zorder=1)


def _final(axes: Axes, rows: pd.DataFrame, best: tuple[int, int], metric: str) -> None:
    """Write the last accuracies of both cells into the panel's lower right corner."""
    words = []
    for name, cell in (("best", best), ("prior", (0, 0))):
        last = _cell(rows, cell).sort_values("epoch").groupby("seed")[metric].last()
        if last.notna().any():
            words.append(f"{name} {last.mean():.1f} %")
    axes.text(
        0.97, 0.06, "\n".join(words), transform=axes.transAxes, ha="right", va="bottom", linespacing=1.4,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip


def _limits(loss: Axes, accuracy: Axes, here: pd.DataFrame, best: list[pd.DataFrame], metric: str) -> None:
    """Cut off what would flatten the rest: the first wild epochs and losses that diverged, but never the best cells."""
    losses = here["train_loss"][np.isfinite(here["train_loss"])]
    if len(losses):
        loss.set_ylim(0, 1.05 * float(losses.quantile(0.99)) + 1e-9)
    accuracies = here[metric].dropna()
    if len(accuracies):
        settled = [cell.loc[cell["epoch"] > SETTLED * cell["epoch"].max(), metric].min() for cell in best]
        low, high = float(np.nanmin([accuracies.quantile(0.05), *settled])), float(accuracies.max())
        accuracy.set_ylim(max(0.0, low - 0.45 * (high - low)) - 1e-9, high + 0.06 * (high - low) + 1e-9)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=style.MUTED, lw=1.8, label="best cell"),
        Line2D([], [], color=style.MUTED, lw=1.2, ls=(0, (3, 1.5)), label="prior"),
        Line2D([], [], color=style.INK, lw=0.9, alpha=0.45, label="best cell of the dense network"),
        Line2D([], [], color=style.MUTED, lw=0.8, ls=":", label="learning rate drops"),
    ]
