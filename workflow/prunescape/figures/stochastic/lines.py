"""Accuracy and gain over one axis: deterministic pruning in black, a coloured line a noise level, thin the seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.stochastic import terms

BAND = 0.16  # opacity
LEAST_SPAN = 1.0  # points on the gain's axis, so that trifles do not look large
LEAST_GAIN = 5.0  # points: losses up to it are always shown
KEPT = 0.5  # of the accuracy at the mildest pruning: below it, near chance, no gain is marked
THIN: dict[str, Any] = {"lw": 0.6, "alpha": 0.45}  # of single seeds
HIGH = 0.6  # of an axis: above it an arrow comes from below, clear of the panel's title


def line(axes: Axes, rows: pd.DataFrame, x: str, name: str, **look: Any) -> None:
    """Draw a line through the column `name`, and the band from `<name>_low` to `<name>_high` where they are known."""
    rows = rows.dropna(subset=name).sort_values(x)
    if rows.empty:
        return
    axes.plot(rows[x], rows[name], **look)
    known = rows.dropna(subset=[f"{name}_low", f"{name}_high"])
    # An accuracy cannot leave 0 to 100 %, wherever its interval ends.
    least, most = (None, None) if name == "delta" else (0.0, 100.0)
    low, high = known[f"{name}_low"].clip(least, most), known[f"{name}_high"].clip(least, most)
    zorder = look.get("zorder", 2) - 0.5
    if len(known) == 1:
        axes.vlines(known[x], low, high, color=look["color"], alpha=3 * BAND, lw=2.5, zorder=zorder)
    elif len(known):
        axes.fill_between(known[x], low, high, color=look["color"], alpha=BAND, linewidth=0, zorder=zorder)


def accuracies(axes: Axes, rows: pd.DataFrame, x: str, colours: Mapping[float, str], seeds: pd.DataFrame) -> None:
    """Deterministic pruning's accuracy (`reference`) and each noise level's (`median`); `seeds` has those of each."""
    axes.grid()
    axes.set_ylabel(terms.TOP1)
    if rows["reference"].notna().sum() == 0:
        drawing.say(axes, "nothing measured")
        return
    _levels(axes, rows, x, "median", colours, seeds)
    _thin(axes, seeds.drop_duplicates(["seed", x]), x, "reference", style.INK)
    line(
        axes,
        _without_bands(rows.drop_duplicates(x)),
        x,
        "reference",
        color=style.INK,
        lw=1.8,
        marker="o",
        ms=3,
        zorder=5,
    )


def gains(axes: Axes, rows: pd.DataFrame, x: str, colours: Mapping[float, str], seeds: pd.DataFrame) -> None:
    """Draw each noise level's gain over deterministic pruning (`delta`); the axis is cut where losses are larger."""
    axes.grid()
    axes.set_ylabel("Gain over DP (points)")
    axes.axhline(0, color=style.INK, lw=1.8, zorder=2.2)
    if rows["delta"].notna().sum() == 0:
        drawing.say(axes, "nothing measured")
        return
    _levels(axes, rows, x, "delta", colours, seeds)
    axes.set_ylim(*gain_limits(pd.concat([_without_bands(rows), seeds], ignore_index=True)))


def _levels(
    axes: Axes, rows: pd.DataFrame, x: str, name: str, colours: Mapping[float, str], seeds: pd.DataFrame
) -> None:
    for order, (sigma, colour) in enumerate(colours.items()):
        _thin(axes, select.at(seeds, sigma=float(sigma)), x, name, colour)
        mine = _without_bands(select.at(rows, sigma=float(sigma)))
        line(axes, mine, x, name, color=colour, lw=1.4, marker="o", ms=3, zorder=3 + 0.01 * order)


def _thin(axes: Axes, seeds: pd.DataFrame, x: str, name: str, colour: str) -> None:
    """A thin line for each of several seeds."""
    if seeds["seed"].nunique() > 1:
        for _, own in seeds.groupby("seed", sort=False):
            own = own.sort_values(x)
            axes.plot(own[x], own[name], color=colour, zorder=2.1, gid="seed", **THIN)


