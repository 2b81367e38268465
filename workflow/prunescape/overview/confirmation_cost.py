"""The part of `snakemake plan` on confirmation: the fewest and the most trainings with fresh seeds, and their costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from prunescape.overview.cost import Costs, Time
from prunescape.overview.study import CONFIRMATION, FINALISTS, Row, Study, Training
from prunescape.overview.tables import duration, flops, hours, table, total
from prunescape.plan.confirmation import fresh_trainings

COLUMNS = ["model", "variant", "at least", "at most", "done", "FLOPs", "at most", "{device}-hours", "at most"]
COLUMNS += ["a job takes"]


@dataclass(frozen=True)
class FreshLine:
    """The trainings with fresh seeds of a network; None where a cost cannot be told.

    Attributes:
        row: the network's.
        least, most: trainings, the finished ones included.
        done: those that are finished.
        flops, seconds: of one training; seconds of one device, a GPU or a core.
        longest: trainings of one job.
        time: how the time is known.
    """

    row: Row
    least: int
    most: int
    done: int
    flops: float | None
    seconds: float | None
    longest: int
    time: Time | None

    def left(self, trainings: int, each: float | None) -> float | None:
        """The cost of so many trainings that is still to be paid, by the cost of one."""
        return None if each is None else each * max(trainings - self.done, 0)


def fresh_lines(study: Study, trainings: Sequence[Training], finished: set[Training]) -> list[FreshLine]:
    """The costs of confirmation, one line a network; none where nothing is confirmed.

    Args:
        study: the main job.
        trainings: all that are known.
        finished: those that are done.
    """
    if not study.fresh:
        return []
    costs, confirmation = Costs(study, finished), study.plan.hpspace.confirmation
    done = dict.fromkeys(study.variants, 0)
    for training in finished & {of for of in trainings if of.row in study.fresh}:
        done[study.fresh[training.row]] += training.cells
    lines = []
    for row in study.variants:
        variant = study.plan.networks.variant(*row)
        asked = fresh_trainings(confirmation, row.model, variant, study.rounds_known(row.model))
        time = costs.cell_time(Row(row.model, f"{row.variant} {CONFIRMATION if asked.most else FINALISTS}"))
        lines.append(
            FreshLine(
                row,
                asked.finalists + asked.least,
                asked.finalists + asked.most,
                done[row],
                costs.cell_flops(row),
                None if time is None else time.seconds,
                asked.settings * confirmation.seeds_a_job(variant),
                time,
            )
        )
    return lines


def fresh_table(study: Study, lines: Sequence[FreshLine], device: str, threads: int) -> list[Table | str]:
    """The costs of confirmation as a table, and what they mean.

    Args:
        study: the main job.
        lines: of its networks.
        device: what the hours are of.
        threads: cores of a job.
    """
    if not lines:
        return [
            "Nothing is confirmed, as verdict.confirm is null: the verdict says what was explored and decides nothing."
        ]
    rows = [[*line.row, *_numbers([line]), duration(_job_seconds(line, threads))] for line in lines]
    columns = [name.format(device=device) for name in COLUMNS]
    title = f"{study.config.run}: confirmation, with fresh seeds"
    looks = study.plan.hpspace.confirmation.rules.looks
    note = (
        "At least: finalists alone, which choose the settings, and what is known to be asked. At most: every question "
        f"stays open to the last look, at {looks[-1]} seeds (verdict.confirm)."
    )
    return [table(title, columns, rows, ["total", "", *_numbers(lines), ""]), note]


def seconds_left(lines: Sequence[FreshLine]) -> tuple[float | None, float | None]:
    """Device seconds that confirmation still takes, at least and at most; None where they cannot be told."""
    least = total([line.left(line.least, line.seconds) for line in lines])
    return least, total([line.left(line.most, line.seconds) for line in lines])


def _job_seconds(line: FreshLine, threads: int) -> float | None:
    return None if line.seconds is None else line.seconds * line.longest / threads


def _numbers(lines: Sequence[FreshLine]) -> list[str]:
    needed = [total([line.left(of(line), line.flops) for line in lines]) for of in (_least, _most)]
    counts = [f"{sum(getattr(line, name) for line in lines):,}" for name in ("least", "most", "done")]
    return [*counts, *map(flops, needed), *map(hours, seconds_left(lines))]


def _least(line: FreshLine) -> int:
    return line.least


def _most(line: FreshLine) -> int:
    return line.most
