"""Noise, variants of a network, batch-norm recalibration, and populations, each against plain networks one by one."""

import copy
from dataclasses import replace

import pytest
import torch

from network_samples import ARCHITECTURE, EXACT, alone
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.build import build
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.pruning.unstructured import prunable
from prunescape.stochastic.fine_tuning import fine_tune
from prunescape.stochastic.noise import noise, perturb
from prunescape.stochastic.populations import COLUMNS, evaluate_variants
from prunescape.stochastic.statistics import contrast
from prunescape.stochastic.structured import evaluate_structured
from prunescape.stochastic.variants import KINDS, NO_METHOD, VARIANT_COLUMNS, Pretrained, Variant, variants
from prunescape.training.evaluate import evaluate
from prunescape.training.recalibration import recalibrated, recalibration_batches
from prunescape.training.train import Task

SIGMA = 0.05


def flat(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([weight.flatten() for weight in prunable(network).values()])


def test_noise_has_its_deviation_and_is_named_by_seed_experiment_and_draw() -> None:
    shape = torch.Size([400, 500])
    one = noise(shape, "w", 0.005, 1, 0)
    assert one.mean().item() == pytest.approx(0, abs=4 * 0.005 / 400)
    assert one.std().item() == pytest.approx(0.005, rel=0.01)
    scaled = (one / 0.005).flatten().sort().values  # Kolmogorov-Smirnov against the normal distribution
    steps = torch.arange(1, len(scaled) + 1) / len(scaled)
    assert (torch.special.ndtr(scaled) - steps).abs().max() < 1.63 / len(scaled) ** 0.5
    torch.manual_seed(5)
    assert torch.equal(one, noise(shape, "w", 0.005, 1, 0))
    torch.testing.assert_close(noise(shape, "w", 0.006, 1, 0), 1.2 * one)  # the same draw for all sigmas
    for name, seed, draw, stage in (("v", 1, 0, ""), ("w", 2, 0, ""), ("w", 1, 1, ""), ("w", 1, 0, "grid")):
        other = noise(shape, name, 0.005, seed, draw, stage)
        correlation = torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1]
        assert abs(correlation) < 5 / len(scaled) ** 0.5


def test_what_is_perturbed(pretrained: Pretrained) -> None:
    network = pretrained.network
    some, whole = (perturb(network, SIGMA, 0, 0, perturbed) for perturbed in ("prunable", "all"))
    for name, parameter in network.named_parameters():
        assert torch.equal(some.get_parameter(name), parameter) != (name in prunable(network))
        assert not torch.equal(whole.get_parameter(name), parameter)
    assert torch.equal(flat(some), flat(whole))
    for name, buffer in network.named_buffers():
        assert torch.equal(buffer, whole.get_buffer(name))
    same = perturb(network, 0.0, 0, 0)
    assert torch.equal(flat(same), flat(network))
    with pytest.raises(UserError, match="did you mean 'prunable'"):
        perturb(network, SIGMA, 0, 0, "prunabel")


