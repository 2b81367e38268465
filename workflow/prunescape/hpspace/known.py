"""Finished trainings that a job need not do again: a batch takes over cells of tiles, and a tile those of batches.

Their seals say what they are: all but the cells that were trained beside must be the same, and when trainings are
stopped. A lane does not depend on its neighbours, so that the same numbers come out; of one that the batch would have
stopped, the beginning.
"""

import hashlib
import io
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.lattice import MOST
from prunescape.hpspace.tile import Tables
from prunescape.io.files import is_edited
from prunescape.io.seals import Identity, identity_to_write, is_at, read_seal
from prunescape.training.train import Report

TILES, BATCHES = "tiles", "batches"  # folders of either, which have tables by model, variant and seed
SUFFIXES = (".csv", ".history.csv", ".timing.csv")  # as in `Tables`
Cells = Sequence[Mapping[str, Any]]


def train_the_rest(
    table: str | os.PathLike[str],
    cells: Cells,
    train: Callable[[Cells, str], Tables],
    report: Report,
    stops: Mapping[str, Any] | None = None,
) -> Tables:
    """The tables of the cells of a job, of which those that are known are not trained; all values as text.

    Args:
        table: the file of the first table that the job writes.
        cells: see `prunescape.hpspace.tile.train_tile`.
        train: trains cells and keeps its state under a name, "" for all cells.
        stops: see `prunescape.hpspace.tile.train_tile`.
    """
    known = {place: _as_wanted(of, stops) for place, of in finished(table, cells).items()}
    left = [cell for cell in cells if _place(cell) not in known]
    if known:
        report(f"{len(known)} of {len(cells)} cells have been trained already, and are taken over")
    if left:
        name = hashlib.sha256(json.dumps(left, sort_keys=True).encode()).hexdigest()[:8] if known else ""
        known |= _by_cell(Tables(*map(_as_text, train(left, name))), left)
    parts = [known[_place(cell)] for cell in cells]
    return Tables(*(pd.concat(of, ignore_index=True) for of in zip(*parts, strict=True)))


def finished(table: str | os.PathLike[str], cells: Cells) -> dict[tuple[int, int], Tables]:
    """The tables of those cells of a job that jobs of the other kind have trained to the end, by i and j; all as text.

    Args:
        table, cells: see `train_the_rest`.
    """
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
                same = [cell for cell in same if _place(cell) in whole]
            found |= _by_cell(tables, same)
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


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=str, keep_default_na=False)


def _by_cell(tables: Tables, cells: Cells) -> dict[tuple[int, int], Tables]:
    return {
        _place(cell): Tables(*(of[(of["i"] == str(cell["i"])) & (of["j"] == str(cell["j"]))] for of in tables))
        for cell in cells
    }


def _place(cell: Mapping[str, Any]) -> tuple[int, int]:
    return cell["i"], cell["j"]
