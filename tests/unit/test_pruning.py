"""FLOPs-matched structured pruning: the search against brute force, the cut against the rebuilt network."""

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from network_samples import cut_to
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_flops, count_parameters
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.pruning.widths import (
    METHODS,
    Cost,
    Size,
    Term,
    flops_cost,
    non_uniform_widths,
    parameters_cost,
    uniform_widths,
)

NETWORKS = [
    ("small_resnet", (1, 8, 8)),
    ("resnet20", (3, 32, 32)),
    ("mobilenetv2", (3, 32, 32)),
    ("resnet50", (3, 64, 64)),
    ("vgg19_cifar", (3, 16, 16)),
    ("vanilla_cnn", (1, 8, 8)),
]


# The layers of each group, by hand: that which makes its channels, those they pass through, and that which reads them.
GROUPS = {
    "small_resnet": [[f"blocks.{k}.{layer}" for layer in ("conv1", "bn1", "conv2")] for k in range(2)],
    "resnet20": [[f"blocks.{k}.{layer}" for layer in ("conv1", "bn1", "conv2")] for k in range(9)],
    "mobilenetv2": [[f"features.{k}.conv.{n}" for n in ("0.0", "0.1", "1.0", "1.1", "2")] for k in range(1, 18)],
    "resnet50": [
        [f"layer{stage + 1}.{k}.{layer}" for layer in layers]
        for stage, blocks in enumerate((3, 4, 6, 3))
        for k in range(blocks)
        for layers in (("conv1", "bn1", "conv2"), ("conv2", "bn2", "conv3"))
    ],
    "vgg19_cifar": [
        [f"features.{makes}", f"features.{makes + 1}", f"features.{reads}"]
        for makes, reads in itertools.pairwise([3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49])
    ],
    "vanilla_cnn": [[f"features.{k}" for k in pair] for pair in itertools.pairwise([2, 4, 7, 9, 12, 14])],
}


@pytest.mark.parametrize(("name", "shape"), NETWORKS)
def test_groups_are_the_insides_of_blocks_or_lie_between_convolutions(name: str, shape: tuple[int, int, int]) -> None:
    architecture = Architecture(name, shape, 10)
    model = build(architecture)
    groups = Graph(model, architecture).groups
    assert [group.root for group in groups] == [layers[0] for layers in GROUPS[name]]
    for group, layers in zip(groups, GROUPS[name], strict=True):
        assert {member.name for member in group.members} == set(layers)
        assert group.makers == (layers[0],)
        assert group.channels == model.get_submodule(layers[0]).out_channels


@pytest.mark.parametrize("name", ["mlp", "small_vit"])
def test_networks_without_prunable_channels_say_so(name: str) -> None:
    architecture = Architecture(name, (1, 8, 8), 10)
    with pytest.raises(UserError, match=rf"{name}: no channels can be pruned \(.*; use another network"):
        prune(build(architecture, 0), architecture, "uniform", 0.5, PruningSettings())


def test_what_is_pruned_again_keeps_what_was_pruned_before() -> None:
    dense = Architecture("small_resnet", (1, 8, 8), 10)
    again = cut_to(cut_to(dense, {"blocks.0.conv1": 1}), {"blocks.1.conv1": 9})
    assert again.layers["blocks.0.bn1"] == {"num_features": 1}
    model = build(again)
    groups = Graph(model, again).groups
    assert {group.root: group.channels for group in groups} == {"blocks.0.conv1": 1, "blocks.1.conv1": 9}
    assert again.flops == count_flops(model, dense.input_shape)


