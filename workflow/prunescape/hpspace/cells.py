"""The cells of a study in one table. Apart and light: training, and the analysis of landscapes, change on their own."""

import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.lattice import MOST, NEIGHBOURS, ROUND, Cell
from prunescape.io.files import read_csv, remedy
from prunescape.variant import COLUMNS

File = str | os.PathLike[str]
KEY = ["model", "variant", "seed", "i", "j"]  # what tells a training from the others
PLACE = ["i", "j"]
GRID = "grid_"  # begins the column with a hyperparameter as the grid has it, where training may use a multiple of it


class Tables(NamedTuple):
    """Tables of a tile's training; time is kept apart, because it is never the same twice.

    Attributes:
        cells: one row a cell.
        history: one row a cell and epoch.
        timing: one row a cell: seconds, images_per_second and the engine.
    """

    cells: pd.DataFrame
    history: pd.DataFrame
    timing: pd.DataFrame


def read_trainings(path: File) -> pd.DataFrame:
    """The table `cells.csv` of a study, in which each variant and seed of a model has each cell of its grid once.

    Of a study that was explored in rounds, each network has cells of its own.

    Raises:
        UserError: the table is missing or damaged, a training is there twice, or one is missing.
    """
    return _checked([path])


def read_cells(path: File) -> pd.DataFrame:
    """The table `cells.csv` for analyses: hyperparameters are those of the grid, by which networks are compared.

    Raises:
        UserError: as `read_trainings`.
    """
    return of_grid(read_trainings(path))


