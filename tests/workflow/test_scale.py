"""Ten thousand cells without a cluster: Snakemake's own time and memory stay small, and so does what is redone.

Processor time is compared, which neighbours on a shared machine change little. `tests/bench/scale.py` measures the
whole curve; docs/scale.md shows it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.scale import config, finish, project, rules, snakemake

pytestmark = pytest.mark.workflow

MODELS, SIDE, TILE = 5, 21, 3  # 11,025 cells: five models, five variants each
MOST_SECONDS, MOST_MB = 30, 1000


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> tuple[Path, str]:
    """A finished study of generated results, and the plan that Snakemake had for it."""
    folder = project(tmp_path_factory.mktemp("scale") / "project", config(MODELS, SIDE, TILE))
    plan = snakemake(folder, "-n")
    assert plan.cpu_seconds < MOST_SECONDS
    assert plan.peak_mb < MOST_MB
    finish(folder, plan.output)
    return folder, plan.output


@pytest.mark.full
def test_a_new_study_is_planned_quickly_and_in_little_memory(grown) -> None:
    tiles = 5 * 5 * (SIDE // TILE) ** 2
    assert rules(grown[1])["train_tile"] == tiles  # the limits are in the fixture


@pytest.mark.full
def test_a_finished_study_is_seen_to_be_finished_quickly(grown) -> None:
    folder, _ = grown
    used = snakemake(folder)
    assert "Nothing to be done" in used.output
    assert "missing provenance" not in used.output  # the generated tree is as a real run leaves it
    assert used.cpu_seconds < MOST_SECONDS
    assert used.peak_mb < MOST_MB


@pytest.mark.full
def test_a_change_to_the_figures_plans_figures_alone(grown) -> None:
    folder, _ = grown
    changed = config(MODELS, SIDE, TILE) | {"figures": {"formats": ["png"], "dpi": 99}}
    (folder / "figures.yaml").write_text(yaml.safe_dump(changed))
    planned = rules(snakemake(folder, "-n", "--configfile", "figures.yaml").output)
    assert len(planned) == 12
    # and the page that shows them
    assert [rule for rule in planned if not rule.startswith("figure_")] == ["explore_hpspace"]


@pytest.mark.full
def test_one_changed_setting_of_training_plans_every_tile(grown) -> None:
    """The generated records are compared like real ones: this tree can be stale."""
    folder, _ = grown
    changed = config(MODELS, SIDE, TILE) | {"recipe": {"epochs": 7}}
    (folder / "epochs.yaml").write_text(yaml.safe_dump(changed))
    assert rules(snakemake(folder, "-n", "--configfile", "epochs.yaml").output)["train_tile"] == 5 * 5 * 49


@pytest.mark.full
@pytest.mark.parametrize("name", ["plan", "status"])
def test_overviews_of_many_cells_are_quick(grown, name: str) -> None:
    folder, _ = grown
    used = snakemake(folder, name)
    assert re.search(r"11,[01]\d\d\b", used.output)  # the cells, dense networks to be pruned, and finalists
    assert used.cpu_seconds < 10


def test_the_thesis_study_is_planned_in_five_seconds(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", config(1, 3, 3))
    used = snakemake(folder, "-n", "--configfile", "workflow/studies/thesis_cifar10.yaml")
    assert rules(used.output)["train_tile"] == 90
    assert used.cpu_seconds < 5


def test_parsing_the_workflow_imports_nothing_heavy(tmp_path: Path) -> None:
    """As every job on a cluster parses it: what the interpreter itself says that it imported."""
    folder = project(tmp_path / "project", config(1, 3, 3))
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "snakemake", "-n", "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    imported = {
        line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if line.startswith("import time:")
    }
    assert "prunescape.config.reading" in imported
    assert not imported & {"torch", "torchvision", "scipy", "sklearn", "matplotlib", "prunescape.overview.study"}
