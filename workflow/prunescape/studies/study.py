"""The type of a study's entry: its question, its tables and its figures. Light: read while the Snakefile is parsed."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from prunescape.claims.columns import COLUMNS as OF_CLAIM
from prunescape.studies.columns import Column

_TEMPLATES = Environment(undefined=StrictUndefined)  # not escaped: pages do that

Names = Mapping[str, str] | tuple[str, ...]


@cache
def _template(text: str) -> Template:
    """A text compiled, which takes milliseconds, and which many jobs share."""
    return _TEMPLATES.from_string(text)


@dataclass(frozen=True)
class Caption:
    """The caption of a file in Snakemake's report and on the pages.

    Attributes:
        category: the part of the report; may hold wildcards.
        text: a Jinja template of reStructuredText, which knows each wildcard by its name, and the `config`.
        labels: by name; `figure` begins with its place in the report. They may hold wildcards.
    """

    category: str
    text: str
    labels: Mapping[str, str]

    def said(self, wildcards: Mapping[str, str], config: Mapping[str, Any]) -> str:
        """The text of a job: of its wildcards and a resolved config."""
        return _template(self.text).render(**wildcards, config=config).strip()

    def told(self, wildcards: Mapping[str, str], config: Mapping[str, Any]) -> tuple[int, str, str, str, str]:
        """The caption for a page: place, title, model and metric (empty where it is of all), and text without marks."""
        place, title = placed(self.labels["figure"].format(**wildcards))
        words = " ".join(self.said(wildcards, config).replace("``", "").split())
        return place, title, wildcards.get("model", ""), wildcards.get("metric", ""), words


@dataclass(frozen=True)
class Figure:
    """A figure, or many alike: one for each value of the wildcards of its path.

    It is drawn by a function that is called by keyword: with tables and other inputs by their names, with those
    wildcards that it takes, and with settings.

    Attributes:
        name: of the figure; its rule is named after it.
        title: a place in the report, and what it shows: "13 generalisation gap".
        draw: the function, "module:function".
        tables: what it is made of: names of tables of the study, or those by the names of the function's parameters.
        files: further files that it is made of, by names that the plan of the study knows.
        caption: see `Caption.text`.
        path: below the folder of figures, without suffix, a pattern.
        label: what the report says it is of; as the study has it, where None.
        when: names of experiments or conditions of which one must hold; none where it is always made.
        settings: keys of the config, "coherence.tolerance", which the function knows by their last word; or such keys
            by the names of its parameters.
        given: further arguments.
        category: the part of the report; the study's, where None.
    """

    name: str
    title: str
    draw: str
    tables: Names
    caption: str
    files: tuple[str, ...] = ()
    path: str = ""
    label: str | None = None
    when: tuple[str, ...] = ()
    settings: Names = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    category: str | None = None

    @property
    def pattern(self) -> str:
        """The figure's path below the folder of figures, without suffix."""
        return self.path or f"{{model}}/{self.name}"

    @property
    def wildcards(self) -> list[str]:
        """The names of its wildcards, in the order of its path."""
        return wildcards_of(self.pattern)


@dataclass(frozen=True)
class Measurement:
    """A table of what becomes of each model's trained dense network, for a study without a plan class.

    The function is called with that network and each value of a setting, and gives the network that is evaluated: a row
    a value, with the columns model, the setting's and top1.

    Attributes:
        rule: its name.
        function: "module:function".
        gives: name of the table, in which the parts of all models are put together.
        setting: with the values, "section.key"; the column is called like the key.
        lanes: how many networks are evaluated as one.
    """

    rule: str
    function: str
    gives: str
    setting: str
    lanes: int = 16


