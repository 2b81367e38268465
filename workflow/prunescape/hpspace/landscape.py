"""Landscapes: the performance f of every cell, and the region of interest."""

import numpy as np
import pandas as pd

from prunescape.hpspace.lattice import CELL_SEED, Pair
from prunescape.variant import COLUMNS as VARIANT

METRICS = ("top1", "top5")


def metrics_of(cells: pd.DataFrame) -> list[str]:
    """The metrics that were measured: top-1, and top-5 where there are enough classes."""
    return [metric for metric in METRICS if cells[metric].notna().any()]


def mean_over_seeds(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The landscape f: a cell's performance is its mean over seeds.

    Args:
        cells: one row a trained network: model, variant and its columns, seed, i, j, both hyperparameters and the
            metrics.
        metric: "top1" or "top5", in percent.

    Returns:
        One row a cell: model, variant and its columns, i, j, both hyperparameters, f; in the order in which they first
        appear.
    """
    beside = [name for name in VARIANT if name in cells]  # own trainings have none of them
    keys = ["model", "variant", *beside, "i", "j", *hyperparameters_of(cells)]
    means = cells.groupby(keys, sort=False, as_index=False)[metric].mean()
    return means.rename(columns={metric: "f"})


def hyperparameters_of(cells: pd.DataFrame) -> list[str]:
    """The names of the two hyperparameters: in every table of cells they stand behind the cell and its own seed."""
    columns = [name for name in cells.columns if name != CELL_SEED]
    after = columns.index("j") + 1
    return columns[after : after + 2]


def places(cells: pd.DataFrame, pair: Pair) -> np.ndarray:
    """Places of cells in the plane of both hyperparameters, (N, 2), the second one first, in its unit of length."""
    values = [cells[axis.name].to_numpy(dtype=np.float64) for axis in reversed(pair)]
    coordinates = [np.log10(of) if axis.is_log else of for axis, of in zip(reversed(pair), values, strict=True)]
    return np.stack([along / unit for along, unit in zip(coordinates, pair.units, strict=True)]).T


def region_of_interest(landscape: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The x-ROI of one variant: cells with f >= f(best) - x (thesis, eq. 3.3).

    A billionth of a point is allowed for rounding of means; accuracies lie much further apart.
    """
    return landscape[landscape["f"] >= landscape["f"].max() - threshold - 1e-9]


def best_cell(landscape: pd.DataFrame) -> pd.Series:
    """The cell with the largest f; of equals the one with the smallest (i, j)."""
    ordered = landscape.sort_values(["f", "i", "j"], ascending=[False, True, True])
    return ordered.iloc[0]
