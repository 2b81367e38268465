"""Several networks of one architecture in one file: those of all sizes, epochs, or cycles of one pretrained seed."""

import os
from collections.abc import Mapping

import torch

from prunescape.errors import UserError
from prunescape.io.files import remedy
from prunescape.io.tensors import load_tensors, save_tensors

State = dict[str, torch.Tensor]


def save_networks(path: str | os.PathLike[str], networks: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
    """Write state dicts, by name, as one safetensors file with a checksum, atomically."""
    save_tensors(path, {f"{name}/{key}": tensor for name, state in networks.items() for key, tensor in state.items()})


def load_networks(path: str | os.PathLike[str]) -> dict[str, State]:
    """The networks in a file that `save_networks` wrote, on the CPU, by name in alphabetical order.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        tensors, _ = load_tensors(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except UserError as error:
        raise UserError(f"{error}; {remedy(path)}") from None
    networks: dict[str, State] = {}
    for key, tensor in sorted(tensors.items()):
        name, _, parameter = key.rpartition("/")
        networks.setdefault(name, {})[parameter] = tensor
    return networks


def load_epochs(path: str | os.PathLike[str]) -> dict[int, State]:
    """The networks in a file that are named by epochs, in their order; see `load_networks`."""
    networks = load_networks(path)
    return {epoch: networks[str(epoch)] for epoch in sorted(map(int, networks))}
