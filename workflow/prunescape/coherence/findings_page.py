"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape import questions_page

QUESTION = "What do per-sample gradients know about generalisation, and do they choose good masks?"
_NOTE = """Coherence is the squared norm of the mean gradient over the mean squared norm of the samples' gradients, from
0 to 1. A weight's diff is the mean sign of its gradients, from -1 to 1. A mask keeps the weights of the largest
("best") or smallest ("worst") scores, which are |diff|, magnitude or drawn at random; the network is then trained again
from a fresh initialisation. Scores are ranked over all layers ("global"), over all layers with a part of each kept for
sure ("with a floor"), or within each layer ("local"). Numbers are means over seeds with 95 % intervals over seeds. An
interval that contains zero decides nothing, unless it lies within {{ "%g" | format(tolerance) }} points of it where
things may be called equal."""


def findings_section(found: Mapping[str, Any]) -> Markup:
    """A part of a page of what `prunescape.coherence.findings.findings` gives."""
    return questions_page.findings_section(_NOTE, found, above="note", below="note")


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of the same."""
    return questions_page.findings_page("Findings: what per-sample gradients know", QUESTION, findings_section(found))
