"""Controls of noise: each network against a plain one made here, the best of several draws, and what claims say."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import t

from network_samples import ARCHITECTURE, EXACT, alone
from prunescape.data.held_out import hold_out
from prunescape.data.prepared import PreparedData
from prunescape.pruning.repair import rescale
from prunescape.pruning.surgeon import compensate, inverse_factors
from prunescape.pruning.unstructured import apply_masks, masks, prunable
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.control_claims import baselines, of_seeds
from prunescape.stochastic.controls import COLUMNS, control_networks, measure_controls
from prunescape.stochastic.names import CONTROLS
from prunescape.stochastic.noise import perturb, root_mean_square
from prunescape.stochastic.variants import Pretrained, Variant
from prunescape.training.recalibration import recalibrated, recalibration_batches
from stochastic_results import CELL, MODEL, SEEDS, controls, scatter, stated, tables

BEST = {"gamma": 0.8, "sigma": 0.05, "of": {"recalibrated": {"gamma": 0.9, "sigma": 0.02}}}


@pytest.fixture(scope="module")
def context(pretrained: Pretrained, digits: PreparedData) -> PretrainedContext:
    kept, held_out = hold_out(digits, 30)
    sample = recalibration_batches(kept, EXACT, 25)
    own = Pretrained(MODEL, 3, copy.deepcopy(pretrained.network).double(), scoring=sample, stage="controls")
    return PretrainedContext(ARCHITECTURE, kept, EXACT, 3, own, held_out, sample)


def by_hand(context: PretrainedContext, control: str, gamma: float, sigma: float, draw: int) -> torch.nn.Module:
    """The network of a control, from noise and masks alone."""
    dense, sample = context.pretrained.network, context.sample
    unit = torch.cat([weight.flatten() for weight in prunable(dense).values()]).square().mean().sqrt().item()
    relative = control == "relative"
    noisy = perturb(dense, sigma / unit if relative else sigma, 3, draw, stage="controls", relative=relative)
    of = noisy if control in ("stochastic", "scores_alone", "relative") else dense
    kept = masks({name: weight.abs() for name, weight in prunable(of).items()}, gamma)
    made = copy.deepcopy(noisy if control in ("stochastic", "relative") else dense)
    if control == "updated":
        return compensate(made, kept, inverse_factors(dense, sample))
    apply_masks(made, kept)
    return rescale(made, dense, sample) if control == "rescaled" else made


def test_controls_are_what_they_are_called(context: PretrainedContext) -> None:
    table = measure_controls(context, BEST, 2, CONTROLS, context.sample)
    assert list(table) == list(COLUMNS)
    assert len(table) == 2 * 2 * (3 + 3 * 2)
    again = table.groupby(["control", "gamma", "recalibrated"]).last().reset_index()
    for row in again.to_dict("records"):
        network = by_hand(context, row["control"], row["gamma"], row["sigma"], row["draw"])
        if row["recalibrated"]:
            (network,) = recalibrated([network], context.sample, EXACT)
        for split, data, prefix in (("validation", context.data, ""), ("train", context.held_out, "held_out_")):
            top1, loss = alone(network, data, split)
            assert row[f"{prefix}loss"] == pytest.approx(loss, rel=1e-7), row["control"]
            assert row[f"{prefix}top1"] == pytest.approx(top1), row["control"]
    plain = measure_controls(context, {**BEST, "of": {}}, 1, ["deterministic", "stochastic"], None)
    assert plain["control"].tolist() == ["deterministic", "stochastic"]
    assert not plain["recalibrated"].any()


def test_networks_are_at_both_settings_once() -> None:
    made = control_networks(BEST, 3, ["deterministic", "relative"])
    assert [one[:3] for one in made[::4]] == [("deterministic", 0.8, 0.05), ("deterministic", 0.9, 0.02)]
    assert len(made) == len(set(made)) == 2 * (1 + 3)
    assert len(control_networks({**BEST, "of": {}}, 3, ["deterministic", "relative"])) == 4


def scaled(network: torch.nn.Module, factor: float) -> torch.nn.Module:
    """The same function: a convolution times a factor, and batch norm's statistics with it."""
    network = copy.deepcopy(network)
    with torch.no_grad():
        network.blocks[0].conv1.weight.mul_(factor)
        norm = network.blocks[0].bn1
        norm.running_mean.mul_(factor)
        norm.running_var.mul_(factor**2).add_(norm.eps * (factor**2 - 1))
    return network


