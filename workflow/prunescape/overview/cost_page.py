"""`snakemake plan`: what a study will cost, before anything is submitted."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from prunescape.overview.confirmation_cost import fresh_lines, fresh_table, seconds_left
from prunescape.overview.cost import ASSUMPTION, BYTES_PER_JOB, Costs, Time
from prunescape.overview.exploration_cost import Each, both_ways, growth, idle, saved
from prunescape.overview.study import Row, Study, Training
from prunescape.overview.tables import DEVICES, duration, flops, hours, size, table, total

COLUMNS = [
    "model",
    "variant",
    "cells",
    "done",
    "jobs",
    "FLOPs a cell",
    "FLOPs",
    "{device}-hours",
    "a job takes",
    "memory",
    "disk",
]


@dataclass(frozen=True)
class Line:
    """The cost still to be paid for one row of the table; None where it cannot be told.

    Attributes:
        cells, done: cells in all, and those that are finished.
        units_a_cell: those of one training, on average.
        units: how many trainings by the recipe are as long as those that are not finished.
        jobs: jobs that are not finished.
        cell_flops: FLOPs of one training, on average.
        flops, seconds: of the cells that are not finished; seconds of one device, a GPU or a core.
        longest: device seconds of one job.
        disk: bytes of all the cells' results.
        time: how the time is known.
    """

    row: Row
    cells: int
    done: int
    units_a_cell: float
    units: float
    jobs: int
    cell_flops: float | None
    flops: float | None
    seconds: float | None
    longest: float | None
    disk: int
    time: Time | None

    @property
    def cell_seconds(self) -> float | None:
        """Device seconds of one training, on average."""
        return None if self.time is None else self.time.seconds * self.units_a_cell


def known_trainings(study: Study) -> tuple[list[Training], set[Training]]:
    """The trainings that are known, and those among them that are finished."""
    trainings = list(study.trainings())
    return trainings, {training for training in trainings if study.is_finished(training)}


def cost_lines(study: Study, trainings: Sequence[Training], finished: set[Training]) -> list[Line]:
    """The costs of exploration, one line a row of its table.

    Args:
        trainings, finished: what `known_trainings` gives.
    """
    costs = Costs(study, finished)
    by_row: dict[Row, list[Training]] = {row: [] for row in study.explored}
    for training in trainings:
        if training.row in by_row:
            by_row[training.row].append(training)
    return [_line(row, of_row, finished, costs) for row, of_row in by_row.items()]


def _line(row: Row, trainings: Sequence[Training], finished: set[Training], costs: Costs) -> Line:
    to_do = [training for training in trainings if training not in finished]
    cells, left = (sum(training.cells for training in of) for of in (trainings, to_do))
    flops, flops_left = (total([costs.flops(training) for training in of]) for of in (trainings, to_do))
    units, time = sum(map(costs.units, to_do)), costs.cell_time(row)
    return Line(
        row,
        cells,
        cells - left,
        sum(map(costs.units, trainings)) / max(cells, 1),
        units,
        len(to_do),
        None if flops is None else flops / max(cells, 1),
        flops_left,
        None if time is None else time.seconds * units,
        None if time is None else time.seconds * max(map(costs.units, trainings), default=0),
        sum(map(costs.bytes_of, trainings)) + len(trainings) * BYTES_PER_JOB,
        time,
    )


def cost_page(study: Study, cores: int | None = None) -> list[Table | str]:
    """The costs as a table, and the lines that say what they rest on.

    Args:
        study: the study.
        cores: cores that this run may use, where that is known.
    """
    known = known_trainings(study)
    lines, fresh = cost_lines(study, *known), fresh_lines(study, *known)
    devices = {line.time.device for line in lines if line.time is not None}
    device = {frozenset({"cpu"}): "core", frozenset({"gpu"}): "GPU"}.get(frozenset(devices), "device")
    threads = study.config.engine.threads if device == "core" else 1
    rows = [
        [
            *line.row,
            f"{line.cells:,}",
            f"{line.done:,}",
            f"{line.jobs:,}",
            flops(line.cell_flops),
            flops(line.flops),
            hours(line.seconds),
            duration(line.longest and line.longest / threads),
            size(study.memory(line.row)),
            size(line.disk),
        ]
        for line in lines
    ]
    networks = [line for line in lines if line.row in study.variants]
    known_seconds = [line.seconds for line in lines]
    to_come = [
        None if line.cell_seconds is None else line.cell_seconds * study.may_follow(line.row) for line in networks
    ]
    seconds = (known_seconds, [*known_seconds, *to_come])
    sums = ["total", "", *(f"{sum(getattr(line, name) for line in lines):,}" for name in ("cells", "done", "jobs")), ""]
    sums += [
        flops(total([line.flops for line in lines])),
        hours(total(known_seconds)),
        "",
        "",
        size(sum(line.disk for line in lines)),
    ]
    exploration = f"{study.config.run}: exploration"
    title = f"{exploration}, still to be trained" if any(line.done for line in lines) else exploration
    notes = [
        _basis(lines, Costs(study)),
        *_devices(study, lines),
        *_wall([total([of, *others]) for of, others in zip(seconds_left(fresh), seconds, strict=True)], device, cores),
        *_disk(study, lines),
        *growth(study),
        *idle(study),
        *saved(study, Costs(study), known[1]),
    ]
    first = table(title, [name.format(device=device) for name in COLUMNS], rows, sums)
    each = {line.row: Each(line.cell_flops, line.cell_seconds) for line in networks}
    return [first, *both_ways(study, each, device), *fresh_table(study, fresh, device, threads), *notes]


def _basis(lines: Sequence[Line], costs: Costs) -> str:
    sources = Counter(line.time.source for line in lines if line.time is not None)
    known = ", ".join(source if len(sources) == 1 else f"{source} ({rows} rows)" for source, rows in sources.items())
    unknown = sorted({line.row.model for line in lines if line.time is None})
    text = "FLOPs: forward passes x (3 x training images x epochs + validation images x validations). "
    text += f"Time: {known or 'not known'}. Memory: roughly, of networks and a batch."
    if sources[ASSUMPTION]:
        for device in sorted({line.time.device for line in lines if line.time is not None}):
            speed = costs.assumed_speed(device)
            per_step = f"{speed.step_seconds * 1000:.0f} ms a step"
            text += f" Assumed: {speed.flops:.0e} FLOP/s a {DEVICES[device]}, and {per_step}."
        text += " The first finished tiles put measurements in its place."
    if unknown:
        text += f" Not known for {', '.join(unknown)} before the networks are there: snakemake --until describe_dense"
    return text


def _devices(study: Study, lines: Sequence[Line]) -> list[str]:
    """A note on the cost without a GPU, where the config leaves the device open and nothing was measured."""
    assumed = [line for line in lines if line.time is not None and line.time.source == ASSUMPTION]
    if study.config.engine.device != "auto" or len(assumed) < len(lines):
        return []
    costs = Costs(study)
    flops = ((line.units, line.row, costs.cell_flops(line.row)) for line in lines)
    on_cores = sum(costs.assumed_seconds(of_cell, "cpu", row) * units for units, row, of_cell in flops if of_cell)
    return [f"engine.device is auto: counted for a GPU. Without one exploring takes {hours(on_cores)} core-hours."]


def _wall(seconds: Sequence[float | None], device: str, cores: int | None) -> list[str]:
    """The time of all trainings: at least, and at most."""
    least, most = seconds
    if least is None or most is None or not most:
        return []
    if device != "core" or not cores:
        return [f"All together: {' to '.join(dict.fromkeys([hours(least), hours(most)]))} {device}-hours."]
    told = " to ".join(dict.fromkeys([duration(least / cores), duration(most / cores)]))
    return [f"On {cores} core{'s' if cores > 1 else ''}: {told}, beside light jobs and the start of each job."]


def _disk(study: Study, lines: Sequence[Line]) -> list[str]:
    data = Costs(study).bytes_of_data
    there = Path(study.plan.run.data).is_dir()
    prepared = f"{size(data)} of prepared data ({'there' if there else 'to come'})"
    folder = study.results
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder or Path()).free
    needed = sum(line.disk for line in lines if line.done < line.cells) + (0 if there else data or 0)
    warning = " THIS IS TOO LITTLE." if needed > free else ""
    return [f"Disk, beside networks and checkpoints: {prepared}; {size(free)} are free.{warning}"]
