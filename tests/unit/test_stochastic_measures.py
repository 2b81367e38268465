"""Feature variance, gradient flow and the distribution of weights, against plain loops."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from network_samples import EXACT
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.pruning.unstructured import prunable
from prunescape.stochastic.feature_variance import feature_variance, layer_variances, variance_ratios
from prunescape.stochastic.gradient_flow import gradient_flow, gradient_flow_table, gradient_norm
from prunescape.stochastic.swaps import swaps
from prunescape.stochastic.variants import Pretrained, Variant, variants
from prunescape.stochastic.weight_cdf import weight_cdf
from prunescape.training.recalibration import recalibrated, recalibration_batches

SIGMA = 0.05


@pytest.fixture
def batches(digits: PreparedData) -> Batches:
    return Batches(digits, "train", "cpu", 30, dtype=torch.float64)


def phi(network: torch.nn.Module, images: torch.Tensor, by_channel: bool = False) -> dict[str, float]:
    """The sum of the variances of each layer's neurons, one neuron after the other."""
    network = copy.deepcopy(network).double().eval()
    outputs: dict[str, torch.Tensor] = {}
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(lambda _, __, output, name=name: outputs.update({name: output}))
    with torch.no_grad():
        network(images)
    neurons = {
        name: output.transpose(0, 1).flatten(1) if by_channel else output.flatten(1).T
        for name, output in outputs.items()
    }
    return {name: sum(np.var(one.numpy(), ddof=1) for one in of_layer) for name, of_layer in neurons.items()}


def plain_v(
    pruned: list[torch.nn.Module], dense: list[torch.nn.Module], batches: Batches, by_channel: bool = False
) -> float:
    """Eq. 4 as it is written."""
    ratios = []
    for images, _ in batches:
        of_pruned, of_dense = [
            [phi(network, images, by_channel) for network in networks] for networks in (pruned, dense)
        ]
        for layer in of_dense[0]:
            ratios.append(np.mean([one[layer] for one in of_pruned]) / np.mean([one[layer] for one in of_dense]))
    return float(np.mean(ratios))


def test_feature_variance_is_a_plain_loop_over_batches_layers_and_neurons(
    pretrained: Pretrained, batches: Batches, digits: PreparedData
) -> None:
    wanted = variants(["magnitude", "lamp"], [0.6, 0.9], [SIGMA], 3, ["deterministic", "stochastic", "mask_s_to_d"])
    table = feature_variance(pretrained, wanted, batches, EXACT)
    names = ["model", "seed", "method", "gamma", "sigma", "kind", "recalibrated", "layer"]
    assert list(table.columns) == [*names, *("v", "v_channel", "v_clean", "v_channel_clean")]
    assert len(table) == 2 * 2 * 3 * 6
    v = table.groupby(["kind", "method", "gamma"])["v"].mean()
    for method, gamma in [("magnitude", 0.6), ("lamp", 0.9)]:
        alone = [pretrained.make(Variant("deterministic", method, gamma))]
        expected = plain_v(alone, [pretrained.network], batches)
        assert v["deterministic", method, gamma] == pytest.approx(expected, rel=1e-9)
        noisy = [pretrained.make(Variant("stochastic", method, gamma, SIGMA, draw)) for draw in range(3)]
        dense = [pretrained.make(Variant("dense_stochastic", sigma=SIGMA, draw=draw)) for draw in range(3)]
        assert v["stochastic", method, gamma] == pytest.approx(plain_v(noisy, dense, batches), rel=1e-9)
        masks = [pretrained.make(Variant("mask_s_to_d", method, gamma, SIGMA, draw)) for draw in range(3)]
        of_masks = plain_v(masks, [pretrained.network], batches)
        assert v["mask_s_to_d", method, gamma] == pytest.approx(of_masks, rel=1e-9)
    others = table.groupby(["kind", "method", "gamma"])[["v_channel", "v_clean", "v_channel_clean"]].mean()
    found = others.loc[("stochastic", "lamp", 0.9)]
    clean = [pretrained.network]
    expected = [plain_v(noisy, of, batches, way) for of, way in ((dense, True), (clean, False), (clean, True))]
    assert found.tolist() == pytest.approx(expected, rel=1e-9)
    plain = table[table["kind"] == "deterministic"]
    assert (plain["v"] == plain["v_clean"]).all()
    assert (plain["v"] != plain["v_channel"]).any()


def test_fine_tuned_networks_are_measured_in_place_of_their_variants(pretrained: Pretrained, batches: Batches) -> None:
    wanted = [Variant("stochastic", "magnitude", 0.9, SIGMA, draw) for draw in (0, 1)]
    dense = [pretrained.make(Variant("dense_stochastic", sigma=SIGMA, draw=draw)) for draw in (0, 1)]
    assert feature_variance(pretrained, wanted, batches, EXACT, networks=dense)["v"].tolist() == [1.0] * 6
    found = gradient_flow_table(pretrained, wanted, batches, EXACT, networks=dense)
    assert found["gradient_flow"].tolist() == gradient_flow(dense, batches, EXACT).tolist()


def test_feature_variance_after_recalibration(pretrained: Pretrained, batches: Batches, digits: PreparedData) -> None:
    again = recalibration_batches(digits, EXACT, 25)
    networks = [pretrained.make(Variant("deterministic", "magnitude", 0.9)), pretrained.network]
    found = layer_variances(networks, batches, EXACT, again)
    pruned, dense = recalibrated([network.double() for network in map(copy.deepcopy, networks)], again, EXACT)
    ratios = variance_ratios(found.of([0]), found.of([1]))
    assert ratios["v"].mean() == pytest.approx(plain_v([pruned], [dense], batches), rel=1e-9)
    equal = variance_ratios(found.of([1]), found.of([1]))
    assert (equal["v"] == 1).all()


