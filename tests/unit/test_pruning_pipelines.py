"""What is pruned in each pipeline: weights that are gone back to, untrained networks, and networks pruned in steps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from network_samples import cut_to
from own_samples import own
from prunescape.config.recipe import Recipe as Section
from prunescape.data.randomness import derive_seed
from prunescape.io.files import read_json
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.models.flops import count_flops
from prunescape.models.weights import load_weights, read_weights, save_weights
from prunescape.pruning.criteria import add_gradients
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import PruningInput, prune, prune_checkpoint
from prunescape.pruning.tables import pruning_tables
from prunescape.training.checkpoint import Snapshots
from prunescape.training.retraining import AT_INIT, until
from prunescape.training.train import Task, train
from prunescape.variant import Variant
from training_samples import ARCHITECTURE, LANES, same

SMALL = Architecture("small_resnet", (1, 8, 8), 10)
DENSE = count_flops(build(SMALL), SMALL.input_shape)
Weights = dict[str, torch.Tensor]


def sliced(chosen_by: nn.Module, weights: nn.Module, widths: dict[str, int]) -> Weights:
    """The weights that are left of a network where another one's largest filters, by L1, say what stays."""
    left = {name: tensor.clone() for name, tensor in weights.state_dict().items()}
    for block in ("blocks.0", "blocks.1"):
        sizes = chosen_by.get_parameter(f"{block}.conv1.weight").detach().abs().sum((1, 2, 3))
        stays = sizes.topk(widths[f"{block}.conv1"]).indices.sort().values
        for name in left:
            layer = name.rpartition(".")[0]
            if layer in (f"{block}.conv1", f"{block}.bn1") and left[name].dim():
                left[name] = left[name][stays]
            if name == f"{block}.conv2.weight":
                left[name] = left[name][:, stays]
    return left


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def run(folder: Path, source: PruningInput, ratio: float, method: str = "uniform", data=None, **settings) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "architecture_path": folder / "architecture.json",
        "weights_path": folder / "weights.safetensors",
        "record_path": folder / "pruning.json",
    }
    prune_checkpoint(source, method, ratio, PruningSettings(**settings), **paths, report=lambda line: None, data=data)
    return read_json(folder / "pruning.json")


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_rewound_weights_are_the_snapshots_channels_that_stay_at_the_end(method: str) -> None:
    trained, early = build(SMALL, 1), build(SMALL, 2)
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    expected_of = sliced_with(trained, early)
    pruned = prune(trained, SMALL, method, 0.5, PruningSettings(), rewound=early)
    usual = prune(build(SMALL, 1), SMALL, method, 0.5, PruningSettings())
    assert pruned.architecture == usual.architecture
    assert equal(pruned.model.state_dict(), expected_of(dict(pruned.widths)))
    assert equal(trained.state_dict(), before)  # it only told which channels stay


def test_files_are_pruned_as_networks_are(tmp_path: Path, digits) -> None:
    for seed in (1, 2):
        save_weights(tmp_path / f"{seed}.safetensors", build(SMALL, seed).state_dict())
    run(tmp_path / "rewound", PruningInput(SMALL, tmp_path / "1.safetensors", rewound=tmp_path / "2.safetensors"), 0.5)
    found, _ = read_weights(tmp_path / "rewound" / "weights.safetensors")
    assert equal(
        found,
        prune(build(SMALL, 1), SMALL, "uniform", 0.5, PruningSettings(), rewound=build(SMALL, 2)).model.state_dict(),
    )
    run(tmp_path / "initial", PruningInput(SMALL, None, 5), 0.5, data=digits, criterion="taylor")
    found, _ = read_weights(tmp_path / "initial" / "weights.safetensors")
    by = {
        untrained: prune(
            build(SMALL, derive_seed(5, "initialisation")),
            SMALL,
            "uniform",
            0.5,
            PruningSettings(criterion="taylor"),
            digits,
            untrained=untrained,
        ).model.state_dict()
        for untrained in (True, False)
    }
    assert equal(found, by[True])
    assert not equal(found, by[False])


