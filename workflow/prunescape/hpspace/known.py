"""Finished trainings that a job need not do again: a batch takes over cells of tiles, and a tile those of batches.

Their seals say what they are: all but the cells that were trained beside must be the same, and when trainings are
stopped. A lane does not depend on its neighbours, so that the same numbers come out; of one that the batch would have
stopped, the beginning.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.cells import Tables, by_cell, place_of
from prunescape.hpspace.lattice import MOST
from prunescape.io.files import is_edited
from prunescape.io.seals import Identity, identity_to_write, is_at, read_seal

TILES, BATCHES = "tiles", "batches"  # folders of either, which have tables by model, variant and seed
SUFFIXES = (".csv", ".history.csv", ".timing.csv")  # as in `Tables`
Cells = Sequence[Mapping[str, Any]]


def taken_over(
    table: str | os.PathLike[str], cells: Cells, stops: Mapping[str, Any] | None = None
) -> dict[tuple[int, int], Tables]:
    """The tables of the cells of a job that need no training, by i and j; all values as text.

    Args:
        table: the file of the first table that the job writes.
        cells, stops: see `prunescape.hpspace.tile.train_tile`.
    """
    return {place: _as_wanted(of, stops) for place, of in _finished(table, cells).items()}


def _finished(table: str | os.PathLike[str], cells: Cells) -> dict[tuple[int, int], Tables]:
    """The tables of those cells that jobs of the other kind have trained to the end."""
    wanted = identity_to_write(table)
    *results, kind, model, variant, seed, _ = Path(table).parts
    if wanted is None or kind not in (TILES, BATCHES):
        return {}
    found: dict[tuple[int, int], Tables] = {}
    folder = Path(*results, BATCHES if kind == TILES else TILES, model, variant, seed)
    for path in sorted(path for path in folder.glob("*.csv") if path.name.count(".") == 1):
        files = [path.with_suffix(suffix) for suffix in SUFFIXES]
        identity = _identity(path)
        if identity is None or not all(map(_identity, files)) or _rest(identity) != _rest(wanted):
            continue
        same = [cell for cell in cells if cell in identity.settings["cells"]]
        if same:
            tables = Tables(*(pd.read_csv(file, dtype=str, keep_default_na=False) for file in files))
            if MOST in tables.cells:
                whole = {(int(i), int(j)) for i, j, most in tables.cells[["i", "j", MOST]].to_numpy() if most == ""}
                same = [cell for cell in same if place_of(cell) in whole]
            found |= by_cell(tables, same)
    return found


def _as_wanted(tables: Tables, stops: Mapping[str, Any] | None) -> Tables:
    """The tables of a whole training as a job that stops trainings has them, or one that does not."""
    cells, history, _ = tables
    if stops is None:
        return tables._replace(cells=cells.drop(columns=MOST, errors="ignore"))
    epoch = _stopped_at(history, stops)
    if epoch is None:
        return tables._replace(cells=cells.assign(**{MOST: ""}))
    history = history[history["epoch"].astype(int) <= epoch]
    last = {name: history[name].iloc[-1] for name in ("top1", "top5", "train_loss")}
    best = {f"best_{name}": max(filter(None, history[name]), key=float, default="") for name in ("top1", "top5")}
    changed = {**last, **best, "diverged": "False", "epochs": str(len(history)), MOST: repr(stops["most"])}
    return tables._replace(cells=cells.assign(**changed), history=history)


def _stopped_at(history: pd.DataFrame, stops: Mapping[str, Any]) -> int | None:
    """The epoch after which a training would have been stopped, as `prunescape.training.train` does; None, never."""
    last = int(history["epoch"].iloc[-1])
    for epoch, accuracy in zip(history["epoch"].astype(int), history["top1"], strict=True):
        if epoch < last and accuracy and float(accuracy) < stops["below"].get(str(epoch), -math.inf):
            return int(epoch)
    return None


def _identity(path: Path) -> Identity | None:
    """The identity of a result; None where it cannot be trusted, or was accepted as it is."""
    found = read_seal(path)
    if found is None or found.identity is None or is_edited(path, found):
        return None
    return found.identity if is_at(path, found.identity.place) and not found.identity.accepted else None


def _rest(identity: Identity) -> Any:
    """Whatever decides a cell's result if it goes to the end, but the cells."""
    settings = {name: value for name, value in identity.settings.items() if name not in ("cells", "stops")}
    return json.loads(json.dumps([settings, identity.inputs, sorted(identity.upon)]))
