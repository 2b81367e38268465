"""The display of `snakemake` while it runs: progress on a terminal, else a line a job; all else is in its log.

Snakemake finds logger plugins only among installed packages, and refuses a profile that names one which is not there;
and what is installed may be of another version than the workflow. So this handler, made as one of such a plugin is,
travels with the workflow, and the Snakefile puts it in the place of Snakemake's own.
"""

import atexit
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from prunescape.plan.plan import Plan
from prunescape.printable import printable

HANDLER = "DefaultStreamHandler"  # the name that Snakemake gives its own
# What Snakemake says of itself, by how it begins. Whatever else it or a plugin says is shown.
NOISE = (
    "Assuming unrestricted shared filesystem",
    "'sacct' unavailable",
    "Building DAG",
    "Cleaning up SLURM log",
    "Complete log(s)",
    "Conda environments: ignored",
    "DAG of jobs will be updated",
    "Elapsed time",
    "Group jobs: inactive",
    "Job rate limit",
    "Removing output files of failed job",
    "Select jobs",
    "SLURM run ID",
    "Submitted array job",
    "Singularity containers: ignored",
    "Updating checkpoint",
    "Updating jobs with queue input",
    "Using shell",
)
SUBMITTED = re.compile(r"Job \d+ has been submitted")  # to a cluster: the display says what runs
# Once a job has failed: the failures, with their causes, are told at the end instead.
TOLD = ("At least one job did not complete", "Exiting because a job execution failed", "WorkflowError:")
STATUS = "returned non-zero exit status"  # said of a job whose failure is told by its own event
NOTHING = "Nothing to be done"
PLACES = ("model", "variant", "pruned")  # wildcards whose values need no name
TICK_SECONDS = 1.0
_screens: list["Screen"] = []


def take_over(workflow: Any, plan: Plan, answers: Sequence[str] = ()) -> None:
    """Put this display in the place of Snakemake's own, where a run was asked for and nothing else is wished.

    Args:
        workflow: Snakemake's.
        plan: of the run.
        answers: targets whose jobs print the answer: nothing else is shown of these.
    """
    asked = workflow.output_settings
    if asked is None or asked.dryrun or asked.verbose or asked.debug_dag or asked.printshellcmds or asked.quiet:
        return
    logger = logging.getLogger("snakemake.logging")
    for handler in [of for of in logger.handlers if of.name == HANDLER]:
        stream = sys.stdout if asked.stdout else sys.stderr
        quiet = bool(set(answers) & set(sys.argv[1:]))
        screen = Screen(handler, stream, plan, asked.nocolor, quiet)
        logger.removeHandler(handler)
        logger.addHandler(screen)
        _screens.append(screen)
        atexit.register(screen.end)


def end_display() -> None:
    """Take the progress display off the terminal, so that what is printed now stands last."""
    for screen in _screens:
        screen.end()


