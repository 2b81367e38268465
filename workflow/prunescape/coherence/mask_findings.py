"""The findings on masks: the thesis' chapters 5 and 6, and of its open questions (7.2) that on layer densities."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from prunescape.answers import (
    ABOVE,
    BELOW,
    EQUAL,
    IF_EQUAL,
    decided,
    how_many_above,
    judged,
    of_seeds,
    shown,
    verdict,
)
from prunescape.coherence.growth import Finding, with_size
from prunescape.coherence.labels import (
    BEST,
    DIFF,
    FIXED,
    MAGNITUDE,
    MASKS,
    NETWORK,
    NONE,
    RANDOM,
    SCOPES,
    WIDE,
    WORST,
    in_scope,
    labelled,
    of_mask,
    scopes_of,
    with_gap,
)

# Masks that are asked about, with their words within a sentence.
ASKED = {(DIFF, BEST): "diff", (MAGNITUDE, BEST): "magnitude", (RANDOM, ""): "random"}
# Pairs that are compared: what is asked, the one and the other.
PAIRS = (
    ("Are diff masks better than random ones", (DIFF, BEST), (RANDOM, "")),
    ("Are magnitude masks better than random ones", (MAGNITUDE, BEST), (RANDOM, "")),
    ("Are diff masks better than magnitude masks", (DIFF, BEST), (MAGNITUDE, BEST)),
    ("Are the largest diffs a better mask than the smallest", (DIFF, BEST), (DIFF, WORST)),
    ("Are the largest magnitudes a better mask than the smallest", (MAGNITUDE, BEST), (MAGNITUDE, WORST)),
)


def answers(tolerance: float) -> dict[str, list[Callable[[pd.DataFrame], list[Finding]]]]:
    """By table, the functions that answer from a model's rows of it.

    Args:
        tolerance: points by which accuracies may differ and count as equal.
    """
    return {
        "children": [_against_dense, _generalise, _compared, _larger_parents],
        "matched": [lambda table: _matched(table, tolerance)],
    }


def _parts(children: pd.DataFrame, *experiments: str) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each scope of these experiments, with its words; networks of no scope belong to each."""
    table = with_gap(labelled(children[children["experiment"].isin(experiments)]))
    if "width" not in table:  # where no fully connected networks are trained
        table = table.assign(width=np.nan)
    return [(SCOPES[scope], in_scope(table, scope)) for scope in scopes_of(table)]


def _mean(part: pd.DataFrame, mask: tuple[str, str], value: str = "validation_top1") -> pd.Series:
    """A mask's mean over widths, by seed."""
    return of_mask(part, *mask).groupby("seed")[value].mean()


def _sized(part: pd.DataFrame) -> str:
    """How many widths a mean is taken over."""
    widths = part["width"].nunique()
    return f", means over {widths} widths" if widths > 1 else ""


def _against_dense(children: pd.DataFrame) -> list[Finding]:
    """Does a sparse network beat a dense one, in MLPs one of as many weights (thesis, Fig. 5.1; Tables 6.1 to 6.6)?"""
    found = []
    for experiment, dense in ((WIDE, "a dense one of as many weights"), (NETWORK, "the dense one")):
        question = f"Is a network with a {{}} mask ({{}}) better than {dense}?"
        topic = f"Is a masked network better than {dense}?"
        found += _to_dense(children, experiment, (question, topic), "validation_top1", "% of validation images", 1)
    return found


def _generalise(children: pd.DataFrame) -> list[Finding]:
    """Is the generalisation gap of sparse networks smaller (thesis, Fig. 5.2)?"""
    question = "Is the generalisation gap smaller with a {} mask ({}) than in a dense network of as many weights?"
    topic = "Is the generalisation gap smaller with a mask than in a dense network of as many weights?"
    return _to_dense(children, WIDE, (question, topic), "gap", "points", -1)


