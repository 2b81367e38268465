"""The answer in one figure: what tuning again gains in each pruned network, with its intervals and the margin."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunescape.figures import names, style
from prunescape.figures.palette import VERMILION
from prunescape.hpspace.confirmation import GRID_ENDS, NEAR_CHANCE
from prunescape.hpspace.decision import EXPLORED, NOT_ASKED, SAME
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.questions import COLLAPSED, DENSE, DENSE_NEAR_CHANCE, POLICY, PRIOR
from prunescape.statistics.looks import KEEP, OPEN, TUNE

LINE = 0.205  # inches
COLUMNS = (1.5, 3.35, 3.95)  # inches: names, intervals, words
SEEDS, WORDS = 0.4, 0.53  # where these begin, as parts of the last column; gains begin it
FAR = 12.0  # margins: what lies farther out than this, and than most intervals, is drawn as an arrow
NAME, SETTING, LONGEST = 74, 54, 118  # letters of a line
OVER = {PRIOR: "over your setting", DENSE: "over the dense optimum", POLICY: "over the dense region"}
WHY_NOT = {
    NEAR_CHANCE: "it has hardly learnt; train longer",
    DENSE_NEAR_CHANCE: "the dense network has hardly learnt",
    GRID_ENDS: "the grid ends too early; grow it",
}
DARK_GREEN = "#00735a"  # words must be read, too
LOOKS = {KEEP: (DARK_GREEN, "o"), TUNE: (VERMILION, "D"), OPEN: (style.MUTED, "o"), NOT_ASKED: (style.MUTED, "o")}
HOLLOW = (OPEN, NOT_ASKED)


class Line(NamedTuple):
    """A line of the figure, at a height in lines from the top.

    Attributes:
        place: its height.
        left: the name that it begins with.
        row: of `decisions.csv`: the question's, or the first of a network's.
        kind: `model`, `network` or `question`; `reason`, why nothing is asked of a network.
    """

    place: float
    left: str
    row: Mapping[str, Any]
    kind: str


def draw(decisions: pd.DataFrame, axes: Sequence[Mapping[str, Any]] | None = None) -> Figure:
    """Every pruned network's gains, a line a question, beside the margin; at the right the answers in words.

    Args:
        decisions: the table decisions.csv.
        axes: see `Pair.from_json`.
    """
    pair = Pair.from_json(axes)
    table = decisions.assign(reason=decisions["reason"].astype(object).fillna("").astype(str))
    lines = list(_lines(table, pair))
    height = max((line.place for line in lines), default=2.0) + 1.0
    asked = any(line.kind == "question" for line in lines)
    figure = style.new_figure(sum(COLUMNS) + 0.3, LINE * height + (1.95 if asked else 0.8), gap=0.0)
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=COLUMNS)
    margin = float(table["margin"].iloc[0]) if len(table) else 0.0
    low, high = limits(table, margin)
    for beside in (left, right):
        beside.set(xlim=(0, 1), ylim=(height, 0), zorder=1)
        beside.axis("off")
    if asked:
        _frame(middle, margin, (low, high), height)
        for place, head in ((0.0, "gain [low, high], points"), (SEEDS, "seeds"), (WORDS, "answer")):
            _write(right, place, 0.4, head, color=style.MUTED)
        style.legend_below(figure, _legend(margin), entry=2.1)
    else:
        middle.axis("off")
    for line in lines:
        _line(left, middle, right, line, pair)
    style.heading(figure, "What tuning again gains after pruning, on fresh seeds", _explained(table, margin))
    return figure


def limits(table: pd.DataFrame, margin: float) -> tuple[float, float]:
    """The ends of the axis, around 0 and the margin: they hold all intervals, but for those that lie far out.

    Args:
        table: decisions.csv.
        margin: in points.
    """
    values = table.loc[table["answer"] != NOT_ASKED, ["gain", "low", "high"]].to_numpy(dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    reach = max(FAR * margin, 2 * float(np.median(np.abs(values))) if len(values) else 0.0)
    low = max(-reach, min([-0.6 * margin, *values]))
    high = min(reach, max([2 * margin, *values])) or 1.0
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def _lines(table: pd.DataFrame, pair: Pair) -> Iterator[Line]:
    """The lines of all models and their networks, from the top down."""
    place = 1.0
    for model, of in table.groupby("model", sort=False):
        yield Line(place + 0.5, names.literal(names.model_title(str(model))), {}, "model")
        place += 1.2
        for name, variant in names.variants_in(of).items():
            rows = of[of["variant"] == name].to_dict("records")
            first = next((row for row in rows if row["question"] == PRIOR), rows[0])
            title = names.literal(names.variant_title(variant)).replace(" %", "\u00a0%")
            words = textwrap.fill(title, NAME).replace("\u00a0", " ")
            tall = max(words.count("\n"), _answer(first, pair).count("\n")) + 1
            yield Line(place + 0.5 * tall, words, first, "network")
            place += tall
            if first["answer"] == NOT_ASKED:
                yield Line(place + 0.5, "", first, "reason")
                place += 1
            else:
                for row in rows:
                    yield Line(place + 0.5, OVER.get(row["question"], row["question"]), row, "question")
                    place += 1
            place += 0.35


def _line(left: Axes, middle: Axes, right: Axes, line: Line, pair: Pair) -> None:
    """Draw a line over all three columns."""
    over = {"bbox": {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5}}  # the lines of the axis
    if line.kind == "model":
        _write(left, 0, line.place, line.left, fontsize=style.size(10), fontweight="bold", **over)
        return
    if line.kind == "reason":
        text = textwrap.shorten(_because(line.row, pair), LONGEST, placeholder=" …")
        _write(left, 0.08, line.place, text, color=style.MUTED, **over)
        return
    colour, _ = LOOKS[line.row["answer"]]
    if line.kind == "network":
        _write(left, 0.03, line.place, line.left, fontweight="bold", **over)
        _write(right, 0, line.place, _answer(line.row, pair), fontweight="bold", color=_dark(colour))
        return
    _write(left, 0.08, line.place, line.left)
    _interval(middle, line.place, line.row)
    _write(right, 0, line.place, _gain(line.row))
    if line.row["seeds"] > 0:
        _write(right, SEEDS, line.place, f"{line.row['seeds']:.0f}", color=style.MUTED)
    _write(right, WORDS, line.place, _words(line.row), color=_dark(colour))


def _write(axes: Axes, x: float, y: float, words: str, **look: Any) -> None:
    """Write a line of a column, which may go on over the next ones."""
    text = axes.text(x, y, words, va="center_baseline", zorder=6, linespacing=1.25, **{"fontsize": 8, **look})
    text.set_in_layout(False)


def _dark(colour: str) -> str:
    """The colour for words: open ones are written in ink."""
    return style.INK if colour == style.MUTED else colour


def _frame(axes: Axes, margin: float, ends: tuple[float, float], height: float) -> None:
    axes.set(xlim=ends, ylim=(height, 0), xlabel="Gain of tuning again (points of top-1 accuracy)")
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.axvspan(margin, ends[1], color=style.tint(VERMILION, 0.9), lw=0, zorder=0)
    axes.axvline(0, color=style.MUTED, lw=0.9, zorder=1)
    axes.axvline(margin, color=style.HIGHLIGHT, lw=1, ls=(0, (4, 2)), zorder=1)


def _interval(axes: Axes, place: float, row: Mapping[str, Any]) -> None:
    """The gain and its interval; arrows at the axis' ends for what goes on beyond them."""
    if not np.isfinite(row["gain"]):
        return
    colour, marker = LOOKS[row["answer"]]
    left, right = axes.get_xlim()
    low, high = (row["gain"] if np.isnan(row[end]) else row[end] for end in ("low", "high"))
    inner = np.clip([low, high], left, right)
    axes.plot(inner, [place, place], color=colour, lw=2.2, solid_capstyle="butt", zorder=3)
    step = 0.012 * (right - left)
    for beyond, at, arrow in ((low < left, left + step, "<"), (high > right, right - step, ">")):
        if beyond:
            axes.plot(at, place, marker=arrow, ms=6, mew=0, color=colour, zorder=4)
    if left <= row["gain"] <= right:
        face = style.PAPER if row["answer"] in HOLLOW or row["reason"] == SAME else colour
        axes.plot(row["gain"], place, marker=marker, ms=5.5, mfc=face, mec=colour, mew=1.4, zorder=5)


