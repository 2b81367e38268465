"""The verdict as claims on the user's own networks: of each pruned one, that a setting can be kept.

Beside them stands what the thesis concludes, where the axes are its own (`prunescape.hpspace.thesis_claims`).

What decides is the confirmation (`prunescape.hpspace.confirmation`); nothing is decided here again.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.judgement import BELOW, CANNOT, FAILS, HOLDS, NOT_BELOW, OPEN, UNDECIDED, Judgement
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.config.analysis import Terms
from prunescape.hpspace.decision import SAME
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.questions import DENSE, POLICY, PRIOR
from prunescape.hpspace.thesis_claims import thesis_claims, without_grid
from prunescape.hpspace.verdict import advice, from_json, is_asked, question, terms_of
from prunescape.hpspace.verdict_text import OVER, answer_of, caveats, in_short, measured_by
from prunescape.statistics.looks import KEEP, TUNE

STUDY = "hpspace"
TEXTS = {
    PRIOR: "Can your own setting be kept after pruning?",
    # Whether the optimum has moved by what matters: a shift of ellipses says it with less power, and by a model.
    DENSE: "Does the optimum stay where it is: can the dense network's optimum be kept after pruning?",
    POLICY: "Can cells of the dense network's region of interest be kept after pruning?",
}
SOURCES = {
    PRIOR: "Matthiesen 2023, section 4.2: performance risk",
    DENSE: "Matthiesen 2023, chapter 5: no clear shift of the optimal hyperparameters",
    POLICY: "Matthiesen 2023, section 4.2: performance risk",
}
SAYS = {KEEP: (NOT_BELOW, HOLDS), TUNE: (BELOW, FAILS)}


def claims(given: Mapping[str, Any], data: str, seeds: Sequence[int], adaptive: bool = False) -> StudyClaims:
    """A claim for each pruned network and question.

    No published number stands beside: the thesis' risks are of other settings, and have the noise of training. They are
    compared with ours of the same kind in table_4_2.csv.

    Args:
        given: verdict, as verdict.json has it; and, of a full grid, intervals, `intervals.csv`, or, of few trainings,
            estimates, `estimates.csv`.
        data: the data set's name.
        seeds: of the trainings.
        adaptive: whether few trainings explored.
    """
    answer = from_json(given["verdict"])
    pair, terms = Pair.from_json(answer.get("axes")), terms_of(answer)
    stated, models = [], {}
    for model, entry in answer["models"].items():
        models[model] = " ".join(f"{_sentence(words)}." for words in (in_short(entry), *caveats(entry)))
        about = About(STUDY, model, decided_on(data, seeds))
        for name, of in entry["networks"].items():
            for asked, row in of["questions"].items():
                stated.append(_claim(_question(asked, terms), about, (name, of), row, terms, pair))
        if pair.is_thesis and "intervals" in given:
            stated += thesis_claims(given["intervals"], about)
        elif pair.is_thesis and adaptive:
            stated += without_grid(about, given["estimates"])
    return StudyClaims(STUDY, question(pair), measured_by(answer), models, stated)


def _question(name: str, terms: Terms) -> Question:
    margin = f"{terms.margin:g} point{'' if terms.margin == 1 else 's'}"
    return Question(
        f"keep_{name}",
        TEXTS[name],
        SOURCES[name],
        f"After pruning, {OVER[name]} can be kept: tuning again gains less than {margin}.",
        f"accuracy at {OVER[name]} less that at the tuned setting, mean over fresh paired seeds",
    )


def _claim(
    asked: Question,
    about: About,
    network: tuple[str, Mapping[str, Any]],
    row: Mapping[str, Any],
    terms: Terms,
    pair: Pair,
) -> Claim:
    """The claim on one pruned network.

    Args:
        asked, about: the question, and of what.
        network: its name, and what verdict.json has of it.
        row: of decisions.csv.
        terms: of the verdict.
        pair: the axes.
    """
    name, of = network
    told = answer_of(of, pair) if row["question"] == PRIOR or not is_asked(row) else _over_dense(row)
    columns = ("reason", "generation", "seeds", "deviation", "image_error", "accuracy", "accuracy_tuned", "trainings")
    return asked.answered(
        about._replace(data=about.data + (f"; {row['seeds']} fresh seeds" if row["seeds"] else "")),
        f"{_sentence(told)}." if is_asked(row) else f"{_sentence(advice(of['recommendation'], pair))}.",
        _judgement(row, terms) if is_asked(row) else None,
        CANNOT,
        question=f"{asked.text[:-1]}, of {name}?",
        case=name,
        numbers={"variant": name, **{column: row[column] for column in columns}},
    )


def _over_dense(row: Mapping[str, Any]) -> str:
    """The answer on what tuning gains over the dense optimum, in words."""
    if row["reason"] == SAME:
        return f"{row['answer']}: tuning chose the dense optimum"
    if math.isnan(row["gain"]):
        return f"{row['answer']}: {row['reason']}"
    return f"{row['answer']}: tuning gains {row['gain']:.2f} points [{row['low']:.2f}, {row['high']:.2f}] over it"


def _judgement(row: Mapping[str, Any], terms: Terms) -> Judgement:
    decided, outcome = SAYS.get(row["answer"], (OPEN, UNDECIDED))
    lost, low, high = (0.0 - row[name] for name in ("gain", "high", "low"))  # no minus before a zero
    more = ""
    if outcome == UNDECIDED:
        wanted = row["seeds_to_decide"]
        more = row["reason"] or (
            "no number of seeds worth training"
            if math.isnan(wanted)
            else f"{wanted:.0f} seeds, with {100 * terms.power:g} % power if the gain is 0 or twice the margin"
        )
    level = math.nan if math.isnan(row["level"]) else 1 - 2 * row["level"]
    words = f"{lost:.2f} points [{low:.2f}, {high:.2f}]"
    return Judgement(decided, outcome, words, lost, low, high, "points", level, terms.margin, more)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
