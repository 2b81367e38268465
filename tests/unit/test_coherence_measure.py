"""Coherence and diffs against single-sample backward passes, and the estimate from some images against all of them."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.coherence import samples
from prunescape.coherence.measure import affordable, estimate, measure, size_by_chance, unbiased_square
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed, random_order
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

EXACT = Engine(precision="float64")
KNOWN = ["mlp", "small_resnet", "vanilla_cnn"]


def network_of(name: str, data: PreparedData, seed: int = 0) -> nn.Module:
    """A network in float64 whose batch norms, if it has any, have seen images."""
    network = build(Architecture(name, data.input_shape, len(data.classes)), seed).double().train()
    for images, _ in validation_batches(data, EXACT):
        network(images)
    return network


def gradients_one_by_one(network: nn.Module, data: PreparedData) -> torch.Tensor:
    """The gradient of each training image, (N, P), each by a backward pass of its own."""
    network.eval()
    parameters = list(network.parameters())
    found = []
    for images, labels in validation_batches(data, EXACT, "train"):
        for image, label in zip(images.split(1), labels.split(1), strict=True):
            gradient = torch.autograd.grad(F.cross_entropy(network(image), label), parameters)
            found.append(torch.cat([part.flatten() for part in gradient]))
    return torch.stack(found)


@pytest.fixture(scope="module")
def few(digits: PreparedData) -> PreparedData:
    """Some of the digits."""
    return digits.only("train", np.arange(30)).only("validation", np.arange(30))


@pytest.mark.parametrize("name", [*KNOWN, "small_vit"])
def test_as_single_sample_backward_passes_have_it(name: str, few: PreparedData) -> None:
    network = network_of(name, few)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    found = measure(network, few, EXACT, micro_batch=7)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert samples.knows(network) == (name in KNOWN)
    alone = gradients_one_by_one(network, few)
    alpha = alone.mean(0).square().sum() / alone.square().sum(1).mean()
    assert found.coherence == pytest.approx(alpha.item(), rel=1e-6)
    assert (found.standard_error, found.samples) == (0.0, 30)
    sizes = [parameter.numel() for parameter in network.parameters()]
    for (key, parameter), part in zip(network.named_parameters(), alone.split(sizes, 1), strict=True):
        if key.endswith("in_proj_bias"):  # keys' have no effect, so that rounding decides the signs of their gradients
            continue
        expected = part.sign().mean(0).view_as(parameter)
        torch.testing.assert_close(found.diffs[key].double(), expected, rtol=0, atol=1e-6, msg=key)
        sizes = np.array([expected_size(count) for count in range(31)])
        by_chance = sizes[part.ne(0).sum(0).numpy()].mean() / 30
        assert found.chance[key] == pytest.approx(by_chance, rel=1e-9), key


def expected_size(signs: int) -> float:
    """E |sum of so many fair signs|, over all sums."""
    return sum(math.comb(signs, ups) * abs(2 * ups - signs) for ups in range(signs + 1)) / 2**signs


@pytest.mark.parametrize("images", [1, 2, 7, 8])
def test_the_size_of_diffs_by_chance_is_that_of_random_signs(images: int) -> None:
    for moved in range(images + 1):
        assert size_by_chance(torch.tensor([[moved]]), images) == pytest.approx(expected_size(moved) / images)
    some = torch.arange(images + 1)
    assert size_by_chance(some, images) == pytest.approx(np.mean([expected_size(m) for m in some.tolist()]) / images)


def test_the_size_of_diffs_by_chance_at_a_data_set_s_size() -> None:
    assert size_by_chance(torch.tensor([50_000]), 50_000) == pytest.approx(math.sqrt(2 / (math.pi * 50_000)), rel=1e-5)
    signs = np.random.default_rng(0).integers(0, 2, (4_000, 300)) * 2 - 1
    drawn = np.abs(signs.mean(1))
    error = drawn.std(ddof=1) / math.sqrt(len(drawn))
    assert size_by_chance(torch.tensor([300]), 300) == pytest.approx(drawn.mean(), abs=3.5 * error)


@pytest.mark.parametrize("name", KNOWN)
def test_both_ways_agree(name: str, few: PreparedData) -> None:
    network = network_of(name, few).requires_grad_(False).eval()
    images = torch.randn(9, *few.input_shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(9)
    quick, other = (
        way(network, images, labels, samples._Parts(len(images), images.device, True, None))
        for way in (samples._by_layers, samples._by_functions)
    )
    torch.testing.assert_close(quick.squares, other.squares)
    torch.testing.assert_close(quick.losses, other.losses)
    assert torch.equal(quick.correct, other.correct)
    assert quick.gradients.keys() == other.gradients.keys() == dict(network.named_parameters()).keys()
    for key, gradient in quick.gradients.items():
        torch.testing.assert_close(gradient, other.gradients[key])
        torch.testing.assert_close(quick.signs[key], other.signs[key])
        torch.testing.assert_close(quick.moved[key], other.moved[key])


def test_without_diffs_coherence_is_the_same(few: PreparedData) -> None:
    network = network_of("small_resnet", few)
    assert measure(network, few, EXACT, diffs=False).diffs == {}
    assert measure(network, few, EXACT, diffs=False).coherence == measure(network, few, EXACT).coherence


def test_a_choice_of_images_is_estimated_from_their_gradients_alone(few: PreparedData) -> None:
    network = network_of("small_resnet", few)
    found = measure(network, few, EXACT, samples=12, seed=5, micro_batch=5)
    chosen = np.sort(random_order(30, derive_seed(5, "measured gradients"))[:12])
    some = gradients_one_by_one(network, few)[torch.from_numpy(chosen)]
    mean = some.mean(0)
    size, squares = mean.square().sum().item(), some.square().sum(1)
    alpha, error = estimate(size, squares, 30, lambda: some @ mean)
    assert (found.coherence, found.standard_error) == (pytest.approx(alpha, rel=1e-6), pytest.approx(error, rel=1e-6))
    assert found.standard_error > 0
    assert (measure(network, few, EXACT, samples=30).samples, found.samples) == (30, 12)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_numerator_and_denominator_have_no_bias(size: int) -> None:
    """The means over all subsets are those of all samples."""
    population = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.3
    squares = population.square().sum(1)
    choices = [list(chosen) for chosen in itertools.combinations(range(6), size)]
    found = []
    for chosen in choices:
        some = population[chosen]
        found.append(unbiased_square(some.mean(0).square().sum().item(), squares[chosen], 6))
    assert np.mean(found) == pytest.approx(population.mean(0).square().sum().item(), rel=1e-12)
    naive = [population[chosen].mean(0).square().sum().item() for chosen in choices]
    assert np.mean(naive) > 1.05 * np.mean(found)


def test_the_standard_error_is_how_far_estimates_scatter() -> None:
    population = torch.randn(400, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) + 0.4
    squares = population.square().sum(1)
    alphas, errors = [], []
    for seed in range(300):
        chosen = torch.randperm(400, generator=torch.Generator().manual_seed(seed))[:60]
        some = population[chosen]
        mean = some.mean(0)
        found = estimate(mean.square().sum().item(), squares[chosen], 400, lambda some=some, mean=mean: some @ mean)
        alphas.append(found[0])
        errors.append(found[1])
    truth = (population.mean(0).square().sum() / squares.mean()).item()
    assert np.mean(alphas) == pytest.approx(truth, abs=3 * np.std(alphas) / math.sqrt(300))
    assert np.mean(errors) == pytest.approx(np.std(alphas), rel=0.15)


def test_limits_of_coherence() -> None:
    same, crossed = torch.ones(5, 3, dtype=torch.float64), torch.eye(4, dtype=torch.float64)
    for population, expected in ((same, 1.0), (crossed, 0.25)):
        squares = population.square().sum(1)
        found = estimate(population.mean(0).square().sum().item(), squares, len(population), squares.clone)
        assert found == (pytest.approx(expected), 0.0)
    assert math.isnan(estimate(0.0, torch.zeros(3, dtype=torch.float64), 3, lambda: torch.zeros(3))[0])


def test_memory_is_bounded_by_the_images_at_once() -> None:
    small = build(Architecture("small_resnet", (1, 8, 8), 10)).eval()
    large = build(Architecture("vit", (3, 16, 16), 10)).eval()
    assert affordable(small, (1, 8, 8)) > 100
    assert 1 <= affordable(large, (3, 16, 16)) < 10
