"""Scores of single weights against single backward passes and finite differences; what claims make of their orders."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import nn

import coherence_table_samples as samples
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.measure import hardest_share, measure
from prunescape.coherence.runs import layer_table
from prunescape.coherence.scores import SCORES, flat, rank_correlations, weight_scores
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.context import Context
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

ENGINE = Engine()


def context_of(name: str, digits: PreparedData) -> Context:
    few = digits.only("train", np.arange(12))
    return Context(
        Architecture(name, few.input_shape, len(few.classes), width=6 if name == "mlp" else None), few, ENGINE, 0
    )


def all_images(context: Context) -> tuple[torch.Tensor, torch.Tensor]:
    batches: Batches = validation_batches(context.data, ENGINE, "train")
    parts = list(batches)
    return torch.cat([images for images, _ in parts]).double(), torch.cat([labels for _, labels in parts])


def slopes(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    names, parameters = zip(*network.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(F.cross_entropy(network(images), labels), parameters), strict=True))


@pytest.mark.parametrize("name", ["mlp", "small_resnet", "small_vit"])
def test_scores_are_those_of_single_backward_passes(name: str, digits: PreparedData) -> None:
    context = context_of(name, digits)
    first, last = (build(context.architecture, seed).state_dict() for seed in (0, 1))
    network = context.network(last).double()
    layers = prunable_layers(network)
    found = flat(weight_scores(context, {0: first, 5: last}, 5, layers))
    assert tuple(found) == SCORES
    images, labels = all_images(context)
    each = [slopes(network, image[None], label[None]) for image, label in zip(images, labels, strict=True)]
    mean = {of.name: torch.stack([one[of.name] for one in each]).mean(0) for of in layers}
    step = 1e-4
    ends = []
    for sign in (1, -1):
        moved = context.network(last).double()
        with torch.no_grad():
            for of in layers:
                moved.get_parameter(of.name).add_(mean[of.name], alpha=sign * step)
        ends.append(slopes(moved, images, labels))
    for place, of in enumerate(layers):
        begin = sum(layer.weights for layer in layers[:place])
        mine = {score: values[begin : begin + of.weights] for score, values in found.items()}
        stack = torch.stack([one[of.name] for one in each]).flatten(1)
        weights, gradient = last[of.name].double().flatten(), stack.mean(0)
        bent = ((ends[0][of.name] - ends[1][of.name]) / (2 * step)).flatten()
        energy = stack.square().mean(0)
        expected = {
            "gradient": gradient.abs(),
            "coherence": torch.where(energy > 0, gradient.square() / energy, 0.0),
            "snip": (weights * gradient).abs(),
            "magnitude": weights.abs(),
            "movement": (last[of.name] - first[of.name]).abs().flatten(),
        }
        for score, values in expected.items():
            known = energy.sqrt() > 1e-6 if score == "coherence" else torch.ones_like(energy, dtype=torch.bool)
            assert mine[score][known] == pytest.approx(values[known].numpy(), rel=1e-3, abs=1e-6), (score, of)
        close = np.abs(mine["grasp"] - (weights * bent).numpy()).max()
        assert close < 1e-3 * max(1e-3, float((weights * bent).abs().max())), of
        assert np.abs(mine["diff"] - stack.sign().mean(0).abs().numpy()).mean() < 0.01


def test_rank_correlations_are_spearmans_and_the_highest_are_shared() -> None:
    generator = np.random.default_rng(0)
    values = {"a": generator.normal(size=200).round(1), "b": generator.normal(size=200), "c": np.zeros(200)}
    values["d"] = values["a"] + 0.3 * values["b"]
    table = rank_correlations(values).set_index(["one", "other"])
    assert len(table) == 6
    for one, other in (("a", "b"), ("a", "d"), ("b", "d")):
        assert table["rank_correlation"][one, other] == pytest.approx(spearmanr(values[one], values[other]).statistic)
    assert math.isnan(table["rank_correlation"]["a", "c"])
    highest = set(np.argsort(values["b"])[-20:]) & set(np.argsort(values["d"])[-20:])
    assert table["shared"]["b", "d"] == len(highest) / 20


@pytest.mark.parametrize("name", ["mlp", "small_vit"])
def test_coherence_of_each_layer_and_of_the_whole(name: str, digits: PreparedData) -> None:
    """Of a layer it is that of its gradients alone; weighed by their squared norms, layers give that of the whole."""
    context = context_of(name, digits)
    network = build(context.architecture, 0)
    measured = measure(network, context.data, ENGINE)
    images, labels = all_images(context)
    exact = network.double().eval()
    each = [slopes(exact, image[None], label[None]) for image, label in zip(images, labels, strict=True)]
    weighed, lengths = 0.0, 0.0
    for key, alpha in measured.layers.items():
        stack = torch.stack([one[key] for one in each]).flatten(1)
        length = stack.square().sum(1).mean().item()
        if length > 1e-12:
            assert alpha == pytest.approx(stack.mean(0).square().sum().item() / length, rel=1e-3)
            weighed, lengths = weighed + alpha * length, lengths + length
    assert weighed / lengths == pytest.approx(measured.coherence, rel=1e-3)
    squares = torch.stack([sum(part.square().sum() for part in one.values()) for one in each])  # type: ignore[arg-type]
    assert measured.hardest_share == pytest.approx((squares.max() / squares.sum()).item(), rel=1e-3)
    layers = prunable_layers(network)
    table = layer_table(layers, {3: measured})
    assert table["coherence"].tolist() == [measured.layers[of.name] for of in layers]


def test_the_part_of_the_hardest_images() -> None:
    assert hardest_share(torch.ones(300)) == pytest.approx(0.01)
    assert hardest_share(torch.tensor([97.0, *[1.0] * 3])) == pytest.approx(0.97)
    assert math.isnan(hardest_share(torch.zeros(5)))


def test_layers_of_some_images_have_no_bias(digits: PreparedData) -> None:
    """The mean over many choices of images is the number of all, as for the whole network."""
    context = context_of("mlp", digits)
    network = build(context.architecture, 0)
    whole = measure(network, context.data, ENGINE, diffs=False).layers["fc2.weight"]
    draws = [measure(network, context.data, ENGINE, samples=8, seed=seed, diffs=False) for seed in range(150)]
    values = np.array([draw.layers["fc2.weight"] for draw in draws])
    assert values.mean() == pytest.approx(whole, abs=4 * values.std(ddof=1) / math.sqrt(150) + 0.05 * whole)


# Claims


def test_what_diffs_are_is_decided_by_their_rank_correlations() -> None:
    found = {row["id"].split(".")[1]: row for row in samples.answers(score_ranks=samples.score_ranks()).values()}
    outcomes = {key: row["outcome"] for key, row in found.items()}
    assert outcomes == {
        **{"diffs_follow_coherence": "holds", "diffs_follow_gradient": "holds", "diffs_follow_snip": "does not hold"},
        **{"diffs_apart_from_magnitude": "holds", "diffs_apart_from_movement": "holds"},
    }
    moved = samples.answers(score_ranks=samples.score_ranks(like={"movement": 0.8})).values()
    assert {row["outcome"] for row in moved if "movement" in row["id"]} == {"does not hold"}
    weak = samples.answers(score_ranks=samples.score_ranks(like={"movement": 0.3, "magnitude": 0.0})).values()
    assert {row["id"].split(".")[1] for row in weak if "likeness" in row["answer"]} == {"diffs_apart_from_movement"}
    near = samples.answers(score_ranks=samples.score_ranks(like={"movement": 0.5}))
    assert {row["outcome"] for row in near.values() if "movement" in row["id"]} == {"not decided"}
    assert found["diffs_follow_coherence"]["correlation"] == pytest.approx(0.8, abs=1e-3)


def test_when_coherence_peaks() -> None:
    """After 8 of 60 epochs; and late, after 44."""
    early = samples.epochs()
    found = samples.answer("first half", epochs=early)
    real = early[(early["data"] == "real") & (early["epoch"] > 0)]
    peak = real.loc[real.groupby("seed")["coherence"].idxmax()]["epoch"]
    assert found["epochs"] == peak.tolist()
    assert found["before"] == pytest.approx(50 - 100 * peak.mean() / 60)
    late = early.assign(coherence=np.where(early["epoch"] == 44 + 4 * (early["seed"] == 0), 0.9, early["coherence"]))
    assert samples.answer("first half", epochs=late)["outcome"] == "does not hold"


def test_the_weight_of_the_hardest_images_is_compared_at_the_end() -> None:
    table: pd.DataFrame = samples.epochs()
    assert samples.answer("hardest images", epochs=table)["outcome"] == "holds"
    falling = table.assign(hardest_share=0.5 - table["hardest_share"])
    assert samples.answer("hardest images", epochs=falling)["outcome"] == "does not hold"
