"""The smallest p-values of the verdict's tests, by draws and degrees of freedom.

Light: the config is checked with it while the Snakefile is parsed, so the standard library only.

The p-value of `prunescape.hpspace.decision` counts the draws that speak against a decision, and one more; through the
Gaussian's quantile it becomes Student's t. It is smallest where no draw speaks against the decision.
"""

import math
from statistics import NormalDist


def least_p(draws: int, degrees: int) -> float:
    """The smallest p-value that either test of `decide` can give.

    Args:
        draws: of each landscape, B.
        degrees: of freedom of the noise, at least 1.
    """
    return student_tail(-NormalDist().inv_cdf(1 / (1 + draws)), degrees)


def degrees_of_freedom(seeds: int, variants: int) -> int:
    """The degrees of freedom that the noise of a model's networks has, estimated for all variants together.

    Args:
        seeds: that every cell is trained with.
        variants: networks, the dense one among them.
    """
    return (seeds - 1) * variants


def least_draws(level: float, degrees: int, most: int) -> int | None:
    """The fewest draws with which a test at a level can decide; None where even `most` cannot.

    Args:
        level: of the tests, the largest p-value that decides.
        degrees: of freedom of the noise, at least 1.
        most: draws that may be made.
    """
    if least_p(most, degrees) > level:
        return None
    low, high = 1, most
    while low < high:  # more draws give a smaller p-value
        middle = (low + high) // 2
        low, high = (low, middle) if least_p(middle, degrees) <= level else (middle + 1, high)
    return low


def student_tail(value: float, degrees: int) -> float:
    """The probability that Student's t is at least `value` >= 0, for whole degrees of freedom.

    The finite series of Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan2(value, math.sqrt(degrees))
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    series = 0.0
    for k in range(odd, degrees - 1, 2):  # exponents of the cosine: 1, 3, ... degrees - 2, or 0, 2, ...
        series += term
        term *= math.cos(angle) ** 2 * (k + 1) / (k + 2)
    inside = math.sin(angle) * series
    if odd:
        inside = 2 / math.pi * (angle + inside)
    return (1 - inside) / 2
