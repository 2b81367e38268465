"""Has pruning moved, resized or turned the ellipse? Permutation tests on whole seeds.

Under the null hypothesis pruning changes a landscape by a constant at most, and leaves its noise as it is. Then the
trainings of one seed, taken as a whole, are as likely to come from the dense as from the pruned network: the 2 S
landscapes are exchangeable, and a region of interest does not see the constant. Single cells are not exchangeable,
because the trainings of one seed share noise. The test is exact; with few seeds there are few ways to exchange them,
so that no p-value can be small: with three seeds none is below 0.1.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import permutation_test

from prunescape.data.randomness import derive_seed
from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE, Cube, cubes
from prunescape.hpspace.landscape import metrics_of
from prunescape.hpspace.lattice import THESIS, Pair

MOST = 4999  # permutations, where there are more
MEASURES = ("shift", "area_ratio", "turn_degrees")
COLUMNS = [
    "model",
    "variant",
    "metric",
    "roi",
    "seeds",
    *(f"{name}{p}" for name in MEASURES for p in ("", "_p")),
    "least_p",
]


def tabulate(
    cells: pd.DataFrame,
    roi: Sequence[float],
    sigma: float,
    minimum_cells: int,
    axes: Sequence[Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """`shifts.csv`, of `cells.csv`; see `shift_tests`."""
    compared = of_grid(cells)
    return with_variants(shift_tests(compared, roi, sigma, minimum_cells, Pair.from_json(axes)), compared)


def shift_tests(
    cells: pd.DataFrame, thresholds: Sequence[float], sigma: float, minimum_cells: int, pair: Pair = THESIS
) -> pd.DataFrame:
    """The tests of every pruned variant and region of interest, as `shifts.csv` has them.

    Args:
        cells: `cells.csv`.
        thresholds, sigma, minimum_cells, pair: see `prunescape.hpspace.ellipse.ellipses`.

    Returns:
        model, variant, metric, roi, seeds; the centre's way in decades or steps, the ratio of areas and the turn of the
        long axis in degrees, each with its p-value (NaN with one seed, or where an ellipse could not be fitted);
        least_p, the smallest that these seeds allow.
    """
    rows = []
    for metric in metrics_of(cells):
        for model, cube in cubes(cells, metric, pair).items():
            for place, variant in enumerate(cube.variants):
                if variant == DENSE:
                    continue
                first: dict[str, Any] = {"model": model, "variant": variant, "metric": metric, "seeds": cube.seeds}
                for roi in thresholds:
                    tests = _tests(cube, place, roi, sigma, minimum_cells)
                    rows.append({**first, "roi": roi, **tests, "least_p": least_p(cube.seeds)})
    return pd.DataFrame(rows, columns=COLUMNS)


def least_p(seeds: int) -> float:
    """The smallest p-value that S against S seeds allow; both orders of the two groups count."""
    return max(2 / math.comb(2 * seeds, seeds), 1 / (MOST + 1)) if seeds > 1 else np.nan


def _tests(cube: Cube, place: int, roi: float, sigma: float, minimum_cells: int) -> dict[str, float]:
    both = np.concatenate([cube.values[0], cube.values[place]])
    indices = np.arange(len(both))
    groups = indices[: cube.seeds], indices[cube.seeds :]

    def compared(dense: np.ndarray, pruned: np.ndarray) -> dict[str, np.ndarray]:
        of_dense, of_pruned = [
            functionals.ellipses(
                functionals.regions(both[group.astype(int)].mean(axis=-2), roi),
                cube.places,
                sigma,
                minimum_cells,
                cube.pair,
            )
            for group in (dense, pruned)
        ]
        return functionals.shifts(of_dense, of_pruned, cube.pair)

    measured = compared(*groups)
    result: dict[str, float] = {}
    for name in MEASURES:
        value = float(measured[name])
        result |= {name: value, f"{name}_p": np.nan}
        if cube.seeds < 2 or not np.isfinite(value):
            continue

        def statistic(dense: np.ndarray, pruned: np.ndarray, axis: int, name: str = name) -> np.ndarray:  # noqa: ARG001
            size = _size(name, compared(dense, pruned)[name])
            return np.where(np.isfinite(size), size, np.inf)  # no ellipse at all counts as the largest change

        random = np.random.default_rng(derive_seed(0, f"exchange of seeds, {cube.variants[place]}"))
        test = permutation_test(
            groups, statistic, alternative="greater", n_resamples=MOST, vectorized=True, rng=random, batch=500
        )
        result[f"{name}_p"] = float(test.pvalue)
    return result


def _size(name: str, values: np.ndarray) -> np.ndarray:
    """The size of a change, whichever its direction."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(np.log(values) if name == "area_ratio" else values)
