"""The claims on masks: the thesis' chapters 5 and 6, and of its open questions (7.2) that on layer densities."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import ABOVE, BELOW, EQUAL, IF_EQUAL, decided, how_many_above, judged, shown, verdict
from prunescape.claims.study import Answer
from prunescape.coherence.growth import with_size
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
from prunescape.coherence.tables import TABLES, table_6

# Masks that are asked about, with their words within a sentence.
ASKED = {(DIFF, BEST): "diff", (MAGNITUDE, BEST): "magnitude", (RANDOM, ""): "random"}
OF_WIDE, OF_NETWORK = "Yauney 2024, Fig. 5.1", "Yauney 2024, Figs. 6.1, 6.2, 6.5 and 6.6"


def _pair(key: str, text: str, statement: str, source: str = f"{OF_WIDE}; Figs. 6.1, 6.2, 6.5 and 6.6") -> Question:
    return Question(key, f"{text}?", source, statement, "validation accuracy of the first minus the second mask's")


# Pairs that are compared: what is asked, the one and the other.
PAIRS = (
    (
        _pair(
            "diff_over_random",
            "Are diff masks better than random ones",
            "Masks of the largest diffs give better networks than random masks.",
        ),
        (DIFF, BEST),
        (RANDOM, ""),
    ),
    (
        _pair(
            "magnitude_over_random",
            "Are magnitude masks better than random ones",
            "Masks of the largest magnitudes give better networks than random masks.",
        ),
        (MAGNITUDE, BEST),
        (RANDOM, ""),
    ),
    (
        _pair(
            "diff_over_magnitude",
            "Are diff masks better than magnitude masks",
            "Masks of the largest diffs give better networks than masks of the largest magnitudes.",
        ),
        (DIFF, BEST),
        (MAGNITUDE, BEST),
    ),
    (
        _pair(
            "largest_over_smallest_diffs",
            "Are the largest diffs a better mask than the smallest",
            "Masks of the largest diffs give better networks than masks of the smallest.",
        ),
        (DIFF, BEST),
        (DIFF, WORST),
    ),
    (
        _pair(
            "largest_over_smallest_magnitudes",
            "Are the largest magnitudes a better mask than the smallest",
            "Masks of the largest magnitudes give better networks than masks of the smallest.",
            f"{OF_NETWORK}; section 7.2",
        ),
        (MAGNITUDE, BEST),
        (MAGNITUDE, WORST),
    ),
)
TO_DENSE = {
    WIDE: Question(
        "masked_over_dense_of_as_many_weights",
        "Is a masked network better than a dense one of as many weights?",
        OF_WIDE,
        "A network with a mask is better than a dense one of as many weights.",
        "validation accuracy with the mask minus that of the dense network",
    ),
    NETWORK: Question(
        "masked_over_dense",
        "Is a masked network better than the dense one?",
        OF_NETWORK,
        "A network with a mask is better than the dense one.",
        "validation accuracy with the mask minus that of the dense network",
    ),
}
GAP = Question(
    "masked_gap_smaller",
    "Is the generalisation gap smaller with a mask than in a dense network of as many weights?",
    "Yauney 2024, Fig. 5.2",
    "The generalisation gap is smaller with a mask than in a dense network of as many weights.",
    "generalisation gap of the dense network minus that with the mask",
)
LARGER_PARENTS = Question(
    "larger_parents",
    "Does a mask of fixed size get better with its parent's size?",
    "Yauney 2024, Fig. 5.3",
    "Of masks of one size, those from larger parents give better networks.",
    "change of validation accuracy with each doubling of the parent's parameters",
)
MATCHED = Question(
    "matched_random",
    "Is a random mask with the same layer densities as good?",
    "Yauney 2024, section 7.2, an open question",
    "A random mask with the same layer densities is as good as the mask itself.",
    "validation accuracy of the mask minus that of the random one",
)


def answers(tolerance: float, data: str) -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it.

    Args:
        tolerance: points by which accuracies may differ and count as equal.
        data: the data set's name, of which there may be published numbers.
    """
    return {
        "children": [
            lambda table, about: _against_dense(table, about, published_top1(table, data)),
            _generalise,
            lambda table, about: _compared(table, about, published_top1(table, data)),
            _larger_parents,
        ],
        "matched": [lambda table, about: _matched(table, about, tolerance)],
    }


Published = Callable[[str, tuple[str, str]], float]


