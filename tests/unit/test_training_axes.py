"""Lanes that differ in momentum, label smoothing, batch size and epochs: as plain PyTorch, and blind to neighbours."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunescape.data.prepared import PreparedData
from prunescape.lanes.loss import lane_losses
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Task, train
from training_samples import ARCHITECTURE, FUSED, check_close, plain_training, same

RECIPE = Recipe(epochs=4, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(2, 3), evaluate_every=2)
LANES = [
    Lane(0.05, 0.01),
    Lane(0.05, 0.01, momentum=0.0),
    Lane(0.05, 0.01, momentum=0.7, label_smoothing=0.2),
    Lane(0.05, 0.01, batch_size=10),
    Lane(0.05, 0.01, epochs=2, label_smoothing=0.1),
    Lane(0.05, 0.01, epochs=7, batch_size=40, momentum=0.5),
]


@pytest.mark.parametrize("engine", [Engine(precision="float64"), replace(FUSED, precision="float64")], ids=str)
def test_lanes_of_any_hyperparameters_equal_plain_pytorch(engine: Engine, digits: PreparedData) -> None:
    expected = {
        **dict.fromkeys(range(3), RECIPE),
        3: replace(RECIPE, batch_size=10),
        4: replace(RECIPE, epochs=2, decay_epochs=(1,)),  # 3 of 4 epochs would be 1.5 of 2, which is the end
        5: replace(RECIPE, epochs=7, batch_size=40, decay_epochs=(4, 5)),  # 3.5 and 5.25
    }
    task = Task(ARCHITECTURE, digits, engine, 3, RECIPE)
    results = train(task, LANES)
    for place, (lane, result) in enumerate(zip(LANES, results, strict=True)):
        assert result.lane is lane
        assert len(result.history) == expected[place].epochs
        check_close(result.weights, plain_training(replace(task, recipe=expected[place]), lane), 1e-9)


def test_neighbours_of_any_hyperparameters_do_not_change_a_bit(digits: PreparedData) -> None:
    task = Task(ARCHITECTURE, digits, FUSED, 3, RECIPE)
    together = train(task, LANES)
    for place in range(len(LANES)):
        assert same(train(task, [LANES[place]])[0], together[place]), place
    turned = train(task, LANES[::-1])
    assert all(same(*pair) for pair in zip(turned[::-1], together, strict=True))


def test_each_array_has_a_checkpoint_of_its_own(digits: PreparedData, tmp_path) -> None:
    task = Task(ARCHITECTURE, digits, FUSED, 3, RECIPE)
    checkpoint, lines = Checkpoint.of(tmp_path / "here", "x"), []
    first = train(task, LANES, lines.append, checkpoint)
    assert {line.split(":")[0] for line in lines} == {
        *("cells 1-3 of 6", "cells 4-4 of 6", "cells 5-5 of 6", "cells 6-6 of 6")
    }
    again: list[str] = []
    second = train(task, LANES, again.append, checkpoint)
    assert all("going on after step 0 of epoch" in line for line in again if "going" in line)
    assert sum("going on" in line for line in again) == 4
    assert all(same(*pair) for pair in zip(first, second, strict=True))


@given(st.integers(0, 99), st.lists(st.floats(0, 0.99), min_size=1, max_size=4))
def test_smoothed_losses_are_torchs(seed: int, smoothing: list[float]) -> None:
    generator, lanes = torch.Generator().manual_seed(seed), len(smoothing)
    logits = torch.randn(6, lanes * 10, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 10, (6,), generator=generator)
    losses = lane_losses(logits, labels, lanes, torch.tensor(smoothing, dtype=torch.float64))
    for k, part in enumerate(smoothing):
        wanted = torch.nn.CrossEntropyLoss(label_smoothing=part)(logits[:, 10 * k : 10 * k + 10], labels)
        torch.testing.assert_close(losses[k], wanted, rtol=1e-12, atol=1e-12)


def of_seed(seed: int) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    yield 3 * torch.randn(7, 20, generator=generator)
    yield torch.randint(0, 10, (7,), generator=generator)


@given(st.integers(0, 99))
def test_a_lane_that_smooths_nothing_has_the_bits_of_plain_cross_entropy(seed: int) -> None:
    logits, labels = of_seed(seed)
    found = []
    for smoothing in (None, torch.tensor([0.0, 0.3])):
        here = logits.clone().requires_grad_()
        losses = lane_losses(here, labels, 2, smoothing)
        losses.sum().backward()
        found.append((losses[0].detach(), here.grad[:, :10]))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))


@given(st.integers(2, 300), st.integers(1, 300))
def test_decays_move_with_the_epochs_and_stay_inside(epochs: int, other: int) -> None:
    recipe = Recipe(epochs, 8, 0.9, 0.1, tuple(sorted({epochs // 2, 3 * epochs // 4} - {0, epochs})))
    resized = recipe.resized(other, None)
    assert resized.epochs == other
    assert all(0 < decay < other for decay in resized.decay_epochs)
    for decay in resized.decay_epochs:
        assert min(abs(decay - before * other / epochs) for before in recipe.decay_epochs) <= 0.5
    assert recipe.resized(epochs, 8) == recipe
