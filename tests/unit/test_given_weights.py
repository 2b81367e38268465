"""Weights that a user brings along: read whatever saved them, refused in one line where they are of another network."""

import argparse
import copy
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file, save_model
from torch import nn

from config_samples import DATA, MODELS, changed
from field_samples import field
from network_samples import ARCHITECTURE, alone
from prunescape.config.reading import ConfigError, validated
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.io.tensors import load_tensors, save_tensors
from prunescape.models.build import build
from prunescape.models.given_weights import given_weights
from prunescape.plan.plan import Plan
from prunescape.pruning.settings import PruningSettings
from prunescape.stochastic.variants import Pretrained
from prunescape.training.engine import Engine
from prunescape.training.given import taken
from prunescape.training.preflight import preflight, words_of_check
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Task


class Holding(nn.Module):
    """A wrapper, as trainers have them."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def saved(content: object, path: Path) -> Path:
    """A file of torch's."""
    torch.save(content, path)
    return path


def test_a_state_dict_is_found_wherever_it_lies(tmp_path: Path) -> None:
    model = build(ARCHITECTURE, 5)
    state, other = model.state_dict(), build(ARCHITECTURE, 6)
    save_file(state, tmp_path / "a.safetensors")
    without = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    files = [
        tmp_path / "a.safetensors",
        saved(state, tmp_path / "b.pt"),
        saved(without, tmp_path / "c.pt"),
        saved({"epoch": 3, "model_state_dict": state, "optimizer": {"lr": 0.1}}, tmp_path / "d.ckpt"),
        saved(nn.DataParallel(model).state_dict(), tmp_path / "e.pth"),
        saved({"state_dict": Holding(net=model, loss=nn.Linear(2, 2)).state_dict()}, tmp_path / "f.ckpt"),
        saved({name: tensor.double() for name, tensor in state.items()}, tmp_path / "g.pt"),
    ]
    for file in files:
        found = given_weights(file, other, 10)
        assert found.keys() == state.keys()
        for name, tensor in found.items():
            assert torch.equal(tensor, state[name]), (file.name, name)
            assert tensor.dtype == state[name].dtype
    with pytest.raises(UserError, match=r"has several networks \(ema\., net\.\); save the state dict of one alone"):
        given_weights(saved(Holding(net=model, ema=other).state_dict(), tmp_path / "h.pt"), model, 10)


def test_tied_weights_come_back_under_all_their_names(tmp_path: Path) -> None:
    model = build(field("Tied"), 5)
    save_model(model, str(tmp_path / "tied.safetensors"))
    found = given_weights(tmp_path / "tied.safetensors", model, 10)
    assert torch.equal(found["b.0.weight"], model.e[0].weight)
    save_tensors(tmp_path / "ours.safetensors", model.state_dict())
    assert torch.equal(load_tensors(tmp_path / "ours.safetensors")[0]["b.0.weight"], model.e[0].weight)


class Evil:
    """What runs code once it is unpickled as usual."""

    def __reduce__(self) -> tuple:
        return print, ("called",)


def test_others_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = build(ARCHITECTURE, 0)
    state = model.state_dict()
    head = {name: torch.zeros(7, *tensor.shape[1:]) for name, tensor in state.items() if name.startswith("fc.")}
    assert len(head) == 2
    first = next(iter(state))
    wide = torch.zeros(5, *state[first].shape[1:])
    (tmp_path / "text.pt").write_text("no weights")
    (tmp_path / "text.safetensors").write_text("no weights")
    (tmp_path / "config.pt").write_text("run: own\ndata: {name: digits}\n")
    (tmp_path / "code.pt").write_bytes(pickle.dumps(Evil()))
    cases = {
        r"no such file; it is looked for from": tmp_path / "missing.pt",
        r"text.pt: no state dict of tensors \(": tmp_path / "text.pt",
        r"config.pt: no state dict of tensors \(": tmp_path / "config.pt",
        r"text.safetensors: no state dict of tensors \(": tmp_path / "text.safetensors",
        r"code.pt: no state dict of tensors": tmp_path / "code.pt",
        r"list.pt: no state dict of tensors; save": saved([1, 2], tmp_path / "list.pt"),
        r"its head does not fit: fc\.\w+ is for 7 classes, and the data have 10": saved(
            {**state, **head}, tmp_path / "head.pt"
        ),
        rf"{first} is \(5, .*, and the network's is": saved({**state, first: wide}, tmp_path / "wide.pt"),
        r"has more, which the network has not": saved({**state, "more": torch.zeros(1)}, tmp_path / "more.pt"),
        rf"has no {first}, which the network has": saved(dict([*state.items()][1:]), tmp_path / "less.pt"),
        rf"{first} has numbers that are not finite": saved(
            {**state, first: state[first] * math.nan}, tmp_path / "n.pt"
        ),
    }
    for words, file in cases.items():
        with pytest.raises(UserError, match=words) as caught:
            given_weights(file, model, 10)
        assert "\n" not in str(caught.value)
    assert "called" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "a pointer of git-lfs; git lfs pull",
        ),
        (b"run: own\n", "it is text"),
        (b"\x80\x02PK\0\xff\xfe", "Error"),
    ],
)
def test_what_is_no_file_of_tensors_is_told(content: bytes, words: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"mine.{suffix}"
    file.write_bytes(content)
    with pytest.raises(UserError, match=rf"no state dict of tensors \(.*{words}.*\); save model"):
        given_weights(file, build(ARCHITECTURE, 0), 10)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("named", "content"),
    [
        ("whole", lambda network: network),
        ("argparse.Namespace", lambda network: {"model": network.state_dict(), "args": argparse.Namespace(lr=0.1)}),
        ("numpy", lambda network: {"model": network.state_dict(), "best": np.float64(97.5)}),
    ],
)
def test_objects_beside_tensors_are_named_with_the_way_out(
    named: str, content: Callable, zipped: bool, tmp_path: Path
) -> None:
    file = tmp_path / "saved.pt"
    torch.save(content(build(ARCHITECTURE, 0)), file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=r"it holds an object, [\w.]+, and .*torch.save its state_dict\(\)") as caught:
        given_weights(file, build(ARCHITECTURE, 0), 10)
    assert named == "whole" or f"an object, {named}" in str(caught.value)
    assert not re.search(r"\\x1b|weights_only` argument|\n", str(caught.value))


