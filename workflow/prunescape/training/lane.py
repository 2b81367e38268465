"""Lanes, the networks that are trained, and the results of their training."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from prunescape.errors import UserError


@dataclass(frozen=True)
class Lane:
    """A network to train, with its hyperparameters and its start.

    Attributes:
        learning_rate: initial; the recipe says how it falls.
        weight_decay: coupled, as in SGD.
        seed: of the He initialisation; None takes the one that all lanes of a study share.
        mask: weights to keep, boolean, by parameter name; the others are zero throughout. None keeps all.
        start: a plain network's state dict to start from, instead of the initialisation.
        momentum, label_smoothing, batch_size, epochs: where they differ from the recipe's; None takes those.
    """

    learning_rate: float
    weight_decay: float
    seed: int | None = None
    mask: Mapping[str, torch.Tensor] | None = None
    start: Mapping[str, torch.Tensor] | None = None
    momentum: float | None = None
    label_smoothing: float | None = None
    batch_size: int | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class Epoch:
    """A row of a training history; accuracies in percent, None where not measured."""

    epoch: int
    learning_rate: float
    train_loss: float
    top1: float | None
    top5: float | None


@dataclass
class LaneResult:
    """The result of training a lane.

    Attributes:
        lane: what was trained.
        history: one entry an epoch; it ends early where the lane diverged.
        diverged: the loss or a weight became NaN or infinite.
        seconds: wall time, shared evenly among the lanes trained together.
        images_per_second: training images a second, summed over the lanes trained together.
        weights: the state dict of the plain network at the end.
    """

    lane: Lane
    history: list[Epoch] = field(default_factory=list)
    diverged: bool = False
    seconds: float = 0.0
    images_per_second: float = 0.0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def last(self, metric: str) -> float | None:
        """The last measured value of a column of the history."""
        return self._measured(metric)[-1] if self._measured(metric) else None

    def best(self, metric: str) -> float | None:
        """The largest measured value of a column of the history."""
        return max(self._measured(metric), default=None)

    def _measured(self, metric: str) -> list[float]:
        return [value for entry in self.history if (value := getattr(entry, metric)) is not None]


def check_trained(results: Mapping[str, LaneResult]) -> None:
    """Make sure that the trainings of networks, by name, did not diverge.

    Raises:
        UserError: one did.
    """
    for name, result in results.items():
        if result.diverged:
            raise UserError(f"the {name} diverged after {len(result.history)} epochs; choose a smaller learning_rate")
