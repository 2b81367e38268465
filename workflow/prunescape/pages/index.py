"""The overview of a run: a picture, date and cost of each study, and the ledger of the claims, with links to pages."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, CANNOT, FAILS, HOLDS, OUTCOMES, UNDECIDED, UNTESTED
from prunescape.claims.page import COLOURS, digits_of, in_short, shown_number
from prunescape.claims.study import FILE, StudyClaims, studies_of, write_ledger
from prunescape.io.files import write_text
from prunescape.io.html import page
from prunescape.io.seals import notes_of, read_seal
from prunescape.pages.provenance import duration, job_seconds, made_on
from prunescape.pages.study import inside
from prunescape.studies.registry import STUDIES
from prunescape.studies.study import placed

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
_BODY = """{% if entries %}<p class="note">{{ spent }}</p>
{% endif %}{% for entry in entries %}<section id="{{ entry.stated.study }}"><h2>{{ entry.stated.question }}</h2>
{% if entry.picture %}<a class="picture" href="{{ entry.links[0][1] }}"><img
 src="{{ entry.picture.source }}"
 alt="{{ entry.picture.title }}" width="{{ entry.picture.width }}" height="{{ entry.picture.height }}"></a>
{% endif %}{% if entry.said %}<ul>{% for model, words in entry.said.items() %}
<li><strong>{{ model }}</strong>: {{ words }}</li>
{% endfor %}</ul>
{% endif %}<p>{% for text, address in entry.links %}<a href="{{ address }}">{{ text }}</a>
{{ "" if loop.last else " · " }}
{% endfor %}</p>
<p class="note">{{ entry.when }}{% if entry.cost %}; {{ entry.cost }}{% endif %}. Decided on {{ entry.data }}.</p>
{% if entry.stated.note %}<details><summary>How to read the answers</summary>
<p>{{ entry.stated.note }}</p></details>
{% endif %}<details{% if entry.is_open %} open{% endif %}>
<summary>{{ entry.summary }}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="claims of {{ entry.stated.study }}">
<table class="ledger cards">
<thead><tr><th scope="col">network, case</th><th scope="col">outcome</th>
<th scope="col">effect{% if entry.level %} [{{ entry.level }} interval]{% endif %}</th>
{% if entry.has_published %}<th scope="col">published</th>
{% endif %}</tr></thead>
{% for statement, claims in entry.statements.items() %}{% set first = claims[0] %}<tbody>
<tr class="statement"><th scope="rowgroup" colspan="{{ columns(entry) }}">{{ statement }}
<span class="note">{{ first.source }} &mdash; effect: {{ first.quantity }}{% if first.unit %}, in {{ first.unit }}
{% endif %}</span></th></tr>
{% for claim in claims %}<tr><td>{{ claim.model }}{% if claim.case %}, {{ claim.case }}{% endif %}</td>
<td data-label="outcome"><a class="{{ colours.get(claim.outcome, "note") }}"
 href="{{ claim.study }}/claims.html#{{ claim.id }}">{{ claim.outcome }}</a></td>
{% if claim.effect is none %}<td colspan="{{ columns(entry) - 2 }}" class="note">{{ claim.answer }}</td>
{% else %}<td data-label="effect">{{ shown(claim.effect, claim) }} {{ interval(claim) or "(one seed)" }}</td>
{% if entry.has_published %}<td data-label="published">{% if claim.published is not none %}
{{- shown(claim.published, claim) }}
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
.picture img { width: 100%; max-width: 34rem; height: auto; border: 1px solid #e4e7ea; }
"""


class Entry(NamedTuple):
    """A study of a run.

    Attributes:
        stated: its claims.
        links: text and address, from the run's folder, that of the page to explore first.
        picture: the figure that stands for it, see `prunescape.pages.study.inside`; None where there is none.
        when: the day on which its claims were stated, in words.
        cost: its jobs and how long they took, in words; "" where no log tells.
    """

    stated: StudyClaims
    links: list[tuple[str, str]]
    picture: Mapping[str, Any] | None = None
    when: str = ""
    cost: str = ""

    @property
    def statements(self) -> dict[str, list[Claim]]:
        """The claims by statement, in order."""
        by_statement: dict[str, list[Claim]] = {}
        for claim in self.stated.claims:
            by_statement.setdefault(claim.statement, []).append(claim)
        return by_statement

    @property
    def said(self) -> Mapping[str, str]:
        """Words on each network; where there are none, the questions that are answered, by their answers."""
        return {model: words for model, words in self.stated.models.items() if words} or self._answered()

    def _answered(self) -> dict[str, str]:
        rows, answered = in_short(self.stated.claims), dict[str, str]()
        for outcome in (HOLDS, FAILS):
            found = [
                f"{row['question']}{_part(row['counts'][outcome], sum(row['counts'].values()))}"
                for row in rows
                if row["counts"][outcome]
            ]
            if found:
                answered[f"{ANSWERS[outcome].capitalize()} ({len(found)})"] = " ".join(found)
        tested = [row for row in rows if any(row["counts"].values())]
        left = [row for row in tested if not row["counts"][HOLDS] + row["counts"][FAILS]]
        return answered | {"Not decided": f"{len(left)} of {len(tested)} questions"} if tested else answered

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
        """The data that the claims are decided on, in words; those that others tell more of are left out."""
        told = dict.fromkeys(claim.data for claim in self.stated.claims)
        return "; ".join(data for data in told if not any(other.startswith(f"{data};") for other in told))

    @property
    def has_published(self) -> bool:
        """Whether there is a published number beside any of ours."""
        return any(claim.published is not None for claim in self.stated.claims)

    @property
    def is_open(self) -> bool:
        """Whether the study's claims are few enough to be seen at once."""
        return len(self.stated.claims) <= MOST


def _part(count: int, of: int) -> str:
    """In how many of several cases."""
    return f" ({count} of {of} cases)" if of > 1 else ""


def write_index(run: Path) -> bool:
    """Write `index.html` and the ledger into a run's folder, of the studies that have claims; whether there is any.

    Raises:
        UserError: the claims of a study are damaged.
    """
    studies = studies_of(run, [study.name for study in STUDIES])
    write_ledger(run, studies)
    entries = [_entry(run, stated) for stated in studies]
    notes = notes_of(read_seal(run / stated.study / FILE) for stated in studies)
    spent = f"The run as a whole: {cost(run / 'logs') or 'no log is left'}."
    write_text(run / "index.html", index_page(run.name, entries, reports(run), notes, spent))
    return bool(studies)


def _entry(run: Path, stated: StudyClaims) -> Entry:
    there = {name: text for name, text in LINKS.items() if (run / stated.study / name).exists()}
    links = [(text, f"{stated.study}/{name}") for name, text in there.items()]
    when = f"Claims of {made_on([run / stated.study / FILE])}"
    return Entry(stated, links, _picture(run / stated.study, stated), when, cost(run / "logs" / stated.study))


def _picture(folder: Path, stated: StudyClaims) -> dict[str, Any] | None:
    """The figure that stands for a study, or the first one that there is as PNG; None where there is none."""
    study = next(study for study in STUDIES if study.name == stated.study)
    for figure in sorted(study.figures, key=lambda figure: figure.name != study.picture):
        pattern = re.sub(r"\{\w+\}", "*", figure.pattern)
        found = sorted((folder / "figures").glob(f"{pattern}.png"))
        if found:
            title = placed(figure.title)[1].partition(",")[0]
            return inside(str(found[0]), title, "")
    return None


def cost(logs: Path) -> str:
    """The jobs whose logs lie below a folder and how long they took altogether, in words; "" where there are none."""
    told = [seconds for path in sorted(logs.rglob("*.log")) if (seconds := job_seconds(path)) is not None]
    return f"{len(told)} job{'s' * (len(told) != 1)}, {duration(sum(told))} altogether" if told else ""


def reports(run: Path) -> list[str]:
    """Snakemake's reports of a run."""
    names = ["report.html", *(f"{study.name}.html" for study in STUDIES)]
    return [name for name in names if (run / name).is_file()]


def index_page(run: str, entries: list[Entry], reports: list[str], notes: Sequence[str] = (), spent: str = "") -> str:
    """The page of a run of that name.

    Args:
        run: its name.
        entries: its studies.
        reports: names of Snakemake's reports.
        notes: on accepted results, see `prunescape.io.html.page`.
        spent: what the run took, in words.
    """
    helpers: dict[str, Any] = {"colours": COLOURS, "interval": _interval, "shown": shown_number}
    helpers["columns"] = lambda entry: 3 + entry.has_published
    return page(
        f"Run {run}",
        f"Run {run}",
        _BODY,
        style=_STYLE,
        notes=notes,
        entries=entries,
        reports=reports,
        spent=spent,
        **helpers,
    )


def _interval(claim: Claim) -> str:
    """`[4.0, 20.6]`, or "" where there is none."""
    if claim.low is None or claim.high is None:
        return ""
    digits = digits_of(claim)
    return f"[{claim.low:.{digits}f},\N{NO-BREAK SPACE}{claim.high:.{digits}f}]"
