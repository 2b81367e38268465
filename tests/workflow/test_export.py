"""Networks, cards and provenance of a tiny run, read without any of our code."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from conftest import planned, snakemake
from rocrate.rocrate import ROCrate
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

pytestmark = [pytest.mark.workflow, pytest.mark.full]
VARIANTS = ["dense", "uniform-0.4", "non_uniform-0.4"]


def test_networks_cards_and_provenance_of_a_run(copied: Path) -> None:
    snakemake(copied, "export", "provenance", "trackers")
    results = copied / "results" / "tiny"
    cells = pd.read_csv(results / "hpspace" / "cells.csv")
    answers = json.loads((results / "hpspace" / "verdict.json").read_text())["models"]["small_resnet"]["networks"]
    pruning = pd.read_csv(results / "hpspace" / "pruning.csv").set_index("variant")
    (data,) = (results / "data").iterdir()
    images = np.load(data / "validation_images.npy").astype(np.float32) / 255
    labels = np.load(data / "validation_labels.npy")
    for variant in VARIANTS:
        folder = results / "export" / "small_resnet" / variant
        own = cells[cells["variant"] == variant]
        used = json.loads((folder / "cell.json").read_text())
        best = own[(own["i"] == used["i"]) & (own["j"] == used["j"]) & (own["seed"] == used["seed"])]
        (outputs,) = onnxruntime.InferenceSession(folder / "model.onnx").run(None, {"images": images})
        accuracy = 100 * (outputs.argmax(1) == labels).mean()
        for name, value in answers[variant]["use"].items() if variant != "dense" else ():
            assert used[name] == pytest.approx(value)
        # Trained once more, the network is the very one of the main job.
        assert accuracy in best["top1"].round(9).tolist() or np.isclose(best["top1"], accuracy).any()
        program = torch.export.load(folder / "model.pt2").module()
        np.testing.assert_allclose(program(torch.from_numpy(images)).detach().numpy(), outputs, atol=1e-3)
        card = (folder / "model_card.md").read_text()
        assert f"| FLOPs | {pruning.loc[variant, 'flops']:,} an image" in card
        assert f"| top-1 accuracy | {accuracy:.2f} %" in card
        assert "in the main job: the same." in card
    check_crate(results)
    check_trackers(results, cells)
    assert planned(copied, "export", "provenance", "trackers") == {}


def check_trackers(results: Path, cells: pd.DataFrame) -> None:
    """Each training once, with the curve of each that explored."""
    again = pd.read_csv(results / "hpspace" / "confirmation.csv")
    fresh = again.drop_duplicates(["variant", "stage", "seed", "i", "j"])
    for name in ("wandb", "mlflow"):
        assert len(pd.read_csv(results / "trackers" / f"{name}.csv")) == len(cells) + len(fresh)
    folder = results / "trackers" / "tensorboard" / "small_resnet" / "dense"
    curve = EventAccumulator(str(folder / "explore_seed-0_0_0")).Reload().Scalars("train_loss")
    assert [of.step for of in curve] == [1, 2, 3]
    assert len(list(folder.iterdir())) == sum(len(table[table["variant"] == "dense"]) for table in (cells, fresh))


def check_crate(results: Path) -> None:
    crate = ROCrate(results)
    made = {entity.id: entity for entity in crate.get("#run")["result"]}
    assert {"hpspace/cells.csv", "hpspace/verdict.json", "datapackage.json"} <= set(made)
    for name, entity in made.items():
        assert entity["sha256"] == hashlib.sha256((results / name).read_bytes()).hexdigest()
    config = json.loads((results / "config.json").read_text())
    assert config["seeds"] == [0, 1]
    assert config["recipe"]["momentum"] == 0.9  # a default
