"""Claims of the study `mechanism`: numbers with intervals over seeds, and sentences that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand, asked_at
from prunescape.claims.claim import About, Claim
from prunescape.claims.judgement import ANSWERS, CANNOT, beyond, judged, shown
from prunescape.claims.published import published
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.mechanism.basin_claims import (
    CYCLES,
    DIRECTED,
    NEARER,
    NO_RECOVERY,
    NORMALISED,
    SAME_BASIN,
    SEPARATE,
    SYMMETRIC,
    basins,
)
from prunescape.mechanism.collapse import blocked, lost_trainings
from prunescape.mechanism.labels import PAPER, PRUNED, RETRAINED
from prunescape.mechanism.minimum_claims import FLAT, GAP, IF_NOT_ABOVE, flat, generalisation
from prunescape.mechanism.tables import SOURCE
from prunescape.mechanism.utility_claims import (
    ADDITIVE,
    ALIKE_AT_CHANCE,
    AT_START,
    BY_MAGNITUDE,
    ENDOWED,
    EXISTS,
    GROWS,
    IN_PROPORTION,
    KEEPS_UP,
    LARGE_ALONE,
    LIKE_PRETRAINED,
    LINKED,
    MORE_THAN_LAYERS,
    SHARPER,
    SMALLER_MORE,
    UNLIKE_WITH_RATIO,
    above,
    endowed,
    explained,
    nearest,
    sharpness,
    utility_by_magnitude,
    utility_by_size,
    utility_over_training,
    utility_when_pruned,
)

STUDY = "mechanism"
NOTE = """The utility of a set of weights is the mean KL divergence, in nats, between the network's outputs and those
without these weights; imbalance is its standard deviation over random sets of one size. A barrier is how far the
training error rises between two networks above the line between its values at both. A retrained network is in the
pretrained one's basin where neither the barrier between them nor how much higher its training error is than that of
the pretrained network, and of a small one of its size, is above {tolerance:g} points. Numbers are means over pretrained
seeds. The level of {level:g} in each direction is split over all answers, four fifths over the {core} to the paper's
core questions, the rest over the {others} others, so intervals are wider than 95 %: {confidence_core:.4g} % and
{confidence_other:.4g} %. An interval that contains zero, or for basins these points, decides nothing. Questions,
margins and smallest effects of interest were fixed with networks of seeds 0 to 5 of the digits and of Fashion-MNIST in
view, so that on these data only networks of other seeds confirm; they stand in the code, and beside each quantity."""

_ACCURACY = "validation accuracy minus that of the small network"
AT_ONCE = Estimand(
    "better_than_small",
    "Is a network that is pruned at once and retrained better than a small one?",
    f"{PAPER}, Table 2",
    "A network that is pruned at once and retrained is better than a small one.",
    _ACCURACY,
    smallest=1.0,
    unit=" points",
)
IN_CYCLES = Estimand(
    "better_than_small_after_cycles",
    "Is a network better than a small one after cycles of weight pruning?",
    f"{PAPER}, Table 1",
    "After cycles of weight pruning and retraining, a network is better than a small one.",
    _ACCURACY,
    smallest=1.0,
    unit=" points",
)
AFTER_CHANNELS = Estimand(
    "no_better_than_small_after_channels",
    "Is a network no better than a small one after cycles of channel pruning?",
    f"{PAPER}, section 3, Table 1",
    "After cycles of aggressive channel pruning and retraining, a network is no better than a small one.",
    _ACCURACY,
    smallest=1.0,
    unit=" points",
)
REWINDING = Estimand(
    "rewinding_beats_fine_tuning",
    "Is learning-rate rewinding better than fine-tuning?",
    f"{PAPER}, section 3, Table 1",
    "Learning-rate rewinding gives a better network than fine-tuning.",
    "validation accuracy after rewinding minus after fine-tuning",
    smallest=1.0,
    unit=" points",
)
PREDICTS = Estimand(
    "utility_predicts_cost",
    "Does utility predict the validation accuracy that pruning costs?",
    f"beyond {PAPER}",
    "Utility predicts the validation accuracy that pruning costs.",
    "Spearman's rank correlation of utility and lost accuracy",
    smallest=0.3,
    is_correlation=True,
)
FORETELLS = Estimand(
    "utility_foretells_retrained",
    "Does utility foretell the validation accuracy after retraining?",
    f"beyond {PAPER}",
    "The utility of a set of channels foretells the accuracy that is lost without it after retraining.",
    "Spearman's rank correlation of utility and the accuracy lost after retraining",
    smallest=0.3,
    is_correlation=True,
)
FORETELLS_MORE = Estimand(
    "utility_foretells_more",
    "Does utility foretell the accuracy after retraining better than other scores?",
    f"beyond {PAPER}",
    "Utility foretells the accuracy after retraining better than magnitude, Taylor, Fisher and chance do.",
    "rank correlation with the accuracy lost after retraining, of utility minus of another score",
    smallest=0.3,
    lowest=-2.0,
    highest=2.0,
)
# By experiment: a table of it, and for each of its questions what more it takes.
QUESTIONS: dict[str, tuple[str, dict[Estimand, str]]] = {
    "epochs": (
        "utility_epochs_summary",
        {
            EXISTS: "",
            GROWS: "two measured epochs",
            KEEPS_UP: "two measured epochs",
            BY_MAGNITUDE: "",
            LARGE_ALONE: "bands among the smaller half of the weights",
            ENDOWED: "utilities before training that vary",
            MORE_THAN_LAYERS: "more subsets than layers",
            ADDITIVE: "more subsets than layers",
            SHARPER: "two measured epochs, and eigenvalues above zero",
            LINKED: "three measured epochs over which both vary",
        },
    ),
    "sizes": (
        "utility_sizes_summary",
        {
            IN_PROPORTION: "networks of two sizes, and levels that both ways of ablation have",
            AT_START: "networks of two sizes, and levels that both ways of ablation have",
            SMALLER_MORE: "networks of two sizes",
            ALIKE_AT_CHANCE: "networks of two sizes, and a level above 10 %",
        },
    ),
    "pruned": (
        "retrained",
        {LIKE_PRETRAINED: "", UNLIKE_WITH_RATIO: "two pruning ratios", AT_ONCE: ""},
    ),
    "channels": ("rank_correlations", {PREDICTS: ""}),
    "prediction": (
        "prediction_correlations",
        {FORETELLS: "accuracies that vary", FORETELLS_MORE: "accuracies that vary"},
    ),
    "cycles": (
        "cycles",
        {
            IN_CYCLES: "weight pruning",
            AFTER_CHANNELS: "channel pruning, which takes batch norm",
            REWINDING: "both ways of retraining",
            GAP: "channel pruning, which takes batch norm",
            SAME_BASIN: "weight pruning",
            SEPARATE: "channel pruning with learning-rate rewinding",
            NO_RECOVERY: "channel pruning with fine-tuning",
            CYCLES: "two cycles",
            NEARER: "a small network",
            DIRECTED: "",
            FLAT: "weight pruning, and eigenvalues above zero",
            SYMMETRIC: "three seeds, and layers whose channels can be followed",
            NORMALISED: "batch norm, and both ways of its statistics",
        },
    ),
}
SCORES = {"magnitude": "magnitude", "taylor": "the Taylor score", "fisher": "Fisher information", "random": "chance"}

Answer = Callable[[pd.DataFrame, Asking], list[Claim]]


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
        given: by name, those of the study's tables that there are, as its entry names them; and data, the prepared
            data's `meta.json`.
        question: the study's.
        models: names, in order.
        tolerance: points by which the error may rise between two networks of one basin, and be higher in one of them.
        level: how often any answer may be wrong in one direction.
        data: the data set's name.
        seeds: of the networks.
    """
    stated, split = asked_at(level, partial(claims_at, given, models, tolerance, data, seeds))
    note = NOTE.format(tolerance=tolerance, **split)
    return StudyClaims(STUDY, question, note, dict.fromkeys(models, ""), stated)


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
    chance = 100 / len(given["data"]["classes"])
    tables = {name: table for name, table in given.items() if name != "data"}
    stated: list[Claim] = []
    for model in models:
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        answers: dict[str, Answer] = {
            "utility_epochs_summary": utility_over_training,
            "utility_bands": utility_by_magnitude,
            "utility_ranks": endowed,
            "utility_explained": explained,
            "sharpness": partial(_sharpness, own.get("utility_explained")),
            "utility_sizes_summary": partial(_by_size, chance),
            "utility_pruned_summary": utility_when_pruned,
            "retrained": partial(_retrained, data),
            "cycles": partial(_cycles, data, own.get("barriers")),
            "barriers": partial(_basins, tolerance, chance),
            "flatness": flat,
            "rank_correlations": _predicts,
            "prediction_correlations": _foretells,
        }
        about = About(STUDY, model, decided_on(data, seeds))
        of_model, lost, mine = asking(about), lost_trainings(own, chance), []
        for name, answer in answers.items():
            if name in own and len(own[name]):
                mine += [blocked(claim, lost) for claim in answer(own[name], of_model)]
        stated += mine + _not_asked(mine, own, about)
    return stated


