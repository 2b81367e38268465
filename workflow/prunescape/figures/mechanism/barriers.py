"""Barriers on lines between networks, which tell whether retraining stays in a basin (beyond the utility paper)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from prunescape.figures import drawing, names, palette, scales, style
from prunescape.figures.drawing import jitter
from prunescape.figures.mechanism import terms
from prunescape.figures.mechanism.terms import PRUNINGS, RETRAININGS
from prunescape.figures.palette import BLUE, GREEN, Look
from prunescape.figures.select import at, distinct, truths
from prunescape.mechanism.labels import AT_RANDOM, BY_ACTIVATIONS, BY_WEIGHTS, FROM_LAST, TO_SMALL

RETRAINED, SEEDS = "pruned_retrained", "seeds"
BETWEEN = Look(GREEN, "", "between seeds", (0, (4, 1.5)))
OF_MATCHED = {  # the mean alone
    BY_WEIGHTS: Look(GREEN, "", "channels matched by weights", (0, (1, 1.2))),
    BY_ACTIVATIONS: Look(palette.VERMILION, "", "by activations", (0, (1, 1.2))),
}
WAYS = {  # every way of pruning and retraining
    ("weights", "fine_tuning"): Look(BLUE, "o", "weights, fine-tuning"),
    ("weights", "rewinding"): Look("#56b4e9", "s", "weights, rewinding", (0, (4, 1.2))),
    ("channels", "fine_tuning"): Look(palette.VERMILION, "D", "channels, fine-tuning"),
    ("channels", "rewinding"): Look("#e69f00", "^", "channels, rewinding", (0, (4, 1.2))),
}
KINDS = {  # markers of lines between networks, and what they are called
    RETRAINED: ("o", "to the retrained network"),
    FROM_LAST: ("s", "from the cycle before"),
    TO_SMALL: ("D", "to a small network"),
    AT_RANDOM: ("P", "in a random direction"),
    SEEDS: ("^", "between seeds"),
    BY_WEIGHTS: ("v", "matched by weights"),
    BY_ACTIVATIONS: ("<", "matched by activations"),
}
HEIGHTS = {"loss": "Barrier of the loss (nats)", "error": "Barrier of the error (points)"}
SHIFT = 0.14  # cycles between the ways of one cycle
LINEAR_LOSS = 0.1  # nats up to which the axis of the loss' barriers is linear
LEAST_SPAN = 5.0  # points that an axis of accuracies shows at least
APART = 0.1  # cycles that the seeds of one way fill


def draw(lines: pd.DataFrame, barriers: pd.DataFrame, model: str, tolerance: float = 2.0) -> Figure:
    """Above, accuracy and loss along the lines, a column a way; below, the heights of the barriers, and distances.

    Args:
        lines: model, seed, what (pruned_retrained: from W* to W_r; seeds: between pretrained networks), pruning,
            retraining, cycle, seed_to, recomputed, alpha (0 to 1), top1, loss: lines.csv; where it has both, lines with
            batch norm's statistics measured anew are drawn, but for the last panel, which has both.
        barriers: model, seed, what, pruning, retraining, cycle, seed_to, recomputed, measure (loss, error), barrier,
            low, high, distance: barriers.csv.
        tolerance: points of error up to which two networks count as in one basin.
    """
    table, heights = (_one_convention(at(part, model=model)) for part in (lines, barriers))
    ways = [way for way in WAYS if len(_of(table, way))] or [next(iter(WAYS))]
    between = at(table, what=SEEDS)
    cycles = distinct(at(table, what=RETRAINED)["cycle"])
    colours = dict(zip(cycles, palette.ages(len(cycles)), strict=True))
    columns = len(ways) + bool(len(between))
    figure = style.new_figure(max(8.4, 2.2 * columns + 0.6), 8.9)
    layout = figure.add_gridspec(3, 3 * columns, height_ratios=(1, 1, 1.35))
    grid = [[figure.add_subplot(layout[row, 3 * place : 3 * place + 3]) for place in range(columns)] for row in (0, 1)]
    for place, way in enumerate(ways):
        _by_cycle(grid[0][place], grid[1][place], _of(table, way), colours)
        grid[0][place].set_title(f"{PRUNINGS[way[0]]},\n{RETRAININGS[way[1]]}")
    if len(between):
        _between(grid[0][-1], grid[1][-1], between)
        grid[0][-1].set_title("Between\npretrained seeds")
    # Lines between seeds have axes of their own: beside them, all others would be flat.
    for columns_alike in ([row[: len(ways)] for row in grid], [row[len(ways) :] for row in grid]):
        if columns_alike[0]:
            _alike(columns_alike)
    grid[0][0].set_ylabel(terms.TRAINING_ACCURACY)
    grid[1][0].set_ylabel("Training loss (nats)")
    for place, measure in enumerate(HEIGHTS):
        _heights(figure.add_subplot(layout[2, columns * place : columns * (place + 1)]), heights, measure, tolerance)
    every = at(barriers, model=model, measure="error")
    kinds = _by_distance(figure.add_subplot(layout[2, 2 * columns :]), every, tolerance)
    style.heading(figure, f"{names.model_title(model)}: barriers between networks", _words(table, bool(len(between))))
    ages = [Line2D([], [], color=colour, lw=1.6, label=f"cycle {cycle:g}") for cycle, colour in colours.items()]
    seeds = [BETWEEN.handle()] if len(between) else []
    seeds += [look.handle() for what, look in OF_MATCHED.items() if len(at(table, what=what))]
    style.legend_below(figure, [*ages, *(WAYS[way].handle() for way in ways), *seeds, *kinds], entry=1.9)
    return figure


def _one_convention(table: pd.DataFrame) -> pd.DataFrame:
    recomputed = truths(table["recomputed"])
    return table[recomputed] if recomputed.any() else table


def _of(table: pd.DataFrame, way: tuple[str, str]) -> pd.DataFrame:
    return at(table, what=RETRAINED, pruning=way[0], retraining=way[1])


def _words(table: pd.DataFrame, between: bool) -> str:
    seeds = at(table, what=RETRAINED)["seed"].nunique()
    several = f" Lines from $W^{{*}}$ are means over {seeds} seeds." if seeds > 1 else ""
    anew = " Batch norm is measured anew at every point." if truths(table["recomputed"]).any() else ""
    pairs = " Those between seeds are drawn pair by pair; dashed and dotted below: means." if between else ""
    return (
        "Above: training accuracy and loss on the straight line from the pretrained network $W^{*}$ to the retrained "
        f"one, $W^{{r}}$. Below: how far the curve rises above the chord, with 95 % intervals.{anew}{several}{pairs}"
    )


def _by_cycle(upper: Axes, lower: Axes, here: pd.DataFrame, colours: dict[float, str]) -> None:
    means = here.groupby(["cycle", "alpha"], as_index=False)[["top1", "loss"]].mean()
    for cycle, colour in colours.items():
        mine = at(means, cycle=cycle)
        upper.plot(mine["alpha"], mine["top1"], color=colour, lw=1.5)
        lower.plot(mine["alpha"], mine["loss"], color=colour, lw=1.5)
    _ends(lower, "$W^{*}$", "$W^{r}$")


def _between(upper: Axes, lower: Axes, here: pd.DataFrame) -> None:
    for _, pair in here.groupby(["seed", "seed_to"]):
        upper.plot(pair["alpha"], pair["top1"], color=BETWEEN.colour, lw=1.1, alpha=0.75)
        lower.plot(pair["alpha"], pair["loss"], color=BETWEEN.colour, lw=1.1, alpha=0.75)
    _ends(lower, "one", "other")


def _ends(axes: Axes, start: str, end: str) -> None:
    axes.set_xticks([0, 0.5, 1], [start, "½", end])


def _alike(grid: list[list[Axes]]) -> None:
    """Give all panels of a row one y axis, labelled at the left, on which what is drawn can be seen."""
    losses, accuracies = (np.concatenate([_drawn(axes) for axes in row]) for row in (grid[1], grid[0]))
    top = losses.max() if len(losses) else 1.0
    for row in grid:
        for axes in row:
            axes.grid()
            axes.set_xlim(-0.03, 1.03)
            axes.tick_params(labelleft=axes is row[0])
            if not len(_drawn(axes)):
                drawing.empty(axes)
    for upper, lower in zip(*grid, strict=True):
        scales.near(upper, accuracies, LEAST_SPAN)
        upper.tick_params(labelbottom=False)
        lower.set_ylim(-0.03 * top, 1.06 * top)
        lower.yaxis.set_major_locator(MaxNLocator(4))


def _drawn(axes: Axes) -> np.ndarray:
    """The finite heights of a panel's lines."""
    values = np.concatenate([np.empty(0), *(np.asarray(line.get_ydata(), float) for line in axes.get_lines())])
    return values[np.isfinite(values)]