def test_ignored_layers_keep_their_channels_and_all_others_are_pruned() -> None:
    dense = Architecture("resnet20", (3, 32, 32), 10)
    ignoring = replace(dense, ignored_layers=("blocks.4.conv1", "blocks.7"))
    pruned = prune(build(ignoring, 0), ignoring, "non_uniform", 0.5, PruningSettings())
    untouched = build(dense, 0).state_dict()
    for k in range(9):
        name = f"blocks.{k}.conv1"
        whole = torch.equal(pruned.model.get_parameter(f"{name}.weight"), untouched[f"{name}.weight"])
        assert whole == (name not in pruned.widths) == (k in (4, 7))
    assert pruned.ratio <= 0.5
    reasons = {one.root: one.reason for one in Graph(build(ignoring), ignoring).spared}
    assert reasons["blocks.4.conv1"] == "blocks.4.conv1 is in ignored_layers"
    # None takes the catalogue's, and a list of one's own replaces it.
    plain = Architecture("vanilla_cnn", (1, 8, 8), 10)
    more = replace(plain, ignored_layers=())
    assert len(Graph(build(more), more).groups) == len(Graph(build(plain), plain).groups) + 1
    wrong = replace(dense, ignored_layers=("block.4.conv1",))
    with pytest.raises(
        UserError, match=r"^models\.resnet20\.ignored_layers: unknown module .* did you mean 'blocks\.4"
    ):
        Graph(build(wrong), wrong)
    wrong = replace(plain, ignored_layers=("features.1", "feature.4", "features.99"))
    with pytest.raises(UserError, match=r"features\.1 is a ReLU, .* module 'feature\.4'.* module 'features\.99'"):
        Graph(build(wrong), wrong)


def cost_of(name: str, shape: tuple[int, int, int]) -> Cost:
    architecture = Architecture(name, shape, 10)
    model = build(architecture, 0)
    return flops_cost(model, Graph(model, architecture).groups, shape)


@pytest.mark.parametrize(("name", "shape"), NETWORKS)
def test_predicted_flops_and_parameters_are_those_of_the_built_network(name: str, shape: tuple[int, int, int]) -> None:
    architecture = Architecture(name, shape, 10)
    model = build(architecture, 0)
    groups = Graph(model, architecture).groups
    flops, parameters = flops_cost(model, groups, shape), parameters_cost(model, groups)
    assert parameters.total(parameters.dense) == count_parameters(model)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        widths = {of: int(torch.randint(1, width + 1, (1,), generator=generator)) for of, width in flops.dense.items()}
        built = build(cut_to(architecture, widths))
        assert (flops.total(widths), parameters.total(widths)) == (count_flops(built, shape), count_parameters(built))
        group = next(iter(widths))
        if widths[group] < flops.dense[group]:
            wider = {**widths, group: widths[group] + 1}
            assert flops.step(widths, group) == flops.total(wider) - flops.total(widths)


@pytest.mark.parametrize(
    ("name", "shape"), [pytest.param(*of, marks=[pytest.mark.full] * (of[0] == "resnet50")) for of in NETWORKS]
)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ratio", [0.6, 0.2])
def test_pruned_networks_meet_the_target_and_rebuild_to_identical_outputs(
    name: str, shape: tuple[int, int, int], method: str, ratio: float
) -> None:
    architecture = Architecture(name, shape, 10)
    dense = build(architecture, 0)
    untouched = {key: value.clone() for key, value in dense.state_dict().items()}
    dense_flops = count_flops(dense, shape)
    pruned = prune(dense, architecture, method, ratio, PruningSettings())

    achieved = count_flops(pruned.model, shape) / dense_flops
    assert achieved == pruned.ratio <= ratio
    if method == "non_uniform":
        assert ratio - achieved <= 0.005
    assert all(width >= 1 for width in pruned.widths.values())
    assert not pruned.whole or method == "non_uniform"

    rebuilt = build(pruned.architecture)
    rebuilt.load_state_dict(pruned.model.state_dict())
    images = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    for network in (rebuilt, pruned.model):
        network.eval()
    assert torch.equal(rebuilt(images), pruned.model(images))
    first = next(iter(untouched))  # the first convolution, and the classifier, are spared
    assert torch.equal(pruned.model.state_dict()[first], untouched[first])
    last = list(untouched)[-2]
    assert torch.equal(pruned.model.state_dict()[last], untouched[last])


