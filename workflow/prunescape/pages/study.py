"""The frame of all studies' pages: the answer, pictures, tables and provenance, each page in one file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from markupsafe import Markup

from prunescape.io.html import page
from prunescape.pages.provenance import Provenance
from prunescape.pages.tables import fitting

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = "study.jinja", "study.css", "tables.js"


class Answer(NamedTuple):
    """The first section of a page: its name ("Verdict", "Claims"), and its content."""

    name: str
    content: Markup


class Extra(NamedTuple):
    """Sections that one study has beside those of all: names by their ids, content, scripts and style."""

    links: Mapping[str, str]
    content: Markup
    scripts: Sequence[str]
    style: str


NO_EXTRA = Extra({}, Markup(), (), "")


def study_page(
    title: str,
    question: str,
    answer: Answer,
    pictures: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]],
    columns_in: str,
    provenance: Provenance,
    extra: Extra = NO_EXTRA,
) -> str:
    """The HTML page of a study.

    Args:
        title, question: see `prunescape.io.html.page`.
        answer: what it begins with.
        pictures: as `prunescape.pages.pictures.inside` gives them.
        tables: as `prunescape.pages.tables.shown` gives them; with a `caption` where there is more to say.
        columns_in: what tells the columns of the tables.
        provenance: where the numbers come from.
        extra: comes between the answer and the pictures.
    """
    return page(
        title,
        question,
        asset(TEMPLATE),
        style=asset(STYLE) + extra.style,
        script="\n".join([*extra.scripts, asset(SCRIPT)]),
        answer_name=answer.name,
        answer=answer.content,
        extra_links=extra.links,
        extra=extra.content,
        pictures=pictures,
        tables=fitting(tables),
        columns_in=columns_in,
        facts=provenance.facts,
        times=provenance.times,
        config=yaml.safe_dump(dict(provenance.config), sort_keys=False, allow_unicode=True),
    )


def asset(name: str) -> str:
    """A template, script or style that lies beside this module."""
    return (HERE / name).read_text(encoding="utf-8")
