"""`snakemake status`: which cells are finished, running, failed or missing, from the files alone."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from rich.console import RenderableType

from prunescape.overview.cost import Costs
from prunescape.overview.study import Row, Study, Training
from prunescape.overview.tables import duration, table, total
from prunescape.printable import printable

Page = list[RenderableType]
FRESH_SECONDS = 300.0  # training writes to its log about once a minute
SHOWN_FAILURES = 10
TAIL_BYTES = 1 << 16
# As the log of a job has it; see `prunescape.runtime.logs`. The log is begun anew each time a job starts.
_ERROR = re.compile(r"^\d\d:\d\d:\d\d (?:error: (.*)|unexpected error)$", re.MULTILINE)
_BEST = re.compile(r"best top-1 (\d+\.\d+) %")
# Trainings that follow one another in a job, each by itself, have a number.
_PROGRESS = re.compile(
    r"(?:(?:seed|cell) (\d+) of (\d+): )?cells (\d+)-(\d+) of (\d+): epoch (\d+)/(\d+)(?:, step (\d+)/(\d+))?"
)


class State(StrEnum):
    """State of a training."""

    FINISHED = "finished"
    RUNNING = "running"  # no result; its log is fresh
    FAILED = "failed"  # no result; its log ends in an error
    STOPPED = "stopped"  # no result; its log is old: killed, or waiting to be started again
    STALE = "stale"  # a result of another config, other code or another library; or of none that is known
    MISSING = "missing"  # no trace


@dataclass(frozen=True)
class Progress:
    """A training's state and its progress.

    Attributes:
        done: the part of its work that is done, 0 to 1.
        error: of a failed one, what its log says.
        best: of one without a result, the best accuracy that its log tells, in percent.
    """

    training: Training
    state: State
    done: float = 0.0
    error: str = ""
    best: float | None = None


def progress(study: Study, training: Training, now: float) -> Progress:
    """State and progress of a training of a study at time `now` (seconds since the epoch)."""
    if training.result.is_file():
        is_finished = study.is_finished(training)
        return Progress(training, State.FINISHED if is_finished else State.STALE, float(is_finished))
    try:
        age = now - training.log.stat().st_mtime
        text = tail(training.log)
    except OSError:
        return Progress(training, State.MISSING)
    done = _fraction(text)
    best = max(map(float, _BEST.findall(text)), default=None)
    error = _ERROR.search(text)
    if error is not None:
        return Progress(training, State.FAILED, done, error.group(1) or text.rstrip().rpartition("\n")[2], best)
    # A clock that runs ahead puts the log's time into the future: that is fresh, too.
    return Progress(training, State.RUNNING if age < FRESH_SECONDS else State.STOPPED, done, best=best)


def tail(path: Path, size: int = TAIL_BYTES) -> str:
    """The last `size` bytes of a text file, whatever is in it, safe to show; a progress bar is a line a step."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - size))
        text = file.read().decode("utf-8", errors="replace")
    return printable(text.replace("\r\n", "\n").replace("\r", "\n"))


def _fraction(text: str) -> float:
    """The part of a training that is done, by the newest line of each of its arrays of cells.

    Of trainings that follow one another, those before the last one that is told have been done.
    """
    found = [[int(number or 0) for number in match.groups()] for match in _PROGRESS.finditer(text)]
    number, parts = max(((of[0], of[1]) for of in found), default=(0, 0))
    newest = {of[2]: of[2:] for of in found if of[0] == number}
    done = 0.0
    for first, last, cells, epoch, epochs, step, steps in newest.values():
        begun = epoch - 1 + step / steps if steps else epoch
        done += (last - first + 1) / max(cells, 1) * begun / max(epochs, 1)
    return (number - 1 + min(done, 1.0)) / parts if parts else min(done, 1.0)


