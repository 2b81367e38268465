"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(total: int, label: str, report: Callable[[str], None]) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of images just done.

    Args:
        total: images in all.
        label: what is being done, such as "train images".
        report: takes one line at every tenth of the work, where standard error is no terminal.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)
        return
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        tenths_before = done * 10 // total
        done += count
        if done * 10 // total > tenths_before:
            report(f"{label}: {done:,} of {total:,} ({done * 100 // total} %)")

    yield advance
