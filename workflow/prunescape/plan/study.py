"""Base of the plans of all studies: tables, claims, figures, and the page that shows them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from prunescape.plan.identity import published_tables
from prunescape.plan.networks import Networks
from prunescape.plan.run import PROJECT, Run
from prunescape.plan.step import Awaits, Files, Step, Wildcards
from prunescape.studies.package import PACKAGE, data_package, schemas
from prunescape.studies.study import Analysis, Figure, Statement, Study, Table, by_name, placed

CLAIMS = {"json": "json", "table": "csv", "text": "txt", "page": "html"}


@dataclass(frozen=True, eq=False)
class Planned:
    """A study of a run.

    Attributes:
        run: the run.
        networks: of the main job.
        study: its entry.
    """

    run: Run
    networks: Networks
    study: ClassVar[Study]

    @property
    def name(self) -> str:
        """The name of the study, of its section and of its folder."""
        return self.study.name

    @property
    def folder(self) -> str:
        """The folder of its results."""
        return f"{self.run.results}/{self.name}"

    @property
    def models(self) -> list[str]:
        """The networks that it studies."""
        return self.run.models

    @property
    def seeds(self) -> list[int]:
        """The seeds of its trainings."""
        return self.run.seeds

    def table(self, name: str) -> str:
        """The path of a table."""
        return f"{self.folder}/{name}.csv"

    def tables(self, *names: str) -> dict[str, str]:
        """The paths of tables, by name."""
        return {name: self.table(name) for name in names}

    @property
    def about(self) -> dict[str, Any]:
        """Settings that the claims depend on, beside the data set, the seeds, and those that the entry names."""
        return {}

    def file(self, name: str, wildcards: Wildcards) -> str | list[str]:  # noqa: ARG002 - as studies have it
        """The path of a file, or paths of several, that an entry asks for."""
        return {"meta": self.run.meta, "data": self.run.meta}[name]

    def awaits(self, files: Collection[str]) -> Awaits | None:  # noqa: ARG002 - as the main job has it
        """The checkpoints that must be there before the paths of these files are known; see `Step.awaits`."""
        return None

    # What the config asks for.

    def makes(self, when: Collection[str]) -> bool:
        """Whether something is made that needs one of these experiments or conditions, or none."""
        return not when or bool(self.models_of(when))

    def models_of(self, when: Collection[str]) -> list[str]:  # noqa: ARG002 - as studies with experiments have it
        """The models of which something is made that needs one of these experiments, or none."""
        return self.models

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002
        """The values of a wildcard of figures, where those of the wildcards before it are known."""
        raise KeyError(wildcard)

    @cached_property
    def made(self) -> list[Table]:
        """The tables that the config asks for."""
        return [table for table in self.study.tables if self.makes(table.when)]

    # Steps.

    def step(self, name: str, outputs: Mapping[str, str], jobs: Any = ({},), *more: Any, **others: Any) -> Step:
        """A step of the study; see `Run.step`."""
        return self.run.step(self.name, name, outputs, jobs, *more, **others)

    def _entry(
        self, of: Analysis | Figure, function: str, *more: Any, values: Mapping[str, Any], **others: Any
    ) -> Step:
        """The step of an entry whose function is called with tables, files and settings.

        Args:
            of: the entry.
            function: its function, at which the identity starts.
            more, others: see `step`.
            values: settings, those that the entry names included.
        """

        def inputs(wildcards: Wildcards) -> Files:
            tables = {parameter: self.table(name) for parameter, name in by_name(of.tables).items()}
            return {**tables, **{name: self.file(name, wildcards) for name in of.files}}

        readers = self.study.readers(of.tables)
        called = {"function": function, **({"readers": readers} if readers else {})}
        return self.step(
            *more,
            inputs=inputs,
            values={**called, **values},
            sources=[function, *readers.values()],
            awaits=self.awaits(of.files),
            **others,
        )

    @cached_property
    def analyses(self) -> list[Step]:
        """The steps that make tables of others, those that the config asks for."""
        return [self._analysis(analysis) for analysis in self.study.analyses if self.makes(analysis.when)]

    def _analysis(self, of: Analysis) -> Step:
        made = {table.name for table in self.made}
        outputs = self.tables(*(name for name in of.gives if name in made))
        values, said = {**self.run.settings(of.settings), **of.given, **_published(of)}, self.study.of_tables(outputs)
        rule = f"table_{self.name}_{of.gives[0].removeprefix('table_')}"
        return self._entry(of, of.function, rule, outputs, script="studies/table.py", values=values, captions=said)

    @cached_property
    def figures(self) -> list[Step]:
        """The steps that draw a figure, those that the config asks for, once in each format."""
        return [self._figure(figure) for figure in self.study.figures if self.makes(figure.when)]

    def folder_of(self, figure: Figure) -> str:  # noqa: ARG002 - as the main job has it
        """The folder of a figure."""
        return f"{self.folder}/figures"

    def _figure(self, of: Figure) -> Step:
        jobs: list[dict[str, str]] = [{}]
        for name in of.wildcards:
            jobs = [
                {**job, name: value}
                for job in jobs
                for value in (self.models_of(of.when) if name == "model" else self.values_of(name, job))
            ]
        formats = self.run.config.figures.formats
        outputs = {suffix: f"{self.folder_of(of)}/{of.pattern}.{suffix}" for suffix in formats}
        look = self.run.config.figures
        values = {"dpi": look.dpi, "titles": look.titles, **self.run.settings(of.settings), **of.given}
        if look.paper:
            values["paper"] = look.paper
        said = {formats[0]: self.study.of_figure(of)}  # of a figure the report has the first format alone
        return self._entry(
            of,
            of.draw,
            f"figure_{self.name}_{of.name}",
            outputs,
            jobs,
            "studies/figure.py",
            values=values,
            captions=said,
        )

    @property
    def claims(self) -> list[Step]:
        """The step that states the study's claims; its identity starts at the function `claims` of the study's own."""
        of, made = self.study.claims, {table.name for table in self.made}
        if of is None:
            return []
        data = {"data": self.run.config.data.name, "seeds": self.seeds}

        def inputs(wildcards: Wildcards) -> Files:
            files = {name: self.file(name, wildcards) for name in of.files}
            return {**self.tables(*(name for name in of.tables if name in made)), **files}

        step = self.step(
            f"state_{self.name}",
            {kind: f"{self.folder}/claims.{suffix}" for kind, suffix in CLAIMS.items()},
            script="studies/state_claims.py",
            inputs=inputs,
            values={"study": self.name, **data, **self.about, **_published(of), **self.run.settings(of.settings)},
            sources=[f"prunescape.{self.name}.claims:claims"],
            captions={"page": self.study.of_answer(of.title)} if of.title else {},
            tells_accepted=True,
        )
        return [step]

    @property
    def tables_from(self) -> str:
        """The folder that paths of tables start from."""
        return self.folder

    @cached_property
    def schemas(self) -> list[dict[str, Any]]:
        """The columns that each table must have when a job reads it."""
        return schemas(self.tables_from, self.study, self.made)

    @cached_property
    def describe(self) -> Step:
        """The step that writes what the study's tables mean."""
        package = data_package(self.run.config.run, self.name, self.made, self.study.columns)
        names = {name: package.pop(name) for name in ("name", "title")}  # they tell the run
        outputs, values = {"package": f"{self.tables_from}/{PACKAGE}"}, {"package": package}
        return self.step(
            f"describe_{self.name}",
            outputs,
            script="studies/describe.py",
            values=values,
            is_local=True,
            told=lambda: names,
        )

    @property
    def page(self) -> str:
        """The page that shows all answers."""
        return f"{self.folder}/explore.html"

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows."""
        return [*self.analyses, *self.figures]

    @property
    def _shown_files(self) -> list[str]:
        return [path for step in self._shown for path in step.files()]

    def _explore(self, page: str, inputs: Files, values: Mapping[str, Any]) -> Step:
        """The step that writes the page.

        Args:
            page: the module of `prunescape.pages` whose function `of_files` makes it.
            inputs, values: what that takes besides tables and pictures.
        """
        function = f"prunescape.pages.{page}:of_files"
        readers = self.study.readers(tuple(table.name for table in self.shown_tables))
        return self.step(
            f"explore_{self.name}",
            {"page": self.page},
            script="studies/explore.py",
            inputs=lambda wildcards: {**inputs, **self.shown()},
            values=lambda wildcards: {
                "function": function,
                "captions": self.captions(),
                "readers": readers,
                **values,
            },
            sources=[function, *readers.values()],
            captions={"page": self.study.of_page},
            told=self.told,
            tells_accepted=True,
        )

    @property
    def shown_tables(self) -> list[Table]:
        """The tables that the page shows: those that have a title, as they stand in the entry."""
        known = [table for table in self.made if table.title and table.name != "claims"]
        return [table for table in known if self.table(table.name) in self._shown_files]

    def shown(self) -> Files:
        """Files that the page shows: tables, and figures where there are PNG files of them."""
        pictures = [path for path in self._shown_files if path.endswith(".png")]
        return {"tables": [self.table(table.name) for table in self.shown_tables], "pictures": pictures}

    def captions(self) -> dict[str, Any]:
        """The captions of the page, by the place of a table or figure."""
        captions: dict[str, Any] = {}
        config = self.run.config.plain()
        for step in self._shown:
            for job in step.all_jobs():
                for name, path in job.outputs.items():
                    # Of a figure the report has the first format alone.
                    said = step.captions.get(name) or step.captions.get(next(iter(job.outputs)))
                    if said is not None and path.endswith((".csv", ".png")):
                        captions[self.run.place(path)] = said.told(job.wildcards, config)
        for table in self.shown_tables:
            place = self.run.place(self.table(table.name))
            words = captions[place] if table.caption is not None else (0, placed(table.title)[1], "", "", "")
            captions[place] = (*words, table.meanings(self.study.columns), table.decides)
        return captions

    def told(self) -> dict[str, Any]:
        """Facts on the run for the page, on which nothing else depends."""
        return {"config": self.run.config.plain(), "root": str(PROJECT)}


def _published(of: Analysis | Statement) -> dict[str, str]:
    """The setting that tells the published numbers beside which an entry puts ours."""
    return {"published": published_tables(of.published)} if of.published else {}
