"""The size of diffs, from the study's tables and histograms of them (thesis, Figs. 3.1, 3.2 and 4.4)."""

from collections.abc import Sequence

import pandas as pd

from prunescape.coherence.labels import HIGHEST, LOWEST

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


def at_extremes(epochs: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Sizes of diffs after the epochs of the highest and of the lowest coherence, of equal ones the first.

    Args:
        epochs: epoch, coherence, diff_size, diff_size_by_chance, and the columns `keys`.
        keys: columns that tell trainings apart.

    Returns:
        By these columns: columns (which, number), the numbers being size, chance and beyond, their difference.
    """
    after = epochs[epochs["epoch"] > 0].dropna(subset=["coherence", "diff_size"]).sort_values("epoch", kind="stable")
    after = after.rename(columns={"diff_size": "size", "diff_size_by_chance": "chance"})
    after = after.assign(beyond=after["size"] - after["chance"])
    by = after.groupby(list(keys))["coherence"]
    numbers = ["size", "chance", "beyond"]
    ends = {HIGHEST: by.idxmax(), LOWEST: by.idxmin()}
    return pd.concat(
        {which: after.loc[places].set_index(list(keys))[numbers] for which, places in ends.items()}, axis=1
    )


def told(sizes: pd.DataFrame) -> str:
    """The mean size of diffs in words, with that of random signs."""
    return f"{sizes['size'].mean():.4f} (random signs {sizes['chance'].mean():.4f})"
