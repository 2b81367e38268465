"""Claims of the study `coherence`: numbers with intervals over seeds, and sentences that follow from them.

Here are the thesis' chapters 2 to 4; `mask_claims` and `timing_claims` have the claims on masks.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand, asked_at
from prunescape.claims.claim import About, Claim
from prunescape.claims.judgement import ABOVE, BELOW, EQUAL, IF_BELOW, decided, judged, shown, verdict
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
from prunescape.coherence.asked import Answer, answer_of
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
{core} to the core questions (the thesis' section 7.1), the rest over the {others} others: intervals that decide are at
{confidence_core:.5g} % and {confidence_other:.5g} %; those in lists by size are at 95 %, and decide nothing. No seed
had a part in choosing what is asked."""

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
ON_NOISE = Estimand(
    "diffs_small_on_noise",
    "Are diffs small on Gaussian noise, as coherence is?",
    "Yauney 2024, section 3.2, which sees large ones, and 7.2",
    "At the highest coherence, diffs are smaller on Gaussian noise than on real data.",
    "mean |diff| beyond that of random signs, on noise minus on real data",
    smallest=0.01,
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
    "Do diffs grow with width?",
    "Yauney 2024, Fig. 4.4, which sees them shrink",
    "Diffs of fully connected networks grow with their width.",
    "change of the mean |diff| beyond that of random signs with each doubling of width",
    smallest=0.005,
)


def claims(given: Mapping[str, Any], settings: Mapping[str, Any]) -> StudyClaims:
    """The claims of the study on the networks of a run.

    Args:
        given: by name, those of the study's tables that there are: epochs, class_coherence, weight_histogram,
            score_ranks, widths, children, densities, mask_overlap, early_masks, matched.
        settings: question, the study's; models, names in order, after which that of the width experiments' networks
            comes; tolerance, points by which accuracies may differ and count as equal; level, how often any answer may
            be wrong in one direction; data, the data set's name; and seeds.
    """
    stated, split = asked_at(settings["level"], partial(claims_at, given, settings))
    with_claims = {claim.model for claim in stated}
    models = {name: "" for name in _models(settings) if name != MLP or name in with_claims}
    note = NOTE.format(tolerance=settings["tolerance"], **split)
    return StudyClaims(STUDY, settings["question"], note, models, stated)


def _models(settings: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*settings["models"], MLP]))


def claims_at(given: Mapping[str, Any], settings: Mapping[str, Any], asking: Callable[[About], Asking]) -> list[Claim]:
    """The claims at given levels.

    Args:
        given, settings: see `claims`.
        asking: the asking of a network.
    """
    tolerance, data = settings["tolerance"], settings["data"]
    answers: dict[str, list[Answer]] = {}
    for of_tables in (
        {"epochs": [_real, _from_trained, _large, _on_noise, _peak, _hardest]},
        noise_claims.answers(),
        weight_claims.answers(),
        score_claims.answers(),
        {"widths": [_by_width, _narrower]},
        mask_claims.answers(tolerance, data),
        initialisation_claims.answers(),
        layer_claims.answers(),
        timing_claims.answers(tolerance),
    ):
        for table, functions in of_tables.items():
            answers.setdefault(table, []).extend(functions)
    stated: list[Claim] = []
    for model in _models(settings):
        own = {name: _of(table, model) for name, table in given.items()}
        of = asking(About(STUDY, model, decided_on(data, settings["seeds"])))
        stated += [
            claim
            for name, functions in answers.items()
            if name in own and len(own[name])
            for function in functions
            for claim in function(own[name], of)
        ]
    return stated


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


def _real(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    return _compared(epochs, asking, ON_REAL, FRESH)


def _from_trained(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    return _compared(epochs, asking, FROM_TRAINED, TRAINED)


def _compared(epochs: pd.DataFrame, asking: Asking, asked: Estimand, start: str) -> list[Claim]:
    real, noise = highest_coherence(epochs, REAL, FRESH), highest_coherence(epochs, GAUSSIAN, start)
    more = (real - noise).dropna()
    if more.empty:
        return []
    row = answer_of(asking, asked, "more", more)
    seeds, chance = more.index, float(epochs["coherence_by_chance"].mean())
    return [
        asking.answered(
            asked,
            f"{verdict('more', row)}: after its best epoch coherence is {real[seeds].mean():.3g} on real data"
            f" and {noise[seeds].mean():.3g} on noise, {shown('more', row, 4, '')} more, where orthogonal gradients"
            f" have {chance:.2g}; training accuracy ends at"
            f" {_end(epochs, REAL, FRESH):.1f} % and {_end(epochs, GAUSSIAN, start):.1f} %.",
            judged("more", row, 4, ""),
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
                f" coherence and {told(mine[LOWEST])} after that of the lowest; beyond random signs it is"
                f" {shown('more', row, 4, '')} more.",
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
    words = {ABOVE: "No, they are larger", BELOW: "Yes, they are smaller", EQUAL: "No, they are as large"}
    word = words.get(decided("more", row), "Not decided")
    return [
        asking.answered(
            ON_NOISE,
            f"{word}: at the highest coherence the mean |diff| is {told(noise)} on noise and {told(real)} on real"
            f" data; beyond random signs it is {shown('more', row, 4, '')} more on noise.",
            judged("more", row, 4, "", outcomes=IF_BELOW, after=" more on noise"),
            numbers=row,
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
            f"{verdict('before', row)}: coherence is highest after epoch {at.mean():.1f} of {last}, of those that were"
            f" measured ({', '.join(map(str, sorted(at.unique())))} in single trainings), {shown('before', row)} of the"
            " training before its middle.",
            judged("before", row, after=" of the training"),
            {"epochs": [int(epoch) for epoch in at], "last": last, **row},
        )
    ]


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


def _by_width(widths: pd.DataFrame, asking: Asking) -> list[Claim]:
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
        )
    ]


def _narrower(widths: pd.DataFrame, asking: Asking) -> list[Claim]:
    sizes = at_extremes(widths, ["seed", "width"])[HIGHEST]["beyond"].unstack("width")
    return with_size(NARROWER, asking, "the mean |diff| beyond that of random signs", sizes, "width", 4, "")
