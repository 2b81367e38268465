"""The interface of a source of data, as `prunescape.data.prepare` uses it.

Every module beside this one has `open_source(options, downloads) -> Source`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError

Report = Callable[[str], None]
BLOCK = 1024  # images copied at once


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
    color_mode: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class Split:
    """The images of one split, before any is stored.

    Attributes:
        labels: int64, N.
        write: `write(out, chosen, workers, report)` puts the images at the positions `chosen` (int64, n) into
            `out` (uint8, n,C,H,W, a memory-mapped `.npy` file), in up to `workers` processes.
        name: gives the name of the image at a position, for messages; None where it has no other than its number.
    """

    labels: np.ndarray
    write: Callable[[np.memmap, np.ndarray, int, Report], None]
    name: Callable[[int], str] | None = None


@dataclass(frozen=True)
class Source:
    """A data set as found.

    Attributes:
        classes: their names, in the order of the labels.
        train, validation: its two splits.
        channels, image_size: channels and side in pixels of the images, where only the files tell.
        notes: lines on what was found beside the images.
    """

    classes: list[str]
    train: Split
    validation: Split
    channels: int | None = None
    image_size: int | None = None
    notes: Sequence[str] = ()


def in_memory(images: np.ndarray, labels: np.ndarray) -> Split:
    """The split of images (uint8, N,C,H,W) and labels (whole numbers, N) that are in memory or memory-mapped.

    Raises:
        TypeError: they are of other kinds, whose numbers would be cut.
    """
    if images.dtype != np.uint8 or not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"images of {images.dtype} and labels of {labels.dtype}, not of uint8 and whole numbers")

    def write(out: np.memmap, chosen: np.ndarray, workers: int, report: Report) -> None:  # noqa: ARG001
        if out.shape[1:] != images.shape[1:]:
            raise TypeError(f"images of {images.shape[1:]}, not {out.shape[1:]}")
        for start in range(0, len(chosen), BLOCK):
            out[start : start + BLOCK] = images[chosen[start : start + BLOCK]]

    return Split(labels.astype(np.int64), write)


def hold_out(labels: np.ndarray, options: Options, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Divide images that have no split of their own.

    Args:
        labels: int64, N.
        options: those of the data set.
        what: the images, for the message, and what else would help.

    Returns:
        Positions of the images kept for training, and of those held out for validation: at least one of every class,
        and never all.

    Raises:
        UserError: a class has one image.
    """
    counts = np.bincount(labels)
    if counts.min() < 2:
        raise UserError(f"{what}: a class has one image only; give each two or more, or a validation split")
    size = round(options.validation_fraction * len(labels))
    size = min(max(size, len(counts)), len(labels) - len(counts))
    chosen = stratified_choice(labels, size, derive_seed(options.seed, "validation split"), leave=1)
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen
