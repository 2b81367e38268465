"""Weights on disk: safetensors beside an architecture's JSON, never a pickle."""

import hashlib
import os
from pathlib import Path

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.io.files import remedy
from prunescape.io.tensors import load_tensors, save_tensors


def save_weights(path: str | os.PathLike[str], weights: dict[str, torch.Tensor]) -> None:
    """Write a state dict as safetensors, atomically."""
    save_tensors(path, weights)


def read_weights(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], str]:
    """A state dict, and a checksum of its file.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        return load_tensors(path)[0], hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except UserError as error:
        raise UserError(f"{error}; {remedy(path)}") from None


def load_weights(path: str | os.PathLike[str], model: nn.Module) -> nn.Module:
    """Load a state dict into `model`, which must match it exactly; returns `model`.

    Raises:
        UserError: the file is missing, damaged, or belongs to another architecture.
    """
    try:
        model.load_state_dict(load_tensors(path)[0])
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except UserError as error:
        raise UserError(f"{error}; {remedy(path)}") from None
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UserError(f"{path}: weights of another architecture ({first}); {remedy(path)}") from None
    return model
