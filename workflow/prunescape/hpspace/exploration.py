"""Exploration of landscapes by few trainings: which cells to train next, and when to stop.

It begins with cells that fill the space (`prunescape.hpspace.lattice.fill_space`). Then batches follow, one a network:
each cell of a batch is the best one of a landscape that is drawn from the surrogate, so that cells are trained as often
as they may be the best (Thompson sampling; in batches: Kandasamy, Krishnamurthy, Schneider and Poczos, AISTATS 2018).
What a batch is expected to raise the best of the surrogate's means by says when to stop. The choice that follows is
exploration, too: what it gains is measured again, on fresh seeds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, qmc

from prunescape.hpspace.choice import smoothed
from prunescape.hpspace.questions import FINALISTS
from prunescape.hpspace.surrogate import Surrogate, expanded

LOWEST = 100.0  # points below the best that an accuracy can be
DRAWS = 256  # of what a batch may show, or of landscapes, a power of 2


class Batch(NamedTuple):
    """The next trainings of a network.

    Attributes:
        cells: numbers of cells; a cell may come several times.
        gain: what all of them together are expected to raise the best mean by, in points.
    """

    cells: list[int]
    gain: float


def next_batch(surrogate: Surrogate, network: int, size: int, seed: int, left: np.ndarray | None = None) -> Batch:
    """The next trainings of a network, and what they are expected to gain.

    Args:
        surrogate: of all networks of the model.
        network: its number.
        size: of the batch.
        seed: of the draws, another one each time, such as the number of trainings by then.
        left: how often each cell may still be trained, (N,); None, as often as one likes. Where none may be, the batch
            is smaller.
    """
    numbers = np.random.default_rng([seed, network]).standard_normal((size, len(surrogate.mean[network])))
    free = np.full(numbers.shape[1], size) if left is None else left.copy()
    cells: list[int] = []
    for drawn in draws(surrogate, network, numbers).round(9):
        if (free > 0).any():
            cells.append(int(np.where(free > 0, drawn, -np.inf).argmax()))
            free[cells[-1]] -= 1
    return Batch(cells, gain(surrogate, network, cells) if cells else 0.0)


def draws(surrogate: Surrogate, network: int, numbers: np.ndarray) -> np.ndarray:
    """Draws of a network's landscape from standard normal numbers, (draws, N)."""
    sizes, ways = np.linalg.eigh(surrogate.covariance[network])
    return np.asarray(surrogate.mean[network] + (numbers * np.sqrt(np.maximum(sizes, 0))) @ ways.T)


def gain(surrogate: Surrogate, network: int, cells: Sequence[int]) -> float:
    """The points by which trainings of a network are expected to raise the best of its means.

    Args:
        surrogate, network: see `next_batch`.
        cells: numbers of cells; a cell may come several times.
    """
    spread, ways = surrogate.covariance[network].copy(), []
    for cell in cells:  # how means move for a standard deviation of surprise; then that is known
        ways.append(spread[:, cell] / np.sqrt(max(spread[cell, cell], 0) + surrogate.values.noise**2))
        spread -= np.outer(ways[-1], ways[-1])
    surprise = norm.ppf(qmc.Sobol(len(cells), scramble=True, rng=0).random(DRAWS))
    mean = surrogate.mean[network]
    return float((mean + surprise @ np.stack(ways)).max(axis=1).mean() - mean.max())


def best_cells(
    surrogate: Surrogate, network: int, cells: np.ndarray, among: Sequence[int] | np.ndarray | None = None
) -> list[int]:
    """The numbers of a network's finalists, by accuracies that are smoothed over neighbours, as those of a grid are.

    First the best mean, then each the one that is expected to raise the best of them all the most: so that they are not
    all neighbours where the surrogate is unsure. Where none does, the next best mean. Smoothed, settings beside a cliff
    are worse than others, as the trainings there scatter.

    Args:
        surrogate, network: see `next_batch`.
        cells: coordinates (i, j) of all cells, (N, 2).
        among: numbers of the cells that may be chosen; None, all.
    """
    among = np.arange(len(cells)) if among is None else np.asarray(among)
    drawn = draws(surrogate, network, norm.ppf(qmc.Sobol(len(cells), scramble=True, rng=0).random(DRAWS)))
    true = smoothed(np.maximum(expanded(drawn), -LOWEST), cells)
    mean = true.mean(axis=0)
    best, chosen = np.full(DRAWS, -np.inf), list[int]()
    while len(chosen) < min(FINALISTS, len(among)):
        worth = np.maximum(true, best[:, None]).mean(axis=0)
        # Means count where nothing else does.
        order = np.lexsort([-mean[among].round(9), -worth[among].round(9), np.isin(among, chosen)])
        chosen.append(int(among[order[0]]))
        best = np.maximum(best, true[:, chosen[-1]])
    return chosen
