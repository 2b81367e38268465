"""Accuracy and loss on a plane or along a line of weight space, its points evaluated as lanes."""

from functools import partial

import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.mechanism.plane import Plane
from prunescape.mechanism.points import Points
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score, validation_batches
from prunescape.training.recalibration import recalibrate


def surface(
    network: nn.Module,
    plane: Plane,
    coordinates: torch.Tensor,
    data: PreparedData,
    engine: Engine,
    *,
    statistics: Batches | None = None,
    split: str = "train",
) -> pd.DataFrame:
    """The surface on a plane (utility paper, Fig. 6, 16, which show training accuracy).

    Between networks batch norm's statistics fit none of them, so Garipov et al., 2018, whose planes the utility paper
    follows, measure them anew at every point. Without that, here, they are combined like the weights, so that at the
    three corners the networks are those that were trained.

    Args:
        network: a plain network of the plane's architecture.
        plane: through three networks.
        coordinates: (M, 2), where to evaluate, such as `prunescape.mechanism.plane.grid` gives.
        data: prepared data.
        engine: where it runs.
        statistics: batches on which batch norm is measured anew at every point, as
            `prunescape.training.recalibration.recalibration_batches` gives them; None does not.
        split: whose images are evaluated, without augmentation.

    Returns:
        One row a point: x, y, top1 (percent), loss; NaN of a loss where outputs are not finite.

    Raises:
        Interrupted: the process was asked to stop.
    """
    batches = validation_batches(data, engine, split)
    points = Points(network, engine)

    def make(first: int, number: int) -> torch.Tensor:
        return plane.vectors(coordinates[first : first + number]).to(engine.device)

    scores = points.measure(len(coordinates), make, partial(_scores, batches, statistics, engine))
    x, y = coordinates.T.numpy()
    return pd.DataFrame({"x": x, "y": y, "top1": scores[:, 0].numpy(), "loss": scores[:, 1].numpy()})


def _scores(batches: Batches, statistics: Batches | None, engine: Engine, array: nn.Module) -> torch.Tensor:
    """Accuracy and loss of K lanes, (K, 2)."""
    if statistics is not None:
        recalibrate(array, statistics, engine)
    scores = score(array, engine.lanes, batches, engine)
    return torch.stack([scores.top1, scores.loss], 1)