@dataclass(frozen=True)
class Analysis:
    """Tables that a function makes of others; the function is called as those that draw figures are.

    Attributes:
        function: "module:function"; it gives the table, or several by their names.
        gives: names of the tables that it makes; its rule is named after the first one.
        tables: what it reads, as `Figure.tables`.
        files: further files that it reads, by names that the plan of the study knows.
        settings, given: as those of `Figure`.
        published: names of the published tables that stand beside ours, files of `workflow/reference`.
        when: as `Figure.when`.
    """

    function: str
    gives: tuple[str, ...]
    tables: Names = ()
    files: tuple[str, ...] = ()
    settings: Names = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """The claims of a study, which the function `claims` of its package states.

    Attributes:
        tables: names of those that they follow from, as far as the config asks for them.
        files, settings, published: as those of `Analysis`.
        title: of their page in the report; empty where the report does not have it.
    """

    tables: tuple[str, ...]
    files: tuple[str, ...] = ()
    settings: Names = ()
    published: tuple[str, ...] = ()
    title: str = "1 claims"


@dataclass(frozen=True)
class Table:
    """A table, or many alike.

    Attributes:
        name: of the table.
        row: one row, in words.
        columns: their names, in their order.
        title: what the pages call it; of one that the report has, it begins with a place: "3 Table 4.1, ellipses".
        caption: see `Caption.text`; None where the report does not have it.
        path: below the folder that has the dictionary of tables, a pattern; named after the table, where empty.
        parts: of a table that is put together: patterns of the tables that it is made of, which have the same columns.
        own: columns that mean something else here than in the other tables of the study.
        when: names of experiments or conditions of which one must hold; none where it is always made.
        category: the part of the report; the study's, where None.
        reader: "module:function", which gives the table of a path and refuses one that is no such table; None reads it
            as any other.
        decides: the column that pages keep in view beside the name of each row, because it decides; "" of no column.
    """

    name: str
    row: str
    columns: tuple[str, ...]
    title: str = ""
    caption: str | None = None
    path: str = ""
    parts: tuple[str, ...] = ()
    own: Mapping[str, Column] = field(default_factory=dict)
    when: tuple[str, ...] = ()
    category: str | None = None
    reader: str | None = None
    decides: str = ""

    def meanings(self, columns: Mapping[str, Column]) -> dict[str, str]:
        """The meanings of its columns with their units, by name; `columns` are those of its study."""
        known = {name: {**columns, **self.own}[name] for name in self.columns}
        return {name: f"{of.meaning}{f' ({of.unit})' if of.unit else ''}" for name, of in known.items()}

    @property
    def paths(self) -> dict[str, str]:
        """Paths of the table and of its parts, by the name of each."""
        numbers = ["", *(f"_{number}" for number in range(2, len(self.parts) + 1))]
        parts = {f"{self.name}_part{number}": path for number, path in zip(numbers, self.parts, strict=False)}
        return {self.name: self.path or f"{self.name}.csv", **parts}


@dataclass(frozen=True)
class Chart:
    """A chart on the page of a study, of which a reader chooses what it shows; drawn from a table in the page.

    Each line is of one value of a column: the mean over seeds, and thin a line a seed, of medians over what else
    there is (draws of noise, subsets).

    Attributes:
        table: name of the table that it is drawn from.
        title: what it shows.
        x: the column of the horizontal axis, with numbers.
        y: columns with numbers, of which a reader chooses that of the vertical axis.
        lines: the column of whose values each has a line; a reader chooses one, or all.
        choose: columns of which a reader chooses one value each; rows without a value go with every choice. Those that
            the table does not have are left out.
        is_log: whether the horizontal axis is logarithmic.
        where: values that rows must have, by column.
        words: names of columns for people, where theirs are not words already.
    """

    table: str
    title: str
    x: str
    y: tuple[str, ...]
    lines: str
    choose: tuple[str, ...] = ("model",)
    is_log: bool = False
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


CLAIMS = Table("claims", "a claim of the study", tuple(OF_CLAIM), title="Claims", own=OF_CLAIM)


