"""The overview of a run: the ledger of the claims of its studies, with links to their pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import CANNOT, FAILS, HOLDS, OUTCOMES, UNDECIDED, UNTESTED
from prunescape.claims.page import COLOURS, digits_of, shown_number
from prunescape.claims.study import FILE, StudyClaims, studies_of, write_ledger
from prunescape.io.files import write_text
from prunescape.io.html import page
from prunescape.io.seals import notes_of, read_seal
from prunescape.studies.registry import STUDIES

LINKS = {
    "explore.html": "explore the results",
    "verdict.html": "verdict",
    "claims.html": "claims with their answers",
    "verdict.txt": "the verdict as text",
    "claims.txt": "the claims as text",
    "figures": "figures",
}
MOST = 40  # claims of a study that are not folded
COUNTED = {
    HOLDS: ("holds", "hold"),
    FAILS: ("does not hold", "do not hold"),
    UNDECIDED: ("is not decided", "are not decided"),
    CANNOT: ("cannot be asked here", "cannot be asked here"),
    UNTESTED: ("is told without a test", "are told without a test"),
}
_BODY = """{% for entry in entries %}<section id="{{ entry.stated.study }}"><h2>{{ entry.stated.question }}</h2>
{% if entry.said %}<ul>{% for model, words in entry.said.items() %}<li><strong>{{ model }}</strong>: {{ words }}</li>
{% endfor %}</ul>
{% endif %}<p>{% for text, address in entry.links %}<a href="{{ address }}">{{ text }}</a>
{{ "" if loop.last else " · " }}
{% endfor %}</p>
<details{% if entry.is_open %} open{% endif %}><summary>{{ entry.summary }}</summary>
<p class="note">Decided on {{ entry.data }}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="claims of {{ entry.stated.study }}"><table class="ledger">
<thead><tr><th scope="col">network, case</th><th scope="col">outcome</th>
<th scope="col">effect{% if entry.level %} [{{ entry.level }} interval]{% endif %}</th>
{% if entry.has_published %}<th scope="col">published</th>
{% endif %}</tr></thead>
{% for statement, claims in entry.statements.items() %}{% set first = claims[0] %}<tbody>
<tr class="statement"><th scope="rowgroup" colspan="{{ columns(entry) }}">{{ statement }}
<span class="note">{{ first.source }} &mdash; effect: {{ first.quantity }}{% if first.unit %}, in {{ first.unit }}
{% endif %}</span></th></tr>
{% for claim in claims %}<tr><td>{{ claim.model }}{% if claim.case %}, {{ claim.case }}{% endif %}</td>
<td><a class="{{ colours.get(claim.outcome, "note") }}"
 href="{{ claim.study }}/claims.html#{{ claim.id }}">{{ claim.outcome }}</a></td>
{% if claim.effect is none %}<td colspan="{{ columns(entry) - 2 }}" class="note">{{ claim.answer }}</td>
{% else %}<td>{{ shown(claim.effect, claim) }} {{ interval(claim) or "(one seed)" }}</td>
{% if entry.has_published %}<td>{% if claim.published is not none %}{{ shown(claim.published, claim) }}
<span class="note">{{ claim.published_in }}</span>{% endif %}</td>
{% endif %}{% endif %}</tr>
{% endfor %}</tbody>
{% endfor %}</table></div></details>
</section>
{% else %}<p>No study of this run has finished yet.</p>
{% endfor %}{% if entries %}<p class="note">All claims, with their sources and what would decide them:
<a href="claims.csv">claims.csv</a>, <a href="claims.json">claims.json</a>.</p>
{% endif %}{% if reports %}<p class="note">Snakemake's own report, with every figure:
{% for report in reports %}<a href="{{ report }}">{{ report }}</a> {% endfor %}</p>
{% endif %}"""
_STYLE = """.scroll { overflow-x: auto; }
.ledger th, .ledger td { padding: .2rem .6rem; }
.ledger .statement th { border-top: 2px solid #e4e7ea; padding-top: .7rem; background: #f7f8f9; }
.ledger .statement span { display: block; font-weight: normal; font-size: .85rem; }
.ledger thead th:nth-child(1) { width: 32%; } .ledger thead th:nth-child(2) { width: 18%; }
.ledger thead th:nth-child(4) { width: 22%; }
.ledger td:nth-child(3) { font-variant-numeric: tabular-nums; }
summary { cursor: pointer; padding: .2rem 0; }
@media print { tr { break-inside: avoid; } body { max-width: none; margin: 0; font-size: 11px; } }
@media (max-width: 40rem) { .ledger { display: table; min-width: 36rem; } }
"""


class Entry(NamedTuple):
    """A study of a run.

    Attributes:
        stated: its claims.
        links: text and address, from the run's folder.
    """

    stated: StudyClaims
    links: list[tuple[str, str]]

    @property
    def statements(self) -> dict[str, list[Claim]]:
        """The claims by statement, in order."""
        by_statement: dict[str, list[Claim]] = {}
        for claim in self.stated.claims:
            by_statement.setdefault(claim.statement, []).append(claim)
        return by_statement

    @property
    def said(self) -> Mapping[str, str]:
        """Words on each network, where there are any."""
        return {model: words for model, words in self.stated.models.items() if words}

    @property
    def summary(self) -> str:
        """The number of claims of each outcome, in words."""
        outcomes = [claim.outcome for claim in self.stated.claims]
        counts = {outcome: outcomes.count(outcome) for outcome in OUTCOMES if outcome in outcomes}
        told = [f"{count} {COUNTED[outcome][count > 1]}" for outcome, count in counts.items()]
        return f"{len(outcomes)} claim{'s' * (len(outcomes) != 1)}: {', '.join(told)}"

    @property
    def level(self) -> str:
        """The level of the intervals, in percent."""
        return ", ".join(sorted({f"{100 * claim.level:g} %" for claim in self.stated.claims if claim.level}))

    @property
    def data(self) -> str:
        """The data that the claims are decided on, in words."""
        return "; ".join(dict.fromkeys(claim.data for claim in self.stated.claims))

    @property
    def has_published(self) -> bool:
        """Whether there is a published number beside any of ours."""
        return any(claim.published is not None for claim in self.stated.claims)

    @property
    def is_open(self) -> bool:
        """Whether the study's claims are few enough to be seen at once."""
        return len(self.stated.claims) <= MOST


def write_index(run: Path) -> bool:
    """Write `index.html` and the ledger into a run's folder, of the studies that have claims; whether there is any.

    Raises:
        UserError: the claims of a study are damaged.
    """
    studies = studies_of(run, [study.name for study in STUDIES])
    write_ledger(run, studies)
    entries = [_entry(run, stated) for stated in studies]
    notes = notes_of(read_seal(run / stated.study / FILE) for stated in studies)
    write_text(run / "index.html", index_page(run.name, entries, reports(run), notes))
    return bool(studies)


def _entry(run: Path, stated: StudyClaims) -> Entry:
    there = {name: text for name, text in LINKS.items() if (run / stated.study / name).exists()}
    return Entry(stated, [(text, f"{stated.study}/{name}") for name, text in there.items()])


def reports(run: Path) -> list[str]:
    """Snakemake's reports of a run."""
    names = ["report.html", *(f"{study.name}.html" for study in STUDIES)]
    return [name for name in names if (run / name).is_file()]


def index_page(run: str, entries: list[Entry], reports: list[str], notes: Sequence[str] = ()) -> str:
    """The page of a run of that name; `notes` on accepted results, see `prunescape.io.html.page`."""
    helpers: dict[str, Any] = {"colours": COLOURS, "interval": _interval, "shown": shown_number}
    helpers["columns"] = lambda entry: 3 + entry.has_published
    return page(
        f"Run {run}", f"Run {run}", _BODY, style=_STYLE, notes=notes, entries=entries, reports=reports, **helpers
    )


def _interval(claim: Claim) -> str:
    """`[4.0, 20.6]`, or "" where there is none."""
    if claim.low is None or claim.high is None:
        return ""
    digits = digits_of(claim)
    return f"[{claim.low:.{digits}f},\N{NO-BREAK SPACE}{claim.high:.{digits}f}]"
