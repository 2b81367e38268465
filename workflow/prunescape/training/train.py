"""Train lanes: K networks of one architecture on the same batches, each with its own hyperparameters."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from prunescape.errors import UserError
from prunescape.training.array import Array, Report, Task, check_architecture
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import ran_out_of_memory
from prunescape.training.lane import Lane, LaneResult
from prunescape.training.recipe import Recipe
from prunescape.training.snapshots import Snapshots
from prunescape.training.workers import run_all


def train(
    task: Task,
    lanes: Sequence[Lane],
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
    on_epoch: Snapshots | None = None,
) -> list[LaneResult]:
    """Train every lane from scratch.

    All lanes share the order of the images, their augmentation and, unless they say otherwise, the He initialisation,
    each drawn from a generator of its own that only seeds decide. They are trained in arrays of exactly
    `task.engine.lanes`, which share batch size and epochs; on a CPU arrays run side by side, one core each, and a
    lane's result does not depend on the others, bit for bit.

    Args:
        task: network, data, recipe, engine and seed.
        lanes: what sets the networks apart.
        report: is given one line of progress at a time.
        checkpoint: where the state of this very training is kept, and found again; None keeps none.
        on_epoch: the epochs after which weights are kept, and where, for lanes of one batch size and length; results
            are the same with and without, bit for bit, and a training that was killed has all of them in the end.

    Raises:
        Interrupted: the process was asked to stop; the state has been saved.
        UserError: memory ran out, or the network cannot be trained in lanes.
    """
    engine = task.engine
    engine.set_up()
    if engine.lanes > 1:
        check_architecture(task.architecture)
    pieces: list[Callable[[], list[LaneResult]]] = []
    order: list[int] = []
    for shared, places in _alike(task, lanes):
        for start in range(0, len(places), engine.lanes):
            active = places[start : start + engine.lanes]
            label = f"cells {len(order) + 1}-{len(order) + len(active)} of {len(lanes)}"
            part = None if checkpoint is None else checkpoint.part(len(pieces))
            kept = None if on_epoch is None else on_epoch.starting_at(active[0])
            chosen = [lanes[place] for place in active]
            pieces.append(partial(_train_array, shared, chosen, partial(_labelled, report, label), part, kept))
            order += active
    workers = min(engine.threads, len(pieces)) if engine.device == "cpu" else 1
    trained = (result for results in run_all(pieces, workers) for result in results)
    by_place = dict(zip(order, trained, strict=True))
    return [by_place[place] for place in range(len(lanes))]


def _alike(task: Task, lanes: Sequence[Lane]) -> list[tuple[Task, list[int]]]:
    """The places of lanes that share batch size and epochs, and so may share an array, each with their task."""
    groups: dict[Recipe, list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault(task.recipe.resized(lane.epochs, lane.batch_size), []).append(place)
    return [(replace(task, recipe=recipe), places) for recipe, places in groups.items()]


def _train_array(
    task: Task, lanes: Sequence[Lane], report: Report, checkpoint: Checkpoint | None, snapshots: Snapshots | None
) -> list[LaneResult]:
    if task.engine.device == "cuda":  # what an array before this one has held
        gc.collect()
        torch.cuda.empty_cache()
    try:
        return Array(task, lanes).train(report, checkpoint, snapshots)
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        raise UserError(
            f"the GPU has too little memory for {task.engine.lanes} networks on batches of {task.recipe.batch_size};"
            " set engine.lanes to less, or engine.micro_batch to a part of the batch"
        ) from None


def _labelled(report: Report | None, label: str, line: str) -> None:
    if report is not None:
        report(f"{label}: {line}")
