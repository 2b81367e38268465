"""Channels pruned inside the dense weight space: masked and cut networks compute and learn the same."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from network_samples import logits_of
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.pruning.channels import channel_masks, fewer_channels, scale_scores
from prunescape.pruning.graph import Graph, Group
from prunescape.pruning.unstructured import apply_masks, kept_count

NETWORKS = [
    ("small_resnet", (1, 8, 8)),
    ("resnet20", (3, 16, 16)),
    ("vanilla_cnn", (1, 8, 8)),
    ("mobilenetv2", (3, 16, 16)),
    pytest.param("resnet50_cifar", (3, 16, 16), marks=pytest.mark.full),
    ("vgg19_cifar", (3, 16, 16)),
]


def random_kept(groups: list[Group], seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    kept = {}
    for group in groups:
        marks = torch.rand(group.channels, generator=generator) < 0.6
        marks[0] |= not marks.any()
        kept[group.root] = marks
    return kept


def trained(name: str, shape: tuple[int, int, int]) -> tuple[Architecture, torch.nn.Module]:
    """A network with statistics, scales and biases of its own."""
    architecture = Architecture(name, shape, 10)
    network = build(architecture, 0)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.3 * torch.randn(parameter.shape, generator=generator)
    with torch.no_grad():
        network(torch.rand(8, *shape, generator=generator))
    return architecture, network.eval()


def images(shape: tuple[int, int, int], count: int = 6) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def without(network: torch.nn.Module, architecture: Architecture, kept: dict[str, torch.Tensor]) -> torch.nn.Module:
    """A copy of the network cut to the channels that are kept, built from its architecture."""
    copied = copy.deepcopy(network)
    smaller = Graph(copied, architecture).cut(
        {name: (~mark).nonzero().flatten().tolist() for name, mark in kept.items()}
    )
    small = build(smaller)
    small.load_state_dict(copied.state_dict())
    return small


@pytest.mark.parametrize(("name", "shape"), NETWORKS)
def test_masked_and_cut_networks_have_the_same_outputs(name: str, shape: tuple[int, int, int]) -> None:
    architecture, network = trained(name, shape)
    groups = Graph(network, architecture).groups
    kept = random_kept(groups, 0)
    small = without(network, architecture, kept)
    masks = channel_masks(network, groups, kept)
    lost = sum(int((~mask).sum()) for mask in masks.values())
    assert count_parameters(small) == count_parameters(network) - lost
    apply_masks(network, masks)
    expected = logits_of(small, images(shape))
    torch.testing.assert_close(logits_of(network, images(shape)), expected, rtol=1e-11, atol=1e-11)


def test_a_masked_network_learns_what_the_small_one_learns() -> None:
    architecture, network = trained("small_resnet", (1, 8, 8))
    groups = Graph(network, architecture).groups
    kept = random_kept(groups, 1)
    small = without(network, architecture, kept).double()
    masks = channel_masks(network, groups, kept)
    network = apply_masks(network, masks).double()
    optimisers = [torch.optim.SGD(one.parameters(), 0.1, 0.9, weight_decay=0.01) for one in (network, small)]
    labels = torch.arange(30) % 10
    for _ in range(10):
        for one, optimiser in zip((network, small), optimisers, strict=True):
            optimiser.zero_grad()
            F.cross_entropy(one.train()(images((1, 8, 8), 30)), labels).backward()
            optimiser.step()
        apply_masks(network, masks)
    learnt = without(network.float(), architecture, kept)
    for key, tensor in small.state_dict().items():
        torch.testing.assert_close(
            learnt.state_dict()[key], tensor.to(learnt.state_dict()[key].dtype), rtol=1e-6, atol=1e-7
        )


@given(seed=st.integers(0, 10_000), gamma=st.floats(0, 1), again=st.floats(0, 1))
def test_channels_are_removed_to_an_exact_number(seed: int, gamma: float, again: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = {name: torch.rand(width, generator=generator) for name, width in (("a", 7), ("b", 12), ("c", 3))}
    kept = {name: torch.ones_like(layer, dtype=torch.bool) for name, layer in scores.items()}
    first = fewer_channels(scores, kept, gamma)
    total = sum(int(marks.sum()) for marks in first.values())
    assert total == max(3, kept_count(22, gamma))
    second = fewer_channels(scores, first, again)
    assert sum(int(marks.sum()) for marks in second.values()) == max(3, kept_count(total, again))
    for name, marks in second.items():
        assert marks.any()
        assert not (marks & ~first[name]).any()


def test_the_smallest_scales_go_first() -> None:
    architecture, network = trained("resnet20", (3, 16, 16))
    groups = Graph(network, architecture).groups
    scores = scale_scores(network, groups)
    kept = fewer_channels(scores, {name: torch.ones_like(s, dtype=torch.bool) for name, s in scores.items()}, 0.2)
    flat = torch.cat(list(scores.values())).abs()
    marks = torch.cat(list(kept.values()))
    assert marks.sum() == kept_count(len(flat), 0.2)
    assert flat[marks].min() >= flat[~marks].max()
    assert torch.equal(scores["blocks.0.conv1"], network.get_parameter("blocks.0.bn1.weight").abs())
    # Of several, it is the last batch norm before channels are read.
    architecture, network = trained("mobilenetv2", (3, 16, 16))
    scores = scale_scores(network, Graph(network, architecture).groups)
    assert torch.equal(scores["features.2.conv.0.0"], network.get_parameter("features.2.conv.1.1.weight").abs())


def test_networks_without_batch_norm_are_refused() -> None:
    plain = Architecture("vanilla_cnn", (1, 8, 8), 10)
    network = build(plain, 0)
    with pytest.raises(UserError, match=r"batch norm.s scales, and features\.2 has none"):
        scale_scores(network, Graph(network, plain).groups)
