"""Mean and standard deviation of image channels, exact and in one pass over arrays of any size."""

import math
from fractions import Fraction

import numpy as np

CHUNK_PIXELS = 1 << 22  # values of one channel at a time: 34 MB as float64


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and (population) standard deviation of each channel, in units of 0..1.

    A constant channel gets the deviation 1, so that normalising leaves it at 0 instead of dividing by 0.

    Args:
        images: uint8, N,C,H,W; may be memory-mapped.
    """
    n, channels, height, width = images.shape
    count = n * height * width
    sums, squares = [0] * channels, [0] * channels
    step = max(1, CHUNK_PIXELS // (height * width))
    for start in range(0, n, step):
        block = images[start : start + step]
        for channel in range(channels):
            # Whole numbers below 2**53 in sum: float64 adds them without rounding, and BLAS does it fast.
            values = block[:, channel].astype(np.float64).ravel()
            sums[channel] += int(values.sum())
            squares[channel] += int(values @ values)
    mean = tuple(float(Fraction(total, count * 255)) for total in sums)
    variances = (Fraction(count * q - s * s, count * count * 255 * 255) for q, s in zip(squares, sums, strict=True))
    return mean, tuple(math.sqrt(variance) or 1.0 for variance in variances)
