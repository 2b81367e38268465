"""The findings as a page to look at."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape import questions_page

QUESTION = "Does Gaussian noise before pruning give better sparse networks?"
_NOTE = """"Deterministic" is pruning of the pretrained weights, "stochastic" pruning of the weights with noise of
standard deviation sigma added; gamma is the part of the weights that is removed. Gains are stochastic minus
deterministic accuracy, in points, means over pretrained seeds with 95 % intervals over seeds. An interval that contains
zero decides nothing, unless it lies within {{ tolerance }} points of it. Settings of the largest gain were chosen on
the same test images and draws of noise on which the gain is stated, so it is optimistic; the search alone chose on
other images."""
_MODEL = """<p>Best setting: gamma {{ "%g" | format(entry.cell.gamma) }}, sigma {{ "%g" | format(entry.cell.sigma) }}
({{ "given in the config" if entry.cell.source == "config" else "the grid's largest gain on the test images" }}).</p>
"""


def findings_section(found: Mapping[str, Any]) -> Markup:
    """A part of a page of what `prunescape.stochastic.findings.findings` gives."""
    return questions_page.findings_section(_NOTE, found, model=_MODEL)


def findings_page(found: Mapping[str, Any]) -> str:
    """An HTML page of the same."""
    return questions_page.findings_page("Findings: noise before pruning", QUESTION, findings_section(found))
