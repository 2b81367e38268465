"""`snakemake watch`: the state of a study again and again, beside the run that makes it; from files alone."""

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from prunescape.overview.companion import Companions, companion_status
from prunescape.overview.status import Page, Progress, State, may_come, notes, range_of, seconds_by_row, survey
from prunescape.overview.study import Row, Study, training_of
from prunescape.overview.tables import UNKNOWN, duration, show, table, total

SECONDS = 2.0  # between two looks, at least ...
SHARE = 0.1  # ... and so much longer that looking takes at most this part of the time
BAR = 24  # columns
COLUMNS = ["model", "variant", "", "done", "cells", "finished", "running", "failed", "best top-1", "device time left"]


class Watch:
    """The view of a running study; tables of finished trainings are read once."""

    def __init__(self, study: Study, main: bool = True, companions: Companions | None = None) -> None:
        """Choose the studies that are watched.

        Args:
            study: the main job.
            main: whether it is shown.
            companions: the companion studies in the config.
        """
        self.study, self.main, self.companions = study, main, companions or Companions()
        self._best: dict[tuple[Path, float], float | None] = {}

    def look(self, now: float) -> tuple[Page, bool]:
        """The page at time `now` (seconds since the epoch), and whether everything is finished."""
        page: Page = []
        finished = True
        if self.main:
            states = survey(self.study, now)
            page += [self._table(states), *notes(self.study, states)]
            verdict = self.study.results / "hpspace" / "verdict.json"
            done = all(item.state is State.FINISHED for item in states)
            finished = verdict.is_file() and done and self.study.is_confirmed
        for companion in self.companions.shown():
            page += companion_status(companion, self.study, now)
            finished = finished and all(self.study.is_finished(training_of(job)) for job in companion.pieces)
        return [*page, *self.companions.note("watch")], finished

    def _table(self, states: Sequence[Progress]) -> RenderableType:
        by_row: dict[Row, list[Progress]] = {row: [] for row in self.study.rows}
        for item in states:
            by_row[item.training.row].append(item)
        left = seconds_by_row(self.study, states)
        further = may_come(self.study, states)
        rows = [[*row, *self._numbers(items, left[row], further.get(row, 0))] for row, items in by_row.items()]
        _, *sums = map(str, self._numbers(states, total(list(left.values())), sum(further.values())))
        totals = ["total", "", "", *sums[:-2], "", sums[-1]]  # the best accuracy of different networks says nothing
        return table(self.study.config.run, COLUMNS, rows, totals)

    def _numbers(self, items: Sequence[Progress], left: float | None, further: int) -> list[RenderableType]:
        cells = sum(item.training.cells for item in items)
        part = sum(item.training.cells * item.done for item in items) / cells if cells else 0.0
        best = max((best for item in items if (best := self.best_of(item)) is not None), default=None)
        return [
            ProgressBar(total=1.0, completed=part, width=BAR),
            f"{int(100 * part)} %",
            range_of(cells, further),
            *(_count(items, state) for state in _SHOWN),
            UNKNOWN if best is None else f"{best:.2f} %",
            duration(left),
        ]

    def best_of(self, item: Progress) -> float | None:
        """The best accuracy of a training's cells, after the last epoch; of a running one, so far."""
        if item.state is not State.FINISHED:
            return item.best
        path = item.training.result
        if path.suffix == ".safetensors":
            path = path.with_name("history.csv")
        try:
            key = (path, path.stat().st_mtime)
        except OSError:
            return None
        if key not in self._best:
            self._best[key] = _largest(path)
        return self._best[key]


_SHOWN = (State.FINISHED, State.RUNNING, State.FAILED)


def _count(items: Sequence[Progress], state: State) -> str:
    cells = sum(item.training.cells for item in items if item.state is state)
    return f"{cells:,}" if cells else "-"


def _largest(path: Path) -> float | None:
    """The largest `top1` in a table; None where there is none, or the table is damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return max((float(row["top1"]) for row in csv.DictReader(file) if row["top1"]), default=None)
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return None


def watch(look: Callable[[float], tuple[Page, bool]], console: Console | None = None, seconds: float = SECONDS) -> None:
    """Show a page and refresh it until everything is finished or Ctrl-C is pressed; once, where there is no terminal.

    Args:
        look: gives the page at a time, and whether everything is finished.
        console: where it is shown; None takes standard output.
        seconds: between two looks, at least.
    """
    screen = console or Console(highlight=False)
    if not screen.is_terminal:
        show(look(time.time())[0], screen)
        return
    try:
        with Live(console=screen, auto_refresh=False) as live:
            while True:
                start = time.monotonic()
                page, finished = look(time.time())
                live.update(_on_screen(page, finished), refresh=True)
                if finished:
                    return
                time.sleep(max(seconds, (time.monotonic() - start) / SHARE))
    except KeyboardInterrupt:
        return


def _on_screen(page: Page, finished: bool) -> Group:
    foot = [] if finished else [f"{time.strftime('%H:%M:%S')}; Ctrl-C leaves this view, and no run."]
    return Group(*(Text(part) if isinstance(part, str) else part for part in [*page, *foot]))
