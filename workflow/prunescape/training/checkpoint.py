"""Checkpoints of a training that is under way, so that a killed job goes on where it was, to the bit.

One safetensors file, written atomically, holds the tensors and, as metadata, what they belong to. It lies outside
Snakemake's outputs, because those are removed when a job fails.
"""

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
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
