"""Utility of subsets of weights, against scipy and loops over plain networks."""

import copy
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

from network_samples import ARCHITECTURE, EXACT, alone, lively, logits_of, whole_split
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.lanes.fuse import fuse
from prunescape.lanes.shared_layers import share_before, stage_of
from prunescape.lanes.vectors import Layout
from prunescape.mechanism.folding import Folding
from prunescape.mechanism.sampling import (
    COLUMNS,
    SampleSettings,
    cheapest,
    sample_utility,
    subsets_needed,
    utility_over_epochs,
)
from prunescape.mechanism.statistics import deviation_error
from prunescape.mechanism.subsets import (
    Subset,
    Weights,
    are_enough,
    channels,
    choose,
    magnitude_bands,
    random_subset,
)
from prunescape.mechanism.utility import Ablations, kl_divergence
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.graph import Graph
from prunescape.pruning.scores import magnitude
from prunescape.pruning.unstructured import apply_masks, masks, part_of, prunable
from prunescape.stochastic.variants import Pretrained
from prunescape.training.context import Context
from prunescape.training.engine import Engine


@pytest.fixture(scope="module")
def network(pretrained: Pretrained) -> torch.nn.Module:
    return pretrained.network


@pytest.fixture(scope="module")
def ablations(network: torch.nn.Module, digits: PreparedData) -> Ablations:
    return Ablations(network, digits, EXACT)


def ablated(network: torch.nn.Module, subset: Subset) -> torch.nn.Module:
    """A plain network with the subset zeroed, weight by weight."""
    network = copy.deepcopy(network)
    wanted, start = set(subset.positions.tolist()), 0
    for parameter in network.parameters():
        for place in range(parameter.numel()):
            if start + place in wanted:
                parameter.data.view(-1)[place] = 0.0
        start += parameter.numel()
    return network


def utility(network: torch.nn.Module, other: torch.nn.Module, images: torch.Tensor) -> float:
    """Definition 1, with scipy's relative entropy."""
    f, g = (softmax(logits_of(one, images).numpy(), 1) for one in (network, other))
    return float(rel_entr(f, g).sum(1).mean())


