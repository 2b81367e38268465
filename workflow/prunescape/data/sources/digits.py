"""The handwritten digits that come with scikit-learn: 1,797 grey images of 8x8 pixels, none to fetch."""

from pathlib import Path

import numpy as np

from prunescape.data.sources.interface import Options, Source, in_memory
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError

DEFAULT_TRAIN_SIZE = 300


def open_source(options: Options, downloads: Path) -> Source:  # noqa: ARG001
    """Digits: a fixed balanced choice of `train_size` images for training, the rest for validation.

    Raises:
        UserError: the two splits would not both hold every class.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]  # 0..16 to 0..255
    labels = digits.target.astype(np.int64)
    size = DEFAULT_TRAIN_SIZE if options.train_size is None else options.train_size
    try:
        train = stratified_choice(labels, size, options.seed, leave=1)
    except ValueError:
        most = len(labels) - len(digits.target_names)
        raise UserError(f"data.train_size: {size} of digits' {len(labels)} images; write 10 to {most}") from None
    rest = np.setdiff1d(np.arange(len(labels)), train)
    return Source(
        classes=[str(name) for name in digits.target_names],
        train=in_memory(images[train], labels[train]),
        validation=in_memory(images[rest], labels[rest]),
    )