def survey(study: Study, now: float | None = None) -> list[Progress]:
    """The state of every training of the study; those with fresh seeds that are sure to come are missing."""
    moment = time.time() if now is None else now
    study.known_results.refresh()
    states = [progress(study, training, moment) for training in study.trainings()]
    for row, (least, _) in study.foreseen().items():
        if (missing := least - _cells(row, states)) > 0:
            states.append(_to_come(row, missing))
    return states


def _to_come(row: Row, cells: int) -> Progress:
    """Trainings of a row that are not known one by one yet."""
    return Progress(Training(row, cells, Path(), Path()), State.MISSING)


def _cells(row: Row, states: Sequence[Progress]) -> int:
    return sum(item.training.cells for item in states if item.training.row == row)


def may_come(study: Study, states: Sequence[Progress]) -> dict[Row, int]:
    """The trainings that each row may take beyond those of a survey: with fresh seeds, while questions stay open."""
    return {row: max(most - _cells(row, states), 0) for row, (_, most) in study.foreseen().items()}


def seconds_by_row(study: Study, states: Sequence[Progress]) -> dict[Row, float | None]:
    """Device time that the unfinished trainings of each row will take; None where it cannot be told."""
    costs = Costs(study, [item.training for item in states if item.state is State.FINISHED])
    units = dict.fromkeys(study.rows, 0.0)
    for item in states:
        units[item.training.row] += costs.units(item.training) * (1 - item.done)
    left: dict[Row, float | None] = {}
    for row, of_row in units.items():
        of_cell = costs.cell_time(row) if of_row else None
        left[row] = 0.0 if not of_row else None if of_cell is None else of_cell.seconds * of_row
    return left


def seconds_left(study: Study, states: Sequence[Progress]) -> tuple[float, float] | None:
    """Device time that all unfinished trainings will take, at least and at most; None where it cannot be told."""
    further = [_to_come(row, cells) for row, cells in may_come(study, states).items() if cells]
    least, most = (total(list(seconds_by_row(study, of).values())) for of in (states, [*states, *further]))
    return None if least is None or most is None else (least, most)


def status_page(study: Study, now: float | None = None) -> Page:
    """The states as a table, then what comes next, and the failures with their logs."""
    states = survey(study, now)
    by_row: dict[Row, list[Progress]] = {row: [] for row in study.rows}
    for item in states:
        by_row[item.training.row].append(item)
    further = may_come(study, states)
    columns = ["model", "variant", "cells", *State, "done"]
    rows = [[*row, *_numbers(items, further.get(row, 0))] for row, items in by_row.items()]
    totals = ["total", "", *_numbers(states, sum(further.values()))]
    return [table(study.config.run, columns, rows, totals), *notes(study, states)]


def notes(study: Study, states: Sequence[Progress]) -> list[str]:
    """Lines on the stages before and after the trainings, what comes next, and the failures with their logs."""
    lines = [*_stages(study), outlook(study, states), *_failures(states), *_foreign(study)]
    return [printable(line) for line in lines]  # names of files are in them


def range_of(cells: int, further: int) -> str:
    """A number of cells, and that with those that may come."""
    return f"{cells:,} to {cells + further:,}" if further else f"{cells:,}"


def _numbers(items: Sequence[Progress], further: int) -> list[str]:
    """Cells in all, with those that may come, and in each state, and the part of their work that is done."""
    counts = {state: sum(item.training.cells for item in items if item.state is state) for state in State}
    cells = sum(counts.values())
    part = sum(item.training.cells * item.done for item in items) / cells if cells else 0.0
    return [
        range_of(cells, further),
        *(f"{count:,}" if count else "-" for count in counts.values()),
        f"{int(100 * part)} %",
    ]


def _stages(study: Study) -> list[str]:
    """A line on the stages before and after the cells: data, networks, verdict."""
    pruned = [study.network(row).is_file() for row in study.variants]
    verdict = study.results / "hpspace" / "verdict.json"
    stages = {
        "data prepared": "yes" if Path(study.plan.run.meta).is_file() else "no",
        "networks": f"{sum(pruned)} of {len(pruned)}",
        "verdict": str(verdict.with_suffix(".txt")) if verdict.is_file() else "not yet",
    }
    return ["; ".join(f"{name}: {value}" for name, value in stages.items()), *map(partial(_look, study), study.models)]


