"""Folders of image files, one folder a class: ImageNet (ILSVRC2012) and the user's own images."""

import os
from pathlib import Path

import numpy as np

from prunescape.data.layout import class_names, split_folders
from prunescape.data.randomness import derive_seed
from prunescape.data.sources.decode import decode_all
from prunescape.data.sources.interface import Options, Report, Source, Split
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


def open_source(options: Options, downloads: Path) -> Source:  # noqa: ARG001
    """The images in `train/` and `validation/` (or `val/`), or a fixed part of the class folders held out.

    Classes are the names of the folders, sorted. Files in folders within a class folder are of that class;
    hidden files, and those without an image's suffix, do not count.

    Raises:
        UserError: there is no such folder, no class, no image, or the splits have different classes.
    """
    if options.directory is None:
        raise UserError(f"data.directory: null, but {options.name} is never downloaded; write the folder of your copy")
    root = Path(options.directory).expanduser()
    if not root.is_dir():
        raise UserError(f"data.directory: {root} is no folder; write the folder of your images")
    train_folder, validation_folder = split_folders(root)
    if validation_folder is None and options.name == "imagenet":
        raise UserError(f"{root}: has no train/ and val/; unpack ILSVRC2012 into these, one folder a class in each")
    classes = _classes(train_folder)
    paths, labels = _scan(train_folder, classes)
    if validation_folder is None:
        chosen = _hold_out(root, labels, options)
        kept = np.setdiff1d(np.arange(len(labels)), chosen)
        return Source(
            classes,
            _split("train", [paths[i] for i in kept], labels[kept]),
            _split("validation", [paths[i] for i in chosen], labels[chosen]),
        )
    names = _classes(validation_folder)
    if names != classes:
        odd = sorted(set(names) ^ set(classes))[0]
        only = train_folder if odd in classes else validation_folder
        raise UserError(f"{root}: the class {odd!r} is only in {only.name}/; the splits must have the same folders")
    return Source(
        classes,
        _split("train", paths, labels),
        _split("validation", *_scan(validation_folder, classes)),
    )


def _split(name: str, paths: list[str], labels: np.ndarray) -> Split:
    def write(out: np.memmap, chosen: np.ndarray, workers: int, report: Report) -> None:
        decode_all(out, [paths[i] for i in chosen], workers, f"{name} images", report)

    return Split(labels, write)


def _classes(folder: Path) -> list[str]:
    classes = class_names(folder)
    if classes:
        return classes
    loose = sum(_is_image(entry.name) for entry in folder.iterdir())
    if loose:
        remedy = "move each into a folder of its class (for ImageNet's val/, the known valprep.sh does it)"
        raise UserError(f"{folder}: holds {loose} images in one flat folder; {remedy}")
    raise UserError(f"{folder}: holds no folders; make one a class, with its images inside")


def _scan(folder: Path, classes: list[str]) -> tuple[list[str], np.ndarray]:
    """Paths of all images, class after class and sorted within, and their labels: int64, N."""
    paths: list[str] = []
    counts = []
    for name in classes:
        of_class = sorted(
            os.path.join(place, file)  # noqa: PTH118 - a million paths: pathlib takes minutes
            for place, _, files in os.walk(folder / name, followlinks=True)
            for file in files
            if _is_image(file)
        )
        if not of_class:
            remedy = f"add some ({', '.join(SUFFIXES)}) or remove the folder"
            raise UserError(f"{folder / name}: holds no images; {remedy}")
        paths += of_class
        counts.append(len(of_class))
    return paths, np.repeat(np.arange(len(classes), dtype=np.int64), counts)


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _hold_out(root: Path, labels: np.ndarray, options: Options) -> np.ndarray:
    """Positions of the images held out for validation: at least one of every class, and never all."""
    counts = np.bincount(labels)
    if counts.min() < 2:
        raise UserError(f"{root}: a class has one image only; give each two or more, or make train/ and validation/")
    size = round(options.validation_fraction * len(labels))
    size = min(max(size, len(counts)), len(labels) - len(counts))
    return stratified_choice(labels, size, derive_seed(options.seed, "validation split"), leave=1)
