"""A whole landscape: where the demo's time goes.

Runs the main job with an empty results folder and divides the time of all cores into training, the other work of jobs,
the start of jobs (Python and imports), and the rest: Snakemake, and cores with nothing to do. The times are in the
jobs' logs and in timing.csv.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import yaml
from common import PROJECT, options, save

PARTS = ["Snakefile", "config.yaml", "workflow", "profiles", "envs"]
FINISHED = re.compile(r"finished after ([\d.]+) s, and ([\d.]+) s to start")


def prepare(folder: Path, config: Path) -> Path:
    """A project of its own in `folder`; links suffice. Where its results will be."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if part != "config.yaml":
            (folder / part).symlink_to(PROJECT / part)
    text = config.read_text(encoding="utf-8")
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder / "results" / str(yaml.safe_load(text)["run"])


def split(results: Path, wall: float, cores: int) -> list[dict[str, object]]:
    """Core-seconds by what they were spent on, and rule by rule."""
    jobs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for log in sorted((results / "logs").rglob("*.log")):
        _room, rule, *_ = log.relative_to(results / "logs").parts
        if found := FINISHED.search(log.read_text(encoding="utf-8")):
            jobs[rule].append((float(found[1]), float(found[2])))
    work = {rule: sum(body for body, _ in times) for rule, times in jobs.items()}
    training = pd.read_csv(results / "hpspace" / "timing.csv")["seconds"].sum() + work["train_dense"]
    starts = sum(start for times in jobs.values() for _, start in times)
    others = sum(work.values()) - training
    parts = {
        "training": training,
        "other work of jobs": others,
        "start of jobs": starts,
        "Snakemake, and idle cores": cores * wall - training - others - starts,
    }
    rows: list[dict[str, object]] = [
        {"part": part, "jobs": None, "core_seconds": seconds, "percent": 100 * seconds / (cores * wall)}
        for part, seconds in parts.items()
    ]
    rows += [
        {
            "part": f"rule {rule}",
            "jobs": len(times),
            "core_seconds": work[rule] + sum(start for _, start in times),
            "percent": 100 * (work[rule] + sum(start for _, start in times)) / (cores * wall),
        }
        for rule, times in sorted(jobs.items())
    ]
    return [{"part": "wall time", "jobs": None, "core_seconds": wall * cores, "percent": 100.0}, *rows]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=PROJECT / "config.yaml")
    parser.add_argument("--target", default="all", help="the rule to run up to")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)


def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        results = prepare(Path(temporary) / "project", arguments.config)
        command = [sys.executable, "-m", "snakemake", "--cores", str(arguments.cores), arguments.target]
        start = time.perf_counter()
        run = subprocess.run(command, cwd=Path(temporary) / "project", capture_output=True, text=True, check=False)
        wall = time.perf_counter() - start
        if run.returncode:
            sys.exit(run.stdout[-3000:] + run.stderr[-3000:])
        save(arguments, "landscape", split(results, wall, arguments.cores))


if __name__ == "__main__":
    main(options(__doc__, add))
