"""Kill the training of a study at random moments, run it to the end, and compare every table, byte for byte.

Each kill is SIGKILL, for one training process or for Snakemake and all its jobs; whichever it was, the same command is
given again. Results must equal those of a run that nobody disturbed.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from common import PROJECT, options, save
from landscape import prepare

CHANGING = ("timing.csv",)  # how long things took is never the same twice
SUFFIXES = (".csv", ".json", ".safetensors", ".txt")


def start(folder: Path, arguments: argparse.Namespace) -> subprocess.Popen:
    snakemake = [sys.executable, "-m", "snakemake"]
    subprocess.run([*snakemake, "--unlock"], cwd=folder, capture_output=True, check=True)
    with (folder / "output").open("a") as output:
        return subprocess.Popen(
            [*snakemake, "--cores", str(arguments.cores), arguments.target],
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def trainings(run: subprocess.Popen) -> list[psutil.Process]:
    """The training processes of a run."""
    try:
        jobs = psutil.Process(run.pid).children(recursive=True)
        return [job for job in jobs if "train_tile" in " ".join(job.cmdline()[:3])]
    except psutil.Error:  # gone meanwhile
        return []


def kill_once(run: subprocess.Popen, numbers: random.Random, shortest: float, longest: float) -> str | None:
    """Wait for training, and some more, and kill; says what, or None if the run ended first."""
    moment = time.monotonic() + numbers.uniform(shortest, longest)
    while run.poll() is None:
        running = trainings(run) if time.monotonic() > moment else []
        if running and numbers.random() < 0.5:
            numbers.choice(running).send_signal(signal.SIGKILL)
            return "a training job"
        if running:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return "Snakemake and its jobs"
        time.sleep(0.05)
    return None


def contents(results: Path) -> dict[str, bytes]:
    """Every result file whose bytes must not depend on what happened on the way."""
    files = (path for path in sorted(results.rglob("*")) if path.suffix in SUFFIXES)
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in files
        if not path.name.endswith(CHANGING) and "logs" not in path.parts
    }


def disturbed(folder: Path, arguments: argparse.Namespace) -> tuple[int, int, int]:
    """Run the study in `folder` with kills: of jobs, of everything, and how often a checkpoint was gone on from."""
    numbers = random.Random(arguments.seed)
    kills: list[str] = []
    went_on = 0
    run = start(folder, arguments)
    while len(kills) < arguments.kills:
        killed = kill_once(run, numbers, *arguments.seconds)
        if killed is not None:
            kills.append(killed)
            print(f"kill {len(kills)} of {arguments.kills}: {killed}", flush=True)
        if run.poll() is not None and len(kills) < arguments.kills:
            if run.returncode == 0:
                sys.exit(f"the study ended after {len(kills)} kills; give shorter --seconds")
            went_on += resumed(folder)
            run = start(folder, arguments)
    while run.wait() != 0:  # killed jobs make Snakemake end with an error, as any failed job does
        went_on += resumed(folder)
        run = start(folder, arguments)
    went_on += resumed(folder)
    return kills.count("a training job"), len(kills) - kills.count("a training job"), went_on


def resumed(folder: Path) -> int:
    """How many logs, of those since the last call, say that training went on from a checkpoint."""
    count = 0
    for log in folder.glob("results/*/logs/hpspace/train_tile/*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        if "going on after" in text:
            count += 1
            log.write_text(text.replace("going on after", "went on after"), encoding="utf-8")
    return count


def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        quiet, shaken = Path(temporary) / "undisturbed", Path(temporary) / "disturbed"
        expected, found = prepare(quiet, arguments.config), prepare(shaken, arguments.config)
        if start(quiet, arguments).wait():
            sys.exit((quiet / "output").read_text()[-3000:])
        jobs, everything, went_on = disturbed(shaken, arguments)
        reference, tables = contents(expected), contents(found)
        different = [name for name in {**reference, **tables} if reference.get(name) != tables.get(name)]
        row = {
            "kills_of_a_job": jobs,
            "kills_of_everything": everything,
            "resumed_from_a_checkpoint": went_on,
            "files_compared": len(reference),
            "files_that_differ": len(different),
        }
        save(arguments, "kills", [row])
        if different:
            sys.exit(f"different: {', '.join(sorted(different)[:20])}")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=PROJECT / "config.yaml")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--target", default="give_verdict", help="the rule to run up to")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, nargs=2, default=[5.0, 20.0], help="between two kills: least and most")
    parser.add_argument("--seed", type=int, default=0)


if __name__ == "__main__":
    main(options(__doc__, add))
