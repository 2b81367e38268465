"""The one form in which every data set is kept: arrays to memory-map and a small JSON that describes them.

A prepared folder holds `train_images.npy` and `validation_images.npy` (uint8, N,C,H,W, square),
`train_labels.npy` and `validation_labels.npy` (int64, N), and `meta.json`, which is written last: where it
is, the arrays are whole.
"""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data.arrays import new_array, open_array
from prunescape.data.statistics import channel_statistics
from prunescape.errors import UserError
from prunescape.io.files import read_json, sha256, write_json
from prunescape.io.seals import read_seal, seal

SPLITS = ("train", "validation")
KINDS = ("images", "labels")
# Arrays up to this size are compared with their checksum each time a job opens them, which takes a second or two.
VERIFIED_BYTES = 1 << 30
META = "meta.json"


@dataclass(frozen=True)
class PreparedData:
    """A prepared data set; its arrays are memory-mapped when asked for.

    Attributes:
        name: the data set's name.
        directory: the folder of the arrays.
        classes: names of the classes, in the order of the labels.
        mean: per channel, of the training images, in units of 0..1.
        std: standard deviation likewise.
        image_size: side of the stored images, in pixels.
        crop: side of what the network sees, in pixels.
        pad: zero padding a side before the random crop, in pixels.
        flip: whether training mirrors images left to right.
        sizes: number of images of each split.
        chosen: the places of a split's images in its arrays, increasing, where only some of them are the data's.
        relabelled: the labels of a split's images where they are not the stored ones.
    """

    name: str
    directory: Path
    classes: list[str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int
    crop: int
    pad: int
    flip: bool
    sizes: dict[str, int]
    chosen: dict[str, np.ndarray] = field(default_factory=dict)
    relabelled: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height, width of what the network sees."""
        return (len(self.mean), self.crop, self.crop)

    def images(self, split: str) -> np.ndarray:
        """The images of "train" or "validation": uint8, N,C,H,W, read-only, memory-mapped; a copy of some in memory."""
        return self._array(split, "images", np.uint8, (len(self.mean), self.image_size, self.image_size))

    def labels(self, split: str) -> np.ndarray:
        """The labels of "train" or "validation": int64, N, read-only, memory-mapped; in memory if some or others."""
        if split in self.relabelled:
            return self.relabelled[split]
        return self._array(split, "labels", np.int64, ())

    def only(self, split: str, places: np.ndarray) -> "PreparedData":
        """A data set with only some images of one split: those at `places`, int64, increasing."""
        relabelled = {of: labels[places] if of == split else labels for of, labels in self.relabelled.items()}
        places = self.chosen[split][places] if split in self.chosen else places
        chosen = self.chosen | {split: np.asarray(places)}
        return replace(self, sizes=self.sizes | {split: len(places)}, chosen=chosen, relabelled=relabelled)

    def with_labels(self, split: str, labels: np.ndarray) -> "PreparedData":
        """A data set whose images of one split have other labels, int64, N; only in memory."""
        return replace(self, relabelled=self.relabelled | {split: labels})

    def _array(self, split: str, kind: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
        path, chosen = self.directory / f"{split}_{kind}.npy", self.chosen.get(split)
        if chosen is None:
            return open_array(path, dtype, (self.sizes[split], *shape), _remedy(self.directory))
        return np.load(path, mmap_mode="r", allow_pickle=False)[chosen]  # the whole was checked when it was opened


def load_prepared(meta_path: str | Path) -> PreparedData:
    """Open a prepared data set by its `meta.json`, checking everything that is quick to check.

    Of arrays above `VERIFIED_BYTES` the sizes and labels are checked, and not every pixel.

    Raises:
        UserError: a file is missing, cut short or not what `meta.json` says; names the file and the remedy.
    """
    path = Path(meta_path)
    remedy = _remedy(path.parent)
    meta = read_json(path)
    try:
        data = PreparedData(
            name=str(meta["name"]),
            directory=path.parent,
            classes=[str(name) for name in meta["classes"]],
            mean=tuple(float(value) for value in meta["mean"]),
            std=tuple(float(value) for value in meta["std"]),
            image_size=int(meta["image_size"]),
            crop=int(meta["crop"]),
            pad=int(meta["pad"]),
            flip=bool(meta["flip"]),
            sizes={split: int(meta[f"n_{split}"]) for split in SPLITS},
        )
    except KeyError as error:
        raise UserError(f"{path}: the key {error} is missing; {remedy}") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: not the description of a data set ({error}); {remedy}") from None
    if not (0 < data.crop <= data.image_size and data.pad >= 0 and len(data.std) == len(data.mean)):
        raise UserError(f"{path}: its sizes do not fit each other; {remedy}")
    if not all(map(math.isfinite, (*data.mean, *data.std))) or min(data.std, default=0.0) <= 0:
        raise UserError(f"{path}: its mean and std are no finite numbers with std above 0; {remedy}")
    for split in SPLITS:
        data.images(split)
        labels = data.labels(split)
        if labels.min() < 0 or labels.max() >= len(data.classes):
            wrong = f"labels from {labels.min()} to {labels.max()} for {len(data.classes)} classes"
            raise UserError(f"{data.directory / f'{split}_labels.npy'}: {wrong}; {remedy}")
    _verify(path.parent, meta)
    return data


def _verify(directory: Path, meta: dict[str, Any]) -> None:
    """Compare the arrays with the checksums in `meta.json`, as far as that is quick."""
    for name in (f"{split}_{kind}" for split in SPLITS for kind in KINDS):
        path = directory / f"{name}.npy"
        try:
            expected = meta["files"][name]["sha256"]
        except (KeyError, TypeError):
            raise UserError(f"{directory / META}: has no checksum of {path.name}; {_remedy(directory)}") from None
        if path.stat().st_size <= VERIFIED_BYTES and sha256(path) != expected:
            wrong = "damaged, its checksum is not that of what was written"
            raise UserError(f"{path}: {wrong}; {_remedy(directory)}")


def write_prepared(
    directory: str | Path,
    arrays: dict[str, tuple[np.ndarray, np.ndarray]],
    *,
    name: str,
    classes: list[str],
    crop: int,
    pad: int = 0,
    flip: bool = False,
) -> PreparedData:
    """Write a data set that fits in memory in the prepared form.

    Args:
        directory: where to; made if it is missing, and what it held of the prepared form is replaced.
        arrays: for "train" and for "validation", the images (uint8, N,C,H,W) and the labels (N).
        name, classes, crop, pad, flip: see `PreparedData`.
    """
    folder = Path(directory)
    clear(folder)
    for split in SPLITS:
        images, labels = arrays[split]
        if images.dtype != np.uint8:
            raise TypeError(f"{split} images of {images.dtype}, whose numbers would be cut to uint8")
        with new_array(folder / f"{split}_images.npy", images.shape, np.uint8) as stored:
            stored[:] = images
        write_labels(folder, split, labels)
    return write_meta(folder, name=name, classes=classes, crop=crop, pad=pad, flip=flip)


def write_labels(directory: Path, split: str, labels: np.ndarray) -> None:
    """Write the labels of a split: whole numbers, N."""
    with new_array(directory / f"{split}_labels.npy", labels.shape, np.int64) as stored:
        stored[:] = labels


def clear(directory: Path) -> None:
    """Remove a prepared data set, the description first, and what a killed job may have left half-written."""
    for path in (directory / META, seal(directory / META)):
        path.unlink(missing_ok=True)
    for split in SPLITS:
        for stem in (f"{split}_images.npy", f"{split}_labels.npy"):
            for path in [directory / stem, *directory.glob(f".{stem}.*")]:
                path.unlink(missing_ok=True)


def write_meta(
    directory: Path,
    *,
    name: str,
    classes: list[str],
    crop: int,
    pad: int,
    flip: bool,
    own_files: str | None = None,
) -> PreparedData:
    """Describe the arrays that lie in `directory`, which makes them a prepared data set, and open it.

    Args:
        directory: the folder of the arrays.
        name, classes, crop, pad, flip: see `PreparedData`.
        own_files: the digest of the user's own files that they were made of, if they were.
    """
    files: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        for kind in KINDS:
            path = directory / f"{split}_{kind}.npy"
            shape, found = np.load(path, mmap_mode="r", allow_pickle=False).shape, read_seal(path)
            files[f"{split}_{kind}"] = {"shape": list(shape), "sha256": found.checksum if found else sha256(path)}
    mean, std = channel_statistics(np.load(directory / "train_images.npy", mmap_mode="r", allow_pickle=False))
    meta = {
        "name": name,
        "classes": classes,
        "mean": mean,
        "std": std,
        "image_size": files["train_images"]["shape"][-1],
        "crop": crop,
        "pad": pad,
        "flip": flip,
        "n_train": files["train_images"]["shape"][0],
        "n_validation": files["validation_images"]["shape"][0],
        "files": files,
    }
    if own_files is not None:
        meta["own_files"] = own_files
    write_json(directory / META, meta)
    return load_prepared(directory / META)


def _remedy(directory: Path) -> str:
    # By itself: the trainings that have finished stay, since the description comes back the same.
    return f"delete {directory / META}, prepare the data anew by itself, `snakemake prepare`, and go on"
