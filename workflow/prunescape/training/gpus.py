"""Spread the jobs of a machine over its GPUs.

A cluster gives each job its GPU by CUDA_VISIBLE_DEVICES, which CUDA respects. Where a job sees several, because one
`snakemake` runs many jobs on one machine, each takes a place on the emptiest.
"""

import fcntl
import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import torch

_PLACES: list[IO[str]] = []  # locks live as long as this process


def claim_gpu() -> None:
    """Make one of the visible GPUs this process's own; it stays so until the process ends."""
    if torch.cuda.device_count() > 1 and not _PLACES:
        names = [str(torch.cuda.get_device_properties(k).uuid) for k in range(torch.cuda.device_count())]
        torch.cuda.set_device(claim(names))


def claim(names: Sequence[str], folder: str | None = None) -> int:
    """The position of the GPU in `names` on which fewest processes of this user have a place, and take a place there.

    Places are files that processes lock; the system unlocks them when a process ends, however it ends.
    """
    places = Path(folder or tempfile.gettempdir()) / f"prunescape-gpus-{os.getuid()}"
    places.mkdir(mode=0o700, exist_ok=True)
    for place in itertools.count():
        for position, name in enumerate(names):
            file = (places / f"{name}-{place}").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                _PLACES.append(file)
                return position
    raise AssertionError  # the loop above has no end
