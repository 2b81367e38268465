"""Whether pruning an imported network removes the channels that it names, wherever those are on their way."""

import copy

import pytest
import torch
from torch import nn

from order_samples import KEPT, MIXED, REORDERED, WIDTH, between
from own_samples import of_torchvision
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import LATENCY, PruningSettings
from prunescape.pruning.silenced import Uncut, reorder, silence, vary
from prunescape.pruning.structured import prune
from prunescape.training.preflight import preflight

VARIANTS = {
    "uniform-0.6": {"method": "uniform", "ratio": 0.6, "criterion": "norm"},
    "non_uniform_random-0.8": {"method": "non_uniform", "ratio": 0.8, "criterion": "random"},
}
SPARED = ("take_along_dim", "even_then_odd", "matrix")  # the graph does not follow these, and so spares their channels
BY_DIVISIBLE = "group_norm_of_two"  # works with an even number of channels alone


def checked(architecture: Architecture, variants: dict = VARIANTS, **words) -> dict:
    """What the check of a network finds."""
    return preflight(architecture, variants, PruningSettings(tolerance_points=5, **words), "auto", lambda line: None)


@pytest.mark.parametrize("way", [way for way in REORDERED if way not in SPARED])
@pytest.mark.parametrize("mode", ["inside-blocks", "all"])
def test_channels_that_change_order_are_refused_in_one_line_with_their_layer(way: str, mode: str) -> None:
    with pytest.raises(UserError, match=r"Between: .* channels of e\.0 ") as caught:
        checked(between(way, mode))
    assert "\n" not in str(caught.value)
    assert "b.0" in str(caught.value) or "does not work with fewer channels of e.0 (index" in str(caught.value)


@pytest.mark.parametrize("way", [*KEPT, *SPARED, *(way for way in MIXED if way != BY_DIVISIBLE)])
@pytest.mark.parametrize("mode", ["inside-blocks", "all"])
def test_channels_in_their_places_are_not_refused(way: str, mode: str) -> None:
    """Nor where all channels of a pixel decide each, and silenced ones are no equal of those that are gone."""
    found = checked(between(way, mode))
    assert {"b.0", "c.0"} <= set(found["groups"])
    assert ("e.0" in found["groups"]) or "e.0" in found["spared"]


def test_normalisations_by_place_are_not_refused() -> None:
    variants = {"uniform-0.5": {"method": "uniform", "ratio": 0.4, "criterion": "norm"}}
    assert checked(between(BY_DIVISIBLE, "all"), variants)["groups"]["e.0"] == WIDTH


@pytest.mark.parametrize("way", ["flip", "index_by_count", "sorted"])
def test_the_real_job_refuses_too(way: str) -> None:
    """Trained weights are compared as they are, and each step of several."""
    architecture = between(way)
    for method in ("uniform", "non_uniform"):
        with pytest.raises(UserError, match=r"channels of e\.0 it does not compute"):
            prune(vary(build(architecture, 1)), architecture, method, 0.5, PruningSettings(tolerance_points=5))


def test_groups_that_a_ranking_leaves_whole_are_checked() -> None:
    """A trained network's ranking may cut what that of an untrained one spares; latency is but measured later."""
    variants = {"non_uniform-0.97": {"method": "non_uniform", "ratio": 0.97, "criterion": "norm"}}
    with pytest.raises(UserError, match=r"channels of e\.0 it does not compute"):
        checked(between("flip"), variants)
    with pytest.raises(UserError, match=r"channels of e\.0 it does not compute"):
        checked(between("flip"), target=LATENCY)


def test_an_untrained_network_is_given_numbers_that_differ() -> None:
    """Else a batch norm between two flips would hide that it keeps the wrong channels."""
    architecture = between("flip")
    model = vary(build(architecture, 0))
    tensors = [tensor for name, tensor in model.state_dict().items() if tensor.numel() > 1 and "tracked" not in name]
    assert all(tensor.std() > 0.01 for tensor in tensors)
    assert all(norm.running_var.min() >= 0.5 for norm in model.modules() if isinstance(norm, nn.BatchNorm2d))
    assert torch.equal(model.e[0].weight, build(architecture, 0).e[0].weight)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("resnext50_32x4d", {}),
        pytest.param("densenet121", {}, marks=pytest.mark.full),
        pytest.param("vgg11_bn", {}, marks=pytest.mark.full),
        ("convnext_tiny", {}),
    ],
)
def test_a_consistent_order_of_channels_changes_nothing(name: str, kwargs: dict) -> None:
    """Grouped convolutions, concatenations, features of pixels, hidden layers: each layer is put in order."""
    architecture = of_torchvision(name, 32, kwargs, "all")
    model = vary(build(architecture, 0)).double().eval()
    groups = Graph(copy.deepcopy(model).float(), architecture).groups
    images = torch.rand(2, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = model(images)
        for group in groups:
            order = torch.empty(group.channels, dtype=torch.long)
            units = group.units()
            order[units.flatten()] = units.roll(1, 0).flatten()
            reorder(model, group, order)
        assert torch.allclose(model(images), before, rtol=0, atol=1e-9 * float(before.abs().max()))
        silence(model, groups[0], [0])
        assert not torch.allclose(model(images), before, rtol=0, atol=1e-9 * float(before.abs().max()))


def test_the_layer_is_found_among_many() -> None:
    """By bisection: the number of networks that are built does not grow with that of the groups."""
    architecture = of_torchvision("resnet18", 32, {}, "all")
    model = vary(build(architecture, 0))
    groups = Graph(copy.deepcopy(model), architecture).groups
    removed = {group.root: list(range(group.channels // 2)) for group in groups}
    uncut = Uncut(architecture, model.state_dict(), groups, removed)
    tried: list[int] = []

    def works(tried_groups: list) -> bool:
        tried.append(len(tried_groups))
        return "layer3.1.conv1" not in {group.root for group in tried_groups}

    uncut._works = works  # type: ignore[method-assign, assignment]
    assert [group.root for group in uncut.culprits()] == ["layer3.1.conv1"]
    assert len(tried) <= 9 < len(groups)