@given(seed=st.integers(0, 2**32), scale=st.floats(0, 1000), lanes=st.integers(1, 4), classes=st.integers(2, 12))
def test_kl_divergence_is_scipys_and_never_negative(seed: int, scale: float, lanes: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    whole, other = rng.normal(size=(5, classes)) * scale, rng.normal(size=(5, lanes, classes)) * scale
    found = kl_divergence(torch.from_numpy(log_softmax(whole, 1)), torch.from_numpy(other)).numpy()
    assert (found >= 0).all()
    expected = rel_entr(softmax(whole, 1)[:, None], softmax(other, 2)).sum(2)
    exact = softmax(other, 2).min(2) > 1e-300  # below, probabilities lose digits, and logarithms do not
    np.testing.assert_allclose(found[exact], expected[exact], rtol=1e-7, atol=1e-12)
    assert np.isfinite(found).all()
    same = np.repeat(whole[:, None], lanes, 1)
    assert not kl_divergence(torch.from_numpy(log_softmax(whole, 1)), torch.from_numpy(same)).max() > 1e-12


@pytest.mark.parametrize("level", [0.01, 0.25])
def test_utility_is_a_loop_over_plain_networks(
    level: float, ablations: Ablations, network: torch.nn.Module, digits: PreparedData
) -> None:
    table = sample_utility(ablations, SampleSettings((level,), subsets=18, seed=5))
    assert tuple(table.columns) == COLUMNS
    images, _ = whole_split(digits, "train")
    weights = Weights.of(network)
    for row in table.itertuples():
        other = ablated(network, random_subset(weights, row.ablated, 5, row.subset))
        assert row.utility == pytest.approx(utility(network, other, images), rel=1e-6)
        assert (row.top1, row.loss) == pytest.approx(alone(other, digits, "train"), rel=1e-6)
    assert table["utility"].min() > 0


def test_an_empty_ablation_is_the_network_itself(
    ablations: Ablations, network: torch.nn.Module, digits: PreparedData
) -> None:
    (row,) = ablations.measure([Subset({}, np.array([], dtype=np.int64))]).itertuples()
    assert row.utility < 1e-15  # the whole network runs alone, and sums otherwise than lanes do
    whole = ablations.whole()
    assert (whole["whole_top1"], whole["whole_loss"]) == pytest.approx(alone(network, digits, "train"))
    assert ablations.measure([]).empty


def test_a_utility_depends_on_neither_its_neighbours_nor_the_number_of_workers(
    network: torch.nn.Module, digits: PreparedData
) -> None:
    engine = replace(EXACT, precision="float32")
    subsets = [random_subset(Weights.of(network), 30, 0, number) for number in range(40)]
    one = Ablations(network, digits, engine).measure(subsets)
    two = Ablations(network, digits, replace(engine, threads=2)).measure(subsets)
    few = Ablations(network, digits, engine).measure(subsets[17:19])
    assert one.equals(two)
    assert one.iloc[17:19].reset_index(drop=True).equals(few)


def test_outputs_that_are_not_finite_have_no_utility(network: torch.nn.Module, digits: PreparedData) -> None:
    broken = copy.deepcopy(network)
    broken.get_parameter("fc.bias").data[0] = torch.nan
    table = Ablations(broken, digits, EXACT).measure([random_subset(Weights.of(network), 9, 0, 0)])
    assert table["utility"].isna().all()


@given(weights=st.integers(1, 300), part=st.floats(0.001, 1), seed=st.integers(0, 2**40), number=st.integers(0, 999))
def test_a_random_subset_has_exactly_its_size(weights: int, part: float, seed: int, number: int) -> None:
    count = max(1, int(part * weights))
    places = choose(weights, count, seed, number)
    assert len(places) == count == len(set(places.tolist()))
    assert places.min() >= 0
    assert places.max() < weights
    assert (np.diff(places) > 0).all()
    raw = np.random.PCG64(derive_seed(seed, "ablated subset", count, number)).random_raw(weights)
    assert set(places.tolist()) == set(np.argsort(raw)[:count].tolist())


def test_random_subsets_are_uniform_and_named() -> None:
    drawn = np.zeros(60)
    pairs = 0
    for number in range(3000):
        places = choose(60, 15, 1, number)
        drawn[places] += 1
        pairs += int({3, 4} <= set(places.tolist()))
    expected = 3000 * 15 / 60
    assert ((drawn - expected) ** 2 / (expected * 0.75)).sum() < 59 + 5 * np.sqrt(2 * 59)
    assert pairs == pytest.approx(3000 * 15 * 14 / (60 * 59), abs=5 * np.sqrt(3000 * 0.06))
    one = choose(60, 15, 1, 0)
    assert np.array_equal(one, choose(60, 15, 1, 0))
    others = [choose(60, 15, 2, 0), choose(60, 15, 1, 1)]
    assert not any(np.array_equal(one, other) for other in others)
    with pytest.raises(ValueError, match="61 of 60 weights"):
        choose(60, 61, 0, 0)


def test_ratios_are_exact_in_decimals() -> None:
    assert part_of(1000, 0.07) == 70  # 0.07 * 1000 is above 70, 0.29 * 100 below 29 in floating point
    assert part_of(100, 0.29) == 29
    for wrong in (0.0, 1.1, 0.001):
        with pytest.raises(ValueError, match=r"the ratio is|is not one"):
            part_of(100, wrong)


def test_subsets_of_a_pruned_network_are_of_what_is_left(network: torch.nn.Module) -> None:
    kept = masks(magnitude(prunable(network)), 0.5)
    weights = Weights.of(network, kept)
    assert len(weights) == sum(int(mask.sum()) for mask in kept.values())
    everything = Weights.of(network)
    threshold = np.sort(everything.magnitudes)[len(everything) - len(weights)]
    assert weights.magnitudes.min() == threshold
    vector = Layout.of(network).vector(network.state_dict()).abs().numpy()
    assert np.array_equal(vector[weights.positions], weights.magnitudes)
    assert len(Weights.of(network, {"conv1.weight": kept["conv1.weight"]})) > len(weights)


def test_the_same_number_of_weights_is_ablated_in_networks_of_unlike_size(
    network: torch.nn.Module, digits: PreparedData, ablations: Ablations
) -> None:
    total = len(Weights.of(network))
    kept = masks(magnitude(prunable(network)), 0.5)
    small = Ablations(apply_masks(copy.deepcopy(network), kept), digits, EXACT)
    levels = (0.1, 0.25, 0.5, 0.75)
    equal = SampleSettings(levels, "number", subsets=3, reference=total)
    found = sample_utility(small, equal, kept)
    assert found["level"].unique().tolist() == [0.1, 0.25]  # half of the whole is all there is, 0.75 more
    assert found["ablated"].tolist() == [part_of(total, level) for level in (0.1, 0.25) for _ in range(3)]
    by_ratio = sample_utility(ablations, SampleSettings((0.1,), subsets=3))
    by_number = sample_utility(ablations, replace(equal, levels=(0.1,)))
    assert by_ratio.drop(columns="ablation").equals(by_number.drop(columns="ablation"))
    with pytest.raises(ValueError, match="levels refer to"):
        SampleSettings(ablation="number").count(100, 0.1)


def test_a_standard_error_chooses_how_many_subsets(ablations: Ablations) -> None:
    """The sets begin alike, however many subsets a pilot of others asks for."""
    settings = SampleSettings((0.1,), subsets=100, seed=2)
    whole = sample_utility(ablations, settings)
    error = deviation_error(whole["utility"].to_numpy())
    found = sample_utility(ablations, replace(settings, standard_error=1.5 * error))
    assert 32 <= len(found) < 100
    assert found.equals(whole.iloc[: len(found)])
    assert len(sample_utility(ablations, replace(settings, standard_error=1e-9))) == 100
    assert len(sample_utility(ablations, replace(settings, standard_error=1e9))) == 32


def test_a_chosen_number_of_subsets_does_not_bias_the_imbalance() -> None:
    """Of skewed utilities; a set that ends itself has an imbalance that is too small by a tenth."""
    rng = np.random.default_rng(1)
    spread, target, pilot_wise, by_itself, errors = 0.5 * np.sqrt(np.exp(0.25) - 1) * np.exp(0.125), 0.04, [], [], []
    for _ in range(2000):
        values = 0.5 * rng.lognormal(sigma=0.5, size=1032)
        fresh = values[32 : 32 + subsets_needed(values[:32], target, 1000)]
        pilot_wise.append(fresh.std(ddof=1))
        errors.append(len(fresh))
        n = next(n for n in range(32, 1001, 8) if deviation_error(values[:n]) <= target or n == 1000)
        by_itself.append(values[:n].std(ddof=1))
    assert 60 < np.mean(errors) < 300
    assert np.mean(by_itself) < 0.95 * spread
    assert np.mean(pilot_wise) == pytest.approx(spread, rel=0.035)


def test_a_precision_chooses_the_fewest_evaluations_that_reach_it() -> None:
    """Of crossed effects, the errors of what a pilot chooses, bias included, are about those that were asked for."""
    rng, images, precision, chosen = np.random.default_rng(4), 4000, 0.08, []

    def effects(size: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.gamma(6.0, 1 / 6.0, size), rng.normal(size=size)

    of_images = rng.gamma(0.7, 1 / 0.7, images), rng.normal(size=images)

    def divergences(subsets: int, number: int) -> np.ndarray:
        """Some images weigh more for all subsets, some for each its own."""
        (scale, tilt), at = effects(subsets), rng.choice(images, number, replace=False)
        rows = scale[:, None] * of_images[0][at] * np.exp(0.2 * tilt[:, None] * of_images[1][at])
        return rows * rng.gamma(1.0, 1.0, rows.shape)

    everything = divergences(2000, images).mean(1)
    means, spreads, cost = [], [], []
    for _ in range(50):
        subsets, number = cheapest(divergences(32, 500), precision, 2000, images)
        found = divergences(subsets, number).mean(1)
        means.append(found.mean() / everything.mean() - 1)
        spreads.append(found.std(ddof=1) / everything.std(ddof=1) - 1)
        cost.append(subsets * number)
        chosen.append((subsets, number))
    for errors in (means, spreads):
        assert np.sqrt(np.mean(np.square(errors))) < 1.35 * precision  # 50 runs, and pilots that know it roughly
    assert np.median([number for _, number in chosen]) < images / 2
    assert cheapest(divergences(32, 500), 1e-6, 2000, images) == (2000, images)
    assert cheapest(np.ones((32, 500)), precision, 2000, images) == (2000, images)  # nothing to go by


def test_sample_sets_have_the_images_and_subsets_that_are_chosen(ablations: Ablations, digits: PreparedData) -> None:
    settings = SampleSettings((0.1, 0.25), subsets=40, seed=2)
    whole = sample_utility(ablations, settings)
    assert set(whole["images"]) == {digits.sizes["train"]}
    assert len(sample_utility(ablations, replace(settings, precision=1e-9))) == 80
    found = sample_utility(ablations, replace(settings, precision=0.9))
    assert found.groupby("level").size().tolist() == [32, 32]
    same = whole[whole["subset"] < 32].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, same)  # in other places of arrays, which float64 rounds otherwise
    few = ablations.on(40)
    assert few.images == 40
    subset = random_subset(Weights.of(ablations.network), 200, 0, 1)
    on_all, on_few = (one.divergences(1, lambda _: subset.positions)[0] for one in (ablations, few))
    assert on_all.mean() == pytest.approx(ablations.measure([subset])["utility"][0])
    assert on_few.mean() == pytest.approx(few.measure([subset])["utility"][0])
    assert set(on_few.round(9)) <= set(on_all.round(9))


@pytest.mark.parametrize("name", ["small_resnet", "resnet20", "mobilenetv2", "vanilla_cnn"])
def test_batch_norm_is_folded_into_convolutions_but_for_rounding(name: str) -> None:
    """Networks whose weights and statistics are random, ablated and whole; every batch norm is gone."""
    side = 8 if name == "small_resnet" else 32
    network, images = lively(Architecture(name, (3, side, side), 10), 1).float(), torch.rand(4, 3, side, side).double()
    generator = torch.Generator().manual_seed(0)
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    layout, folding = Layout.of(network), Folding.of(network, images)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folding.network.modules())
    vectors = layout.vector(network.state_dict()).float().repeat(2, 1)
    vectors[1, random_subset(Weights.of(network), 100, 0, 0).positions] = 0.0
    for vector, folded in zip(vectors, folding.vectors(vectors), strict=True):
        plain, other = copy.deepcopy(network).eval(), copy.deepcopy(folding.network).float().eval()
        plain.load_state_dict(layout.state(vector), strict=False)
        other.load_state_dict(folding.layout.state(folded), strict=False)
        expected = logits_of(plain, images)
        assert (logits_of(other, images) - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_batch_norm_stays_where_others_read_what_it_reads() -> None:
    class Between(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            return (x + self.norm(x)).mean((2, 3))

    network = Between().eval()
    network.norm.running_mean += 1
    assert Folding.of(network, torch.rand(2, 3, 8, 8)).pairs == {}


def test_bfloat16_changes_utilities_by_some_percent(network: torch.nn.Module, digits: PreparedData) -> None:
    subsets = [random_subset(Weights.of(network), 400, 0, number) for number in range(16)]
    exact, short = (
        Ablations(network, digits, replace(EXACT, precision=precision)).measure(subsets)["utility"]
        for precision in ("float32", "bfloat16")
    )
    errors = (short / exact - 1).abs()
    assert 0 < errors.median() < 0.03
    assert errors.max() < 0.15
    assert short.corr(exact, method="spearman") > 0.95


def test_bands_are_neighbours_in_magnitude(network: torch.nn.Module, ablations: Ablations) -> None:
    weights = Weights.of(network)
    ordered = np.sort(weights.magnitudes)
    found = magnitude_bands(weights, [0.05, 0.25], bands=5)
    vector = Layout.of(network).vector(network.state_dict()).abs().numpy()
    for subset in found:
        low, count = round(subset.labels["low"] * len(weights)), subset.labels["ablated"]
        assert count == part_of(len(weights), subset.labels["ratio"])
        np.testing.assert_array_equal(np.sort(vector[subset.positions]), ordered[low : low + count])
    ends = [(subset.labels["low"], round(subset.labels["high"], 12)) for subset in found]
    assert ends[0][0] == ends[5][0] == 0
    assert ends[4][1] == ends[9][1] == 1
    table = ablations.measure(found)
    assert list(table.columns[:7]) == ["ratio", "ablated", "band", "low", "high", "low_magnitude", "high_magnitude"]
    large = table[table["ratio"] == 0.25]["utility"]
    assert large.iloc[4] > large.iloc[0]


@pytest.mark.parametrize("name", ["small_resnet", "vanilla_cnn", pytest.param("mobilenetv2", marks=pytest.mark.full)])
def test_a_channels_ablation_is_the_network_without_it(name: str) -> None:
    architecture = Architecture(name, (3, 16, 16), 10)
    network = lively(architecture, 1).eval()
    groups = Graph(network, architecture).groups[1:3]
    subsets = channels(network, groups)
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert len(subsets) == sum(group.channels for group in groups)
    for subset in subsets[:: max(1, len(subsets) // 5)]:
        without = copy.deepcopy(network)
        Graph(without, architecture).cut({subset.labels["layer"]: [subset.labels["channel"]]})
        layout = Layout.of(network)
        vector = layout.vector(network.state_dict())
        vector[subset.positions] = 0
        masked = copy.deepcopy(network)
        masked.load_state_dict(layout.state(vector))
        expected = logits_of(without, images)
        torch.testing.assert_close(logits_of(masked, images), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("resnet20", ["blocks.0", "blocks.1"]),
        ("vanilla_cnn", ["features.2", "features.4", "features.7"]),
        ("mobilenetv2", ["features.1", "features.2"]),
        ("resnet18_cifar", ["layer1.0", "layer1.1", "layer2.0"]),
        ("vgg19_cifar", ["features.3", "features.7"]),
    ],
)
def test_layers_before_a_stage_are_shared(name: str, stages: list[str]) -> None:
    architecture = Architecture(name, (1, 16, 16), 10)
    network = lively(architecture, 1).eval()
    groups = Graph(network, architecture).groups[: len(stages)]
    assert [stage_of(network, group.root) for group in groups] == stages
    other = copy.deepcopy(network)
    producer = other.get_parameter(f"{groups[-1].root}.weight")
    producer.data[: len(producer) // 2] = 0
    fused, images = fuse([network, other, network]).double().eval(), torch.rand(2, 1, 16, 16, dtype=torch.float64)
    expected = fused(images)
    share_before(fused, copy.deepcopy(network).double(), stages[-1], 3)
    torch.testing.assert_close(fused(images), expected, rtol=1e-9, atol=1e-12)
    assert fused.get_parameter(next(iter(prunable(network)))).dim() == 4  # not stacked
    assert not torch.allclose(expected[:, :10], expected[:, 10:20])


def test_a_channels_utility_is_that_of_its_subset(
    ablations: Ablations, network: torch.nn.Module, digits: PreparedData
) -> None:
    groups = Graph(network, ARCHITECTURE).groups
    found = ablations.measure_channels(groups)
    expected = ablations.measure([subset for group in groups for subset in channels(network, [group])])
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)
    assert list(found.columns) == ["layer", "channel", "ablated", "utility", "top1", "loss"]
    assert found["layer"].value_counts().to_dict() == {"blocks.0.conv1": 16, "blocks.1.conv1": 32}


def test_nothing_is_shared_before_the_first_layers() -> None:
    network = build(ARCHITECTURE, 0)
    assert stage_of(network, "conv1") is stage_of(network, "fc") is None
    assert stage_of(build(Architecture("vanilla_cnn", (1, 8, 8), 10), 0), "features.0") is None


def test_utility_over_epochs_ablates_the_same_subsets(network: torch.nn.Module, digits: PreparedData) -> None:
    states = {0: build(ARCHITECTURE, 3).state_dict(), 8: network.state_dict()}
    context = Context(ARCHITECTURE, digits, EXACT, 3)
    table = utility_over_epochs(context, states, SampleSettings((0.05, 0.1), subsets=4))
    assert list(table.columns) == ["epoch", "whole_top1", "whole_loss", *COLUMNS]
    assert table["epoch"].tolist() == [0] * 8 + [8] * 8
    later = table[table["epoch"] == 8].reset_index(drop=True)
    assert later["whole_top1"].unique() == pytest.approx(alone(network, digits, "train")[0])
    expected = sample_utility(Ablations(network, digits, EXACT), SampleSettings((0.05, 0.1), subsets=4))
    assert later[list(COLUMNS)].equals(expected)


def test_snapshots_have_the_statistics_of_their_own_weights(digits: PreparedData) -> None:
    """By torch, of one batch with all images; an ablated network keeps those of the whole one."""
    untrained, settings = build(ARCHITECTURE, 3), SampleSettings((0.1,), subsets=4)
    context, batches = (
        Context(ARCHITECTURE, digits, EXACT, 3),
        Batches(digits, "train", "cpu", 100, dtype=torch.float64),
    )
    table = utility_over_epochs(context, {0: untrained.state_dict()}, settings, batches)
    fitted = copy.deepcopy(untrained).double().train()
    for module in fitted.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        fitted(whole_split(digits, "train")[0])
    assert (table["whole_top1"][0], table["whole_loss"][0]) == pytest.approx(alone(fitted, digits, "train"))
    subset = random_subset(Weights.of(fitted), table["ablated"][0], 0, 2)
    assert table["loss"][2] == pytest.approx(alone(ablated(fitted, subset), digits, "train")[1])
    running = utility_over_epochs(context, {0: untrained.state_dict()}, settings)
    assert running["whole_loss"][0] == pytest.approx(alone(untrained, digits, "train")[1])
    assert abs(running["whole_loss"][0] - table["whole_loss"][0]) > 0.01


def test_single_lanes_do_as_well(network: torch.nn.Module, digits: PreparedData, ablations: Ablations) -> None:
    subsets = [random_subset(Weights.of(network), 60, 0, number) for number in range(2)]
    alone_found = Ablations(network, digits, Engine(precision="float64")).measure(subsets)
    np.testing.assert_allclose(alone_found.to_numpy(), ablations.measure(subsets).to_numpy(), rtol=1e-6)


@given(weights=st.integers(0, 12), count=st.integers(0, 14), wanted=st.integers(1, 1000))
@settings(max_examples=300, deadline=None)
def test_subsets_are_counted(weights: int, count: int, wanted: int) -> None:
    choice = 0 < count < weights
    assert are_enough(weights, count, wanted) == (choice and math.comb(weights, count) >= wanted)


def test_subsets_of_large_networks_are_counted_at_once() -> None:
    assert are_enough(10**9, 5 * 10**8, 10**6)
    assert not are_enough(10**9, 10**9, 1)
