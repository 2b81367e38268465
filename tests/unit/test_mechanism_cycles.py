"""Cycles of pruning and retraining, and networks that are sparse from the start."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from network_samples import ARCHITECTURE, alone
from prunescape.config.recipe import Recipe as Section
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.mechanism.cycles import (
    COLUMNS,
    FINE_TUNING,
    REWINDING,
    Cycle,
    Trajectory,
    cycles_table,
    prune_and_retrain,
    retraining_rate,
    retraining_task,
)
from prunescape.mechanism.sparse_starts import equal_lane, sized_lane, sparse_lane
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.graph import Graph
from prunescape.pruning.unstructured import kept_count, prunable
from prunescape.stochastic.variants import Pretrained
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.recipe import Recipe
from prunescape.training.retraining import resized
from prunescape.training.train import Lane, Task, train
from training_samples import same

RATE, DECAY, CYCLES = 0.1, 1e-3, 2


@pytest.fixture(scope="module")
def pretraining(task: Task) -> Task:
    return replace(task, architecture=ARCHITECTURE)


@pytest.fixture(scope="module")
def trajectories(pretrained: Pretrained) -> list[Trajectory]:
    start = pretrained.network.state_dict()
    small = sparse_lane(ARCHITECTURE, 2000, 1, RATE, DECAY)
    return [
        Trajectory(start, "weights", 0.3),
        Trajectory(start, "weights", 0.75),
        Trajectory(start, "channels", 0.2),
        Trajectory(small.start or {}, "nothing", 0.0, small.mask),
    ]


@pytest.fixture(scope="module")
def cycles(pretraining: Task, trajectories: list[Trajectory]) -> list[list[Cycle]]:
    return prune_and_retrain(pretraining, trajectories, REWINDING, RATE, DECAY, CYCLES)


def convolutions(state: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in state.values() if tensor.dim() == 4])


def test_each_cycle_removes_the_smallest_weights_of_what_is_left(
    cycles: list[list[Cycle]], trajectories: list[Trajectory]
) -> None:
    for number, fraction in ((0, 0.3), (1, 0.75)):
        before = trajectories[number].start
        left = len(convolutions(before))
        for cycle in cycles[number]:
            left = kept_count(left, fraction)
            old, pruned, retrained = (convolutions(state) for state in (before, cycle.pruned, cycle.result.weights))
            kept = torch.cat([mask.flatten() for mask in cycle.kept.masks.values()])
            assert kept.sum() == (pruned != 0).sum() == (retrained != 0).sum() == left
            assert torch.equal(pruned, old * kept)
            assert old[kept].abs().min() >= old[~kept].abs().max()
            assert torch.equal(cycle.pruned["fc.weight"], before["fc.weight"])
            before = cycle.result.weights


def test_channels_are_removed_by_scale_and_can_be_cut_out(
    cycles: list[list[Cycle]], trajectories: list[Trajectory], pretraining: Task
) -> None:
    before, left = trajectories[2].start, 48
    groups = Graph(build(ARCHITECTURE), ARCHITECTURE).groups
    for cycle in cycles[2]:
        left = kept_count(left, 0.2)
        names = [name.replace("conv", "bn") + ".weight" for name in (group.root for group in groups)]
        scales = torch.cat([before[name].abs() for name in names])
        kept = torch.cat(list(cycle.kept.marks.values()))
        assert kept.sum() == left
        assert scales[kept].min() >= scales[~kept].max()
        for state in (cycle.pruned, cycle.result.weights):
            masked, network = build(ARCHITECTURE), build(ARCHITECTURE)
            for one in (masked, network):
                one.load_state_dict(state)
            gone = {name: (~mark).nonzero().flatten().tolist() for name, mark in cycle.kept.marks.items()}
            Graph(network, ARCHITECTURE).cut(gone)
            assert alone(network, pretraining.data, "validation") == pytest.approx(
                alone(masked, pretraining.data, "validation"), rel=1e-9
            )
        before = cycle.result.weights


def test_a_cycle_is_training_on_from_what_was_pruned(
    cycles: list[list[Cycle]], trajectories: list[Trajectory], pretraining: Task
) -> None:
    """The last cycle again, alone, by the trainer itself."""
    last = cycles[0][-1]
    lane = Lane(RATE, DECAY, mask=last.kept.masks, start=last.pruned)
    (result,) = train(replace(pretraining, seed=derive_seed(pretraining.seed, "retraining", CYCLES)), [lane])
    assert same(result, last.result)
    network = build(ARCHITECTURE)
    network.load_state_dict(last.pruned)
    assert last.pruned_top1 == pytest.approx(alone(network, pretraining.data, "validation")[0])
    again = prune_and_retrain(pretraining, trajectories[:1] * 4, REWINDING, RATE, DECAY, CYCLES)
    assert all(same(of_one[-1].result, last.result) for of_one in again)


def test_few_networks_are_trained_one_after_the_other(pretraining: Task, trajectories: list[Trajectory]) -> None:
    """On a CPU idle copies would cost more; a GPU has none."""
    alone, four = pretraining.fitting(3), pretraining.fitting(4)
    assert (alone.engine.strategy, alone.engine.lanes, four) == ("serial", 1, pretraining)
    on_gpu = replace(pretraining, engine=replace(pretraining.engine, device="cuda"))
    assert on_gpu.fitting(2) == on_gpu
    (found,), (expected,) = (
        prune_and_retrain(task, trajectories[:1], REWINDING, RATE, DECAY, 1) for task in (pretraining, alone)
    )
    assert same(found[0].result, expected[0].result)


def test_small_networks_stay_as_they_are_pruned(cycles: list[list[Cycle]], trajectories: list[Trajectory]) -> None:
    mask = torch.cat([mask.flatten() for mask in (trajectories[3].masks or {}).values()])
    for cycle in cycles[3]:
        weights = prunable_of(cycle.result.weights)
        assert not weights[~mask].any()
        assert weights[mask].all()
    assert all(torch.equal(tensor, trajectories[3].start[name]) for name, tensor in cycles[3][0].pruned.items())


def prunable_of(state: dict[str, torch.Tensor]) -> torch.Tensor:
    network = build(ARCHITECTURE)
    network.load_state_dict(state)
    return torch.cat([weight.flatten() for weight in prunable(network).values()])


def test_tables_of_cycles(cycles: list[list[Cycle]], trajectories: list[Trajectory]) -> None:
    table = cycles_table(cycles[0])
    assert tuple(table.columns) == COLUMNS
    assert table["cycle"].tolist() == [1, 2]
    for row, cycle in zip(table.itertuples(), cycles[0], strict=True):
        weights = prunable_of(cycle.result.weights)
        assert row.density == pytest.approx((weights != 0).double().mean().item())
        assert row.top1 == cycle.result.history[-1].top1
        assert row.best_top1 == max(entry.top1 for entry in cycle.result.history)
    assert cycles_table(cycles[3])["density"].tolist() == [pytest.approx(density(trajectories[3]))] * 2


def density(trajectory: Trajectory) -> float:
    marks = torch.cat([mask.flatten() for mask in (trajectory.masks or {}).values()])
    return marks.double().mean().item()


def test_each_cycle_has_an_order_of_its_own(pretraining: Task) -> None:
    assert len({retraining_task(pretraining, REWINDING, cycle).seed for cycle in range(4)}) == 4
    with pytest.raises(UserError, match="did you mean 'rewinding'"):
        retraining_task(pretraining, "rewindin", 1)


@pytest.mark.parametrize("epochs", [None, 10, 3, 2, 1])
@pytest.mark.parametrize(("schedule", "last"), [("step", 0.01), ("cosine", (1 + math.cos(math.pi * 39 / 40)) / 2)])
def test_fine_tuning_is_at_the_pretrainings_last_rate_however_short(
    pretraining: Task, schedule: str, last: float, epochs: int | None
) -> None:
    section = Section(epochs=40, batch_size=25, decay_epochs=(20, 30), schedule=schedule)
    recipe = Recipe.from_config(resized(section, epochs))
    task = replace(pretraining, recipe=Recipe.from_config(section))
    assert recipe.epochs == (epochs or 40)
    for number in (1, 2):
        again = retraining_task(task, FINE_TUNING, number, recipe).recipe
        rate = retraining_rate(task, FINE_TUNING, RATE)
        rates = [rate * again.learning_rate_factor(epoch) for epoch in range(1, again.epochs + 1)]
        assert rates == pytest.approx([RATE * last] * (epochs or 40), rel=1e-12)
    rewound = retraining_task(task, REWINDING, 1, recipe).recipe
    assert rewound == recipe
    assert retraining_rate(task, REWINDING, RATE) == RATE


def test_killed_cycles_go_on_to_the_same_bits(
    pretraining: Task, trajectories: list[Trajectory], cycles: list[list[Cycle]], tmp_path: Path
) -> None:
    checkpoint = Checkpoint.of(tmp_path / "state", "identity")
    prune_and_retrain(pretraining, trajectories, REWINDING, RATE, DECAY, 1, checkpoint=checkpoint)
    lines: list[str] = []
    resumed = prune_and_retrain(pretraining, trajectories, REWINDING, RATE, DECAY, CYCLES, lines.append, checkpoint)
    first, second = (place for place, text in enumerate(lines) if text.startswith("cycle "))
    assert second - first == 2  # nothing but "going on"
    for one, other in zip(resumed, cycles, strict=True):
        assert all(same(a.result, b.result) for a, b in zip(one, other, strict=True))


def test_a_network_that_diverges_is_left_alone(pretraining: Task, trajectories: list[Trajectory]) -> None:
    (found,) = prune_and_retrain(pretraining, trajectories[:1], REWINDING, 1e15, DECAY, 3)
    assert [cycle.result.diverged for cycle in found] == [True] * 3
    assert found[2].kept is found[1].kept is found[0].kept


def test_methods_are_checked(pretraining: Task, trajectories: list[Trajectory]) -> None:
    wrong = replace(trajectories[0], method="chanels")
    with pytest.raises(UserError, match="did you mean 'channels'"):
        prune_and_retrain(pretraining, [wrong], REWINDING, RATE, DECAY)
    plain = replace(pretraining, architecture=Architecture("vanilla_cnn", (1, 8, 8), 10))
    start = build(plain.architecture, 0).state_dict()
    with pytest.raises(UserError, match="has none"):
        prune_and_retrain(plain, [Trajectory(start, "channels")], REWINDING, RATE, DECAY)


def test_the_whole_size_is_the_network_as_it_is_trained_anyway(pretraining: Task) -> None:
    anyway, sized = train(pretraining, [Lane(RATE, DECAY, 5), sized_lane(ARCHITECTURE, 1.0, 5, RATE, DECAY)])
    assert same(sized, anyway)


@pytest.mark.parametrize("size", [0.5, 0.25])
def test_sparse_starts_have_their_number_of_weights_and_hes_variance(size: float) -> None:
    architecture = Architecture("resnet20", (3, 32, 32), 10)
    dense = build(architecture, derive_seed(2, "initialisation"))
    lane = sized_lane(architecture, size, 2, RATE, DECAY)
    assert lane.mask is not None
    assert lane.start is not None
    total = 0
    for name, weight in prunable(dense).items():
        mask, start = lane.mask[name], lane.start[name]
        total += int(mask.sum())
        part = mask.double().mean().item()
        torch.testing.assert_close(start, mask * weight / np.sqrt(part), rtol=1e-6, atol=0)
        if weight.numel() > 9000:
            assert start[mask].var().item() == pytest.approx(2 / (weight[0].numel() * part), rel=0.1)
    weights = sum(weight.numel() for weight in prunable(dense).values())
    assert total == int(size * weights)
    half = sized_lane(architecture, 0.5, 2, RATE, DECAY).mask or {}
    assert all(not (mask & ~half[name]).any() for name, mask in lane.mask.items())  # nested


def test_the_small_network_has_as_many_weights_as_the_pruned_one(cycles: list[list[Cycle]]) -> None:
    for trajectory in cycles[:3]:
        masks = trajectory[-1].result.lane.mask or {}
        lane = equal_lane(ARCHITECTURE, masks, 4, RATE, DECAY)
        pruned = convolutions({name: masks.get(name, torch.ones_like(t)) for name, t in trajectory[-1].pruned.items()})
        assert sum(int(mask.sum()) for mask in (lane.mask or {}).values()) == int((pruned != 0).sum())
        assert "fc.weight" not in (lane.mask or {})
