"""A group-sequential comparison of two settings on paired trainings: looks, spent level, intervals, decisions.

Both settings are trained with the same seeds. At looks of 5, 10, 20, 40, ... seeds a t interval of the mean difference
is made, each with a part of the level that is fixed beforehand (Lan and DeMets, 1983), so that all intervals of a
question hold together at its level, whenever one stops: repeated confidence intervals (Jennison and Turnbull, 1989). A
decision is read from the interval of a look and from nothing else, and looking further later stays valid.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, nct, t

from prunescape.statistics.looks import KEEP, MOST_SEEDS, OPEN, SPENT, TUNE, looks, part

FEWEST = 3  # differences without which there is no interval
# A training has collapsed where it lost a tenth of what its like have learnt, by far more than they scatter.
LOST, SCATTER = 0.1, 6.0
MAD = 1.4826  # times the median absolute deviation of normal numbers is their standard deviation
IMAGES = 0.25  # the part of the margin that the standard error over images may be


@dataclass(frozen=True)
class Look:
    """The mean difference at a look, with its interval, in points.

    Attributes:
        seeds: paired trainings.
        gain: the mean difference; 0 where both settings are the same.
        deviation: standard deviation of a difference.
        low, high: interval whose ends are one-sided bounds.
        level: of each bound.
    """

    seeds: int
    gain: float
    deviation: float
    low: float
    high: float
    level: float


def interval(values: np.ndarray, level: float) -> Look:
    """The mean of values, (n,) with n >= 3, and its t interval, whose ends are one-sided bounds at the level."""
    n = len(values)
    if n < FEWEST:
        raise ValueError(f"{n} values have no interval")
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(t.isf(level, n - 1)) * deviation / math.sqrt(n)
    return Look(n, mean, deviation, mean - half, mean + half, level)


def look(differences: np.ndarray, level: float) -> Look:
    """The look at so many differences, which are all there are by then.

    Args:
        differences: in points, (n,); n is one of `looks`.
        level: of the question and direction, see `level_of`.
    """
    n = len(differences)
    return interval(differences, level * part(SPENT, looks(n).index(n)))


def decide(interval: tuple[float, float], margin: float) -> str:
    """The answer that an interval of the gain gives: keep, tune or open.

    Args:
        interval: of what the tuned setting gains, in points.
        margin: the gain that is worth it, in points.
    """
    low, high = interval
    return TUNE if low > margin else KEEP if high < margin else OPEN


def seeds_needed(deviation: float, distance: float, level: float, power: float, after: int = 0) -> int | None:
    """The number of seeds of the least look that decides alone with so much power; None beyond `MOST_SEEDS`.

    Args:
        deviation: standard deviation of a difference, in points.
        distance: from the true gain to the margin, in points.
        level: of the question and direction.
        power: how surely it decides.
        after: the seeds of a look that left it open, which none of as many will change.
    """
    for number, n in enumerate(looks(MOST_SEEDS)):
        if n <= after:
            continue
        critical = t.isf(level * part(SPENT, number), n - 1)
        if deviation == 0 or nct.sf(critical, n - 1, distance * math.sqrt(n) / deviation) >= power:
            return n
    return None


def largest_deviation(deviation: float, n: int, confidence: float) -> float:
    """The upper bound of a standard deviation that was estimated from n normal numbers."""
    return deviation * math.sqrt((n - 1) / float(chi2.ppf(1 - confidence, n - 1)))


def collapsed(accuracies: np.ndarray, diverged: np.ndarray, chance: float) -> np.ndarray:
    """Mask of the trainings of one setting that diverged, or fell far below the others, (n,).

    A few of these make t intervals wrong in more than half of cases, so nothing is decided until someone has looked.

    Args:
        accuracies: in percent, (n,).
        diverged: (n,) booleans.
        chance: accuracy of chance, in percent.
    """
    middle = np.median(accuracies)
    scatter = MAD * np.median(np.abs(accuracies - middle))
    lost = middle - accuracies
    return np.asarray(diverged | ((lost > SCATTER * scatter) & (lost > LOST * (middle - chance))))


def error_of_images(right: np.ndarray, other: np.ndarray, seeds: int) -> float:
    """The standard error over images of a mean difference of accuracies, in points.

    Other images of the same kind would move the difference by so much, were there any number of trainings: what an
    image's difference owes to having few is taken off, as the interval over seeds has that already.

    Args:
        right, other: how many of the trainings of both settings classify each image rightly, (N,).
        seeds: trainings of each, at least 2.
    """
    one, two = right.astype(np.float64) / seeds, other.astype(np.float64) / seeds
    few = (one * (1 - one) + two * (1 - two)) / (seeds - 1)
    variance = float(np.var(one - two, ddof=1) - few.mean())
    return 100.0 * math.sqrt(max(variance, 0.0) / len(one))
