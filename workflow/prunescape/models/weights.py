"""Weights on disk: safetensors beside an architecture's JSON, never a pickle."""

import os

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from prunescape.errors import UserError
from prunescape.files import atomic


def save_weights(path: str | os.PathLike[str], weights: dict[str, torch.Tensor]) -> None:
    """Write a state dict as safetensors, atomically."""
    with atomic(path) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, temporary)


def load_weights(path: str | os.PathLike[str], model: nn.Module) -> nn.Module:
    """Load a state dict into `model`, which must match it exactly; returns `model`.

    Raises:
        UserError: the file is missing, damaged, or belongs to another architecture.
    """
    try:
        model.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except SafetensorError as error:
        raise UserError(f"{path}: damaged ({error}); delete it and run again") from None
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UserError(f"{path}: weights of another architecture ({first}); delete it and run again") from None
    return model