def sliced_with(chosen_by: nn.Module, weights: nn.Module):
    whole = build(SMALL)
    whole.load_state_dict(weights.state_dict())
    return lambda widths: sliced(chosen_by, whole, widths)


@pytest.mark.parametrize(("epoch", "schedule"), [(0, "step"), (2, "cosine"), (3, "step")])
def test_training_to_an_epoch_ends_in_the_snapshot_of_the_whole_training(
    task: Task, tmp_path: Path, epoch: int, schedule: str
) -> None:
    task = replace(task, recipe=replace(task.recipe, schedule=schedule, warmup_epochs=1))
    snapshots = Snapshots.of(tmp_path, [epoch], "whole")
    train(task, LANES[:1], on_epoch=snapshots)
    section = Section(**{name: getattr(task.recipe, name) for name in Section.model_fields})
    short = type(task.recipe).from_config(until(section, epoch))
    (result,) = train(replace(task, recipe=short), LANES[:1])
    assert len(result.history) == epoch
    assert equal(result.weights, snapshots.load(epoch, 0) or {})


@pytest.mark.parametrize("seed", [0, 3])
def test_untrained_networks_are_pruned_by_their_own_initial_weights(tmp_path: Path, seed: int) -> None:
    record = run(tmp_path, PruningInput(SMALL, None, seed), 0.4)
    initial = build(SMALL, derive_seed(seed, "initialisation"))
    # The same share in both groups: the largest that costs at most 40 %, by brute force over all 32.
    affordable = [
        widths
        for share in range(2, 33)
        if (widths := {name: whole * share // 32 for name, whole in record["dense_channels"].items()})
        and count_flops(build(cut_to(SMALL, widths)), SMALL.input_shape) <= 0.4 * DENSE
    ]
    assert all(affordable[-1][name] <= kept <= affordable[-1][name] + 1 for name, kept in record["channels"].items())
    found, _ = read_weights(tmp_path / "weights.safetensors")
    assert equal(found, sliced(initial, initial, record["channels"]))


def test_gradients_of_untrained_networks_leave_them_as_they_were(digits) -> None:
    model, control = build(SMALL, 0), build(SMALL, 0)
    add_gradients(model, digits, untrained=True)
    add_gradients(control, digits)
    assert equal(model.state_dict(), build(SMALL, 0).state_dict())
    assert not model.training or control.training
    name = "blocks.0.conv1.weight"
    assert not torch.allclose(model.get_parameter(name).grad, control.get_parameter(name).grad)  # batches' statistics


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_steps_end_at_the_ratio_and_take_the_same_part_each(tmp_path: Path, method: str) -> None:
    save_weights(tmp_path / "dense.safetensors", build(SMALL, 4).state_dict())
    settings = {"tolerance_points": 3.0}
    once = run(tmp_path / "once", PruningInput(SMALL, tmp_path / "dense.safetensors"), 0.36, method, **settings)
    source, ratios = PruningInput(SMALL, tmp_path / "dense.safetensors", exact=False), []
    for step in (1, 2, 3):
        folder = tmp_path / f"step-{step}"
        ratio = Variant(method, 0.36).ratio_after(step, 3)
        record = run(folder, replace(source, exact=step == 3), ratio, method, **settings)
        ratios.append(record["achieved_ratio"])
        left = load_architecture(folder / "architecture.json")
        assert count_flops(build(left), SMALL.input_shape) / DENSE == record["achieved_ratio"]
        source = PruningInput(
            left, folder / "weights.safetensors", dense=SMALL, previous=folder / "pruning.json", exact=False
        )
    assert record["dense_channels"] == once["dense_channels"] == {"blocks.0.conv1": 16, "blocks.1.conv1": 32}
    assert record["dense_flops"] == once["dense_flops"] == DENSE
    assert ratios[2] <= 0.36 < ratios[1] <= 0.36 ** (2 / 3) < ratios[0] <= 0.36 ** (1 / 3)
    assert ratios[2] > 0.3
    # Nothing was trained in between: what stays at last stayed before.
    first, _ = read_weights(tmp_path / "step-1" / "weights.safetensors")
    last, _ = read_weights(tmp_path / "step-3" / "weights.safetensors")
    rows = [{tuple(row) for row in of["blocks.0.conv1.weight"].flatten(1).tolist()} for of in (last, first)]
    assert rows[0] < rows[1]


def test_the_last_of_one_step_is_the_whole_ratio() -> None:
    assert [Variant("uniform", 0.4).ratio_after(steps, steps) for steps in (1, 7)] == [0.4, 0.4]
    assert [Variant("uniform", 0.0625).ratio_after(step, 4) for step in (1, 2, 3)] == pytest.approx([0.5, 0.25, 0.125])


def test_imported_networks_are_pruned_in_steps_and_built_again(nets: str, tmp_path: Path) -> None:
    architecture = own(f"{nets}:net", {"width": 16})
    save_weights(tmp_path / "dense.safetensors", build(architecture, 0).state_dict())
    run(tmp_path / "1", PruningInput(architecture, tmp_path / "dense.safetensors", exact=False), 0.7, "non_uniform")
    half = load_architecture(tmp_path / "1" / "architecture.json")
    source = PruningInput(
        half, tmp_path / "1" / "weights.safetensors", dense=architecture, previous=tmp_path / "1/pruning.json"
    )
    record = run(tmp_path / "2", source, 0.5, "non_uniform", tolerance_points=5.0)
    whole = count_flops(build(architecture), architecture.input_shape)
    again = load_architecture(tmp_path / "2" / "architecture.json")
    network = load_weights(tmp_path / "2" / "weights.safetensors", build(again))
    assert count_flops(network, architecture.input_shape) == record["flops"] <= 0.5 * whole
    assert record["dense_flops"] == whole


def test_networks_of_several_seeds_stand_in_the_table_with_their_means(tmp_path: Path) -> None:
    variant = Variant("non_uniform", 0.5, pipeline=AT_INIT)
    key = ("small_resnet", variant.row())
    found = [run(tmp_path / str(seed), PruningInput(SMALL, None, seed), 0.5, "non_uniform") for seed in (0, 1, 5)]
    records = [tmp_path / str(seed) / "pruning.json" for seed in (0, 1, 5)]
    made = pruning_tables(records, [key] * 3)
    pruning, channels = made["pruning"], made["channels"]
    row = pruning.set_index("variant").loc[variant.name]
    assert row[["method", "ratio", "criterion", "pipeline", "target"]].to_dict() == variant.columns()
    assert row["flops"] == round(sum(record["flops"] for record in found) / 3)
    assert row["achieved_ratio"] == pytest.approx(sum(record["achieved_ratio"] for record in found) / 3)
    kept = channels[channels["variant"] == variant.name].set_index("layer")["channels"].to_dict()
    assert kept == {name: round(sum(of["channels"][name] for of in found) / 3) for name in kept}
    assert pruning["latency_ms"].isna().all()
    single = pruning_tables(records[:1], [key])["pruning"]
    assert single.iloc[1]["achieved_ratio"] == found[0]["achieved_ratio"]


def test_a_task_of_a_pruned_network_starts_from_what_is_given(task: Task) -> None:
    """With no epoch at all, a training gives back what it starts from."""
    start = build(ARCHITECTURE, 9).state_dict()
    none = replace(task, recipe=replace(task.recipe, epochs=0, decay_epochs=()))
    (first,), (second,) = (train(none, [replace(LANES[0], start=start)]) for _ in range(2))
    assert equal(first.weights, start)
    assert same(first, second)