def of_grid(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with the hyperparameters of the grid in place of those that were really used."""
    of_grid = [name for name in cells.columns if name.startswith(GRID)]
    used = [name.removeprefix(GRID) for name in of_grid]
    return cells.drop(columns=used).rename(columns=dict(zip(of_grid, used, strict=True)))


def with_variants(table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """A table with a column `variant`, and the variant's columns beside it: method, ratio, criterion, pipeline, target.

    Args:
        table: any, with `variant`.
        cells: `cells.csv`, which has all six.
    """
    known = cells.drop_duplicates("variant").set_index("variant")
    wider = table.copy()
    for place, name in enumerate(COLUMNS, 1 + list(table.columns).index("variant")):
        wider.insert(place, name, table["variant"].map(known[name]))
    return wider


def collect(paths: Sequence[File], plans: Sequence[File] = ()) -> pd.DataFrame:
    """The tables of tiles in one: models and variants as they come, each sorted by seed, i and j.

    Args:
        paths: the tables of all tiles of some models.
        plans: the plans of extension that the tiles follow from, in a folder for each model; to be made anew where
            cells lie apart.

    Raises:
        UserError: a table is missing or damaged, a training is there twice, or one is missing.
    """
    cells = _checked(paths, plans)
    cells["order"] = cells.groupby(["model", "variant"], sort=False).ngroup()
    return cells.sort_values(["order", "seed", "i", "j"], ignore_index=True).drop(columns="order")


def collect_batches(paths: Sequence[File]) -> pd.DataFrame:
    """The tables of batches in one: each network has its own cells, and each training the round that asked for it.

    Args:
        paths: the tables of all batches of some models, named by their rounds.

    Raises:
        UserError: a table is missing or damaged, or a training is there twice.
    """
    rows = _Rows(paths)
    _check_unique(rows)
    cells = rows.table.assign(**{ROUND: [int(Path(rows.path(row)).name.partition(".")[0]) for row in rows.table.index]})
    cells["order"] = cells.groupby(["model", "variant"], sort=False).ngroup()
    return cells.sort_values(["order", ROUND, "seed", "i", "j"], ignore_index=True).drop(columns="order")


def collected_batches(tables: Sequence[File], timing: Sequence[File]) -> dict[str, pd.DataFrame]:
    """`cells.csv`, `stopped.csv`, `timing.csv` and `trial_timing.csv` by name; of the tables of all batches.

    Trainings that were stopped early are no cells: nothing that reads `cells.csv` takes them for whole ones.
    """
    took = collect_batches(timing).drop(columns=ROUND)
    return {**batches_apart(collect_batches(tables)), "timing": took, "trial_timing": trial_timing(took)}


def batches_apart(trained: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The trainings of batches that went to the end, `cells.csv`, and those that were stopped, `stopped.csv`."""
    ended = trained[MOST].isna()
    cells, stopped = (trained[of].reset_index(drop=True) for of in (ended, ~ended))
    return {"cells": cells.drop(columns=MOST), "stopped": stopped}


def all_batches(cells: pd.DataFrame, stopped: pd.DataFrame) -> pd.DataFrame:
    """The trainings of `cells.csv` and `stopped.csv` together, in columns as batches have them."""
    whole = cells.assign(**{MOST: np.nan})
    return pd.concat([whole, stopped[list(whole.columns)]], ignore_index=True) if len(stopped) else whole


def collected(tables: Sequence[File], timing: Sequence[File], plans: Sequence[File] = ()) -> dict[str, pd.DataFrame]:
    """`cells.csv`, `timing.csv` and `trial_timing.csv` by name; of the tables of all tiles, see `collect`."""
    took = collect(timing)
    return {"cells": collect(tables, plans), "timing": took, "trial_timing": trial_timing(took)}


def trial_timing(timing: pd.DataFrame) -> pd.DataFrame:
    """The cost of a trial of each network, one training, and of its whole grid, as `trial_timing.csv` has it.

    Args:
        timing: `timing.csv`.

    Returns:
        model, variant and its columns, device, trainings, device_hours of all of them, and of one.
    """
    labels = ["model", "variant", *COLUMNS, "device"]
    table = timing.groupby(labels, sort=False, as_index=False, dropna=False).agg(
        trainings=("seconds", "size"), device_hours=("seconds", lambda seconds: seconds.sum() / 3600)
    )
    return table.assign(device_hours_each=table["device_hours"] / table["trainings"])


class _Rows:
    """The rows of several tables that were put together, and where they come from."""

    def __init__(self, paths: Sequence[File]) -> None:
        self.paths, tables = paths, [read_csv(path) for path in paths]
        for path, table in zip(paths, tables, strict=True):
            _check_columns(path, table)
        self.table = pd.concat(tables, ignore_index=True)
        self.starts = [0, *accumulate(len(table) for table in tables)]

    def file(self, row: int) -> int:
        """The number of the file that a row is in."""
        return bisect_right(self.starts, row) - 1

    def path(self, row: int) -> File:
        """The file of a row."""
        return self.paths[self.file(row)]

    def line(self, row: int) -> str:
        """File and line of a row; the first line is the header."""
        return f"{self.path(row)}: line {row - self.starts[self.file(row)] + 2}"

    def training(self, row: int) -> str:
        """File, line and key of a row."""
        return f"{self.line(row)}: {', '.join(f'{name} {value}' for name, value in self.table.loc[row, KEY].items())}"

    def beside(self, row: int, others: pd.DataFrame) -> list[File]:
        """The file of a row's tile in `others`, found by any other cell of the tile; empty where there is none."""
        tile = self.table[self.starts[self.file(row)] : self.starts[self.file(row) + 1]]
        places = set(tile[PLACE].itertuples(index=False, name=None))
        return [self.path(other) for other, *place in others[PLACE].itertuples() if tuple(place) in places][:1]


def _checked(paths: Sequence[File], plans: Sequence[File] = ()) -> pd.DataFrame:
    rows = _Rows(paths)
    _check_unique(rows)
    if ROUND in rows.table:
        return rows.table
    for model, cells in rows.table.groupby("model", sort=False):
        _check_alike(rows, cells)
        _check_in_one_piece(rows, cells, str(model), [plan for plan in plans if Path(plan).parent.name == model])
    if len(paths) > 1:
        _check_tiles(rows)
    return rows.table


def _check_columns(path: File, table: pd.DataFrame) -> None:
    missing = [name for name in KEY if name not in table]
    if missing or table.empty:
        reason = f"the column {missing[0]} is missing" if missing else "it has no rows"
        raise UserError(f"{path}: no table of cells, {reason}; {remedy(path)}")
    for name in KEY:
        whole = name in ("model", "variant") or pd.api.types.is_integer_dtype(table[name])
        if not whole or table[name].isna().any():
            raise UserError(f"{path}: column {name}: a field is empty or no whole number; {remedy(path)}")


def _check_unique(rows: _Rows) -> None:
    """Make sure that no training is there twice."""
    again = rows.table.duplicated(KEY)
    if again.any():
        second = int(again.idxmax())
        first = int((rows.table[KEY] == rows.table.loc[second, KEY]).all(axis="columns").idxmax())
        raise UserError(
            f"{rows.training(second)}: this training is there twice, see {rows.line(first)};"
            f" {_remedy(rows.path(first), rows.path(second))}"
        )


def _check_alike(rows: _Rows, cells: pd.DataFrame) -> None:
    """Make sure that all variants and seeds of a model have equal sets of cells."""
    places = cells[PLACE].drop_duplicates()
    groups = list(product(cells["variant"].unique(), cells["seed"].unique()))
    if len(cells) == len(places) * len(groups):  # as no training is there twice
        return
    there = set(cells[KEY[1:]].itertuples(index=False, name=None))
    row, variant, seed = next(
        (place[0], *group) for place, group in product(places.itertuples(), groups) if (*group, *place[1:]) not in there
    )
    lacking = rows.beside(row, cells[(cells["variant"] == variant) & (cells["seed"] == seed)])
    raise UserError(
        f"{rows.training(row)}: this cell is missing for variant {variant}, seed {seed}, and all variants and seeds of"
        f" a model have the same cells; {_remedy(rows.path(row), *lacking)}"
    )


def _check_in_one_piece(rows: _Rows, cells: pd.DataFrame, model: str, plans: Sequence[File]) -> None:
    """Make sure that the cells of a model lie side by side, or corner to corner, whatever shape they have together."""
    apart = {Cell(int(i), int(j)) for i, j in cells[PLACE].itertuples(index=False)}
    found = [min(apart)]
    apart.discard(found[0])
    for cell in found:
        beside = apart & {Cell(cell.i + i, cell.j + j) for i, j in NEIGHBOURS}
        found += sorted(beside)
        apart -= beside
    if apart:
        i, j = min(apart)
        path = rows.path(int((cells[PLACE] == [i, j]).all(axis="columns").idxmax()))
        raise UserError(
            f"{path}: model {model}, i {i}, j {j}: this cell lies apart from others for all variants and seeds, and a"
            f" grid is in one piece; {_remedy(*(plans or [path]))}"
        )


def _check_tiles(rows: _Rows) -> None:
    """Make sure that each table is a whole tile: a rectangle of cells, as large as all others of its model."""
    file = pd.Series([rows.file(row) for row in rows.table.index], index=rows.table.index)
    low, high = (getattr(rows.table.groupby(file)[PLACE], end)() for end in ("min", "max"))
    size = high - low + 1
    largest = size.groupby(rows.table.groupby(file)["model"].first()).transform("max")
    count = file.value_counts()
    for number in size.index:
        if count[number] < largest.loc[number].prod():
            path = rows.paths[number]
            i, j = low.loc[number]
            raise UserError(
                f"{path}: model {rows.table.loc[rows.starts[number], 'model']}, tile {i}, {j}: it has {count[number]}"
                f" cells, and others have {largest.loc[number].prod()}; {_remedy(path)}"
            )


def _remedy(*paths: File) -> str:
    return remedy(" ".join(dict.fromkeys(map(str, paths))))


def by_cell(tables: Tables, cells: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], Tables]:
    """Tables of text with a row or some of each of these cells, by their i and j."""
    return {
        place_of(cell): Tables(*(of[(of["i"] == str(cell["i"])) & (of["j"] == str(cell["j"]))] for of in tables))
        for cell in cells
    }


def place_of(cell: Mapping[str, Any]) -> tuple[int, int]:
    """The i and j of a cell."""
    return cell["i"], cell["j"]
