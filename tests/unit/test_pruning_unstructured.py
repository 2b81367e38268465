"""Masks and scores of single weights, each against its definition written out."""

import copy
import math
from decimal import Decimal

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from network_samples import cut_to
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.scores import WEIGHT_SCORES, GraspSettings, grasp, lamp, magnitude, random_scores, score
from prunescape.pruning.unstructured import apply_masks, highest, kept_count, masks, prunable, prune_further

SMALL = cut_to(Architecture("small_resnet", (1, 8, 8), 10), {"blocks.0.conv1": 5, "blocks.1.conv1": 9})
Layers = list[list[int]]
layers = st.lists(st.lists(st.integers(-4, 4), min_size=1, max_size=12), min_size=1, max_size=4)


def weights_of(numbers: Layers) -> dict[str, torch.Tensor]:
    """Small whole numbers, so that there are ties and zeros."""
    return {f"layer{k}": torch.tensor(layer, dtype=torch.float32) for k, layer in enumerate(numbers)}


@given(layers, st.decimals(0, 1, places=3))
def test_exactly_the_highest_scores_remain_and_ties_go_to_the_first(numbers: Layers, gamma: Decimal) -> None:
    scores = weights_of(numbers)
    kept = masks(scores, float(gamma))
    flat = [number for layer in numbers for number in layer]
    count = math.floor((1 - gamma) * len(flat))
    best = sorted(range(len(flat)), key=lambda place: (-flat[place], place))[:count]
    found = torch.cat([kept[name] for name in scores])
    assert found.dtype == torch.bool
    assert [kept[name].shape for name in scores] == [tensor.shape for tensor in scores.values()]
    assert sorted(best) == found.nonzero().flatten().tolist()


@given(layers, st.lists(st.decimals(0, 1, places=2), min_size=1, max_size=3))
def test_pruning_further_removes_the_lowest_of_what_is_left(numbers: Layers, gammas: list[Decimal]) -> None:
    scores = weights_of(numbers)
    kept = {name: torch.ones_like(layer, dtype=torch.bool) for name, layer in scores.items()}
    flat = [number for layer in numbers for number in layer]
    left = list(range(len(flat)))
    for gamma in gammas:
        kept = prune_further(scores, kept, float(gamma))
        count = math.floor((1 - gamma) * len(left))
        left = sorted(sorted(left, key=lambda place: (-flat[place], place))[:count])
        assert torch.cat(list(kept.values())).nonzero().flatten().tolist() == left
    once = masks(scores, float(gammas[0]))
    first = prune_further(scores, {name: torch.ones_like(mask) for name, mask in once.items()}, float(gammas[0]))
    assert all(torch.equal(first[name], mask) for name, mask in once.items())


def test_layers_of_one_kind_alone_are_prunable() -> None:
    network = build(SMALL, 0)
    assert set(prunable(network)) - set(prunable(network, (torch.nn.Conv2d,))) == {"fc.weight"}


@given(st.integers(0, 10**9), st.decimals(0, 1, places=6))
def test_counts_are_exact_in_decimals(weights: int, gamma: Decimal) -> None:
    assert kept_count(weights, float(gamma)) == math.floor((1 - gamma) * weights)


def test_counts_where_floating_point_would_err() -> None:
    assert math.floor((1 - 0.9) * 1000) == 99  # what is avoided
    assert kept_count(1000, 0.9) == 100
    assert (kept_count(7, 0.0), kept_count(7, 1.0)) == (7, 0)
    with pytest.raises(ValueError, match="0 to 1"):
        kept_count(10, 1.2)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        highest(torch.tensor([1.0, float("nan")]), 1)
    with pytest.raises(UserError, match="unknown scope 'globl'; did you mean 'global'"):
        masks({"layer": torch.ones(3)}, 0.5, "globl")
    with pytest.raises(UserError, match="did you mean 'lamp'"):
        score("lampp", build(SMALL, 0))


def test_prunable_are_the_weights_of_convolutions_and_linear_layers() -> None:
    network = build(SMALL, 0)
    names = ["conv1.weight", *(f"blocks.{k}.conv{n}.weight" for k in (0, 1) for n in (1, 2)), "fc.weight"]
    assert list(prunable(network)) == names
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    kept = masks(magnitude(prunable(network)), 0.9)
    apply_masks(network, kept)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name] * kept[name] if name in kept else before[name])


@given(layers)
def test_lamp_is_its_definition(numbers: Layers) -> None:
    weights = weights_of(numbers)
    scores = lamp(weights)
    for name, layer in zip(weights, numbers, strict=True):
        for place, w in enumerate(layer):
            rest = sum(v * v for v in layer if abs(v) >= abs(w))
            assert scores[name][place].item() == pytest.approx(w * w / rest if w else 0.0, rel=1e-12)


def test_lamp_on_a_network_by_brute_force() -> None:
    weights = prunable(build(SMALL, 3))
    for name, scores in lamp(weights).items():
        w = weights[name].flatten().double()
        rest = ((w.abs()[None] >= w.abs()[:, None]) * w.square()[None]).sum(1)
        torch.testing.assert_close(scores.flatten(), w.square() / rest, rtol=1e-12, atol=0)
        assert scores.max() == 1.0
        assert torch.equal(scores.flatten().argsort(), w.abs().argsort())


