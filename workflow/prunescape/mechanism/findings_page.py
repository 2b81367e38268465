"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape import questions_page

QUESTION = "Who does the work in a network, and in which basin does retraining end?"
_NOTE = """The utility of a set of weights is the mean KL divergence, in nats, between the network's outputs and those
without these weights; imbalance is its standard deviation over random sets of one size. A barrier is how far the
training error rises between two networks above the line between its values at both. A retrained network is in the
pretrained one's basin where neither the barrier between them nor how much higher its training error is than that of
the pretrained network, and of a small one of its size, is above {{ "%g" | format(tolerance) }} points. Numbers are
means over pretrained seeds with 95 % intervals over seeds. An interval that contains zero, or for basins these points,
decides nothing."""


def findings_section(found: Mapping[str, Any]) -> Markup:
    """A part of a page of what `prunescape.mechanism.findings.findings` gives."""
    return questions_page.findings_section(_NOTE, found, above="note", below="note")


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of the same."""
    return questions_page.findings_page("Findings: who does the work in a network", QUESTION, findings_section(found))
