"""What layers read, and weights that make up for removed ones, against plain sums and explicit inverses."""

import copy

import pytest
import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.scores import score, wanda
from prunescape.pruning.surgeon import DAMPING, compensate, input_squares, inverse_factors, saliencies
from prunescape.pruning.unstructured import apply_masks, masks, prunable


class Grouped(nn.Module):
    """A convolution, one of two groups with a stride and padding, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(2, 4, 3, padding=1)
        self.two = nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2, bias=False)
        self.fc = nn.Linear(6 * 3 * 3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.relu(self.two(torch.relu(self.one(x)))).flatten(1))


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return Grouped().double()


@pytest.fixture
def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(1)
    images = torch.rand(40, 2, 5, 5, dtype=torch.float64)
    return [(images[:25], torch.zeros(25)), (images[25:], torch.zeros(15))]


def rows_of(network: Grouped, images: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """By layer and group, the patches: cut out of the padded images one by one."""
    with torch.no_grad():
        middle = torch.relu(network.one(images))
        last = torch.relu(network.two(middle)).flatten(1)
    pad = nn.functional.pad
    first, second = pad(images, (1, 1, 1, 1)), pad(middle, (1, 1, 1, 1))
    of_one = [first[:, :, y : y + 3, x : x + 3].flatten(1) for y in range(5) for x in range(5)]
    of_two = [
        torch.cat([second[:, 2 * g : 2 * g + 2, y : y + 3, x : x + 2].flatten(1) for y in (0, 2, 4) for x in (0, 2, 4)])
        for g in (0, 1)
    ]
    return {"one.weight": [torch.cat(of_one)], "two.weight": of_two, "fc.weight": [last]}


def test_wanda_is_weight_times_norm_of_its_input(network, batches) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = wanda(network, batches)
    for name, groups in rows_of(network, torch.cat([images for images, _ in batches])).items():
        weight = network.get_parameter(name).detach()
        for weights, scores, rows in zip(
            weight.chunk(len(groups)), found[name].chunk(len(groups)), groups, strict=True
        ):
            expected = weights.abs().flatten(1) * rows.norm(dim=0)
            torch.testing.assert_close(scores.flatten(1), expected, rtol=1e-10, atol=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert network.training
    inner = wanda(network, batches, "first_last")
    assert list(inner) == ["two.weight"]
    assert torch.equal(inner["two.weight"], found["two.weight"])
    factors = inverse_factors(network, batches, "first_last")
    compensate(network, masks(saliencies(network, factors), 0.5, "uniform"), factors)
    changed = [name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])]
    assert changed == ["two.weight"]


def test_saliencies_and_updates_by_explicit_inverses(network, batches) -> None:
    """The column that is removed, and those to its right, by the inverse of what is left of H, column by column."""
    factors = inverse_factors(network, batches)
    found = saliencies(network, factors)
    kept = masks(found, 0.5, "uniform")
    original = {name: weight.clone() for name, weight in prunable(network).items()}
    grams = {}
    for name, groups in rows_of(network, torch.cat([images for images, _ in batches])).items():
        for g, rows in enumerate(groups):
            gram = rows.T @ rows
            dead = gram.diagonal() == 0
            grams[name, g] = gram + torch.diag(DAMPING * gram.diagonal().mean() + dead.double())
    compensate(network, kept, factors)
    for name, weight in original.items():
        groups = 2 if name == "two.weight" else 1
        for g in range(groups):
            w, mask, scores, after = (
                tensor.chunk(groups)[g].flatten(1)
                for tensor in (weight, kept[name], found[name], network.get_parameter(name).detach())
            )
            w = w.clone()
            for j in range(w.shape[1]):
                inverse = torch.linalg.inv(grams[name, g][j:, j:])
                torch.testing.assert_close(scores[:, j], weight.chunk(groups)[g].flatten(1)[:, j] ** 2 / inverse[0, 0])
                step = w[:, j : j + 1] * inverse[0] / inverse[0, 0]
                w[:, j:] -= step.where(~mask[:, j : j + 1], 0.0)
            torch.testing.assert_close(after, w * mask, rtol=1e-7, atol=1e-12)


def test_updated_outputs_are_nearer_to_the_dense_ones(network, batches) -> None:
    """On the patches themselves, layer by layer, and never nearer than least squares, which no update can beat."""
    factors = inverse_factors(network, batches)
    kept = masks(saliencies(network, factors), 0.5, "uniform")
    original = {name: weight.clone() for name, weight in prunable(network).items()}
    rows = rows_of(network, torch.cat([images for images, _ in batches]))["fc.weight"][0]
    compensate(network, kept, factors)
    updated = network.fc.weight.detach()
    errors = [
        ((w - original["fc.weight"]) @ rows.T).square().sum(1)
        for w in (updated, original["fc.weight"] * kept["fc.weight"])
    ]
    assert (errors[0] <= errors[1] + 1e-9).all()
    assert errors[0].sum() < 0.9 * errors[1].sum()
    for row, mask in enumerate(kept["fc.weight"]):
        target = rows @ original["fc.weight"][row]
        fit = rows[:, mask] @ torch.linalg.pinv(rows[:, mask]) @ target
        assert errors[0][row] >= (fit - target).square().sum() - 1e-9
    assert all((network.get_parameter(name)[~mask] == 0).all() for name, mask in kept.items())


def test_nothing_removed_changes_nothing_and_dead_inputs_are_no_trouble(network, batches) -> None:
    with torch.no_grad():
        network.one.weight.zero_()
        network.one.bias.fill_(-1.0)  # so that the next layer reads zeros
    factors = inverse_factors(network, batches)
    assert all(bool(factor.isfinite().all()) for factor in factors.values())
    before = {name: weight.clone() for name, weight in prunable(network).items()}
    compensate(network, {name: torch.ones_like(w, dtype=torch.bool) for name, w in before.items()}, factors)
    assert all(torch.equal(network.get_parameter(name), weight) for name, weight in before.items())
    assert (input_squares(network, batches)["two.weight"] == 0).all()
    dead = masks(saliencies(network, factors), 0.5, "output")
    apply_masks(network, dead)


def test_attention_of_torch_hides_its_inputs() -> None:
    vit = build(Architecture("small_vit", (1, 8, 8), 10), 0)
    with pytest.raises(UserError, match="cannot be seen, as torch's attention does not call that layer"):
        score("wanda", vit, batches=[(torch.rand(2, 1, 8, 8), torch.zeros(2))])


def test_blocks_of_columns_change_nothing() -> None:
    """A layer of more columns than a block has, against one column after the other."""
    numbers = torch.Generator().manual_seed(0)
    layer = nn.Sequential(nn.Linear(300, 4))
    rows = torch.randn(900, 300, generator=numbers)
    factors = inverse_factors(layer, [(rows, torch.zeros(900))])
    kept = {"0.weight": torch.rand(4, 300, generator=numbers) > 0.6}
    expected, upper = layer[0].weight.detach().double().clone(), factors["0.weight"][0]
    for column in range(300):
        error = expected[:, column] * ~kept["0.weight"][:, column] / upper[column, column]
        expected -= error[:, None] * upper[column] * (torch.arange(300) >= column)
    found = compensate(copy.deepcopy(layer), kept, factors)[0].weight.detach()
    torch.testing.assert_close(found.double(), expected * kept["0.weight"], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found, layer[0].weight * kept["0.weight"], atol=1e-3)
