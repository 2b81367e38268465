"""A network that is hardly pruned keeps its setting: the preset `digits_light`, coarser and with half the epochs."""

import json

import pytest
import yaml
from conftest import PROJECT, merged, snakemake, write_config

pytestmark = [pytest.mark.workflow, pytest.mark.full]


def test_a_lightly_pruned_network_keeps_its_setting(project) -> None:
    preset = yaml.safe_load((PROJECT / "workflow/studies/digits_light.yaml").read_text())
    coarser = {"grid": {"step": 0.4, "size": [3, 3], "tile": [3, 3]}, "figures": {"formats": ["png"]}}
    coarser |= {"recipe": {"epochs": 20, "decay_epochs": [10, 15], "evaluate_every": 20}}
    folder = project(preset)
    write_config(folder, merged(preset, coarser))
    snakemake(folder, "results/digits_light/hpspace/verdict.txt")
    results = folder / "results" / "digits_light" / "hpspace"
    (network,) = json.loads((results / "verdict.json").read_text())["models"]["small_resnet"]["networks"].values()
    assert network["recommendation"] == "keep"
    assert network["use"] == {"learning_rate": 0.1, "weight_decay": 0.005}
    assert "keep your setting for uniform-0.9" in (results / "verdict.txt").read_text()