def _gain(row: Mapping[str, Any]) -> str:
    """The gain with its interval, in numbers; empty where nothing was measured."""
    if row["reason"] == SAME:
        return "0"
    if not np.isfinite(row["gain"]):
        return ""
    gain, low, high = (round(float(row[name]), 2) + 0.0 for name in ("gain", "low", "high"))  # no minus before a zero
    ends = f"{low:.2f}, {high:.2f}".replace("-", "−")
    return f"{names.points(gain, 2)} [{ends}]"


def _words(row: Mapping[str, Any]) -> str:
    """The answer to a question in words, and what would decide it."""
    reason, seeds = str(row["reason"]), row["seeds_to_decide"]
    if reason == DENSE_NEAR_CHANCE:
        return WHY_NOT[reason]
    if row["answer"] != OPEN:
        return f"{row['answer']}: the same setting" if reason == SAME else str(row["answer"])
    if reason:
        return "open: a training collapsed" if reason.startswith(COLLAPSED) else f"open: too few {reason}"
    if not np.isfinite(row["gain"]):
        return "open: not measured yet"
    return f"open: {seeds:.0f} seeds would decide" if np.isfinite(seeds) else "open: too noisy to decide"


def _answer(row: Mapping[str, Any], pair: Pair) -> str:
    """The answer on a network in words: the setting to use, or why there is none."""
    if row["answer"] == TUNE:
        words = f"Train at {pair.told({name: row[f'tuned_{name}'] for name in pair.names})}"
    elif row["answer"] == KEEP:
        words = f"Keep {pair.told(row)}"
    elif row["answer"] == OPEN:
        words = "Open: keep your setting for now"
    elif row["reason"] == EXPLORED:
        words = "Explored only: nothing is decided"
    else:
        words = f"No answer yet: {WHY_NOT.get(row['reason'], row['reason'])}"
    return textwrap.fill(words, SETTING)


