"""Imported networks as arrays of one lane, and their training."""

import copy

import pytest
import torch
from torch import nn

from own_samples import of_torchvision, own
from prunescape.config.engine import Engine as Section
from prunescape.errors import Interrupted, UserError
from prunescape.lanes.fuse import Alone, check_lanes, fuse, lane_states
from prunescape.models.build import build
from prunescape.models.weights import load_weights, save_weights
from prunescape.training import stop
from prunescape.training.calibrate import calibrate
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Task, train


@pytest.mark.parametrize("training", [True, False])
def test_an_array_of_one_is_the_network_itself(nets: str, training: bool) -> None:
    """Outputs, gradients and running statistics, of a network with layers that lanes do not know."""
    network = build(of_torchvision("convnext_tiny", 32, {}), 0) if not training else build(own(f"{nets}:net"), 0)
    shape = (1, 8, 8) if training else (3, 32, 32)
    array = fuse([network])
    assert isinstance(array, Alone)
    images = torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
    outputs = []
    for each in (network, array):
        each.train(training)
        torch.manual_seed(5)
        logits = each(images)
        logits.square().sum().backward()
        outputs.append(logits)
    assert torch.equal(*outputs)
    plain, stacked = dict(network.named_parameters()), dict(array.named_parameters())
    assert list(plain) == list(stacked)
    for name, parameter in plain.items():
        assert torch.equal(parameter.grad, stacked[name].grad[0])
    (state,) = lane_states(array, 1)
    assert {name: tensor.shape for name, tensor in state.items()} == {
        name: tensor.shape for name, tensor in network.state_dict().items()
    }


def test_networks_that_look_for_the_version_of_their_layers_go_on_from_weights(tmp_path) -> None:
    """MNASNet refuses a state dict without metadata, as files have them."""
    architecture = of_torchvision("mnasnet0_5", 32, {})
    network = build(architecture, 0)
    save_weights(tmp_path / "weights.safetensors", network.state_dict())
    again = load_weights(tmp_path / "weights.safetensors", build(architecture, 1))
    assert torch.equal(again.classifier[1].weight, network.classifier[1].weight)


def test_running_statistics_of_an_array_of_one_are_its_own() -> None:
    network = build(of_torchvision("mobilenet_v3_small", 32, {}), 0)
    array, before = fuse([network]), copy.deepcopy(network.state_dict())
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    array.train()(images)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    torch.manual_seed(1)
    network.train()(images)
    name = "features.0.1.running_mean"
    assert torch.equal(lane_states(array, 1)[0][name], network.state_dict()[name])


def test_lanes_are_refused_where_a_network_allows_none(nets: str) -> None:
    images = torch.rand(2, 1, 8, 8)
    with pytest.raises(UserError, match=r"PReLU has no version for lanes; set engine.strategy to 'vmap'"):
        check_lanes([build(own(f"{nets}:net"), seed) for seed in (0, 1)], images)
    dropping = nn.Sequential(nn.Conv2d(1, 4, 8), nn.Dropout(0.5), nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(UserError, match="drops at random"):
        check_lanes([dropping, copy.deepcopy(dropping)], images)
    resnets = [build(of_torchvision("resnet18", 32, {}), seed) for seed in (0, 1)]
    check_lanes(resnets, torch.rand(4, 3, 32, 32))


def test_own_networks_train_the_same_each_time_and_after_a_stop(nets: str, digits, tmp_path, monkeypatch) -> None:
    """With dropout, whose random numbers are the step's own."""
    recipe = Recipe(epochs=2, batch_size=25, momentum=0.9)
    task = Task(own(f"{nets}:net"), digits, Engine(), 3, recipe)
    lanes = [Lane(0.05, 1e-3), Lane(0.1, 1e-3)]
    first, (second,) = train(task, lanes), train(task, lanes[1:])
    assert first[1].history == second.history
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in first[1].weights.items())
    assert second.history[-1].train_loss < second.history[0].train_loss

    checkpoint = Checkpoint.of(tmp_path / "state", {}, task.identity(), {})
    asked = iter([None, None, None, None, None, "SIGTERM"])  # in the second epoch
    monkeypatch.setattr(stop, "asked", lambda: next(asked, None))
    with pytest.raises(Interrupted):
        train(task, lanes[1:], checkpoint=checkpoint)
    (resumed,) = train(task, lanes[1:], checkpoint=checkpoint)
    assert resumed.history == second.history
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in resumed.weights.items())


def test_calibration_takes_what_a_network_allows(nets: str, digits) -> None:
    engine = Section(device="cpu")
    lines: list[str] = []
    chosen = calibrate(own(f"{nets}:net"), digits, Recipe(1, 25, 0.9), engine, 3, report=lines.append)
    assert {entry["name"] for entry in chosen["measured"]} == {"serial", "vmap"}
    chosen = calibrate(own(f"{nets}:decides"), digits, Recipe(1, 25, 0.9), engine, 3, report=lines.append)
    assert chosen["strategy"] == "serial"
    assert any("only one network at a time: vmap does not run" in line for line in lines)