def _not_asked(stated: list[Claim], tables: Mapping[str, pd.DataFrame], about: About) -> list[Claim]:
    """The questions that nothing of a model answers, and why.

    Args:
        stated: its claims.
        tables: its tables by name.
        about: the model.
    """
    asked, missing = {claim.key for claim in stated}, []
    for experiment, (table, questions) in QUESTIONS.items():
        is_made = table in tables and len(tables[table]) > 0
        for question, takes in questions.items():
            if question.key in asked:
                continue
            why = f"it takes {takes}" if is_made and takes else f"it takes the experiment `{experiment}`"
            missing.append(question.answered(about, f"Cannot be asked here: {why}.", None, CANNOT))
    return missing


def _sharpness(utility: pd.DataFrame | None, table: pd.DataFrame, asking: Asking) -> list[Claim]:
    return sharpness(table, utility, asking)


def _by_size(chance: float, table: pd.DataFrame, asking: Asking) -> list[Claim]:
    return utility_by_size(table, asking, chance)


def _basins(tolerance: float, chance: float, table: pd.DataFrame, asking: Asking) -> list[Claim]:
    return basins(table, asking, tolerance, chance)


def _retrained(data: str, table: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated, theirs = [], published(f"{SOURCE}2", data)
    printed = theirs[theirs["model"] == asking.about.model].pivot_table(
        index="pruning_ratio", columns="network", values="top1"
    )
    for ratio, part in table.groupby("pruning_ratio"):
        top1 = part.pivot_table(index="seed", columns="network", values="top1")
        case = f"{100 * float(str(ratio)):g} % pruned"
        words = f"With {case}, is the retrained network better than the small one?"
        beside = (printed["pruned_retrained"] - printed["small"]).get(ratio) if len(printed) else None
        own, small = top1["pruned_retrained"], top1["small"]
        stated.append(_better(AT_ONCE, asking, words, f"{case} at once", own, small, beside))
    return stated


def _cycles(data: str, barriers: pd.DataFrame | None, table: pd.DataFrame, asking: Asking) -> list[Claim]:
    last, stated, theirs = table[table["cycle"] == table["cycle"].max()], [], published(f"{SOURCE}1", data)
    theirs = theirs[theirs["model"] == asking.about.model].set_index(["pruning", "retraining"])
    printed = theirs["top1"] - theirs["small_top1"]
    for (pruning, retraining), part in last.groupby(["pruning", "retraining"], sort=False):
        words = (
            f"After {int(part['cycle'].iloc[0])} cycles of {PRUNED[pruning]} and {RETRAINED[retraining]}, at"
            f" {100 * part['density'].mean():.0f} % of the weights, is the network"
        )
        case = f"{PRUNED[pruning]}, {RETRAINED[retraining]}"
        beside, mine = printed.get((pruning, retraining)), part.set_index("seed")
        of = mine["top1"], mine["small_top1"], beside
        if pruning == "weights":
            stated.append(_better(IN_CYCLES, asking, f"{words} better than a small one?", case, *of))
        else:
            stated.append(_no_better(asking, f"{words} no better than a small one?", case, *of))
    for pruning, part in last.groupby("pruning", sort=False):
        top1 = part.pivot_table(index="seed", columns="retraining", values="top1")
        if len(top1.columns) < 2:
            continue
        tuned, rewound = top1["fine_tuning"], top1["rewinding"]
        known = theirs["top1"].get(pruning)
        stated.append(
            above(
                asking,
                REWINDING,
                rewound - tuned,
                f"{rewound.mean():.1f} % of validation images against {tuned.mean():.1f} %, {{}}",
                question=f"After cycles of {PRUNED[pruning]}, is learning-rate rewinding better than fine-tuning?",
                case=PRUNED[pruning],
                published=None if known is None else known["rewinding"] - known["fine_tuning"],
                published_in=REWINDING.source,
            )
        )
    return stated + generalisation(table, barriers, asking)


def _no_better(
    asking: Asking, question: str, case: str, own: pd.Series, small: pd.Series, printed: float | None
) -> Claim:
    """The claim that a network is no better than a small one; see `_better`."""
    row = asking.row(AFTER_CHANNELS, "value", own - small)
    sure = beyond("value", row, 0.0)
    return asking.answered(
        AFTER_CHANNELS,
        f"{ANSWERS[IF_NOT_ABOVE[sure]].capitalize()}: {own.mean():.1f} % against {small.mean():.1f} % of validation"
        f" images, {shown('value', row)}.",
        judged("value", row, sure=sure, outcomes=IF_NOT_ABOVE),
        row,
        question=question,
        case=case,
        published=printed,
        published_in=AFTER_CHANNELS.source,
    )


def _better(
    asked: Estimand,
    asking: Asking,
    question: str,
    case: str,
    own: pd.Series,
    small: pd.Series,
    printed: float | None,
) -> Claim:
    """The claim that a network is better than a small one.

    Args:
        asked, asking, question, case: see `Asking.answered`.
        own, small: accuracies of the network and of the small one, one a seed.
        printed: the published difference.
    """
    return above(
        asking,
        asked,
        own - small,
        f"{own.mean():.1f} % against {small.mean():.1f} % of validation images, {{}}",
        question=question,
        case=case,
        published=printed,
        published_in=asked.source,
    )


def _predicts(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    level, stated = nearest(table.loc[table["of"] == "subsets", "level"]), []
    chosen = {
        f"random subsets of {100 * level:g} % of the weights": (table["of"] == "subsets") & (table["level"] == level),
        "single channels": table["of"] == "channels",
    }
    for words, rows in chosen.items():
        stated.append(
            above(
                asking,
                PREDICTS,
                table[rows]["correlation"],
                "Spearman's rank correlation is {}",
                digits=2,
                question=f"Does utility predict the validation accuracy that pruning costs, of {words}?",
                case=words,
            )
        )
    return stated


def _foretells(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """Claims on prediction_correlations.csv of one model."""
    after = table.pivot_table(index="seed", columns="score", values="retrained")
    if after.isna().any(axis=None) or not {"utility", *SCORES} <= {*after.columns}:
        return []  # accuracies that do not vary
    ceiling = table["ceiling"].mean()
    stated = [
        above(
            asking,
            FORETELLS,
            after["utility"],
            f"over {int(table['sets'].min())} sets the rank correlation is {{}}; two fine-tunings agree as far as"
            f" {ceiling:.2f}, and right after pruning it is"
            f" {table.loc[table['score'] == 'utility', 'pruned'].mean():.2f}",
            digits=2,
            numbers={"ceiling": float(ceiling)},
        )
    ]
    for score, words in SCORES.items():
        stated.append(
            above(
                asking,
                FORETELLS_MORE,
                after["utility"] - after[score],
                f"its rank correlation is {after['utility'].mean():.2f}, that of {words} {after[score].mean():.2f}, a"
                " difference of {}",
                digits=2,
                question=f"Does utility foretell the accuracy after retraining better than {words}?",
                case=score,
            )
        )
    return stated