class Tiny(torch.nn.Module):
    """A convolution, batch norm with statistics of its own, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.norm = torch.nn.BatchNorm2d(2)
        self.fc = torch.nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.tanh(self.norm(self.conv(x))).flatten(1))


def test_grasp_is_the_product_with_an_explicit_hessian() -> None:
    torch.manual_seed(0)
    network = Tiny().double()
    network(torch.rand(30, 1, 4, 4, dtype=torch.float64))  # statistics
    images, labels = torch.rand(7, 1, 4, 4, dtype=torch.float64), torch.randint(0, 3, (7,))
    names, shapes = zip(*[(name, weight.shape) for name, weight in prunable(network).items()], strict=True)
    sizes = [shape.numel() for shape in shapes]
    vector = torch.cat([weight.flatten() for weight in prunable(network).values()])
    network.eval()

    def loss(flat: torch.Tensor) -> torch.Tensor:
        parts = {name: p.view(s) for name, p, s in zip(names, flat.split(sizes), shapes, strict=True)}
        return F.cross_entropy(torch.func.functional_call(network, parts, (images,)), labels)

    hessian, gradient = torch.func.hessian(loss)(vector), torch.func.grad(loss)(vector)
    expected = vector * (hessian @ gradient)
    network.train()
    found = grasp(network, [(images[:3], labels[:3]), (images[3:], labels[3:])])
    torch.testing.assert_close(torch.cat([part.flatten() for part in found.values()]), expected, rtol=1e-9, atol=1e-14)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())

    network.eval()

    # The sign: removing little of the weight with the lowest score raises the gradient's norm most, to first order.
    def flow(flat: torch.Tensor) -> torch.Tensor:
        return torch.func.grad(loss)(flat).square().sum()

    step = 1e-6
    changes = torch.stack(
        [flow(vector - step * vector * one) - flow(vector) for one in torch.eye(len(vector), dtype=torch.float64)]
    )
    assert changes.argmax() == expected.argmin()
    torch.testing.assert_close(changes / step, -2 * expected, rtol=1e-3, atol=1e-6)


def test_grasp_as_wang_et_al_take_the_loss() -> None:
    """Logits over 200, statistics of the batch, and the inner layers alone: by autograd on the whole batch."""
    torch.manual_seed(0)
    network = build(SMALL, 0).double()
    network(torch.rand(30, 1, 8, 8, dtype=torch.float64))
    images, labels = torch.rand(7, 1, 8, 8, dtype=torch.float64), torch.randint(0, 10, (7,))
    inner = [*prunable(network)][1:-1]
    found = grasp(network.eval(), [(images, labels)], GraspSettings(200.0, "batch"), "first_last")
    assert [*found] == inner
    plain = grasp(network, [(images, labels)])
    trained = copy.deepcopy(network).train()
    weights = {name: trained.get_parameter(name) for name in inner}
    loss = F.cross_entropy(trained(images) / 200.0, labels)
    gradient = torch.autograd.grad(loss, [*weights.values()], create_graph=True)
    along = sum((one * one.detach()).sum() for one in gradient)
    product = torch.autograd.grad(along, [*weights.values()])
    for name, part in zip(inner, product, strict=True):
        torch.testing.assert_close(found[name], weights[name].detach() * part, rtol=1e-9, atol=1e-16)
        assert not torch.allclose(found[name], plain[name] / 200.0**2)


def test_the_first_and_the_last_layer_may_be_left_out() -> None:
    network = build(SMALL, 0)
    every = [*prunable(network)]
    assert (every[0], every[-1]) == ("conv1.weight", "fc.weight")
    assert [*prunable(network, exclude="first_last")] == every[1:-1]
    assert [*score("magnitude", network, exclude="first_last")] == every[1:-1]
    two = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    with pytest.raises(UserError, match="of 2 layers none is left to prune; write exclude: none"):
        prunable(two, exclude="first_last")


def test_random_scores_depend_on_the_seed_alone() -> None:
    weights = prunable(build(SMALL, 0))
    one, again, other = (random_scores(weights, seed) for seed in (1, 1, 2))
    some = random_scores({"fc.weight": weights["fc.weight"]}, 1)
    assert all(torch.equal(one[name], again[name]) for name in weights)
    assert torch.equal(one["fc.weight"], some["fc.weight"])
    assert not torch.equal(one["fc.weight"], other["fc.weight"])
    flat = torch.cat([scores.flatten() for scores in one.values()])
    assert flat.mean().item() == pytest.approx(0.5, abs=0.02)
    assert len(flat.unique()) == len(flat)


@pytest.mark.parametrize("method", WEIGHT_SCORES)
def test_every_method_gives_a_score_to_each_prunable_weight(method: str) -> None:
    network = build(SMALL, 0)
    batch = (torch.rand(4, 1, 8, 8), torch.tensor([0, 1, 2, 3]))
    scores = score(method, network, batches=[batch], seed=0)
    assert {name: tensor.shape for name, tensor in scores.items()} == {
        name: tensor.shape for name, tensor in prunable(network).items()
    }
    if method in ("grasp", "random"):
        with pytest.raises(ValueError, match="need"):
            score(method, network)
