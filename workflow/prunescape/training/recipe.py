"""Recipe of a training: the hyperparameters that its lanes do not set themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

SGD, ADAM = "sgd", "adam"
TOP5_CLASSES = 100  # from so many classes on, top-5 accuracy says something


@dataclass(frozen=True)
class Recipe:
    """An optimiser and a learning rate that falls from epoch to epoch (thesis, Table 3.3).

    Attributes:
        epochs: passes over the training split.
        batch_size: images a step.
        momentum: of SGD.
        decay: in the schedule "step" the learning rate is multiplied by this ...
        decay_epochs: ... after each of these epochs.
        evaluate_every: validate after every so many epochs, and always after the last.
        schedule: "step"; "cosine", which falls to zero along half a cosine (as torch's CosineAnnealingLR over all
            epochs); or "constant".
        optimiser: "sgd"; or "adam", which has no use for `momentum`.
        clip: largest norm of a lane's gradient, longer ones are shortened to it; None leaves them.
        label_smoothing: the part of each target that is spread evenly over all classes.
    """

    epochs: int
    batch_size: int
    momentum: float
    decay: float = 0.1
    decay_epochs: tuple[int, ...] = ()
    evaluate_every: int = 1
    schedule: str = "step"
    clip: float | None = None
    optimiser: str = SGD
    label_smoothing: float = 0.0

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Recipe":
        """The recipe in the config's section `recipe`."""
        return cls(**{**section, "decay_epochs": tuple(section["decay_epochs"])})

    def resized(self, epochs: int | None, batch_size: int | None) -> "Recipe":
        """The recipe with other numbers of epochs and images a batch; None leaves them.

        The decays keep their places in the schedule: they are moved in proportion to the epochs, to the nearest epoch
        (halves upwards). Those that meet are one, and one that then has no epoch before or after it is left out, so
        that a much shorter schedule may end at a higher learning rate.
        """
        if epochs is None or epochs == self.epochs:
            return self if batch_size is None else replace(self, batch_size=batch_size)
        moved = {math.floor(decay * epochs / self.epochs + 0.5) for decay in self.decay_epochs}
        decays = tuple(sorted(decay for decay in moved if 0 < decay < epochs))
        return replace(self, epochs=epochs, decay_epochs=decays, batch_size=batch_size or self.batch_size)

    def learning_rate_factor(self, epoch: int) -> float:
        """The factor by which an epoch multiplies the initial learning rate (the first epoch is 1)."""
        if self.schedule == "cosine":
            return (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2
        return 1.0 if self.schedule == "constant" else self.decay ** sum(epoch > step for step in self.decay_epochs)

    def evaluates(self, epoch: int) -> bool:
        """Whether the networks are validated after an epoch (the first is 1)."""
        return epoch % self.evaluate_every == 0 or epoch == self.epochs
