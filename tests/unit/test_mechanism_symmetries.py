"""Permutations of channels that change no output, and those that bring networks together."""

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from network_samples import ARCHITECTURE, EXACT, lively, logits_of
from prunescape.data.prepared import PreparedData
from prunescape.mechanism.labels import MATCHED
from prunescape.mechanism.symmetries import Symmetries, matched
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.stochastic.variants import Pretrained
from prunescape.training.barriers import barriers, line
from prunescape.training.context import Context

# The channels of each group, in the order of size; residual streams have one a stage, of what the stage adds.
GROUPS = {
    "small_resnet": [16, 16, 16, 32],
    "resnet20": [16, 16, 16, 16, 16, 32, 32, 32, 32, 64, 64, 64],
    "vanilla_cnn": [16, 16, 16, 32, 32, 64, 64],
    "mlp": [512, 512, 512, 512],
}


def random_orders(symmetries: Symmetries, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.permutation(group.channels) for group in symmetries.groups]


def traced(network: torch.nn.Module, images: torch.Tensor) -> Symmetries:
    found = Symmetries.of(network, images)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "name", [*GROUPS, *(pytest.param(name, marks=pytest.mark.full) for name in ("mobilenetv2", "resnet18_cifar"))]
)
def test_permuted_networks_have_the_same_outputs(name: str) -> None:
    side = 8 if name == "small_resnet" else 32
    network, images = lively(Architecture(name, (3, side, side), 10), 1), torch.rand(2, 3, side, side).double()
    symmetries = traced(network.double(), images)
    if name in GROUPS:
        assert sorted(group.channels for group in symmetries.groups) == GROUPS[name]
    other = copy.deepcopy(network)
    other.load_state_dict(symmetries.permuted(network.state_dict(), random_orders(symmetries)))
    expected = logits_of(network, images)
    assert (logits_of(other, images) - expected).abs().max() < 1e-9 * expected.abs().max()
    first = next(iter(network.state_dict()))
    assert not torch.equal(other.state_dict()[first], network.state_dict()[first])


def test_networks_that_are_not_followed_have_none() -> None:
    assert Symmetries.of(build(Architecture("small_vit", (1, 8, 8), 10), 0), torch.rand(2, 1, 8, 8)) is None


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_permuted_network_is_matched_back(pretrained: Pretrained, digits: PreparedData, noise: float) -> None:
    """By weights and by activations, though the permuted one has noise on its weights."""
    network = copy.deepcopy(pretrained.network).double().eval()
    images = torch.rand(60, 1, 8, 8).double()
    symmetries = traced(network, images[:2])
    state = network.state_dict()
    noisy = {
        name: tensor + noise * tensor.std() * torch.randn_like(tensor) if tensor.dim() > 1 else tensor
        for name, tensor in state.items()
    }
    orders = random_orders(symmetries, 3)
    other = copy.deepcopy(network)
    other.load_state_dict(symmetries.permuted(noisy, orders))
    by_weights = symmetries.by_weights(state, other.state_dict(), 0)
    by_activations = symmetries.by_activations(network, other, [(images, images[:, 0, 0, 0])])
    for found in (by_weights, by_activations):
        back = symmetries.permuted(other.state_dict(), found)
        alike = [float((back[name] == noisy[name]).double().mean()) for name in noisy if noisy[name].dim() > 1]
        assert min(alike) == 1.0


def test_lines_to_matched_networks(pretrained: Pretrained, digits: PreparedData) -> None:
    """A copy in another order lies behind a barrier, and behind none once it is matched."""
    context = Context(ARCHITECTURE, digits, replace(EXACT, lanes=1, strategy="serial"), 0)
    network = context.network(pretrained.network.state_dict())
    symmetries = traced(network, torch.rand(2, 1, 8, 8))
    networks = {4: network.state_dict(), 7: symmetries.permuted(network.state_dict(), random_orders(symmetries, 1))}
    found = list(matched(context, networks, lambda _: None))
    assert [one[:3] for one in found] == [(how, 4, 7) for how in MATCHED]

    def heights(ends: tuple) -> pd.Series:
        measured = line(network, ends, digits, context.engine, points=5)
        return barriers(measured).set_index("measure")["barrier"]

    assert heights((networks[4], networks[7]))["error"] > 5
    for *_, ends in found:
        assert heights(ends)["loss"] < 1e-6
