"""The style of all figures: typography, the variants' colours, and saving that repeats to the byte."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation

from prunescape.errors import UserError
from prunescape.figures import names
from prunescape.io.files import atomic
from prunescape.variant import DENSE, Variant

mpl.use("Agg")

INK, MUTED, FAINT, PALE, PAPER = "#1f2328", "#667079", "#d5d9dd", "#e4e7ea", "#ffffff"
HIGHLIGHT = "#e0245e"
HEADING = "heading"  # marks the parts of a figure's title
# From the mildest pruning (dark) to the hardest (light); colour-blind readers tell blues from oranges.
RAMPS = {Variant("uniform", 1.0): ("#0b4f8a", "#6cb8e8"), Variant("non_uniform", 1.0): ("#b03a00", "#f5ad3c")}
OTHER_RAMPS = [
    ("#5b2a86", "#c79be0"),
    ("#0b6b4f", "#7fd1b3"),
    ("#8a1c4a", "#eb93b5"),
    ("#5c5400", "#cfc34a"),
    ("#0f5f6e", "#79cbd8"),
    ("#6b3a1f", "#d3a184"),
]
NARROWEST = 0.6  # of the width that suits a figure, at which its panels and their labels still keep clear
WEIGHTS = (0.2126, 0.7152, 0.0722)  # of red, green and blue in what is seen as bright
FONT_SIZE = 8.5  # points, for which the sizes of this package are chosen


class Paper(NamedTuple):
    """The place that a figure is made for: its width in inches, None for the figure's own, and points of its text."""

    width: float | None = None
    font_size: float = FONT_SIZE

    @property
    def scale(self) -> float:
        """The factor by which text is larger than usual."""
        return self.font_size / FONT_SIZE


_PAPER: ContextVar[Paper] = ContextVar("paper", default=Paper())  # noqa: B039 - it cannot be changed


@contextmanager
def on_paper(width: float | None = None, font_size: float = FONT_SIZE) -> Iterator[None]:
    """Figures that are drawn and saved meanwhile are so wide, in inches, with text of so many points."""
    before = _PAPER.set(Paper(width, font_size))
    try:
        yield
    finally:
        _PAPER.reset(before)


def size(points: float) -> float:
    """The size of a text, in points, that is so large where text is of `FONT_SIZE`."""
    return points * _PAPER.get().scale


# No dates in the files: the same figure is the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    ".png": {},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def use_style() -> None:
    """Set matplotlib's defaults to the project's look, whatever they were before."""
    mpl.rcdefaults()
    mpl.use("Agg")
    mpl.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": size(8.5),
            "mathtext.fontset": "dejavusans",
            "axes.titlesize": size(9.0),
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.titlepad": 6,
            "axes.labelsize": size(8.5),
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "grid.color": PALE,
            "grid.linewidth": 0.7,
            "text.color": INK,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": size(8),
            "ytick.labelsize": size(8),
            "legend.frameon": False,
            "legend.fontsize": size(8.5),
            "figure.facecolor": PAPER,
            "savefig.facecolor": PAPER,
            "pdf.fonttype": 42,
            "svg.hashsalt": "prunescape",
            "svg.fonttype": "path",
        }
    )


def new_figure(width: float, height: float, pad: float = 0.06, gap: float = 0.03) -> Figure:
    """An empty figure of that many inches, in the project's style, whose parts keep clear of each other.

    On paper (see `on_paper`) it is as wide as a column of text, or as two where its panels would be too narrow; the
    height changes by the fourth root of that: text needs the room.

    Args:
        width, height: in inches.
        pad: space around each panel, in inches.
        gap: further space between panels, as a part of their mean size.
    """
    use_style()
    layout = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=gap, hspace=gap)
    wanted = _on_paper(width)
    return Figure(figsize=(wanted, height * (wanted / width) ** 0.25), layout=layout)


def _on_paper(width: float) -> float:
    """The width of a figure on paper, in inches, from that which suits it."""
    column, least = _PAPER.get().width, size(NARROWEST * width)
    if column is None:
        return width
    return column if column >= least else max(2 * column, least)


def heading(figure: Figure, title: str, subtitle: str = "") -> None:
    """Put a bold title, and quieter lines below it, at the top left; both wrap to the figure's width."""
    width = figure.get_figwidth()
    room = width / _PAPER.get().scale
    head = "\n".join(wrapped(title, int(room * 9.0)))
    lines = wrapped(subtitle, int(room * 13.2))
    # The quiet lines hang on the title's box, which an empty line for each keeps room for.
    top = figure.suptitle(
        head + "".join("\n " for _ in lines),
        x=0.08 / width, ha="left", fontsize=size(12.5), fontweight="bold", linespacing=1.25,
    )  # fmt: skip
    top.set_gid(HEADING)
    if lines:
        note = Annotation(
            "\n".join(lines), xy=(0, 0), xycoords=top, va="bottom", ha="left",
            fontsize=size(8.5), color=MUTED, linespacing=1.45, annotation_clip=False,
        )  # fmt: skip
        note.set_in_layout(False)
        note.set_gid(HEADING)
        figure.add_artist(note)


