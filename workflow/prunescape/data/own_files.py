"""The files of a user's own copy of a data set: what they tell before they are prepared, and one digest of them all.

Light: used while the Snakefile is parsed; NumPy is loaded only for a user's own arrays.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from prunescape.data.catalogue import IMAGES, Geometry, lookup
from prunescape.data.hashes import Hashes
from prunescape.data.layout import class_names, read_layout, split_folders
from prunescape.errors import UserError

KEEP = Path(".snakemake") / "prunescape"  # where hashes are kept: it may be removed at any time
ARRAYS = ("train_images.npy", "train_labels.npy", "validation_images.npy", "validation_labels.npy")
# What is read of a copy whose checksums are not compared, as it may be anything.
UNVERIFIED = {
    "fashion_mnist": ("*-ubyte", "*-ubyte.gz", "FashionMNIST/raw/*-ubyte", "FashionMNIST/raw/*-ubyte.gz"),
    "cifar10": ("cifar-10-batches-py/*", "data_batch_*", "test_batch", "batches.meta", "cifar-10-python.tar.gz"),
    "cifar100": ("cifar-100-python/*", "train", "test", "meta", "cifar-100-python.tar.gz"),
}


def is_folder(root: Path) -> bool:
    """Whether a folder is there, and can be seen."""
    return os.path.isdir(root)  # noqa: PTH112 - pathlib raises where that cannot be told


def root_of(directory: str) -> Path:
    """The folder that `data.directory` names; `~` is the home directory."""
    return Path(os.path.expanduser(directory))  # noqa: PTH111 - pathlib raises where there is no such user


def count_classes(name: str, directory: str | None = None) -> int | None:
    """Number of classes of a data set, as far as it is known before the data set is prepared; else None.

    Folders are counted where they are at hand, since a part of ImageNet is ImageNet too.

    Args:
        name: the data set's.
        directory: a copy of it, if there is one.
    """
    info = lookup(name)
    if directory is None:
        return info.classes
    try:  # the rule that prepares the data will say what is wrong
        if info.module == "folders":
            return len(class_names(split_folders(root_of(directory))[0]))
        labels = _array(directory, "train_labels") if info.module == "arrays" else None
        return info.classes if labels is None else int(labels.max()) + 1
    except (OSError, UserError, ValueError, TypeError):
        return info.classes


def count_images(name: str, directory: str | None, fraction: float) -> tuple[int | None, int | None]:
    """Images of the training and the validation split before they are prepared; None where that is not known.

    Args:
        name, directory: see the config's section `data`.
        fraction: the part that is held out where there is no validation split.
    """
    if name in IMAGES:
        return IMAGES[name]
    counts: list[int] = []
    if lookup(name).module == "arrays":
        arrays = [_array(directory, f"{split}_labels") for split in ("train", "validation")]
        counts = [len(labels) for labels in arrays if labels is not None and labels.ndim]
    elif directory is not None:
        try:
            found = read_layout(root_of(directory)).listings
        except UserError:
            return None, None
        counts = [sum(map(len, listing.images.values())) for listing in found]
    if len(counts) == 1:
        held_out = round(counts[0] * fraction)
        return counts[0] - held_out, held_out
    return (counts[0], counts[1]) if counts else (None, None)


def geometry(name: str, directory: str | None, image_size: int | None) -> Geometry:
    """The sizes of the images of a data set; those of a user's own arrays are as the arrays say, where they are there.

    Args:
        name, directory, image_size: see the config's section `data`.
    """
    images = _array(directory, "train_images") if name == "arrays" else None
    return lookup(name).geometry(image_size if images is None else images.shape[-1])


def count_channels(name: str, directory: str | None) -> int | None:
    """Channels of the images of a data set before they are prepared; None where that is not known."""
    images = _array(directory, "train_images") if name == "arrays" else None
    return lookup(name).channels if images is None or images.ndim != 4 else images.shape[1]


def _array(directory: str | None, stem: str) -> Any:
    """One of a user's own arrays, memory-mapped; None where it cannot be read, as preparing it will say."""
    from prunescape.data.arrays import memory_mapped

    try:
        return memory_mapped(root_of(directory or "") / f"{stem}.npy", "")
    except (OSError, UserError):
        return None


def digest(
    name: str,
    directory: str | None,
    verify: bool = True,
    keep: Path = KEEP,
    tell: Callable[[str], None] = print,
) -> str | None:
    """A digest of the files that preparing a user's own copy of a data set reads: their places and their content.

    Of ImageNet, whose images are what everyone has, it is that of their places. Files that are read again later have
    their hashes kept.

    Args:
        name, directory, verify: see the config's section `data`.
        keep: the folder where hashes are kept.
        tell: takes lines when much has to be read.

    Returns:
        The digest, or what is wrong with the files; None where checksums say what they are.
    """
    if directory is None:
        return None
    root = root_of(directory)
    try:
        paths = _files(name, root, verify)
    except (OSError, UserError) as error:  # the job that reads them will say it
        return f"refused: {error}"
    if paths is None:
        return None
    contents = [""] * len(paths) if name == "imagenet" else _contents(root, paths, keep, tell)
    return _digest(root, paths, contents)


def files_digest(path: str, keep: Path = KEEP, tell: Callable[[str], None] = print) -> str:
    """A digest of the content of a file, or of all files in a folder and their places; see `digest`."""
    file = Path(path)
    root = file if file.is_dir() else file.parent
    paths = sorted(str(below) for below in file.rglob("*") if below.is_file()) if file.is_dir() else [str(file)]
    return _digest(root, paths, _contents(file, paths, keep, tell))


def _contents(of: Path, paths: Sequence[str], keep: Path, tell: Callable[[str], None]) -> list[str]:
    """Hashes of files, kept under the path of what they are `of`."""
    key = hashlib.sha256(os.fsencode(of.absolute())).hexdigest()[:16]
    return Hashes(keep / f"hashes-{key}").of(paths, tell)


def _digest(root: Path, paths: Sequence[str], contents: Sequence[str]) -> str:
    start = len(os.path.join(root, ""))  # noqa: PTH118
    lines = (f"{path[start:]}\0{content}\n" for path, content in zip(paths, contents, strict=True))
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()[:16]


def _files(name: str, root: Path, verify: bool) -> list[str] | None:
    """Paths of the files that are read, in an order of their own."""
    module = lookup(name).module
    if module == "folders":
        return read_layout(root).files
    if module == "arrays":
        return [str(root / file) for file in ARRAYS if (root / file).exists()]
    if verify:
        return None
    found = {str(path) for pattern in UNVERIFIED.get(name, ()) for path in root.glob(pattern) if path.is_file()}
    return sorted(found) or None  # to be downloaded
