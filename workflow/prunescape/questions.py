"""The findings of a companion study in short: by question, how often the answer is yes, no, or not decided.

A finding may belong to a `topic`, a question that it answers for one `case` of several (a scope, a score, a schedule);
one without is a question of its own. All models' findings of one topic are counted together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prunescape.answers import NO, OUTCOMES, UNDECIDED, YES

_NEAREST = {YES: "clearest", NO: "clearest", UNDECIDED: "nearest"}


def in_short(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each question, in the order of the findings.

    Args:
        found: `models` holds, by name, `findings`.

    Returns:
        question; `counts`, by outcome; `best`, by outcome that there is, the case whose interval says most, in words;
        `answers`, by model, of what has nothing to decide.
    """
    topics: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for model, entry in found["models"].items():
        for finding in entry["findings"]:
            topics.setdefault(finding.get("topic", finding["question"]), []).append((model, finding))
    return [_row(question, cases) for question, cases in topics.items()]


def _row(question: str, cases: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    by_outcome = {
        outcome: [case for case in cases if case[1]["decided"] is not None and case[1]["outcome"] == outcome]
        for outcome in OUTCOMES
    }
    return {
        "question": question,
        "counts": {outcome: len(own) for outcome, own in by_outcome.items()},
        "best": {
            outcome: _told(*max(own, key=lambda case: case[1]["clarity"] or 0.0))
            for outcome, own in by_outcome.items()
            if own
        },
        "answers": {model: finding["answer"] for model, finding in cases if finding["decided"] is None},
    }


def _told(model: str, finding: Mapping[str, Any]) -> str:
    """A case in words: the network, which case, and the number that decides."""
    return f"{', '.join(filter(None, [model, finding.get('case', '')]))}: {finding['evidence']}"


def in_words(row: Mapping[str, Any]) -> str:
    """The answer of a row of `in_short` in one line."""
    total = sum(row["counts"].values())
    parts = []
    for outcome, best in row["best"].items():
        count = row["counts"][outcome]
        which = f"{_NEAREST[outcome]} " if count > 1 else ""
        parts.append(f"{outcome} in {count} of {total} ({which}{best})" if total > 1 else f"{outcome} ({best})")
    parts += [f"{model}: {answer}".rstrip(".") for model, answer in row["answers"].items()]
    text = "; ".join(parts)
    return f"{text[:1].upper() if row['best'] else text[:1]}{text[1:]}."


def text_of(found: Mapping[str, Any]) -> str:
    """All findings as plain text: in short, and then one by one.

    Args:
        found: `models` holds, by name, `findings` with question and answer.
    """
    short = [f"- {row['question']} {in_words(row)}" for row in in_short(found)]
    parts = ["\n".join(["In short:", *short])] if short else []
    for model, entry in found["models"].items():
        lines = [f"{model}:", *(f"- {finding['question']} {finding['answer']}" for finding in entry["findings"])]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
