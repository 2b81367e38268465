"""Tensors on disk: safetensors with a checksum inside, never a pickle.

The format itself would let a flipped bit among the numbers through.
"""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
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
        save_file(kept, temporary, metadata={**words, CHECKSUM: _checksum(sorted(kept.items()), words)})


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the words of a file that `save_tensors` wrote.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no file.
        UserError: it is damaged; the message says how, and no remedy.
    """
    file = TensorFile(path, check=False)
    tensors = dict(file)
    _check(path, file.checksum, sorted(tensors.items()), file.words)
    return tensors, file.words


class TensorFile(Mapping[str, torch.Tensor]):
    """The tensors of a file that `save_tensors` wrote, each read when it is asked for, so that few are held at once.

    Args:
        path: the file.
        check: whether all of it is read once, to see that it is not damaged.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no file.
        UserError: it is damaged; the message says how, and no remedy.
    """

    def __init__(self, path: str | os.PathLike[str], check: bool = True) -> None:
        if Path(path).is_dir():  # of which safetensors says that there is no such device
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        try:
            self._file = safe_open(path, "pt").__enter__()  # stays open, as its header takes time to read
            self.words: dict[str, str] = dict(self._file.metadata() or {})
            self.names: list[str] = list(self._file.keys())
        except SafetensorError as error:
            raise UserError(f"{path}: damaged ({error})") from None
        self.checksum = self.words.pop(CHECKSUM, None)
        if check:
            _check(path, self.checksum, ((name, self[name]) for name in sorted(self.names)), self.words)

    def __getitem__(self, name: str) -> torch.Tensor:
        tensor: torch.Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _check(
    path: str | os.PathLike[str],
    checksum: str | None,
    tensors: Iterable[tuple[str, torch.Tensor]],
    words: Mapping[str, str],
) -> None:
    if checksum != _checksum(tensors, words):
        raise UserError(f"{path}: damaged, its checksum is not that of what was written")


def _checksum(tensors: Iterable[tuple[str, torch.Tensor]], words: Mapping[str, str]) -> str:
    """The checksum of tensors with their names, in the order of these, and of words."""
    digest = hashlib.sha256(repr(sorted(words.items())).encode())
    for name, tensor in tensors:
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
