"""Exported networks: the choice, equal outputs, the same bytes, and the card."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch

from network_samples import cut_to
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.export.card import model_card
from prunescape.export.choice import chosen_training, setting_to_use
from prunescape.export.networks import compared, export
from prunescape.hpspace.decision import NOT_ASKED
from prunescape.hpspace.lattice import CELL_SEED, THESIS
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.statistics.looks import KEEP, OPEN, TUNE

PRUNED = cut_to(Architecture("small_resnet", (1, 8, 8), 10), {"blocks.0.conv1": 5})


def cells() -> pd.DataFrame:
    rows = [  # the second cell has the best mean, the first the best training
        {"i": 0, "j": 0, "seed": 0, "top1": 95.0, "learning_rate": 0.1},
        {"i": 0, "j": 0, "seed": 1, "top1": 71.0, "learning_rate": 0.1},
        {"i": 1, "j": 0, "seed": 0, "top1": 88.0, "learning_rate": 0.2},
        {"i": 1, "j": 0, "seed": 1, "top1": 90.0, "learning_rate": 0.2},
    ]
    table = pd.DataFrame(rows).assign(model="m", variant="dense", weight_decay=1e-3, top5=np.nan, epochs=3)
    table = table[["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5", "epochs"]]
    other = table.assign(variant="uniform-0.4", top1=99.0)
    return pd.concat([table, other], ignore_index=True).assign(diverged=False)


def decisions(answer: str = TUNE) -> pd.DataFrame:
    """Of two questions: tuning the pruned network gave the first cell, and tuning the dense one the second."""
    row = {"model": "m", "variant": "uniform-0.4", "answer": answer, "tuned_i": 0, "tuned_j": 0}
    return pd.DataFrame([{**row, "question": "prior", "i": 1, "j": 0}, {**row, "question": "dense", "i": 1, "j": 0}])


def test_the_setting_to_use_and_of_its_seeds_the_best() -> None:
    chosen = chosen_training(cells(), decisions(), "m", "dense")
    assert (chosen["i"], chosen["seed"], chosen["learning_rate"]) == (1, 1, 0.2)
    assert (chosen["mean_top1"], chosen["top1"], chosen["seeds"]) == (89.0, 90.0, 2)
    assert CELL_SEED not in chosen
    for answer, cell in ((TUNE, (0, 0)), (KEEP, (1, 0)), (OPEN, (1, 0)), (NOT_ASKED, (1, 0))):
        assert setting_to_use(cells(), decisions(answer), "m", "uniform-0.4") == cell
    own = chosen_training(cells().assign(cell_seed=range(8)), decisions(), "m", "dense")
    assert own[CELL_SEED] == 3


def test_the_learning_rate_handed_on_is_the_one_that_was_used_with_the_grids_beside_it() -> None:
    table = cells()
    table["grid_learning_rate"] = 100 * table["learning_rate"]
    chosen = chosen_training(table, decisions(), "m", "dense")
    assert (chosen["learning_rate"], chosen["grid_learning_rate"]) == (0.2, 20.0)


def test_without_confirmation_the_dense_network_is_taken_where_it_looks_best() -> None:
    explored = decisions(NOT_ASKED).query("question == 'prior'")
    table = cells()
    table.loc[(table["i"] == 1) & (table["variant"] == "dense"), "top1"] = 60.0
    assert setting_to_use(table, explored, "m", "dense") == (0, 0)


def test_a_diverged_network_is_not_exported() -> None:
    table = cells()
    table.loc[table["seed"] == 1, "diverged"] = True
    assert chosen_training(table, decisions(), "m", "dense")["seed"] == 0
    with pytest.raises(UserError, match="m, dense: all trainings at the setting to use diverged"):
        chosen_training(cells().assign(diverged=True), decisions(), "m", "dense")


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    """A pruned network whose batch norms have seen something."""
    model = build(PRUNED, seed=1)
    with torch.no_grad():
        model(torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    return model


def test_both_formats_give_the_networks_outputs(network, digits: PreparedData, tmp_path: Path) -> None:
    found = export(network, digits, tmp_path / "a.onnx", tmp_path / "a.pt2")
    assert found["images"] == 200
    assert found["torch_export"]["largest_difference"] <= 1e-6
    assert found["onnx"]["largest_difference"] <= 1e-4
    onnx.checker.check_model(str(tmp_path / "a.onnx"), full_check=True)

    # Once more, without any of our code but the network itself; any number of images.
    network.eval()
    pixels = torch.from_numpy(np.array(digits.images("validation")[:7])).float() / 255
    with torch.no_grad():
        expected = network((pixels - torch.tensor(digits.mean)) / torch.tensor(digits.std)).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    assert [entry.shape for entry in session.get_inputs()] == [["batch", 1, 8, 8]]
    (outputs,) = session.run(None, {"images": pixels.numpy()})
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    program = torch.export.load(tmp_path / "a.pt2").module()
    np.testing.assert_allclose(program(pixels[:1]).detach().numpy(), expected[:1], atol=1e-5)
    labels = np.asarray(digits.labels("validation"))
    everything = torch.from_numpy(np.array(digits.images("validation"))).float() / 255
    (outputs,) = session.run(None, {"images": everything.numpy()})
    assert found["onnx"]["top1"] == pytest.approx(100 * (outputs.argmax(1) == labels).mean())


@pytest.mark.full
def test_the_same_network_gives_the_same_bytes_and_no_paths(network, digits: PreparedData, tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(network, digits, tmp_path / f"{name}.onnx", tmp_path / f"{name}.pt2")
    for suffix in (".onnx", ".pt2"):
        content = (tmp_path / f"a{suffix}").read_bytes()
        assert content == (tmp_path / f"b{suffix}").read_bytes()
        assert str(Path(__file__).parents[2]).encode() not in content


@pytest.mark.parametrize("change", ["scale", "class", "nan"])
def test_other_outputs_are_refused(change: str) -> None:
    reference = np.eye(10, dtype=np.float32)[np.arange(200) % 10]
    outputs = reference.copy()
    if change == "scale":
        outputs *= 1.01
    elif change == "nan":
        outputs[0, 0] = np.nan
    else:
        reference[:5, :2] = outputs[:5, :2] = 2.0
        outputs[:5, 1] += 1e-4
    with pytest.raises(UserError, match=r"net\.onnx: its outputs differ"):
        compared(reference, outputs, "net.onnx")


def facts(digits: PreparedData, variant: str) -> dict:
    check = {"top1": 91.5, "largest_difference": 2e-6, "same_class": 1.0}
    return {
        **{"run": "demo", "model": "small_resnet", "variant": variant, "method": "uniform", "risk_roi": 0.5},
        **{"pipeline": "scratch", "target": "flops", "axes": THESIS},
        "recipe": {"optimiser": "sgd", "batch_size": 32, "momentum": 0.9, "label_smoothing": 0, "schedule": "step"},
        "data": digits,
        "cell": {"seed": 4, "seeds": 2, "epochs": 3, "learning_rate": 0.25, "weight_decay": 1e-3}
        | {"mean_top1": 90.25, "top1": 91.5},
        "trained_top1": 91.5,
        "check": {"torch": {"top1": 91.5}, "onnx": check, "torch_export": check, "images": 200},
        "cost": {"flops": 102_016, "params": 7_550, "target_ratio": 0.4, "achieved_ratio": 0.387},
        "channels": [{"layer": "blocks.0.conv1", "channels": 5, "dense_channels": 16}],
        "risk": {"d_mean": 1.234, "d_std": 0.5, "n_cells": 7},
        "advice": "tune again",
    }


def test_the_card_has_the_numbers(digits: PreparedData) -> None:
    card = model_card(facts(digits, "uniform-0.4"))
    for line in (
        "# small_resnet, uniform-0.4",
        "| FLOPs | 102,016 an image (2 x multiply-accumulates of convolutions and matrix products) |",
        "| top-1 accuracy | 91.50 % of the validation images |",
        "| seed | 4 |",
        "| `blocks.0.conv1` | 5 | 16 |",
        "| `model.onnx`, ONNX Runtime | 2.0e-06 | 100.00 % | 91.50 % |",
        "| recipe | SGD, 3 epochs, batches of 32, momentum 0.9, schedule `step` |",
    ):
        assert line in card.splitlines(), card
    for part in ("38.7 %", "1.23 points", "**tune again**", "{{", "}}", "{%"):
        assert (part in card) == ("{" not in part and "}" not in part), part
    dense = model_card({**facts(digits, "dense"), "trained_top1": 91.0, "advice": None})
    assert "may differ" in dense
    assert "verdict" not in dense
    of = facts(digits, "uniform-0.4")
    assert "it needs the full grid" in model_card({**of, "risk": {}})
    assert "it needs the full grid" not in card
    assert "| recipe | AdamW, " in model_card({**of, "recipe": {**of["recipe"], "optimiser": "adamw"}})


def test_names_of_classes_leave_the_cards_table_whole(digits: PreparedData) -> None:
    names = ["a|b", "*c*", "<b>", "d\ne", "f_g, h\x1b"]
    card = model_card({**facts(digits, "dense"), "advice": None, "data": replace(digits, classes=names)})
    assert r"| classes, in this order | a\|b, \*c\*, \<b>, d e, f_g, h\\x1b |" in card.splitlines()