def published_top1(children: pd.DataFrame, data: str) -> Published:
    """The accuracy that the thesis prints for a scope (in words) and a mask; NaN where it has another setting.

    Args:
        children: the study's table of masked networks, of one model.
        data: the data set's name.
    """
    by_mask: dict[tuple[str, tuple[str, str]], float] = {}
    for name in TABLES if (children["experiment"] == NETWORK).any() else ():
        table = table_6(children, name, data)
        scopes = {scope for scope in table["scope"] if scope}
        for _, row in table.iterrows():
            for scope in [row["scope"]] if row["scope"] else scopes:  # the dense network belongs to each
                by_mask[SCOPES[scope], (row["score"], row["end"])] = float(row["published_validation_top1"])
    return lambda scope, mask: by_mask.get((scope, mask), np.nan)


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
    """The number of widths that a mean is taken over, in words."""
    widths = part["width"].nunique()
    return f", means over {widths} widths" if widths > 1 else ""


def _against_dense(children: pd.DataFrame, about: About, printed: Published) -> list[Claim]:
    stated = []
    for experiment, dense in ((WIDE, "a dense one of as many weights"), (NETWORK, "the dense one")):
        question = f"Is a network with a {{}} mask ({{}}) better than {dense}?"
        asked = (TO_DENSE[experiment], question)
        stated += _to_dense(children, about, experiment, asked, "validation_top1", "% of validation images", 1, printed)
    return stated


def _generalise(children: pd.DataFrame, about: About) -> list[Claim]:
    question = "Is the generalisation gap smaller with a {} mask ({}) than in a dense network of as many weights?"
    return _to_dense(children, about, WIDE, (GAP, question), "gap", "points", -1)


def _to_dense(
    children: pd.DataFrame,
    about: About,
    experiment: str,
    asked: tuple[Question, str],
    value: str,
    unit: str,
    sign: int,
    printed: Published | None = None,
) -> list[Claim]:
    """Claims on a value's gain over the dense network of the same seed and width; less is better where sign is -1."""
    stated = []
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
            less = " less" if sign < 0 else ""
            stated.append(
                asked[0].answered(
                    about,
                    f"{verdict('gain', row)}: {own.mean():.1f} against {dense.mean():.1f} {unit},"
                    f" {shown('gain', row)}{less}{_sized(part)}{_widths_above(gain)}.",
                    judged("gain", row, after=less),
                    question=asked[1].format(name, scope),
                    case=f"{name}, {scope}",
                    published=printed and printed(scope, mask) - printed(scope, (NONE, "")),
                    published_in=OF_NETWORK,
                    numbers={"value": value, **row},
                )
            )
    return stated


def _widths_above(gain: pd.Series) -> str:
    """At how many widths the interval is above zero."""
    rows = [of_seeds("gain", part) for _, part in gain.groupby(level="width")]
    if len(rows) < 2:
        return ""
    return f"; {how_many_above('gain', rows, 'widths')}"


def _compared(children: pd.DataFrame, about: About, printed: Published) -> list[Claim]:
    stated = []
    for experiment in (WIDE, NETWORK):
        for scope, part in _parts(children, experiment):
            for asked, one, other in PAIRS:
                first, second = _mean(part, one), _mean(part, other)
                more = (first - second).dropna()
                if more.empty:
                    continue
                row = of_seeds("more", more)
                stated.append(
                    asked.answered(
                        about,
                        f"{verdict('more', row)}: {first.mean():.1f} % against {second.mean():.1f} %,"
                        f" {shown('more', row)}{_sized(part)}.",
                        judged("more", row),
                        question=f"{asked.text[:-1]} ({scope})?",
                        case=scope,
                        published=printed(scope, one) - printed(scope, other) if experiment == NETWORK else None,
                        published_in=OF_NETWORK,
                        numbers=row,
                    )
                )
    return stated


def _larger_parents(children: pd.DataFrame, about: About) -> list[Claim]:
    stated = []
    for scope, part in _parts(children, FIXED):
        for mask, name in ASKED.items():
            own = of_mask(part, *mask).pivot_table(index="seed", columns="parent_parameters", values="validation_top1")
            question = f"Does a {name} mask ({scope}) of fixed size get better with the size of its parent?"
            stated += with_size(
                LARGER_PARENTS,
                about,
                "validation accuracy",
                own,
                "the parent's parameters",
                question=question,
                case=f"{name}, {scope}",
            )
    return stated


def _matched(table: pd.DataFrame, about: About, tolerance: float) -> list[Claim]:
    table, stated = labelled(table), []
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
            stated.append(
                MATCHED.answered(
                    about,
                    f"{word}: the mask itself gives {values[False].mean():.1f} % of validation images, the"
                    f" random one {values[True].mean():.1f} %; the mask is {shown('more', row)} better.",
                    judged("more", row, tolerance=tolerance, outcomes=IF_EQUAL, after=" for the mask"),
                    question=f"Is a random mask with the layer densities of the {name} one{where} as good?",
                    case=f"{name}{where}",
                    key=f"{name}, {SCOPES[scope]}",
                    numbers=row,
                )
            )
    return stated
