"""Where the numbers of a page come from: code, libraries, machines, seeds, time."""

import platform
import subprocess
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from prunescape.figures.names import data_title

LIBRARIES = ("snakemake", "torch", "torchvision", "torch-pruning", "numpy", "scipy", "pandas", "matplotlib")


def facts(timing: pd.DataFrame, config: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Facts by name.

    Args:
        timing: `timing.csv`, which tells the devices that trained.
        config: as resolved.
        root: the project's folder.
    """
    devices = timing.groupby("device", sort=False).size()
    seconds = float(timing["seconds"].sum())
    return {
        "run": str(config["run"]),
        "data": data_title(config["data"]["name"]),
        "models": ", ".join(config["models"]),
        "seeds": ", ".join(map(str, config["seeds"])),
        "trainings": f"{len(timing)}, {duration(seconds)} of training altogether",
        "trained on": "; ".join(f"{device}: {count}" for device, count in devices.items()),
        "code": code_version(root),
        "software, where this page was made": f"Python {platform.python_version()}, {_libraries()}",
        "machine, where this page was made": machine(),
    }


def run_times(timing: pd.DataFrame) -> dict[str, list[Any]]:
    """How long the trainings of each network took: columns and rows as text."""
    keys = ["model", "variant", "device", "strategy", "lanes", "precision"]
    columns = [*keys, "trainings", "seconds altogether", "seconds each", "images per second"]
    rows = [
        [*map(str, key), str(len(part)), f"{part['seconds'].sum():.1f}", f"{part['seconds'].mean():.3g}",
         f"{part['images_per_second'].mean():.0f}"]
        for key, part in timing.groupby(keys, sort=False)
    ]  # fmt: skip
    return {"columns": columns, "rows": rows}


def duration(seconds: float) -> str:
    """`53 s`, `12 min`, `3.4 h`."""
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
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8", errors="replace") if info.is_file() else ""
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB of memory"
    parts = [f"{platform.system()} {platform.machine()}", name or platform.processor()]
    return ", ".join(filter(None, [*parts, f"{psutil.cpu_count()} logical cores", memory]))


def _git(root: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def _libraries() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