def _heights(axes: Axes, barriers: pd.DataFrame, measure: str, tolerance: float) -> None:
    """A point a network with its interval, a line through the means over seeds, and the level between seeds.

    The axis is linear up to about the tolerance, and logarithmic above, where the barriers between seeds are.
    """
    here = at(barriers, measure=measure)
    axes.set(title=HEIGHTS[measure].split(" (")[0], ylabel=HEIGHTS[measure], xlabel="Cycle")
    if here["barrier"].notna().sum() == 0:
        drawing.empty(axes)
        return
    axes.grid(axis="y")
    for place, (way, look) in enumerate(WAYS.items()):
        _one_way(axes, _of(here, way), SHIFT * (place - (len(WAYS) - 1) / 2), look)
    pairs = at(here, what=SEEDS)["barrier"].dropna()
    for what, look in OF_MATCHED.items():
        if (matched := at(here, what=what)["barrier"].dropna()).size:
            axes.axhline(matched.mean(), color=look.colour, lw=1.3, ls=look.dashes)
    if len(pairs):
        axes.axhspan(pairs.min(), pairs.max(), color=BETWEEN.colour, alpha=drawing.BAND, lw=0)
        axes.axhline(pairs.mean(), color=BETWEEN.colour, lw=1.5, ls=BETWEEN.dashes)
    _axis(axes, float(np.nanmax(here[["barrier", "high"]].to_numpy(float))), measure, tolerance)
    cycles = distinct(here["cycle"]) or [1.0]
    axes.set_xlim(cycles[0] - 0.6, cycles[-1] + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))


