"""A trained network whose weights are pruned: its masks, of any score, end and scope, with one number of weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from prunescape.coherence.children import only_layers
from prunescape.coherence.layers import Layer, prunable_layers
from prunescape.coherence.masks import DIFF, MAGNITUDE, Choice, mask
from prunescape.mechanism.subsets import part_of
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.unstructured import Tensors

States = Mapping[int, Mapping[str, torch.Tensor]]


@dataclass
class Parent:
    """A network in training.

    Attributes:
        architecture: its own.
        states: its weights, by epoch.
        diffs: of its weights, by epoch; that of highest coherence at least.
        highest: the epoch of highest coherence.
        count: weights that masks keep.
        seed: of random masks, and of the choice among equal scores.
    """

    architecture: Architecture
    states: States
    diffs: States
    highest: int
    count: int
    seed: int

    @cached_property
    def layers(self) -> list[Layer]:
        """Layers whose weights are pruned."""
        return prunable_layers(build(self.architecture))

    def part(self, density: float) -> int:
        """The number of weights that such a part of the pruned layers has."""
        return part_of(sum(layer.weights for layer in self.layers), density)

    @property
    def last(self) -> int:
        """The last epoch."""
        return max(self.states)

    def epoch_of(self, score: str) -> int:
        """The epoch that the masks of `DIFF` or `MAGNITUDE` that are used come from (coherence thesis, 5.3)."""
        return {DIFF: self.highest, MAGNITUDE: self.last}[score]

    def mask(self, choice: Choice, diff_epoch: int | None = None, magnitude_epoch: int | None = None) -> Tensors:
        """The mask of a choice: diffs from the epoch of highest coherence, magnitudes from the end, or as given."""
        diffs = self.diffs[self.epoch_of(DIFF) if diff_epoch is None else diff_epoch]
        weights = self.states[self.epoch_of(MAGNITUDE) if magnitude_epoch is None else magnitude_epoch]
        return mask(choice, only_layers(self.layers, diffs), only_layers(self.layers, weights), self.count, self.seed)

    def early(self, score: str, scope: str, end: str, epoch: int) -> Tensors:
        """The mask of diffs or magnitudes as they are after an epoch."""
        return self.mask(Choice(score, end, scope), epoch, epoch)
