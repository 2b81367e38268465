"""What explains utility, how sharp the loss is, and what foretells accuracy: against exact values on tiny networks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from scipy.special import rel_entr
from scipy.stats import spearmanr

from network_samples import ARCHITECTURE, EXACT, whole_split
from prunescape.data.prepared import PreparedData
from prunescape.lanes.vectors import Layout
from prunescape.mechanism import prediction
from prunescape.mechanism.explained import (
    Parts,
    explain,
    explained_over_epochs,
    explained_share,
    fisher,
    parts_of,
)
from prunescape.mechanism.labels import PREDICTORS
from prunescape.mechanism.sampling import SampleSettings, utility_over_epochs
from prunescape.mechanism.sharpness import Curvature
from prunescape.mechanism.statistics import prediction_correlations, rank_stability
from prunescape.mechanism.subsets import Weights, random_subset
from prunescape.pruning.unstructured import prunable
from prunescape.stochastic.variants import Pretrained
from prunescape.training.context import Context
from prunescape.training.train import Task

RATES = 0.1, 1e-3


@pytest.fixture
def tiny() -> torch.nn.Module:
    """42 weights in two layers."""
    torch.manual_seed(4)
    layers = torch.nn.Conv2d(1, 2, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    return torch.nn.Sequential(*layers).double()


@pytest.fixture
def labelled() -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(60, 1, 4, 4, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (60,), generator=generator)
    return list(zip(images.split(25), labels.split(25), strict=True))


def outputs_without(network: torch.nn.Module, images: torch.Tensor, name: str, place: int) -> np.ndarray:
    weight = network.get_parameter(name).detach()
    kept = weight.view(-1)[place].item()
    with torch.no_grad():
        weight.view(-1)[place] = 0.0
        found = network(images).softmax(1).numpy()
        weight.view(-1)[place] = kept
    return found


def test_fisher_information_is_the_divergence_of_small_ablations(tiny: torch.nn.Module, labelled: list) -> None:
    with torch.no_grad():
        for weight in tiny.parameters():
            weight *= 0.2
    images, information = torch.cat([x for x, _ in labelled]), {}
    for seed in range(60):
        for name, values in fisher(tiny, labelled, seed).items():
            information[name] = information.get(name, 0) + values / 60
    whole = tiny(images).softmax(1).detach().numpy()
    found, expected = [], []
    for name in prunable(tiny):
        weight = tiny.get_parameter(name).detach().view(-1)
        for place in range(0, len(weight), 3):
            found.append(float(information[name].view(-1)[place] * weight[place] ** 2 / 2))
            expected.append(rel_entr(whole, outputs_without(tiny, images, name, place)).sum(1).mean())
    assert sum(found) == pytest.approx(sum(expected), rel=0.05)
    assert np.corrcoef(found, expected)[0, 1] > 0.99


def test_parts_of_subsets_are_counted_layer_by_layer(pretrained: Pretrained) -> None:
    network = pretrained.network
    information = {name: torch.rand(weight.shape).double() for name, weight in prunable(network).items()}
    found = parts_of(network, information, 500, 3, 2)
    assert found.counts.sum(1).tolist() == [500, 500]
    weights = Weights.of(network)
    marked = torch.zeros(sum(Layout.of(network).shapes[name].numel() for name in Layout.of(network).shapes))
    marked[random_subset(weights, 500, 3, 1).positions] = 1
    state = Layout.of(network).state(marked.double())
    norms = [float((network.get_parameter(name).detach() ** 2 * state[name]).sum()) for name in information]
    assert sorted(found.norms[1]) == pytest.approx(sorted(norms), rel=1e-5)
    every = {name: network.get_parameter(name).detach().double() ** 2 * of for name, of in information.items()}
    assert found.predicted[1] == pytest.approx(sum(float((every[name] * state[name]).sum()) for name in every) / 2)
    assert found.expected == pytest.approx(sum(float(one.sum()) for one in every.values()) / 2 * 500 / len(weights))


def test_the_explained_share_is_that_of_the_variance_and_none_on_average_where_nothing_is() -> None:
    rng = np.random.default_rng(0)
    shares, nothing = [], []
    for _ in range(300):
        columns = rng.normal(size=(40, 5))
        shares.append(explained_share(columns @ [2, 0, 0, 0, 0] + rng.normal(size=40), columns))
        nothing.append(explained_share(rng.normal(size=40), columns))
    assert np.mean(shares) == pytest.approx(4 / 5, abs=0.02)
    assert np.mean(nothing) == pytest.approx(0, abs=0.03)
    assert np.std(nothing) > 0.05
    constant = np.column_stack([columns, -columns.sum(1)])  # as counts of layers add up to the subset
    assert explained_share(columns[:, 0], constant) == pytest.approx(1)
    assert np.isnan(explained_share(np.ones(40), columns))
    assert np.isnan(explained_share(rng.normal(size=7), columns[:7]))


def test_the_control_variate_has_the_same_mean_and_a_smaller_error() -> None:
    rng = np.random.default_rng(1)
    own = rng.lognormal(sigma=1.5, size=400)
    truth, found = own.sum() * 0.1, []
    for _ in range(600):
        predicted = np.array([own[rng.permutation(400)[:40]].sum() for _ in range(30)])
        utility = predicted + rng.normal(0, 10, 30)
        parts = Parts(np.ones((30, 1)), np.ones((30, 1)), predicted, truth)
        row = explain(utility, parts)
        found.append((row["adjusted_mean"], row["adjusted_error"], utility.mean(), row["fisher"]))
    adjusted, errors, plain, shares = np.array(found).T
    assert adjusted.mean() == pytest.approx(truth, abs=4 * adjusted.std() / 600**0.5)
    assert errors.mean() == pytest.approx(adjusted.std(), rel=0.1)
    assert adjusted.std() < 0.5 * plain.std()
    assert 0.7 < shares.mean() < 0.95


def test_sample_sets_are_explained_with_their_own_subsets(pretrained: Pretrained, digits: PreparedData) -> None:
    """Utility that is linear in the squared norms is explained by them wholly, which it is not otherwise."""
    context, settings = Context(ARCHITECTURE, digits, EXACT, 3), SampleSettings((0.05,), subsets=16, seed=2)
    states = {4: pretrained.network.state_dict()}
    table = utility_over_epochs(context, states, settings)
    (real,) = explained_over_epochs(context, states, table, settings).to_dict("records")
    assert (real["epoch"], real["subsets"], real["mean"]) == (4, 16, pytest.approx(table["utility"].mean()))
    weights = Weights.of(pretrained.network)
    of_norms = [
        float(
            (
                Layout.of(pretrained.network).vector(states[4])[random_subset(weights, 944, 2, place).positions] ** 2
            ).sum()
        )
        for place in range(16)
    ]
    assert table["ablated"][0] == 944
    shuffled = table.assign(utility=of_norms).sample(frac=1, random_state=0)
    (row,) = explained_over_epochs(context, states, shuffled, settings).to_dict("records")
    assert row["norms"] == pytest.approx(1)
    assert real["norms"] < 1


def test_ranks_are_compared_with_the_last_epoch_and_the_next() -> None:
    rng = np.random.default_rng(2)
    rows = [(0, 0.1, epoch, subset, rng.random()) for epoch in (0, 5, 9) for subset in range(12)]
    table = pd.DataFrame(rows, columns=["seed", "level", "epoch", "subset", "utility"])
    found = rank_stability(table.sample(frac=1, random_state=1), ["seed", "level"]).set_index("epoch")
    wide = table.pivot_table(index="subset", columns="epoch", values="utility")
    assert found["to_last"].tolist() == pytest.approx([spearmanr(wide[at], wide[9]).statistic for at in (0, 5)])
    assert found["to_next"].tolist() == pytest.approx(
        [spearmanr(wide[at], wide[after]).statistic for at, after in ((0, 5), (5, 9))]
    )
    assert rank_stability(table[table["epoch"] == 0], ["seed", "level"]).empty


def test_sharpness_is_that_of_the_whole_hessian(tiny: torch.nn.Module, labelled: list) -> None:
    images, labels = (torch.cat(parts) for parts in zip(*labelled, strict=True))
    names = list(prunable(tiny))
    sizes = [tiny.get_parameter(name).numel() for name in names]
    start = torch.cat([tiny.get_parameter(name).detach().flatten() for name in names])

    def loss(vector: torch.Tensor) -> torch.Tensor:
        parts = dict(zip(names, vector.split(sizes), strict=True))
        shaped = {name: part.view(tiny.get_parameter(name).shape) for name, part in parts.items()}
        return F.cross_entropy(torch.func.functional_call(tiny, shaped, (images,)), labels)

    hessian = torch.autograd.functional.hessian(loss, start)
    curvature = Curvature(tiny, labelled)
    trace, error = curvature.trace(0, probes=300)
    assert trace == pytest.approx(float(hessian.trace()), abs=4 * error)
    assert error < 0.1 * trace
    assert curvature.top_eigenvalue(0, steps=50) == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]))
    assert curvature.top_eigenvalue(0, steps=12) == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), rel=0.02)
    gradient = torch.autograd.functional.jacobian(loss, start)
    after = loss(start + 0.05 * gradient / gradient.norm())
    assert curvature.rise() == pytest.approx(float(after - loss(start)))
    assert curvature.loss() == pytest.approx(float(loss(start)))  # the network is as before


def test_sets_of_channels_are_of_one_size_and_scored_by_what_they_hold(
    pretrained: Pretrained, digits: PreparedData
) -> None:
    context, start = Context(ARCHITECTURE, digits, EXACT, 3), pretrained.network.state_dict()
    sets = prediction.channel_sets(context, start, 0.5, 4)
    gone = [sum(int((~mask).sum()) for name, mask in masks.items() if name.endswith("bn1.bias")) for masks in sets]
    assert set(gone) == {24}  # of 16 + 32
    table = prediction.scores_of(context, start, sets)
    assert table["set"].tolist() == [0, 1, 2, 3]
    lost = {
        name: torch.where(sets[2][name], 0, start[name]) for name in prunable(pretrained.network) if name in sets[2]
    }
    assert table["magnitude"][2] == pytest.approx(sum(float(part.abs().sum()) for part in lost.values()), rel=1e-5)
    images, labels = whole_split(digits, "train")
    network = context.network(start).double()
    for parameter in network.parameters():
        parameter.requires_grad_()
    F.cross_entropy(network(images), labels).backward()
    taylor = sum(float((network.get_parameter(name).grad * part).sum()) for name, part in lost.items())
    assert table["taylor"][2] == pytest.approx(abs(taylor), rel=1e-6)
    without = context.network(
        {name: torch.where(sets[2][name], start[name], 0) if name in sets[2] else start[name] for name in start}
    )
    right = without.double()(whole_split(digits, "validation")[0]).argmax(1) == whole_split(digits, "validation")[1]
    assert table["pruned_top1"][2] == pytest.approx(100 * right.double().mean().item())
    assert table["utility"].nunique() == table["random"].nunique() == 4


def test_sets_are_retrained_twice_as_any_lane(pretrained: Pretrained, task: Task, digits: PreparedData) -> None:
    from prunescape.mechanism.cycles import FINE_TUNING, retraining_task
    from prunescape.training.train import Lane, train

    pretraining = replace(task, architecture=ARCHITECTURE, recipe=replace(task.recipe, epochs=2, decay_epochs=(1,)))
    start = pretrained.network.state_dict()
    context, short = Context(ARCHITECTURE, digits, EXACT, 3), replace(pretraining.recipe, epochs=1, decay_epochs=())
    sets = prediction.channel_sets(context, start, 0.5, 2)
    found = prediction.retrain_without(pretraining, short, start, sets, *RATES)
    masked = {name: torch.where(sets[1][name], start[name], 0) if name in sets[1] else start[name] for name in start}
    for repeat, name in ((1, "first_top1"), (2, "second_top1")):
        lane = Lane(RATES[0] * pretraining.recipe.decay, RATES[1], mask=sets[1], start=masked)
        (result,) = train(retraining_task(pretraining, FINE_TUNING, repeat, short), [lane])
        assert found[name][1] == result.last("top1")


def test_predictions_are_rank_correlations_below_their_ceiling() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(size=4000)
    table = pd.DataFrame({name: rng.normal(size=4000) for name in PREDICTORS})
    table = table.assign(utility=-truth, pruned_top1=truth, seed=1)
    table = table.assign(first_top1=truth + rng.normal(size=4000), second_top1=truth + rng.normal(size=4000))
    found = prediction_correlations(table, ["seed"]).set_index("score")
    assert found.loc["utility", "pruned"] == pytest.approx(1)
    assert found.loc["utility", "retrained"] == pytest.approx(found.loc["utility", "ceiling"], abs=0.03)
    assert found.loc["utility", "ceiling"] == pytest.approx((2 / 3) ** 0.5, abs=0.04)
    mean = (table["first_top1"] + table["second_top1"]) / 2
    assert found.loc["fisher", "retrained"] == pytest.approx(-spearmanr(table["fisher"], mean).statistic)
    flat = table.assign(first_top1=90.0, second_top1=90.0)
    assert prediction_correlations(flat, ["seed"])["retrained"].isna().all()
