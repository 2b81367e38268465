"""Published tables, and ours with their numbers beside, in columns that are named alike after `published_`."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

REFERENCE = Path(__file__).parents[2] / "reference"


def published(name: str, data: str | None = None) -> pd.DataFrame:
    """The rows of a published table for a data set, none where it has none; all, with the column `data`, of None."""
    table = pd.read_csv(REFERENCE / f"{name}.csv")
    return table if data is None else table[table["data"] == data].drop(columns="data")


def beside(ours: pd.DataFrame, theirs: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Our table with the columns of a published one beside; rows are told apart by the columns `by`."""
    renamed = {column: f"published_{column}" for column in theirs if column not in by}
    return ours.merge(theirs.rename(columns=renamed), how="left", on=list(by))
