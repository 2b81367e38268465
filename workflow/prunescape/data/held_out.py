"""Training images that a network does not learn from, kept for choosing among its variants; never the test images."""

import numpy as np

from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError


def hold_out(data: PreparedData, size: int, seed: int = 0) -> tuple[PreparedData, PreparedData]:
    """Divide the training images, each class in proportion to its share.

    Both parts keep the validation images, and the mean and standard deviation of all training images. In the stochastic
    study the second is what searches take accuracies from (SP paper, section IV-C: 5,000 images):
    `evaluate(networks, held_out, engine, "train")`, which augments nothing.

    Args:
        size: images to hold out.
        seed: the same seed, data and size give the same division.

    Returns:
        The data with the other training images, and the data with the `size` held-out ones as its split "train".

    Raises:
        UserError: there are too few images for both parts to have every class.
    """
    labels = data.labels("train")
    try:
        held = stratified_choice(labels, size, derive_seed(seed, "held out"), leave=1)
    except ValueError as error:
        raise UserError(f"{size} training images cannot be held out: {error}; hold out fewer, or more") from None
    return data.only("train", np.setdiff1d(np.arange(len(labels)), held)), data.only("train", held)