def test_the_filters_that_stay_are_those_of_largest_l1_norm() -> None:
    architecture = Architecture("resnet20", (3, 32, 32), 10)
    dense = build(architecture, 5)
    before = {name: tensor.clone() for name, tensor in dense.state_dict().items()}
    pruned = prune(dense, architecture, "uniform", 0.5, PruningSettings())
    for name, width in pruned.widths.items():
        weight = before[f"{name}.weight"]
        strongest = sorted(weight.abs().sum((1, 2, 3)).topk(width).indices.tolist())
        assert torch.equal(pruned.model.state_dict()[f"{name}.weight"], weight[strongest])


def test_uniform_keeps_the_same_share_everywhere() -> None:
    cost = cost_of("resnet20", (3, 32, 32))
    dense = cost.total(cost.dense)
    for ratio in (0.8, 0.5, 0.25, 0.1):
        widths = uniform_widths(cost, ratio * dense)
        low = max((width - 1) / cost.dense[group] for group, width in widths.items())
        high = min((width + 1) / cost.dense[group] for group, width in widths.items())
        assert low < high  # one share exists from which every width is less than a channel away


def test_non_uniform_without_exchanges_is_a_global_ranking() -> None:
    cost = cost_of("resnet20", (3, 32, 32))
    dense = cost.total(cost.dense)
    generator = torch.Generator().manual_seed(3)
    scores = {group: torch.rand(width, generator=generator) for group, width in cost.dense.items()}
    widths = non_uniform_widths(cost, scores, 0.4 * dense, tolerance=dense)
    kept = [scores[group].sort(descending=True).values[: widths[group]].min() for group in widths]
    dropped = [
        scores[group].sort(descending=True).values[widths[group] :].max()
        for group in widths
        if widths[group] < cost.dense[group]
    ]
    # Only filters given back at the very threshold may break the order; they fit below one channel's FLOPs.
    assert sorted(kept)[2] > sorted(dropped, reverse=True)[8] - 0.05


@given(st.lists(st.integers(2, 9), min_size=2, max_size=3), st.floats(0.25, 0.95), st.integers(0, 2**31))
def test_no_single_channel_could_be_added(widths: list[int], ratio: float, seed: int) -> None:
    """The law of both searches, and for the non-uniform one the best of all widths where brute force can tell."""
    generator = torch.Generator().manual_seed(seed)
    names = [f"g{k}" for k in range(len(widths))]
    units = torch.randint(1, 50, (len(widths),), generator=generator).tolist()
    terms = tuple(Term(unit, Size(0, {name: 1}), Size(1)) for unit, name in zip(units, names, strict=True))
    cost = Cost(dict(zip(names, widths, strict=True)), terms)
    target = ratio * cost.total(cost.dense)
    scores = {name: torch.rand(width, generator=generator) for name, width in zip(names, widths, strict=True)}
    try:
        found = non_uniform_widths(cost, scores, target, tolerance=0.0)
    except UserError:
        assert cost.total(dict.fromkeys(names, 1)) > target
        return
    assert cost.total(found) <= target
    for name in names:
        assert found[name] == cost.dense[name] or cost.total(found) + cost.step(found, name) > target
    best = max(
        total
        for choice in itertools.product(*(range(1, width + 1) for width in widths))
        if (total := cost.total(dict(zip(names, choice, strict=True)))) <= target
    )
    assert cost.total(found) <= best
    largest_step = max(units)
    assert best - cost.total(found) < largest_step

    even = uniform_widths(cost, target)
    assert cost.total(even) <= target


def test_a_ratio_that_cannot_be_met_is_an_error_that_names_the_nearest() -> None:
    architecture = Architecture("small_resnet", (1, 8, 8), 10)
    with pytest.raises(UserError, match=r"comes no nearer than 0\.\d+.*ask for 0\.\d+ instead"):
        prune(build(architecture, 0), architecture, "non_uniform", 0.6, PruningSettings(tolerance_points=0.001))
    with pytest.raises(UserError, match="cannot be reached"):
        prune(build(architecture, 0), architecture, "uniform", 0.01, PruningSettings())
    with pytest.raises(UserError, match="minimum_channels is 40"):
        prune(build(architecture, 0), architecture, "uniform", 0.5, PruningSettings(minimum_channels=40))
