"""Checkpoints of a training that is under way, so that a killed job goes on where it was, to the bit; and snapshots.

On a GPU that holds where all layers have deterministic backward passes; docs/engine.md names those that have none.

One safetensors file, written atomically, holds the tensors and, as metadata, what they belong to. It lies outside
Snakemake's outputs, because those are removed when a job fails.

Snapshots are the weights that networks in training pass through, kept at chosen epochs for studies that watch training.
What is measured on them is measured afterwards, as often and as long as wanted, so that watching cannot disturb. Each
lane and epoch has a file of its own, a state dict as safetensors, in the same folder.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from prunescape.errors import UserError
from prunescape.io.tensors import load_tensors, save_tensors

LOGGER = logging.getLogger("prunescape")


@dataclass(frozen=True)
class Checkpoint:
    """The file that holds the state of a training.

    Attributes:
        path: the file.
        identity: whatever decides the result; a checkpoint of another identity is not used.
    """

    path: Path
    identity: str

    @classmethod
    def of(cls, folder: str | Path, *identity: Any) -> "Checkpoint":
        """The checkpoint in `folder` of the training that the JSON values `identity` decide."""
        text = json.dumps(identity, sort_keys=True)
        return cls(Path(folder) / "state.safetensors", hashlib.sha256(text.encode()).hexdigest())

    def part(self, number: int) -> "Checkpoint":
        """The checkpoint of one part of the training."""
        return Checkpoint(self.path.with_stem(f"{self.path.stem}-{number}"), f"{self.identity}-{number}")

    def save(self, tensors: dict[str, torch.Tensor], progress: dict[str, Any]) -> None:
        """Write tensors, by name, and JSON values; the file is replaced only once the new one is whole."""
        save_tensors(self.path, tensors, {"identity": self.identity, "progress": json.dumps(progress)})

    def load(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Tensors and values that `save` wrote; None, with a line in the log, where no file can be trusted."""
        if not self.path.is_file():
            return None
        try:
            tensors, words = load_tensors(self.path)
            if words.get("identity") == self.identity:
                return tensors, json.loads(words["progress"])
            LOGGER.info("%s: checkpoint of another training, ignored", self.path)
        except (UserError, KeyError, json.JSONDecodeError) as error:
            LOGGER.info("%s; the checkpoint is ignored", error)
        return None

    def remove(self) -> None:
        """Delete the folder with all parts, once the results are written."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


State = dict[str, torch.Tensor]


class KeptStates(Mapping[int, State]):
    """The kept state dicts of a lane, by epoch, increasing; each is read when it is asked for."""

    def __init__(self, snapshots: "Snapshots", lane: int) -> None:
        self._snapshots, self._lane = snapshots, lane
        self._epochs = [epoch for epoch in sorted(snapshots.epochs) if snapshots.load(epoch, lane) is not None]

    def __getitem__(self, epoch: int) -> State:
        state = self._snapshots.load(epoch, self._lane) if epoch in self._epochs else None
        if state is None:
            raise KeyError(epoch)
        return state

    def __iter__(self) -> Iterator[int]:
        return iter(self._epochs)

    def __len__(self) -> int:
        return len(self._epochs)


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

    def of_lane(self, lane: int) -> "KeptStates":
        """The kept state dicts of a lane, each read from its file when it is asked for, so that one is held at once."""
        return KeptStates(self, lane)

    def missing(self, before: int, lanes: int) -> list[int]:
        """The epochs earlier than `before` that are wanted and lack a sound file for one of `lanes` lanes."""
        numbers = range(self.first, self.first + lanes)
        wanted = sorted(epoch for epoch in self.epochs if epoch < before)
        return [epoch for epoch in wanted if any(self.load(epoch, lane) is None for lane in numbers)]

    def _file(self, epoch: int, lane: int) -> Checkpoint:
        return Checkpoint(self.folder / f"lane-{lane}-epoch-{epoch}.safetensors", self.identity)
