"""Bring any data set into the prepared form."""

import importlib
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.arrays import new_array
from prunescape.data.catalogue import lookup
from prunescape.data.examine import Stored, examine
from prunescape.data.own_files import UNVERIFIED, digest
from prunescape.data.prepared import PreparedData, clear, write_labels, write_meta
from prunescape.data.randomness import derive_seed
from prunescape.data.sources.interface import Options, Report, Source, Split
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError
from prunescape.printable import printable

Splits = Mapping[str, tuple[Split, np.ndarray]]  # by name: its images, and the positions of those that are kept
SHOWN = 30  # classes that are named, with the last one


def prepare(
    options: Mapping[str, Any],
    output_directory: str | Path,
    workers: int = 1,
    report: Report = print,
    tell: Report | None = None,
    planned: str | None = None,
) -> PreparedData:
    """Prepare the data set that `options` name; equal options and files give equal bytes.

    Args:
        options: the config's `data:` section: `name` and any of the keys of `Options`; `prepared` is ignored.
        output_directory: where the arrays and `meta.json` go; downloads go into its folder `download`.
        workers: most processes that decode images.
        report: takes lines that say how far the work is.
        tell: takes lines on what was found, and warnings; None, `report` does.
        planned: the digest of the user's own files when the job was planned; None does not compare it.

    Raises:
        UserError: the data set is unknown, missing, damaged, without content, smaller than asked for, or not what was
            planned; or the disk is too small.
    """
    tell = tell or report
    chosen = Options(**{key: value for key, value in options.items() if key != "prepared"})
    info = lookup(chosen.name)
    directory = Path(output_directory)
    module = importlib.import_module(f"prunescape.data.sources.{info.module}")
    source: Source = module.open_source(chosen, directory / "download")
    geometry = info.geometry(source.image_size or chosen.image_size)
    channels = source.channels or info.channels
    assert channels is not None
    image_shape = (channels, geometry.stored, geometry.stored)
    splits = {  # the small split first: what is wrong with it shows early
        name: (split, _choose(split, size, name, chosen.seed))
        for name, split, size in [
            ("validation", source.validation, chosen.validation_size),
            ("train", source.train, chosen.train_size),
        ]
    }
    for line in [_found(chosen.name, source.classes, splits, image_shape), *source.notes]:
        tell(line)
    directory.mkdir(parents=True, exist_ok=True)
    clear(directory)
    _check_space(directory, sum(len(positions) for _, positions in splits.values()) * int(np.prod(image_shape)))
    stored = {}
    for name, (split, positions) in splits.items():
        report(f"{chosen.name}: storing {len(positions):,} {name} images")
        with new_array(directory / f"{name}_images.npy", (len(positions), *image_shape), np.uint8) as out:
            split.write(out, positions, workers, report)
        write_labels(directory, name, split.labels[positions])
        stored[name] = Stored(out, split.labels[positions], partial(_name, split, positions, name))
    try:
        for line in examine(stored, source.classes):
            tell(f"warning: {line}")
        _check_unchanged(chosen, planned)
    except UserError:
        clear(directory)
        raise
    return write_meta(
        directory,
        name=chosen.name,
        classes=source.classes,
        crop=geometry.crop,
        pad=geometry.pad,
        flip=info.flip if chosen.flip is None else chosen.flip,
        own_files=planned,
    )


def _found(name: str, classes: list[str], splits: Splits, shape: tuple[int, int, int]) -> str:
    """A line that names the classes and counts their images."""
    counts = {
        split: np.bincount(of.labels[positions], minlength=len(classes)) for split, (of, positions) in splits.items()
    }
    totals = " and ".join(f"{counts[split].sum():,} {split}" for split in ("train", "validation"))
    each = [
        f"{printable(of_class)} ({counts['train'][label]} + {counts['validation'][label]})"
        for label, of_class in enumerate(classes)
    ]
    if len(each) > SHOWN:
        each = [*each[: SHOWN - 1], "...", each[-1]]
    return f"{name}: {totals} images of {shape[0]}x{shape[1]}x{shape[2]} in {len(classes)} classes: {', '.join(each)}"


def _name(split: Split, positions: np.ndarray, name: str, position: int) -> str:
    """The name of the stored image at a position."""
    return f"{name} image {position}" if split.name is None else split.name(int(positions[position]))


def _check_unchanged(options: Options, planned: str | None) -> None:
    """Refuse files that changed since the job was planned, of which some may have been read before and some after."""
    if options.name in UNVERIFIED:  # what is missing may have been downloaded meanwhile
        return
    if planned is not None and digest(options.name, options.directory, options.verify) != planned:
        raise UserError(f"data.directory: {options.directory} was changed while it was read; run again")


def _choose(split: Split, size: int | None, name: str, seed: int) -> np.ndarray:
    """Positions of the images to keep: all of them, or a fixed balanced choice of `size`."""
    available = len(split.labels)
    if size is None or size == available:
        return np.arange(available)
    classes = len(np.unique(split.labels))
    if not classes <= size <= available:
        there = f"the split has {available} images in {classes} classes"
        raise UserError(f"data.{name}_size: {size}, but {there}; write {classes} to {available}")
    return stratified_choice(split.labels, size, derive_seed(seed, f"{name} subset"))


def _check_space(directory: Path, needed: int) -> None:
    free = shutil.disk_usage(directory).free
    if needed > free:
        sizes = f"{needed / 2**30:.1f} GiB are needed and {free / 2**30:.1f} GiB are free"
        raise UserError(f"{directory}: {sizes}; free some space or set data.prepared to a folder on a larger disk")
