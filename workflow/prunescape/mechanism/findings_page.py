"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from prunescape import answers

_QUESTION = "Who does the work in a network, and in which basin does retraining end?"
_NOTE = """The utility of a set of weights is the mean KL divergence, in nats, between the network's outputs and those
without these weights; imbalance is its standard deviation over random sets of one size. A barrier is how far the
training error rises between two networks above the line between its values at both. Numbers are means over pretrained
seeds with 95 % intervals over seeds. An interval that contains zero, or for barriers {{ "%g" | format(tolerance) }}
points, decides nothing."""


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of what `prunescape.mechanism.findings.findings` gives."""
    title = "Findings: who does the work in a network"
    return answers.findings_page(title, _QUESTION, _NOTE, found, above="note", below="note")
