"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from prunescape.page import page
from prunescape.stochastic.findings import DECIDED, EQUAL, GAIN, LOSS, OPEN

_QUESTION = "Does Gaussian noise before pruning give better sparse networks?"
_COLOURS = {GAIN: "good", LOSS: "bad", EQUAL: "note", OPEN: "doubtful"}
_BODY = """<p class="note">"Deterministic" is pruning of the pretrained weights, "stochastic" pruning of the weights
with noise of standard deviation sigma added; gamma is the part of the weights that is removed. Gains are stochastic
minus deterministic accuracy, in points, means over pretrained seeds with 95 % intervals over seeds. An interval that
contains zero decides nothing, unless it lies within {{ tolerance }} points of it.</p>
{% for model, entry in models.items() %}
<h2>{{ model }}</h2>
<p>Best setting: gamma {{ "%g" | format(entry.cell.gamma) }}, sigma {{ "%g" | format(entry.cell.sigma) }}
({{ "given in the config" if entry.cell.source == "config" else "found by the grid search" }}).</p>
<table><thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Decided</th></tr></thead>
<tbody>
{% for finding in entry.findings %}
<tr><td>{{ finding.question }}</td><td>{{ finding.answer }}</td>
<td class="{{ colours.get(finding.decided, "note") }}">{{ words.get(finding.decided, "–") }}</td></tr>
{% endfor %}</tbody></table>
{% endfor %}"""


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of what `prunescape.stochastic.findings.findings` gives."""
    return page("Findings: noise before pruning", _QUESTION, _BODY, **found, words=DECIDED, colours=_COLOURS)
