"""A study of transformers with AdamW, warm-up and cosine: the preset for digits, made small, and an imported one.

The imported one is of torch's own attention, with weights from a file, and is fine-tuned.
"""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from conftest import PROJECT, copy_project, merged, snakemake, write_config

from prunescape.io.tensors import load_tensors

pytestmark = [pytest.mark.workflow, pytest.mark.full]

NETWORK = '''
from torch import nn


class Encoder(nn.Module):
    """torch's encoder over patches of 2 x 2 pixels."""

    def __init__(self, num_classes, in_channels, width=32):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 4, 64, 0.0, batch_first=True, norm_first=True)
        self.embed = nn.Conv2d(in_channels, width, 2, 2)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x).flatten(2).transpose(1, 2)).mean(1))
'''
SMALL = {
    "run": "tiny",
    "data": {"train_size": 20, "validation_size": 20},
    "models": {
        "vit_small": {"methods": ["uniform"]},
        "encoder": {
            "import": "own_vit:Encoder",
            "weights": "own_vit.pt",
            "learning_rate": 2e-3,
            "weight_decay": 0.05,
            "pipelines": ["fine_tuning"],
            "methods": ["non_uniform"],
            "ratios": [0.5],
        },
    },
    "recipe": {"epochs": 3, "warmup_epochs": 1, "batch_size": 10, "evaluate_every": 1},
    "retraining": {"fine_tuning_rate": 0.01},
    "grid": {"size": [1, 1], "tile": [1, 1]},
    "engine": {"device": "cpu", "strategy": "serial"},
    "verdict": {"confirm": None},
    "figures": {"formats": ["png"]},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the preset for digits, made small, has run, and a network of one's own beside it."""
    folder = copy_project(tmp_path_factory.mktemp("transformer") / "project")
    preset = yaml.safe_load((PROJECT / "workflow/studies/vit_digits.yaml").read_text())
    write_config(folder, merged(preset, SMALL))
    (folder / "own_vit.py").write_text(NETWORK)
    made: dict = {}
    exec(NETWORK, made)
    torch.manual_seed(0)
    torch.save({"model": made["Encoder"](10, 1).state_dict()}, folder / "own_vit.pt")
    snakemake(folder, *(f"results/tiny/hpspace/{name}" for name in ("verdict.txt", "pruning.csv")))
    return folder


def test_an_imported_one_is_checked_before_it_is_trained(study: Path) -> None:
    checked = json.loads((study / "results/tiny/models/encoder/dense/check.json").read_text())
    assert checked["groups"] == {
        f"encoder.layers.{layer}.{name}": width
        for layer in (0, 1)
        for name, width in (("self_attn", 32), ("linear1", 64))
    }
    assert checked["weights"]["top1"] < 40  # untrained


def test_heads_and_hidden_layers_are_pruned(study: Path) -> None:
    pruning = pd.read_csv(study / "results/tiny/hpspace/pruning.csv").query("variant != 'dense'")
    assert (pruning["achieved_ratio"] <= 0.5).all()
    assert (pruning["achieved_ratio"] >= 0.48).all()
    layers = json.loads((study / "results/tiny/models/vit_small/uniform-0.5/architecture.json").read_text())["layers"]
    assert layers["blocks.0.attention.query"] == {"out_features": 96}
    assert layers["blocks.0.attention.output"] == {"in_features": 96}
    assert 180 < layers["blocks.0.expand"]["out_features"] < 200


def test_heads_that_are_left_are_of_the_given_weights(study: Path) -> None:
    folder = study / "results/tiny/models/encoder/non_uniform_fine_tuning-0.5"
    layers = json.loads((folder / "architecture.json").read_text())["layers"]
    weights, _ = load_tensors(folder / "weights.safetensors")
    given = torch.load(study / "own_vit.pt", weights_only=True)["model"]
    for layer in (0, 1):
        name = f"encoder.layers.{layer}.self_attn"
        heads = layers.get(name, {"num_heads": 4})["num_heads"]
        left, whole = (state[f"{name}.in_proj_weight"].view(3, -1, 8, 32) for state in (weights, given))
        assert left.shape[1] == heads
        assert all(any(torch.equal(left[:, i], whole[:, j]) for j in range(4)) for i in range(heads))
    assert any(name.endswith("self_attn") for name in layers)


def test_learning_rates_climb_and_fall(study: Path) -> None:
    history = pd.read_csv(study / "results/tiny/models/vit_small/dense/history.csv")
    assert history["learning_rate"].tolist() == pytest.approx([0.5e-3, 1e-3, 0.5e-3])
    tile = study / "results/tiny/hpspace/tiles/encoder/non_uniform_fine_tuning-0.5/seed-0/0_0.history.csv"
    assert pd.read_csv(tile)["learning_rate"].tolist() == pytest.approx([2e-5, 2e-5])
    cells = pd.read_csv(study / "results/tiny/hpspace/cells.csv")
    assert len(cells) == 4
    assert not cells["diverged"].any()
    verdict = (study / "results/tiny/hpspace/verdict.txt").read_text()
    assert "vit_small" in verdict
    assert "encoder" in verdict
    assert (
        "non_uniform_fine_tuning-0.5: as fine-tuning does, trained at 0.01 of the learning rates of the grid" in verdict
    )
