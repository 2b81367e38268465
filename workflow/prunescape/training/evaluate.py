"""Evaluation of lanes on a split: their logits, and their accuracy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.training.engine import Engine
from prunescape.training.recipe import TOP5_CLASSES

BATCH = 512  # images evaluated at once
GPU_LANE_IMAGES = 4096  # on a GPU, at most, over all lanes: less than training needs, whose batches are smaller

Labelled = Iterable[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Scores:
    """Accuracy of K lanes in percent (thesis, eq. 3.1, 3.2), and mean cross-entropy; each (K,), float64, on the CPU.

    A network of NaNs predicts class 0. `top5` is None where there are fewer than 100 classes.
    """

    top1: torch.Tensor
    top5: torch.Tensor | None
    loss: torch.Tensor


def evaluate(networks: Iterable[nn.Module], data: PreparedData, engine: Engine, split: str = "validation") -> Scores:
    """Evaluate networks of one architecture, any number of them, on the same batches.

    They run in arrays of `engine.lanes` at the most.

    Args:
        networks: plain networks; they are not changed.
        split: of the data; its images are cut at the centre.
    """
    engine.set_up()
    batches = validation_batches(data, engine, split)
    parts = []
    for array, lanes, count in arrays(networks, engine):
        parts.append((score(array, lanes, batches, engine), count))
    top5 = [scores.top5[:count] for scores, count in parts if scores.top5 is not None]
    return Scores(
        torch.cat([scores.top1[:count] for scores, count in parts]),
        torch.cat(top5) if top5 else None,
        torch.cat([scores.loss[:count] for scores, count in parts]),
    )


def right(networks: Iterable[nn.Module], data: PreparedData, engine: Engine) -> np.ndarray:
    """Which validation images each of some networks of one architecture classifies rightly, (K, N) booleans."""
    engine.set_up()
    batches, parts = validation_batches(data, engine), []
    for array, lanes, count in arrays(networks, engine):
        found = [
            logits.nan_to_num(nan=0.0).argmax(2) == labels[:, None]
            for logits, labels in lane_logits(array, lanes, batches.epoch(0), engine)
        ]
        parts.append(torch.cat(found).T[:count].cpu().numpy())
    return np.concatenate(parts)


def arrays(networks: Iterable[nn.Module], engine: Engine) -> Iterator[tuple[nn.Module, int, int]]:
    """Plain networks of one architecture as arrays of `engine.lanes`, the last no larger than needed, one at a time.

    Yields:
        An array, its lanes, and how many of these are meant; copies of the last fill it up.
    """
    waiting = iter(networks)
    while active := list(islice(waiting, engine.lanes)):
        lanes = engine.sized(len(active)).lanes
        yield engine.array(active + [active[-1]] * (lanes - len(active))), lanes, len(active)


def validation_batches(data: PreparedData, engine: Engine, split: str = "validation") -> Batches:
    """A split's images in their order, without augmentation."""
    batch = BATCH
    if engine.device == "cuda":
        batch = max(1, min(engine.micro_batch or BATCH, GPU_LANE_IMAGES // engine.lanes))
    return Batches(data, split, engine.device, batch, dtype=engine.dtype, channels_last=engine.channels_last)


def score(fused: nn.Module, lanes: int, batches: Labelled, engine: Engine) -> Scores:
    """The scores of an array of lanes on labelled batches."""
    images, correct, correct5, loss = 0, [], [], []
    for logits, labels in lane_logits(fused, lanes, batches, engine):
        images += len(labels)
        targets = labels[:, None].expand(len(labels), lanes)
        losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(-1, lanes)
        loss.append(losses.T.contiguous().sum(1))  # in an order that does not depend on the number of lanes
        logits = logits.nan_to_num(nan=0.0)
        correct.append((logits.argmax(2) == targets).sum(0))
        if logits.shape[2] >= TOP5_CLASSES:
            correct5.append((logits.topk(5, 2).indices == targets[:, :, None]).any(2).sum(0))
    # Added up at the end, so that the device is waited for but once.
    return Scores(
        100.0 * torch.stack(correct).double().cpu().sum(0) / images,
        100.0 * torch.stack(correct5).double().cpu().sum(0) / images if correct5 else None,
        torch.stack(loss).double().cpu().sum(0) / images,
    )


@torch.no_grad()
def lane_logits(
    fused: nn.Module, lanes: int, batches: Labelled, engine: Engine
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Logits (B, K, classes) and labels (B,) of each batch, by the running batch-norm statistics.

    The network is in evaluation mode while this runs.
    """
    was_training = fused.training
    fused.eval()
    try:
        for x, labels in batches:
            with engine.autocast():
                logits = fused(x)
            yield logits.to(engine.dtype).view(len(x), lanes, -1), labels
    finally:
        fused.train(was_training)
