"""Small CIFAR files in the authors' own format: pickles as Python 2 wrote them."""

import io
import pickle
import struct
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from prunescape.runtime.torchvision_compat import torchvision

KNOWN = {"cifar10": torchvision.datasets.CIFAR10, "cifar100": torchvision.datasets.CIFAR100}


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes str and bytes as Python 2 wrote its str."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_string(self, value: str | bytes) -> None:
        data = value if isinstance(value, bytes) else value.encode("latin1")
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def python2_pickle(value: Any) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def batch(name: str, seed: int, count: int) -> dict[str, Any]:
    numbers = np.random.default_rng(seed)
    classes = 10 if name == "cifar10" else 100
    images = numbers.integers(0, 256, (count, 3072), dtype=np.uint8)
    labels = [(seed * count + i) % classes for i in range(count)]
    if name == "cifar10":
        return {"batch_label": "one", "labels": labels, "data": images, "filenames": ["a.png"] * count}
    return {"fine_labels": labels, "coarse_labels": [0] * count, "data": images}


def write_files(name: str, folder: Path) -> dict[str, bytes]:
    """A small copy of a data set in the authors' format, unpacked."""
    known = KNOWN[name]
    meta = known.meta
    names = [f"class {i}" for i in range(10 if name == "cifar10" else 100)]
    files = {file: python2_pickle(batch(name, i, 100)) for i, (file, _) in enumerate(known.train_list)}
    files |= {file: python2_pickle(batch(name, 9, 100)) for file, _ in known.test_list}
    files[meta["filename"]] = python2_pickle({meta["key"]: names, "num_vis": 3072})
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return files