@pytest.mark.parametrize("method", ["lamp", "magnitude_uniform", "magnitude_2of4"])
def test_noise_in_proportion_to_layers_does_not_change_with_a_layers_scale(
    context: PretrainedContext, digits: PreparedData, method: str
) -> None:
    """Scores that compare within layers; absolute noise, and magnitudes compared over all layers, do change."""
    one = context.pretrained
    other = Pretrained(MODEL, 3, scaled(one.network, 4.0), stage="controls")
    losses = []
    for network in (one, other):
        for way in (network, network.with_relative_noise()):
            variant = Variant("stochastic", method, 0.5, 0.05 if way is network else 0.5, 1)
            losses.append(alone(way.make(variant), digits, "validation")[1])
    dense = [alone(network.network, digits, "validation")[1] for network in (one, other)]
    assert dense[0] == pytest.approx(dense[1], rel=1e-9)
    assert losses[1] == pytest.approx(losses[3], rel=1e-9)
    assert losses[0] != pytest.approx(losses[2], rel=1e-4)


def test_noise_in_proportion_is_as_large_on_the_whole(context: PretrainedContext) -> None:
    network = context.pretrained.network
    weights = list(prunable(network).values())
    flat = torch.cat([weight.flatten() for weight in weights])
    assert root_mean_square(weights) == pytest.approx(flat.square().mean().sqrt().item(), rel=1e-12)
    absolute = perturb(network, 0.05, 0, 0)
    relative = perturb(network, 0.05 / root_mean_square(weights), 0, 0, relative=True)
    sizes = [
        torch.cat([(made.get_parameter(n) - w).flatten() for n, w in prunable(network).items()]).square().mean().sqrt()
        for made in (absolute, relative)
    ]
    assert sizes[0].item() == pytest.approx(sizes[1].item(), rel=0.02)
    for name, weight in prunable(network).items():
        ratio = (relative.get_parameter(name) - weight).std() / (absolute.get_parameter(name) - weight).std()
        assert ratio.item() == pytest.approx(
            (weight.square().mean().sqrt() / root_mean_square(weights)).item(), rel=1e-6
        )


def test_the_best_draw_is_chosen_on_held_out_images() -> None:
    rows = [  # draw, held-out accuracy and loss, test accuracy
        (0, 80.0, 0.5, 10.0),
        (1, 90.0, 0.6, 20.0),
        (2, 90.0, 0.4, 30.0),
        (3, 90.0, 0.4, 99.0),
    ]
    table = pd.DataFrame(rows, columns=["draw", "held_out_top1", "held_out_loss", "top1"])
    table = table.assign(model="m", seed=0, control="stochastic", gamma=0.8, sigma=0.1, recalibrated=False)
    found = of_seeds(table).set_index("control")["top1"]
    assert found.to_dict() == {"stochastic": 25.0, "best_draw": 30.0}


def test_baselines_side_by_side() -> None:
    found = baselines(controls(2.0)).set_index(["recalibrated", "control"]).loc[False]
    gains = np.array([20.0, 24.0, 34.0])  # twice each seed's
    row = found.loc["best_draw"]
    assert row["delta"] == pytest.approx(gains.mean() + 2)
    half = t.ppf(0.975, 2) * (gains + [scatter(seed) for seed in SEEDS]).std(ddof=1) / np.sqrt(3)
    assert (row["delta_high"] - row["delta_low"]) / 2 == pytest.approx(half)
    assert found.loc["updated", ["top1", "delta"]].tolist() == pytest.approx([45.0, 5.0])
    assert found.loc["stochastic", "delta"] == pytest.approx(gains.mean())  # a median
    assert set(found["seeds"]) == {3}


@pytest.mark.parametrize(("factor", "word"), [(2.0, "holds"), (0.0, "does not hold")])
def test_claims_on_controls(factor: float, word: str) -> None:
    many = tables(factor, range(12))
    said = {claim.id.removesuffix(f".{MODEL}").removeprefix("stochastic."): claim for claim in stated(many).claims}
    outcomes = {name: claim.outcome for name, claim in said.items()}
    assert outcomes["best_draw_against.outputs_brought_back_to_their_scale"] == word
    assert outcomes["best_draw_against.weights_that_make_up_for_removed_ones"] == word
    assert outcomes["best_draw_against.batch_norm_recalibrated"] == "does not hold"  # whose 90 % none reaches
    assert outcomes["noise_by_layer"] == word
    assert outcomes["noise_on_scores_alone"] == "does not hold"
    told = said["best_draw_against.weights_that_make_up_for_removed_ones"].answer
    assert f"at gamma {CELL['gamma']:g}, sigma {CELL['sigma']:g} the best of 3 draws has" in told
    plain = many["controls"][~many["controls"]["recalibrated"] & (many["controls"]["control"] != "updated")]
    fewer = [claim.id for claim in stated({**many, "controls": plain}).claims if "best_draw_against" in claim.id]
    assert fewer == [f"stochastic.best_draw_against.outputs_brought_back_to_their_scale.{MODEL}"]
    assert len(SEEDS) == 3