def _without_bands(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without intervals: the seeds are seen themselves."""
    return rows.assign(
        **{f"{name}_{end}": np.nan for name in ("median", "reference", "delta") for end in ("low", "high")}
    )


def gain_limits(rows: pd.DataFrame) -> tuple[float, float]:
    """The limits of the gain's axis: all gains, and losses as large as the largest gain or `LEAST_GAIN`."""
    values = rows[["delta", "delta_low", "delta_high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    top = max(float(values.max()), 0.0)
    reach = max(top, LEAST_GAIN)
    bottom = max(min(float(values.min()), 0.0), -reach)
    span = max(top - bottom, LEAST_SPAN)
    return bottom - scales.GAP * span, top + 2 * scales.GAP * span


def are_cut(rows: pd.DataFrame) -> bool:
    """Whether losses lie below the lower end of the gain's axis."""
    known = rows.dropna(subset="delta")
    return len(known) > 0 and bool(known["delta"].min() < gain_limits(known)[0])


def best(rows: pd.DataFrame) -> pd.Series | None:
    """The row with the largest gain; None where nothing is known."""
    known = rows.dropna(subset="delta")
    return None if known.empty else known.loc[known["delta"].idxmax()]


def sure(rows: pd.DataFrame) -> pd.Series | None:
    """The row with the largest gain of those whose interval lies above 0 and whose accuracy is far from chance.

    Far is at least `KEPT` of what pruning without noise reaches at the mildest rate. None where there is no such row,
    with one seed, which has no interval, and where gains of all seeds are the same number, as they may be of few
    images: that interval says nothing of other seeds.
    """
    known = (rows["delta_low"] > 0) & (rows["delta_high"] > rows["delta_low"])
    return best(rows[known & (rows["median"] >= KEPT * rows["reference"].max())])


def sure_words(rows: pd.DataFrame) -> str:
    """Words above a panel on the largest gain, with its interval and place; or that none can be relied on."""
    chosen = sure(rows)
    if chosen is None:
        return "no gain whose interval is above 0\nand that is far from chance"
    rate = f"γ = {chosen['gamma']:g}, σ = {chosen['sigma']:g}"
    low, high = names.points(chosen["delta_low"]), names.points(chosen["delta_high"])
    return f"largest: {names.points(chosen['delta'])} points ({low} to {high})\nat {rate}"


def mark_largest_gain(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    """An arrow at the place of the largest gain that is `sure`, pointing at the accuracy there, the gain beside it."""
    chosen = sure(rows)
    if chosen is None:
        return
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    is_high = chosen["median"] > low + HIGH * (high - low)
    is_right = chosen[x] > left + HIGH * (right - left)
    axes.annotate(
        names.points(chosen["delta"]), (chosen[x], chosen["median"]), textcoords="offset points",
        xytext=(-12 if is_right else 12, -24 if is_high else 20),
        ha="right" if is_right else "left", va="top" if is_high else "bottom",
        color=style.HIGHLIGHT, fontweight="bold", zorder=8,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
        arrowprops={"arrowstyle": "-|>", "color": style.HIGHLIGHT, "lw": 1.3, "shrinkA": 0, "shrinkB": 3},
    )  # fmt: skip


def star(axes: Axes, x: float, y: float) -> None:
    """Mark the best noise level."""
    axes.plot(x, y, marker="*", ms=12, mfc=style.HIGHLIGHT, mec=style.PAPER, mew=0.8, ls="", zorder=9)


def averaging(rows: pd.DataFrame) -> str:
    """Words for a heading that explain its lines and bands."""
    seeds = int(rows["seeds"].max()) if len(rows) else 0
    if seeds < 2:
        return "Medians over draws of the noise around one pretrained network."
    return f"Medians over draws of the noise, means over {seeds} pretrained seeds; thin lines: the seeds."


def handles(colours: Mapping[float, str]) -> list[Line2D]:
    """The legend's samples: deterministic pruning, then the noise levels."""
    return [
        Line2D([], [], color=style.INK, lw=1.8, marker="o", ms=3, label=terms.DP),
        *(Line2D([], [], color=colour, lw=1.4, marker="o", ms=3, label=f"σ = {s:g}") for s, colour in colours.items()),
    ]
