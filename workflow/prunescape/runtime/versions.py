"""Versions of the libraries that make numbers.

Light: used while the Snakefile is parsed; no library is imported for it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prunescape.errors import UserError

# Packages that the library imports and that change no number: formats, checks of configs, pages, terminals, processes.
NO_NUMBERS = {
    "jinja2",
    "markupsafe",
    "psutil",
    "pydantic",
    "pydantic_core",
    "rich",
    "rocrate",
    "safetensors",
    "snakemake",
    "tensorboardX",
    "yaml",
}
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "torch_pruning": "torch-pruning"}
_pins: dict[str, str] = {}


def use_pins(environment: Path) -> None:
    """From now on take the versions that an environment's file pins: jobs run there, not where this process runs."""
    _pins.update(re.findall(r"^\s*- ([\w.-]+)==([\w.]+)$", environment.read_text(encoding="utf-8"), re.MULTILINE))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of the packages of these names that make numbers; empty for one that is not installed."""
    return versions_of(sorted({DISTRIBUTIONS.get(name, name) for name in packages if name not in NO_NUMBERS}))


def versions_of(distributions: Iterable[str]) -> dict[str, str]:
    """Versions of distributions by name; empty for one that is not installed."""
    names = dict.fromkeys(distributions)
    return {name: _pins.get(name) or _installed(name) for name in names}


@cache
def _installed(distribution: str) -> str:
    """A version without what follows a plus, which tells how it was built."""
    try:
        return version(distribution).partition("+")[0]
    except PackageNotFoundError:
        return ""


def check_versions(wanted: Mapping[str, str]) -> None:
    """Make sure that this process has the versions of libraries that the identity of its results names.

    Raises:
        UserError: it has another version of one.
    """
    for name, number in wanted.items():
        if number and _installed(name) != number:
            here = _installed(name) or "missing"
            raise UserError(f"{name}: {number} where snakemake runs, {here} where this job does; use one environment")
