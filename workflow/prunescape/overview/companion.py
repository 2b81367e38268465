"""Cost and progress of a companion study: experiments, each on every model and seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from prunescape.overview.cost import Costs
from prunescape.overview.status import Page, State, progress
from prunescape.overview.study import Row, Study, training_of
from prunescape.overview.tables import DEVICES, duration, flops, hours, size, table, total
from prunescape.plan.companion import Companion
from prunescape.plan.step import Job


@dataclass(frozen=True)
class Companions:
    """The companion studies in a config.

    Attributes:
        asked: those that are shown in any case.
        others: those that are shown once they have begun: a plain run does not make them.
    """

    asked: Sequence[Companion] = ()
    others: Sequence[Companion] = ()

    def shown(self) -> list[Companion]:
        """Companion studies to show now: those that were asked for, and others that have begun."""
        return [*self.asked, *filter(has_begun, self.others)]

    def note(self, command: str) -> list[str]:
        """A line on those that are not shown, if there are any; `command` is the one that would show them."""
        names = [companion.name for companion in self.others if not has_begun(companion)]
        if not names:
            return []
        return [f"Also in the config, not begun: {', '.join(names)}; `snakemake {command} {names[0]}` shows that one."]


def has_begun(companion: Companion) -> bool:
    """Whether any of a study's jobs has left a result or a log."""
    return any(Path(path).is_file() for job in companion.pieces for path in (job.result, job.log))


def _by_row(companion: Companion) -> dict[Row, list[Job]]:
    """The jobs of each experiment on each model."""
    by_row: dict[Row, list[Job]] = {}
    for job in companion.pieces:
        by_row.setdefault(training_of(job).row, []).append(job)
    return by_row


def flops_of(job: Job, costs: Costs) -> float | None:
    """FLOPs of a job of a companion study; None where they cannot be told."""
    forward = costs.forward_flops(Row(job.model, "dense"))
    return None if forward is None or costs.sizes is None else forward * job.passes(costs.sizes)


def companion_cost(companion: Companion, study: Study) -> list[Table | str]:
    """The cost still to be paid, by experiment. Time follows from FLOPs and an assumed speed."""
    costs = Costs(study)
    device = "cpu" if study.config.engine.device == "cpu" else "gpu"
    speed = costs.assumed_speed(device).flops
    rows, paid = [], []
    for row, jobs in _by_row(companion).items():
        left = [job for job in jobs if not study.is_finished(training_of(job))]
        each = [flops_of(job, costs) for job in left]
        needed = total(each)
        seconds = None if needed is None else needed / speed
        paid.append((len(jobs), sum(job.networks for job in jobs), len(left), needed, seconds))
        longest = max((flops for flops in each if flops is not None), default=0) / speed if needed else None
        memory = max((taken for job in jobs if (taken := study.plan.memory(job)) is not None), default=None)
        rows.append([*row, *_numbers(*paid[-1]), duration(longest) if left else "-", size(memory)])
    sums = [total([line[column] for line in paid]) for column in range(5)]
    columns = [
        "model",
        "experiment",
        "jobs",
        "networks",
        "jobs to do",
        "FLOPs",
        f"{DEVICES[device]}-hours",
        "a job takes",
        "memory",
    ]
    page = table(f"{study.config.run}: {companion.name}", columns, rows, ["total", "", *_numbers(*sums), "", ""])
    note = f"Time at an assumed {speed:.0e} FLOP/s; making networks and starting jobs come on top."
    return [page, note]


def _numbers(
    jobs: float | None, networks: float | None, left: float | None, needed: float | None, seconds: float | None
) -> list[str]:
    return [*(f"{int(count or 0):,}" for count in (jobs, networks, left)), flops(needed), hours(seconds)]


def companion_status(companion: Companion, study: Study, now: float) -> Page:
    """Jobs that are finished, running, failed, stopped or missing, by experiment, and the failures."""
    rows, sums, failures = [], dict.fromkeys(State, 0), []
    for row, jobs in _by_row(companion).items():
        states = [progress(study, training_of(job), now) for job in jobs]
        counts = {state: sum(item.state is state for item in states) for state in State}
        rows.append([*row, str(len(jobs)), *(str(count) if count else "-" for count in counts.values())])
        sums = {state: sums[state] + count for state, count in counts.items()}
        failures += [f"  {item.training.log}: {item.error}" for item in states if item.state is State.FAILED]
    columns = ["model", "experiment", "jobs", *State]
    totals = ["total", "", str(len(companion.pieces)), *(str(count) if count else "-" for count in sums.values())]
    page: Page = [table(f"{study.config.run}: {companion.name}", columns, rows, totals)]
    claims = study.results / companion.name / "claims.txt"
    page.append(f"claims: {claims if claims.is_file() else 'not yet'}")
    explore = claims.with_name("explore.html")
    if explore.is_file():
        page.append(f"explore: {explore}")
    return page + (["failed:", *failures] if failures else [])