@dataclass(frozen=True)
class Study:
    """The entry of a study.

    Attributes:
        name: its section's in the config, its folder's and its target's.
        plan: the class that plans the steps of a companion study, "module:class"; none where it has `measurements`.
        measurements: what is measured, where that is alike for all models.
        title: the part of the report that has its results.
        question: that it answers.
        answer: what is said of the page with its answer; see `Caption.text`.
        page: what its page to explore shows, in words.
        tables: that it makes; pages show them in this order.
        columns: meanings of their columns, by name.
        picture: the figure that stands for it in the overview of a run.
        key: names of columns that tell rows apart: in each table, no two rows have the same values in those it has.
        analyses: by which it makes tables of others.
        claims: that it states.
        figures: that it draws.
        charts: on its page, for a reader to choose what they show.
        label: which label, beside the title, its files have in the report; of a figure, the wildcard of this name.
        figures_in: the part of the report that has its figures, where that is another; may hold wildcards.
    """

    name: str
    title: str
    question: str
    plan: str = ""
    measurements: tuple[Measurement, ...] = ()
    answer: str = ""
    page: str = "the claims in short and one by one, all figures, tables to sort and download, and provenance"
    tables: tuple[Table, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    picture: str = ""
    key: tuple[str, ...] = ()
    analyses: tuple[Analysis, ...] = ()
    claims: Statement | None = None
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    label: str = "model"
    figures_in: str | None = None

    def readers(self, tables: Names) -> dict[str, str]:
        """The readers of tables that have one, by the parameters that take them."""
        known = {table.name: table.reader for table in self.tables}
        given = {parameter: known.get(name) for parameter, name in by_name(tables).items()}
        return {parameter: reader for parameter, reader in given.items() if reader is not None}

    def figure(self, name: str) -> Figure:
        """The figure of this name."""
        return next(figure for figure in self.figures if figure.name == name)

    def of_figure(self, figure: Figure) -> Caption:
        """The caption of a figure."""
        of = f"{{{self.label}}}" if figure.label is None else figure.label
        category = figure.category or self.figures_in or self.title
        return Caption(category, figure.caption, {"figure": figure.title, self.label: of})

    def table(self, name: str) -> Table:
        """The table of this name."""
        return next(table for table in self.tables if table.name == name)

    def of_tables(self, names: Iterable[str]) -> dict[str, Caption]:
        """Captions of those tables that the report has, by name."""
        shown = [table for table in self.tables if table.name in names]
        return {of.name: self.said(of.title, of.caption, of.category) for of in shown if of.caption is not None}

    def of_answer(self, title: str) -> Caption:
        """The caption of the page with the answer."""
        return self.said(title, self.answer)

    @property
    def of_page(self) -> Caption:
        """The caption of the page to explore."""
        path = f"results/{{{{ config.run }}}}/{self.name}/explore.html"
        text = f"Everything on one page of its own, ``{path}``, which needs no network: {self.page}."
        return self.said("0 explore", text)

    def said(self, title: str, text: str, category: str | None = None) -> Caption:
        """The caption of a file of all models and metrics."""
        return Caption(category or self.title, text, {"figure": title, self.label: "all"})


def placed(title: str) -> tuple[int, str]:
    """A place in the report (0 where there is none) and a title for pages: of "13 generalisation gap", for one."""
    place, _, rest = title.partition(" ")
    words = rest if place.isdigit() else title
    return int(place) if place.isdigit() else 0, words[:1].upper() + words[1:].replace("_", " ")


def by_name(names: Names, separator: str = ".") -> dict[str, str]:
    """Names by those of a function's parameters; where none are given, these are the last words of the names."""
    return dict(names) if isinstance(names, Mapping) else {name.rpartition(separator)[2]: name for name in names}


def wildcards_of(pattern: str) -> list[str]:
    """The names of the wildcards of a pattern, in their order, each once."""
    return list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(pattern) if name))
