"""CIFAR-10 and CIFAR-100, the Python version: as the archive that its authors publish, or unpacked."""

import hashlib
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.catalogue import lookup
from prunescape.data.sources.download import fetch
from prunescape.data.sources.interface import Options, Source, Split, in_memory
from prunescape.data.sources.restricted_pickle import load_plain
from prunescape.errors import UserError

SHAPE = (3, 32, 32)
Files = dict[str, tuple[str, bytes]]  # by name: where it was found, for messages, and its bytes


def open_cifar(root: Path, options: Options) -> Source:
    """The batches in `root`: unpacked there or in the authors' folder, or in their archive, or downloaded.

    Raises:
        UserError: a file is missing and cannot be downloaded, or is damaged.
    """
    from prunescape.runtime.torchvision_compat import torchvision

    known = {"cifar10": torchvision.datasets.CIFAR10, "cifar100": torchvision.datasets.CIFAR100}[options.name]
    meta = known.meta
    checksums = dict([*known.train_list, *known.test_list, (meta["filename"], meta["md5"])])
    if options.directory is None and options.download:
        fetch([known.url], root, known.filename, known.tgz_md5)  # does nothing if a whole copy is there
    files = _read(root, known.base_folder, known.filename, list(checksums))
    if files is None and options.download:
        fetch([known.url], root, known.filename, known.tgz_md5)
        files = _read(root, known.base_folder, known.filename, list(checksums))
    if files is None:
        remedy = f"put {known.filename} there, packed or unpacked, or set data.download: true"
        raise UserError(f"{root}: no copy of {options.name}; {remedy}")
    if options.verify:
        for name, (where, content) in files.items():
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksums[name]:
                remedy = "replace it by a good copy, or set data.verify: false to use it as it is"
                raise UserError(f"{where}: the checksum is not that of {options.name}; {remedy}")
    classes = _classes(*files[meta["filename"]], meta["key"], lookup(options.name).classes or 0)
    return Source(
        classes,
        _split([files[name] for name, _ in known.train_list], len(classes)),
        _split([files[name] for name, _ in known.test_list], len(classes)),
    )


def _read(root: Path, base_folder: str, archive: str, names: list[str]) -> Files | None:
    """The files called `names`, from the first place that has the first of them; None if there is none."""
    for folder in (root / base_folder, root):
        if not (folder / names[0]).is_file():
            continue
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise UserError(f"{folder}: {', '.join(missing)} missing; unpack {archive} there again")
        return {name: (str(folder / name), (folder / name).read_bytes()) for name in names}
    path = root / archive
    return _from_archive(path, base_folder, names) if path.is_file() else None


def _from_archive(path: Path, base_folder: str, names: list[str]) -> Files:
    wanted = {f"{base_folder}/{name}": name for name in names}
    files: Files = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name in wanted and (file := archive.extractfile(member)) is not None:
                    files[wanted[member.name]] = (f"{path}:{member.name}", file.read())
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(f"{path}: not a whole .tar.gz file ({error}); replace it by a good copy") from None
    missing = [name for name in names if name not in files]
    if missing:
        raise UserError(f"{path}: {', '.join(missing)} missing inside; replace it by a good copy")
    return files


def _load(where: str, content: bytes) -> dict[str, Any]:
    try:
        value = load_plain(content)
    except pickle.UnpicklingError as error:
        raise UserError(f"{where}: no batch of images ({error}); replace it by a good copy") from None
    if not isinstance(value, dict):
        raise UserError(f"{where}: holds a {type(value).__name__}, not a batch; replace it by a good copy")
    return value


def _classes(where: str, content: bytes, key: str, expected: int) -> list[str]:
    names = _load(where, content).get(key)
    if not isinstance(names, list) or len(names) != expected:
        raise UserError(f"{where}: no list of {expected} names under {key!r}; replace it by a good copy")
    return [str(name) for name in names]


def _split(batches: list[tuple[str, bytes]], classes: int) -> Split:
    images, labels = [], []
    for where, content in batches:
        batch = _load(where, content)
        pixels = batch.get("data")
        targets = batch.get("labels", batch.get("fine_labels"))
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (np.prod(SHAPE),):
            raise UserError(f"{where}: no uint8 images of 3x32x32 under 'data'; replace it by a good copy")
        if not isinstance(targets, list) or not all(isinstance(target, int) for target in targets):
            raise UserError(f"{where}: no list of labels; replace it by a good copy")
        if len(targets) != len(pixels) or not all(0 <= target < classes for target in targets):
            raise UserError(f"{where}: labels do not fit {len(pixels)} images in {classes} classes; get a good copy")
        images.append(pixels.reshape(-1, *SHAPE))
        labels += targets
    return in_memory(np.concatenate(images), np.array(labels))
