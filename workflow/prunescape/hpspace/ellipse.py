"""Confidence ellipses of regions of interest (thesis, section 3.3.1, Tables 3.5 and 4.1)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.landscape import mean_over_seeds, metrics_of, places, region_of_interest
from prunescape.hpspace.lattice import THESIS, Pair

SHAPE = ("length", "width", "angle_degrees")


def confidence_level(sigma: float) -> float:
    """The part of a bivariate Gaussian outside its `sigma` ellipse: exp(-sigma^2 / 2) (Table 3.5)."""
    return math.exp(-(sigma**2) / 2)


def fit(x: np.ndarray, y: np.ndarray, sigma: float, pair: Pair = THESIS) -> dict[str, float]:
    """The `sigma` ellipse of a Gaussian fitted to points (n,) in the pair's unit of length, decades in the thesis.

    The covariance is the sample's (n - 1). `length` and `width` are full diameters in that unit, `angle_degrees` is
    that of the long axis from the horizontal, the second axis (weight decay), in (-90, 90]. The centre is in the axes'
    own coordinates.
    """
    found = functionals.ellipses(np.ones(len(x), dtype=bool), np.stack([x, y], axis=1), sigma, 0, pair)
    return {name: float(found[name]) for name in (*pair.centre, *SHAPE)}


def tabulate(
    cells: pd.DataFrame,
    roi: list[float],
    sigma: float,
    minimum_cells: int,
    axes: Sequence[Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """`ellipses.csv`, of `cells.csv`; see `ellipses`."""
    compared = of_grid(cells)
    return with_variants(ellipses(compared, roi, sigma, minimum_cells, Pair.from_json(axes)), compared)


def ellipses(
    cells: pd.DataFrame, thresholds: list[float], sigma: float, minimum_cells: int, pair: Pair = THESIS
) -> pd.DataFrame:
    """The ellipse of every region of interest, as `ellipses.csv` has it.

    A region with fewer than `minimum_cells` cells is reported and not fitted.

    Args:
        cells: `cells.csv`.
        thresholds: x of the regions of interest, in points.
        sigma: standard deviations from the centre to the ellipse.
        minimum_cells: cells that a fit needs.
    """
    rows = []
    for metric in metrics_of(cells):
        for (model, variant), landscape in mean_over_seeds(cells, metric).groupby(["model", "variant"], sort=False):
            for threshold in thresholds:
                region = region_of_interest(landscape, threshold)
                row = {"model": model, "variant": variant, "metric": metric, "roi": threshold}
                row |= {"n_cells": len(region), "fitted": len(region) >= minimum_cells}
                row |= {"confidence_level": confidence_level(sigma)}
                if row["fitted"]:
                    x, y = places(region, pair).T
                    row |= fit(x, y, sigma, pair)
                rows.append(row)
    columns = ["model", "variant", "metric", "roi", "n_cells", "fitted", "confidence_level"]
    return pd.DataFrame(rows, columns=[*columns, *pair.centre, *SHAPE])
