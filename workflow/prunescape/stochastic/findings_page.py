"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from prunescape.page import ANSWERS, page

_QUESTION = "Does Gaussian noise before pruning give better sparse networks?"
_BODY = (
    """<p class="note">"Deterministic" is pruning of the pretrained weights, "stochastic" pruning of the weights
with noise of standard deviation sigma added; gamma is the part of the weights that is removed. Gains are stochastic
minus deterministic accuracy, in points, means over pretrained seeds with 95 % intervals over seeds. An interval that
contains zero decides nothing.</p>
{% for model, entry in models.items() %}
<h2>{{ model }}</h2>
<p>Best setting: gamma {{ "%g" | format(entry.cell.gamma) }}, sigma {{ "%g" | format(entry.cell.sigma) }}
({{ "given in the config" if entry.cell.source == "config" else "found by the grid search" }}).</p>
"""
    + ANSWERS
    + "{% endfor %}"
)


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of what `prunescape.stochastic.findings.findings` gives."""
    return page("Findings: noise before pruning", _QUESTION, _BODY, sure="the interval excludes zero", **found)