def wrapped(words: str, letters: int) -> list[str]:
    """Lines of so many letters; numbers stay with their signs and units: `σ = 0.005`, `40 %`."""
    kept = re.sub(r" (?==|%)|(?<==) ", "\u00a0", words)
    return [line.replace("\u00a0", " ") for line in textwrap.wrap(kept, max(letters, 1))]


def legend_below(figure: Figure, handles: Sequence[Artist], entry: float = 1.75) -> None:
    """Put one legend for the whole figure under it, in as many columns as its width has room for.

    Args:
        figure: what it belongs to.
        handles: its entries.
        entry: the room that one needs, in inches.
    """
    room = figure.get_figwidth()
    columns = max(1, min(len(handles), int(room / size(entry))))
    while columns > 1 and _legend_width(handles, columns) > room:
        columns -= 1
    rows = -(-len(handles) // columns)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=-(-len(handles) // rows),
        handlelength=1.8, columnspacing=1.8,
    )  # fmt: skip


def _legend_width(handles: Sequence[Artist], columns: int) -> float:
    """About the width of a legend below a figure, in inches, whose entries run down its columns."""
    letters = [len(str(handle.get_label())) for handle in handles]
    rows = -(-len(letters) // columns)
    widest = [max(letters[start : start + rows]) for start in range(0, len(letters), rows)]
    return size(sum(0.07 * count + 0.5 for count in widest))


def save(figure: Figure, paths: Iterable[str], dpi: int = 200, titles: bool = True) -> None:
    """Write the figure to every path, in the format that its suffix names, atomically and without dates.

    Args:
        figure: what is written; without titles it loses its heading for good.
        paths: the files.
        dpi: of raster formats.
        titles: whether the heading is shown.

    Raises:
        UserError: a suffix that is none of .png, .pdf, .svg.
    """
    paths = [str(path) for path in paths]
    for path in paths:
        if Path(path).suffix not in METADATA:
            raise UserError(f"{path}: no such figure format; use one of {', '.join(sorted(METADATA))}")
    if not titles:
        for part in figure.findobj(lambda artist: artist.get_gid() == HEADING):
            part.set_visible(False)
            part.set_in_layout(False)
    for path in paths:
        suffix = Path(path).suffix
        with atomic(path) as temporary:
            figure.savefig(temporary, format=suffix[1:], dpi=dpi, metadata=METADATA[suffix])


def variant_colours(variants: Iterable[Variant]) -> dict[str, str]:
    """A colour a variant, by name: dense dark, uniform in blues, non-uniform in oranges, others in other hues."""
    ordered = names.in_order(variants)
    colours: dict[str, str] = {}
    ways = list(dict.fromkeys(variant.way for variant in ordered if not variant.is_dense))
    others = [way for way in ways if way not in RAMPS]
    ramps = RAMPS | {way: OTHER_RAMPS[place % len(OTHER_RAMPS)] for place, way in enumerate(others)}
    for way in ways:
        members = [variant for variant in ordered if variant.way == way]
        ramp = LinearSegmentedColormap.from_list(way.name, ramps[way])
        shades = [0.25] if len(members) == 1 else np.linspace(0, 1, len(members))
        for variant, shade in zip(members, shades, strict=True):
            colours[variant.name] = to_hex(ramp(float(shade)))
    return ({DENSE.name: "#3a4149"} if DENSE in ordered else {}) | colours


def fitting(columns: int, inches: float) -> int:
    """At most so many columns of panels: as many as two columns of a paper have room for, of so many inches each."""
    column = _PAPER.get().width
    return columns if column is None else min(columns, max(1, int(2 * column / size(inches))))


def bands(items: Sequence[str], columns: int) -> list[list[str]]:
    """The items in rows of at most so many columns, as even as can be, the first rows the fuller ones."""
    rows = max(1, -(-len(items) // columns))
    short, longer = divmod(len(items), rows)
    result, start = [], 0
    for row in range(rows):
        stop = start + short + (row < longer)
        result.append(list(items[start:stop]))
        start = stop
    return result


def ink_on(colour: Any) -> str:
    """The colour of text, black or white, that is easier to read on a colour: a contrast of 4.5 or more."""
    return max(("#000000", PAPER), key=lambda text: contrast(text, colour))


def contrast(one: Any, other: Any) -> float:
    """The contrast of two colours, 1 to 21, as the Web Content Accessibility Guidelines 2.2 define it."""

    def luminance(colour: Any) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return float(np.dot(linear, WEIGHTS))

    weak, strong = sorted((luminance(one), luminance(other)))
    return (strong + 0.05) / (weak + 0.05)


def tint(colour: str, part: float) -> str:
    """The colour mixed with so much white."""
    red, green, blue = ((1 - part) * value + part for value in to_rgb(colour))
    return to_hex((red, green, blue))
