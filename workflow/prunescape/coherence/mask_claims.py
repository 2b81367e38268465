"""The claims on masks: the thesis' chapters 5 and 6, and of its open questions (7.2) that on layer densities."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ABOVE, BELOW, CANNOT, EQUAL, IF_EQUAL, OPEN, decided, shown
from prunescape.coherence.asked import Answer, answer_of, is_core, judged_unless, named_failed, verdict_unless
from prunescape.coherence.by_size import (
    WORDS,
    asked_at,
    by_size,
    failed,
    listing,
    named,
    number,
    turns,
    unlearnt,
    with_sizes,
)
from prunescape.coherence.growth import with_size
from prunescape.coherence.labels import (
    BEST,
    DIFF,
    FIXED,
    MAGNITUDE,
    MASKS,
    NETWORK,
    NONE,
    OTHER_SCORES,
    RANDOM,
    SCOPES,
    WIDE,
    WORST,
    in_scope,
    labelled,
    of_first_initialisation,
    of_mask,
    scopes_of,
    with_gap,
)
from prunescape.coherence.tables import TABLES, table_6

# Masks that are asked about, with their words within a sentence.
ASKED = {(DIFF, BEST): "diff", (MAGNITUDE, BEST): "magnitude", (RANDOM, ""): "random"}
OF_WIDE, OF_FIXED = "Yauney 2024, Fig. 5.1", "Yauney 2024, Fig. 5.3"
OF_NETWORK = "Yauney 2024, Figs. 6.1, 6.2, 6.5 and 6.6"


def _pair(key: str, text: str, statement: str, source: str = f"{OF_WIDE}; Figs. 6.1, 6.2, 6.5 and 6.6") -> Estimand:
    quantity = "validation accuracy of the first minus the second mask's"
    return Estimand(key, f"{text}?", source, statement, quantity, smallest=2.0, unit=" points")


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
            "magnitude_over_diff",
            "Are magnitude masks better than diff masks",
            "Masks of the largest magnitudes give better networks than masks of the largest diffs.",
            f"{OF_WIDE}; Figs. 6.1 and 6.5; section 7.1, by which a ViT is the other way round",
        ),
        (MAGNITUDE, BEST),
        (DIFF, BEST),
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
_GAIN = "validation accuracy with the mask minus that of the dense network"
OF_GRADIENTS = tuple(
    (
        _pair(
            f"{score}_over_diff",
            f"Are masks by {words} better than diff masks",
            f"Masks of the largest weights by {words} give better networks than masks of the largest diffs.",
            "beyond Yauney 2024, sections 3.1 and 5.1",
        ),
        (score, BEST),
        (DIFF, BEST),
    )
    for score, words in OTHER_SCORES.items()
)
TO_DENSE = {
    WIDE: Estimand(
        "masked_over_dense_of_as_many_weights",
        "Is a masked network better than a dense one of as many weights, at the largest width?",
        OF_WIDE,
        "At the largest width, a network with a mask is better than a dense one of as many weights.",
        _GAIN,
        smallest=2.0,
        unit=" points",
    ),
    FIXED: Estimand(
        "masked_over_dense_of_its_size",
        "Is a masked network of fixed size better than the dense one of that size, with the smallest parent?",
        OF_FIXED,
        "A mask of the smallest parent gives a better network than the dense one of as many weights.",
        _GAIN,
        smallest=2.0,
        unit=" points",
    ),
    NETWORK: Estimand(
        "masked_over_dense",
        "Is a masked network better than the dense one?",
        OF_NETWORK,
        "A network with a mask is better than the dense one.",
        _GAIN,
        smallest=2.0,
        unit=" points",
    ),
}
GAIN_WITH_WIDTH = Estimand(
    "gain_with_width",
    "Does the gain of masked networks over dense ones of as many weights grow with width?",
    OF_WIDE,
    "The wider the network, the more a mask gains over a dense network of as many weights.",
    "change of the gain in validation accuracy with each doubling of width",
    smallest=1.0,
    unit=" points",
    lowest=-inf,  # a slope
    highest=inf,
)
GAP = Estimand(
    "masked_gap_smaller",
    "Is the generalisation gap smaller with a mask than in a dense network of as many weights, at the largest width?",
    "Yauney 2024, Fig. 5.2",
    "At the largest width, the generalisation gap is smaller with a mask than in a dense network of as many weights.",
    "generalisation gap of the dense network minus that with the mask, where both learn",
    smallest=2.0,
    unit=" points",
)
LARGER_PARENTS = Estimand(
    "larger_parents",
    "Does a mask of fixed size get better with its parent's size?",
    OF_FIXED,
    "Of masks of one size, those from larger parents give better networks.",
    "change of validation accuracy with each doubling of the parent's parameters",
    smallest=1.0,
    unit=" points",
    lowest=-inf,  # a slope
    highest=inf,
)
MATCHED = Estimand(
    "matched_random",
    "Is a random mask with the same layer densities as good?",
    "Yauney 2024, section 7.2, an open question",
    "A random mask with the same layer densities is as good as the mask itself.",
    "validation accuracy of the mask minus that of the random one",
    smallest=2.0,
    unit=" points",
)


def answers(tolerance: float, data: str, bound: float) -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it.

    Args:
        tolerance: points by which accuracies may differ and count as equal.
        data: the data set's name, of which there may be published numbers.
        bound: see `prunescape.coherence.by_size.learnt_from`.
    """
    return {
        "children": [
            lambda table, asking: _against_dense(table, asking, bound, published_top1(table, data)),
            lambda table, asking: _generalise(table, asking, bound),
            lambda table, asking: _compared(table, asking, bound, published_top1(table, data)),
            lambda table, asking: _larger_parents(table, asking, bound),
        ],
        "matched": [lambda table, asking: _matched(table, asking, tolerance)],
    }


