"""Claims of the study `coherence`: numbers with intervals over seeds, and sentences that follow from them.

Here are the thesis' chapters 2 to 4; `mask_claims` and `timing_claims` have the claims on masks.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand, asked_at
from prunescape.claims.claim import About, Claim
from prunescape.claims.judgement import (
    ABOVE,
    BELOW,
    FAILS,
    HOLDS,
    IF_BELOW,
    NOT_BELOW,
    OPEN,
    UNDECIDED,
    judged,
    shown,
    verdict,
)
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.coherence import (
    initialisation_claims,
    layer_claims,
    mask_claims,
    noise_claims,
    score_claims,
    timing_claims,
    weight_claims,
)
from prunescape.coherence.asked import Answer, answer_of, judged_unless, verdict_unless
from prunescape.coherence.by_size import learnt_from
from prunescape.coherence.by_thesis import answered_by_thesis, ordered
from prunescape.coherence.diff_spread import at_extremes, told
from prunescape.coherence.growth import with_size
from prunescape.coherence.labels import FRESH, GAUSSIAN, HIGHEST, LOWEST, REAL, TRAINED, with_gap

STUDY = "coherence"
MLP = "mlp"  # what the width experiments' networks are called
KINDS = {REAL: "real data", GAUSSIAN: "Gaussian noise"}
NOTE = """Coherence is the squared norm of the mean gradient over the mean squared norm of the samples' gradients, from
0 to 1; N orthogonal gradients have 1/N. A weight's diff is the mean sign of its gradients, from -1 to 1; what random
signs would give, of as many gradients that are not zero, is taken off its size. A mask keeps the weights of the largest
("best") or smallest ("worst") scores, which are |diff|, magnitude or drawn at random; the network is then trained again
from a fresh initialisation. Scores are ranked over all layers ("global"), over all layers with a part of each kept for
sure ("with a floor"), or within each layer ("local"). Numbers are means over seeds, with intervals over seeds. An
interval that contains zero decides nothing, unless it lies within {tolerance:g} points of it where things may be called
equal. The level of {level:g} in each direction is split over all answers, four fifths over the
{core} to the core questions (seven of the thesis' section 7.1), the rest over the {others} others: intervals that
decide are at {confidence_core:.5g} % and {confidence_other:.5g} %; those in lists by size or epoch are at 95 %, and
decide nothing. Questions and margins stand in the code, whatever the seeds; whether settings were chosen with other
seeds, the config tells."""

ON_REAL = Estimand(
    "real_above_noise",
    "Is coherence higher on real data than on Gaussian noise?",
    "Yauney 2024, Figs. 2.1 and 2.2",
    "Coherence is higher while a network learns real data than while it learns Gaussian noise.",
    "highest coherence after any epoch, real data minus noise",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
)
FROM_TRAINED = Estimand(
    "real_above_noise_from_trained",
    "Is it so too where training on noise starts from weights trained on real data?",
    "Yauney 2024, Fig. 2.4",
    "Coherence is higher on real data also where training on noise starts from weights trained on real data.",
    "highest coherence after any epoch, real data minus noise",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
)
LARGE = Estimand(
    "diffs_large_with_coherence",
    "Are diffs larger where coherence is high?",
    "Yauney 2024, Figs. 3.1 and 3.2",
    "Diffs are larger after the epoch of the highest coherence than after that of the lowest.",
    "mean |diff| beyond that of random signs, at the highest minus at the lowest coherence",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
)
NEAR = 0.01  # mean |diff| up to which it counts as no smaller
ON_NOISE = Estimand(
    "diffs_as_large_on_noise",
    "Are diffs on Gaussian noise as large as on real data, though coherence is not?",
    "Yauney 2024, sections 3.2, 7.1 and 7.2",
    f"At the highest coherence, diffs on Gaussian noise are not smaller than on real data by more than {NEAR:g}.",
    "mean |diff| beyond that of random signs, on noise minus on real data",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
    margin=f"-{NEAR:g}, and 0 for smaller ones",
)
IF_AS_LARGE = {ABOVE: HOLDS, NOT_BELOW: HOLDS, BELOW: FAILS, OPEN: UNDECIDED}
LATER = Estimand(
    "coherence_later_higher_on_noise",
    "Is coherence higher on Gaussian noise where training on real data ends?",
    "Yauney 2024, section 2.1, where coherence peaks later on random data",
    "After the last epoch on real data, coherence is higher in the training on Gaussian noise, which still learns, than"
    " in that on real data.",
    "coherence after the last epoch on real data, noise minus real data",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
)
WITH_EPOCHS = Estimand(
    "diffs_follow_coherence_over_epochs",
    "Are diffs larger after epochs of higher coherence, over the whole training?",
    "Yauney 2024, Figs. 3.1 and 3.2, which have two epochs",
    "Over the measured epochs of a training, diffs are the larger the higher coherence is.",
    "Spearman's rank correlation over epochs of coherence and the mean |diff| beyond that of random signs",
    smallest=0.3,
    lowest=-1.0,
    highest=1.0,
)
PEAK = Estimand(
    "coherence_peaks_early",
    "Is coherence highest in the first half of the training?",
    "Yauney 2024, sections 2.1 and 7.2, where diff masks are available relatively early",
    "On real data, coherence is highest in the first half of the training, so that diff masks cost less than magnitude"
    " masks.",
    "half of the training minus the epoch of the highest coherence, in percent of the training",
    smallest=10.0,
    lowest=-50.0,
    highest=50.0,
    unit=" points",
)
HARDEST = Estimand(
    "hardest_images_at_the_end",
    "Do the hardest images weigh more at the end of the training than at the highest coherence?",
    "beyond Yauney 2024, section 1.2, on easy and hard examples",
    "At the end of the training the 1 % of images with the largest gradients have more of coherence's denominator than"
    " at its highest.",
    "part of the sum of squared norms, at the end minus at the highest coherence",
    smallest=5.0,
    unit=" points",
)
WIDER = {
    "coherence": Estimand(
        "coherence_with_width",
        "Does the highest coherence grow with width?",
        "Yauney 2024, Fig. 4.3",
        "The highest coherence of fully connected networks grows with their width.",
        "change of the highest coherence with each doubling of width",
        smallest=0.01,
    ),
    "gap": Estimand(
        "gap_with_width",
        "Does the generalisation gap grow with width?",
        "Yauney 2024, Fig. 4.2",
        "The generalisation gap of fully connected networks grows with their width.",
        "change of training minus validation accuracy with each doubling of width",
        smallest=1.0,
        unit=" points",
        lowest=-inf,  # a slope
        highest=inf,
    ),
    "validation_top1": Estimand(
        "accuracy_with_width",
        "Does validation accuracy grow with width?",
        "Yauney 2024, Fig. 4.1",
        "Validation accuracy of fully connected networks grows with their width.",
        "change of validation accuracy with each doubling of width",
        smallest=1.0,
        unit=" points",
        lowest=-inf,  # a slope
        highest=inf,
    ),
}
NARROWER = Estimand(
    "diffs_with_width",
    "Do diffs shrink with width?",
    "Yauney 2024, Fig. 4.4",
    "Diffs of fully connected networks shrink with their width.",
    "change of the mean |diff| beyond that of random signs with each doubling of width",
    smallest=0.005,
)


def claims(
    given: Mapping[str, Any],
    question: str,
    models: Sequence[str],
    tolerance: float,
    level: float,
    data: str,
    seeds: Sequence[int],
) -> StudyClaims:
    """The claims of the study on the networks of a run.

    Args:
        given: by name, those of the study's tables that there are: epochs, class_coherence, weight_histogram,
            score_ranks, widths, children, densities, mask_overlap, early_masks, matched; and data, what is known of the
            images, with classes.
        question: the study's.
        models: names, in order, after which that of the width experiments' networks comes.
        tolerance: points by which accuracies may differ and count as equal.
        level: how often any answer may be wrong in one direction.
        data: the data set's name.
        seeds: of the networks.
    """
    stated, split = asked_at(level, partial(claims_at, given, models, tolerance, data, seeds))
    with_claims = {claim.model for claim in stated}
    told = {name: "" for name in _with_widths(models) if name != MLP or name in with_claims}
    note = NOTE.format(tolerance=tolerance, **split)
    return StudyClaims(STUDY, question, note, told, stated, answered_by_thesis(stated))


def _with_widths(models: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*models, MLP]))


def claims_at(
    given: Mapping[str, Any],
    models: Sequence[str],
    tolerance: float,
    data: str,
    seeds: Sequence[int],
    asking: Callable[[About], Asking],
) -> list[Claim]:
    """The claims at given levels.

    Args:
        given, models, tolerance, data, seeds: see `claims`.
        asking: the asking of a network.
    """
    bound = learnt_from(len(given["data"]["classes"]))
    tables = {name: table for name, table in given.items() if name != "data"}
    answers: dict[str, list[Answer]] = {}
    for of_tables in (
        {
            "epochs": [
                lambda table, asking: _compared(table, asking, ON_REAL, FRESH, bound),
                lambda table, asking: _compared(table, asking, FROM_TRAINED, TRAINED, bound),
                _large,
                _on_noise,
                _with_epochs,
                _peak,
                _later,
                _hardest,
            ]
        },
        noise_claims.answers(),
        weight_claims.answers(),
        score_claims.answers(),
        {
            "widths": [
                lambda table, asking: _by_width(table, asking, bound),
                lambda table, asking: _narrower(table, asking, bound),
            ]
        },
        mask_claims.answers(tolerance, data, bound),
        initialisation_claims.answers(bound),
        layer_claims.answers(),
        timing_claims.answers(tolerance),
    ):
        for table, functions in of_tables.items():
            answers.setdefault(table, []).extend(functions)
    stated: list[Claim] = []
    for model in _with_widths(models):
        own = {name: _of(table, model) for name, table in tables.items()}
        of = asking(About(STUDY, model, decided_on(data, seeds)))
        stated += [
            claim
            for name, functions in answers.items()
            if name in own and len(own[name])
            for function in functions
            for claim in function(own[name], of)
        ]
    return ordered(stated)


def _of(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """A model's rows; tables without models are of the width experiments."""
    if "model" in table:
        return table[table["model"] == model]
    return table if model == MLP else table.iloc[:0]


def highest_coherence(epochs: pd.DataFrame, data: str, start: str) -> pd.Series:
    """The highest coherence after any epoch of one kind of training, by seed.

    Before the first epoch it says nothing of learning: trained weights that meet new images err all alike.
    """
    chosen = epochs[(epochs["data"] == data) & (epochs["start"] == start) & (epochs["epoch"] > 0)]
    return chosen.groupby("seed")["coherence"].max().dropna()


def _end(epochs: pd.DataFrame, data: str, start: str) -> float:
    """The training accuracy after the last epoch, a mean over seeds."""
    chosen = epochs[(epochs["data"] == data) & (epochs["start"] == start)]
    return float(chosen[chosen["epoch"] == chosen["epoch"].max()]["train_top1"].mean())


def _failed(epochs: pd.DataFrame, bound: float) -> str:
    """Trainings on real data that diverged, or have not learnt at their end, in words."""
    chosen = epochs[(epochs["data"] == REAL) & (epochs["start"] == FRESH)]
    end = chosen[chosen["epoch"] == chosen["epoch"].max()].set_index("seed")["train_top1"]
    lost = sorted(end.index[~(end >= bound)])
    return f"trainings on real data that have not learnt, of seeds {', '.join(map(str, lost))}" if lost else ""


def _imprecise(epochs: pd.DataFrame, seeds: pd.Index, start: str, asked: Estimand) -> str:
    """Why images are too few: the mean's standard error over them is above a quarter of the smallest effect."""
    if "coherence_standard_error" not in epochs:
        return ""
    after = epochs[(epochs["epoch"] > 0) & epochs["seed"].isin(seeds)].dropna(subset=["coherence"])
    squares = 0.0
    for data, first in ((REAL, FRESH), (GAUSSIAN, start)):
        own = after[(after["data"] == data) & (after["start"] == first)]
        best = own.loc[own.groupby("seed")["coherence"].idxmax(), "coherence_standard_error"]
        squares += float((best**2).sum()) / len(seeds) ** 2
    error = float(np.sqrt(squares))
    few = error > asked.smallest / 4
    return f"more images: their standard error of {error:.3g} is above a quarter of {asked.smallest:g}" if few else ""


def _compared(epochs: pd.DataFrame, asking: Asking, asked: Estimand, start: str, bound: float) -> list[Claim]:
    real, noise = highest_coherence(epochs, REAL, FRESH), highest_coherence(epochs, GAUSSIAN, start)
    more = (real - noise).dropna()
    if more.empty:
        return []
    row = answer_of(asking, asked, "more", more)
    seeds, chance = more.index, float(epochs["coherence_by_chance"].mean())
    blocked = _failed(epochs, bound) or _imprecise(epochs, seeds, start, asked)
    return [
        asking.answered(
            asked,
            f"{verdict_unless(blocked, 'more', row)}: after its best epoch coherence is {real[seeds].mean():.3g} on"
            f" real data and {noise[seeds].mean():.3g} on noise, a difference of {shown('more', row, 4, '')}, where"
            f" orthogonal gradients have {chance:.2g}; training accuracy ends at"
            f" {_end(epochs, REAL, FRESH):.1f} % and {_end(epochs, GAUSSIAN, start):.1f} %.",
            judged_unless(blocked, "more", row, 4, ""),
            numbers={
                "start": start,
                "real": float(real[seeds].mean()),
                "gaussian": float(noise[seeds].mean()),
                "chance": chance,
                **row,
            },
        )
    ]


def _large(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for data, words in KINDS.items():
        mine = at_extremes(epochs[(epochs["data"] == data) & (epochs["start"] == FRESH)], ["seed"])
        if mine.empty:
            continue
        row = answer_of(asking, LARGE, "more", mine[HIGHEST, "beyond"] - mine[LOWEST, "beyond"])
        stated.append(
            asking.answered(
                LARGE,
                f"{verdict('more', row)}: the mean |diff| is {told(mine[HIGHEST])} after the epoch of the highest"
                f" coherence and {told(mine[LOWEST])} after that of the lowest; beyond random signs they"
                f" differ by {shown('more', row, 4, '')}.",
                judged("more", row, 4, ""),
                question=f"Are diffs larger where coherence is high, on {words}?",
                case=words,
                numbers={"data": data, **row},
            )
        )
    return stated


def _on_noise(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    fresh = epochs[epochs["start"] == FRESH]
    noise, real = (at_extremes(fresh[fresh["data"] == data], ["seed"])[HIGHEST] for data in (GAUSSIAN, REAL))
    more = (noise["beyond"] - real["beyond"]).dropna()
    if more.empty:
        return []
    row = answer_of(asking, ON_NOISE, "more", more)
    sure = as_large(row)
    words = {ABOVE: "Yes, they are larger", NOT_BELOW: "Yes", BELOW: "No, they are smaller"}
    word = words.get(sure, "Not decided")
    return [
        asking.answered(
            ON_NOISE,
            f"{word}: at the highest coherence the mean |diff| is {told(noise)} on noise and {told(real)} on real"
            f" data; beyond random signs they differ by {shown('more', row, 4, '')}.",
            judged("more", row, 4, "", tolerance=NEAR, sure=sure, outcomes=IF_AS_LARGE),
            numbers=row,
        )
    ]


def as_large(row: Mapping[str, float]) -> str:
    """What an interval says of a number that counts as no smaller down to -`NEAR`, a key of `IF_AS_LARGE`."""
    if row["more_low"] > 0:
        return ABOVE
    if row["more_low"] >= -NEAR:
        return NOT_BELOW
    return BELOW if row["more_high"] < 0 else OPEN


def _with_epochs(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for data, words in KINDS.items():
        own = epochs[(epochs["data"] == data) & (epochs["start"] == FRESH) & (epochs["epoch"] > 0)]
        own = own.assign(beyond=own["diff_size"] - own["diff_size_by_chance"]).dropna(subset=["coherence", "beyond"])
        values = over_epochs(own)
        if values.empty:
            continue
        row = answer_of(asking, WITH_EPOCHS, "correlation", values)
        stated.append(
            asking.answered(
                WITH_EPOCHS,
                f"{verdict('correlation', row)}: over {own['epoch'].nunique()} measured epochs the rank correlation of"
                f" coherence and the mean |diff| beyond random signs is {shown('correlation', row, 2, '')}.",
                judged("correlation", row, 2, ""),
                question=f"Are diffs larger after epochs of higher coherence, over the whole training, on {words}?",
                case=words,
                numbers={"data": data, **row},
            )
        )
    return stated


def over_epochs(own: pd.DataFrame) -> pd.Series:
    """Spearman's rank correlation of coherence and diffs over epochs, by seed; none of seeds where one is constant.

    Args:
        own: seed, coherence, beyond: a row an epoch.
    """
    ranks = {
        seed: rows["coherence"].rank().corr(rows["beyond"].rank())
        for seed, rows in own.groupby("seed")
        if rows["coherence"].nunique() > 1 and rows["beyond"].nunique() > 1
    }
    return pd.Series(ranks, dtype=float)


def _later(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    fresh = epochs[(epochs["start"] == FRESH) & (epochs["epoch"] > 0) & epochs["coherence"].notna()]
    last = fresh.loc[fresh["data"] == REAL, "epoch"].max()
    at = fresh[fresh["epoch"] == last]
    real, noise = (at[at["data"] == data].set_index("seed")["coherence"] for data in (REAL, GAUSSIAN))
    more = (noise - real).dropna()
    if more.empty:
        return []
    row = answer_of(asking, LATER, "more", more)
    return [
        asking.answered(
            LATER,
            f"{verdict('more', row)}: after epoch {last:.0f}, the last on real data, coherence is"
            f" {noise[more.index].mean():.3g} on noise and {real[more.index].mean():.3g} on real data,"
            f" a difference of {shown('more', row, 4, '')}.",
            judged("more", row, 4, ""),
            numbers={"epoch": int(last), **row},
        )
    ]


def _peak(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    run = epochs[(epochs["data"] == REAL) & (epochs["start"] == FRESH)]
    after = run[run["epoch"] > 0].dropna(subset=["coherence"]).sort_values("epoch", kind="stable")
    if after.empty:
        return []
    at = after.loc[after.groupby("seed")["coherence"].idxmax()].set_index("seed")["epoch"]
    last = int(run["epoch"].max())
    row = answer_of(asking, PEAK, "before", 50 - 100 * at / last)
    return [
        asking.answered(
            PEAK,
            f"{verdict('before', row)}: of the measured epochs from the first on, coherence is highest after epoch"
            f" {at.mean():.1f} of {last} ({', '.join(map(str, sorted(at.unique())))} in single trainings),"
            f" the middle minus that is {shown('before', row)}.{_at_start(run, after)}",
            judged("before", row),
            {"epochs": [int(epoch) for epoch in at], "last": last, **row},
        )
    ]


def _at_start(run: pd.DataFrame, after: pd.DataFrame) -> str:
    """How coherence before the training lies beside the highest after it, in a sentence; "" where it is not known."""
    start = run[run["epoch"] == 0].set_index("seed")["coherence"].dropna()
    if start.empty:
        return ""
    highest = after.groupby("seed")["coherence"].max().reindex(start.index)
    return (
        f" Before training it is {start.mean():.3g}, where the highest afterwards is {highest.mean():.3g}; higher in"
        f" {int((start > highest).sum())} of {len(start)} trainings."
    )


def _hardest(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    if "hardest_share" not in epochs:
        return []
    run = epochs[(epochs["data"] == REAL) & (epochs["start"] == FRESH)]
    after = run[run["epoch"] > 0].dropna(subset=["coherence", "hardest_share"]).sort_values("epoch", kind="stable")
    if after.empty:
        return []
    at = after.loc[after.groupby("seed")["coherence"].idxmax()].set_index("seed")["hardest_share"]
    end = after.groupby("seed").tail(1).set_index("seed")["hardest_share"]
    row = answer_of(asking, HARDEST, "more", 100 * (end - at))
    return [
        asking.answered(
            HARDEST,
            f"{verdict('more', row)}: the 1 % of images with the largest gradients have {100 * end.mean():.1f} % of"
            f" coherence's denominator at the end of the training and {100 * at.mean():.1f} % at the highest coherence,"
            f" {shown('more', row)}; images of equal norms would have 1 %.",
            judged("more", row),
            {"end": float(end.mean()), "highest": float(at.mean()), **row},
        )
    ]


def _unlearnt(widths: pd.DataFrame, bound: float) -> pd.Series:
    """The training accuracy at the end (percent, a mean over seeds) of widths at which networks have not learnt."""
    last = widths.sort_values("epoch", kind="stable").groupby(["seed", "width"]).tail(1)
    tops = last.groupby("width")["train_top1"].mean()
    return tops[tops < bound]


def _by_width(widths: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    last = with_gap(widths.sort_values("epoch").groupby(["seed", "width"]).tail(1))
    after = widths[widths["epoch"] > 0]
    grown = {
        "coherence": after.pivot_table(index="seed", columns="width", values="coherence", aggfunc="max"),
        "gap": last.pivot_table(index="seed", columns="width", values="gap"),
        "validation_top1": last.pivot_table(index="seed", columns="width", values="validation_top1"),
    }
    words = {"coherence": "the highest coherence", "gap": "the generalisation gap"}
    units = {"coherence": (4, "")}
    return [
        claim
        for name, values in grown.items()
        for claim in with_size(
            WIDER[name],
            asking,
            words.get(name, "validation accuracy"),
            values,
            "width",
            *units.get(name, (2, " points")),
            without=_unlearnt(widths, bound),
        )
    ]


def _narrower(widths: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    sizes = at_extremes(widths, ["seed", "width"])[HIGHEST]["beyond"].unstack("width")
    what = "the mean |diff| beyond that of random signs"
    without = _unlearnt(widths, bound)
    return with_size(NARROWER, asking, what, sizes, "width", 4, "", without=without, outcomes=IF_BELOW)
