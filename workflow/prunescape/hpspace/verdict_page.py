"""The verdict as a page to look at, without anything from elsewhere."""

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import KEEP, TRAIN, TUNE, UNDECIDED, UNKNOWN, question
from prunescape.hpspace.verdict_text import (
    add_seeds,
    alike,
    decision_of,
    ellipse_of,
    in_short,
    keeping,
    left_out,
    levels_of,
    multiple_of,
    no_control,
)
from prunescape.io.html import page, section

_COLOURS = {TRAIN: "note", KEEP: "good", UNDECIDED: "doubtful", TUNE: "bad", UNKNOWN: "note"}
_BODY = """<p class="note">{{ note }}</p>
{% for model, entry in models.items() %}{% for metric, answer in entry.metrics.items() %}
<h2>{{ model }}{% if metric != "top1" %}, top-5 accuracy{% endif %}</h2>
<p><strong>{{ capitalised(in_short(entry, metric)) }}.</strong></p>
<p>The dense network reaches {{ "%.2f" | format(answer.dense.best.accuracy) }} % at {{ told(answer.dense.best) }}.
Choosing any cell of its {{ settings.risk_roi }}-ROI instead puts
{{ spread(answer.dense.risk) }} points at risk ({% if answer.seeds > 1 %}{{ levels.others }} interval; {% endif %}
{{ "%.2f" | format(answer.dense.risk.measured) }} as measured); that is the yardstick.</p>
<table class="numbers">
<tr><th scope="col">variant</th><th scope="col" class="words">recommendation</th>
<th scope="col">best, as measured</th>
<th scope="col">loss if kept, points [{{ levels.loss }} interval]</th>
<th scope="col">as measured (x dense's)</th>
<th scope="col">dense optimum costs, points [{{ levels.others }} interval]</th>
<th scope="col">trials to tune: near, random</th></tr>
{% for name, variant in answer.variants.items() %}
<tr><td>{{ breaking(name) }}</td>
<td class="words {{ colours[variant.recommendation] }}"><b>{{ variant.recommendation }}</b>:
{{ decided(variant, settings) }}</td>
<td>{{ "%.2f" | format(variant.best.accuracy) }} % at {{ told(variant.best) }}</td>
{% if variant.recommendation == train %}<td></td><td></td><td></td><td></td></tr>
{% else %}<td>{{ loss(variant) }}</td>
<td>{{ "%.2f" | format(variant.loss_measured) }}{{ multiple(variant) }}</td>
<td>{{ spread(variant.loss_at_dense_optimum) }}</td>
<td>{{ variant.trials.nearest }}, {{ variant.trials.random }}</td></tr>
<tr><td></td><td class="note" colspan="6">{{ ellipse(variant.ellipse, pair) }}</td></tr>
{% endif %}{% endfor %}</table>
<p class="note">{% if answer.seeds == 1 %}One seed only: the noise of a cell is unknown, so that nothing has an interval
and nothing is decided; {{ remedy(entry, answer) }}.{% else %}The mean over {{ answer.seeds }} seeds of one cell is
uncertain by about
{{ "%.2f" | format(answer.seed_noise_points) }} points (median standard error in the regions of interest).{% endif %}
</p>
{% if metric == "top1" %}{% for side, touching in entry.border.items() %}
<p class="note">The grid ends too early towards {{ side }}: the region of interest of {{ touching | join(", ") }}
touches it.</p>
{% endfor %}{% for names in entry.same or [] %}<p class="note">{{ alike(names) | capitalize }}.</p>
{% endfor %}{% if entry.without_control %}<p class="note">{{ control(entry.without_control) | capitalize }}.</p>
{% endif %}{% endif %}
{% endfor %}{% endfor %}
{% if not pair.is_thesis %}<p class="note">{{ left_out(pair) }}.</p>
{% endif %}"""


def verdict_page(answer: Mapping[str, Any]) -> str:
    """An HTML page of what `verdict` gives."""
    return page("Verdict", question(Pair.from_settings(answer)), "{{ verdict }}", verdict=verdict_section(answer))


def verdict_section(answer: Mapping[str, Any]) -> Markup:
    """The verdict's section of an HTML page, without its heading."""
    helpers = {"in_short": in_short, "decided": decision_of, "ellipse": ellipse_of, "spread": _spread, "loss": _loss}
    helpers |= {"control": no_control, "alike": alike, "multiple": multiple_of, "breaking": _breaking}
    pair = Pair.from_settings(answer)
    words = {"pair": pair, "told": lambda cell: pair.told(cell).replace(", ", " and "), "left_out": left_out}
    words |= {"capitalised": _capitalised, "remedy": add_seeds, "levels": levels_of(answer["settings"]), "train": TRAIN}
    words["note"] = Markup(keeping(answer["settings"]))
    return section(_BODY, **answer, colours=_COLOURS, **helpers, **words)


def _capitalised(sentence: str) -> str:
    """With a capital at the beginning, and names of variants as they are."""
    return sentence[:1].upper() + sentence[1:]


def _breaking(name: str) -> Markup:
    """A variant's name that may go on in the next line after each underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def _spread(quantity: Mapping[str, float]) -> str:
    """A quantity with its interval, `1.01 [0.72, 1.40]`, or as measured where it has none."""
    return _shown(quantity["measured"], quantity["estimate"], quantity["low"], quantity["high"])


def _loss(variant: Mapping[str, Any]) -> str:
    return _shown(variant["loss_measured"], variant["loss"], variant["loss_low"], variant["loss_high"])


def _shown(measured: float, estimate: float, low: float, high: float) -> str:
    return f"{measured:.2f}" if math.isnan(low) else f"{estimate:.2f} [{low:.2f},\N{NO-BREAK SPACE}{high:.2f}]"
