"""The size of diffs, from the study's histograms of them (thesis, Figs. 3.1, 3.2 and 4.4)."""

from collections.abc import Sequence

import pandas as pd

ALL = "all"
RUN = ["model", "seed", "data", "start", "which", "epoch"]


def mean_magnitude(histogram: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """The mean |diff|, every diff taken to be at the middle of its bin.

    Args:
        histogram: low, high, count and the columns `by`.
        by: columns that tell the distributions apart.

    Returns:
        By these columns, from 0 to 1; NaN where nothing was counted.
    """
    middle = ((histogram["low"] + histogram["high"]) / 2).abs()
    sums = histogram.assign(weighted=middle * histogram["count"]).groupby(list(by))[["weighted", "count"]].sum()
    return (sums["weighted"] / sums["count"].where(sums["count"] > 0)).rename("magnitude")


def of_network(histogram: pd.DataFrame) -> pd.DataFrame:
    """The rows of whole networks: those of the layer "all", or else the sums over the layers."""
    whole = histogram[histogram["layer"] == ALL]
    return whole if len(whole) else histogram.groupby([*RUN, "low", "high"], as_index=False)["count"].sum()
