"""Tell what the study `stochastic` says of networks that are made so that noise gains: its positive control.

    PYTHONPATH=workflow python docs/tools/stochastic_control.py

A pixel is the sum of many equal small weights. Pruning removes its share of the sum, and batch norm, whose statistics
are the dense network's, does not make up for that: the signal collapses. With noise of the weights' size those that
remain are the largest of a random lot, and their sum is nearly what it was. A classifier by least squares reads the
pixels; it and the first layer are neither pruned nor perturbed. As in the study, pruning rate and noise are chosen on
held-out images by networks that explore, and the gain is that of other networks, with other draws, on the test images.
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from prunescape.claims.asking import Asking
from prunescape.claims.claim import About, Claim
from prunescape.data.batches import Batches
from prunescape.data.held_out import hold_out
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.statistics.looks import GENERATIONS
from prunescape.stochastic.confirming import Confirming
from prunescape.stochastic.gain_claims import one_shot
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.statistics import choose_cells, near_chance
from prunescape.stochastic.variants import Pretrained, Variant, confirmed_variants, variants
from prunescape.training.engine import Engine
from prunescape.training.recalibration import recalibrate, recalibration_batches

ENGINE = Engine(strategy="fused", lanes=16)
COPIES, WEIGHT = 64, 0.01  # of each pixel, and their weights
SCATTER = 0.01  # of the weights, as a part of them
GRID: dict[str, Any] = {"methods": ["magnitude"], "gammas": [0.5, 0.7], "sigmas": [WEIGHT / 3, WEIGHT]}
EXPLORING, FRESH, DRAWS = 2, 8, 5  # networks, and draws around each
LEVEL = 0.05 * GENERATIONS[0] * 0.8 / 3  # of each core question there


def made(data: PreparedData, sample: Batches, seed: int) -> Pretrained:
    """A network of many copies of each pixel, their sum, batch norm, and a classifier.

    Args:
        data: its training images are what it learns from; of 8 x 8 pixels.
        sample: on which batch norm's statistics are measured.
        seed: of the scatter of the weights.
    """
    spread, gather = nn.Conv2d(1, COPIES, 1), nn.Conv2d(COPIES, 1, 1, bias=False)
    classifier = nn.Linear(64, len(data.classes))
    network = nn.Sequential(spread, gather, nn.BatchNorm2d(1), nn.Flatten(), classifier).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        spread.weight.fill_(1.0)
        assert spread.bias is not None
        spread.bias.fill_(3.0)  # else the mean of the sum would be 0, whatever is removed
        gather.weight.copy_(WEIGHT * (1 + SCATTER * torch.randn(gather.weight.shape, generator=generator)))
        recalibrate(network, sample, ENGINE)
        ((images, labels),) = Batches(data, "train", "cpu", data.sizes["train"])
        pixels, wanted = network[:4](images), nn.functional.one_hot(labels, len(data.classes)).float()
        inverse = torch.linalg.inv(pixels.T @ pixels + 10.0 * torch.eye(64))
        classifier.weight.copy_((inverse @ pixels.T @ (wanted - wanted.mean(0))).T)
        classifier.bias.copy_(wanted.mean(0))
    return Pretrained("made", seed, network, exclude="first_last")


def claims(data: PreparedData, held_out: int, exploring: int, fresh: int, draws: int) -> list[Claim]:
    """What the study says of such networks, right after pruning.

    Args:
        data: of 8 x 8 pixels.
        held_out: training images on which pruning rate and noise are chosen.
        exploring, fresh: networks that choose, and that confirm.
        draws: of noise around each.
    """
    kept, chooses = hold_out(data, held_out)
    sample = recalibration_batches(kept, ENGINE, 50)

    def measured(
        seeds: Iterable[int], wanted: Sequence[Variant], images: PreparedData, split: str, stage: str
    ) -> pd.DataFrame:
        tables = [
            evaluate_variants(
                made(kept, sample, seed).for_stage(stage), wanted, images, ENGINE, split=split, recalibration=sample
            )
            for seed in seeds
        ]
        return pd.concat(tables, ignore_index=True)

    explored = variants(**GRID, draws=draws, kinds=["deterministic", "stochastic"])
    best = choose_cells(measured(range(exploring), explored, chooses, "train", "grid"), near_chance(10, 100))
    confirmed = confirmed_variants(**GRID, draws=draws, best=best)
    table = measured(range(exploring, exploring + fresh), confirmed, data, "validation", "confirm")
    asking = Asking(About("stochastic", "made", f"digits; {fresh} fresh networks"), LEVEL, LEVEL)
    return one_shot(table, best, Confirming(asking, 0.5), {})


def main() -> None:
    """Print each question with its answer."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"name": "digits", "train_size": 300, "validation_size": 500}
        data = prepare(options, Path(folder), report=lambda line: None)
        for claim in claims(data, 100, EXPLORING, FRESH, DRAWS):
            print(f"{claim.question}\n  {claim.answer}")


if __name__ == "__main__":
    main()