def test_gradient_flow_is_the_whole_datas_gradient_of_kept_weights(
    pretrained: Pretrained, batches: Batches, digits: PreparedData
) -> None:
    wanted = variants(["magnitude"], [0.9], [SIGMA], 2, ["dense", "deterministic", "stochastic"])
    table = gradient_flow_table(pretrained, wanted, batches, EXACT)
    assert list(table.columns) == ["model", "seed", "method", "gamma", "sigma", "kind", "draw", "gradient_flow"]
    ((images, labels),) = Batches(digits, "train", "cpu", 1000, dtype=torch.float64)
    for variant, found in zip(wanted, table["gradient_flow"], strict=True):
        network = pretrained.make(variant).double().eval()
        F.cross_entropy(network(images), labels).backward()
        flow = 0.0
        for name in prunable(network):
            parameter = network.get_parameter(name)
            kept = pretrained.masks(variant)[name] if variant.method != "none" else torch.ones_like(parameter)
            flow += (parameter.grad[kept.bool()] ** 2).sum().item()
        assert found == pytest.approx(flow, rel=1e-9)


def test_the_gradient_norm_is_that_of_the_authors_code(pretrained: Pretrained, digits: PreparedData) -> None:
    """The norm of one vector: all weights but those of batch norm, first and last layer; pruned ones, too."""
    batches = Batches(digits, "train", "cpu", 30, dtype=torch.float64)
    networks = [pretrained.make(Variant("deterministic", "magnitude", 0.9)), pretrained.network]
    found = gradient_norm(networks, batches, EXACT)
    ((images, labels),) = Batches(digits, "train", "cpu", 1000, dtype=torch.float64)
    for network, norm in zip(networks, found.tolist(), strict=True):
        network = copy.deepcopy(network).double().eval()
        F.cross_entropy(network(images), labels).backward()
        layers = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d | torch.nn.Linear)]
        assert isinstance(layers[-1], torch.nn.Linear)
        gradients = torch.cat([layer.weight.grad.flatten() for layer in layers[1:-1]])
        assert norm == pytest.approx(torch.norm(gradients).item(), rel=1e-9)


def test_gradient_flow_leaves_networks_as_they_are(pretrained: Pretrained, batches: Batches) -> None:
    gradient_flow([pretrained.network], batches, EXACT)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in pretrained.network.parameters())


def test_the_distribution_of_weights(pretrained: Pretrained) -> None:
    weights = torch.cat([weight.flatten() for weight in prunable(pretrained.network).values()]).abs().double()
    sigmas = [0.0, 0.005, 0.1, 100.0]
    table = weight_cdf(pretrained.network, sigmas)
    assert table["magnitude"].tolist() == sigmas
    assert table["share"].tolist() == [(weights <= sigma).double().mean().item() for sigma in sigmas]
    curve = weight_cdf(pretrained.network)
    assert curve["share"].is_monotonic_increasing
    assert curve["share"].iloc[-1] == 1


def test_swapped_weights_are_counted_by_their_distance_from_the_threshold(pretrained: Pretrained) -> None:
    """One weight after the other; and what is expected, by noise drawn a thousand times on each."""
    gamma, sigma, draws = 0.8, 0.02, 3
    both = swaps(pretrained, gamma, [0.05, sigma], draws)
    assert both["sigma"].drop_duplicates().tolist() == [0.05, sigma]
    found = both[both["sigma"] == sigma].reset_index(drop=True)
    assert both["swapped"].sum() > 2 * found["swapped"].sum()
    assert list(found.columns) == [*("model", "seed", "gamma", "sigma", "distance", "weights", "swapped", "expected")]
    plain = pretrained.masks(Variant("deterministic", "magnitude", gamma))
    noisy = [pretrained.masks(Variant("stochastic", "magnitude", gamma, sigma, draw)) for draw in range(draws)]
    weights = prunable(pretrained.network)
    threshold = min(float(weights[name][plain[name]].abs().min()) for name in weights if plain[name].any())
    counts: dict[float, list[float]] = {}
    for name, weight in weights.items():
        flat, mask = weight.flatten().tolist(), plain[name].flatten().tolist()
        others = [masks[name].flatten().tolist() for masks in noisy]
        for place, value in enumerate(flat):
            distance = (abs(value) - threshold) / sigma
            centre = min(max(np.floor(2 * distance) / 2 + 0.25, -4.25), 4.25)
            row = counts.setdefault(centre, [0, 0.0])
            row[0] += 1
            row[1] += sum(other[place] != mask[place] for other in others) / draws
    rows = found.set_index("distance")
    assert rows["weights"].sum() == sum(weight.numel() for weight in weights.values())
    for centre, (number, changed) in counts.items():
        assert rows.loc[centre, "weights"] == number
        assert rows.loc[centre, "swapped"] == pytest.approx(changed)
    assert found["swapped"].sum() > 0
    size, kept = (torch.cat([of[name].flatten().double() for name in weights]) for of in (weights, plain))
    drawn = size + sigma * torch.randn(400, len(size), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    crossed = ((drawn.abs() >= threshold) != kept.bool()).double().mean(0).sum().item()
    assert found["expected"].sum() == pytest.approx(crossed, rel=0.01)
