"""Failed jobs of a run: each job's log and its last lines, where the run's own output has long scrolled away."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from prunescape.overview.status import tail

LAST_LINES = 3
SHOWN = 20
_RULE = re.compile(r"^Error in rule (\w+):$")
_MESSAGE = re.compile(r"^    message: (?!None$)(.+)$")
_LOG = re.compile(r"^    log: (.+?)(?: \(check log file\(s\) for error details\))?$")
_NEXT = re.compile(r"^\[\w{3} \w{3} ")  # the date before whatever Snakemake says next
_REFUSED = re.compile("sbatch failed|submission failed")


class Failure(NamedTuple):
    """A failed job.

    Attributes:
        logs: the job's own, and on a cluster also the cluster's.
        message: what the cluster says, if anything.
    """

    logs: tuple[Path, ...] = ()
    message: str = ""


def failed_jobs(text: str) -> dict[str, Failure]:
    """The jobs that failed last, by log or else by rule, in the order of their failures.

    Args:
        text: Snakemake's log of a run.
    """
    jobs: dict[str, Failure] = {}
    rule = message = ""
    for line in text.splitlines():
        if match := _RULE.match(line):
            rule, message = match.group(1), ""
            jobs.setdefault(rule, Failure())
        elif rule and (match := _LOG.match(line)):
            logs = match.group(1).split(", ")
            jobs.pop(rule, None)
            jobs[logs[0]] = Failure(tuple(map(Path, logs)), message)
            rule = ""
        elif rule and not message and (match := _MESSAGE.match(line)):
            message = match.group(1)
            jobs[rule] = Failure((), message)
        elif _NEXT.match(line):  # lines of a message may begin as they like
            rule = ""
    return jobs


def failures_page(logs: Sequence[Path]) -> str:
    """The failures that the logs of a Snakemake run name: a line each, and below it the end of the job's own log."""
    jobs: dict[str, Failure] = {}
    for path in logs:
        try:
            jobs |= failed_jobs(tail(path, 1 << 24))
        except OSError:
            continue
    if not jobs:
        return ""
    which = f"{len(jobs)} jobs failed, whose logs end" if len(jobs) > 1 else "1 job failed, whose log ends"
    lines = [f"{which} so (finished results are kept):"]
    for name, failure in list(jobs.items())[:SHOWN]:
        lines.append(f"  {name}")
        lines += [f"    {line}" for line in _told(failure)]
    if len(jobs) > SHOWN:
        lines.append(f"  ... and {len(jobs) - SHOWN} more: snakemake status")
    lines.append(f"Mend the cause and start the same command again: it goes on. All that was said: {logs[0]}")
    return "\n".join(lines)


def _told(failure: Failure) -> list[str]:
    """The cluster's message, and the end of the first log that says something; only the message if no job began."""
    message = [failure.message] if failure.message else []
    if _REFUSED.search(failure.message):
        return message
    there = []
    for log in failure.logs:
        try:
            there.append(tail(log).splitlines()[-LAST_LINES:])
        except OSError:
            continue
    if any(there):
        return message + next(filter(None, there))
    if there:
        return [*message, "(empty: the job was killed before it wrote anything)"]
    return message or ["(no log: the job was killed before it began, or its machine was lost)"]
