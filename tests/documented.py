"""The commands, examples and diffs of the documentation, and a copy of the project to run them in."""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from project_copy import PROJECT, completed, copy_project, merged
from warm_start import warm_start

DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "config" / "README.md", *sorted(DOCS.glob("*.md"))]
ADDITIONS = ["add-criterion.md", "add-data-set.md", "add-study.md"]
SHELL = ("sh", "bash")
PARTS = ["Makefile", "README.md", "CHANGELOG.md", "mkdocs.yml", "pyproject.toml", "requirements.txt"]
PARTS += ["requirements-dev.txt", "CITATION.cff", ".snakemake-workflow-catalog.yml"]
# The demo's config, companion studies and all, on few images and cells.
SMALL = {
    "seeds": [0],
    "mechanism": {"seeds": [0]},
    "coherence": {"seeds": [0]},
    "stochastic": {"confirm": {"seeds": 1}},
    "data": {"train_size": 150, "validation_size": 200},
    "models": {"small_resnet": {"methods": ["uniform"], "ratios": [0.4]}},
    "grid": {"size": [1, 3], "tile": [1, 3]},
    "verdict": {"confirm": 5},
    "figures": {"formats": ["png"], "dpi": 50},
}
# What a test makes shorter: the same command on a part.
SHORTER = {
    "make demo-stochastic": "make -n demo-stochastic",
    "make demo-stochastic-full": "make -n demo-stochastic-full",
    "make demo-mechanism": "make -n demo-mechanism",
    "make demo-mechanism-full": "make -n demo-mechanism-full",
    "make demo-coherence": "make -n demo-coherence",
    "make demo-coherence-full": "make -n demo-coherence-full",
    "PYTHONPATH=workflow python -m pytest tests/unit/test_pruning_criteria.py": "PYTHONPATH=workflow python -m pytest "
    "tests/unit/test_pruning_criteria.py -k 'deviation or filters_of_like_weights'",
    # A run of its own is in tests/workflow/test_exploration.py.
    "snakemake --config exploration='{method: adaptive}'": "snakemake -n --config exploration='{method: adaptive}'",
    "snakemake stochastic --configfile config.yaml config/demo_stochastic_norms.yaml": "snakemake -n stochastic "
    "--configfile config.yaml config/demo_stochastic_norms.yaml",
    "snakemake --configfile stripes.yaml": "snakemake results/stripes/hpspace/cells.csv --configfile stripes.yaml",
    "snakemake --configfile bands.yaml": "snakemake results/bands/hpspace/cells.csv --configfile bands.yaml",
    "cat results/bands/hpspace/verdict.txt": "cat results/bands/hpspace/cells.csv",
    "cat results/stripes/hpspace/verdict.txt": "cat results/stripes/hpspace/cells.csv",
}


class Block(NamedTuple):
    page: str
    language: str
    text: str


def blocks(path: Path) -> list[Block]:
    """A page's fenced blocks."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [Block(path.relative_to(PROJECT).as_posix(), *block) for block in found]


BLOCKS = [block for path in PAGES for block in blocks(path)]


def commands(text: str) -> list[str]:
    """The commands of a block, without comments; one that takes lines until END is whole."""
    lines = iter(text.splitlines())
    found = []
    for line in lines:
        command = re.sub(r"\s+# .*$", "", line).strip()
        while command.endswith("\\"):
            command = command[:-1] + next(lines).strip()
        if "<<'END'" in command:
            command = "\n".join([command, *iter(lines.__next__, "END"), "END"])
        found += [command] if command else []
    return found


def prepared(folder: Path) -> Path:
    """A copy of the whole project, with an environment as `make` has it, and the small study for the demo's."""
    copy_project(folder)
    for part in PARTS:
        shutil.copy2(PROJECT / part, folder / part)
    skipped = shutil.ignore_patterns("__pycache__", ".*_cache")
    for part in ("config", "docs", "tests", "examples"):
        shutil.copytree(PROJECT / part, folder / part, ignore=skipped)
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix) / part)
    for mark in ("run", "dev"):
        (folder / ".venv" / mark).touch()
    config = merged(yaml.safe_load((PROJECT / "config.yaml").read_text()), SMALL)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(folder: Path, command: str) -> str:
    """What a command prints, which must succeed; its Snakemakes and their jobs have a warm start."""
    path = os.pathsep.join([f"{folder}/.venv/bin", str(Path(sys.executable).parent), os.environ["PATH"]])
    result = completed(["bash", "-euo", "pipefail", "-c", command], folder, **warm_start(), PATH=path, EDITOR="true")
    assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}"
    return result.stdout
