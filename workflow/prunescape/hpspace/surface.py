"""Draws of a landscape without its noise, given a few noisy seeds.

A cell's performance is its landscape plus the noise of one training. Training with the same seed from the same
initial weights, neighbouring cells share some of that noise, so that cells cannot be resampled one by one; and whole
seeds are too few to be resampled alone. Both are therefore modelled as Gaussian fields over the lattice, and each
draw is a parametric bootstrap of the estimate: a landscape and its noisy seeds are simulated from the fitted fields,
the landscape is estimated from them again, and the error of that estimate is added to the estimate from the data. For
Gaussian fields this is the distribution of the landscape given the data (conditional simulation; Chiles and Delfiner,
Geostatistics, section 7.3), from which it is computed directly.

    landscape: a quadratic + a Matern-5/2 field
    noise of a seed: a constant, which moves no region of interest + a Matern-5/2 field + independent noise
"""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky
from scipy.spatial.distance import pdist, squareform

LENGTHS = (0.3, 0.45, 0.7, 1.1)  # of the landscape's field, in decades
RELIEFS = 6  # standard deviations of it that are tried
LEAST_RELIEF, LARGE_RELIEF = 0.1, 4.0  # in standard deviations of the noise; more where the means show more
NOISE_LENGTHS = (0.2, 0.4, 0.8)  # decades
NOISE_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)  # of the noise's variance that neighbours share
FLAT = 1e4  # variance of a seed's constant, in that of the noise: it may take any value
WIDE = 100.0  # variance of the quadratic, in that of the means
PRIOR_DEGREES = 4.0  # of freedom that the pooled variance lends to that of one cell far below the best
LEAST_VARIANCE = 1e-4  # points squared: accuracies are counts of images
MARGIN_ERRORS = 3.0  # standard errors below a region of interest up to which a cell may still belong to it
SMOOTHING = 0.2  # decades over which means are smoothed to see which cells are good
LEAST_CELLS = 9  # cells that the noise is measured at, however few are good
JITTER = 1e-6  # keeps a covariance positive definite, in the noise's variance


class Noise(NamedTuple):
    """The noise that one training adds to the landscape, beside its seed's constant.

    Attributes:
        share: the part of the variance that neighbouring cells share.
        length: how far they share it, in decades.
    """

    share: float
    length: float

    def correlation(self, distance: np.ndarray) -> np.ndarray:
        """The correlation of the noise between cells at distances in decades."""
        return (1 - self.share) * (distance == 0) + self.share * matern(distance, self.length)


def matern(distance: np.ndarray, length: float) -> np.ndarray:
    """The Matern-5/2 correlation at distances."""
    scaled = np.sqrt(5.0) * distance / length
    return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))


def contrasts(values: np.ndarray) -> np.ndarray:
    """The S seeds of n cells, (S, n), as fields of noise alone, each distributed as that of one seed, (S - 1, n)."""
    below = [(values[:k].mean(axis=0) - values[k]) * np.sqrt(k / (k + 1)) for k in range(1, len(values))]
    return np.stack(below)


def fit_noise(fields: Sequence[np.ndarray], distances: Sequence[np.ndarray]) -> tuple[Noise, list[float]]:
    """The noise of all variants by maximum restricted likelihood: one correlation for all, a variance each.

    Args:
        fields: `contrasts` of each variant, (S - 1, n).
        distances: between their cells, (n, n).

    Returns:
        The noise, and variances in points squared.
    """
    best: tuple[float, Noise, list[float]] = -np.inf, Noise(0.0, 1.0), []
    for share, length in product(NOISE_SHARES, NOISE_LENGTHS):
        noise = Noise(share, length)
        profiles = [
            _profile(field, noise.correlation(distance)) for field, distance in zip(fields, distances, strict=True)
        ]
        fit = sum(fit for fit, _ in profiles)
        if fit > best[0]:
            best = fit, noise, [variance for _, variance in profiles]
    return best[1], best[2]


def _profile(fields: np.ndarray, correlation: np.ndarray) -> tuple[float, float]:
    """The log likelihood of fields of noise at their best variance, and that variance."""
    factor = cho_factor(correlation + FLAT, lower=True)
    count = fields.shape[0] * (fields.shape[1] - 1)
    variance = max(float((fields.T * cho_solve(factor, fields.T)).sum()) / max(count, 1), LEAST_VARIANCE)
    return -0.5 * count * np.log(variance) - len(fields) * np.log(np.diag(factor[0])).sum(), variance