class Screen(logging.Handler):
    """A handler of Snakemake's log records that says the little that people look for."""

    def __init__(
        self, before: logging.Handler, stream: TextIO, plan: Plan, plain: bool = False, quiet: bool = False
    ) -> None:
        """Wait for a run to begin.

        Args:
            before: the handler that shows everything until then, as of `snakemake --list`.
            stream: where the lines go.
            plan: of the run.
            plain: without colours.
            quiet: show failures alone.
        """
        super().__init__(before.level)
        self.before, self.stream, self.plan, self.plain, self.quiet = before, stream, plan, plain, quiet
        self.begun: float | None = None
        self.done, self.total, self.failed = 0, 0, 0
        self.running: dict[int, tuple[str, float]] = {}
        self._finished: list[tuple[str, float]] = []
        self._display: _Display | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, or what has changed by it."""
        try:
            self._show(record)
        except Exception:  # a display must not end a run
            self.handleError(record)

    def close(self) -> None:
        """End the display and close what showed before it."""
        self.end()
        self.before.close()
        super().close()

    def end(self) -> None:
        """Take the display off the terminal."""
        display, self._display = self._display, None
        if display:
            display.stop()

    def _show(self, record: logging.LogRecord) -> None:
        event = str(getattr(record, "event", None) or "")
        if self.begun is None:
            if event == "workflow_started":
                self.begun = time.monotonic()
            elif not str(record.msg).startswith(NOISE):
                self.before.handle(record)
            return
        reaction: Callable[[Any], None] | None = getattr(self, f"_on_{event}", None)
        if reaction:
            reaction(record)
        elif not event or event == "error":
            self._on_message(record)

    def _on_run_info(self, record: Any) -> None:
        self.total = record.stats["total"]
        if self.quiet:
            return
        if self.stream.isatty() and os.environ.get("TERM") != "dumb":
            self._display = _Display(self, self.stream, record.stats)
        else:
            self._say(f"{self.total} job{'s' if self.total > 1 else ''} to do")

    def _on_job_info(self, record: Any) -> None:
        self.running[record.jobid] = (label(record.rule_name, record.wildcards), time.monotonic())

    def _on_job_finished(self, record: Any) -> None:
        if record.job_id in self.running:
            name, start = self.running.pop(record.job_id)
            self._finished.append((name, time.monotonic() - start))

    def _on_job_error(self, record: Any) -> None:
        self.failed += 1
        name, _ = self.running.pop(record.jobid, (record.rule_name, 0.0))
        logs = f"; its log: {record.log[0]}" if record.log else ""
        self._say(f"failed: {name}{logs}", "red")

    def _on_group_error(self, record: Any) -> None:
        self.failed += 1
        self._say(f"failed: {record.msg or 'a group of jobs'}", "red")

    def _on_progress(self, record: Any) -> None:
        self.done, self.total = record.done, record.total
        width = len(str(self.total))
        for name, seconds in self._finished:
            if not self.quiet and not self._display and name not in TARGETS:
                self._say(f"{self.done:>{width}}/{self.total}  {name}, {seconds:.0f} s")
        self._finished.clear()
        if self.done == self.total and not self.quiet:
            self.end()
            spent = time.monotonic() - (self.begun or 0.0)
            self._say(f"{self.done} of {self.total} jobs (100%) done in {int(spent) // 60} min {int(spent) % 60} s")

    def _on_message(self, record: logging.LogRecord) -> None:
        text = str(record.msg or "").strip()
        is_noise = text.startswith(NOISE) or SUBMITTED.match(text)
        if not text or (record.levelno < logging.WARNING and is_noise):
            return
        if STATUS in text or (self.failed and text.startswith(TOLD)):
            return
        if text.startswith(NOTHING) and self.quiet:
            told = [line for job in self.plan.networks.check.all_jobs() for line in checked(Path(job.log), job.model)]
            for line in told:
                self._say(line)
            if told:
                return
        self._say(text, "yellow" if record.levelno >= logging.WARNING else "")

    def _say(self, line: str, colour: str = "") -> None:
        said = printable(line)
        if self._display:
            self._display.say(said, colour)
            return
        prefix = "" if self.quiet or "\n" in said else f"{time.strftime('%H:%M:%S')} "
        with suppress(OSError, ValueError):  # a terminal that has gone ends no run
            print(f"{prefix}{said}", file=self.stream, flush=True)


TARGETS = ("all", "hpspace", "default", "export", "provenance", "check")


def label(rule: str, wildcards: Mapping[str, Any]) -> str:
    """A job in words: its rule, and what it is about."""
    words = [str(value) if name in PLACES else f"{name} {value}" for name, value in (wildcards or {}).items()]
    return " ".join([rule, *words])


def checked(log: Path, model: str) -> list[str]:
    """The lines of an earlier check of a network, from its log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    said = [line[9:] for line in lines if line[9:].startswith((f"{model} can be", f"models.{model}:"))]
    return [f"prunescape: {line}" for line in said]


class _Display:
    """Bars on a terminal, while whatever this process and its jobs print scrolls by above them.

    Jobs write to the terminal that they inherit, in the midst of the bars: so until it ends they inherit a pipe, whose
    lines are shown above.
    """

    def __init__(self, screen: Screen, stream: TextIO, stats: Mapping[str, int]) -> None:
        from rich.console import Console
        from rich.live import Live

        from prunescape.overview.stages import Stages

        self._screen, self._lock = screen, threading.RLock()
        self._stages = Stages(screen.plan, stats)
        stream.flush()
        self._saved = {number: os.dup(number) for number in (1, 2) if os.isatty(number)}
        terminal = os.dup(stream.fileno())
        reading, writing = os.pipe()
        for number in self._saved:
            os.dup2(writing, number)
        os.close(writing)
        self._console = Console(file=os.fdopen(terminal, "w"), no_color=screen.plain, highlight=False)
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, transient=True
        )
        self._ended = threading.Event()
        self._live.start()
        self._threads = [
            threading.Thread(target=self._pass_on, args=(reading,), daemon=True),
            threading.Thread(target=self._refresh, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def say(self, line: str, colour: str = "") -> None:
        """A line above the bars."""
        from rich.text import Text

        with self._lock:
            self._console.print(Text(line, style=colour), soft_wrap=True)

    def stop(self) -> None:
        """Take the bars away, and leave their last state as lines."""
        if self._ended.is_set():
            return
        self._ended.set()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        for number, saved in self._saved.items():
            os.dup2(saved, number)
            os.close(saved)
        for thread in self._threads:  # a job that outlives this process keeps the pipe open
            thread.join(timeout=2)
        with self._lock:
            self._live.stop()
            with suppress(Exception):
                self._console.print(self._page())

    def _page(self) -> Any:
        screen = self._screen
        running = [name for name, _ in list(screen.running.values())]
        return self._stages.page(screen.done, screen.total, running, time.monotonic() - (screen.begun or 0.0))

    def _refresh(self) -> None:
        while not self._ended.is_set():
            with suppress(Exception):  # files that are being written; the next look will do
                self._stages.look()
                page = self._page()
                with self._lock:
                    self._live.update(page, refresh=True)
            self._ended.wait(TICK_SECONDS)

    def _pass_on(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.say(printable(line.rstrip("\n")))
