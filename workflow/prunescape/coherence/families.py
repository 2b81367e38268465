"""Parents' children on disk: their masks, one bit a weight, and labels, so that training them needs nothing else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prunescape.coherence.children import HE, Child
from prunescape.errors import UserError
from prunescape.io.files import remedy
from prunescape.io.tensors import load_tensors, save_tensors
from prunescape.models.architecture import Architecture
from prunescape.pruning.unstructured import Tensors

CHILDREN = "children"


@dataclass(frozen=True)
class Family:
    """The children of one parent.

    Attributes:
        architecture: the parent's, and theirs.
        children: their masks and labels.
    """

    architecture: Architecture
    children: Sequence[Child]


def save_families(path: str | Path, families: Sequence[Family]) -> None:
    """Write families as one safetensors file, atomically; masks that are alike are there once.

    Labels are JSON values.
    """
    tensors: Tensors = {}
    told: list[dict[str, Any]] = []
    for place, family in enumerate(families):
        numbers: dict[str, int] = {}
        shapes: dict[str, list[int]] = {}
        entries: list[tuple[Mapping[str, Any], int | None]] = []
        for child in family.children:
            known, _ = child.network
            if child.mask is not None and known not in numbers:
                numbers[known] = len(numbers)
                tensors |= {f"{place}/{numbers[known]}/{name}": packed(part) for name, part in child.mask.items()}
                shapes = {name: list(part.shape) for name, part in child.mask.items()}
            entries.append((child.labels, numbers.get(known)))
        told.append({"architecture": family.architecture.to_json(), "shapes": shapes, CHILDREN: entries})
    save_tensors(path, tensors or {"none": torch.zeros(1)}, {"families": json.dumps(told)})


def load_families(path: str | Path, part: int = 0, size: int | None = None) -> list[Family]:
    """The families in a file that `save_families` wrote, or those of their children that one job trains.

    Networks are counted through all families, those of one mask and initialisation as one, so that none is trained in
    two jobs.

    Args:
        path: the file.
        part: the job's number, from 0.
        size: networks of a job; None, all.

    Returns:
        The families that have a child in this part.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        tensors, words = load_tensors(path)
        told = json.loads(words["families"])
        families, first = [], 0
        for place, family in enumerate(told):
            networks: dict[tuple[int | None, str], int] = {}
            children = []
            for labels, number in family[CHILDREN]:
                key = number, labels.get("initialisation", HE)
                networks.setdefault(key, first + len(networks))
                if size is not None and networks[key] // size != part:
                    continue
                mask = None
                if number is not None:
                    mask = {
                        name: unpacked(tensors[f"{place}/{number}/{name}"], shape)
                        for name, shape in family["shapes"].items()
                    }
                children.append(Child(labels, mask))
            first += len(networks)
            if children:
                families.append(Family(Architecture.from_json(family["architecture"]), children))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not the masks of children ({error}); {remedy(path)}") from None
    return families


class Packed(Mapping[str, torch.Tensor]):
    """A mask that takes an eighth of the memory; each layer is unpacked when it is asked for."""

    def __init__(self, mask: Mapping[str, torch.Tensor]) -> None:
        self._bits = {name: (packed(part), tuple(part.shape)) for name, part in mask.items()}

    def __getitem__(self, name: str) -> torch.Tensor:
        return unpacked(*self._bits[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._bits)

    def __len__(self) -> int:
        return len(self._bits)


def packed(mask: torch.Tensor) -> torch.Tensor:
    """A boolean mask as bytes of eight weights each, flat."""
    return torch.from_numpy(np.packbits(mask.cpu().numpy()))


def unpacked(bits: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The boolean mask of this shape that `packed` gave."""
    count = int(np.prod(shape))
    return torch.from_numpy(np.unpackbits(bits.numpy(), count=count).astype(bool)).view(*shape)
