"""The user's own arrays: images of any number of channels, and labels, as `.npy` files."""

from pathlib import Path

import numpy as np

from prunescape.data.arrays import memory_mapped
from prunescape.data.own_files import is_folder, root_of
from prunescape.data.sources.interface import Options, Source, Split, hold_out, in_memory
from prunescape.errors import UserError


def open_source(options: Options, downloads: Path) -> Source:  # noqa: ARG001
    """Images from `train_images.npy` and `validation_images.npy` (uint8, N,C,S,S), and labels beside them.

    Labels are integers, N. Without the two files for validation a fixed part of the training images is held out.
    Classes are the numbers from 0 to the largest label. The files are memory-mapped, and nothing in them is unpickled.

    Raises:
        UserError: a file is missing, or holds anything else.
    """
    if options.directory is None:
        raise UserError("data.directory: null, but arrays are never downloaded; write the folder of your arrays")
    root = root_of(options.directory)
    if not is_folder(root):
        raise UserError(f"data.directory: {root} is no folder; write the folder of your arrays")
    images, labels = _images(root / "train_images.npy"), _labels(root / "train_labels.npy")
    _check_length(root, "train", images, labels)
    classes = _classes(root / "train_labels.npy", labels)
    given = [(root / f"validation_{part}.npy").exists() for part in ("images", "labels")]
    if any(given):
        held_images, held_labels = _images(root / "validation_images.npy"), _labels(root / "validation_labels.npy")
        _check_length(root, "validation", held_images, held_labels)
        _check_alike(root, images, held_images, held_labels, classes)
        train, validation = in_memory(images, labels), in_memory(held_images, held_labels)
    else:
        kept, held = hold_out(labels, options, f"{root}/train_labels.npy")
        train, validation = _part(images, labels, kept), _part(images, labels, held)
    names = [str(number) for number in range(classes)]
    return Source(names, train, validation, channels=images.shape[1], image_size=images.shape[2])


def _part(images: np.ndarray, labels: np.ndarray, places: np.ndarray) -> Split:
    """The split of some of the images, which stay where they are."""
    whole = in_memory(images, labels)
    return Split(
        labels[places],
        lambda out, chosen, workers, report: whole.write(out, places[chosen], workers, report),
        lambda position: f"train image {places[position]}",
    )


def _images(path: Path) -> np.ndarray:
    images = memory_mapped(path, "save it with numpy.save")
    if images.ndim != 4:
        hint = "; grey images are images[:, None]" if images.ndim == 3 else ""
        raise UserError(f"{path}: has shape {images.shape}, not (images, channels, side, side){hint}")
    if images.dtype != np.uint8:
        raise UserError(f"{path}: holds {images.dtype} numbers, not uint8; scale them to whole numbers from 0 to 255")
    if 0 in images.shape:
        raise UserError(f"{path}: holds no images, its shape is {images.shape}; save at least one a class")
    _, channels, height, width = images.shape
    if height != width:
        last = channels == height and width < height
        remedy = "channels come second: save images.transpose(0, 3, 1, 2)" if last else "cut or scale them to squares"
        raise UserError(f"{path}: has shape {images.shape}, and images of {height}x{width} are not square; {remedy}")
    return images


def _labels(path: Path) -> np.ndarray:
    """The labels: int64, N."""
    labels = memory_mapped(path, "save it with numpy.save")
    if labels.ndim != 1:
        hint = "; of one column a class, save labels.argmax(1)" if labels.ndim == 2 and labels.shape[1] > 1 else ""
        raise UserError(f"{path}: has shape {labels.shape}, not (images,){hint}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: holds {labels.dtype} numbers, not whole ones; save labels.astype('int64')")
    if not len(labels):
        raise UserError(f"{path}: holds no labels; save one an image")
    lowest, highest = labels.min(), labels.max()
    if lowest < 0 or highest >= max(len(labels), 2):
        wrong = f"labels from {lowest} to {highest} of {len(labels)} images"
        raise UserError(f"{path}: {wrong}; number the classes from 0 without gaps")
    return labels.astype(np.int64)


def _check_length(root: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    if len(images) != len(labels):
        counts = f"{len(labels)} labels for the {len(images)} images in {split}_images.npy"
        raise UserError(f"{root / f'{split}_labels.npy'}: {counts}; save one an image")


def _classes(path: Path, labels: np.ndarray) -> int:
    """Number of classes: all from 0 to the largest label."""
    counts = np.bincount(labels)
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        wrong = f"labels up to {len(counts) - 1}, and no image is of class {absent[0]}"
        raise UserError(f"{path}: {wrong}; number the classes from 0 without gaps")
    if len(counts) < 2:
        raise UserError(f"{path}: all labels are 0, and classes are told apart; save those of two classes or more")
    return len(counts)


def _check_alike(root: Path, images: np.ndarray, held: np.ndarray, labels: np.ndarray, classes: int) -> None:
    """Refuse a validation split of other images or classes than the training split's."""
    if images.shape[1:] != held.shape[1:]:
        shapes = f"images of {held.shape[1:]}, and those in train_images.npy are of {images.shape[1:]}"
        raise UserError(f"{root / 'validation_images.npy'}: {shapes}; make them alike")
    odd = sorted({*range(classes)} ^ {*labels.tolist()})
    if odd:
        where = "validation_labels.npy" if odd[0] < classes else "train_labels.npy"
        raise UserError(f"{root / where}: no image is of class {odd[0]}; both splits must have the same classes")
