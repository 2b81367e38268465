"""Training lanes on real data: independence, divergence, schedule, and against plain PyTorch."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.hpspace.cells import collect
from prunescape.hpspace.tile import train_tile
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, LaneResult, Task, train
from training_samples import LANES, RECIPE, same


def test_another_seed_gives_another_result(task: Task, together: list[LaneResult]) -> None:
    other = train(replace(task, seed=4), [LANES[3]])
    assert not same(other[0], together[3])


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


def test_the_learning_rate_climbs_in_even_steps_and_then_falls() -> None:
    """Step and cosine, by hand; the cosine of what is left is torch's."""
    recipe = Recipe(12, 1, 0.9, 0.1, (6,), warmup_epochs=4)
    factors = [recipe.learning_rate_factor(epoch) for epoch in range(1, 13)]
    assert factors == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    optimiser = torch.optim.SGD([torch.zeros(1)], 1.0)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 8)
    rates = []
    for _ in range(8):
        rates += falling.get_last_lr()
        optimiser.step()
        falling.step()
    cosine = replace(recipe, schedule="cosine")
    assert [cosine.learning_rate_factor(epoch) for epoch in range(5, 13)] == pytest.approx(rates)
    assert cosine.learning_rate_factor(2) == pytest.approx(0.4)
    assert replace(recipe, schedule="constant").learning_rate_factor(3) == pytest.approx(0.6)
    shorter = [recipe.resized(epochs, None).warmup_epochs for epochs in (24, 6, 3, 1)]
    assert shorter == [8, 2, 1, 0]


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
    assert {"learning_rate", "weight_decay", "seed", "top1", "best_top1", "top5", "train_loss"} <= {*table}
    assert {"epochs", "diverged"} <= {*table}
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