def test_they_are_taken_in_the_place_of_a_training(
    digits: PreparedData, pretrained: Pretrained, tmp_path: Path
) -> None:
    """With the accuracy that the plain network has; and the check prunes these very weights and tells it."""
    network = copy.deepcopy(pretrained.network)
    file = saved(network.state_dict(), tmp_path / "mine.pt")
    task = Task(ARCHITECTURE, digits, Engine(), 0, Recipe(2, 25, 0.9))
    result = taken(task, Lane(0.1, 1e-3), file)
    accuracy, _ = alone(network, digits, "validation")
    assert result.history[0].epoch == 0
    assert result.last("top1") == pytest.approx(accuracy)
    assert all(torch.equal(tensor, result.weights[name]) for name, tensor in network.state_dict().items())

    variants = {"uniform": {"method": "uniform", "ratio": 0.5, "criterion": "norm"}}

    def checked(path: Path) -> dict:
        settings = PruningSettings(tolerance_points=5)
        return preflight(ARCHITECTURE, variants, settings, "auto", lambda line: None, task, str(path))

    found = checked(file)
    assert found["weights"] == {"file": str(file), "top1": pytest.approx(accuracy), "images": 200, "chance": 10.0}
    assert f"mine.pt fits, head included, and gives {accuracy:.2f} % on 200 validation images" in words_of_check(
        "m", found
    )
    assert "CHANCE" not in words_of_check("m", found)
    state = network.state_dict()
    name = next(name for name in state if name.endswith("running_var"))
    with pytest.raises(UserError, match="the network gives numbers that are not finite for the validation images"):
        checked(saved({**state, name: -state[name]}, tmp_path / "negative.pt"))
    untrained = saved(build(ARCHITECTURE, 1).state_dict(), tmp_path / "untrained.pt")
    assert "THAT IS NEAR CHANCE (10.00 %): were its classes in this order" in words_of_check("m", checked(untrained))


def test_the_config_says_what_is_done_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved({}, Path("mine.pt"))

    def plan(**section: object) -> Plan:
        return Plan(changed(("models", yaml.safe_dump({"small_resnet": {**plain, **section}}))))

    plain = {"learning_rate": 0.1, "weight_decay": 1e-3, "ratios": [0.5]}
    job = {"model": "small_resnet"}
    given = plan(weights="mine.pt", pipelines=["fine_tuning"])
    step = given.networks.train_dense
    assert step.settings(job)["weights"] == "mine.pt"
    assert step.settings(job)["external_files"].keys() == {"mine.pt"}
    assert given.networks.check.settings(job)["external_files"] == step.settings(job)["external_files"]
    assert step.passes(job, {"train": 100, "validation": 7}) == 7
    assert [one.model for one in given.networks.check.all_jobs()] == ["small_resnet"]
    assert "weights" not in plan().networks.train_dense.settings(job)
    tile = {**job, "variant": "dense", "seed": "0", "i": "0", "j": "0"}
    assert "external_files" not in given.hpspace.train_tile.settings(tile)
    before = step.settings(job)
    saved({"a": torch.ones(1)}, Path("other.pt"))
    assert plan(weights="other.pt").networks.train_dense.settings(job)["external_files"] != before["external_files"]

    def told(**section: object) -> str:
        with pytest.raises(ConfigError) as caught:
            plan(**section)
        return str(caught.value)

    assert "models.small_resnet.weights: none.pt: no such file" in told(weights="none.pt")
    assert "weight_rewinding goes back to an early epoch" in told(weights="mine.pt", pipelines=["weight_rewinding"])
    assert "prunes untrained networks and has no use for them" in told(weights="mine.pt", pipelines=["prune_at_init"])
    assert validated(changed(("models.small_resnet.weights", "mine.pt")), MODELS, DATA)
