"""What jobs would ask for with each profile; tests/slurm runs the one for Slurm."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT, TINY, merged, snakemake

from project_copy import completed

pytestmark = pytest.mark.workflow

GPU = {
    "slurm": {"slurm_account": "lab", "slurm_partition": "gpu", "gres": "gpu:1"},
    "lsf": {"lsf_project": "lab", "lsf_queue": "gpu", "lsf_extra": "-gpu num=1"},
}
CPU = {
    "slurm": {"slurm_account": "lab", "slurm_partition": "cpu"},
    "lsf": {"lsf_project": "lab", "lsf_queue": "normal"},
}
TRAINING = ("train_dense", "train_to_rewind", "retrain_step", "train_tile", "train_chosen", "calibrate")
# More threads than some login nodes have cores.
MANY_THREADS = {
    "engine": {"device": "auto", "strategy": "auto", "threads": 96},
    "models": {"small_resnet": {"pipelines": ["scratch", "weight_rewinding", "prune_at_init"]}},
    "retraining": {"steps": 2},
}


def plan(folder: Path, profile: str) -> dict[str, dict[str, str]]:
    """What one job of each rule would ask for."""
    output = snakemake(folder, "hpspace", "export", "-n", "--profile", f"profiles/{profile}")
    found = {}
    for rule, resources in re.findall(r"^rule (\w+):$.*?^    resources: (.*?)$", output, flags=re.M | re.S):
        found[rule] = dict(item.split("=", 1) for item in resources.split(", "))
    return found


@pytest.mark.parametrize("profile", GPU)
def test_training_asks_for_a_gpu_and_nothing_else_does(project: Callable, profile: str) -> None:
    rules = plan(project(merged(TINY, MANY_THREADS)), profile)
    assert {
        *TRAINING,
        "prepare",
        "prune",
        "prune_step",
        "prune_initial",
        "table_hpspace_cells",
        "figure_hpspace_landscape",
    } <= set(rules)
    for rule, asked in rules.items():
        if rule in TRAINING:
            expected = {**GPU[profile], "cpus_per_task": "96", "mem_mb": "8000"}
        else:
            expected = {**CPU[profile], "mem_mb": "2000", "runtime": "15"}
            assert not set(asked) & {"gres", "lsf_extra", "cpus_per_task"}, rule
        assert expected.items() <= asked.items(), (rule, asked)


def test_a_profile_serves_a_folder_that_has_a_config_alone(tmp_path: Path) -> None:
    (tmp_path / "prunescape.yaml").write_text(yaml.safe_dump(TINY))
    command = [sys.executable, "-m", "prunescape.command", "run", "-n", "--profile", "profiles/slurm"]
    result = completed(command, tmp_path, PYTHONPATH=str(PROJECT / "workflow"))
    assert result.returncode == 0, result.stdout[-6000:]
    training = re.search(r"^rule train_tile:$.*?^    resources: (.*?)$", result.stdout, flags=re.M | re.S)
    assert training
    assert "slurm_partition=gpu" in training[1]


@pytest.mark.parametrize("profile", GPU)
def test_a_user_edits_three_marked_lines(project: Callable, profile: str) -> None:
    """The marks are there, and both training rules follow from the same lines."""
    path = project(TINY) / "profiles" / profile / "config.yaml"
    assert re.findall(r"# (\d) ", path.read_text()) == ["1", "2", "2", "3"]
    resources = yaml.safe_load(path.read_text())["set-resources"]
    assert all(resources[rule] == resources["train_dense"] for rule in TRAINING)


@pytest.mark.parametrize("profile", GPU)
def test_pruning_by_latency_on_a_gpu_gets_one_where_its_signs_are_taken_away(profile: str) -> None:
    text = (Path(__file__).parents[2] / "profiles" / profile / "config.yaml").read_text()
    resources = yaml.safe_load(re.sub(r"# (prune\w*: \*training)", r"\1", text))["set-resources"]
    for rule in ("prune", "prune_step", "prune_initial"):
        assert resources[rule] == resources["train_dense"]


def test_no_rule_repeats_itself_inside_a_job() -> None:
    rules = Path(__file__).parents[2] / "workflow" / "rules"
    assert not [path for path in rules.glob("*.smk") if re.search(r"^    retries:", path.read_text(), flags=re.M)]
