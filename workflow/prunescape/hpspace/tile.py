"""Train one tile: the cells of a block of the lattice, for one network and seed."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, LaneResult, train


def train_tile(
    architecture: Architecture,
    cells: Sequence[Mapping[str, Any]],
    data: PreparedData,
    recipe: Recipe,
    engine: Engine,
    seed: int,
    labels: Mapping[str, str],
    logger: logging.Logger,
    checkpoint: Checkpoint | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train a network from scratch at every cell of a tile.

    Args:
        architecture: the network.
        cells: i, j, learning_rate, weight_decay of each cell.
        data: prepared data.
        recipe: the rest of the training recipe.
        engine: where it runs.
        seed: the study seed.
        labels: the first columns of both tables, `model` and `variant`.
        logger: is told the progress.
        checkpoint: where the training keeps its state, so that a killed job can go on.

    Returns:
        The tile's table, one row a cell, and its history, one row a cell and epoch.
    """
    lanes = [Lane(cell["learning_rate"], cell["weight_decay"]) for cell in cells]
    results = train(architecture, lanes, data, recipe, engine, seed, logger.info, checkpoint)
    pairs = list(zip(cells, results, strict=True))
    table = pd.DataFrame([{**labels, **_row(cell, result, seed, engine)} for cell, result in pairs])
    histories = []
    for cell, result in pairs:
        history = history_table(result)
        columns = {**labels, "seed": seed, "i": cell["i"], "j": cell["j"]}
        for position, (name, value) in enumerate(columns.items()):
            history.insert(position, name, value)
        histories.append(history)
    return table, pd.concat(histories, ignore_index=True)


def _row(cell: Mapping[str, Any], result: LaneResult, seed: int, engine: Engine) -> dict[str, Any]:
    return {
        "seed": seed,
        "i": cell["i"],
        "j": cell["j"],
        "learning_rate": cell["learning_rate"],
        "weight_decay": cell["weight_decay"],
        "top1": result.last("top1"),
        "top5": result.last("top5"),
        "best_top1": result.best("top1"),
        "best_top5": result.best("top5"),
        "train_loss": result.last("train_loss"),
        "diverged": result.diverged,
        "epochs": len(result.history),
        "seconds": round(result.seconds, 3),
        "images_per_second": round(result.images_per_second, 1),
        "device": engine.describe(),
    }


def history_table(result: LaneResult) -> pd.DataFrame:
    """A lane's history: epoch, learning_rate, train_loss, top1, top5."""
    return pd.DataFrame(
        [(entry.epoch, entry.learning_rate, entry.train_loss, entry.top1, entry.top5) for entry in result.history],
        columns=["epoch", "learning_rate", "train_loss", "top1", "top5"],
    )


def collect(paths: Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """Put the tables of tiles together: models and variants as they come, each sorted by seed, i and j.

    Raises:
        UserError: a table is damaged.
    """
    parts = []
    for path in paths:
        try:
            parts.append(pd.read_csv(path))
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: damaged ({error}); delete it and run again") from None
    cells = pd.concat(parts, ignore_index=True)
    cells["order"] = cells.groupby(["model", "variant"], sort=False).ngroup()
    return cells.sort_values(["order", "seed", "i", "j"], ignore_index=True).drop(columns="order")
