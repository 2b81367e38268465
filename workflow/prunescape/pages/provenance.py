"""Provenance of a page's numbers: code, libraries, machines, seeds, time."""

import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import psutil

from prunescape.figures.names import data_title
from prunescape.io.seals import accepted
from prunescape.runtime.hardware import processor

LIBRARIES = ("snakemake", "torch", "torchvision", "torch-pruning", "numpy", "scipy", "pandas", "matplotlib")


# What a job writes into its log at its end, see `prunescape.runtime.logs`.
LAST = 1000  # bytes of a log that have its last line
FINISHED = re.compile(r"finished after ([\d.]+) s, and [\d.]+ s to start(?:, on (.+))?$", re.MULTILINE)


class Provenance(NamedTuple):
    """Provenance of a page's numbers: facts, run times, and the config.

    Attributes:
        facts: by name.
        times: run times: columns and rows as text, and a note, empty where there is nothing to say.
        config: as resolved.
    """

    facts: dict[str, str]
    times: dict[str, Any]
    config: Mapping[str, Any]


class Job(NamedTuple):
    """A job of a companion study: model and rule, how many networks it makes or looks at, and its log."""

    model: str
    rule: str
    networks: int
    log: str


def made_on(files: Iterable[str | Path]) -> str:
    """Day and hour at which the last of some results was made."""
    made = max(Path(file).stat().st_mtime for file in files)
    return f"{datetime.fromtimestamp(made).astimezone():%Y-%m-%d %H:%M}"


def provenance(timing: pd.DataFrame, config: Mapping[str, Any], root: Path) -> Provenance:
    """Provenance of the main job.

    Args:
        timing: `timing.csv`, which tells the devices that trained.
        root: the project's folder.
    """
    devices = timing.groupby("device", sort=False).size()
    work = {
        "trainings": f"{len(timing)}, {duration(float(timing['seconds'].sum()))} of training altogether",
        "trained on": "; ".join(f"{device}: {count}" for device, count in devices.items()),
    }
    seeds = sorted(set(timing["seed"]))
    return Provenance(facts(config, config["models"], seeds, work, root), run_times(timing), config)


def of_jobs(study: str, jobs: Sequence[Job], config: Mapping[str, Any], root: Path) -> Provenance:
    """Provenance of a companion study, whose jobs tell in their logs how long they took, and on what."""
    timing = job_times(jobs)
    told = timing.dropna(subset="seconds")
    machines = told.groupby("machine", sort=False).size()
    work = {
        "jobs": f"{len(timing)}, {duration(float(told['seconds'].sum()))} altogether"
        + ("" if len(told) == len(timing) else f" of the {len(told)} whose logs are there"),
        "ran on": "; ".join(f"{name or 'not told'}: {count}" for name, count in machines.items()) or "not told",
    }
    rows = [
        [*map(str, key), f"{len(part)}", f"{part['networks'].sum()}", *_spent(part["seconds"].dropna())]
        for key, part in timing.groupby(["model", "rule"], sort=False)
    ]
    own = config.get(study) or {}
    columns = ["model", "rule", "jobs", "networks", "seconds altogether", "seconds a job"]
    note = (
        "Of the jobs that train and measure, as their logs tell; of a job that went on after an interruption, the rest."
    )
    return Provenance(
        facts(config, dict.fromkeys(timing["model"]), own.get("seeds") or config["seeds"], work, root),
        {"columns": columns, "rows": rows, "note": note},
        config,
    )


def job_seconds(log: Path) -> float | None:
    """The time that the job of a log took; None where its end does not say so."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - LAST))
        found = FINISHED.findall(file.read().decode("utf-8", errors="replace"))
    return float(found[-1][0]) if found else None


def job_times(jobs: Sequence[Job]) -> pd.DataFrame:
    """Times of jobs from their logs: model, rule, networks; seconds, NaN where there is no log; machine, else empty."""
    rows = []
    for job in jobs:
        log = Path(job.log)
        finished = FINISHED.findall(log.read_text(encoding="utf-8", errors="replace")) if log.is_file() else []
        seconds, where = finished[-1] if finished else ("nan", "")
        rows.append((job.model, job.rule, job.networks, float(seconds), where))
    return pd.DataFrame(rows, columns=["model", "rule", "networks", "seconds", "machine"])


def _spent(seconds: pd.Series) -> list[str]:
    return [f"{seconds.sum():.1f}", f"{seconds.mean():.3g}"] if len(seconds) else ["", ""]


def facts(
    config: Mapping[str, Any], models: Iterable[str], seeds: Iterable[int], work: Mapping[str, str], root: Path
) -> dict[str, str]:
    """Facts on a run by name: its config, seeds, code and machine.

    Args:
        models: names of those that the page is about.
        seeds: of its trainings.
        work: what was done, and on what.
        root: the project's folder.
    """
    return {
        "run": str(config["run"]),
        "data": data_title(config["data"]["name"]),
        "models": ", ".join(models),
        "seeds": ", ".join(map(str, seeds)),
        **work,
        "code": code_version(root),
        **accepted_results(),
        "software, where this page was made": f"Python {platform.python_version()}, {libraries()}",
        "machine, where this page was made": machine(),
    }


def accepted_results() -> dict[str, str]:
    """A fact on results that were accepted as they are, though they were made by other code or settings, if any."""
    notes = accepted()
    return {"accepted as they were, by `snakemake accept`": "; ".join(notes)} if notes else {}


def run_times(timing: pd.DataFrame) -> dict[str, Any]:
    """Times of the trainings of each network: columns and rows as text."""
    keys = ["model", "variant", "device", "strategy", "lanes", "precision"]
    columns = [*keys, "trainings", "seconds altogether", "seconds each", "images per second"]
    rows = [
        [*map(str, key), str(len(part)), f"{part['seconds'].sum():.1f}", f"{part['seconds'].mean():.3g}",
         f"{part['images_per_second'].mean():.0f}"]
        for key, part in timing.groupby(keys, sort=False)
    ]  # fmt: skip
    return {"columns": columns, "rows": rows, "note": ""}


def duration(seconds: float) -> str:
    """A duration in words: `53 s`, `12 min`, `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def code_version(root: Path) -> str:
    """The project's version, and its commit where it is a git clone; `-dirty` tells of changes since."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8") if (root / "pyproject.toml").is_file() else ""
    number = tomllib.loads(text).get("project", {}).get("version", "of unknown version")
    commit = _git(root, "describe", "--always", "--dirty", "--abbrev=12") if (root / ".git").exists() else ""
    return f"prunescape {number}" + (f", commit {commit}" if commit else ", not from a git clone")


def machine() -> str:
    """System, processor, cores and memory of this machine."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB of memory"
    parts = [f"{platform.system()} {platform.machine()}", processor()]
    return ", ".join(filter(None, [*parts, f"{psutil.cpu_count()} logical cores", memory]))


def _git(root: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def libraries() -> str:
    """Names and versions of the libraries that numbers rest on, here."""
    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(versions)
