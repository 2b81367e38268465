"""Snapshots: the weights that networks in training pass through, kept at chosen epochs for studies that watch training.

What is measured on them is measured afterwards, as often and as long as wanted, so that watching cannot disturb. Each
lane and epoch has a file of its own, a state dict as safetensors; like checkpoints they lie outside Snakemake's
outputs, and the same folder will do for both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from prunescape.training.checkpoint import Checkpoint

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Snapshots:
    """The epochs of a training whose weights are kept, and the folder of their files.

    Attributes:
        folder: of the files.
        identity: whatever decides the training's result; a file of another identity is not used.
        epochs: after which a snapshot is taken; 0 is the initialisation.
        first: number of the first lane that `keep` is given.
    """

    folder: Path
    identity: str
    epochs: frozenset[int]
    first: int = 0

    @classmethod
    def of(cls, folder: str | Path, epochs: Iterable[int], *identity: Any) -> "Snapshots":
        """The snapshots in `folder` of the training that the JSON values `identity` decide."""
        return cls(Path(folder), Checkpoint.of(folder, *identity).identity, frozenset(epochs))

    def starting_at(self, lane: int) -> "Snapshots":
        """The snapshots of an array whose first lane has this number."""
        return replace(self, first=lane)

    def keep(self, epoch: int, states: Sequence[State]) -> None:
        """Write the state dicts of lanes, the first of them number `first`."""
        for lane, state in enumerate(states, start=self.first):
            self._file(epoch, lane).save(state, {"epoch": epoch})

    def load(self, epoch: int, lane: int) -> State | None:
        """A lane's state dict after an epoch; None where there is none, as after all lanes have diverged."""
        saved = self._file(epoch, lane).load()
        return None if saved is None else saved[0]

    def lane(self, lane: int) -> dict[int, State]:
        """The kept state dicts of a lane, by epoch, increasing."""
        states = {epoch: self.load(epoch, lane) for epoch in sorted(self.epochs)}
        return {epoch: state for epoch, state in states.items() if state is not None}

    def missing(self, before: int, lanes: int) -> list[int]:
        """The epochs earlier than `before` that are wanted and lack a sound file for one of `lanes` lanes."""
        numbers = range(self.first, self.first + lanes)
        wanted = sorted(epoch for epoch in self.epochs if epoch < before)
        return [epoch for epoch in wanted if any(self.load(epoch, lane) is None for lane in numbers)]

    def _file(self, epoch: int, lane: int) -> Checkpoint:
        return Checkpoint(self.folder / f"lane-{lane}-epoch-{epoch}.safetensors", self.identity)
