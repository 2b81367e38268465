"""Tensors on disk: safetensors with a checksum inside, never a pickle.

The format itself would let a flipped bit among the numbers through.
"""

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from prunescape.errors import UserError
from prunescape.io.files import atomic

CHECKSUM = "sha256"


def save_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors, by name, and words that belong to them, atomically."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    places = [tensor.data_ptr() for tensor in kept.values() if tensor.numel()]
    if len(set(places)) < len(places):  # tied weights have two names, and the format one place for each
        kept = {name: tensor.clone() for name, tensor in kept.items()}
    words = dict(metadata or {})
    with atomic(path) as temporary:
        save_file(kept, temporary, metadata={**words, CHECKSUM: _checksum(kept, words)})


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the words of a file that `save_tensors` wrote.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no file.
        UserError: it is damaged; the message says how, and no remedy.
    """
    if Path(path).is_dir():  # of which safetensors says that there is no such device
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    try:
        with safe_open(path, "pt") as file:
            words = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise UserError(f"{path}: damaged ({error})") from None
    if words.pop(CHECKSUM, None) != _checksum(tensors, words):
        raise UserError(f"{path}: damaged, its checksum is not that of what was written")
    return tensors, words


def _checksum(tensors: Mapping[str, torch.Tensor], words: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr(sorted(words.items())).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
