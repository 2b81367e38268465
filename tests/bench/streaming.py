"""How fast images of ImageNet's size are streamed from the memory map: what a GPU can be kept busy with.

Images are stored as 256x256 and cut to 224x224. `read` is the reading threads' part, which on a GPU runs beside
training; `batch` is augmentation and normalisation on top of it, which on a GPU the GPU does.
"""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import options, save, synchronise

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData, write_prepared

BATCH = 256
SIDE, CROP = 256, 224


def images(folder: Path, count: int) -> PreparedData:
    numbers = np.random.default_rng(0)
    arrays = {
        split: (numbers.integers(0, 256, (size, 3, SIDE, SIDE), dtype=np.uint8), np.arange(size) % 10)
        for split, size in (("train", count), ("validation", 1))
    }
    classes = [str(label) for label in range(10)]
    return write_prepared(folder, arrays, name="generated", classes=classes, crop=CROP, flip=True)


def rate(batches: Iterable[Any], count: int, device: str) -> float:
    start = time.perf_counter()
    for _ in batches:
        pass
    synchronise(device)
    return count / (time.perf_counter() - start)


def main(arguments: Any) -> None:
    count = BATCH * (1 if arguments.smoke else 10)
    with tempfile.TemporaryDirectory() as folder:
        data = images(Path(folder), count)
        batches = Batches(data, "train", arguments.device, BATCH, 0, 0, resident_bytes=0)
        read, whole = [], []
        for epoch in range(1 if arguments.smoke else 4):
            read.append(rate(batches.picks(epoch), count, arguments.device))
            with torch.no_grad():
                whole.append(rate(batches.epoch(epoch), count, arguments.device))
    row = {
        "read_images_per_second": sorted(read)[len(read) // 2],
        "read_mb_per_second": sorted(read)[len(read) // 2] * 3 * SIDE**2 / 1e6,
        "batch_images_per_second": sorted(whole)[len(whole) // 2],
    }
    save(arguments, "streaming", [row])


if __name__ == "__main__":
    main(options(__doc__))
