"""Real images with random labels (Zhang et al., 2017): what is learnt of them can only be remembered."""

import numpy as np

from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed, random_order


def with_random_labels(data: PreparedData, part: float, seed: int) -> PreparedData:
    """A data set in which a part of the training images have each other's labels, at random; all classes stay as large.

    Images that are chosen for one part are chosen for all larger ones. About one in as many as there are classes keeps
    its label by chance.

    Args:
        data: images with their own labels.
        part: of the training images, 0 to 1.
        seed: decides which, and their labels.
    """
    labels = np.array(data.labels("train"))
    chosen = random_order(len(labels), derive_seed(seed, "images with random labels"))[: round(part * len(labels))]
    labels[chosen] = labels[chosen[random_order(len(chosen), derive_seed(seed, "random labels", len(chosen)))]]
    return data.with_labels("train", labels)