def _look(study: Study, model: str) -> str:
    """A line on the look that a model is in."""
    confirmation, known = study.plan.hpspace.confirmation, study.rounds_known(model)
    looks, pruned = confirmation.rules.looks, len(study.plan.networks.pruned(model))
    if not looks:
        return f"{model}: explored only (verdict.confirm is null)"
    if known == 0:
        return f"{model}: {_exploring(study, model)}; then the best cells are trained with fresh seeds"
    if known == 1:
        return f"{model}: the finalists are trained, among which the settings are chosen"
    asked = len(confirmation.asked(model, min(known, confirmation.last) - 1))
    if known > confirmation.last:
        left = len(confirmation.asked(model, confirmation.last))
        return f"{model}: all looks are done; questions to {left} of {pruned} networks are open"
    if not asked:
        return f"{model}: no further look is needed: nothing is left to be asked"
    seeds = looks[known - 2]
    return f"{model}: look {known - 1} of {len(looks)}, at {seeds} seeds, for {asked} of {pruned} networks"


def _exploring(study: Study, model: str) -> str:
    """The progress of a model's exploration."""
    if not study.plan.run.is_adaptive:
        return "the grid comes first"
    hpspace, rows = study.plan.hpspace, [row for row in study.variants if row.model == model]
    known, going_on = hpspace.planned_rounds(model), sum(study.may_follow(row) > 0 for row in rows)
    left = f"{going_on} of {len(rows)} networks may go on" if known < hpspace.rounds else "the last one"
    return f"batch {known + 1} of at most {hpspace.rounds + 1} comes first ({left})"


def outlook(study: Study, states: Sequence[Progress]) -> str:
    """A line on what comes next: the time to go where trainings run."""
    if all(item.state is State.FINISHED for item in states):
        if not study.is_confirmed:
            return "All trainings that are known are finished; `snakemake` goes on."
        return "All cells are finished. `snakemake -n` tells whether anything is to be made anew."
    left = seconds_left(study, states)
    running = sum(item.state is State.RUNNING for item in states)
    if running == 0 and any(item.state is State.STALE for item in states):
        return "Some results are of other settings or code; `snakemake explain` tells, `snakemake` makes them anew."
    cores = study.config.engine.threads if study.config.engine.device == "cpu" else 1
    if running == 0:
        device = "core" if study.config.engine.device == "cpu" else "device"
        needed = "" if left is None else f" about {_durations(left, 1)} on one {device} are left."
        return f"No training is running;{needed} `snakemake` goes on."
    going = f"{running} training{'s' if running > 1 else ''} running"
    if left is None:
        return f"{going}; how long it takes is not known yet."
    return f"{going}; at this rate about {_durations(left, running * cores)} to go."


def _durations(seconds: tuple[float, float], workers: int) -> str:
    """The time that is left for so many workers, in words: the least, and the most where that is another."""
    return " to ".join(dict.fromkeys(duration(of / workers) for of in seconds))


def _failures(states: Sequence[Progress]) -> list[str]:
    failed = [item for item in states if item.state is State.FAILED]
    lines = [f"{item.training.log}\n    {item.error}" for item in failed[:SHOWN_FAILURES]]
    hidden = len(failed) - len(lines)
    return lines + ([f"... and {hidden} more failed jobs"] if hidden > 0 else [])


def _foreign(study: Study) -> list[str]:
    foreign = study.foreign_tables()
    if not foreign:
        return []
    tables = "training job is" if len(foreign) == 1 else "training jobs are"
    return [f"{len(foreign):,} finished {tables} not of this config (kept, not used), such as {foreign[0]}"]