def _axis(axes: Axes, top: float, measure: str, tolerance: float) -> None:
    """The axis of barriers: linear up to about the tolerance, which is drawn for errors, and logarithmic above."""
    linear = (2 * tolerance if measure == "error" else LINEAR_LOSS) or LINEAR_LOSS
    if measure == "error":
        axes.axhline(tolerance, color=style.HIGHLIGHT, lw=1.2, zorder=1.5)
        axes.annotate(
            f"one basin up to {tolerance:g}", (1, tolerance), xycoords=("axes fraction", "data"), xytext=(-3, 2),
            textcoords="offset points", ha="right", va="bottom",
            fontsize=style.size(7.8), color=style.HIGHLIGHT, zorder=5,
        )  # fmt: skip
        top = max(top, 1.5 * tolerance)
    if top > 2 * linear:
        axes.set_yscale("symlog", linthresh=linear, linscale=1.5)
        ticks = [0, linear / 2, linear, *(linear * 10 ** np.arange(1, 6))]
        axes.set_yticks([tick for tick in ticks if tick <= 1.3 * top])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylim(-0.06 * min(linear, top), 1.3 * top)


def _by_distance(axes: Axes, here: pd.DataFrame, tolerance: float) -> list[Line2D]:
    """A point a line of any kind, its barrier over the distance of its ends; hollow with combined statistics.

    Returns:
        What stands for the kinds in a legend.
    """
    axes.set(title="Barrier and distance", ylabel=HEIGHTS["error"], xlabel="Distance of the networks")
    here = here.dropna(subset=["barrier", "distance"])
    if here.empty:
        drawing.empty(axes)
        return []
    axes.grid()
    recomputed, handles = truths(here["recomputed"]), []
    of_cycles = {way: look.colour for way, look in WAYS.items()}
    of_seeds = {SEEDS: BETWEEN.colour} | {what: look.colour for what, look in OF_MATCHED.items()}
    for what, (marker, words) in KINDS.items():
        mine = here["what"] == what
        if not mine.any():
            continue
        ways = zip(here.loc[mine, "pruning"], here.loc[mine, "retraining"], strict=True)
        colours = np.array([of_seeds.get(what) or of_cycles[way] for way in ways], dtype=object)
        for anew in (True, False):
            some = (recomputed[mine] == anew).to_numpy()
            edges = colours[some].tolist()
            axes.scatter(
                here.loc[mine, "distance"][some], here.loc[mine, "barrier"][some], s=17, marker=marker, linewidths=0.8,
                facecolors=edges if anew else "none", edgecolors=edges, alpha=0.75, zorder=3 + anew,
            )  # fmt: skip
        handles.append(Line2D([], [], color=style.INK, marker=marker, ls="", ms=4.5, label=words))
    if recomputed.any() and not recomputed.all():
        hollow = Line2D([], [], color=style.INK, marker="o", mfc="none", ls="", ms=4.5, label="statistics combined")
        handles.append(hollow)
    _axis(axes, float(here["barrier"].max()), "error", tolerance)
    axes.set_xlim(left=0)
    return handles


def _one_way(axes: Axes, mine: pd.DataFrame, shift: float, look: Look) -> None:
    means = mine.groupby("cycle")["barrier"].mean()
    axes.plot(means.index + shift, means, color=look.colour, lw=1.4, ls=look.dashes, zorder=3)
    for _, rows in mine.groupby("cycle"):
        places = rows["cycle"].to_numpy(float) + shift + jitter(len(rows), APART)
        axes.vlines(places, rows["low"], rows["high"], color=look.colour, lw=1.5, alpha=0.6, zorder=2)
        axes.scatter(
            places, rows["barrier"], s=20, marker=look.marker, color=look.colour, edgecolors=style.PAPER,
            linewidths=0.5, zorder=4,
        )  # fmt: skip
