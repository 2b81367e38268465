"""The interface of a source of data, as `prunescape.data.prepare` uses it.

Every module beside this one has `open_source(options, downloads) -> Source`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Report = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """The config's section `data`, as far as it decides what is prepared; docs/config.md explains it."""

    name: str
    directory: str | None = None
    download: bool = True
    verify: bool = True
    train_size: int | None = None
    validation_size: int | None = None
    image_size: int | None = None
    validation_fraction: float = 0.1
    flip: bool | None = None
    seed: int = 0


@dataclass(frozen=True)
class Split:
    """The images of one split, before any is stored.

    Attributes:
        labels: int64, N.
        write: `write(out, chosen, workers, report)` puts the images at the positions `chosen` (int64, n) into
            `out` (uint8, n,C,H,W, a memory-mapped `.npy` file), in up to `workers` processes.
    """

    labels: np.ndarray
    write: Callable[[np.memmap, np.ndarray, int, Report], None]


@dataclass(frozen=True)
class Source:
    """A data set as found: its classes, and its two splits."""

    classes: list[str]
    train: Split
    validation: Split


def in_memory(images: np.ndarray, labels: np.ndarray) -> Split:
    """The split of images (uint8, N,C,H,W) and labels (N) that are already in memory."""

    def write(out: np.memmap, chosen: np.ndarray, workers: int, report: Report) -> None:  # noqa: ARG001
        out[:] = images[chosen]

    return Split(labels.astype(np.int64), write)
