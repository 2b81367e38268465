"""Folders of image files, one folder a class: ImageNet (ILSVRC2012) and the user's own images."""

import os
from pathlib import Path

import numpy as np

from prunescape.data.catalogue import DEFAULT_FOLDER_SIZE
from prunescape.data.layout import Layout, Listing, read_layout, split_folders
from prunescape.data.own_files import is_folder, root_of
from prunescape.data.sources.decode import decode_all, is_grey, usual_side
from prunescape.data.sources.interface import Options, Report, Source, Split, hold_out
from prunescape.errors import UserError
from prunescape.printable import printable

PUBLISHED = "imagenet"


def open_source(options: Options, downloads: Path) -> Source:  # noqa: ARG001
    """The images in `train/` and `validation/` (`val/`, `valid/`, `dev/`); or those of the classes, a part held out.

    Classes are the names of the folders, sorted. Files in folders within a class folder are of that class; files that
    are hidden or made by tools, and those without an image's suffix, do not count. The images have one channel if all
    files are grey, unless the config says otherwise; ImageNet's have three.

    Raises:
        UserError: there is no such folder, no class, no image, or the splits have different classes.
    """
    if options.directory is None:
        raise UserError(f"data.directory: null, but {options.name} is never downloaded; write the folder of your copy")
    root = root_of(options.directory)
    if not is_folder(root):
        raise UserError(f"data.directory: {root} is no folder; write the folder of your images")
    if options.name == PUBLISHED and split_folders(root)[1] is None:
        raise UserError(f"{root}: has no train/ and val/; unpack ILSVRC2012 into these, one folder a class in each")
    layout = read_layout(root)
    train, validation = _splits(layout, options)
    channels = 3 if options.name == PUBLISHED else _channels(layout, options.color_mode)
    notes = layout.notes() if options.name == PUBLISHED else [*layout.notes(), *_enlarged(layout, options)]
    return Source(layout.classes, train, validation, channels, options.image_size, notes)


def _enlarged(layout: Layout, options: Options) -> list[str]:
    """A line for images that are smaller than what is made of them: it costs compute, and shows nothing more."""
    size, side = options.image_size or DEFAULT_FOLDER_SIZE, usual_side(layout.files)
    if side is None or side >= size:
        return []
    return [
        f"most images are smaller than they are stored, and are enlarged: their shorter side is about {side} pixels,"
        f" data.image_size {size}"
    ]


def _splits(layout: Layout, options: Options) -> tuple[Split, Split]:
    paths, labels = _flat(layout.train)
    if layout.validation is not None:
        held_paths, held_labels = _flat(layout.validation)
    else:
        kept, held = hold_out(labels, options, str(layout.root))
        held_paths, held_labels = [paths[i] for i in held], labels[held]
        paths, labels = [paths[i] for i in kept], labels[kept]
    as_published = options.name == PUBLISHED
    return (
        _split("train", layout.root, paths, labels, as_published),
        _split("validation", layout.root, held_paths, held_labels, as_published),
    )


def _flat(listing: Listing) -> tuple[list[str], np.ndarray]:
    """Paths of all images, class after class, and their labels: int64, N."""
    counts = [len(paths) for paths in listing.images.values()]
    paths = [path for paths in listing.images.values() for path in paths]
    return paths, np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def _split(name: str, root: Path, paths: list[str], labels: np.ndarray, as_published: bool) -> Split:
    def write(out: np.memmap, chosen: np.ndarray, workers: int, report: Report) -> None:
        decode_all(out, [paths[i] for i in chosen], workers, f"{name} images", report, as_published)

    return Split(labels, write, lambda position: printable(os.path.relpath(paths[position], root)))


def _channels(layout: Layout, color_mode: str) -> int:
    """Channels that keep the numbers of all images, or those that are asked for."""
    is_one = all(map(is_grey, layout.files)) if color_mode == "auto" else color_mode == "grayscale"
    return 1 if is_one else 3