def _because(row: Mapping[str, Any], pair: Pair) -> str:
    """The numbers behind why nothing is asked of a network."""
    if row["reason"] == NEAR_CHANCE:
        return f"chance is {row['chance']:.1f} %, an answer needs surely more than {row['needed']:.1f} %"
    if row["reason"] == EXPLORED:
        return f"looks best at {pair.told({name: row[f'tuned_{name}'] for name in pair.names})}"
    return f"accuracy still rises towards {row['ends']}" if isinstance(row["ends"], str) and row["ends"] else ""


def _explained(table: pd.DataFrame, margin: float) -> str:
    """The meaning of the lines, in words."""
    if not len(table):
        return "There is no pruned network."
    if not (table["answer"] != NOT_ASKED).any():
        return "No network was trained again with fresh seeds."
    words = (
        f"Accuracy at the tuned setting less that at another one, trained with the same seeds. An interval left of the"
        f" margin of {names.plural(margin, 'point')} says keep, right of it tune; across it the question is open."
    )
    low, high = limits(table, margin)
    asked = table[table["answer"] != NOT_ASKED]
    return words + (" Arrows: beyond the axis." if ((asked["low"] < low) | (asked["high"] > high)).any() else "")


def _legend(margin: float) -> list[Line2D | Patch]:
    samples = [(KEEP, "keep the other setting"), (TUNE, "tune again"), (OPEN, "open")]
    return [
        *(
            Line2D(
                [], [], color=LOOKS[answer][0], lw=2.2, marker=LOOKS[answer][1], ms=5.5, mew=1.4,
                mfc=style.PAPER if answer in HOLLOW else LOOKS[answer][0], label=label,
            )
            for answer, label in samples
        ),
        Patch(
            facecolor=style.tint(VERMILION, 0.9), edgecolor=style.HIGHLIGHT, ls=(0, (4, 2)), lw=0.8,
            label=f"worth tuning: {names.plural(margin, 'point')} or more",
        ),
    ]  # fmt: skip
