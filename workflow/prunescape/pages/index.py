"""The overview of a run: what each of its studies asks and answers, with links."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.hpspace.axes import Pair
from prunescape.hpspace.verdict import question
from prunescape.hpspace.verdict_text import in_short
from prunescape.io.files import read_json, write_text
from prunescape.page import page


class Entry(NamedTuple):
    """A study of a run.

    Attributes:
        question: that it answers.
        lines: model and answer.
        links: text and address, from the run's folder.
    """

    question: str
    lines: list[tuple[str, str]]
    links: list[tuple[str, str]]


QUESTIONS = {
    "hpspace": question(),
    "stochastic": "Does Gaussian noise before pruning give better sparse networks?",
    "mechanism": "Who does the work in a network, and in which basin does retraining end?",
    "coherence": "What do per-sample gradients know about generalisation, and do they choose good masks?",
}
LINKS = {
    "explore.html": "explore the results",
    "verdict.html": "verdict",
    "findings.html": "findings",
    "verdict.txt": "the verdict as text",
    "findings.txt": "the findings as text",
    "figures": "figures",
}
_BODY = """{% for entry in entries %}<section><h2>{{ entry.question }}</h2>
<ul>{% for model, answer in entry.lines %}<li><strong>{{ model }}</strong>: {{ answer }}</li>
{% endfor %}</ul>
<p>{% for text, address in entry.links %}<a href="{{ address }}">{{ text }}</a>{{ "" if loop.last else " · " }}
{% endfor %}</p>
</section>
{% else %}<p>No study of this run has finished yet.</p>
{% endfor %}{% if reports %}<p class="note">Snakemake's own report, with every figure:
{% for report in reports %}<a href="{{ report }}">{{ report }}</a> {% endfor %}</p>
{% endif %}"""


def write_index(run: Path) -> bool:
    """Write `index.html` into a run's folder, of the studies that have their answer there; whether there is any.

    Raises:
        UserError: an answer is damaged.
    """
    found = list(entries(run))
    write_text(run / "index.html", index_page(run.name, found, reports(run)))
    return bool(found)


def entries(run: Path) -> Iterator[Entry]:
    """The studies of a run that have an answer."""
    for study, asked in QUESTIONS.items():
        folder = run / study
        answer = next((folder / name for name in ("verdict.json", "findings.json") if (folder / name).is_file()), None)
        if answer is None:
            continue
        found = read_json(answer)
        lines = [(model, _line(entry)) for model, entry in found["models"].items()]
        if study == "hpspace":
            asked = question(Pair.from_settings(found))
        links = [(text, f"{study}/{name}") for name, text in LINKS.items() if (folder / name).exists()]
        yield Entry(asked, lines, links)


def reports(run: Path) -> list[str]:
    """Snakemake's reports of a run."""
    names = ["report.html", *(f"{study}.html" for study in QUESTIONS)]
    return [name for name in names if (run / name).is_file()]


def index_page(run: str, entries: list[Entry], reports: list[str]) -> str:
    """The page of a run of that name."""
    return page(f"Run {run}", f"Run {run}", _BODY, entries=entries, reports=reports)


def _line(entry: Mapping[str, Any]) -> str:
    """The verdict on a model in a line; of findings the first."""
    if "metrics" in entry:
        return in_short(entry)
    first = next(iter(entry["findings"]), None)
    return f"{first['question']} {first['answer']}" if first else "no findings"
