"""A job that trains networks: what it is given, and how it goes on where a killed one was."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from prunescape.data.held_out import hold_out
from prunescape.data.prepared import load_prepared
from prunescape.io.files import read_json, sha256
from prunescape.models.architecture import load_architecture
from prunescape.models.weights import read_weights
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint, Snapshots
from prunescape.training.context import NetworkJob, chosen_strategy
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task


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
        chosen: what `calibrate` chose, where the section `engine` leaves something to it.

    Raises:
        UserError: a file is damaged, or too few images are left for every class.
    """
    prepared = load_prepared(data)
    if settings.get("held_out"):
        prepared, _ = hold_out(prepared, settings["held_out"])
    engine = Engine.from_settings(settings["engine"], threads, chosen)
    recipe, augment = Recipe.from_settings(settings["recipe"]), settings.get("augment", True)
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


@dataclass(frozen=True, kw_only=True)
class TrainingJob(NetworkJob):
    """A job of one network and seed, while it runs.

    Attributes:
        task: what its trainings have in common.
        folder: where it keeps its state.
        identity: whatever decides its results, as JSON values.
    """

    task: Task
    folder: str
    identity: Sequence[Any]

    @property
    def checkpoint(self) -> Checkpoint:
        """The state of the whole job."""
        return self.part()

    @property
    def rates(self) -> tuple[float, float]:
        """Learning rate and weight decay."""
        return self.settings["learning_rate"], self.settings["weight_decay"]

    @property
    def start(self) -> dict[str, torch.Tensor] | None:
        """The weights of the file `start` to go on from; None where there is none."""
        path = self.files.get("start")
        return None if path is None else read_weights(path)[0]

    def part(self, name: str = "") -> Checkpoint:
        """The state of a part of the job, in a folder of that name."""
        return Checkpoint.of(f"{self.folder}/{name}" if name else self.folder, *self.identity)

    def snapshots(self) -> Snapshots:
        """The epochs of `settings["measured_epochs"]`, whose weights are kept."""
        return Snapshots.of(self.folder, self.settings["measured_epochs"], *self.identity)


@contextmanager
def training_job(snakemake: Any, *others: str) -> Iterator[TrainingJob | None]:
    """Run a script's body as a training job; its state is removed once it has finished.

    Args:
        snakemake: what Snakemake gives a script.
        others: names of files that its results depend on, beside architecture and data.

    Yields:
        The job; None where another one, that this one has waited for, has done it.
    """
    with logged(snakemake) as logger:
        settings, files, folder = snakemake.params.settings, snakemake.input, snakemake.params.checkpoint
        task = open_task(files.architecture, files.data, settings, snakemake.threads, chosen_strategy(files))
        given = {name: sha256(files[name]) for name in others if files.get(name)}
        identity = settings, dict(snakemake.wildcards.items()), task.identity(), read_json(files.data), given
        labels = {"model": snakemake.wildcards.get("model"), "seed": task.seed}
        job = TrainingJob(
            settings=settings,
            files=files,
            output=snakemake.output,
            labels=labels,
            report=logger.info,
            task=task,
            folder=folder,
            identity=identity,
        )
        with job_lock(f"{folder}.lock", job.checkpoint.identity, snakemake.output) as to_do:
            yield job if to_do else None
            if to_do:
                job.checkpoint.remove()
