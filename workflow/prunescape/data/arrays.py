"""Arrays in `.npy` files, memory-mapped, so that they may be larger than memory; nothing is unpickled."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from prunescape.errors import UserError
from prunescape.io.files import atomic


@contextmanager
def new_array(path: Path, shape: tuple[int, ...], dtype: np.dtype | type) -> Iterator[np.memmap]:
    """Yield a memory-mapped array to fill; it takes the name `path` only once it is whole.

    Raises:
        OSError: the disk, or the user's share of it, is too small.
    """
    with atomic(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.dtype(dtype), shape=shape)
        _reserve(temporary)
        yield array
        array.flush()


def _reserve(path: Path) -> None:
    """Claim the disk space of a file: a full disk would kill a process while it writes to the map."""
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # not every file system can
                raise


def memory_mapped(path: Path, remedy: str) -> np.memmap:
    """Memory-map an array, read-only, after checking its header and the file's size (not its content).

    Args:
        path: the `.npy` file.
        remedy: how to mend a broken file, the end of the message.

    Raises:
        UserError: the file is missing, or is no whole `.npy` file of plain numbers.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {remedy}") from None
    except Exception as error:  # the header is parsed like Python's literals: a damaged one can raise nearly anything
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a whole .npy file ({reason}); {remedy}") from None
    if not isinstance(array, np.memmap):
        raise UserError(f"{path}: not a .npy file; {remedy}")
    excess = path.stat().st_size - array.offset - array.nbytes
    if excess:
        raise UserError(f"{path}: {excess} bytes too long; {remedy}")
    return array


def open_array(path: Path, dtype: np.dtype | type, shape: tuple[int, ...], remedy: str) -> np.ndarray:
    """Memory-map an array of a known kind; see `memory_mapped`.

    Args:
        path: the `.npy` file.
        dtype: what the numbers must be.
        shape: what the shape must be.
        remedy: how to mend a broken file, the end of the message.

    Raises:
        UserError: the file is missing, is no whole `.npy` file, or holds something else.
    """
    array = memory_mapped(path, remedy)
    if array.dtype != np.dtype(dtype) or not array.flags.c_contiguous:
        raise UserError(f"{path}: holds {array.dtype} numbers, not {np.dtype(dtype)} in C order; {remedy}")
    if array.shape != shape:
        raise UserError(f"{path}: has shape {array.shape}, not {shape}; {remedy}")
    return array
