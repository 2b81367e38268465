"""Rows and values of a table for a figure: chosen, thinned out, and averaged over seeds."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd


def at(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows that have these values; numbers may differ by rounding."""
    chosen = np.ones(len(table), dtype=bool)
    for name, value in values.items():
        column = table[name].to_numpy()
        number = isinstance(value, float)
        chosen &= np.isclose(column.astype(float), value, rtol=1e-6, atol=1e-12) if number else column == value
    return table[chosen]


def distinct(values: Iterable[float]) -> list[float]:
    """Finite values without repetition, in ascending order."""
    return sorted({float(value) for value in values if np.isfinite(value)})


def some(values: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the values, evenly, the first and the last among them; only the last where most is 1."""
    if len(values) <= most:
        return list(values)
    places = np.linspace(0, len(values) - 1, most).round().astype(int) if most > 1 else [len(values) - 1]
    return [values[place] for place in places]


def truths(column: pd.Series) -> pd.Series:
    """A column of truth values, which may have been read as text."""
    return column.astype(str).str.lower().isin(["true", "1", "1.0"])


def over_seeds(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Means over the seeds of `values`, and `<value>_low` and `<value>_high`, their range; NaN where one is known."""
    groups = table.groupby(list(keys), sort=True)
    parts: dict[str, pd.Series] = {}
    for name in values:
        numbers = groups[name]
        several = numbers.count() > 1
        low, high = numbers.min().where(several), numbers.max().where(several)
        parts |= {name: numbers.mean(), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(parts).reset_index()
