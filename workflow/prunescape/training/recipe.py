"""Recipe of a training: the hyperparameters that its lanes do not set themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prunescape.config.recipe import PartOfRecipe
from prunescape.config.recipe import Recipe as Section

SGD, ADAM, ADAMW = "sgd", "adam", "adamw"
LIVE, FROZEN = "live", "frozen"  # batch norm
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
            epochs after the warm-up); or "constant".
        optimiser: "sgd"; "adam", or "adamw" with decoupled weight decay, which have no use for `momentum`.
        clip: largest norm of a lane's gradient, longer ones are shortened to it; None leaves them.
        clip_by: "norm"; or "value", then `clip` is the largest absolute value of each entry of the gradient.
        batch_norm: "live", as training has it; or "frozen": it keeps its statistics, scales and shifts.
        label_smoothing: the part of each target that is spread evenly over all classes.
        drop_last: whether the last batch of an epoch is left out where it is incomplete, if there is a full one.
        warmup_epochs: epochs over which the learning rate climbs in even steps, none of them at its full height yet
            (Goyal et al., 2017, section 2.2, by epochs).
        schedule_epochs: of the schedule that the training is a part of; None, it is the whole of it.
        schedule_begin: epochs of that schedule which are before the part.
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
    drop_last: bool = False
    warmup_epochs: int = 0
    schedule_epochs: int | None = None
    schedule_begin: int = 0
    clip_by: str = "norm"
    batch_norm: str = LIVE

    @classmethod
    def from_config(cls, section: Section) -> "Recipe":
        """The recipe of the config's section `recipe`."""
        return cls(**dict(section))

    @classmethod
    def from_settings(cls, values: Mapping[str, Any]) -> "Recipe":
        """The recipe among a job's settings: the section's values, and those of some epochs of it."""
        return cls.from_config(PartOfRecipe.model_validate(values))

    def resized(self, epochs: int | None, batch_size: int | None) -> "Recipe":
        """The recipe with other numbers of epochs and images a batch; None leaves them.

        The decays keep their places in the schedule: they are moved in proportion to the epochs, to the nearest epoch
        (halves upwards). Those that meet are one, and one that then has no epoch before or after it is left out, so
        that a much shorter schedule may end at a higher learning rate. So is the end of the warm-up.
        """
        if epochs is None or epochs == self.epochs:
            return self if batch_size is None else replace(self, batch_size=batch_size)
        moved = {math.floor(decay * epochs / self.epochs + 0.5) for decay in self.decay_epochs}
        decays = tuple(sorted(decay for decay in moved if 0 < decay < epochs))
        warmup = min(math.floor(self.warmup_epochs * epochs / self.epochs + 0.5), epochs - 1)
        moved_to = replace(self, epochs=epochs, decay_epochs=decays, warmup_epochs=warmup)
        return replace(moved_to, batch_size=batch_size or self.batch_size)

    def learning_rate_factor(self, epoch: int) -> float:
        """The factor by which an epoch multiplies the learning rate (the first epoch is 1)."""
        epoch, epochs = self.schedule_begin + epoch, self.schedule_epochs or self.epochs
        climbed = min(1.0, epoch / (self.warmup_epochs + 1))
        if self.schedule == "cosine":
            fallen = max(0, epoch - 1 - self.warmup_epochs) / (epochs - self.warmup_epochs)
            return climbed * (1 + math.cos(math.pi * fallen)) / 2
        if self.schedule == "constant":
            return climbed
        return climbed * self.decay ** sum(epoch > step for step in self.decay_epochs)

    def evaluates(self, epoch: int) -> bool:
        """Whether the networks are validated after an epoch (the first is 1)."""
        return epoch % self.evaluate_every == 0 or epoch == self.epochs
