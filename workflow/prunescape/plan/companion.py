"""Base of the companion studies' plans: parts of tables, what is measured, and the page that shows it all."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from prunescape.config.section import Section
from prunescape.plan.step import Files, Job, Sizes, Step, Wildcards, combinations, of_job
from prunescape.plan.study import Planned
from prunescape.studies.study import Measurement
from prunescape.training.strategy import SERIAL
from prunescape.variant import DENSE

S = TypeVar("S", bound=Section)
READ_TABLES = "prunescape.io.files:read_tables"


@dataclass(frozen=True, eq=False)
class Companion(Planned, Generic[S]):
    """A companion study of a run, whose section of the config is there."""

    @property
    def section(self) -> S:
        """The study's section of the config."""
        section: S = getattr(self.run.config, self.name)
        return section

    @property
    def seeds(self) -> list[int]:
        """The seeds of its networks: the study's own where it has some, else those of the config."""
        return list(getattr(self.section, "seeds", None) or self.run.seeds)

    @property
    def about(self) -> dict[str, Any]:
        """Settings that the claims depend on, beside the data set, the seeds, and those that the entry names."""
        return {"question": self.study.question, "models": self.models}

    def part(self, table: str) -> str:
        """The path of a table of one model and seed, a pattern; `collect` puts them together."""
        return f"{self.folder}/parts/{table}/{{model}}/seed-{{seed}}.csv"

    def model_seeds(self, when: Collection[str] = ()) -> list[dict[str, str]]:
        """The wildcards of jobs that look at one network and seed, of those that have one of these experiments."""
        return combinations(model=self.models_of(when), seed=self.seeds)

    # What is measured.

    @cached_property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [self._measurement(measurement) for measurement in self.study.measurements]

    def _measurement(self, of: Measurement) -> Step:
        (values,) = self.run.settings((of.setting,)).items()
        networks = len(values[1])
        weights = self.networks.train_dense.outputs["weights"]
        return self.measure(
            of.rule,
            {of.gives: f"{self.folder}/parts/{of.gives}/{{model}}.csv"},
            {"data": self.run.meta, "architecture": self.run.dense, "weights": weights},
            lambda wildcards: {"function": of.function, "engine": self.run.lanes(of.lanes), "values": values},
            lambda wildcards: networks,
            lambda wildcards, sizes: networks * sizes["validation"],
            combinations(model=self.models),
            of.lanes,
            script="studies/measure.py",
            sources=lambda wildcards: [of.function, *self.run.builder(wildcards)],
        )

    def measure(
        self,
        name: str,
        outputs: Mapping[str, str],
        inputs: Files | Callable[[Wildcards], Files],
        values: Callable[[Wildcards], Mapping[str, Any]],
        networks: Callable[[Wildcards], int],
        passes: Callable[[Wildcards, Sizes], float] | None,
        jobs: list[dict[str, str]] | None = None,
        lanes: int = 1,
        **more: Any,
    ) -> Step:
        """A step that trains or measures networks.

        Args:
            name, outputs: see `Run.step`.
            inputs, values, networks, passes: see `Step`.
            jobs: the wildcards of all jobs; each model and seed, where None.
            lanes: how many networks are trained or evaluated as one.
            more: what else `Run.step` takes.
        """
        run = self.run

        def files(wildcards: Wildcards) -> Files:
            engine = values(wildcards).get("engine")  # not of what measures nothing
            alone = engine is None or engine["strategy"] == SERIAL
            measured = (
                {}
                if alone or wildcards["model"] not in run.models
                else {"companion": run.strategy.replace("{variant}", DENSE.name)}
            )
            return {**of_job(inputs, wildcards), **measured}

        chooses = run.are_companions_calibrated and "model" not in more  # else fully connected ones of its own

        common = {"sources": run.builder, "held": lambda wildcards: run.held(networks(wildcards), lanes)}
        return self.step(
            name,
            outputs,
            self.model_seeds() if jobs is None else jobs,
            inputs=files if chooses else inputs,
            values=values,
            networks=networks,
            passes=passes,
            **{**run.of_many, **common, **more},
        )

    @cached_property
    def pieces(self) -> list[Job]:
        """The jobs that train or measure: those of a network together, each in the order of the work."""
        jobs = [job for step in self.measured for job in step.all_jobs() if job.networks]
        return [job for model in dict.fromkeys(job.model for job in jobs) for job in jobs if job.model == model]

    # Tables.

    def parts_of(self, table: str) -> list[str]:
        """The parts of a collected table: those of a network together, each in the order of the work."""
        parts: dict[str, list[str]] = {}
        for job in (job for step in self.measured for job in step.all_jobs()):
            of_table = [path for path in job.outputs.values() if path.startswith(f"{self.folder}/parts/{table}/")]
            parts.setdefault(job.model, []).extend(of_table)
        return [path for paths in parts.values() for path in paths]

    @property
    def collected(self) -> list[str]:
        """Names of the tables that are put together from parts."""
        return list(self._columns)

    @cached_property
    def _columns(self) -> dict[str, list[str]]:
        """The columns of the tables that are put together from parts, by name."""
        return {table.name: list(table.columns) for table in self.made if table.parts}

    @cached_property
    def collect(self) -> Step:
        """The step that puts the tables of all models and seeds together."""
        return self.step(
            f"table_{self.name}",
            {"table": f"{self.folder}/{{table}}.csv"},
            combinations(table=self.collected),
            "studies/table.py",
            inputs=lambda wildcards: {"paths": self.parts_of(wildcards["table"])},
            values=lambda wildcards: {
                "function": READ_TABLES,
                # A part has what its experiment knows: all parts together may lack what others would have told.
                "columns": self._columns[wildcards["table"]],
            },
            sources=[READ_TABLES],
            is_local=True,
        )

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the study's own wildcards, by name."""
        return {}

    @property
    def others(self) -> list[Step]:
        """The steps between those that measure."""
        return []

    # What is made of it.

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows."""
        return [*([self.collect] if self.collected else []), *self.analyses, *self.claims, *self.figures]

    @property
    def light(self) -> list[Step]:
        """The steps that make tables, claims, figures and the page."""
        made = [self.describe] if self.made else []
        return [*self._shown, *made, *([self.explore] if self.study.answer else [])]

    @cached_property
    def answers(self) -> list[str]:
        """The study's claims, tables and figures, all that the config asks for; its page has them."""
        return self._shown_files

    @property
    def targets(self) -> list[str]:
        """Files that the study makes for people."""
        made = self.describe.files() if self.made else []
        return [*self.answers, *made, *([self.page] if self.study.answer else [])]

    @cached_property
    def explore(self) -> Step:
        """The step that writes the page."""
        values = {"charts": [asdict(chart) for chart in self.study.charts]}
        return self._explore("companion", {"claims": f"{self.folder}/claims.json"}, values)

    def told(self) -> dict[str, Any]:
        """Facts on the run for the page, and the jobs that trained or measured."""
        jobs = [(job.model, job.step.name, job.networks, job.log) for job in self.pieces]
        return {**super().told(), "jobs": jobs}
