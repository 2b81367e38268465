"""Fixed, seeded choices of images that keep the balance of the classes."""

import numpy as np

from prunescape.data.randomness import derive_seed, random_order


def stratified_choice(labels: np.ndarray, size: int, seed: int, leave: int = 0) -> np.ndarray:
    """Choose `size` of the images, each class in proportion to its share, at least one of every class.

    Args:
        labels: int64, N; the class of each image.
        size: images to choose.
        seed: the same seed, labels and size give the same choice.
        leave: images of every class that must not be chosen.

    Returns:
        int64, `size`; the positions of the chosen images, increasing.

    Raises:
        ValueError: no such choice exists.
    """
    present, counts = np.unique(labels, return_counts=True)
    most = counts - leave
    if most.min(initial=1) < 1 or not len(present) <= size <= most.sum():
        raise ValueError(
            f"cannot choose {size} of {len(labels)} images in {len(present)} classes, leaving {leave} of each"
        )
    chosen = []
    for label, quota in zip(present, _quotas(counts, most, size), strict=True):
        members = np.flatnonzero(labels == label)
        chosen.append(members[random_order(len(members), derive_seed(seed, "choice", int(label)))[:quota]])
    return np.sort(np.concatenate(chosen))


def _quotas(counts: np.ndarray, most: np.ndarray, size: int) -> list[int]:
    """Whole shares that sum to `size`: step by step, the class furthest from its exact share is mended."""
    exact = counts * (size / counts.sum())
    quotas = np.clip(np.floor(exact).astype(np.int64), 1, most)
    while quotas.sum() < size:
        quotas[np.argmax(np.where(quotas < most, exact - quotas, -np.inf))] += 1
    while quotas.sum() > size:
        quotas[np.argmax(np.where(quotas > 1, quotas - exact, -np.inf))] -= 1
    return quotas.tolist()
