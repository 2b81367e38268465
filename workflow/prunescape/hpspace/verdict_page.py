"""The verdict as a page to look at, without anything from elsewhere."""

from collections.abc import Mapping
from typing import Any

from prunescape.hpspace.verdict import RECOMMENDATIONS
from prunescape.page import page

_QUESTION = "Must learning rate and weight decay be tuned again after pruning?"
_COLOURS = {"keep": "good", "check": "doubtful", "tune": "bad", "unknown": "note"}
_BODY = """{% for model, entry in models.items() %}{% for metric, answer in entry.metrics.items() %}
<h2>{{ model }}{% if metric != "top1" %}, top-5 accuracy{% endif %}</h2>
{% if metric == "top1" %}<p><strong>{{ entry.text.splitlines()[0].split(": ", 1)[1] | capitalize }}.</strong></p>{%
endif %} <p>The dense network reaches {{ "%.2f" | format(answer.dense.best.accuracy) }} % at learning rate
{{ "%.3g" | format(answer.dense.best.learning_rate) }} and weight decay
{{ "%.3g" | format(answer.dense.best.weight_decay) }}. Choosing any cell of its {{ settings.risk_roi }}-ROI instead puts
{{ "%.2f" | format(answer.dense.risk_points) }} points at risk; that is the yardstick.</p>
<table class="numbers">
<tr><th scope="col">variant</th><th scope="col">best accuracy, %</th><th scope="col">at risk, points</th>
<th scope="col">times dense</th><th scope="col">dense optimum costs, points</th><th scope="col">centre moved,
decades</th> <th scope="col">recommendation</th></tr>
{% for name, variant in answer.variants.items() %}
<tr><td>{{ name }}</td><td>{{ "%.2f" | format(variant.best.accuracy) }}</td>
<td>{{ "%.2f" | format(variant.risk_points) }}</td><td>{{ "%.1f" | format(variant.risk_multiple) }}</td>
<td>{{ "%.2f" | format(variant.loss_at_dense_optimum_points) }}</td>
<td>{% if variant.centre_shift is none %}not fitted{% else %}{{ "%.2f" | format(variant.centre_shift) }}{% endif %}</td>
<td class="{{ colours[variant.recommendation] }}"><b>{{ variant.recommendation }}</b>: {{ advice[variant.recommendation]
}}</td></tr> {% endfor %}</table>
<p class="note">{% if answer.seed_noise_points is none %}One seed only: the noise of a cell is unknown; add seeds before
trusting small differences.{% else %}The mean over seeds of one cell is uncertain by about
{{ "%.2f" | format(answer.seed_noise_points) }} points (median standard error in the regions of interest); differences
below that say nothing.{% endif %}</p>
{% if metric == "top1" %}{% for side, touching in entry.border.items() %}
<p class="note">The grid ends too early towards {{ side }}: the region of interest of {{ touching | join(", ") }}
touches it.</p>
{% endfor %}{% endif %}
{% endfor %}{% endfor %}
"""


def verdict_page(answer: Mapping[str, Any]) -> str:
    """An HTML page of what `verdict` gives."""
    return page("Verdict", _QUESTION, _BODY, **answer, advice=RECOMMENDATIONS, colours=_COLOURS)
