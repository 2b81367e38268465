"""The networks on a plane of weight space: pretrained, pruned and retrained (utility paper, Fig. 16)."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from prunescape.figures import style
from prunescape.figures.mechanism import labels

PRETRAINED, PRUNED, RETRAINED, OTHER = "W*", "p", "r", ""
SHAPES = {PRETRAINED: ("*", 13.0), PRUNED: ("D", 5.5), RETRAINED: ("o", 6.5), OTHER: ("s", 5.5)}
FILLS = {PRETRAINED: style.HIGHLIGHT, PRUNED: style.PAPER, RETRAINED: "#f5ad3c", OTHER: style.FAINT}
NAME = re.compile(r"W[_^]?([pr])[_^]?(\d*)")
LEADER = 16.0  # points: labels farther away have a line to their mark
SMALLER = 0.72  # the size of a mark that is no corner of the plane
PAD = 0.14  # around a label, in parts of its size
STEPS = {PRUNED: (0, (2.5, 1.8)), RETRAINED: "-"}  # dashes of the steps that lead there


@dataclass(frozen=True)
class Mark:
    """A network's mark on a plane: its kind, its cycle, its label and its place.

    Attributes:
        kind: one of the keys of `SHAPES`.
        cycle: that it belongs to; 0 of the pretrained network and of others.
        label: what is written beside it, as mathtext.
        x, y: its projection.
        corner: whether the plane runs through it.
    """

    kind: str
    cycle: int
    label: str
    x: float
    y: float
    corner: bool


def parse(point: str, cycle: int) -> tuple[str, int, str]:
    """Kind, cycle and label of a name: `Wp3` -> (p, 3, W with p above and 3 below); a bare `Wp` is of `cycle`."""
    if point in ("W*", "W"):
        return PRETRAINED, 0, "$W^{*}$"
    parts = NAME.fullmatch(point)
    if parts is None:
        return OTHER, 0, point
    number = int(parts[2] or cycle)
    return parts[1], number, f"$W^{{{parts[1]}}}_{{{number}}}$"


def read(here: pd.DataFrame, cycle: int) -> list[Mark]:
    """The networks of one plane in the order in which they came about, where their place is known.

    Those off the plane have their distance from it behind their names.
    """
    known = here[np.isfinite(here[["x", "y"]].astype(float)).all(axis=1)]
    marks = []
    for point, x, y, off in known[["point", "x", "y", "off_plane"]].itertuples(index=False):
        kind, number, label = parse(str(point), cycle)
        corner = kind == PRETRAINED or number == cycle > 0
        away = "" if corner or not np.isfinite(off) else f" +{off:.2g}"
        marks.append(Mark(kind, number, label + away, float(x), float(y), corner))
    return sorted(marks, key=lambda mark: (mark.kind == OTHER, mark.cycle, mark.kind))


def draw(axes: Axes, marks: list[Mark]) -> None:
    """The steps from network to network, and a mark each; corners of the plane are larger."""
    way = [mark for mark in marks if mark.kind != OTHER]
    for start, end in pairwise(way):
        axes.plot(
            [start.x, end.x], [start.y, end.y], color=style.PAPER, lw=1.1, ls=STEPS.get(end.kind, "-"), zorder=4,
            path_effects=[patheffects.withStroke(linewidth=2.2, foreground=style.INK, alpha=0.6)],
        )  # fmt: skip
    for mark in marks:
        shape, size = SHAPES[mark.kind]
        axes.plot(
            mark.x, mark.y, ls="", marker=shape, ms=size * (1.0 if mark.corner else SMALLER), mfc=FILLS[mark.kind],
            mec=style.INK, mew=0.9, zorder=6 + mark.corner,
        )  # fmt: skip


def write(figure: Figure, axes: Axes, marks: list[Mark]) -> None:
    """Write the marks' labels, once the figure has been laid out: corners first, as near as can be, none on another."""
    box = axes.get_window_extent()
    scale = 72 / figure.dpi  # points a pixel
    here = sorted(marks, key=lambda mark: not mark.corner)
    pixels = axes.transData.transform([(mark.x, mark.y) for mark in here]) - (box.x0, box.y0)
    seen = [bool(0 <= x <= box.width and 0 <= y <= box.height) for x, y in pixels]
    here = [mark for mark, known in zip(here, seen, strict=True) if known]
    points = pixels[seen] * scale
    texts = [_text(axes, mark) for mark in here]
    sizes = np.array([_size(text) for text in texts]).reshape(-1, 2) * scale
    centres = labels.place(points, sizes, (box.width * scale, box.height * scale))
    for text, mark, point, centre, size in zip(texts, here, points, centres, sizes, strict=True):
        _move(axes, text, mark, centre - point, size)


def _text(axes: Axes, mark: Mark) -> Text:
    return axes.annotate(
        mark.label, (mark.x, mark.y), xytext=(0, 0), textcoords="offset points", ha="center", va="center",
        fontsize=style.size(8.5) if mark.corner else 7.5, color=style.INK, zorder=9, in_layout=False,
        bbox={"boxstyle": f"round,pad={PAD},rounding_size=0.25", "fc": style.PAPER, "ec": "none", "alpha": 0.86},
    )  # fmt: skip


def _size(text: Text) -> tuple[float, float]:
    """Width and height of a label with the box around it, in pixels."""
    assert text.figure is not None
    box, pad = text.get_window_extent(), 2 * PAD * float(text.get_fontsize()) * text.figure.dpi / 72
    return box.width + pad, box.height + pad


def _move(axes: Axes, text: Text, mark: Mark, offset: np.ndarray, size: np.ndarray) -> None:
    """Put a label at its offset, with a line to its mark where that is far."""
    text.set_position(tuple(offset))
    gap = np.maximum(np.abs(offset) - size / 2, 0)
    if np.hypot(*gap) > LEADER:
        line = axes.annotate(
            "", (mark.x, mark.y), xytext=tuple(offset), textcoords="offset points", zorder=5, in_layout=False,
            arrowprops={"arrowstyle": "-", "color": style.PAPER, "lw": 0.8, "shrinkA": 6, "shrinkB": 2},
        )  # fmt: skip
        assert line.arrow_patch is not None
        line.arrow_patch.set_path_effects([patheffects.withStroke(linewidth=2.0, foreground=style.INK, alpha=0.5)])


def handles() -> list[Line2D]:
    """The legend: the three kinds of networks, and the steps between them."""
    kinds = {PRETRAINED: "pretrained, $W^{*}$", PRUNED: "pruned, $W^{p}$", RETRAINED: "retrained, $W^{r}$"}
    shapes = [
        Line2D([], [], ls="", marker=SHAPES[kind][0], ms=SHAPES[kind][1], mfc=FILLS[kind], mec=style.INK, label=label)
        for kind, label in kinds.items()
    ]
    steps = {PRUNED: "pruning", RETRAINED: "retraining"}
    return [
        *shapes,
        *(Line2D([], [], color=style.MUTED, lw=1.2, ls=STEPS[kind], label=label) for kind, label in steps.items()),
    ]