def _to_dense(
    children: pd.DataFrame, experiment: str, asked: tuple[str, str], value: str, unit: str, sign: int
) -> list[Finding]:
    """How much better a value is than the dense network's of the same seed and width; less is, where sign is -1."""
    found = []
    for scope, part in _parts(children, experiment):
        values = part.assign(width=part["width"].fillna(0)).groupby(["score", "end", "seed", "width"])[value].mean()
        if NONE not in values.index:
            continue
        dense = values.loc[NONE, ""]
        for mask, name in ASKED.items():
            own = values.loc[mask] if mask in values.index.droplevel(["seed", "width"]) else dense.iloc[:0]
            gain = (sign * (own - dense)).dropna()
            if gain.empty:
                continue
            row = of_seeds("gain", gain.groupby(level="seed").mean())
            words = f"{shown('gain', row)} {'less' if sign < 0 else ''}".rstrip()
            found.append(
                {
                    "question": asked[0].format(name, scope),
                    "topic": asked[1],
                    "case": f"{name}, {scope}",
                    "answer": f"{verdict('gain', row)}: {own.mean():.1f} against {dense.mean():.1f} {unit},"
                    f" {words}{_sized(part)}{_widths_above(gain)}.",
                    **judged("gain", row, 1, " points less" if sign < 0 else " points"),
                    "value": value,
                    **row,
                }
            )
    return found


def _widths_above(gain: pd.Series) -> str:
    """At how many widths the interval is above zero."""
    rows = [of_seeds("gain", part) for _, part in gain.groupby(level="width")]
    if len(rows) < 2:
        return ""
    return f"; {how_many_above('gain', rows, 'widths')}"


def _compared(children: pd.DataFrame) -> list[Finding]:
    """Diff, random and magnitude masks, and the best against the worst (thesis, 5.3, Tables 6.1 to 6.6, 7.2)."""
    found = []
    for experiment in (WIDE, NETWORK):
        for scope, part in _parts(children, experiment):
            for question, one, other in PAIRS:
                first, second = _mean(part, one), _mean(part, other)
                more = (first - second).dropna()
                if more.empty:
                    continue
                row = of_seeds("more", more)
                found.append(
                    {
                        "question": f"{question} ({scope})?",
                        "topic": f"{question}?",
                        "case": scope,
                        "answer": f"{verdict('more', row)}: {first.mean():.1f} % against {second.mean():.1f} %,"
                        f" {shown('more', row)}{_sized(part)}.",
                        **judged("more", row),
                        **row,
                    }
                )
    return found


def _larger_parents(children: pd.DataFrame) -> list[Finding]:
    """Does a larger parent make a better child of the same size (thesis, Fig. 5.3)?"""
    found = []
    for scope, part in _parts(children, FIXED):
        for mask, name in ASKED.items():
            own = of_mask(part, *mask).pivot_table(index="seed", columns="parent_parameters", values="validation_top1")
            question = f"Does a {name} mask ({scope}) of fixed size get better with the size of its parent?"
            about = {
                "topic": "Does a mask of fixed size get better with its parent's size?",
                "case": f"{name}, {scope}",
            }
            grown = with_size(question, "validation accuracy", own, "the parent's parameters")
            found += [{**finding, **about} for finding in grown]
    return found


def _matched(table: pd.DataFrame, tolerance: float) -> list[Finding]:
    """Is a random mask as good once layer densities are matched (thesis, 7.2)?"""
    table, found = labelled(table), []
    for scope in scopes_of(table):
        for mask, name in MASKS.items():
            own = of_mask(in_scope(table, scope), *mask)
            values = own.pivot_table(index="seed", columns="matched", values="validation_top1")
            if not {False, True} <= set(values) or values.dropna().empty:
                continue
            values = values.dropna()
            row = of_seeds("more", values[False] - values[True])
            sure = decided("more", row, tolerance)
            word = {EQUAL: "Yes", ABOVE: "No", BELOW: "Yes, it is better"}.get(sure, "Not decided")
            where = f" ({SCOPES[scope]})" if len(scopes_of(table)) > 1 else ""
            found.append(
                {
                    "question": f"Is a random mask with the layer densities of the {name} one{where} as good?",
                    "answer": f"{word}: the mask itself gives {values[False].mean():.1f} % of validation images, the"
                    f" random one {values[True].mean():.1f} %; the mask is {shown('more', row)} better.",
                    "topic": "Is a random mask with the same layer densities as good?",
                    "case": f"{name}{where}",
                    **judged("more", row, 1, " points for the mask", tolerance=tolerance, outcomes=IF_EQUAL),
                    **row,
                }
            )
    return found
