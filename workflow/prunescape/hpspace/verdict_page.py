"""The verdict as a page to look at, without anything from elsewhere."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape.hpspace.decision import EXPLORED
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import GROW, TRAIN, question, terms_of
from prunescape.hpspace.verdict_text import OVER, answer_of, caveats, gain_of, in_short, left_out, measured_by, reasons
from prunescape.io.html import page, section
from prunescape.statistics.looks import KEEP, OPEN, TUNE

_COLOURS = {TRAIN: "note", GROW: "note", EXPLORED: "note", KEEP: "good", OPEN: "doubtful", TUNE: "bad"}
_BODY = """{% for model, entry in models.items() %}
<h2>{{ model }}</h2>
<p><strong>{{ capitalised(in_short(entry)) }}.</strong> Your setting is {{ told(entry.prior) }}.</p>
<table class="numbers cards">
<thead><tr><th scope="col">network</th><th scope="col" class="words">answer</th>
{% for axis in pair %}<th scope="col">use: {{ axis.words }}</th>{% endfor %}
{% for name in (entry.networks.values() | first).questions %}
<th scope="col">tuning gains over {{ over[name] }}, points</th>
{% endfor %}<th scope="col">accuracy at the tuned setting, %</th><th scope="col">trainings to tune</th>
<th scope="col">fresh seeds</th></tr></thead>
<tbody>
{% for name, of in entry.networks.items() %}
<tr><td data-label="network">{{ name }}</td>
<td class="words {{ colours[of.recommendation] }}"><b>{{ of.recommendation }}</b>: {{ answer_of(of, pair) }}</td>
{% for axis in pair %}<td data-label="use: {{ axis.words }}">{{ axis.shown(of.use[axis.name]) }}</td>{% endfor %}
{% for asked, row in of.questions.items() %}
<td data-label="tuning gains over {{ over[asked] }}, points">
{{- gain_of(row) | replace(", ", ",\N{NO-BREAK SPACE}") }}</td>{% endfor %}
<td data-label="accuracy at the tuned setting, %">
{%- if of.accuracy == of.accuracy %}{{ "%.2f" | format(of.accuracy) }}{% endif %}</td>
<td data-label="trainings to tune">{{ of.trainings }}</td>
<td data-label="fresh seeds">{{ of.questions.values() | map(attribute="seeds") | max }}</td></tr>
{% endfor %}</tbody></table>
{% for line in reasons(entry, terms) %}<p class="note">{{ line }}.</p>
{% endfor %}{% for line in caveats(entry) %}<p class="note">{{ capitalised(line) }}.</p>
{% endfor %}{% endfor %}
<p class="note">{{ measured }}</p>
{% if not pair.is_thesis %}<p class="note">{{ left_out(pair) }}</p>
{% endif %}"""


def verdict_page(answer: Mapping[str, Any]) -> str:
    """An HTML page of what `verdict` gives."""
    return page(
        "Verdict", question(Pair.from_json(answer.get("axes"))), "{{ verdict }}", verdict=verdict_section(answer)
    )


def verdict_section(answer: Mapping[str, Any]) -> Markup:
    """The verdict's section of an HTML page, without its heading."""
    pair = Pair.from_json(answer.get("axes"))
    helpers = {"in_short": in_short, "answer_of": answer_of, "gain_of": gain_of, "reasons": reasons, "caveats": caveats}
    words = {"told": lambda cell: pair.told(cell).replace(", ", " and "), "left_out": left_out, "over": OVER}
    words |= {"capitalised": _capitalised, "measured": measured_by(answer), "pair": pair}
    return section(_BODY, **answer, terms=terms_of(answer), colours=_COLOURS, **helpers, **words)


def _capitalised(sentence: str) -> str:
    """With a capital at the beginning, unless a network's name stands there, which stays as it is."""
    return sentence if re.match(r"[\w.]+-\d", sentence) else sentence[:1].upper() + sentence[1:]
