"""Training lanes on real data: independence, divergence, schedule, and against plain PyTorch."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.hpspace.cells import collect
from prunescape.hpspace.tile import train_tile
from prunescape.models.build import build
from prunescape.models.weights import load_weights, save_weights
from prunescape.training.array import Task
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score
from prunescape.training.lane import Lane, LaneResult
from prunescape.training.recipe import Recipe
from prunescape.training.train import train
from training_samples import ARCHITECTURE, LANES, RECIPE, same


def test_a_result_does_not_depend_on_which_cells_share_the_tile(task: Task, together: list[LaneResult]) -> None:
    alone = train(task, [LANES[3]])
    assert same(alone[0], together[3])
    many = train(task, [*LANES[2:], *LANES * 4])  # two arrays
    assert same(many[1], together[3])
    assert same(many[-2], together[3])


def test_trained_weights_are_saved_and_read_back(together: list[LaneResult], tmp_path: Path) -> None:
    save_weights(tmp_path / "weights.safetensors", together[0].weights)
    network = load_weights(tmp_path / "weights.safetensors", build(ARCHITECTURE))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, together[0].weights[name])


def test_another_seed_gives_another_result(task: Task, together: list[LaneResult]) -> None:
    other = train(replace(task, seed=4), [LANES[3]])
    assert not same(other[0], together[3])


def test_a_lane_trained_alone_equals_plain_pytorch(digits: PreparedData) -> None:
    recipe = Recipe(epochs=2, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(1,))
    lane = Lane(0.05, 0.01)
    (result,) = train(Task(ARCHITECTURE, digits, Engine(), 3, recipe), [lane])

    network = build(ARCHITECTURE, derive_seed(3, "initialisation"))
    optimiser = torch.optim.SGD(network.parameters(), lane.learning_rate, 0.9, weight_decay=lane.weight_decay)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [1], 0.1)
    batches = Batches(
        digits,
        "train",
        "cpu",
        25,
        seed_order=derive_seed(3, "order"),
        seed_augment=derive_seed(3, "augmentation"),
    )
    for epoch in (1, 2):
        for images, labels in batches.epoch(epoch):
            optimiser.zero_grad()
            F.cross_entropy(network(images), labels).backward()
            optimiser.step()
        schedule.step()
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(result.weights[name], tensor, rtol=1e-3, atol=1e-4)
    network.eval()
    images, labels = next(Batches(digits, "validation", "cpu", 200).epoch(0))
    with torch.no_grad():
        accuracy = 100 * (network(images).argmax(1) == labels).double().mean().item()
    assert result.last("top1") == pytest.approx(accuracy, abs=1.0)


def test_a_cell_that_diverges_is_a_result_and_harms_nobody(
    task: Task, digits: PreparedData, together: list[LaneResult]
) -> None:
    lanes = [*LANES]
    lanes[1] = Lane(1e15, 0.5)
    results = train(task, lanes)
    hopeless = results[1]
    assert hopeless.diverged
    assert len(hopeless.history) < RECIPE.epochs
    zeros = 100 * (digits.labels("validation") == 0).mean()
    assert hopeless.last("top1") == pytest.approx(zeros)  # a network of NaNs says 0
    for k in (0, 2, 3, 4):
        assert same(results[k], together[k])
    stopped = train(task, [lanes[1]])
    assert len(stopped[0].history) == len(hopeless.history)


def test_learning_rate_drops_after_the_decay_epochs() -> None:
    recipe = Recipe(180, 128, 0.9, 0.1, (90, 135))
    factors = [recipe.learning_rate_factor(epoch) for epoch in (1, 90, 91, 135, 136, 180)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    sparse = Recipe(10, 1, 0.9, 0.1, (), evaluate_every=4)
    assert [epoch for epoch in range(1, 11) if sparse.evaluates(epoch)] == [4, 8, 10]


class Fixed(torch.nn.Module):
    """Logits given in advance."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits


def test_top1_and_top5_by_brute_force() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 3, 100, generator=generator)
    labels = torch.randint(0, 100, (50,), generator=generator)
    labels[:25] = logits[:25, 1].topk(5).indices[:, 3]
    scores = score(Fixed(logits.flatten(1)), 3, [(torch.zeros(50, 1), labels)], Engine())
    top1, top5 = scores.top1, scores.top5
    assert top5 is not None
    for k in range(3):
        ranks = [(logits[n, k] > logits[n, k, labels[n]]).sum().item() for n in range(50)]
        assert top1[k].item() == pytest.approx(2.0 * sum(rank == 0 for rank in ranks))
        assert top5[k].item() == pytest.approx(2.0 * sum(rank < 5 for rank in ranks))
        assert scores.loss[k].item() == pytest.approx(F.cross_entropy(logits[:, k], labels).item())
    few = score(Fixed(logits[:, :, :10].flatten(1)), 3, [(torch.zeros(50, 1), labels % 10)], Engine())
    assert few.top5 is None


def test_a_tile_table_has_every_column_and_reads_back(task: Task, tmp_path: Path) -> None:
    cells = [{"i": k, "j": 0, "learning_rate": 0.1 * 2.0**-k, "weight_decay": 0.01} for k in range(2)]
    labels = {"model": "small_resnet", "variant": "dense"}
    table, history, timing = train_tile(task, cells, labels, print)
    assert len(table) == 2
    assert len(history) == 2 * RECIPE.epochs
    for column in [
        "learning_rate",
        "weight_decay",
        "seed",
        "top1",
        "best_top1",
        "top5",
        "train_loss",
        "epochs",
        "diverged",
    ]:
        assert column in table
    assert {"seconds", "images_per_second", "device", "strategy", "lanes", "precision"} <= set(timing.columns)
    assert not set(timing.columns) - {"model", "variant", "seed", "i", "j"} & set(table.columns)  # time varies
    for k, part in enumerate((table[1:], table[:1])):
        part.to_csv(tmp_path / f"{k}.csv", index=False)
    again = collect([tmp_path / "0.csv", tmp_path / "1.csv"])
    expected = table.astype({"top5": float, "best_top5": float})  # no top-5 with ten classes
    pd.testing.assert_frame_equal(again, expected, check_dtype=False)
    (tmp_path / "0.csv").write_text("")
    with pytest.raises(UserError, match=r"0.csv: no table"):
        collect([tmp_path / "0.csv"])
