"""Training of a network at chosen settings with fresh seeds, each seed's settings together in one array."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from prunescape.hpspace.questions import LANES
from prunescape.hpspace.tile import lane_of, numbered, tables_of
from prunescape.models.build import build
from prunescape.models.weights import load_state
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.evaluate import right
from prunescape.training.train import LaneResult, Report, Task, train


class Again(NamedTuple):
    """The tables of trainings at chosen settings.

    Attributes:
        trainings: one row a seed and setting.
        timing: the same rows: seconds, images_per_second and the engine.
        images: one row a setting and validation image: how many of these trainings classify it rightly.
    """

    trainings: pd.DataFrame
    timing: pd.DataFrame
    images: pd.DataFrame


def train_again(
    task: Task,
    trainings: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    report: Report,
    checkpoint: Callable[[str], Checkpoint],
    start: Mapping[str, torch.Tensor] | None = None,
    rate_factor: float = 1.0,
    fixed: Mapping[str, float] | None = None,
) -> Again:
    """Train a network at some settings with each of some seeds.

    Args:
        task: see `train_tile`; its seed is not used.
        trainings: seed, and by name the settings: i, j and both hyperparameters.
        labels, start, rate_factor, fixed: see `train_tile`.
        checkpoint: the state of the trainings of a seed, by a name.
    """
    tables: list[pd.DataFrame] = []
    timings: list[pd.DataFrame] = []
    images: list[np.ndarray] = []
    engine = replace(task.engine, lanes=min(task.engine.lanes, LANES))
    for number, of in enumerate(trainings, 1):
        own, cells = replace(task, seed=of["seed"], engine=engine), list(of["settings"].values())
        apart = list({_place(cell): cell for cell in cells}.values())
        lanes = [lane_of({**(fixed or {}), **cell}, start, rate_factor) for cell in apart]
        trained = train(
            own, lanes, numbered(report, f"seed {number} of {len(trainings)}"), checkpoint(f"seed-{own.seed}")
        )
        by_cell = dict(zip(map(_place, apart), trained, strict=True))
        results = [by_cell[_place(cell)] for cell in cells]
        rows = tables_of(own, cells, results, labels, rate_factor)
        for table, into in ((rows.cells, tables), (rows.timing, timings)):
            table.insert(list(table.columns).index("seed"), "setting", list(of["settings"]))
            into.append(table)
        images.append(_right(own, results))
    names = list(trainings[0]["settings"])
    counts = np.sum(images, axis=0, dtype=np.int64)
    settings, numbers = (index.ravel() for index in np.indices(counts.shape))
    right = pd.DataFrame({**labels, "setting": np.array(names)[settings], "image": numbers, "right": counts.ravel()})
    return Again(pd.concat(tables, ignore_index=True), pd.concat(timings, ignore_index=True), right)


def _place(cell: Mapping[str, Any]) -> tuple[int, int]:
    return cell["i"], cell["j"]


def _right(task: Task, results: Sequence[LaneResult]) -> np.ndarray:
    """Which validation images each of the trained networks classifies rightly, (K, N) booleans."""
    networks = []
    for result in results:
        network = build(task.architecture)
        load_state(network, result.weights)
        networks.append(network)
    return right(networks, task.data, task.engine)
