"""A training's task from the files and settings that a rule gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from prunescape.data.held_out import hold_out
from prunescape.data.prepared import load_prepared
from prunescape.models.architecture import load_architecture
from prunescape.models.weights import read_weights
from prunescape.training.array import Task
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe


def open_task(
    architecture: str | Path,
    data: str | Path,
    settings: Mapping[str, Any],
    threads: int,
    chosen: Mapping[str, Any] | None = None,
) -> Task:
    """Load what the lanes of a training have in common.

    Args:
        architecture: its JSON file.
        data: the prepared data's `meta.json`.
        settings: recipe and engine, the config's sections; seed; where images are not to be trained on, held_out; and
            where they are not to be augmented, augment.
        threads: CPU cores of this job.
        chosen: what `calibrate` chose, where the section `engine` leaves something to it.

    Raises:
        UserError: a file is damaged, or too few images are left for every class.
    """
    prepared = load_prepared(data)
    if settings.get("held_out"):
        prepared, _ = hold_out(prepared, settings["held_out"])
    engine = Engine.from_config(settings["engine"], threads, chosen)
    recipe, augment = Recipe.from_config(settings["recipe"]), settings.get("augment", True)
    return Task(load_architecture(architecture), prepared, engine, settings["seed"], recipe, augment)


def open_start(task: Task, path: str | Path | None) -> tuple[dict[str, torch.Tensor] | None, list[Any]]:
    """The weights to go on from, None where there are none, and what with them decides the bits of a result.

    Args:
        task: what is trained.
        path: the weights' file; None trains from the initialisation.

    Raises:
        UserError: the file is missing or damaged.
    """
    if path is None:
        return None, task.identity()
    start, checksum = read_weights(path)
    return start, [*task.identity(), checksum]
