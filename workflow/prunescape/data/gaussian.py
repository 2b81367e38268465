"""The Gaussian variant of a data set: as many images of the same shape and with the same labels, all of them noise.

Each pixel is drawn from N(128, 32^2), rounded, and cut to 0..255, four standard deviations away: as bytes, like every
prepared data set. Networks see images with their own mean and deviation divided out, so to them it is N(0, 1). Noise is
never augmented: cropping and mirroring would make other images of it at each epoch. Only seed, sizes and labels decide
it.
"""

from pathlib import Path

import numpy as np
import torch

from prunescape.data.arrays import new_array
from prunescape.data.prepared import SPLITS, PreparedData, clear, write_labels, write_meta
from prunescape.data.randomness import derive_seed

MEAN, STD = 128.0, 32.0
CHUNK = 4096  # images drawn at once


def write_gaussian(data: PreparedData, directory: str | Path, seed: int = 0) -> PreparedData:
    """Write the Gaussian variant of a prepared data set in the prepared form.

    Args:
        data: the real one.
        directory: where to.
        seed: decides the noise.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    for number, split in enumerate(SPLITS):
        generator = torch.Generator().manual_seed(derive_seed(seed, "gaussian images", number))
        shape = (data.sizes[split], *data.input_shape)
        with new_array(folder / f"{split}_images.npy", shape, np.uint8) as stored:
            for start in range(0, len(stored), CHUNK):
                part = stored[start : start + CHUNK]
                noise = torch.randn(part.shape, generator=generator).mul_(STD).add_(MEAN)
                part[:] = noise.round_().clamp_(0, 255).to(torch.uint8).numpy()
        write_labels(folder, split, np.asarray(data.labels(split)))
    return write_meta(folder, name=data.name, classes=data.classes, crop=data.crop, pad=0, flip=False)
