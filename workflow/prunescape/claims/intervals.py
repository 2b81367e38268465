"""Means over seeds with 95 % intervals by Student's t, which is honest about few values: wide for three."""

import numpy as np
import pandas as pd
from scipy.stats import t

CONFIDENCE = 0.95
IN_PERCENT, IN_POINTS = (0.0, 100.0), (-100.0, 100.0)  # what a percentage, and a difference of two, may be


def interval(name: str, values: np.ndarray, lowest: float = -np.inf, highest: float = np.inf) -> dict[str, float]:
    """A mean with its 95 % interval.

    Args:
        name: of the number.
        values: one a seed.
        lowest, highest: what the number may be; the interval is cut there.

    Returns:
        The mean as `name`, the interval as `<name>_low` and `<name>_high`, NaN for one value.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return {name: mean, f"{name}_low": np.nan, f"{name}_high": np.nan}
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return {name: mean, f"{name}_low": max(mean - half, lowest), f"{name}_high": min(mean + half, highest)}


def of_seeds(name: str, values: pd.Series) -> dict[str, float]:
    """A mean with its interval, of a series with one number a seed; see `interval`."""
    return interval(name, values.to_numpy(dtype=np.float64))
