"""The frame of all studies' pages: the answer, pictures, tables and provenance, each page in one file."""

import base64
import gzip
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import yaml
from markupsafe import Markup
from PIL import Image

from prunescape.figures.names import metric_title, model_title
from prunescape.io.files import check_seal
from prunescape.io.html import breaking, page
from prunescape.pages.provenance import Provenance
from prunescape.variant import COLUMNS

MOST_ROWS = 300  # that a page shows
MOST_SIGNS = 30  # of a name in one line
MOST_BYTES = 3_000_000  # of a file inside a page
PACKED = 20_000  # bytes, from which on a file is packed there
MOST_TOGETHER = 8_000_000  # of all files inside a page


WIDTH = 1600  # pixels; figures are drawn for print
QUALITY = 78  # of WebP, which every browser has shown since 2020


class Caption(NamedTuple):
    """The caption of a figure or table.

    Attributes:
        place: in the order of the report; 0 of what it does not have.
        title: what it shows.
        model, metric: that it is of; empty where it is of all.
        text: a few sentences, or none.
        columns: of a table, the meanings of its columns by name.
        decides: of a table, the column that stays in view; "" of no column.
    """

    place: int
    title: str
    model: str
    metric: str
    text: str
    columns: Mapping[str, str] = MappingProxyType({})
    decides: str = ""

    @property
    def order(self) -> tuple[int, str, str]:
        """The key by which pictures are sorted."""
        return self.place, self.model, self.metric

    @property
    def full_title(self) -> str:
        """The title, and what it is of."""
        of = [model_title(self.model) if self.model else "", metric_title(self.metric) if self.metric else ""]
        where = ", ".join(filter(None, of))
        return f"{self.title}: {where}" if where else self.title


def shown(name: str, table: pd.DataFrame, of: Caption) -> dict[str, Any]:
    """A table as the page's template takes it: title, columns, short rows, and the whole file as a link.

    Returns:
        title and caption; `file`, its name beside the page; count of rows; columns and rows as text, no rows where they
        are more than `MOST_ROWS`; `kinds`, by column, the class of those that stay in view; `widest`, the signs of the
        longest name, up to `MOST_SIGNS`; `meanings` of the columns that have one; `link`, a data: address with the CSV
        file, packed by gzip if it is larger than `PACKED`, empty where it is larger than `MOST_BYTES`; `saved_as`, the
        name of what the link gives.
    """
    text = table.to_csv(index=False)
    packs = len(text) > PACKED
    # What a variant is, its name says already.
    known = list(COLUMNS) if "variant" in table.columns else []
    filled = table.drop(columns=known, errors="ignore").dropna(axis="columns", how="all")
    seen = filled if len(table) <= MOST_ROWS else filled[:0]
    columns, name_column = list(filled.columns), _named_by(filled)
    return {
        "title": of.title,
        "caption": of.text,
        "kinds": {of.decides: "decides", name_column: "named"},
        "meanings": {column: of.columns[column] for column in columns if column in of.columns},
        "file": f"{name}.csv",
        "count": len(table),
        "columns": columns,
        "rows": [[short(value) for value in row] for row in seen.itertuples(index=False)],
        "widest": min(max(map(len, [name_column, *map(str, seen[name_column])]), default=0), MOST_SIGNS)
        if columns
        else 0,
        "saved_as": f"{name}.csv.gz" if packs else f"{name}.csv",
        "link": (_packed(text) if packs else _plain(text)) if len(text) <= MOST_BYTES else "",
    }


def _plain(text: str) -> str:
    return f"data:text/csv;charset=utf-8,{quote(text, safe=',.+-_/()= ')}"


def _packed(text: str) -> str:
    """A data: address of text packed by gzip, without the hour in the file's head: the same bytes each time."""
    return f"data:application/gzip;base64,{base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()}"


def _named_by(table: pd.DataFrame) -> str:
    """The column that names the rows: the pruned network, or the first one whose values differ; "" of no column."""
    if "variant" in table.columns:
        return "variant"
    return next((column for column in table.columns if table[column].nunique() > 1), next(iter(table.columns), ""))


def fitting(tables: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tables from `shown`, with `link` empty where the page would hold more than `MOST_TOGETHER`."""
    fitted, used = [], 0
    for table in tables:
        fits = used + len(table["link"]) <= MOST_TOGETHER
        used += len(table["link"]) if fits else 0
        fitted.append({**table, "link": table["link"] if fits else ""})
    return fitted


def short(value: object) -> str:
    """A value with at most four significant digits; empty for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"
    return str(value)


Tables = Mapping[str, tuple[pd.DataFrame, Caption]]
Pictures = Sequence[tuple[str, Caption]]


def inside(path: str, title: str, caption: str) -> dict[str, Any]:
    """A PNG file for a page: `source` (a data: address), `width` and `height` in pixels, `title`, `caption`."""
    image = _small(path)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    source = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"source": source, "width": image.width, "height": image.height, "title": title, "caption": caption}


def _small(path: str) -> Image.Image:
    check_seal(path)
    with Image.open(path) as file:
        image = file.convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    return image


HERE = Path(__file__).parent
TEMPLATE, STYLE = "study.jinja", "study.css"
SCRIPTS = ("tables.js", "pictures.js")


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


def joined(*parts: Extra | None) -> Extra:
    """Sections of several parts, one after the other; None is nothing."""
    there = [part for part in parts if part is not None]
    return Extra(
        {name: words for part in there for name, words in part.links.items()},
        Markup().join(part.content for part in there),
        [script for part in there for script in part.scripts],
        "".join(part.style for part in there),
    )


def study_page(
    title: str,
    question: str,
    answer: Answer,
    pictures: Pictures,
    tables: Tables,
    study: str,
    provenance: Provenance,
    extra: Extra = NO_EXTRA,
    made: str = "",
) -> str:
    """The HTML page of a study.

    Args:
        title, question: see `prunescape.io.html.page`.
        answer: what it begins with.
        pictures: figures, PNG files, with what is said of them.
        tables: by name, in the order of the page, with what is said of them.
        study: its name, by which the documentation has a page.
        provenance: where the numbers come from.
        extra: comes between the answer and the pictures.
        made: when the results were made, in words; "" tells none.
    """
    return page(
        title,
        question,
        asset(TEMPLATE),
        style=asset(STYLE) + extra.style,
        script="\n".join([*extra.scripts, *map(asset, SCRIPTS)]),
        answer_name=answer.name,
        answer=answer.content,
        extra_links=extra.links,
        extra=extra.content,
        pictures=[inside(path, of.full_title, of.text) for path, of in sorted(pictures, key=lambda one: one[1].order)],
        tables=fitting([shown(name, table, of) for name, (table, of) in tables.items()]),
        study=study,
        breaking=breaking,
        made=made,
        facts=provenance.facts,
        times=provenance.times,
        config=yaml.safe_dump(dict(provenance.config), sort_keys=False, allow_unicode=True),
    )


def asset(name: str) -> str:
    """A template, script or style that lies beside this module."""
    return (HERE / name).read_text(encoding="utf-8")
