"""What a user sees who makes a mistake: one clear line, exit status 1, no traceback, before any job."""

from pathlib import Path

import pytest
from conftest import PROJECT, TINY, copy_project, merged, planned, snakemake, write_config

pytestmark = pytest.mark.workflow


def test_mistakes_in_the_config_are_lines_not_tracebacks(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    write_config(folder, merged(TINY, {"recipe": {"epoch": 3}, "models": {"resnet57": {}}}))
    output = snakemake(folder, status=1)
    assert "did you mean 'epochs'" in output
    assert "did you mean 'resnet56'" in output
    assert "Traceback" not in output
    assert not (folder / "results").exists()


def test_missing_data_is_one_line_before_any_training(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    changes = {"data": {"name": "cifar10", "directory": "nowhere", "download": False}}
    changes["models"] = {"small_resnet": {"learning_rate": 0.1, "weight_decay": 0.0005}}
    write_config(folder, merged(TINY, changes))
    output = snakemake(folder, status=1)
    assert "nowhere" in output
    assert "Traceback" not in output
    assert not list((folder / "results").rglob("*.safetensors"))


def test_damaged_prepared_data_is_named(copied: Path) -> None:
    path = copied / "results/tiny/data/digits/train_images.npy"
    path.write_bytes(path.read_bytes()[:-7])
    output = snakemake(copied, "--forcerun", "train_dense", "--until", "train_dense", status=1)
    assert "train_images.npy" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("preset", sorted(path.stem for path in (PROJECT / "workflow/studies").glob("*.yaml")))
def test_presets_pass_a_dry_run(preset: str, tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    plan = planned(folder, "--configfile", f"workflow/studies/{preset}.yaml")
    tiles = {"thesis_cifar10": 2 * 5 * 9, "thesis_imagenet": 2 * 9, "fashion_mnist": 5 * 2 * 9}
    assert plan["train_tile"] == tiles[preset]
    assert plan["prepare"] == 1
