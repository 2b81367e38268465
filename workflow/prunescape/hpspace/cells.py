"""All trainings of a study in one table. Apart and light: what trains, and what a landscape is, change on their own."""

import os
from collections.abc import Sequence

import pandas as pd

from prunescape.files import read_csv, read_tables
from prunescape.variant import COLUMNS

GRID = "grid_"  # begins the column with a hyperparameter as the grid has it, where training may use a multiple of it


def collect(paths: Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """Put the tables of tiles together: models and variants as they come, each sorted by seed, i and j.

    Raises:
        UserError: a table is damaged.
    """
    cells = read_tables(paths)
    cells["order"] = cells.groupby(["model", "variant"], sort=False).ngroup()
    return cells.sort_values(["order", "seed", "i", "j"], ignore_index=True).drop(columns="order")


def read_cells(path: str | os.PathLike[str]) -> pd.DataFrame:
    """`cells.csv` as analyses see it: hyperparameters are those of the grid, by which networks are compared.

    Raises:
        UserError: the table is damaged.
    """
    return of_grid(read_csv(path))


def of_grid(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with the hyperparameters of the grid in place of those that were really used."""
    of_grid = [name for name in cells.columns if name.startswith(GRID)]
    used = [name.removeprefix(GRID) for name in of_grid]
    return cells.drop(columns=used).rename(columns=dict(zip(of_grid, used, strict=True)))


def with_variants(table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """A table with a column `variant`, and beside it what the variant is: method, ratio, criterion, pipeline, target.

    Args:
        table: any, with `variant`.
        cells: `cells.csv`, which has all six.
    """
    if "variant" not in table.columns:
        return table
    known = cells.drop_duplicates("variant").set_index("variant")
    wider = table.copy()
    for place, name in enumerate(COLUMNS, 1 + list(table.columns).index("variant")):
        wider.insert(place, name, table["variant"].map(known[name]))
    return wider
