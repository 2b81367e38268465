"""What the plans of companion studies share: parts of tables, claims, figures, and the page that shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from prunescape.plan.captions import caption
from prunescape.plan.claims import claims_step
from prunescape.plan.identity import published_tables
from prunescape.plan.networks import Networks
from prunescape.plan.run import PROJECT, Run
from prunescape.plan.step import Caption, Files, Job, Step, Wildcards, combinations


@dataclass(frozen=True, eq=False)
class Companion:
    """A companion study of a run, whose section of the config is there.

    Attributes:
        run: the run.
        networks: of the main job, whose architectures are studied.
        name: the study's, its section's and its folder's.
        category: the part of the report that has its results.
    """

    run: Run
    networks: Networks
    name: ClassVar[str]
    category: ClassVar[str]

    @property
    def section(self) -> Mapping[str, Any]:
        """The study's section of the config."""
        section: Mapping[str, Any] = self.run.config[self.name]
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

    def figure(
        self,
        name: str,
        path: str,
        title: str,
        inputs: Mapping[str, str],
        jobs: Sequence[Mapping[str, str]],
        model: str = "{model}",
        caption: str | None = None,
        script: str | None = None,
        **values: Any,
    ) -> Step:
        """The step that draws a figure.

        Args:
            name: of the figure.
            path: below the folder of figures, without suffix, a pattern.
            title: a place in the report, and what it shows.
            inputs: the tables it is made of.
            jobs: the wildcards of each figure.
            model: what the report calls its model.
            caption: the file with what is said of it, where it is not named after the figure.
            script: the figure whose script draws it, where it has none of its own.
            values: settings that it depends on.
        """
        said = Caption(self.category, f"{self.name}_{caption or name}", {"figure": title, "model": model})
        where = f"{self.folder}/figures/{path}"
        drawn_by = f"{self.name}/figure_{script or name}.py"
        return self.run.figure(self.name, f"figure_{self.name}_{name}", where, said, inputs, jobs, drawn_by, **values)

    def said(self, caption: str, title: str) -> Caption:
        """What the report says of a table or page of all models."""
        return Caption(self.category, f"{self.name}_{caption}", {"figure": title, "model": "all"})

    def parts_of(self, wildcards: Wildcards) -> list[str]:
        """The parts of a collected table."""
        return [self.part(wildcards["table"]).format(**job) for job in self.model_seeds()]

    @property
    def collected(self) -> list[str]:
        """Names of the tables that are put together from parts."""
        return []

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

    def claims(self, tables: Mapping[str, str | list[str]], published: str, **values: Any) -> Step:
        """The step that states the study's claims.

        Args:
            tables: what they follow from.
            published: the source document, beside whose numbers ours stand; see `published_tables`.
            values: settings that they depend on.
        """
        said = {"page": self.said("claims", "1 claims")}
        return claims_step(
            self.run, self.name, tables, said, models=self.models, published=published_tables(published), **values
        )

    @property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        raise NotImplementedError

    @property
    def constraints(self) -> dict[str, str]:
        """What the values of the study's own wildcards may be, by name, as regular expressions."""
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
    def figures(self) -> list[Step]:
        """The steps that draw a figure, those that the config asks for."""
        return []

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows."""
        return [*([self.collect] if self.collected else []), *self.summaries, *self.figures]

    @property
    def light(self) -> list[Step]:
        """The steps that make tables, claims, figures and the page."""
        return [*self._shown, *([self.explore] if self._shown else [])]

    @cached_property
    def answers(self) -> list[str]:
        """The study's claims, tables and figures, all that the config asks for; its page has them."""
        return [path for step in self._shown for path in step.files()]

    @property
    def targets(self) -> list[str]:
        """All files that the study makes for people."""
        return [*self.answers, *([self.page] if self._shown else [])]

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
            captions={
                "page": Caption("Explore", "explore_companion", {"figure": "0 explore", "study": self.name}),
            },
            told=self._told,
        )

    @property
    def pieces(self) -> list[Job]:
        """The jobs that train or measure: those of a network together, each in the order of the work."""
        jobs = [job for step in self.measured for job in step.all_jobs() if job.networks]
        return [job for model in dict.fromkeys(job.model for job in jobs) for job in jobs if job.model == model]

    def _told(self) -> dict[str, Any]:
        """What the page says of the run."""
        jobs = [(job.model, job.step.name, job.networks, job.log) for job in self.pieces]
        return {"config": self.run.config, "root": str(PROJECT), "jobs": jobs}

    def shown(self) -> Files:
        """What the page shows: the claims, all tables, and figures where there are PNG files of them."""
        kinds = {"tables": ".csv", "pictures": ".png"}
        shown: dict[str, str | list[str]] = {
            name: [path for path in self.answers if path.endswith(suffix) and path != self.table("claims")]
            for name, suffix in kinds.items()
        }
        return {"claims": f"{self.folder}/claims.json", **shown}

    def captions(self) -> dict[str, Any]:
        """By path of a table or figure, what the report says of it; None of what is not in the report."""
        found: dict[str, Any] = {}
        for step in self._shown:
            for job in step.all_jobs():
                for name, path in job.outputs.items():
                    if not path.endswith((".csv", ".png")):
                        continue
                    # Of a figure the report has the first format alone.
                    said = step.captions.get(name) or step.captions.get(next(iter(job.outputs)))
                    found[path] = (
                        None
                        if said is None
                        else caption(said.file, said.labels["figure"], job.wildcards, self.run.config)
                    )
        return found
