"""Claims of a study for people to look at: in short first, one by one below; and all of them as text.

In short they are counted by topic, how often the answer is yes, no, or not decided: a claim may answer its topic for
one case of several (a scope, a score, a schedule), and all networks' claims on one topic are counted together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, DECIDED, FAILS, HOLDS, UNDECIDED
from prunescape.claims.study import StudyClaims
from prunescape.io.html import page, section


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
    if stated.by_source:
        form = "- {section}: {said} We see: {seen}. {decided}."
        rows = [form.format_map(row) for row in stated.by_source]
        parts.append("\n".join(["What the source claims or asks, one by one:", *rows]))
    for model in stated.models:
        told = [f"- {claim.question} {claim.answer} (Told: {claim.quantity}.)" for claim in stated.of(model)]
        parts.append("\n".join([f"{model}:", *told]))
    return "\n\n".join(parts) + "\n"


COLOURS = {HOLDS: "good", FAILS: "bad", UNDECIDED: "doubtful"}
_BODY = """<h2>In short</h2>
<table class="short cards">
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th></tr></thead>
<tbody>
{% for row in rows %}{% set cases = row.counts.values() | sum %}<tr><th scope="row">{{ row.question }}</th>
<td>{% for outcome, best in row.best.items() %}
<span><strong>{{ words[outcome] }}{% if cases > 1 %} in {{ row.counts[outcome] }} of {{ cases }}{% endif %}</strong>
{{ best }}</span>
{% endfor %}{% for model, answer in row.answers.items() %}<span><strong>{{ model }}</strong> {{ answer }}</span>
{% endfor %}</td></tr>
{% endfor %}</tbody></table>
<p class="note">{{ stated.note }}</p>
<p class="note">A case is a network in one way of doing it. Beside the numbers of cases stands the clearest, or, where
nothing is decided, the nearest to it, with its interval; the clearest of many is always a little lucky.</p>
{% if stated.by_source %}<details><summary>What the source claims or asks, one by one ({{ stated.by_source | length }})
</summary>
<table class="claims cards">
<thead><tr><th scope="col">It says or asks</th><th scope="col">We see</th><th scope="col">Decided</th>
<th scope="col">Section</th></tr></thead>
<tbody>
{% for row in stated.by_source %}<tr><td>{{ row.said }}</td><td data-label="We see">{{ row.seen }}</td>
<td data-label="Decided">{{ row.decided }}</td><td data-label="Section">{{ row.section }}</td></tr>
{% endfor %}</tbody></table></details>
{% endif %}<details><summary>All {{ stated.claims | length }} claims, one by one</summary>
{% for model, said in stated.models.items() %}<h3>{{ model }}</h3>
{% if said %}<p>{{ said }}</p>
{% endif %}<table class="claims cards">
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">The statement</th>
<th scope="col">Source</th></tr></thead>
<tbody>
{% for claim in stated.of(model) %}<tr id="{{ claim.id }}"><td>{{ claim.question }}</td>
<td data-label="Answer">{{ claim.answer }}
{% if claim.would_decide %}<span class="note">What would decide it: {{ claim.would_decide }}.</span>
{% endif %}</td>
<td data-label="The statement"><strong class="{{ colours.get(claim.outcome, "note") }}">{{ claim.outcome }}</strong>
{% if claim.decided %}<span class="note">{{ decided[claim.decided] }}</span>
{% endif %}</td><td data-label="Source">{{ claim.source }}{% if claim.published is not none %}
<span class="note">published: {{ shown(claim.published, claim) }} ({{ claim.published_in }})</span>
{% endif %}</td></tr>
{% endfor %}</tbody></table>
{% endfor %}</details>
"""
STYLE = """.short th { font-weight: normal; width: 40%; } .short thead th { font-weight: bold; }
.short span, .claims span { display: block; } .claims td:first-child { font-weight: bold; }
.claims th:nth-child(1) { width: 26%; } .claims th:nth-child(3) { width: 15%; } .claims th:nth-child(4) { width: 19%; }
summary { cursor: pointer; padding: .2rem 0; }
"""


def claims_section(stated: StudyClaims) -> Markup:
    """A study's claims as a part of a page, which needs `STYLE`."""
    words = {"words": ANSWERS, "decided": DECIDED, "colours": COLOURS, "shown": shown_number}
    return section(_BODY, stated=stated, rows=in_short(stated.claims), **words)


def claims_page(stated: StudyClaims) -> str:
    """An HTML page of a study's claims."""
    body = "{{ claims }}"
    return page(f"Claims: {stated.study}", stated.question, body, style=STYLE, claims=claims_section(stated))


def shown_number(value: float | None, claim: Claim) -> str:
    """A number in a claim's unit, with as many digits as its interval deserves; "" where there is none."""
    return "" if value is None else f"{value:+.{digits_of(claim)}f}"


def digits_of(claim: Claim) -> int:
    """Digits after the point that tell a claim's interval with two figures, or its effect with three; at most 4."""
    known = claim.low is not None and claim.high is not None and claim.high > claim.low
    size = (claim.high - claim.low) / 2 if known else abs(claim.effect or 0) / 10  # type: ignore[operator]
    for digits in range(1, 4):
        if size >= 10 ** (1 - digits):
            return digits
    return 4 if size else 1
