"""Base of the companion studies' plans: parts of tables, claims, figures, and the page that shows them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from prunescape.config.section import Section
from prunescape.plan.claims import claims_step
from prunescape.plan.identity import published_tables
from prunescape.plan.networks import Networks
from prunescape.plan.run import PROJECT, Run
from prunescape.plan.step import Files, Job, Step, Wildcards, combinations
from prunescape.studies.study import Analysis, Figure, Measurement, Study, Table, by_name, module_of, placed

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, eq=False)
class Companion(Generic[S]):
    """A companion study of a run, whose section of the config is there.

    Attributes:
        run: the run.
        networks: of the main job, whose architectures are studied.
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
    def section(self) -> S:
        """The study's section of the config."""
        section: S = getattr(self.run.config, self.name)
        return section

    @property
    def folder(self) -> str:
        """The folder of its results."""
        return f"{self.run.results}/{self.name}"

    @property
    def models(self) -> list[str]:
        """The networks that it studies."""
        return self.run.models

    def table(self, name: str) -> str:
        """The path of a table of all models and seeds."""
        return f"{self.folder}/{name}.csv"

    def tables(self, *names: str) -> dict[str, str]:
        """The paths of tables, by name."""
        return {name: self.table(name) for name in names}

    def part(self, table: str) -> str:
        """The path of a table of one model and seed, a pattern; `collect` puts them together."""
        return f"{self.folder}/parts/{table}/{{model}}/seed-{{seed}}.csv"

    def model_seeds(self, models: Iterable[str] | None = None) -> list[dict[str, str]]:
        """The wildcards of jobs that look at one network and seed."""
        return combinations(model=list(self.models if models is None else models), seed=self.run.seeds)

    def source(self, wildcards: Wildcards) -> list[str]:
        """The code that builds the network of a job, as `identity` takes it."""
        return [self.run.source(wildcards["model"])]

    # Steps.

    def step(self, name: str, outputs: Mapping[str, str], jobs: Any = ({},), *more: Any, **others: Any) -> Step:
        """A step of the study; see `Run.step`."""
        return self.run.step(self.name, name, outputs, jobs, *more, **others)

    def makes(self, when: Collection[str]) -> bool:
        """Whether any model has one of these experiments; true where none is named."""
        return not when or bool(self.models_of(when))

    def models_of(self, when: Collection[str]) -> list[str]:  # noqa: ARG002 - as studies with experiments have it
        """The models of which something is made that needs one of these experiments, or none."""
        return self.models

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002
        """The values of a wildcard of figures, where those of the wildcards before it are known."""
        raise KeyError(wildcard)

    def _jobs_of(self, figure: Figure) -> list[dict[str, str]]:
        jobs: list[dict[str, str]] = [{}]
        for name in figure.wildcards:
            jobs = [
                {**job, name: value}
                for job in jobs
                for value in (self.models_of(figure.when) if name == "model" else self.values_of(name, job))
            ]
        return jobs

    @cached_property
    def figures(self) -> list[Step]:
        """The steps that draw a figure, those that the config asks for."""
        return [self._figure(figure) for figure in self.study.figures if self.makes(figure.when)]

    def _figure(self, figure: Figure) -> Step:
        name, folder = f"figure_{self.name}_{figure.name}", f"{self.folder}/figures"
        tables = {parameter: self.table(name) for parameter, name in by_name(figure.tables).items()}
        return self.run.figure(self.study, figure, name, folder, tables, self._jobs_of(figure))

    def parts_of(self, wildcards: Wildcards) -> list[str]:
        """The parts of a collected table."""
        declared = [
            step.files() for step in self.measured if self.study.measurements and wildcards["table"] in step.outputs
        ]
        return [path for files in declared for path in files] or [
            self.part(wildcards["table"]).format(**job) for job in self.model_seeds()
        ]

    @property
    def made(self) -> list[Table]:
        """The tables that the config asks for."""
        return [table for table in self.study.tables if self.makes(table.when)]

    @property
    def collected(self) -> list[str]:
        """Names of the tables that are put together from parts."""
        return [table.name for table in self.made if table.parts]

    @cached_property
    def describe(self) -> Step:
        """The step that writes the dictionary of the study's tables."""
        return self.run.dictionary(f"describe_{self.name}", self.study, self.made, self.folder)

    @cached_property
    def collect(self) -> Step:
        """The step that puts the tables of all models and seeds together."""
        return self.step(
            f"collect_{self.name}",
            {"table": f"{self.folder}/{{table}}.csv"},
            combinations(table=self.collected),
            "studies/collect.py",
            inputs=lambda wildcards: {"parts": self.parts_of(wildcards)},
            is_local=True,
        )

    @property
    def analyses(self) -> list[Step]:
        """The steps that make tables of others, those that the config asks for."""
        return [self._analysis(analysis) for analysis in self.study.analyses if self.makes(analysis.when)]

    def _analysis(self, analysis: Analysis) -> Step:
        tables = {parameter: self.table(name) for parameter, name in by_name(analysis.tables).items()}
        files = {name: self.file(name) for name in analysis.files}
        return self.run.analysis(self.study, analysis, self.tables(*analysis.gives), {**tables, **files})

    def file(self, name: str) -> str | list[str]:
        """The path of a file, or paths of several, that an analysis asks for."""
        return {"meta": self.run.meta}[name]

    def claims(self, tables: Mapping[str, str | list[str]], published: str, **values: Any) -> Step:
        """The step that states the study's claims.

        Args:
            tables: what they follow from.
            published: the source document, beside whose numbers ours stand; see `published_tables`.
            values: settings that they depend on.
        """
        said = {"page": self.study.of_answer("1 claims")}
        return claims_step(
            self.run, self.name, tables, said, models=self.models, published=published_tables(published), **values
        )

    @property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [self._measurement(measurement) for measurement in self.study.measurements]

    def _measurement(self, of: Measurement) -> Step:
        settings = self.run.settings(of.settings)
        networks = len(settings[of.networks])
        weights = self.networks.train_dense.outputs["weights"]
        return self.step(
            of.rule,
            {of.gives: f"{self.folder}/parts/{of.gives}/{{model}}.csv"},
            combinations(model=self.models),
            "studies/measure.py",
            inputs={"data": self.run.meta, "architecture": self.run.dense, "weights": weights},
            values={"function": of.function, "engine": self.run.lanes(of.lanes), "arguments": settings},
            sources=lambda wildcards: [module_of(of.function), *self.source(wildcards)],
            networks=networks,
            held=self.run.held(networks, of.lanes),
            passes=lambda wildcards, sizes: networks * sizes["validation"],
        )

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the study's own wildcards, by name."""
        return {}

    @property
    def others(self) -> list[Step]:
        """The steps between those that measure, whose rules the study has itself."""
        return []

    @property
    def summaries(self) -> list[Step]:
        """The steps that make tables and claims of what was measured."""
        return []

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows."""
        return [*([self.collect] if self.collected else []), *self.summaries, *self.figures]

    @property
    def light(self) -> list[Step]:
        """The steps that make tables, claims, figures and the page."""
        made = [self.describe] if self.made else []
        return [*self._shown, *made, *([self.explore] if self.study.answer else [])]

    @cached_property
    def answers(self) -> list[str]:
        """The study's claims, tables and figures, all that the config asks for; its page has them."""
        return [path for step in self._shown for path in step.files()]

    @property
    def targets(self) -> list[str]:
        """Files that the study makes for people."""
        made = self.describe.files() if self.made else []
        return [*self.answers, *made, *([self.page] if self.study.answer else [])]

    @property
    def page(self) -> str:
        """The page that shows all answers."""
        return f"{self.folder}/explore.html"

    @cached_property
    def explore(self) -> Step:
        """The step that writes the page."""
        return self.step(
            f"explore_{self.name}",
            {"page": self.page},
            script="studies/explore.py",
            inputs=lambda wildcards: self.shown(),
            values=lambda wildcards: {"captions": self.captions()},
            captions={"page": self.study.of_page},
            told=self._told,
        )

    @property
    def pieces(self) -> list[Job]:
        """The jobs that train or measure: those of a network together, each in the order of the work."""
        jobs = [job for step in self.measured for job in step.all_jobs() if job.networks]
        return [job for model in dict.fromkeys(job.model for job in jobs) for job in jobs if job.model == model]

    def _told(self) -> dict[str, Any]:
        """Facts on the run for the page: the config and the jobs that trained or measured."""
        jobs = [(job.model, job.step.name, job.networks, job.log) for job in self.pieces]
        return {"config": self.run.config.plain(), "root": str(PROJECT), "jobs": jobs}

    def shown(self) -> Files:
        """Files that the page shows: the claims, all tables, and figures where there are PNG files of them."""
        pictures = [path for path in self.answers if path.endswith(".png")]
        return {"claims": f"{self.folder}/claims.json", "tables": self._tables, "pictures": pictures}

    def captions(self) -> dict[str, Any]:
        """By path of a table or figure, what the page says of it."""
        captions: dict[str, Any] = {}
        config = self.run.config.plain()
        for step in self._shown:
            for job in step.all_jobs():
                for name, path in job.outputs.items():
                    # Of a figure the report has the first format alone.
                    said = step.captions.get(name) or step.captions.get(next(iter(job.outputs)))
                    if said is not None and path.endswith((".csv", ".png")):
                        captions[path] = said.told(job.wildcards, config)
        plain = {table.name: (0, placed(table.title)[1], "", "") for table in self.made if table.caption is None}
        return captions | {self.table(name): said for name, said in plain.items()}

    @property
    def _tables(self) -> list[str]:
        """The tables of the page: first those that the report has, then the others, as they stand in the entry."""
        there = [table for table in self.made if table.name != "claims" and self.table(table.name) in self.answers]
        return [self.table(table.name) for table in sorted(there, key=lambda table: table.caption is None)]
