"""The stages of a running study: how many of their networks are trained, the best accuracy so far, the time to go."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from prunescape.overview.status import Progress, State, outlook, progress, survey
from prunescape.overview.study import CONFIRMATION, FINALISTS, Study, training_of
from prunescape.overview.tables import duration
from prunescape.overview.watch import BAR, SECONDS, SHARE, Watch
from prunescape.plan.companion import Companion
from prunescape.plan.plan import Plan

MOST_RUNNING = 4  # jobs that are named


@dataclass(frozen=True)
class Stage:
    """A part of a study.

    Attributes:
        name: what is trained in it.
        networks, finished: how many networks there are as far as is known, and how many of these are finished.
        part: the part of its work that is done, 0 to 1.
        best: the best accuracy so far in percent, and whose it is; empty before there is one.
    """

    name: str
    networks: int
    finished: int
    part: float
    best: str = ""


class Stages:
    """The stages of the studies that a run makes, looked at again and again."""

    def __init__(self, plan: Plan, jobs: Mapping[str, int]) -> None:
        """Find the studies of a run.

        Args:
            plan: of the run.
            jobs: how many jobs of each rule Snakemake is going to run.
        """
        self._study = Study(plan)
        self._watch = Watch(self._study)
        self._main = plan.hpspace.train_tile.name in jobs or plan.hpspace.confirmation.train.name in jobs
        self._main = self._main or "plan_confirmation" in jobs
        self._companions = [of for of in plan.companions.values() if {job.step.name for job in of.pieces} & set(jobs)]
        self._stages: list[Stage] = []
        self._outlook = ""
        self._begun: tuple[float, float] | None = None
        self._next = 0.0

    def look(self) -> None:
        """Look at the results, unless that was done a moment ago; looking takes at most a tenth of the time."""
        start = time.monotonic()
        if start < self._next:
            return
        stages: list[Stage] = []
        if self._main:
            states = survey(self._study)
            stages += self._of_main(states)
            is_running = any(item.state is State.RUNNING for item in states)
            self._outlook = outlook(self._study, states) if is_running else ""
        for companion in self._companions:
            stages += self._of_companion(companion)
        self._stages = stages
        if not self._main:
            self._outlook = self._left()
        took = time.monotonic() - start
        self._next = start + max(SECONDS, took / SHARE)

    def page(self, done: int, jobs: int, running: Sequence[str], seconds: float) -> RenderableType:
        """The stages as bars; then the jobs, and what runs.

        Args:
            done, jobs: how many jobs are finished, of how many that are known.
            running: the jobs that run now.
            seconds: since the run began.
        """
        table = Table.grid(padding=(0, 2))
        for stage in self._stages:
            counted = f"{stage.finished:,} of {stage.networks:,} trained" if stage.networks else "to come"
            table.add_row(stage.name, ProgressBar(total=1.0, completed=stage.part, width=BAR), counted, stage.best)
        spent = f"{int(seconds // 60)} min {int(seconds % 60)} s"
        table.add_row(
            "all jobs",
            ProgressBar(total=float(max(jobs, 1)), completed=float(done), width=BAR),
            f"{done} of {jobs}",
            spent,
        )
        lines = [Text(self._outlook)] if self._outlook and done < jobs else []
        if running:
            more = f" and {len(running) - MOST_RUNNING} more" if len(running) > MOST_RUNNING else ""
            lines.append(Text(f"now: {', '.join(running[:MOST_RUNNING])}{more}", overflow="ellipsis", no_wrap=True))
        return Group(table, *lines)

    def _of_main(self, states: Sequence[Progress]) -> list[Stage]:
        names = ("networks to prune", "exploration", "finalists", "confirmation")
        of_stage: dict[str, list[Progress]] = {name: [] for name in names}
        for item in states:
            variant = item.training.row.variant
            if item.training.row in self._study.preparations:
                of_stage[names[0]].append(item)
            elif variant.endswith(FINALISTS):
                of_stage[names[2]].append(item)
            else:
                of_stage[names[3] if variant.endswith(CONFIRMATION) else names[1]].append(item)
        is_confirmed = bool(self._study.fresh)
        return [
            self._stage(name, items)
            for name, items in of_stage.items()
            if items or (is_confirmed and name in names[2:])
        ]

    def _stage(self, name: str, items: Sequence[Progress]) -> Stage:
        networks = sum(item.training.cells for item in items)
        finished = sum(item.training.cells for item in items if item.state is State.FINISHED)
        part = sum(item.training.cells * item.done for item in items) / networks if networks else 0.0
        known = [(best, item.training.row) for item in items if (best := self._watch.best_of(item)) is not None]
        if not known:
            return Stage(name, networks, finished, part)
        accuracy, row = max(known)
        alone = row in self._study.preparations or row.variant.replace("_", " ") == name
        whose = row.model if alone else f"{row.model} {row.variant.partition(' ')[0]}"
        return Stage(name, networks, finished, part, f"best {accuracy:.1f} % ({whose})")

    def _of_companion(self, companion: Companion) -> list[Stage]:
        of_step: dict[str, list[Progress]] = {}
        for job in companion.pieces:
            training = training_of(job)._replace(cells=max(job.networks, 1))
            of_step.setdefault(job.step.name, []).append(progress(self._study, training, time.time()))
        return [self._stage(step.replace("_", " "), items) for step, items in of_step.items()]

    def _left(self) -> str:
        """The time to go of companion studies, by how fast their networks were finished since the run began."""
        total = sum(stage.networks for stage in self._stages)
        done, now = sum(stage.part * stage.networks for stage in self._stages), time.monotonic()
        self._begun = self._begun or (now, done)
        since, before = self._begun
        if not before < done < total:
            return ""
        return f"at this rate about {duration((now - since) * (total - done) / (done - before))} to go"
