"""Loss barriers on the line between two networks: whether they are in one basin.

Frankle et al., 2020 (Linear mode connectivity and the lottery ticket hypothesis), call two networks linearly connected
where the error along the line rises nowhere much above that of its ends. That says nothing of how good the ends are:
between a good network and one that has collapsed error may rise steadily, without a barrier.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.training.engine import Engine
from prunescape.training.evaluate import lane_logits, validation_batches
from prunescape.training.points import Points
from prunescape.training.recalibration import recalibrate

POINTS = 21
RESAMPLES = 2000
CHUNK = 50  # resamples at a time, which bounds the memory
MEASURES = ("loss", "error")


@dataclass(frozen=True)
class Line:
    """Loss and error of every image along the straight line between two networks.

    Attributes:
        alphas: (A,), float64, from 0, the first network, to 1, the second.
        loss: (A, N), float64; cross-entropy of each image.
        error: (A, N), float64; 100 where an image is misclassified, else 0, so that means are percent.
    """

    alphas: np.ndarray
    loss: np.ndarray
    error: np.ndarray

    def table(self) -> pd.DataFrame:
        """Accuracy and loss along the line, one row a point: alpha, top1 (percent), loss."""
        top1 = 100.0 - self.error.mean(1)
        return pd.DataFrame({"alpha": self.alphas, "top1": top1, "loss": self.loss.mean(1)})


def line(
    network: nn.Module,
    ends: tuple[Mapping[str, torch.Tensor], Mapping[str, torch.Tensor]],
    data: PreparedData,
    engine: Engine,
    *,
    points: int = POINTS,
    statistics: Batches | None = None,
    split: str = "train",
) -> Line:
    """Evaluate networks along the straight line between two networks.

    Args:
        network: a plain network of their architecture.
        ends: state dicts of the two networks.
        points: A, evenly spaced, both ends included.
        statistics: batches on which batch norm is measured anew at every point; None combines the ends' statistics like
            their weights.
        split: whose N images are evaluated, without augmentation.

    Raises:
        Interrupted: the process was asked to stop.
    """
    along = Points(network, engine)
    start, end = (along.layout.vector(state) for state in ends)
    alphas = torch.linspace(0.0, 1.0, points, dtype=torch.float64)

    def make(first: int, number: int) -> torch.Tensor:
        parts = alphas[first : first + number, None]
        return ((1 - parts) * start + parts * end).to(engine.device)

    batches = validation_batches(data, engine, split)
    loss, error = along.measure(points, make, partial(_per_image, batches, statistics, engine)).unbind(1)
    return Line(alphas.numpy(), loss.numpy(), error.numpy())


def _per_image(
    batches: Batches, statistics: Batches | None, engine: Engine, array: nn.Module, lanes: int
) -> torch.Tensor:
    """(K, 2, N): loss and error of each image."""
    if statistics is not None:
        recalibrate(array, statistics, engine)
    parts = []
    for logits, labels in lane_logits(array, lanes, batches, engine):
        targets = labels[:, None].expand(len(labels), lanes)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(-1, lanes)
        error = 100.0 * (logits.nan_to_num(nan=0.0).argmax(2) != targets)
        parts.append(torch.stack([loss.double(), error.double()], 1).cpu())
    return torch.cat(parts).permute(2, 1, 0)


def barrier(means: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """The height of a curve above the straight line between its ends: (...) from (..., A); never below 0.

    Args:
        means: the curve's values at the alphas.
        alphas: (A,), from 0 to 1.
    """
    chord = means[..., :1] * (1 - alphas) + means[..., -1:] * alphas
    return (means - chord).max(-1)


def barriers(measured: Line, confidence: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """The barriers of loss and error on a line, with intervals.

    Intervals resample images (percentile bootstrap), the same ones at every point of the line: for two given networks,
    what is uncertain is the images. Noise biases a maximum upwards, and resampling once more, so that the interval of a
    barrier near 0 begins above it.

    Args:
        measured: loss and error along the line.
        confidence: of the intervals.
        seed: of the resampling.

    Returns:
        One row a measure: measure ("loss", or "error" in points), barrier, low, high, alpha (where it is highest),
        start, end (the values of the two networks).
    """
    rows = []
    images = measured.loss.shape[1]
    resampled = _resampled(np.concatenate([measured.loss, measured.error]), seed)  # the same images for both
    for measure, draws in zip(MEASURES, np.split(resampled, 2, axis=1), strict=True):
        means = getattr(measured, measure).sum(1) / images
        chord = means[0] * (1 - measured.alphas) + means[-1] * measured.alphas
        tail = 100 * (1 - confidence) / 2
        low, high = np.percentile(barrier(draws, measured.alphas), [tail, 100 - tail])
        rows.append(
            {
                "measure": measure,
                "barrier": float(barrier(means, measured.alphas)),
                "low": low,
                "high": high,
                "alpha": float(measured.alphas[np.argmax(means - chord)]),
                "start": means[0],
                "end": means[-1],
            }
        )
    return pd.DataFrame(rows)


def _resampled(values: np.ndarray, seed: int) -> np.ndarray:
    """Means over resampled columns: (R, A) from (A, N)."""
    rng = np.random.default_rng(derive_seed(seed, "bootstrap of images"))
    images = values.shape[1]
    parts = []
    for _ in range(0, RESAMPLES, CHUNK):
        counts = [np.bincount(rng.integers(images, size=images), minlength=images) for _ in range(CHUNK)]
        parts.append(np.array(counts, dtype=np.float64) @ values.T / images)
    return np.concatenate(parts)
