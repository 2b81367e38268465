"""Criteria by which channels are ranked: each against its definition, and the networks that come of them."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from prunescape.config.schema import schema
from prunescape.data.batches import Batches
from prunescape.errors import UserError
from prunescape.figures.names import variant_title
from prunescape.figures.style import variant_colours
from prunescape.models.architecture import Architecture, Origin
from prunescape.models.build import build
from prunescape.models.flops import count_flops
from prunescape.pruning.criteria import add_gradients, unit_scores
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.variant import DENSE, Variant

SMALL = Architecture("small_resnet", (1, 8, 8), 10)
GROUPED = Architecture("own", (1, 8, 8), 10, origin=Origin("torchvision:regnet_x_400mf"))
CRITERIA = ["norm", "l1", "l2", "fpgm", "bn_scale", "taylor", "lamp", "random"]
NAME, CONSUMER = "blocks.0.conv1", "blocks.0.conv2"


def scored(criterion: str, model: torch.nn.Module) -> torch.Tensor:
    return unit_scores(Graph(model, SMALL), PruningSettings(criterion=criterion))[NAME]


@pytest.fixture
def model() -> torch.nn.Module:
    """A network whose batch norms differ from channel to channel."""
    network = build(SMALL, 0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.normal_(generator=generator)
    return network


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_every_criterion_meets_the_target(criterion: str, method: str, digits) -> None:
    dense = build(SMALL, 0)
    flops = count_flops(dense, SMALL.input_shape)
    pruned = prune(dense, SMALL, method, 0.5, PruningSettings(criterion=criterion), digits)
    assert 0.48 <= count_flops(pruned.model, SMALL.input_shape) / flops == pruned.ratio <= 0.5


@pytest.mark.parametrize("criterion", ["fpgm", "taylor", "lamp", "random"])
def test_criteria_rank_imported_networks_too(criterion: str) -> None:
    architecture = Architecture("own", (3, 32, 32), 10, origin=Origin("torchvision:resnet18"))
    model = build(architecture, 0)
    if criterion == "taylor":
        with pytest.raises(ValueError, match="needs data"):
            prune(model, architecture, "non_uniform", 0.5, PruningSettings(criterion=criterion))
        return
    assert prune(model, architecture, "non_uniform", 0.5, PruningSettings(criterion=criterion)).ratio <= 0.5


def test_norms_are_the_sections_or_their_own(model) -> None:
    weight = model.get_parameter(f"{NAME}.weight").detach().double().flatten(1)
    assert torch.equal(scored("norm", model), scored("l1", model))
    torch.testing.assert_close(scored("l1", model), weight.abs().sum(1))
    torch.testing.assert_close(scored("l2", model), weight.square().sum(1).sqrt())
    assert PruningSettings(norm="l2").order == "l2"
    assert PruningSettings(norm="l2", criterion="l1").order == "l1"


def test_batch_norm_scale_by_hand(model) -> None:
    scale = model.get_parameter("blocks.0.bn1.weight").detach().double().abs()
    torch.testing.assert_close(scored("bn_scale", model), scale)


def test_fpgm_by_hand(model) -> None:
    """Filters that make a channel, and weights that read it: summed distances to the others, averaged over the two."""
    makes = model.get_parameter(f"{NAME}.weight").detach().flatten(1).square()
    reads = model.get_parameter(f"{CONSUMER}.weight").detach().transpose(0, 1).flatten(1).square()
    distances = [(part[:, None] - part[None]).square().sum(2).sqrt().sum(1) for part in (makes, reads)]
    torch.testing.assert_close(scored("fpgm", model), torch.stack(distances).mean(0).double(), rtol=1e-3, atol=1e-4)


def test_taylor_by_hand(model, digits) -> None:
    add_gradients(model, digits)
    gradient = model.get_parameter(f"{NAME}.weight").grad.clone()
    scores = scored("taylor", model)
    model.eval().zero_grad()
    (images, labels) = next(iter(Batches(digits, "train", "cpu", 1000, drop_last=False).epoch(0)))
    assert len(images) == 100
    F.cross_entropy(model(images), labels).backward()
    torch.testing.assert_close(gradient, model.get_parameter(f"{NAME}.weight").grad, rtol=1e-3, atol=1e-6)
    products = [model.get_parameter(f"{name}.weight") for name in (NAME, CONSUMER)]
    makes, reads = ((weight * weight.grad).detach().abs() for weight in products)
    expected = torch.stack([makes.sum((1, 2, 3)), reads.sum((0, 2, 3))]).mean(0)
    torch.testing.assert_close(scores, expected.double(), rtol=1e-3, atol=1e-6)


def test_lamp_by_hand(model) -> None:
    makes = model.get_parameter(f"{NAME}.weight").detach().square().sum((1, 2, 3))
    reads = model.get_parameter(f"{CONSUMER}.weight").detach().square().sum((0, 2, 3))
    norm = model.get_parameter("blocks.0.bn1.weight").detach().square()
    together = torch.stack([makes, norm, reads]).mean(0)
    expected = torch.tensor([value / together[together >= value].sum() for value in together])
    torch.testing.assert_close(scored("lamp", model), expected.double(), rtol=1e-4, atol=1e-6)


def test_chance_is_seeded_and_blind(model) -> None:
    scores = scored("random", model)
    assert torch.equal(scores, scored("random", build(SMALL, 7)))  # whatever the weights
    assert scores.unique().numel() == len(scores)
    assert abs(float(torch.corrcoef(torch.stack([scores, scored("norm", model)]))[0, 1])) < 0.7
    kept = {}
    for ratio in (0.6, 0.3):
        pruned = prune(build(SMALL, 0), SMALL, "uniform", ratio, PruningSettings(criterion="random"))
        kept[ratio] = {tuple(row) for row in pruned.model.get_parameter(f"{NAME}.weight").flatten(1).tolist()}
    assert kept[0.3] < kept[0.6]  # what is pruned mildly is pruned strongly, too


def test_a_criterion_that_says_nothing_is_told_in_one_line() -> None:
    plain = Architecture("vanilla_cnn", (1, 8, 8), 10)
    with pytest.raises(UserError, match=r"criterion bn_scale: .* has no batch norm; choose another criterion"):
        prune(build(plain, 0), plain, "uniform", 0.5, PruningSettings(criterion="bn_scale"))
    with pytest.raises(UserError, match=r"criterion fpgm fails on .*; choose another criterion"):
        prune(build(GROUPED, 0), GROUPED, "uniform", 0.5, PruningSettings(criterion="fpgm"))


def test_every_criterion_and_pipeline_has_a_name_and_a_colour_of_its_own() -> None:
    section = schema()["properties"]["models"]["additionalProperties"]["properties"]
    criteria, pipelines = (section[key]["items"]["enum"] for key in ("criteria", "pipelines"))
    assert criteria == CRITERIA
    words = [criteria, pipelines, ["flops", "parameters", "latency"]]
    variants = [Variant("uniform", 0.5, *parts) for parts in itertools.product(*words)]
    titles = {variant_title(variant) for variant in variants}
    assert len(titles) == len(variants) == len(criteria) * len(pipelines) * 3
    assert not any("_" in title for title in titles)
    some = [DENSE, Variant("non_uniform", 0.5), *(Variant("uniform", 0.5, pipeline=name) for name in pipelines)]
    assert len(set(variant_colours(some).values())) == len(some)
