"""What the findings of all companion studies share: means over pretrained seeds with intervals, and their words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from prunescape.page import page

CONFIDENCE = 0.95
ABOVE, BELOW, EQUAL, OPEN = "above", "below", "equal", "open"
DECIDED = {
    ABOVE: "the interval is above zero",
    BELOW: "the interval is below zero",
    EQUAL: "less than the tolerance either way",
    OPEN: "not with these seeds",
}
_TABLE = """<table>
<thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Decided</th></tr></thead>
<tbody>
{% for finding in entry.findings %}
<tr><td>{{ finding.question }}</td><td>{{ finding.answer }}</td>
<td class="{{ colours.get(finding.decided, "note") }}">{{ words.get(finding.decided, "–") }}</td></tr>
{% endfor %}</tbody></table>
"""


def interval(name: str, values: np.ndarray) -> dict[str, float]:
    """A mean with its 95 % interval by Student's t, which is honest about few values: wide for three, NaN for one.

    Returns:
        The mean as `name`, the interval as `<name>_low` and `<name>_high`.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return {name: mean, f"{name}_low": np.nan, f"{name}_high": np.nan}
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def of_seeds(name: str, values: pd.Series) -> dict[str, float]:
    """The interval of one number a seed."""
    return interval(name, values.to_numpy(dtype=np.float64))


def shown(name: str, row: Mapping[str, Any], digits: int = 1, unit: str = " points") -> str:
    """A mean with its interval: `+12.3 points [4.0, 20.6]`, or that there is but one seed."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    mean = f"{row[name]:+.{digits}f}{unit}"
    return f"{mean} (one seed, no interval)" if np.isnan(low) else f"{mean} [{low:.{digits}f}, {high:.{digits}f}]"


def decided(name: str, row: Mapping[str, Any], tolerance: float = 0.0) -> str:
    """What an interval says: a key of `DECIDED`. That of one seed says nothing."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if -tolerance <= low and high <= tolerance:
        return EQUAL
    if low > 0:
        return ABOVE
    return BELOW if high < 0 else OPEN


def verdict(name: str, row: Mapping[str, Any]) -> str:
    """Whether a number is above zero: Yes, No, or Not decided."""
    return {ABOVE: "Yes", BELOW: "No"}.get(decided(name, row), "Not decided")


def text_of(found: Mapping[str, Any]) -> str:
    """All findings as plain text: `models` holds, by name, `findings` with question and answer."""
    parts = []
    for model, entry in found["models"].items():
        lines = [f"{model}:", *(f"- {finding['question']} {finding['answer']}" for finding in entry["findings"])]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def findings_page(
    title: str,
    question: str,
    note: str,
    found: Mapping[str, Any],
    above: str = "good",
    below: str = "bad",
    model: str = "",
) -> str:
    """An HTML page of a study's findings.

    Args:
        title, question: see `prunescape.page.page`.
        note: a Jinja template of what a reader must know first.
        found: `models` holds, by name, `findings` with question, answer and decided; the templates see the rest too.
        above, below: classes of what is said of an interval above and below zero.
        model: a Jinja template of what is said of a model, `entry`, before its findings.
    """
    colours = {ABOVE: above, BELOW: below, EQUAL: "note", OPEN: "doubtful"}
    body = f"""<p class="note">{note}</p>
{{% for model, entry in models.items() %}}
<h2>{{{{ model }}}}</h2>
{model}{_TABLE}{{% endfor %}}"""
    return page(title, question, body, **found, words=DECIDED, colours=colours)
