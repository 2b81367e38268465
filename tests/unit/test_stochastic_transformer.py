"""A vision transformer in the study `stochastic`: no batch norm, attention, and lanes by vmap; against plain loops."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from network_samples import alone
from project_copy import TINY, merged
from prunescape.config.reading import ConfigError
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.plan.plan import Plan
from prunescape.pruning.repair import rescale
from prunescape.pruning.scores import score
from prunescape.pruning.unstructured import apply_masks, masks, prunable
from prunescape.stochastic.basins import basins
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.feature_variance import feature_variance
from prunescape.stochastic.fine_tuning import fine_tune
from prunescape.stochastic.gradient_flow import gradient_flow_table, gradient_norm
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import Pretrained, Variant, variants
from prunescape.training.engine import Engine
from prunescape.training.train import Task
from training_samples import RECIPE

VIT = Architecture("small_vit", (1, 8, 8), 10)
EXACT = Engine(strategy="vmap", lanes=16, precision="float64")
SIGMA = 0.05
BLOCK = "encoder.layers.encoder_layer_0"


@pytest.fixture(scope="module")
def vit(digits: PreparedData) -> Pretrained:
    return Pretrained("small_vit", 3, build(VIT, 3), scoring=Batches(digits, "train", "cpu", 50))


@pytest.fixture(scope="module")
def batches(digits: PreparedData) -> Batches:
    return Batches(digits, "train", "cpu", 50, dtype=torch.float64)


@pytest.fixture(scope="module")
def everything(digits: PreparedData) -> tuple[torch.Tensor, torch.Tensor]:
    """All training images and their labels."""
    ((images, labels),) = Batches(digits, "train", "cpu", 1000, dtype=torch.float64)
    return images, labels


def test_queries_keys_and_values_are_prunable_as_all_other_matrices(vit: Pretrained) -> None:
    named = dict(vit.network.named_parameters())
    matrices = {name for name, weight in named.items() if weight.dim() > 1 and "embedding" not in name}
    assert {*prunable(vit.network)} == matrices - {"class_token"}
    assert f"{BLOCK}.self_attention.in_proj_weight" in matrices
    assert [*prunable(vit.network, exclude="first_last")] == [*prunable(vit.network)][1:-1]
    noisy = vit.make(Variant("dense_stochastic", sigma=SIGMA))
    changed = {name for name, weight in noisy.named_parameters() if not torch.equal(weight, named[name])}
    assert changed == {*prunable(vit.network)}


def test_variants_are_evaluated_together_as_each_alone(vit: Pretrained, digits: PreparedData) -> None:
    wanted = variants(["magnitude", "lamp", "grasp", "random"], [0.5], [SIGMA], 1)
    table = evaluate_variants(vit, wanted, digits, EXACT)
    for variant, top1, loss in zip(wanted, table["top1"], table["loss"], strict=True):
        assert (top1, loss) == pytest.approx(alone(vit.make(variant), digits, "validation"), abs=1e-9)
    assert len({*table["loss"]}) == len(wanted)
    assert not table["recalibrated"].any()


def flow(network: torch.nn.Module, names: list[str], images: torch.Tensor, labels: torch.Tensor) -> float:
    """The squared norm of the gradient by some weights."""
    network = copy.deepcopy(network).double().eval()
    F.cross_entropy(network(images), labels).backward()
    return sum(network.get_parameter(name).grad.square().sum().item() for name in names)


def test_gradients_are_those_of_plain_networks(
    vit: Pretrained, batches: Batches, everything: tuple[torch.Tensor, torch.Tensor]
) -> None:
    names, dense = [*prunable(vit.network)], Variant("dense")
    wanted = [dense, Variant("dense_stochastic", sigma=SIGMA)]
    found = gradient_flow_table(vit, wanted, batches, EXACT)["gradient_flow"]
    assert found.tolist() == pytest.approx([flow(vit.make(of), names, *everything) for of in wanted], rel=1e-9)
    (norm,) = gradient_norm([vit.network], batches, EXACT).tolist()
    assert norm**2 == pytest.approx(flow(vit.network, names[1:-1], *everything), rel=1e-9)


def test_grasp_is_how_the_gradients_norm_changes_with_the_weights(
    vit: Pretrained, batches: Batches, everything: tuple[torch.Tensor, torch.Tensor]
) -> None:
    """The sum of w (H g) is half of what the squared norm of g gains where all prunable weights grow."""
    network, step, flows = copy.deepcopy(vit.network).double(), 1e-5, []
    names = [*prunable(network)]
    for factor in (1 - step, 1 + step):
        grown = copy.deepcopy(network)
        with torch.no_grad():
            for name in names:
                grown.get_parameter(name).mul_(factor)
        flows.append(flow(grown, names, *everything))
    scores = score("grasp", network, batches=batches)
    assert sum(one.sum().item() for one in scores.values()) == pytest.approx(
        (flows[1] - flows[0]) / (4 * step), rel=1e-4
    )


def test_feature_variance_is_of_the_layers_that_are_called(
    vit: Pretrained, batches: Batches, everything: tuple[torch.Tensor, torch.Tensor]
) -> None:
    def phi(network: torch.nn.Module, images: torch.Tensor, name: str) -> tuple[float, float]:
        """Summed variances of the neurons of a layer: channels at each token, and channels."""
        outputs = []
        network = copy.deepcopy(network).double().eval()
        network.get_submodule(name).register_forward_hook(lambda *of: outputs.append(of[2].detach().numpy()))
        network(images)
        (output,) = outputs
        return output.var(0, ddof=1).sum(), output.reshape(-1, output.shape[-1]).var(0, ddof=1).sum()

    variant = Variant("deterministic", "magnitude", 0.8)
    table = feature_variance(vit, [variant], batches, EXACT).set_index("layer")
    layers = {f"{BLOCK[:-1]}{block}.mlp.{place}" for block in (0, 1) for place in (0, 3)}
    assert {*table.index} == {*layers, "conv_proj", "heads.head"}
    pruned, name = vit.make(variant), f"{BLOCK}.mlp.3"
    ratios = [np.divide(phi(pruned, images, name), phi(vit.network, images, name)) for images, _ in batches]
    assert table.loc[name, ["v", "v_channel"]].tolist() == pytest.approx(np.mean(ratios, 0).tolist(), rel=1e-6)


def test_it_is_fine_tuned_with_its_mask_and_lies_on_lines(vit: Pretrained, digits: PreparedData) -> None:
    engine = replace(EXACT, precision="float32")
    wanted = [Variant("deterministic", "magnitude", 0.8), Variant("stochastic", "magnitude", 0.8, SIGMA)]
    task = Task(VIT, digits, engine, 3, replace(RECIPE, epochs=2, decay_epochs=()))
    tuned = fine_tune(vit, wanted, task, 0.05, 0.0)
    assert tuned.table["train_loss"].notna().all()
    for variant, network in zip(wanted, tuned.networks, strict=True):
        for name, mask in vit.masks(variant).items():
            weight = network.get_parameter(name)
            assert torch.equal(weight != 0, mask & (weight != 0))
            assert not torch.equal(weight, vit.make(variant).get_parameter(name))
    sample = Batches(digits, "train", "cpu", 50)
    context = PretrainedContext(VIT, digits, engine, 3, vit, digits, sample)
    assert not context.has_batch_norm
    found = basins(context, wanted, tuned, 0.8, SIGMA, points=3, draws=1)
    assert len(found.points) == 3 * len(found.barriers) == 3 * 2 * 3
    first = found.points[(found.points["line"] == "deterministic_stochastic") & (found.points["stage"] == "fine_tuned")]
    expected = alone(tuned.networks[0], digits, "validation")
    assert first[["top1", "loss"]].iloc[0].tolist() == pytest.approx(expected, rel=1e-4)


def test_outputs_are_rescaled_where_layers_are_called(
    vit: Pretrained, everything: tuple[torch.Tensor, torch.Tensor]
) -> None:
    kept = masks(score("magnitude", vit.network), 0.5)
    pruned = apply_masks(copy.deepcopy(vit.network), kept).eval()
    images = [(everything[0].float(), everything[1])]
    rescaled = rescale(copy.deepcopy(pruned), vit.network.eval(), images)
    name = f"{BLOCK}.self_attention.in_proj_weight"
    assert torch.equal(rescaled.get_parameter(name), pruned.get_parameter(name))
    name = f"{BLOCK}.mlp.0.weight"
    assert not torch.equal(rescaled.get_parameter(name), pruned.get_parameter(name))


def test_scores_that_need_inputs_are_refused_before_anything_runs() -> None:
    plain = {"learning_rate": 0.05, "weight_decay": 0.001, "ratios": []}
    config = merged(TINY, {"models": {"small_vit": plain}, "stochastic": {"held_out": 20}})
    plan = Plan(config, 2)  # it is planned, with the networks as lanes of vmap
    (job, *_) = (job for job in plan.jobs() if job.model == "small_vit" and job.step.name == "confirm_noise")
    settings = job.step.settings(job.wildcards)
    assert (settings["engine"]["strategy"], settings["controls"].count("updated")) == ("vmap", 0)
    with pytest.raises(ConfigError, match=r"models.small_vit: its attention .* which the score wanda needs"):
        Plan(merged(config, {"stochastic": {"sweep": {"methods": ["magnitude", "wanda"]}}}), 2)
