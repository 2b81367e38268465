"""The accuracy on the planes through W*, W_p and W_r, with all networks on it (utility paper, Fig. 6 and 16)."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing, names, select, style
from prunescape.figures.mechanism import marks as networks
from prunescape.figures.mechanism import relief, terms
from prunescape.figures.mechanism.marks import Mark
from prunescape.figures.select import at
from prunescape.figures.surface import colour_scale, interpolate

COLUMNS = 3
SIDE = 3.1  # inches of a panel
COLOUR_MAP = "mako"
BANDS = np.arange(-1.25, 102, 2.5)  # no chance level of a tenth lies on an edge, where rounding would speckle it
LINES = (20, 40, 60, 80, 90, 95, 99)  # percent, thin white lines
NORM = Normalize(0, 100)


def draw(
    surface: pd.DataFrame, marks: pd.DataFrame, distances: pd.DataFrame, model: str, pruning: str, retraining: str
) -> Figure:
    """A panel a cycle, of the first seed that was measured, and the last cycle's surface as a relief.

    Args:
        surface: model, seed, pruning, retraining, cycle, recomputed, x, y, top1: surface.csv; where it has both,
            points with batch norm's statistics measured anew are drawn.
        marks: model, seed, pruning, retraining, cycle, point (W*, Wp1, Wr1, ...), x, y, off_plane: marks.csv.
        distances: model, seed, pruning, retraining, cycle, from, to, distance: distances.csv.
        pruning: "weights" or "channels".
        retraining: "fine_tuning" or "rewinding".
    """
    keys = {"model": model, "pruning": pruning, "retraining": retraining}
    table = at(surface, **keys)
    seed = table["seed"].min()
    table, points, lengths = (at(part, seed=seed) for part in (table, at(marks, **keys), at(distances, **keys)))
    recomputed = select.truths(table["recomputed"])
    table = table[recomputed] if recomputed.any() else table
    cycles = [int(cycle) for cycle in sorted(table["cycle"].unique())]
    columns = min(style.fitting(COLUMNS, SIDE), len(cycles) + 1)
    rows = -(-(len(cycles) + 1) // columns)
    figure = style.new_figure(columns * (SIDE + 0.25) + 1.2, rows * (SIDE + 0.5) + 1.35)
    grid, colours = figure.add_gridspec(rows, columns), colour_scale(COLOUR_MAP)
    drawn = []
    for number, cycle in enumerate(cycles):
        placed = networks.read(at(points, cycle=cycle), cycle)
        axes = _panel(figure, grid[number // columns, number % columns], at(table, cycle=cycle), placed, colours)
        drawing.titled(axes, f"Cycle {cycle}", _distances(at(lengths, cycle=cycle), cycle))
        drawn.append((axes, placed))
    _last(figure, grid, table, drawn, colours)
    _bar(figure, colours, rows)
    style.heading(
        figure,
        f"{names.model_title(model)}: training accuracy around pruned and retrained networks",
        _words(pruning, retraining, seed, bool(recomputed.any())),
    )
    style.legend_below(figure, networks.handles(), entry=1.6)
    figure.draw_without_rendering()  # labels are placed in the panels as they have been laid out
    for axes, placed in drawn:
        networks.write(figure, axes, placed)
    return figure


def _words(pruning: str, retraining: str, seed: float, recomputed: bool) -> str:
    way = "is measured anew at every point" if recomputed else "is combined like the weights"
    return (
        f"{terms.PRUNINGS.get(pruning, pruning)}, {terms.RETRAININGS.get(retraining, retraining)}"
        f"{'' if np.isnan(seed) else f', seed {seed:g}'}. Each plane runs through $W^{{*}}$ and the cycle's $W^{{p}}$ "
        f"and $W^{{r}}$; the others are projected, + their distance from it. Batch norm {way}."
    )


def _panel(figure: Figure, place: SubplotSpec, here: pd.DataFrame, marks: list[Mark], colours: Colormap) -> Axes:
    axes = figure.add_subplot(place)
    axes.set(xlabel="Distance from $W^{*}$ toward $W^{p}$", ylabel="Distance toward $W^{r}$")
    extent, smooth = _smooth(here)
    if smooth is None:
        drawing.empty(axes)
        return axes
    axes.contourf(*smooth, levels=BANDS, cmap=colours, norm=NORM).set_rasterized(True)
    lines = [level for level in LINES if smooth[2].min() < level < smooth[2].max()]
    if lines:
        axes.contour(*smooth, levels=lines, colors=style.PAPER, linewidths=0.4, alpha=0.6)
    networks.draw(axes, marks)
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set_aspect("equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    axes.spines[:].set_visible(False)
    return axes


def _smooth(here: pd.DataFrame) -> tuple[list[float], tuple[np.ndarray, ...] | None]:
    """The grid's ends and the surface between them; None where too little is known."""
    known = here[np.isfinite(here["top1"].astype(float))].rename(columns={"top1": "f"})
    if known.empty:
        return [], None
    extent = [float(known[name].agg(end)) for name in ("x", "y") for end in ("min", "max")]
    return extent, interpolate(known, extent, 0.0)


def _distances(lengths: pd.DataFrame, cycle: int) -> str:
    """The distances between the plane's corners in the whole weight space, in words."""
    known = {}
    for one, other, length in lengths[["from", "to", "distance"]].itertuples(index=False):
        ends = [networks.parse(str(point), cycle)[:2] for point in (one, other)]
        known[frozenset(ends)] = float(length)
    corners = {(networks.PRETRAINED, 0): "*", (networks.PRUNED, cycle): "p", (networks.RETRAINED, cycle): "r"}
    parts = [
        rf"$\|W^{{{corners[one]}}}-W^{{{corners[other]}}}\|$ {known[frozenset((one, other))]:.3g}"
        for one, other in combinations(corners, 2)
        if frozenset((one, other)) in known
    ]
    return "   ".join(parts)


def _last(
    figure: Figure, grid: GridSpec, table: pd.DataFrame, drawn: list[tuple[Axes, list[Mark]]], colours: Colormap
) -> None:
    """The relief of the last cycle, after its panel."""
    number = len(drawn)
    if not number:
        drawing.empty(figure.add_subplot(grid[0, 0]))
        return
    cycle = table["cycle"].max()
    _, smooth = _smooth(at(table, cycle=cycle))
    if smooth is not None:
        place = grid[number // grid.ncols, number % grid.ncols]
        axes = relief.draw(figure, place, smooth, drawn[-1][1], colours, NORM)
        axes.set_title(f"Cycle {cycle:g}, from the side", pad=18)


def _bar(figure: Figure, colours: Colormap, rows: int) -> None:
    bar = figure.colorbar(
        ScalarMappable(NORM, colours), ax=figure.axes, aspect=24 * rows, pad=0.015, fraction=0.04, shrink=0.92
    )
    bar.outline.set_visible(False)
    bar.set_label(terms.TRAINING_ACCURACY)
