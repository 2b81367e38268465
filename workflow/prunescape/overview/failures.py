"""Failed jobs of a run: each job's log and its last lines, where the run's own output has long scrolled away."""

import re
from collections.abc import Sequence
from pathlib import Path

from prunescape.overview.status import tail

LAST_LINES = 3
SHOWN = 20
_RULE = re.compile(r"^Error in rule (\w+):$")
_LOG = re.compile(r"^    log: (.+?)(?: \(check log file\(s\) for error details\))?$")


def failed_jobs(text: str) -> dict[str, Path | None]:
    """The jobs that failed last, by the log of a Snakemake run: in the order of their failures, each with its log."""
    jobs: dict[str, Path | None] = {}
    rule = ""
    for line in text.splitlines():
        if match := _RULE.match(line):
            rule = match.group(1)
            jobs.setdefault(rule, None)
        elif rule and (match := _LOG.match(line)):
            jobs.pop(rule, None)
            jobs[match.group(1)] = Path(match.group(1))
            rule = ""
        elif rule and not line.startswith(" "):
            rule = ""
    return jobs


def failures_page(logs: Sequence[Path]) -> str:
    """The failures that the logs of a Snakemake run name: a line each, and below it the end of the job's own log."""
    jobs: dict[str, Path | None] = {}
    for path in logs:
        try:
            jobs |= failed_jobs(tail(path, 1 << 24))
        except OSError:
            continue
    if not jobs:
        return ""
    lines = [f"{len(jobs)} job{'s' if len(jobs) > 1 else ''} failed; finished results are kept:"]
    for name, log in list(jobs.items())[:SHOWN]:
        lines.append(f"  {name}")
        lines += [f"    {line}" for line in _ending(log)]
    if len(jobs) > SHOWN:
        lines.append(f"  ... and {len(jobs) - SHOWN} more: snakemake status")
    return "\n".join(lines)


def _ending(log: Path | None) -> list[str]:
    if log is None:
        return ["(no log)"]
    try:
        lines = tail(log).splitlines()
    except OSError:
        return ["(no log: the job was killed before it began, or its machine was lost)"]
    return lines[-LAST_LINES:] or ["(empty: the job was killed before it wrote anything)"]
