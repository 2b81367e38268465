"""Cost and progress of a companion study: experiments, each on every model and seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from prunescape.overview.cost import Costs
from prunescape.overview.status import Page, State, progress
from prunescape.overview.study import Row, Study, Training
from prunescape.overview.tables import DEVICES, duration, flops, hours, size, table, total
from prunescape.plan.companion import Companion as Planned
from prunescape.plan.plan import Plan


@dataclass(frozen=True)
class Piece:
    """A job of a companion study: its experiment, its networks, and its files.

    Attributes:
        model, experiment: what it looks at, and the rule that does it.
        networks: how many it makes, and evaluates or trains.
        result, log: its files.
        passes: how many images go forwards through them, all in all and training included, by the number of images of
            each split.
        memory: bytes that its networks take, where known.
    """

    model: str
    experiment: str
    networks: int
    result: Path
    log: Path
    passes: Callable[[Mapping[str, int]], float]
    memory: int | None = None

    @property
    def training(self) -> Training:
        """The job as the main study describes its trainings."""
        return Training(Row(self.model, self.experiment), self.networks, self.result, self.log)

    def flops(self, costs: Costs) -> float | None:
        """FLOPs of the job; None where they cannot be told."""
        forward = costs.forward_flops(Row(self.model, "dense"))
        if forward is None or costs.sizes is None:
            return None
        return forward * self.passes(costs.sizes)


@dataclass(frozen=True)
class Companion:
    """A companion study: its name, and its jobs in the order of the rules."""

    name: str
    pieces: Sequence[Piece]

    def rows(self) -> dict[Row, list[Piece]]:
        """The jobs of each experiment on each model."""
        by_row: dict[Row, list[Piece]] = {}
        for piece in self.pieces:
            by_row.setdefault(piece.training.row, []).append(piece)
        return by_row

    def has_begun(self) -> bool:
        """Whether any of its jobs has left a result or a log."""
        return any(piece.result.is_file() or piece.log.is_file() for piece in self.pieces)


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
        return [*self.asked, *(companion for companion in self.others if companion.has_begun())]

    def note(self, command: str) -> list[str]:
        """A line on those that are not shown, if there are any; `command` is the one that would show them."""
        names = [companion.name for companion in self.others if not companion.has_begun()]
        if not names:
            return []
        return [f"Also in the config, not begun: {', '.join(names)}; `snakemake {command} {names[0]}` shows that one."]


def companion_of(plan: Plan, study: Planned) -> Companion:
    """A companion study of a run by its plan."""
    pieces = [
        Piece(job.model, job.step.name, job.networks, Path(job.result), Path(job.log), job.passes, plan.memory(job))
        for job in study.pieces
    ]
    return Companion(study.name, pieces)


def companion_cost(companion: Companion, study: Study) -> list[Table | str]:
    """The cost still to be paid, by experiment. Time follows from FLOPs and an assumed speed."""
    costs = Costs(study)
    device = "cpu" if study.config.engine.device == "cpu" else "gpu"
    speed = costs.assumed_speed(device).flops
    rows, paid = [], []
    for row, pieces in companion.rows().items():
        left = [piece for piece in pieces if not piece.result.is_file()]
        needed = total([piece.flops(costs) for piece in left])
        seconds = None if needed is None else needed / speed
        paid.append((len(pieces), sum(piece.networks for piece in pieces), len(left), needed, seconds))
        longest = None if seconds is None or not left else seconds / len(left)
        memory = max((piece.memory for piece in pieces if piece.memory is not None), default=None)
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
    for row, pieces in companion.rows().items():
        states = [progress(piece.training, now) for piece in pieces]
        counts = {state: sum(item.state is state for item in states) for state in State}
        rows.append([*row, str(len(pieces)), *(str(count) if count else "-" for count in counts.values())])
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
