"""On what networks are trained, and how: choices that may change the last bits of a result."""

import contextlib
import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from prunescape.errors import UserError


@dataclass(frozen=True)
class Engine:
    """Where and how training runs.

    Attributes:
        device: "cpu" or "cuda".
        lanes: networks trained together in one fused program; always exactly so many, idle copies fill up the rest, so
            that a lane's bits do not depend on how many neighbours it has.
        precision: "float32", or "bfloat16" for autocast.
        threads: CPU threads.
    """

    device: str = "cpu"
    lanes: int = 1
    precision: str = "float32"
    threads: int = 1

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Engine":
        """From the config's section `engine`; device "auto" becomes the GPU if there is one.

        Raises:
            UserError: a GPU is asked for and there is none.
        """
        device = section["device"]
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise UserError(
                "engine.device is 'cuda', but this job sees no GPU; ask the cluster for one (see profiles/) or set"
                " engine.device to 'auto' or 'cpu'"
            )
        return cls(device, section["lanes"], section["precision"], section["threads"])

    def set_up(self) -> None:
        """Prepare this process: threads, deterministic kernels, and memory that is kept between steps."""
        torch.set_num_threads(self.threads)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        _keep_freed_memory()

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which forward passes run."""
        if self.precision == "bfloat16":
            return torch.autocast(self.device, torch.bfloat16)
        return contextlib.nullcontext()

    def describe(self) -> str:
        """The device in words, for tables."""
        if self.device == "cuda":
            return torch.cuda.get_device_name()
        return f"cpu ({self.threads} thread{'s' if self.threads > 1 else ''})"


def _keep_freed_memory() -> None:
    """Tell glibc to reuse large blocks; else each activation is mapped and zeroed anew, which costs CPU time."""
    m_trim_threshold, m_mmap_threshold = -1, -3
    with contextlib.suppress(OSError, AttributeError):  # another C library: nothing to tell
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(m_mmap_threshold, 1 << 30)
        mallopt(m_trim_threshold, 1 << 30)
