"""All cells of a study in one table. Apart and light: what trains, and what a landscape is, change on their own."""

import os
from collections.abc import Sequence

import pandas as pd

from prunescape.files import read_tables


def collect(paths: Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """Put the tables of tiles together: models and variants as they come, each sorted by seed, i and j.

    Raises:
        UserError: a table is damaged.
    """
    cells = read_tables(paths)
    cells["order"] = cells.groupby(["model", "variant"], sort=False).ngroup()
    return cells.sort_values(["order", "seed", "i", "j"], ignore_index=True).drop(columns="order")
