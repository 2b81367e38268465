"""How Snakemake's own time and memory grow with the grid: a table, and docs/benchmarks/scale.csv.

    PATH=.venv/bin:$PATH python tests/bench/scale.py

For each size: the plan of a new study (`snakemake -n`), a run that finds everything done, and the plan after a change
to the figures, on a tree of generated results.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "workflow", "profiles", "envs"]
MODELS = ["resnet20", "resnet32", "resnet44", "resnet56", "mobilenetv2"]
METHODS, RATIOS = ["uniform", "non_uniform"], [0.6, 0.2]
# Models, cells along both axes (odd, as the prior is the central one), cells of a tile along both axes.
SIZES = [(1, 5, 5), (5, 7, 7), (5, 21, 7), (5, 21, 3), (5, 21, 1)]

# In a process of its own, as everything that is measured: the results as their jobs would have sealed them.
SEAL = f"""
import sys
sys.path[:0] = ["workflow", {str(PROJECT / "tests")!r}]
import yaml
from finished import seal_results
from prunescape.plan.plan import Plan
plan = Plan(yaml.safe_load(open("config.yaml")))
seal_results(plan, *(job.result for job in plan.jobs()))
"""


@dataclass(frozen=True)
class Used:
    """What a command took: wall and processor seconds, and its largest resident memory in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def config(models: int, side: int, tile: int) -> dict[str, Any]:
    """A study of `models` networks with five variants each, and `side` x `side` cells."""
    model = {"learning_rate": 0.1, "weight_decay": 1.0e-4, "methods": METHODS, "ratios": RATIOS}
    return {
        "run": "scale",
        "data": {"name": "cifar10"},
        "models": {name: dict(model) for name in MODELS[:models]},
        "grid": {"step": 0.05, "size": [side, side], "tile": [tile, tile]},
        "extension": {"rounds": 3},
        "figures": {"formats": ["png"]},
    }


def project(folder: Path, study: dict[str, Any]) -> Path:
    """A copy of the project with a config of its own."""
    folder.mkdir(parents=True)
    for part in PARTS:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy2
        copy(PROJECT / part, folder / part)
    (folder / "config.yaml").write_text(yaml.safe_dump(study))
    return folder


def run(folder: Path, *command: str) -> Used:
    """Run a command in `folder`.

    Raises:
        RuntimeError: it failed.
    """
    log = folder / "bench.log"
    start = time.perf_counter()
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)  # of this child alone, not of all children so far
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    text = log.read_text()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{text[-3000:]}")
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def snakemake(folder: Path, *arguments: str) -> Used:
    """Run Snakemake in `folder`."""
    return run(folder, sys.executable, "-m", "snakemake", *arguments)


def finish(folder: Path, plan: str) -> None:
    """Generate the results that `plan` (the output of `snakemake -n`) names, with their seals."""
    for line in re.findall(r"^    output: (.*)$", plan, flags=re.MULTILINE):
        for name in line.split(", "):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_content(path))
    run(folder, sys.executable, "-c", SEAL)


def _content(path: Path) -> str:
    if path.name == "meta.json":
        return json.dumps({"classes": [str(label) for label in range(10)]})
    if path.parts[-3] == "confirmation":
        names = ["dense", *(f"{method}-{ratio}" for method in METHODS for ratio in RATIOS)]
        settings = {name: [0, 0] for name in ("tuned", "prior", "dense")}
        entry = {"finalists": [[0, 0]], "stage": "finalists-00000000", "settings": settings, "why_not": ""}
        entry["questions"] = {}  # none is asked
        return json.dumps(dict.fromkeys(names, entry))
    if path.name.startswith("round-"):
        return json.dumps({"tiles": []})
    return ""


def rules(plan: str) -> dict[str, int]:
    """The rules in the output of `snakemake -n`, with their numbers of jobs; the targets themselves left out."""
    if "Nothing to be done" in plan:
        return {}
    rows = re.findall(r"^(\w+) +(\d+)$", plan.split("Job stats:")[1], flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


@dataclass(frozen=True)
class Point:
    """A row of the curve; seconds are wall time."""

    cells: int
    tile: str
    jobs: int
    plan_seconds: float
    plan_mb: float
    nothing_to_do_seconds: float
    nothing_to_do_mb: float
    new_figures_seconds: float


def measure(folder: Path, models: int, side: int, tile: int) -> Point:
    """One size of study, in a new folder."""
    project(folder, config(models, side, tile))
    plan = snakemake(folder, "-n")
    jobs = sum(rules(plan.output).values())
    finish(folder, plan.output)
    idle = snakemake(folder)
    assert "Nothing to be done" in idle.output, idle.output[-2000:]
    other = config(models, side, tile) | {"figures": {"formats": ["png"], "dpi": 99}}
    (folder / "config.yaml").write_text(yaml.safe_dump(other))
    figures = snakemake(folder, "-n")
    assert all(rule.startswith("figure_") or rule == "explore_hpspace" for rule in rules(figures.output)), (
        figures.output
    )
    return Point(
        cells=models * 5 * side**2,
        tile=f"{tile}x{tile}",
        jobs=jobs,
        plan_seconds=round(plan.seconds, 1),
        plan_mb=round(plan.peak_mb),
        nothing_to_do_seconds=round(idle.seconds, 1),
        nothing_to_do_mb=round(idle.peak_mb),
        new_figures_seconds=round(figures.seconds, 1),
    )


def main() -> None:
    """Measure all sizes, print them and write them."""
    points = []
    print("cells  tile  jobs    plan           nothing to do  new figures")
    for models, side, tile in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            point = measure(Path(folder) / "project", models, side, tile)
        points.append(asdict(point))
        print(
            f"{point.cells:<6,} {point.tile:5} {point.jobs:<7,} {point.plan_seconds:4.1f} s {point.plan_mb:4.0f} MB   "
            f"{point.nothing_to_do_seconds:4.1f} s {point.nothing_to_do_mb:4.0f} MB "
            f"{point.new_figures_seconds:4.1f} s",
            flush=True,
        )
    target = PROJECT / "docs" / "benchmarks" / "scale.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(points[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(points)
    print(f"written to {target}")


if __name__ == "__main__":
    main()