def draw(
    means: np.ndarray,
    of_means: np.ndarray,
    scale: float,
    places: np.ndarray,
    draws: int,
    random: np.random.Generator,
) -> np.ndarray:
    """Draws of the landscape at n cells, (draws, n), given noisy means.

    Length and relief of the field are drawn, too, in proportion to the likelihood of the means.

    Args:
        means: (n).
        of_means: the covariance of their noise, (n, n), in points squared.
        scale: standard deviation of the noise of one training, in points.
        places: of the cells in the plane of hyperparameters, in decades, (n, 2).
        draws: how many.
        random: where they come from.
    """
    centre = means.mean()
    data = (means - centre) / scale
    distance = squareform(pdist(places))
    of_means = of_means / scale**2
    terms = quadratic(places)
    rest = data - terms @ (terms.T @ data) / len(data)
    reliefs = np.geomspace(LEAST_RELIEF, max(LARGE_RELIEF, 2 * float(rest.std())), RELIEFS)
    trend = WIDE * max(1.0, float(data.var())) * terms @ terms.T / terms.shape[1]
    choices = list(product(LENGTHS, map(float, reliefs)))

    def factor_of(length: float, relief: float) -> Any:
        return cho_factor(trend + relief**2 * matern(distance, length) + of_means, lower=True)

    fits = np.empty(len(choices))
    for place, choice in enumerate(choices):
        factor = factor_of(*choice)
        fits[place] = -0.5 * data @ cho_solve(factor, data) - np.log(np.diag(factor[0])).sum()
    weights = np.exp(fits - fits.max())
    counts = random.multinomial(draws, weights / weights.sum())
    parts = []
    for choice, count in zip(choices, counts, strict=True):
        if count:
            # By what the noise takes away: exact, however flat the trend.
            gain = cho_solve(factor_of(*choice), of_means).T
            spread = of_means - gain @ of_means
            root = cholesky((spread + spread.T) / 2 + JITTER * np.eye(len(data)), lower=True)
            parts.append(data - gain @ data + random.standard_normal((count, len(data))) @ root.T)
    return np.asarray(centre + scale * np.concatenate(parts))


def quadratic(places: np.ndarray) -> np.ndarray:
    """The six terms of a quadratic, orthonormal over the cells but for their length sqrt(n), (n, 6)."""
    x, y = (places - places.mean(axis=0)).T / max(1e-3, float(np.ptp(places, axis=0).max()) / 2)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    left, sizes, _ = np.linalg.svd(terms, full_matrices=False)
    return left[:, sizes > 1e-9 * sizes[0]] * np.sqrt(len(places))


def contenders(values: np.ndarray, distance: np.ndarray, widest: float) -> np.ndarray:
    """Mask of the cells of (S, N) trainings that may be in a region of interest of up to `widest` points, (N).

    Means are smoothed over neighbours first: else cells would be chosen, or not, for their noise.
    """
    weights = np.exp(-((distance / SMOOTHING) ** 2) / 2)
    means = weights @ values.mean(axis=0) / weights.sum(axis=1)
    best = means >= np.sort(means)[-min(LEAST_CELLS, len(means))]
    error = 0.0
    for _ in range(3):  # the noise tells how far below the best to look, and is measured there
        near = best | (means >= means.max() - widest - MARGIN_ERRORS * error)
        centred = values[:, near] - values[:, near].mean(axis=1, keepdims=True)
        error = float(np.sqrt(centred.var(axis=0, ddof=1).mean() / len(values)))
    return np.asarray(near)


class Trainings(NamedTuple):
    """Single trainings of one network as its seeds tell of them, each with a seed of its own.

    Trainings at good cells lie about the landscape with a common standard deviation. Those far below, where some
    fail, are what their own seeds showed: with Gaussian noise as wide, failures would win.

    Attributes:
        near: mask of the good cells, (N).
        deviation: of their trainings, in points.
        shown: of all cells and seeds, without the seeds' constants, (S, N).
    """

    near: np.ndarray
    deviation: float
    shown: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, places: np.ndarray, widest: float) -> "Trainings":
        """Trainings like those of (S, N), S >= 2; see `landscapes` for the rest."""
        near = contenders(values, squareform(pdist(places)), widest)
        constants = values[:, near].mean(axis=1, keepdims=True)
        shown = values - constants + constants.mean()
        variance = float(shown[:, near].var(axis=0, ddof=1).mean())
        return cls(near, float(np.sqrt(max(variance, LEAST_VARIANCE))), shown)

    def draw(self, landscapes: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A training at each cell of landscapes (B, N), (B, N)."""
        drawn = landscapes + self.deviation * random.standard_normal(landscapes.shape)
        far = np.flatnonzero(~self.near)
        drawn[:, far] = self.shown[random.integers(len(self.shown), size=(len(drawn), len(far))), far]
        return drawn


def landscapes(
    values: np.ndarray, places: np.ndarray, widest: float, draws: int, random: np.random.Generator
) -> np.ndarray:
    """Draws of the landscapes of all variants of a model, (V, draws, N).

    Cells that may be in a region of interest are drawn together; those far below, where accuracy falls off a cliff and
    noise grows, each by itself, with a variance moderated by that of the rest (Smyth, 2004).

    Args:
        values: (V, S, N), S >= 2.
        places: of the cells in the plane of hyperparameters, in decades, (N, 2).
        widest: the widest region of interest, in points.
        draws: how many.
        random: where they come from.
    """
    seeds = values.shape[1]
    distance = squareform(pdist(places))
    near = [contenders(part, distance, widest) for part in values]
    distances = [distance[np.ix_(cells, cells)] for cells in near]
    fields = [contrasts(part[:, cells]) for part, cells in zip(values, near, strict=True)]
    noise, variances = fit_noise(fields, distances)
    result = []
    for part, cells, between, variance in zip(values, near, distances, variances, strict=True):
        centred = part - part[:, cells].mean(axis=1, keepdims=True)
        own = (PRIOR_DEGREES * variance + (seeds - 1) * centred.var(axis=0, ddof=1)) / (PRIOR_DEGREES + seeds - 1)
        means = part.mean(axis=0)
        drawn = means + np.sqrt(own / seeds) * random.standard_normal((draws, len(means)))
        of_means = variance / seeds * noise.correlation(between)
        drawn[:, cells] = draw(means[cells], of_means, float(np.sqrt(variance)), places[cells], draws, random)
        result.append(drawn)
    return np.stack(result)
