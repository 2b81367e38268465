"""Cells that jobs of the other kind have trained: the same bytes, and only what has the same identity."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prunescape.hpspace.cells import Tables
from prunescape.hpspace.known import taken_over
from prunescape.hpspace.tile import train_the_rest, train_tile
from prunescape.io.files import write_csv
from prunescape.io.seals import read_seal, seal, seal_text, sealing
from prunescape.training.train import Task

CELLS = [{"i": i, "j": j, "learning_rate": 0.05 * 3.0**i, "weight_decay": 1e-4} for i in (-1, 0, 1) for j in (0, 1)]
BATCH = [CELLS[4], {"i": 5, "j": 5, "learning_rate": 0.3, "weight_decay": 1e-5}, CELLS[1]]
SETTINGS = {"recipe": {"epochs": 4}, "seed": 3}
FOLDERS = {"tile": "hpspace/tiles/m/v/seed-3/-1_0", "batch": "hpspace/batches/m/v/seed-3/2"}
Cells = list[dict[str, Any]]


@pytest.fixture
def train(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, bytes]]]:
    monkeypatch.chdir(tmp_path)

    def trained(
        kind: str, cells: Cells, results: str, really: bool = False, **changes: Any
    ) -> tuple[int, dict[str, bytes]]:
        """How many cells were trained, and the files but for the times that they took."""
        count: list[int] = []

        def anew(left: Any, name: str) -> Tables:
            assert bool(name) == (len(left) < len(cells))
            count.append(len(left))
            if really:
                labels, stops = {"model": "m", "variant": "v"}, changes.get("stops")
                return train_tile(task, left, labels, lambda line: None, stops=stops)
            return Tables(*[pd.DataFrame([{"i": cell["i"], "j": cell["j"]} for cell in left])] * 3)

        files = [Path(f"{results}/{FOLDERS[kind]}{suffix}") for suffix in (".csv", ".history.csv", ".timing.csv")]
        with job(files, results, {**SETTINGS, "cells": cells, **changes}):
            tables = train_the_rest(files[0], cells, anew, lambda line: None, changes.get("stops"))
            for path, table in zip(files, tables, strict=True):
                write_csv(path, table)
        return sum(count), {path.name: path.read_bytes() for path in files[:2]}

    return trained


def job(files: list[Path], results: str, settings: Mapping[str, Any]) -> AbstractContextManager[None]:
    return sealing(settings, [results], {}, map(str, files))


def test_a_batch_takes_over_cells_of_tiles_and_a_tile_those_of_batches(train) -> None:
    whole, batch = train("tile", CELLS, "first", really=True), train("batch", BATCH, "second", really=True)
    assert (whole[0], batch[0]) == (6, 3)
    assert train("batch", BATCH, "first", really=True) == (1, batch[1])
    assert train("tile", CELLS, "second", really=True) == (4, whole[1])
    assert pd.read_csv("second/hpspace/tiles/m/v/seed-3/-1_0.csv")[["i", "j"]].to_numpy().tolist() == [
        [cell["i"], cell["j"]] for cell in CELLS
    ]


def test_what_a_batch_would_have_stopped_is_taken_over_as_stopped_and_never_as_a_whole(train) -> None:
    whole = train("tile", CELLS, "first", really=True)
    early = pd.read_csv("first/hpspace/tiles/m/v/seed-3/-1_0.history.csv").query("epoch == 2").set_index(["i", "j"])
    below = float(early.loc[[(0, 1), (1, 0)], "top1"].max())  # of the two, the lower one is stopped
    stops = {"most": 88.25, "below": {"2": below}}
    alone = train("batch", BATCH, "second", really=True, stops=stops)
    assert train("batch", BATCH, "first", really=True, stops=stops) == (1, alone[1])
    table = pd.read_csv("second/hpspace/batches/m/v/seed-3/2.csv")
    stopped = table["most"].notna()
    assert stopped.any()
    assert not stopped.all()
    assert (table.loc[stopped, "most"] == 88.25).all()
    assert (table["epochs"] == np.where(stopped, 2, 4)).all()
    assert train("tile", CELLS, "second", really=True) == (
        len(CELLS) - int((~stopped & (table["i"] < 5)).sum()),
        whole[1],
    )


def test_only_trainings_of_the_same_identity_are_taken_over(train) -> None:
    train("tile", CELLS, "r")
    for changes in ({"recipe": {"epochs": 5}}, {"seed": 4}, {"code": {"x": "1"}}):
        assert train("batch", BATCH, "r", **changes)[0] == 3
    moved = [{**cell, "learning_rate": 0.123} for cell in BATCH[:1]]
    assert train("batch", moved, "r")[0] == 1
    assert train("batch", BATCH, "r")[0] == 1
    table = Path("r/hpspace/tiles/m/v/seed-3/-1_0.history.csv")
    content = table.read_bytes()
    table.write_bytes(content + b"x\n")
    assert train("batch", BATCH, "r")[0] == 3  # it was edited
    table.write_bytes(content)
    found = read_seal(table)
    assert found is not None
    assert found.identity is not None
    accepted = found.identity.__class__(**{**vars(found.identity), "accepted": ["the code"]})
    seal(table).write_text(seal_text(table.name, found.checksum, accepted))
    assert train("batch", BATCH, "r")[0] == 3
    seal(table).unlink()
    assert train("batch", BATCH, "r")[0] == 3


def test_elsewhere_nothing_is_known(train) -> None:
    train("tile", CELLS, "r")
    assert taken_over("r/hpspace/batches/m/v/seed-3/2.csv", BATCH) == {}  # no job writes this
    table = Path("r/export/m/v/x/cell.csv")
    with job([table], "r", {**SETTINGS, "cells": BATCH}):
        assert taken_over(table, BATCH) == {}
