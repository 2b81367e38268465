"""A trained network whose weights are pruned: its masks, of any score, end and scope, with one number of weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch

from prunescape.coherence.children import only_layers
from prunescape.coherence.layers import Layer, prunable_layers
from prunescape.coherence.masks import MAGNITUDE, RANDOM, Choice, mask, scored
from prunescape.coherence.schedule import OF_GRADIENTS
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.unstructured import Tensors, part_of
from prunescape.training.engine import give_memory_back

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
        scores: those of `OF_GRADIENTS` that masks are made of, at the epoch of highest coherence.
    """

    architecture: Architecture
    states: States
    diffs: States
    highest: int
    count: int
    seed: int
    scores: Mapping[str, Tensors] = field(default_factory=dict)
    _sorted: dict[str, tuple[int, Tensors]] = field(default_factory=dict, init=False, repr=False)

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
        """The epoch that the masks that are used come from: of gradients' that of highest coherence (thesis, 5.3)."""
        return self.last if score in (MAGNITUDE, RANDOM) else self.highest

    def mask(self, choice: Choice, epoch: int | None = None) -> Tensors:
        """The mask of a choice, by diffs or weights as they are after an epoch: that of `epoch_of`, or as given."""
        ranks = self._ranks(choice.score, self.epoch_of(choice.score) if epoch is None else epoch)
        found = mask(choice, ranks, self.count)
        give_memory_back()
        return found

    def early(self, score: str, scope: str, end: str, epoch: int) -> Tensors:
        """The mask of diffs or magnitudes as they are after an epoch."""
        return self.mask(Choice(score, end, scope), epoch)

    def forget(self) -> None:
        """Give the memory back that ranks of weights take; they are made again where they are needed."""
        self._sorted.clear()
        give_memory_back()

    def _ranks(self, score: str, epoch: int) -> Tensors:
        """Ranks of the weights by a score after an epoch; the last of each score is kept, as sorting takes longest."""
        known = self._sorted.get(score)
        if known is None or known[0] != epoch:
            known = self._sorted[score] = (
                epoch,
                scored(score, only_layers(self.layers, self._of(score, epoch)), self.seed),
            )
            give_memory_back()
        return known[1]

    def _of(self, score: str, epoch: int) -> Mapping[str, torch.Tensor]:
        """What weights are scored by after an epoch."""
        if score in OF_GRADIENTS:
            return self.scores[score]
        return (self.states if score in (MAGNITUDE, RANDOM) else self.diffs)[epoch]
