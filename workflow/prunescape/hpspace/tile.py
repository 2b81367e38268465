"""Train one tile: the cells of a block of the lattice, for one network and seed."""

import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, fields, replace
from typing import Any

import pandas as pd
import torch

from prunescape.errors import UserError
from prunescape.hpspace.cells import GRID, Tables, by_cell, place_of
from prunescape.hpspace.known import taken_over
from prunescape.hpspace.lattice import CELL_SEED, HYPERPARAMETERS, MOST, NEVER, epochs_trained
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.train import Epoch, Lane, LaneResult, Report, Task, train


def train_the_rest(
    table: str | os.PathLike[str],
    cells: Sequence[Mapping[str, Any]],
    train: Callable[[Sequence[Mapping[str, Any]], str], Tables],
    report: Report,
    stops: Mapping[str, Any] | None = None,
) -> Tables:
    """The tables of the cells of a job, of which those that are known are not trained; all values as text.

    Args:
        table: the file of the first table that the job writes.
        cells: see `train_tile`.
        train: trains cells and keeps its state under a name, "" for all cells.
        stops: see `train_tile`.
    """
    known = taken_over(table, cells, stops)
    left = [cell for cell in cells if place_of(cell) not in known]
    if known:
        report(f"{len(known)} of {len(cells)} cells have been trained already, and are taken over")
    if left:
        name = hashlib.sha256(json.dumps(left, sort_keys=True).encode()).hexdigest()[:8] if known else ""
        known |= by_cell(Tables(*map(_as_text, train(left, name))), left)
    parts = [known[place_of(cell)] for cell in cells]
    return Tables(*(pd.concat(of, ignore_index=True) for of in zip(*parts, strict=True)))


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=str, keep_default_na=False)


def train_tile(
    task: Task,
    cells: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    report: Report,
    checkpoint: Checkpoint | None = None,
    start: Mapping[str, torch.Tensor] | None = None,
    rate_factor: float = 1.0,
    fixed: Mapping[str, float] | None = None,
    part: Callable[[str], Checkpoint] | None = None,
    stops: Mapping[str, Any] | None = None,
) -> Tables:
    """Train a network at every cell of a tile; cells that have a `cell_seed` one by one, each with that seed.

    Args:
        task: network, data, recipe, engine and study seed.
        cells: i, j and both hyperparameters of each cell, and its own seed, if it has one.
        labels: the first columns of all tables: `model`, `variant` and what the variant is.
        checkpoint: where the training keeps its state, so that a killed job can go on.
        start: a state dict to go on from; None trains from scratch.
        rate_factor: what each cell's learning rate is multiplied by, where its schedule begins late.
        fixed: learning rate and weight decay, as far as they are no axes.
        part: the state of a training that is done by itself, by a name.
        stops: of a batch, when trainings are stopped, see `prunescape.hpspace.early.stops`; None, of a tile, never.

    Raises:
        UserError: a cell's batch is larger than the data set.
    """
    lanes = [lane_of({**(fixed or {}), **cell}, start, rate_factor) for cell in cells]
    images, largest = task.data.sizes["train"], max(lane.batch_size or 0 for lane in lanes)
    if largest > images:
        raise UserError(
            f"the grid reaches batches of {largest}, and there are {images} training images; make it smaller"
        )
    limits = {int(epoch): accuracy for epoch, accuracy in (stops or NEVER)["below"].items()}
    if CELL_SEED not in cells[0]:
        results = train(task, lanes, report, checkpoint, below=limits)
        return tables_of(task, cells, results, labels, rate_factor, stops)
    results = [
        train(
            alone(task, cell),
            [lane],
            numbered(report, f"cell {number} of {len(cells)}"),
            part and part(f"{cell['i']}_{cell['j']}"),
            below=limits,
        )[0]
        for number, (cell, lane) in enumerate(zip(cells, lanes, strict=True), 1)
    ]
    return tables_of(replace(alone(task, cells[0]), seed=task.seed), cells, results, labels, rate_factor, stops)


def alone(task: Task, cell: Mapping[str, Any]) -> Task:
    """The task of a cell that has a `cell_seed`: with that seed, and no lanes beside it."""
    return replace(task, seed=cell[CELL_SEED], engine=replace(task.engine, lanes=1))


def numbered(report: Report, number: str) -> Report:
    """A report whose lines begin with the number of the training among those of a job, as `status` reads it."""
    return lambda line: report(f"{number}: {line}")


def tables_of(
    task: Task,
    cells: Sequence[Mapping[str, Any]],
    results: Sequence[LaneResult],
    labels: Mapping[str, str],
    rate_factor: float = 1.0,
    stops: Mapping[str, Any] | None = None,
) -> Tables:
    """The tables of trainings of one seed; see `train_tile`."""
    rows, histories, timing = [], [], []
    for cell, result in zip(cells, results, strict=True):
        place = {**labels, "seed": task.seed, "i": cell["i"], "j": cell["j"]}
        own = {CELL_SEED: cell[CELL_SEED]} if CELL_SEED in cell else {}
        reached = {} if stops is None else {MOST: stops["most"] if result.stopped else None}
        rows.append({**place, **own, **_row(cell, result, rate_factor), **reached})
        histories.append(history_table(result, place))
        timing.append({**place, **_timing(result, task.engine)})
    return Tables(pd.DataFrame(rows), pd.concat(histories, ignore_index=True), pd.DataFrame(timing))


def lane_of(
    values: Mapping[str, Any], start: Mapping[str, torch.Tensor] | None = None, rate_factor: float = 1.0
) -> Lane:
    """The lane with these hyperparameters, by name; other keys are ignored, see `train_tile`."""
    chosen = {name: values[name] for name in HYPERPARAMETERS if name in values}
    return Lane(**{**chosen, "learning_rate": rate_factor * chosen["learning_rate"]}, start=start)


def _row(cell: Mapping[str, Any], result: LaneResult, rate_factor: float) -> dict[str, Any]:
    varied = {name: value for name, value in cell.items() if name in HYPERPARAMETERS}
    if "learning_rate" in varied:
        varied = {**varied, "learning_rate": rate_factor * varied["learning_rate"]}
        varied[f"{GRID}learning_rate"] = cell["learning_rate"]
    return {
        **varied,
        "top1": result.last("top1"),
        "top5": result.last("top5"),
        "best_top1": result.best("top1"),
        "best_top5": result.best("top5"),
        "train_loss": result.last("train_loss"),
        "diverged": result.diverged,
        epochs_trained(cell): len(result.history),
    }


def _timing(result: LaneResult, engine: Engine) -> dict[str, Any]:
    return {
        "seconds": round(result.seconds, 3),
        "images_per_second": round(result.images_per_second, 1),
        "device": engine.describe(),
        "strategy": engine.strategy,
        "lanes": engine.lanes,
        "precision": engine.precision,
    }


def history_table(result: LaneResult, labels: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """A lane's history: the columns `labels`, then epoch, learning_rate, train_loss, top1, top5."""
    columns = [*(labels or {}), *(column.name for column in fields(Epoch))]
    return pd.DataFrame([(*(labels or {}).values(), *astuple(entry)) for entry in result.history], columns=columns)
