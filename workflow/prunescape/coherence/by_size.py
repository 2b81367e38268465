"""Effects of masks by size, which is the width of networks or how large the parent is: no mean is taken over sizes.

Networks that do not learn are told apart: those whose training accuracy, a mean over seeds, is less than `LEARNT` of
the way from guessing to no mistake. Their validation accuracy is what it is, but their generalisation gap says nothing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import in_brackets
from prunescape.coherence.labels import FIXED, MASKS, NONE, WIDE, of_mask

LEARNT = 1 / 3  # of the way from guessing to no mistake on training images
# By experiment: what sizes are called, and one of them.
WORDS = {WIDE: ("width", "at width {}"), FIXED: ("the parent's size", "from a parent {} times as large")}


def learnt_from(classes: int) -> float:
    """The training accuracy, in percent, from which on a network of so many classes has learnt."""
    chance = 100 / classes
    return chance + LEARNT * (100 - chance)


def number(size: float) -> str:
    """A size in words: whole numbers from a hundred on, else three digits."""
    return f"{size:,.0f}" if size >= 100 else f"{size:.3g}"


def with_sizes(children: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """A copy with `size`: the width in `wide`, the parent's multiple of the parameters in `fixed`, elsewhere 1.

    In `fixed` all masks are compared with one dense network, which stands at each of their sizes.
    """
    if experiment == WIDE:
        return children.assign(size=children["width"])
    if experiment == FIXED:
        sparse = children[children["score"] != NONE]
        sparse = sparse.assign(size=sparse["parent_parameters"] / sparse["parameters"])
        dense = children[children["score"] == NONE].merge(sparse[["size"]].drop_duplicates(), how="cross")
        return pd.concat([dense, sparse], ignore_index=True)
    return children.assign(size=1.0)


def by_size(part: pd.DataFrame, mask: tuple[str, str], value: str) -> pd.DataFrame:
    """A value of the networks with a mask: a row a seed, a column a size.

    Args:
        part: rows of one experiment and scope, with `size`.
        mask: score and end.
        value: a column.
    """
    # As pivot_table does, in a fifth of its time; claims ask hundreds of times.
    return of_mask(part, *mask).groupby(["seed", "size"])[value].mean().dropna().unstack()


def unlearnt(part: pd.DataFrame, bound: float, *masks: tuple[str, str], every: bool = False) -> pd.Series:
    """The lowest training accuracy of these networks (percent), by size, of sizes at which one has not learnt.

    Args:
        part: see `by_size`.
        bound: see `learnt_from`.
        masks: score and end; the dense network's are `NONE` and "".
        every: of sizes at which none has learnt, and the highest accuracy.
    """
    means = pd.concat([by_size(part, mask, "train_top1").mean() for mask in masks], axis=1)
    told = means.max(axis=1) if every else means.min(axis=1)
    return told[told < bound].astype(float)


def failed(part: pd.DataFrame, bound: float, size: float | None, *masks: tuple[str, str]) -> str:
    """The trainings that answer nothing, in words: those that diverged, or collapsed where the others learn.

    Args:
        part, bound, masks: see `unlearnt`.
        size: the one that is asked about; None, all of them.
    """
    told = []
    for mask in masks:
        own = of_mask(part, *mask)
        for _, rows in own[own["size"].eq(size) | (size is None)].groupby("size"):
            lost = rows["validation_top1"].isna()
            if rows["train_top1"].mean() >= bound:
                lost |= rows["train_top1"] < bound
            told += [f"{MASKS[mask]}, seed {seed}" for seed in sorted(set(rows.loc[lost, "seed"]))]
    return "; ".join(dict.fromkeys(told))


def turns(means: pd.Series) -> list[float]:
    """The sizes at which means over size change their sign, between neighbours on a line over the size's logarithm."""
    known = means.dropna().sort_index()
    sizes, values = np.log2(known.index.to_numpy(dtype=float)), known.to_numpy(dtype=float)
    places = []
    for left in range(len(sizes) - 1):
        low, high = values[left], values[left + 1]
        if low * high < 0:
            places.append(float(2 ** (sizes[left] + (sizes[left + 1] - sizes[left]) * low / (low - high))))
    return places


def listing(gains: pd.DataFrame, experiment: str, without: Sequence[float] = ()) -> str:
    """The gains at each size in words, with their intervals, and where their sign turns; "" of a single size.

    Args:
        gains: a row a seed, a column a size.
        experiment: tells what sizes are.
        without: sizes at which networks do not learn, whose signs do not count.
    """
    rows = {size: of_seeds("gain", gains[size].dropna()) for size in gains if gains[size].notna().any()}
    if len(rows) < 2:
        return ""
    each = [f"{number(size)}: {row['gain']:+.1f}{in_brackets('gain', row)}" for size, row in rows.items()]
    learnt = gains.drop(columns=[size for size in without if size in gains])
    places = [number(place) for place in turns(learnt.mean())]
    turn = f"the sign turns at about {' and '.join(places)}" if places else "the sign is the same throughout"
    if learnt.shape[1] < 2:
        turn = "at fewer than two of them networks learn"
    return f" By {WORDS[experiment][0]}: {', '.join(each)}; {turn}."


def named(without: pd.Series, experiment: str) -> str:
    """The sizes at which networks do not learn, in words; "" where all do."""
    if without.empty:
        return ""
    if experiment not in WORDS:
        return f" The network has not learnt, with {without.iloc[0]:.0f} % of training images."
    at = ", ".join(f"{WORDS[experiment][1].format(number(size))} ({top1:.0f} %)" for size, top1 in without.items())
    return f" Not learnt, by training accuracy: {at}."


def asked_at(gains: pd.DataFrame, experiment: str) -> float:
    """The size that is decided upon: the largest width, or the smallest parent, whatever comes of it."""
    return float(min(gains.columns) if experiment == FIXED else max(gains.columns))
