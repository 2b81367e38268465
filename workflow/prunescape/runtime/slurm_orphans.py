"""Slurm jobs that an earlier snakemake has left behind: a new one would submit all of them once more.

Light: read while the Snakefile is parsed, so the standard library only.
"""

import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from prunescape.runtime.job_lock import holder_of, text_of

GRACE_SECONDS = 180  # a cancelled job may take as long as its cluster's KillWait to write its checkpoint


def cancel_orphans(registered: Iterable[str], checkpoints: str | os.PathLike[str]) -> list[str]:
    """Cancel this folder's jobs that still wait or run, and wait for their end; their numbers.

    Args:
        registered: Slurm jobs that Snakemake noted for results that are to be made; it forgets those that have begun.
        checkpoints: the folder of the run's locks, which name those.
    """
    locks = [holder_of(text_of(path) or "") for path in Path(checkpoints).rglob("*.lock")]
    numbers = {*registered, *(str(who["slurm_job"]) for who in locks if "slurm_job" in who)}
    jobs = _in_queue(numbers)
    if jobs:
        subprocess.run(["scancel", *jobs], check=False)
        end = time.monotonic() + GRACE_SECONDS
        while _in_queue(jobs) and time.monotonic() < end:
            time.sleep(1)
    return jobs


def _in_queue(numbers: Iterable[str]) -> list[str]:
    """Slurm jobs among `numbers` that belong to this user and folder; none where there is no Slurm that answers."""
    wanted = set(numbers)
    if not wanted:
        return []
    command = ["squeue", "--noheader", "--user", str(os.getuid()), "--format=%i|%Z"]
    try:
        rows = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
    jobs = (row.partition("|") for row in rows)
    return sorted((job for job, _, folder in jobs if job in wanted and Path(folder) == Path.cwd()), key=int)
