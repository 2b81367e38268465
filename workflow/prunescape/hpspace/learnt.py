"""The accuracy of chance, above which a network must lie before anything is asked of it.

Chance is what is right by naming the most frequent class (of top-5 accuracy, the five most frequent) of the validation
images, whatever the image shows.
"""

import numpy as np

from prunescape.hpspace.landscape import METRICS

GUESSES = dict(zip(METRICS, (1, 5), strict=True))


def chance_of(labels: np.ndarray) -> dict[str, float]:
    """The accuracy of chance in percent, by metric.

    Args:
        labels: of the validation images, whole numbers from 0 on.
    """
    counts = np.sort(np.bincount(labels))[::-1]
    return {metric: float(100 * counts[:guesses].sum() / len(labels)) for metric, guesses in GUESSES.items()}
