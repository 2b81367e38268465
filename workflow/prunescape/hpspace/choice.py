"""Choice of the settings that are compared, by rules that are fixed here and were tuned on no results.

Of each network the accuracies are smoothed over neighbouring cells, as the luckiest cell of a grid costs about a point
against a smoothed choice; the four best cells are trained with five fresh seeds each, and the best of them is taken.
This is exploration: what it gains is measured again by `prunescape.hpspace.confirmation`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from prunescape.hpspace.landscape import mean_over_seeds
from prunescape.hpspace.lattice import HYPERPARAMETERS, Cell
from prunescape.hpspace.questions import FINALISTS

WIDTH = 1.0  # standard deviation of the smoothing, in steps of the lattice
METRIC = "top1"


def smoothed(means: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Accuracies of cells, each averaged with its neighbours by a Gaussian weight; the grid may have any shape.

    Args:
        means: of one landscape or of several, (..., N).
        lattice: coordinates (i, j) of the cells, (N, 2).
    """
    i, j = (lattice - lattice.min(axis=0)).T
    values = np.zeros((*means.shape[:-1], i.max() + 1, j.max() + 1))
    there = np.zeros(values.shape[-2:])
    values[..., i, j], there[i, j] = means, 1.0
    total, weight = (gaussian_filter(of, WIDTH, mode="constant", truncate=3.0, axes=(-2, -1)) for of in (values, there))
    return np.asarray((total / np.where(weight > 0, weight, 1.0))[..., i, j])


def finalists(means: np.ndarray, lattice: np.ndarray) -> list[int]:
    """The numbers of the best cells by smoothed accuracy, the best one first; of equals those that come first."""
    heights = smoothed(means, lattice).round(9)  # so that equal cells are equal, however sums were rounded
    return [int(place) for place in np.argsort(-heights, kind="stable")[:FINALISTS]]


def open_sides(means: np.ndarray, lattice: np.ndarray, margin: float) -> list[tuple[int, int]]:
    """The sides beyond which accuracy seems to rise on: (axis, direction), such as (0, -1).

    There the best smoothed accuracy of the outermost line of cells is above that of all other cells by more than the
    margin. A plateau that runs into the border does not count: going on along it gains nothing.

    Args:
        means, lattice: see `smoothed`.
        margin: in points.
    """
    heights, sides = smoothed(means, lattice), []
    for axis in (0, 1):
        for direction in (-1, 1):
            along = direction * lattice[:, axis]
            outermost = along == along.max()
            if not outermost.all() and heights[outermost].max() > heights[~outermost].max() + margin:
                sides.append((axis, direction))
    return sides


def landscape_of(cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean accuracies (N,) and coordinates (N, 2) of the cells of one network, in their order.

    Args:
        cells: its rows of `cells.csv`.
    """
    means = mean_over_seeds(cells, METRIC).sort_values(["i", "j"], kind="stable")
    return means["f"].to_numpy(dtype=np.float64), means[["i", "j"]].to_numpy(dtype=np.int64)


def choose_finalists(cells: pd.DataFrame) -> list[Cell]:
    """The cells of one network that are trained with fresh seeds, the best one first; see `finalists`."""
    means, lattice = landscape_of(cells)
    return [Cell(*map(int, lattice[place])) for place in finalists(means, lattice)]


def choose_tuned(finals: Sequence[Cell], trainings: pd.DataFrame) -> tuple[Cell, float]:
    """The finalist with the best mean accuracy over its fresh seeds, and that mean.

    Args:
        finals: the best one before first, which is taken where means are equal.
        trainings: i, j and accuracy of each of them and seed.
    """
    means = trainings.groupby(["i", "j"])[METRIC].mean()
    best = max(finals, key=lambda cell: float(means[tuple(cell)]))
    return best, float(means[tuple(best)])


def digest(cells: pd.DataFrame, trainings: pd.DataFrame, chosen: Mapping[str, Any]) -> str:
    """A digest of the data that settings were chosen on, and of the choice: another one begins another generation.

    Args:
        cells: the rows of `cells.csv` that the choice has seen.
        trainings: those of the finalists.
        chosen: the settings, as JSON values.
    """
    columns = ["variant", "seed", "i", "j", *(name for name in HYPERPARAMETERS if name in cells), METRIC]
    rows = [sorted(map(list, table[columns].itertuples(index=False, name=None))) for table in (cells, trainings)]
    text = json.dumps([rows, chosen], sort_keys=True, default=lambda number: number.item())
    return hashlib.sha256(text.encode()).hexdigest()[:8]
