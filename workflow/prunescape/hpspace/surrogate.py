"""A surrogate: the landscapes of all networks of a model together, as a Gaussian process, given few trainings.

Accuracies are compressed far below the best of their network, so that a cliff does not set the scale of the top
(`compressed`). On that scale the landscape of network v at cell x is

    a quadratic + a Matern-5/2 field, of each of which any two networks have a part in common,

and each training adds noise. These parts, the field's length and relief, and the noise are those of the largest
posterior density on a lattice of values; so pruned networks borrow from the dense one as far as the data support it.

scikit-learn's GaussianProcessRegressor gives the same posterior for given values (a test compares them). Its search
for the values is by gradients from random starts, whose last digits depend on the machine; here the same trainings
must give the same values anywhere, and all of these share the few matrices of one lattice of cells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.spatial.distance import pdist, squareform

from prunescape.hpspace.surface import matern, quadratic

KNEE = 2.0  # points below the best down to which accuracies count as they are
BEST = 3  # trainings whose mean is taken for a network's best
TREND = 1.0  # variance of each term of the quadratic, in points squared
# The values that are tried. All but the parts in common are about what is usual: their logarithms have normal priors.
LEVELS: Mapping[str, tuple[float, ...]] = {
    "length": (0.3, 0.45, 0.7, 1.1),  # decades
    "relief": (0.4, 0.8, 1.6, 3.2),  # points
    "noise": (0.1, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3),  # points
    "shared_trend": (0.0, 0.5, 0.9, 0.99),
    "shared_field": (0.0, 0.3, 0.6, 0.9),
}
USUAL = {"length": 0.6, "relief": 0.5, "noise": 0.5}
SPREAD = 0.8  # of the logarithm
FARTHEST = 10.0  # on the scale of the logarithm: beyond all accuracies, and finite
JITTER = 1e-8  # points squared


@dataclass(frozen=True)
class Trained:
    """Trainings of the networks of a model, n of them.

    Attributes:
        network: the number of the network, (n,).
        cell: the number of the cell, (n,).
        accuracy: in percent, (n,); that of chance where the training diverged.
    """

    network: np.ndarray
    cell: np.ndarray
    accuracy: np.ndarray

    def __len__(self) -> int:
        """Number of trainings."""
        return len(self.network)


class Values(NamedTuple):
    """The values that a surrogate is made with; see `LEVELS`."""

    length: float
    relief: float
    noise: float
    shared_trend: float
    shared_field: float


@dataclass(frozen=True)
class Surrogate:
    """A normal distribution over the landscapes of all networks of a model, on the compressed scale.

    Attributes:
        mean: (V, N).
        covariance: of each network's cells, (V, N, N).
        values: with which it was made.
    """

    mean: np.ndarray
    covariance: np.ndarray
    values: Values


def compressed(accuracies: np.ndarray) -> np.ndarray:
    """Accuracies of one network as points above its best, so at most about 0; far below, their logarithm.

    Args:
        accuracies: in percent, (n,).
    """
    best = np.sort(accuracies)[-BEST:].mean()
    below = best - accuracies
    return np.asarray(-np.where(below < KNEE, below, KNEE + KNEE * np.log1p(np.maximum(below - KNEE, 0) / KNEE)))


def expanded(points: np.ndarray) -> np.ndarray:
    """The inverse of `compressed`: points above the best; those above it stay as they are."""
    below = -points
    far = KNEE * np.expm1(np.clip((below - KNEE) / KNEE, 0, FARTHEST))
    return np.asarray(-np.where(below < KNEE, below, KNEE + far))


def fit(trained: Trained, places: np.ndarray, networks: int) -> Surrogate:
    """The surrogate of trainings.

    Args:
        trained: at least one; a network that has none borrows from the others.
        places: of all N cells of the lattice, in decades, (N, 2).
        networks: V.
    """
    data = Data.of(trained, places, networks)
    values = Values(*(levels[len(levels) // 2 - 1] for levels in LEVELS.values()))
    densities = {values: data.density(values)}
    while True:  # from the usual, one value at a time, as long as the density grows
        around = [values._replace(**{name: level}) for name, levels in LEVELS.items() for level in levels]
        densities |= {other: data.density(other) for other in around if other not in densities}
        best = max(around, key=densities.__getitem__)
        if densities[best] <= densities[values] + 1e-9:
            return data.surrogate(values)
        values = best


@dataclass(frozen=True)
class Data:
    """Means of trainings of the same network and cell, m of them, on the compressed scale.

    Attributes:
        network, cell: numbers, (m,).
        mean, count: of the trainings, (m,).
        within: sum of squares of the trainings about their means.
        repeats: trainings beside the first of each network and cell.
        distance: between all cells, in decades, (N, N).
        trend: covariance of the quadratic, (N, N).
        networks: V.
        known: matrices that do not depend on the values, or on one of them, each computed once.
    """

    network: np.ndarray
    cell: np.ndarray
    mean: np.ndarray
    count: np.ndarray
    within: float
    repeats: int
    distance: np.ndarray
    trend: np.ndarray
    networks: int
    known: dict[Any, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, trained: Trained, places: np.ndarray, networks: int) -> "Data":
        """The observations that trainings are; see `fit`."""
        points = np.empty(len(trained))
        for network in range(networks):
            mine = trained.network == network
            if mine.any():
                points[mine] = compressed(trained.accuracy[mine])
        keys, inverse, count = np.unique(
            trained.network * len(places) + trained.cell, return_inverse=True, return_counts=True
        )
        mean = np.bincount(inverse, points) / count
        within = float(((points - mean[inverse]) ** 2).sum())
        terms = quadratic(places)
        return cls(
            keys // len(places),
            keys % len(places),
            mean,
            count,
            within,
            len(trained) - len(keys),
            squareform(pdist(places)),
            TREND * terms @ terms.T,
            networks,
        )

    def _field(self, values: Values) -> np.ndarray:
        """The covariance of a network's field over all cells, (N, N)."""
        return np.asarray(values.relief**2 * self._once(values.length, lambda: matern(self.distance, values.length)))

    def _once(self, name: Any, make: Callable[[], np.ndarray]) -> np.ndarray:
        if name not in self.known:
            self.known[name] = make()
        return self.known[name]

    def _factor(self, values: Values) -> tuple[np.ndarray, bool]:
        at = np.ix_(self.cell, self.cell)
        same = self._once("same", lambda: self.network[:, None] == self.network)
        trend = self._once("trend", lambda: self.trend[at])
        field = values.relief**2 * self._once(
            ("at", values.length),
            lambda: self._once(values.length, lambda: matern(self.distance, values.length))[at],
        )
        covariance = np.where(same, field, values.shared_field * field)
        covariance += np.where(same, trend, values.shared_trend * trend)
        covariance[np.diag_indices(len(covariance))] += values.noise**2 / self.count + JITTER
        factor: tuple[np.ndarray, bool] = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
        return factor

    def density(self, values: Values) -> float:
        """The logarithm of the posterior density of values, but for a constant."""
        try:
            factor = self._factor(values)
        except LinAlgError:
            return -np.inf
        solved = cho_solve(factor, self.mean, check_finite=False)
        likelihood = -0.5 * self.mean @ solved - np.log(np.diag(factor[0])).sum()
        likelihood -= 0.5 * self.within / values.noise**2 + self.repeats * np.log(values.noise)
        prior = sum((np.log(getattr(values, name) / usual) / SPREAD) ** 2 for name, usual in USUAL.items())
        return float(likelihood - 0.5 * prior)

    def surrogate(self, values: Values) -> Surrogate:
        """The posterior of the landscapes for given values."""
        of_cells = self._field(values)
        factor = self._factor(values)
        solved, mean, covariance = cho_solve(factor, self.mean), [], []
        for network in range(self.networks):
            of_field, of_trend = (
                np.where(self.network == network, 1.0, part) for part in (values.shared_field, values.shared_trend)
            )
            across = of_field * of_cells[:, self.cell] + of_trend * self.trend[:, self.cell]
            root = solve_triangular(factor[0], across.T, lower=True)
            mean.append(across @ solved)
            covariance.append(of_cells + self.trend - root.T @ root)
        return Surrogate(np.stack(mean), np.stack(covariance), values)