Published = Callable[[Sequence[str], tuple[str, str]], float]


def published_top1(children: pd.DataFrame, data: str) -> Published:
    """The accuracy that the thesis prints for scopes (see `different`) and a mask; NaN where it has another setting.

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
    return lambda scopes, mask: next((by_mask[scope, mask] for scope in scopes if (scope, mask) in by_mask), np.nan)


def _parts(children: pd.DataFrame, experiment: str) -> dict[str, pd.DataFrame]:
    """The rows of each scope of an experiment, by its words; networks of no scope belong to each."""
    table = with_gap(labelled(of_first_initialisation(children[children["experiment"] == experiment])))
    table = table.reindex(columns=[*table.columns.union(["width", "parent_parameters"], sort=False)])
    return {SCOPES[scope]: with_sizes(in_scope(table, scope), experiment) for scope in scopes_of(table)}


def different(
    parts: Mapping[str, pd.DataFrame], *masks: tuple[str, str]
) -> list[tuple[str, tuple[str, ...], pd.DataFrame]]:
    """The parts in which networks with these masks differ: words as `global and local`, their scopes, and the rows.

    One network may be of several scopes, as one with a random mask is, with a floor or without; it answers once.

    Args:
        parts: rows with validation_loss and others, by the words of their scope.
        masks: score and end of those that are compared.
    """
    found: dict[bytes, tuple[list[str], pd.DataFrame]] = {}
    for scope, part in parts.items():
        own = pd.concat([of_mask(part, *mask) for mask in masks]).drop(columns="scope")
        same = pd.util.hash_pandas_object(own.sort_values([*own]), index=False).to_numpy().tobytes()
        found.setdefault(same, ([], part))[0].append(scope)
    return [(" and ".join(scopes), tuple(scopes), part) for scopes, part in found.values()]


def _against_dense(children: pd.DataFrame, asking: Asking, bound: float, printed: Published) -> list[Claim]:
    texts = {
        WIDE: "Is a network with a {} mask ({}) better than a dense one of as many weights, at the largest width?",
        FIXED: "Is a network with a {} mask ({}) of the smallest parent better than the dense one of its size?",
        NETWORK: "Is a network with a {} mask ({}) better than the dense one?",
    }
    stated = []
    for experiment, text in texts.items():
        parts = _parts(children, experiment)
        for mask, name in ASKED.items():
            for scope, scopes, part in different(parts, mask):
                own, dense = (by_size(part, one, "validation_top1") for one in (mask, (NONE, "")))
                gains = (own - dense).dropna(how="all").dropna(axis=1, how="all")
                if gains.empty:
                    continue
                without = unlearnt(part, bound, mask, (NONE, ""))
                case, theirs = f"{name}, {scope}", printed(scopes, mask) - printed(scopes, (NONE, ""))
                told: dict[str, Any] = {
                    "question": text.format(name, scope),
                    "case": case,
                    "published": theirs if experiment == NETWORK else None,
                    "published_in": OF_NETWORK,
                }
                stated.append(
                    _accuracies_compared(
                        TO_DENSE[experiment], asking, "gain", part, bound, (mask, (NONE, "")), experiment, told
                    )
                )
                if experiment == WIDE:
                    stated += with_size(
                        GAIN_WITH_WIDTH,
                        asking,
                        "the gain over the dense network",
                        gains,
                        "width",
                        question=f"Does the gain of a {name} mask ({scope}) grow with width?",
                        case=case,
                        without=without,
                        blocked=failed(part, bound, None, mask, (NONE, "")),
                    )
    return stated


def _accuracies_compared(
    asked: Estimand,
    asking: Asking,
    name: str,
    part: pd.DataFrame,
    bound: float,
    masks: tuple[tuple[str, str], tuple[str, str]],
    experiment: str,
    told: dict[str, Any],
) -> Claim:
    """The claim that the networks with the first of two masks have the higher validation accuracy.

    Where neither has learnt at the size that is decided upon, it cannot be asked; a training that diverged, or a dense
    network that collapsed where others learn, blocks a decision.

    Args:
        asked, asking: the question, and the network.
        name: of the difference.
        part: rows of one experiment and scope, with `size`.
        bound: see `unlearnt`.
        masks: of both, score and end.
        experiment: tells what sizes are.
        told: what `Question.answered` takes, too.
    """
    own, other = (by_size(part, mask, "validation_top1") for mask in masks)
    more = (own - other).dropna(how="all").dropna(axis=1, how="all")
    size, without = asked_at(more, experiment), unlearnt(part, bound, *masks)
    numbers = _by_size(more, without)
    if size in unlearnt(part, bound, *masks, every=True).index:
        where = _where(experiment, size)
        why = f"Not known: {where}neither network has learnt.{named(without, experiment)}"
        return asking.answered(asked, why, None, {"core": is_core(asked), **numbers}, outcome=CANNOT, **told)
    row, blocked = answer_of(asking, asked, name, more[size].dropna()), failed(part, bound, size, *masks)
    return asking.answered(
        asked,
        f"{verdict_unless(blocked, name, row)}: {_where(experiment, size)}{own[size].mean():.1f} against"
        f" {other[size].mean():.1f} % of validation images, {shown(name, row)}."
        f"{listing(more, experiment, without.index)}{named(without, experiment)}{named_failed(blocked)}",
        judged_unless(blocked, name, row),
        {**numbers, **row},
        **told,
    )


def _where(experiment: str, size: float) -> str:
    """The size that is asked about, before numbers."""
    return f"{WORDS[experiment][1].format(number(size))}, " if experiment in WORDS else ""


def _by_size(gains: pd.DataFrame, without: pd.Series) -> dict[str, Any]:
    """Mean gains by size, the sizes where their sign turns, and those where networks have not learnt."""
    learnt = gains.drop(columns=without.index, errors="ignore")
    means = {f"{size:g}": float(mean) for size, mean in gains.mean().items()}
    return {"by_size": means, "turns": turns(learnt.mean()), "unlearnt": [float(size) for size in without.index]}


def _generalise(children: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    stated = []
    parts = _parts(children, WIDE)
    for mask, name in ASKED.items():
        for scope, _, part in different(parts, mask):
            values = {
                value: (by_size(part, mask, value), by_size(part, (NONE, ""), value))
                for value in ("gap", "train_top1", "validation_top1")
            }
            own, dense = values["gap"]
            less = (dense - own).dropna(how="all").dropna(axis=1, how="all")
            if less.empty:
                continue
            size, without = asked_at(less, WIDE), unlearnt(part, bound, mask, (NONE, ""))
            told: dict[str, Any] = {
                "question": f"Is the generalisation gap smaller with a {name} mask ({scope}) than in a dense network"
                " of as many weights, at the largest width?",
                "case": f"{name}, {scope}",
            }
            numbers = _by_size(less, without)
            if size in without.index:
                why = f"Not known: at width {number(size)} not both networks have learnt, so that gaps say nothing."
                why += named(without, WIDE)
                numbers = {"core": is_core(GAP), **numbers}
                stated.append(asking.answered(GAP, why, None, numbers, outcome=CANNOT, **told))
                continue
            row = answer_of(asking, GAP, "gain", less[size].dropna())
            blocked = failed(part, bound, size, mask, (NONE, ""))
            accuracies = [
                f"{words} accuracy {values[name][0][size].mean():.1f} against {values[name][1][size].mean():.1f} %"
                for name, words in (("validation_top1", "validation"), ("train_top1", "training"))
            ]
            stated.append(
                asking.answered(
                    GAP,
                    f"{verdict_unless(blocked, 'gain', row)}: at width {number(size)}, {own[size].mean():.1f} against"
                    f" {dense[size].mean():.1f} points; dense minus masked it is {shown('gain', row)}, with"
                    f" {' and '.join(accuracies)}."
                    f"{listing(less.drop(columns=without.index, errors='ignore'), WIDE)}{named(without, WIDE)}"
                    f"{named_failed(blocked)}",
                    judged_unless(blocked, "gain", row),
                    numbers={**numbers, **row},
                    **told,
                )
            )
    return stated


def _compared(children: pd.DataFrame, asking: Asking, bound: float, printed: Published) -> list[Claim]:
    stated = []
    for experiment in (WIDE, NETWORK):
        parts = _parts(children, experiment)
        for asked, one, other in (*PAIRS, *OF_GRADIENTS):
            for scope, scopes, part in different(parts, one, other):
                first, second = (by_size(part, mask, "validation_top1") for mask in (one, other))
                more = (first - second).dropna(how="all").dropna(axis=1, how="all")
                if more.empty:
                    continue
                told: dict[str, Any] = {
                    "question": f"{asked.text[:-1]} ({scope})?",
                    "case": scope,
                    "published": printed(scopes, one) - printed(scopes, other) if experiment == NETWORK else None,
                    "published_in": OF_NETWORK,
                }
                stated.append(_accuracies_compared(asked, asking, "more", part, bound, (one, other), experiment, told))
    return stated


def _larger_parents(children: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    stated = []
    parts = _parts(children, FIXED)
    for mask, name in ASKED.items():
        for scope, _, part in different(parts, mask):
            known = of_mask(part, *mask)
            own = known.pivot_table(index="seed", columns="parent_parameters", values="validation_top1")
            tops = known.groupby("parent_parameters")["train_top1"].mean()
            question = f"Does a {name} mask ({scope}) of fixed size get better with the size of its parent?"
            stated += with_size(
                LARGER_PARENTS,
                asking,
                "validation accuracy",
                own,
                "the parent's parameters",
                question=question,
                case=f"{name}, {scope}",
                without=tops[tops < bound],
                blocked=failed(part, bound, None, mask),
            )
    return stated


def _matched(table: pd.DataFrame, asking: Asking, tolerance: float) -> list[Claim]:
    table, stated = labelled(table), []
    parts = {SCOPES[scope]: in_scope(table, scope) for scope in scopes_of(table)}
    for mask, name in MASKS.items():
        for scope, _, part in different(parts, mask):
            own = of_mask(part, *mask)
            values = own.pivot_table(index="seed", columns="matched", values="validation_top1")
            if not {False, True} <= set(values) or values.dropna().empty:
                continue
            values = values.dropna()
            lost = sorted(set(own.loc[own["validation_top1"].isna(), "seed"]))
            blocked = f"{name}, seed {', '.join(map(str, lost))}" if lost else ""
            row = answer_of(asking, MATCHED, "more", values[False] - values[True])
            sure = OPEN if blocked else decided("more", row, tolerance)
            word = {EQUAL: "Yes", ABOVE: "No", BELOW: "Yes, it is better"}.get(sure, "Not decided")
            where = f" ({scope})" if len(parts) > 1 else ""
            stated.append(
                asking.answered(
                    MATCHED,
                    f"{word}: the mask itself gives {values[False].mean():.1f} % of validation images, the"
                    f" random one {values[True].mean():.1f} %; the difference is {shown('more', row)}."
                    f"{named_failed(blocked)}",
                    judged_unless(blocked, "more", row, tolerance=tolerance, outcomes=IF_EQUAL),
                    question=f"Is a random mask with the layer densities of the {name} one{where} as good?",
                    case=f"{name}{where}",
                    key=f"{name}, {scope}",
                    numbers=row,
                )
            )
    return stated
