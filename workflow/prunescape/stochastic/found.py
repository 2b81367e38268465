"""Candidates that the search for the largest gain ("F2") found for each pretrained network, or that it found none."""

import pandas as pd
from scipy.stats import binom

from prunescape.stochastic.names import F2, NSGA_II


def guessing_accuracy(classes: int, images: int) -> float:
    """The accuracy, in percent, that guessing exceeds with a probability of at most 5 %.

    Args:
        classes: how many there are, each as frequent as the others.
        images: how many the accuracy is measured on.
    """
    return float(100 * binom.ppf(0.95, images, 1 / classes) / images)


def candidates(fronts: pd.DataFrame, guessing: float) -> pd.DataFrame:
    """The candidate of NSGA-II with the largest second objective of "F2", a row a model and pretrained seed.

    The search maximises the gain times gamma, and so ends somewhere even where there is nothing to be gained: at a
    candidate without a gain, or with a network that guesses. There it found nothing. The held-out images, on which it
    was chosen, tell; the test images would make a loss on them look as if it had not been found.

    Args:
        fronts: see `prunescape.stochastic.searches.SearchesTables`.
        guessing: the accuracy up to which a network may be guessing, see `guessing_accuracy`.

    Returns:
        Its rows, with a column found, boolean.
    """
    best = fronts[fronts["best"].astype(bool) & (fronts["algorithm"] == NSGA_II) & (fronts["objectives"] == F2)]
    return best.assign(found=(best["objective_2"] > 0) & (best["fitness_sp"] > guessing))
