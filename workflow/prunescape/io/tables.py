"""Tables as they are written: the columns that tell rows apart come first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def first_columns(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table with these columns before the others; those that it lacks are empty."""
    filled = table.assign(**{name: np.nan for name in columns if name not in table})
    return filled[[*columns, *(name for name in table if name not in columns)]]
