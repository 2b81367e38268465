"""Random numbers that depend on a seed and a purpose, and on nothing that happened before."""

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # seeds are derived while the Snakefile is parsed, too
    import numpy as np

LEAST_SEED = 2**40  # of fresh seeds: above all that a config may have


def derive_seed(seed: int, purpose: str, *more: int) -> int:
    """A seed of 63 bits for one purpose, the same on every machine and in every version.

    Args:
        seed: the seed that the user chose.
        purpose: what is drawn, such as "order".
        more: further numbers that tell draws apart, such as the epoch.
    """
    text = json.dumps([int(seed), purpose, *map(int, more)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def fresh_seed(number: int, purpose: str) -> int:
    """A seed of a training that is used for nothing else, by its number from 0 on; no config has it."""
    return LEAST_SEED + derive_seed(number, purpose) % LEAST_SEED


def random_order(length: int, seed: int) -> "np.ndarray":
    """A random order of `length` things: int64, each of 0..length-1 once.

    Ranks raw bits of PCG64, which NumPy promises never to change, unlike `permutation`.
    """
    import numpy as np

    return np.argsort(np.random.PCG64(seed).random_raw(length), kind="stable").astype(np.int64)
