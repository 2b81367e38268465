"""What Slurm says about jobs, and what a test does to them."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")


def slurm(*command: str) -> str:
    """Run a command of Slurm's; what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def until(what: str, look: Callable[[], Found | None], seconds: float = 900) -> Found:
    """What `look` gives once it is neither None nor false nor empty."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


@dataclass(frozen=True)
class Job:
    """A job as the accounting has it; one that was requeued stands there once for each time that it ran.

    Attributes:
        work: rule and wildcards, as Snakemake writes them into the job's comment.
        minutes: the run time that it asked for.
        got: what it was given: cpu, mem in MB, gres/gpu.
        start, end: seconds of the epoch; None for what has not happened.
    """

    number: str
    work: str
    partition: str
    account: str
    state: str
    node: str
    minutes: int
    got: dict[str, int]
    start: int | None
    end: int | None


def jobs(folder: Path, work: str = "") -> list[Job]:
    """All ended jobs submitted from `folder` whose rule and wildcards contain `work`, in the order of their ends."""
    names = ["jobidraw", "comment", "partition", "account", "state", "nodelist", "timelimitraw", "alloctres"]
    fields = ",".join([*names, "start", "end", "workdir"])
    environment = {**os.environ, "SLURM_TIME_FORMAT": "%s"}
    command = ["sacct", "--duplicates", "--allocations", "--parsable2", "--noheader", f"--format={fields}"]
    table = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    found = []
    for row in table.splitlines():
        number, comment, partition, account, state, node, minutes, got, start, end, place = row.split("|")
        if Path(place) == folder and work in comment and end.isdigit():
            times = int(start) if start.isdigit() else None, int(end)
            found.append(Job(number, comment, partition, account, state, node, int(minutes), _resources(got), *times))
    return sorted(found, key=lambda job: (job.end or 0, int(job.number)))


def _resources(text: str) -> dict[str, int]:
    """ "cpu=1,mem=8000M,gres/gpu=1" as numbers."""
    return {name: int(number) for name, number in re.findall(r"([\w/]+)=(\d+)", text)}


def queue(folder: Path) -> dict[str, tuple[str, str]]:
    """State and node of all waiting and running jobs submitted from `folder`, by number."""
    rows = (row.split("|") for row in slurm("squeue", "--noheader", "--format=%i|%T|%N|%Z").splitlines())
    return {number: (state, node) for number, state, node, place in rows if Path(place) == folder}


def training(folder: Path, tile: str) -> dict[str, Any] | None:
    """Who trains a tile ("dense_0"), if it has written a checkpoint in this life: `process` and `slurm_job`."""
    name = f"small_resnet_{tile}_-1_-1"
    lock = folder / "results/tiny/checkpoints/train_tile" / f"{name}.lock"
    try:
        began, holder = lock.stat().st_ctime, json.loads(lock.read_text())
        states = list(lock.with_name(name).glob("state*.safetensors"))
        return holder if any(state.stat().st_mtime > began - 11 for state in states) else None
    except FileNotFoundError:
        return None


def pause(process: int) -> None:
    """What a job is like that takes longer than was thought, without using this machine's time."""
    os.kill(process, signal.SIGSTOP)


def start_now(number: str) -> None:
    """Slurm starts a requeued job only after two minutes; not here."""
    until(f"job {number} is requeued", lambda: "PENDING" in slurm("squeue", "-h", "-j", number, "-o", "%T"))
    slurm("scontrol", "update", f"JobId={number}", "StartTime=now")


def overlaps(runs: list[Job]) -> list[tuple[Job, Job]]:
    """Pairs of jobs of the same work that ran at the same time."""
    ran = [job for job in runs if job.start is not None]
    return [
        (first, second)
        for position, first in enumerate(ran)
        for second in ran[position + 1 :]
        if first.work == second.work and first.start < second.end and second.start < first.end
    ]
