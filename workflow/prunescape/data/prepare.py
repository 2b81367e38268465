"""Bring any data set into the prepared form."""

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.arrays import new_array
from prunescape.data.catalogue import lookup
from prunescape.data.prepared import PreparedData, clear, write_labels, write_meta
from prunescape.data.randomness import derive_seed
from prunescape.data.sources.interface import Options, Report, Source, Split
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError


def prepare(
    options: Mapping[str, Any], output_directory: str | Path, workers: int = 1, report: Report = print
) -> PreparedData:
    """Prepare the data set that `options` name; equal options and files give equal bytes.

    Args:
        options: the config's `data:` section: `name` and any of the keys of `Options`; `prepared` is ignored.
        output_directory: where the arrays and `meta.json` go; downloads go into its folder `download`.
        workers: most processes that decode images.
        report: takes lines that say how far the work is.

    Raises:
        UserError: the data set is unknown, missing, damaged or smaller than asked for, or the disk too small.
    """
    chosen = Options(**{key: value for key, value in options.items() if key != "prepared"})
    info = lookup(chosen.name)
    directory = Path(output_directory)
    module = importlib.import_module(f"prunescape.data.sources.{info.module}")
    source: Source = module.open_source(chosen, directory / "download")
    geometry = info.geometry(chosen.image_size)
    image_shape = (info.channels, geometry.stored, geometry.stored)
    splits = {  # the small split first: what is wrong with it shows early
        name: (split, _choose(split, size, name, chosen.seed))
        for name, split, size in [
            ("validation", source.validation, chosen.validation_size),
            ("train", source.train, chosen.train_size),
        ]
    }
    directory.mkdir(parents=True, exist_ok=True)
    clear(directory)
    _check_space(directory, sum(len(positions) for _, positions in splits.values()) * int(np.prod(image_shape)))
    for name, (split, positions) in splits.items():
        report(f"{chosen.name}: storing {len(positions):,} {name} images")
        with new_array(directory / f"{name}_images.npy", (len(positions), *image_shape), np.uint8) as out:
            split.write(out, positions, workers, report)
        write_labels(directory, name, split.labels[positions])
    return write_meta(
        directory,
        name=chosen.name,
        classes=source.classes,
        crop=geometry.crop,
        pad=geometry.pad,
        flip=info.flip if chosen.flip is None else chosen.flip,
    )


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
