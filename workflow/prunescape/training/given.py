"""A trained network that a user brings along, in the place of a training."""

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.given_weights import State, given_weights
from prunescape.models.weights import load_state
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Scores, evaluate
from prunescape.training.train import Epoch, Lane, LaneResult, Task

LOOKED_AT = 2000  # validation images at most, of the check
NEAR_CHANCE = 1.5  # an accuracy below so many times that of chance is doubted


def taken(task: Task, lane: Lane, path: str | os.PathLike[str]) -> LaneResult:
    """A network with the weights of a file, as if it had been trained: its history is its accuracy alone, as epoch 0.

    Raises:
        UserError: the file has the weights of another network.
    """
    state, scores = _measured(task.architecture, path, task.data, task.engine)
    top5 = None if scores.top5 is None else scores.top5.item()
    history = [Epoch(0, 0.0, math.nan, scores.top1.item(), top5)]
    return LaneResult(lane, history, weights=state)


@dataclass(frozen=True)
class Looked:
    """A look at given weights.

    Attributes:
        file: that has them.
        state: the state dict.
        top1: accuracy in percent ...
        images: on so many validation images.
        chance: accuracy of a guess, in percent.
    """

    file: str
    state: State
    top1: float
    images: int
    chance: float

    @classmethod
    def at(cls, path: str, task: Task) -> "Looked":
        """Look at the weights of a file, on some of the validation images, evenly chosen.

        Raises:
            UserError: the file has the weights of another network.
        """
        size, classes = task.data.sizes["validation"], task.architecture.classes
        images = min(LOOKED_AT, size)
        data = task.data.only("validation", np.linspace(0, size - 1, images).astype(np.int64))
        state, scores = _measured(task.architecture, path, data, task.engine)
        return cls(path, state, scores.top1.item(), images, 100 / classes)

    def to_json(self) -> dict[str, Any]:
        """File, accuracy, images and chance."""
        return {"file": self.file, "top1": self.top1, "images": self.images, "chance": self.chance}


def _measured(
    architecture: Architecture, path: str | os.PathLike[str], data: PreparedData, engine: Engine
) -> tuple[State, Scores]:
    """Weights of a file, and their scores on the validation images.

    Raises:
        UserError: the file has the weights of another network, or of one that gives no finite numbers.
    """
    network = build(architecture)
    state = given_weights(path, network, architecture.classes)
    load_state(network, state)
    scores = evaluate([network], data, engine)
    if not scores.loss.isfinite().all():
        raise UserError(
            f"{path}: with these weights the network gives numbers that are not finite for the validation images; give"
            " those of a network that works on images normalised by mean and standard deviation"
        )
    return state, scores


def words_of_weights(weights: dict[str, Any]) -> str:
    """A sentence on given weights: their accuracy, and what to look at where it is hardly above chance."""
    top1, images = weights["top1"], weights["images"]
    words = f"{weights['file']} fits, head included, and gives {top1:.2f} % on {images} validation images"
    if top1 < NEAR_CHANCE * weights["chance"]:
        words += (
            f"; THAT IS NEAR CHANCE ({weights['chance']:.2f} %): were its classes in this order, and its"
            " images normalised by mean and standard deviation of the training images?"
        )
    return words
