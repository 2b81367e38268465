"""The verdict as claims on the user's own networks: of each pruned one, that the dense network's settings can be kept.

What decides is the verdict's own test (`prunescape.hpspace.decision`); nothing is decided here again.
"""

import math
from collections.abc import Mapping
from typing import Any

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.judgement import ABOVE, CANNOT, EQUAL, IF_EQUAL, OPEN, Judgement, judged
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.hpspace.decision import ONE_SEED
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import KEEP, TRAIN, TUNE, UNDECIDED, UNKNOWN, from_json, question
from prunescape.hpspace.verdict_text import add_seeds, decision_of, in_short, keeping

STUDY = "hpspace"
SAYS = {KEEP: EQUAL, TUNE: ABOVE, UNDECIDED: OPEN}  # of the loss, by recommendation


def claims(given: Mapping[str, Any], settings: Mapping[str, Any]) -> StudyClaims:
    """A claim for each pruned network and metric.

    No published number stands beside: the effect is an estimate without the noise of training, and the thesis' risks
    have that noise. They are compared with ours of the same kind in table_4_2.csv.

    Args:
        given: verdict, as verdict.json has it.
        settings: data, the data set's name; and seeds.
    """
    answer = from_json(given["verdict"])
    pair, rules = Pair.from_settings(answer), answer["settings"]
    asked = Question(
        "keep",
        f"Can the dense network's {pair.words} be kept after pruning?",
        "Matthiesen 2023, section 4.2: performance risk",
        f"After pruning, the dense network's {pair.words} can be kept: that loses less than"
        f" {rules['margin']:g} points.",
        "mean performance risk of keeping, without the noise of training (with one seed as measured)",
    )
    on = decided_on(settings["data"], settings["seeds"])
    stated, models = [], {}
    for model, entry in answer["models"].items():
        models[model] = f"{_sentence(in_short(entry))}."
        for metric, of in entry["metrics"].items():
            for name, variant in of["variants"].items():
                remedy = add_seeds(entry, of)
                stated.append(_claim(asked, About(STUDY, model, on), (name, metric), variant, rules, remedy))
    return StudyClaims(STUDY, question(pair), " ".join(keeping(rules).split()), models, stated)


def _claim(
    asked: Question,
    about: About,
    case: tuple[str, str],
    variant: Mapping[str, Any],
    rules: Mapping[str, Any],
    remedy: str,
) -> Claim:
    """The claim on one pruned network.

    Args:
        asked, about: the question, and of what.
        case: the variant's name, and the metric.
        variant: as verdict.json has it.
        rules: margin, level, power and what else `decision_of` needs.
        remedy: what to do where there is one seed.
    """
    name, metric = case
    words = name if metric == "top1" else f"{name}, top-5 accuracy"
    recommendation, told = variant["recommendation"], decision_of(variant, rules)
    columns = ("loss_measured", "p_equivalent", "p_worse", "more_seeds", "chance", "above_chance", "risk_multiple")
    return asked.answered(
        about,
        f"{_sentence(told if recommendation == UNDECIDED else f'{recommendation}: {told}')}.",
        None if recommendation in (TRAIN, UNKNOWN) else _judgement(variant, rules, remedy),
        CANNOT,
        question=f"{asked.text[:-1]}, of {words}?",
        case=words,
        key=f"{name}.{metric}",
        numbers={"metric": metric, "variant": name, **{column: variant[column] for column in columns}},
    )


def _judgement(variant: Mapping[str, Any], rules: Mapping[str, Any], remedy: str) -> Judgement:
    row, wanted = {end: variant[end] for end in ("loss", "loss_low", "loss_high")}, variant["more_seeds"]
    if variant["decision"] == ONE_SEED:
        row, more = row | {"loss": variant["loss_measured"]}, remedy
    elif variant["grow_first"]:
        more = "a larger grid, before more seeds"
    elif wanted is None or math.isnan(wanted):
        more = "no number of seeds worth training: the loss is too near the margin"
    else:
        more = f"{wanted:.0f} more seeds, with {100 * rules['power']:g} % power if the loss is what it now seems"
    says = judged(
        "loss",
        row,
        2,
        tolerance=rules["margin"],
        sure=SAYS[variant["recommendation"]],
        outcomes=IF_EQUAL,
        would_decide=more,
    )
    return says._replace(level=1 - 2 * rules["level"])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
