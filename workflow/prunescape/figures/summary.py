"""The answer in one figure: the optimum's place after pruning, and the loss from keeping the old one."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.figures import names, plane, style
from prunescape.hpspace.lattice import Pair
from prunescape.variant import Variant

SHAPE = 1.25  # width to height of the plane


def draw(
    ellipses: pd.DataFrame,
    risk: pd.DataFrame,
    model: str,
    metric: str,
    risk_roi: float,
    axes: Sequence[Mapping[str, Any]] | None = None,
) -> Figure:
    """Left, every variant's confidence ellipse in one plane, where there are any; right, every variant's mean risk.

    Args:
        ellipses: the table ellipses.csv.
        risk: the table risk.csv.
        metric: `top1` or `top5`.
        risk_roi: the threshold of the ellipses' region, in points; a wider one takes its place where it is empty.
        axes: see `Pair.from_json`.
    """
    mine = ellipses[(ellipses["model"] == model) & (ellipses["metric"] == metric)]
    roi, pair = shown_region(mine, risk_roi), Pair.from_json(axes)
    mine = mine[np.isclose(mine["roi"], roi)]
    risk = risk[(risk["model"] == model) & (risk["metric"] == metric)]
    variants = names.variants_in(mine, risk)
    colours = style.variant_colours(variants.values())
    fitted = mine[plane.is_fitted(mine)]
    missing = [variant for name, variant in variants.items() if name not in set(fitted["variant"])]
    if fitted.empty:
        figure = style.new_figure(7.2, 0.42 * len(variants) + 2.4)
        right = figure.subplots()
        note = "No network has cells enough in its region of interest for an ellipse. As measured"
    else:
        figure = style.new_figure(10.2, max(4.4, 0.42 * len(variants) + 2.4))
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.02))
        _ellipses(left, fitted, colours, pair)
        left.set_title(f"Where the optimum lies ({plane.roi_label(roi)})")
        note = "Left and right share their colours. Dots are the ellipses' centres; dashed outlines: non-uniform."
        if missing:
            note += f" No ellipse (too few cells): {'; '.join(names.variant_title(variant) for variant in missing)}."
        note += " Right as measured"
    _risks(right, risk, variants, colours)
    right.set_title("What keeping its settings costs")
    note += ", on average over the cells of the dense network's region: noise makes risks too large."
    style.heading(figure, f"{names.model_title(model)} at a glance ({names.metric_title(metric)})", note)
    return figure


def shown_region(ellipses: pd.DataFrame, roi: float) -> float:
    """The region asked for, or the wider one in which most variants have an ellipse; of equals the narrowest."""
    fitted = ellipses[plane.is_fitted(ellipses) & (ellipses["roi"] >= roi - 1e-9)]
    counts = fitted.groupby("roi").size()
    return float(counts.idxmax()) if len(counts) else roi


def _ellipses(axes: Axes, fitted: pd.DataFrame, colours: dict[str, str], pair: Pair) -> None:
    """Draw all ellipses in one plane; the dense one broad and beneath, so that one that has not moved still shows."""
    axes.grid()
    axes.set(xlabel=pair.second.title, ylabel=pair.first.title)
    corners = []
    for _, row in fitted.iterrows():
        colour, dense = colours[row["variant"]], row["variant"] == "dense"
        patch = plane.ellipse_patch(row, pair, edgecolor=colour, linewidth=3.4 if dense else 1.6, zorder=5 - dense)
        patch.set_linestyle(line_style(row["method"]))
        axes.add_patch(patch)
        corners.append(patch.get_patch_transform().transform(patch.get_path().vertices))
        axes.plot(
            *plane.centre(row, pair),
            marker="o",
            ms=10 if dense else 6,
            mfc=colour,
            mec=style.PAPER,
            mew=1,
            zorder=7 - dense,
        )
    points = np.vstack(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    # True to lengths in the plane: the narrower side is widened to the panel's shape.
    span = 1.14 * np.maximum(high - low, 0.3 if pair.in_decades else 1.5)
    span = np.maximum(span, [span[1] * SHAPE, span[0] / SHAPE])
    (left, bottom), (right, top) = (low + high - span) / 2, (low + high + span) / 2
    plane.value_axes(axes, (left, right, bottom, top), pair)
    axes.set_aspect("equal")


def line_style(method: str) -> Literal["-", "--"]:
    """Methods differ in line style too, for readers who cannot tell the colours."""
    return "--" if method == "non_uniform" else "-"


def _risks(axes: Axes, risk: pd.DataFrame, variants: Mapping[str, Variant], colours: dict[str, str]) -> None:
    table = risk.drop_duplicates("variant").set_index("variant")
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="Mean risk (points)", ylim=(len(variants) - 0.4, -0.6))
    axes.set_yticks(range(len(variants)), [names.panel_title(variant, width=36) for variant in variants.values()])
    own = float(table["d_mean"].get("dense", np.nan))
    reach = 0.5
    for place, variant in enumerate(variants):
        mean = float(table["d_mean"].get(variant, np.nan))
        if not np.isfinite(mean):
            axes.text(0, place, " not measured", va="center", color=style.MUTED)
            continue
        axes.barh(place, mean, height=0.56, color=colours[variant])
        words = f"{mean:.2f}" if variant == "dense" or not own > 0 else f"{mean:.2f}  ({mean / own:.1f} ×)"
        axes.annotate(
            words, (mean, place), xytext=(6, 0), textcoords="offset points", va="center", zorder=5,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
        reach = max(reach, mean)
    axes.set_xlim(0, 1.32 * reach)
    if np.isfinite(own):
        axes.axvline(own, color=style.INK, lw=1, ls=":", zorder=3)
        handle = Line2D([], [], color=style.INK, lw=1, ls=":", label="the dense network's own risk (1 ×)")
        axes.legend(handles=[handle], loc="upper left", bbox_to_anchor=(-0.01, -0.13), borderaxespad=0)
