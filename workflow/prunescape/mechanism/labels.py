"""Names of things in the study's tables and files."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

WHOLE = "1"  # the network of full size, as `%g` writes it
PRUNED = {"weights": "weight pruning", "channels": "channel pruning"}
RETRAINED = {"fine_tuning": "fine-tuning", "rewinding": "learning-rate rewinding"}


def first_columns(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table with these columns before the others; those that it lacks are empty."""
    filled = table.assign(**{name: np.nan for name in columns if name not in table})
    return filled[[*columns, *(name for name in table if name not in columns)]]