def test_excluded_layers_are_neither_pruned_nor_perturbed(pretrained: Pretrained) -> None:
    network, inner = pretrained.network, prunable(pretrained.network, exclude="first_last")
    for perturbed in ("prunable", "all"):
        without = Pretrained("m", 3, network, perturbed, exclude="first_last").for_stage("transfer")
        variant = Variant("stochastic", "magnitude", 0.9, SIGMA)
        made, kept = without.make(variant), without.masks(variant)
        assert [*kept] == [*inner]
        d = sum(weight.numel() for weight in inner.values())
        assert sum(int(mask.sum()) for mask in kept.values()) == int((d * 10 - 9 * d) // 10)
        for name in {*prunable(network)} - {*inner}:
            assert bool(made.get_parameter(name).all())
            assert torch.equal(made.get_parameter(name), network.get_parameter(name)) == (perturbed == "prunable")


def test_variants_are_the_papers_equations(pretrained: Pretrained) -> None:
    dense, noisy = flat(pretrained.network), flat(perturb(pretrained.network, SIGMA, pretrained.seed, 2))
    kept = len(dense) // 10

    def mask(weights: torch.Tensor) -> torch.Tensor:
        return weights.abs() >= weights.abs().sort().values[-kept]

    expected = {
        "dense": dense,
        "dense_stochastic": noisy,
        "deterministic": mask(dense) * dense,
        "stochastic": mask(noisy) * noisy,
        "mask_s_to_d": mask(noisy) * dense,
        "mask_d_to_s": mask(dense) * noisy,
    }
    before = copy.deepcopy(pretrained.network.state_dict())
    for kind in KINDS:
        method = NO_METHOD if kind.startswith("dense") else "magnitude"
        made = pretrained.make(Variant(kind, method, 0.9, SIGMA, 2))
        assert torch.equal(flat(made), expected[kind]), kind
        assert all(torch.equal(made.get_buffer(name), buffer) for name, buffer in pretrained.network.named_buffers())
    assert all(torch.equal(tensor, before[name]) for name, tensor in pretrained.network.state_dict().items())
    assert not torch.equal(expected["stochastic"], expected["mask_d_to_s"])


def test_the_list_of_variants() -> None:
    made = variants(["magnitude", "lamp"], [0.5, 0.9], [0.001], 3)
    assert len(made) == len(set(made)) == 1 + 3 + 2 * (2 + 3 * 2 * 3)
    assert all((v.sigma == 0) == (v.kind in ("dense", "deterministic")) for v in made)
    assert variants(["lamp"], [0.5], [0.1], 1, ["deterministic"]) == [Variant("deterministic", "lamp", 0.5)]


def test_random_masks_differ_between_draws_and_not_between_gammas(pretrained: Pretrained) -> None:
    def mask(kind: str, gamma: float, draw: int = 0) -> torch.Tensor:
        kept = pretrained.masks(Variant(kind, "random", gamma, SIGMA, draw))
        return torch.cat([part.flatten() for part in kept.values()])

    alone, first, second = mask("deterministic", 0.5), mask("stochastic", 0.5), mask("stochastic", 0.5, 1)
    assert not torch.equal(alone, first)
    assert not torch.equal(first, second)
    assert (mask("stochastic", 0.8) & ~first).sum() == 0


def test_a_diverged_network_is_refused() -> None:
    network = build(ARCHITECTURE, 0)
    network.get_parameter("fc.bias").data[0] = torch.inf
    with pytest.raises(UserError, match="seed 4: the dense network diverged"):
        Pretrained("small_resnet", 4, network)


def recalibrated_alone(network: torch.nn.Module, batches: Batches) -> torch.nn.Module:
    """With torch's own cumulative average."""
    network = copy.deepcopy(network).double().train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        for images, _ in batches:
            network(images)
    return network.eval()


def test_recalibration_is_torchs_cumulative_average(pretrained: Pretrained, digits: PreparedData) -> None:
    batches = recalibration_batches(digits, EXACT, 25)
    assert len(batches) == 4
    networks = [pretrained.make(variant) for variant in variants(["magnitude"], [0.5, 0.9], [SIGMA], 1)]
    for found, network in zip(recalibrated(networks, batches, EXACT), networks, strict=True):
        expected = recalibrated_alone(network, batches)
        for name, buffer in expected.named_buffers():
            if not name.endswith("num_batches_tracked"):
                torch.testing.assert_close(found.get_buffer(name).double(), buffer, rtol=1e-6, atol=1e-7)
        assert torch.equal(flat(found), flat(network))


def test_recalibration_forgets_statistics_that_are_not_finite(pretrained: Pretrained, digits: PreparedData) -> None:
    broken = copy.deepcopy(pretrained.network)
    broken.get_buffer("bn1.running_var").fill_(torch.nan)
    mended, sound = recalibrated([broken, pretrained.network], recalibration_batches(digits, EXACT, 25), EXACT)
    for name, buffer in sound.named_buffers():
        torch.testing.assert_close(mended.get_buffer(name), buffer)


def test_recalibration_images_are_balanced_fixed_and_mixed(digits: PreparedData) -> None:
    (one, labels), (two, _) = recalibration_batches(digits, EXACT, 20, images=40, seed=1)
    again = torch.cat([images for images, _ in recalibration_batches(digits, EXACT, 20, images=40, seed=1)])
    assert torch.equal(torch.cat([one, two]), again)
    assert len(labels.unique()) > 5
    assert not torch.equal(labels, labels.sort().values)


@pytest.mark.parametrize(
    ("lanes", "threads"),
    [(16, 1), pytest.param(1, 1, marks=pytest.mark.full), pytest.param(16, 2, marks=pytest.mark.full)],
)
def test_a_population_scores_as_its_networks_one_by_one(
    pretrained: Pretrained, digits: PreparedData, lanes: int, threads: int
) -> None:
    engine = replace(EXACT, lanes=lanes, threads=threads)
    wanted = variants(["magnitude", "lamp"], [0.6, 0.9], [SIGMA], 2)
    batches = recalibration_batches(digits, engine, 25)
    lines: list[str] = []
    table = evaluate_variants(pretrained, wanted, digits, engine, recalibration=batches, report=lines.append)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * len(wanted)
    assert set(table["model"]) == {"small_resnet"}
    assert set(table["seed"]) == {3}
    assert threads > 1 or len(lines) == -(-len(wanted) // lanes)
    for (_, row), variant in zip(table.iterrows(), wanted * 2, strict=True):
        assert tuple(row[["kind", "method", "gamma", "sigma", "draw"]]) == (
            *(variant.kind, variant.method, variant.gamma, variant.sigma, variant.draw),
        )
        network = pretrained.make(variant)
        network = recalibrated_alone(network, batches) if row["recalibrated"] else network.double()
        top1, loss = alone(network, digits, "validation")
        assert row["top1"] == pytest.approx(top1)
        assert row["loss"] == pytest.approx(loss, rel=1e-9)
    assert table["recalibrated"].tolist() == [False] * len(wanted) + [True] * len(wanted)


def test_fine_tuning_goes_on_from_the_one_shot_weights_and_holds_masks(pretrained: Pretrained, task: Task) -> None:
    task = replace(task, architecture=ARCHITECTURE, recipe=replace(task.recipe, epochs=2))
    wanted = [
        Variant("stochastic", "lamp", 0.9, SIGMA, 1),
        Variant("deterministic", "magnitude", 0.8),
        Variant("dense"),
    ]
    still = fine_tune(pretrained, wanted, task, 0.0, 0.0)
    tuned = fine_tune(pretrained, wanted, task, 1e-2, 5e-5)
    assert list(tuned.table.columns) == [*VARIANT_COLUMNS, "top1", "best_top1", "train_loss", "diverged"]
    for variant, same, changed in zip(wanted, still.networks, tuned.networks, strict=True):
        assert torch.equal(flat(same), flat(pretrained.make(variant)))
        assert not torch.equal(flat(changed), flat(same))
        assert ((flat(changed) != 0) == (flat(same) != 0)).all()
    scores = evaluate(tuned.networks, task.data, task.engine)
    assert tuned.table["top1"].tolist() == scores.top1.tolist()
    assert tuned.table["train_loss"].max() < still.table["train_loss"].max()


def test_structured_pruning_after_noise(pretrained: Pretrained, digits: PreparedData) -> None:
    batches = recalibration_batches(digits, EXACT, 25)
    how, settings = (["uniform", "non_uniform"], [0.5], [SIGMA], 2), PruningSettings(tolerance_points=5)
    table = evaluate_structured(pretrained, ARCHITECTURE, *how, settings, digits, EXACT, recalibration=batches)
    assert list(table.columns) == [*COLUMNS, "achieved_ratio"]
    assert len(table) == 2 * 2 * 3
    assert set(table["gamma"]) == {0.5}
    for row in table.to_dict("records"):
        noisy = perturb(pretrained.network, row["sigma"], pretrained.seed, row["draw"])
        pruned = prune(noisy, ARCHITECTURE, row["method"], 0.5, settings)
        network = recalibrated_alone(pruned.model, batches) if row["recalibrated"] else pruned.model.double()
        top1, loss = alone(network, digits, "validation")
        assert (row["top1"], row["loss"]) == (pytest.approx(top1), pytest.approx(loss, rel=1e-9))
        assert row["achieved_ratio"] == pruned.ratio
    assert len(contrast(table)) == 2 * 2 * 2
