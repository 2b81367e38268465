"""The thesis' presets, shrunken, on generated files of the real formats; and a user's own class folders."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import PROJECT, TINY, draw_classes, merged, snakemake, write_config

from cifar_files import write_files

pytestmark = [pytest.mark.workflow, pytest.mark.full]


def preset(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """A preset with one cell a landscape and one epoch."""
    config = yaml.safe_load((PROJECT / "workflow" / "studies" / f"{name}.yaml").read_text())
    small = {
        "recipe": {"epochs": 1, "decay_epochs": []},
        "grid": {"size": [1, 1], "tile": [1, 1]},
        "extension": {"rounds": 0},
        "engine": {"device": "cpu", "strategy": "serial"},
        "figures": {"formats": ["png"]},
    }
    return merged(merged(config, small), changes)


def test_cifar10(project: Callable[..., Path], tmp_path: Path) -> None:
    write_files("cifar10", tmp_path / "data" / "cifar-10-batches-py")
    data = {"directory": str(tmp_path / "data"), "verify": False, "train_size": 40, "validation_size": 20}
    folder = project(preset("thesis_cifar10", {"data": data, "recipe": {"batch_size": 20}}))
    snakemake(folder, "table_hpspace_pruning", "table_hpspace_cells")
    pruning = pd.read_csv(folder / "results/thesis_cifar10/hpspace/pruning.csv")
    assert len(pruning) == 10
    ratios = pruning[pruning["variant"] != "dense"]
    assert ((ratios["target_ratio"] - ratios["achieved_ratio"]).between(0, 0.005)).all()
    dense = pruning[pruning["variant"] == "dense"].set_index("model")
    assert dense.loc["resnet56", "flops"] == pytest.approx(2.5e8, rel=0.01)
    cells = pd.read_csv(folder / "results/thesis_cifar10/hpspace/cells.csv")
    assert cells.groupby("model").size().to_dict() == {"resnet56": 5, "mobilenetv2": 5}


def test_imagenet(project: Callable[..., Path], tmp_path: Path) -> None:
    draw_classes(tmp_path / "data" / "train", classes=4, count=4, side=260)
    draw_classes(tmp_path / "data" / "val", classes=4, count=2, side=240)
    changes = {"data": {"directory": str(tmp_path / "data")}, "recipe": {"batch_size": 8}}
    folder = project(preset("thesis_imagenet", changes))
    snakemake(folder, "table_hpspace_pruning", "table_hpspace_cells")
    pruning = pd.read_csv(folder / "results/thesis_imagenet/hpspace/pruning.csv").set_index("variant")
    assert pruning.loc["non_uniform-0.4", "achieved_ratio"] == pytest.approx(0.4, abs=0.005)
    assert pruning.loc["dense", "flops"] == pytest.approx(8.2e9, rel=0.01)


def test_own_class_folders_with_many_classes_have_top5_too(project: Callable[..., Path], tmp_path: Path) -> None:
    folder = project()
    draw_classes(tmp_path / "data", classes=100, count=4, side=20)
    changes = {
        "data": {
            "name": "image_folder",
            "directory": str(tmp_path / "data"),
            "image_size": 16,
            "validation_fraction": 0.5,
            "train_size": None,
            "validation_size": None,
        },
        "models": {"small_resnet": {"methods": ["uniform"]}},
    }
    write_config(folder, merged(TINY, changes))
    landscape = "results/tiny/hpspace/figures/small_resnet/landscape_top5.png"
    snakemake(folder, "table_hpspace_risk", landscape)
    cells = pd.read_csv(folder / "results/tiny/hpspace/cells.csv")
    assert (cells["top5"] >= cells["top1"]).all()
    assert set(pd.read_csv(folder / "results/tiny/hpspace/risk.csv")["metric"]) == {"top1", "top5"}
    assert (folder / landscape).is_file()


FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.debian_data
@pytest.mark.skipif(not FASHION_MNIST.is_dir(), reason="the Debian package dataset-fashion-mnist is not installed")
def test_fashion_mnist(project: Callable[..., Path]) -> None:
    changes = {"data": {"train_size": 200, "validation_size": 100}, "recipe": {"epochs": 2, "batch_size": 50}}
    changes["models"] = {"small_resnet": {"methods": ["uniform"], "ratios": [0.5]}}
    changes["exploration"] = {"trainings": 2, "batch": 2}
    folder = project(preset("fashion_mnist", changes))
    snakemake(folder, "results/fashion_mnist/hpspace/cells.csv")
    cells = pd.read_csv(folder / "results/fashion_mnist/hpspace/cells.csv")
    assert set(cells["variant"]) == {"dense", "uniform-0.5", "uniform_fine_tuning-0.5"}
    shutil.rmtree(folder)
