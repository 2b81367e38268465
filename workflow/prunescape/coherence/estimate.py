"""Coherence from gradients: exact over all images, and estimated, with its error, from some."""

import math
from collections.abc import Callable

import torch


def estimate(
    mean_square: float, squares: torch.Tensor, population: int, along: Callable[[], torch.Tensor]
) -> tuple[float, float]:
    """Coherence and its standard error.

    Of m out of M images, drawn without replacement, |mean g|^2 is too large by (1 - m / M) tr(S) / m, S the gradients'
    covariance, in the mean over all draws; numerator and denominator of the estimate have no bias. The error follows
    from the influence of each image on the ratio, to first order.

    Args:
        mean_square: |mean g|^2 of the m images.
        squares: (m,), float64; |g|^2 of each.
        population: M.
        along: gives g . mean g of each image, (m,); asked for only where m < M.

    Returns:
        alpha, NaN where all gradients are zero; and its standard error, 0 for m = M, NaN for m = 1.
    """
    count, size = len(squares), float(squares.mean())
    if count == population:
        return (mean_square / size if size > 0 else math.nan), 0.0
    alpha = unbiased_square(mean_square, squares, population) / size if size > 0 else math.nan
    if count < 2 or not size > 0:
        return alpha, math.nan
    others = (count * along() - squares) / (count - 1)  # g . the mean of the other images' gradients
    influence = (2 * (others - others.mean()) - alpha * (squares - size)) / size
    return alpha, float(influence.std() * math.sqrt((1 - count / population) / count))


def unbiased_square(mean_square: float, squares: torch.Tensor, population: int) -> float:
    """|E g|^2 of the population, without bias; see `estimate`. May be below 0. NaN for a single image."""
    count = len(squares)
    if count < 2:
        return math.nan
    trace = (float(squares.sum()) - count * mean_square) / (count - 1)
    return mean_square - (1 - count / population) * trace / count
