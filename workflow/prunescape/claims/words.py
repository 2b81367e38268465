"""Claims in short: by topic, how often the answer is yes, no, or not decided; and all of them as text.

A claim may answer its topic for one case of several (a scope, a score, a schedule). All networks' claims on one topic
are counted together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, UNDECIDED
from prunescape.claims.study import StudyClaims


def in_short(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """A row for each topic, in the order of the claims.

    Returns:
        question; `counts`, by outcome; `best`, by outcome that there is, the case whose interval says most, in words;
        `answers`, by network, of what is not tested.
    """
    topics: dict[str, list[Claim]] = {}
    for claim in claims:
        topics.setdefault(claim.topic, []).append(claim)
    return [_row(question, cases) for question, cases in topics.items()]


def _row(question: str, cases: Sequence[Claim]) -> dict[str, Any]:
    by_outcome = {outcome: [case for case in cases if case.outcome == outcome] for outcome in ANSWERS}
    return {
        "question": question,
        "counts": {outcome: len(own) for outcome, own in by_outcome.items()},
        "best": {outcome: _told(max(own, key=lambda case: case.clarity)) for outcome, own in by_outcome.items() if own},
        "answers": {case.model: case.answer for case in cases if not case.is_tested},
    }


def _told(claim: Claim) -> str:
    """A case in words: the network, which case, and the number that decides."""
    return f"{', '.join(filter(None, [claim.model, claim.case]))}: {claim.evidence}"


def in_words(row: Mapping[str, Any]) -> str:
    """The answer of a row of `in_short` in one line."""
    total = sum(row["counts"].values())
    parts = []
    for outcome, best in row["best"].items():
        count, answer = row["counts"][outcome], ANSWERS[outcome]
        which = f"{'nearest' if outcome == UNDECIDED else 'clearest'} " if count > 1 else ""
        parts.append(f"{answer} in {count} of {total} ({which}{best})" if total > 1 else f"{answer} ({best})")
    parts += [f"{model}: {answer}".rstrip(".") for model, answer in row["answers"].items()]
    text = "; ".join(parts)
    return f"{text[:1].upper() if row['best'] else text[:1]}{text[1:]}."


def text_of(stated: StudyClaims) -> str:
    """The claims of a study as plain text: in short, and then one by one."""
    short = [f"- {row['question']} {in_words(row)}" for row in in_short(stated.claims)]
    parts = ["\n".join(["In short:", *short])] if short else []
    for model in stated.models:
        parts.append("\n".join([f"{model}:", *(f"- {claim.question} {claim.answer}" for claim in stated.of(model))]))
    return "\n\n".join(parts) + "\n"
