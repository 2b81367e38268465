"""The findings of a companion study for people to look at: in short first, one by one below."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape.answers import ABOVE, BELOW, DECIDED, EQUAL, NOT_BELOW, OPEN
from prunescape.page import page, section
from prunescape.questions import in_short

_BODY = """<p class="note">{{ note }}</p>
<h2>In short</h2>
<table class="short">
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th></tr></thead>
<tbody>
{% for row in rows %}{% set cases = row.counts.values() | sum %}<tr><th scope="row">{{ row.question }}</th>
<td>{% for outcome, best in row.best.items() %}
<span><strong>{{ outcome }}{% if cases > 1 %} in {{ row.counts[outcome] }} of {{ cases }}{% endif %}</strong>
{{ best }}</span>
{% endfor %}{% for model, answer in row.answers.items() %}<span><strong>{{ model }}</strong> {{ answer }}</span>
{% endfor %}</td></tr>
{% endfor %}</tbody></table>
<p class="note">A case is a network in one way of doing it. Beside the numbers of cases stands the clearest, or, where
nothing is decided, the nearest to it, with its interval; the clearest of many is always a little lucky.</p>
<details><summary>All {{ number }} findings, one by one</summary>
{% for model, entry in models.items() %}<h3>{{ model }}</h3>
{{ introductions[model] }}<table>
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Decided</th></tr></thead>
<tbody>
{% for finding in entry.findings %}<tr><td>{{ finding.question }}</td><td>{{ finding.answer }}</td>
<td class="{{ colours.get(finding.decided, "note") }}">{{ words.get(finding.decided, "–") }}</td></tr>
{% endfor %}</tbody></table>
{% endfor %}</details>
"""
STYLE = """.short th { font-weight: normal; width: 40%; } .short thead th { font-weight: bold; }
.short span { display: block; }
summary { cursor: pointer; padding: .2rem 0; }
"""


def findings_section(
    note: str, found: Mapping[str, Any], above: str = "good", below: str = "bad", model: str = ""
) -> Markup:
    """A study's findings as a part of a page, which needs `STYLE`.

    Args:
        note: a Jinja template of what a reader must know first.
        found: `models` holds, by name, `findings` with question, answer and decided; the templates see the rest too.
        above, below: classes of what is said of an interval above and below zero.
        model: a Jinja template of what is said of a model, `entry`, before its findings.
    """
    models = found["models"]
    return section(
        _BODY,
        note=section(note, **found),
        rows=in_short(found),
        number=sum(len(entry["findings"]) for entry in models.values()),
        models=models,
        introductions={name: section(model, entry=entry, **found) for name, entry in models.items()},
        words=DECIDED,
        colours={ABOVE: above, BELOW: below, EQUAL: "note", NOT_BELOW: "note", OPEN: "doubtful"},
    )


def findings_page(title: str, question: str, findings: Markup) -> str:
    """An HTML page of what `findings_section` gives, see `prunescape.page.page`."""
    return page(title, question, "{{ findings }}", style=STYLE, findings=findings)
