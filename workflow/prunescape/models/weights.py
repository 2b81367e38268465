"""Weights on disk: safetensors beside an architecture's JSON, never a pickle."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import TypeVar

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.io.files import remedy
from prunescape.io.tensors import TensorFile, load_tensors, save_tensors

State = dict[str, torch.Tensor]
Path = str | os.PathLike[str]
T = TypeVar("T")


def save_weights(path: Path, weights: State) -> None:
    """Write a state dict as safetensors, atomically."""
    save_tensors(path, weights)


def read_weights(path: Path) -> tuple[State, str]:
    """A state dict, and a checksum of its file.

    Raises:
        UserError: the file is missing or damaged.
    """
    return _read(path), hashlib.sha256(FilePath(path).read_bytes()).hexdigest()


def load_state(model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Load a state dict of tensors alone into `model`, which must match it exactly.

    Some networks look in its metadata for the version of their layers; those here are of the version at hand.

    Raises:
        RuntimeError: it belongs to another architecture.
    """
    whole = OrderedDict(state)
    whole._metadata = model.state_dict()._metadata  # type: ignore[attr-defined]
    model.load_state_dict(whole)


def load_weights(path: Path, model: nn.Module) -> nn.Module:
    """Load a state dict into `model`, which must match it exactly; returns `model`.

    Raises:
        UserError: the file is missing, damaged, or belongs to another architecture.
    """
    try:
        load_state(model, _read(path))
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UserError(f"{path}: weights of another architecture ({first}); {remedy(path)}") from None
    return model


def save_networks(path: Path, networks: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
    """Write the state dicts of several networks of one architecture, by name, as one file."""
    save_tensors(path, {f"{name}/{key}": tensor for name, state in networks.items() for key, tensor in state.items()})


def load_networks(path: Path) -> dict[str, State]:
    """The networks in a file that `save_networks` wrote, on the CPU, by name in alphabetical order.

    Raises:
        UserError: the file is missing or damaged.
    """
    networks: dict[str, State] = {}
    for key, tensor in sorted(_read(path).items()):
        name, _, parameter = key.rpartition("/")
        networks.setdefault(name, {})[parameter] = tensor
    return networks


def load_epochs(path: Path) -> dict[int, State]:
    """The networks in a file that are named by epochs, in their order; see `load_networks`."""
    networks = load_networks(path)
    return {epoch: networks[str(epoch)] for epoch in sorted(map(int, networks))}


def epochs_in(path: Path) -> Mapping[int, State]:
    """The networks of `load_epochs`, each read from the file when it is asked for, so that they are not held at once.

    Raises:
        UserError: the file is missing or damaged.
    """
    return _Epochs(_found(path, TensorFile))


class _Epochs(Mapping[int, State]):
    def __init__(self, tensors: TensorFile) -> None:
        self._tensors = tensors
        self._keys: dict[int, list[tuple[str, str]]] = {}
        for key in sorted(tensors):
            epoch, _, parameter = key.rpartition("/")
            self._keys.setdefault(int(epoch), []).append((parameter, key))
        self._epochs = sorted(self._keys)

    def __getitem__(self, epoch: int) -> State:
        return {parameter: self._tensors[key] for parameter, key in self._keys[epoch]}

    def __iter__(self) -> Iterator[int]:
        return iter(self._epochs)

    def __len__(self) -> int:
        return len(self._epochs)


def _read(path: Path) -> State:
    return _found(path, load_tensors)[0]


def _found(path: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except UserError as error:
        raise UserError(f"{error}; {remedy(path)}") from None
