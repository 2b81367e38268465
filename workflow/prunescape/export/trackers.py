"""Trainings in the layouts of experiment trackers: Weights & Biases, MLflow and TensorBoard.

W&B and MLflow have no file that their servers take in; what is written here are the tables that they hand out (W&B's
`Export CSV` of a runs table, `mlflow.search_runs`), so that what reads those reads these. TensorBoard reads its folder
as it is: a run a training, with its curves and its place in the table of hyperparameters.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import hparams, scalar

from prunescape.hpspace.cells import GRID
from prunescape.io.files import atomic

NAMES = ["model", "variant", "method", "ratio", "criterion", "pipeline", "target", "stage", "seed"]
MEASURED = ["top1", "top5", "best_top1", "best_top5", "train_loss"]
CURVES = ["learning_rate", "train_loss", "top1", "top5"]  # of an epoch
PLACE = ["model", "variant", "seed", "i", "j"]
EVENTS = "events.out.tfevents.0.prunescape"  # TensorBoard finds files by the middle of their names


def all_trainings(cells: pd.DataFrame, again: pd.DataFrame | None, axes: Sequence[str]) -> pd.DataFrame:
    """Trainings of the main job, exploring and confirming ones.

    Args:
        cells: `cells.csv`.
        again: `confirmation.csv`; None where nothing is confirmed.
        axes: names of the hyperparameters that were explored.

    Returns:
        One row a training: its name, `NAMES`, the hyperparameters as they were used, those of the grid where training
        may use a multiple of them, `MEASURED` as far as they are there, diverged, and i and j.
    """
    parts = [cells.assign(stage="explore"), *([again] if again is not None else [])]
    found = pd.concat(parts, ignore_index=True)
    measured = [name for name in MEASURED if name in found and found[name].notna().any()]
    of_grid = [name for name in found if name.startswith(GRID)]
    found = found[[*NAMES, *axes, *of_grid, *measured, "diverged", "i", "j"]].drop_duplicates([*PLACE, "stage"])
    place = found["i"].astype(str) + "_" + found["j"].astype(str)
    stage = found["stage"] + "_seed-" + found["seed"].astype(str)
    return found.assign(name=found["model"] + "/" + found["variant"] + "/" + stage + "_" + place)


def of_wandb(trainings: pd.DataFrame, run: str) -> pd.DataFrame:
    """The table of runs that W&B exports: Name, State and Tags, then what was set and what was measured, by name."""
    state = trainings["diverged"].map({True: "crashed", False: "finished"})
    table = trainings.drop(columns=["name", "diverged", "i", "j"])
    columns = [("Name", trainings["name"]), ("State", state), ("Tags", run)]
    for place, (name, values) in enumerate(columns):
        table.insert(place, name, values)
    return table


def of_mlflow(trainings: pd.DataFrame, run: str) -> pd.DataFrame:
    """The table of `mlflow.search_runs`: ids and status, then metrics.*, params.* and tags.*; params are text."""
    measured = [name for name in MEASURED if name in trainings]
    set_to = [name for name in trainings.columns if name not in {"name", "diverged", "i", "j", "stage", *measured}]
    ids = [hashlib.sha256(f"{run}/{name}".encode()).hexdigest()[:32] for name in trainings["name"]]
    return pd.DataFrame(
        {
            "run_id": ids,
            "experiment_id": run,
            "status": trainings["diverged"].map({True: "FAILED", False: "FINISHED"}),
            **{f"metrics.{name}": trainings[name] for name in measured},
            **{f"params.{name}": trainings[name].map(_text) for name in set_to},
            "tags.mlflow.runName": trainings["name"],
            "tags.stage": trainings["stage"],
        }
    )


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def write_tensorboard(folder: Path, trainings: pd.DataFrame, histories: pd.DataFrame) -> None:
    """Write a folder of event files, one a training, in the place of what was there.

    Args:
        folder: where `tensorboard --logdir` is to look.
        trainings: of `all_trainings`.
        histories: epochs of exploring trainings: the columns of `PLACE`, epoch, and those of `CURVES`.
    """
    if folder.exists():
        shutil.rmtree(folder)
    epochs = dict(list(histories.groupby(PLACE)))
    measured = [name for name in MEASURED if name in trainings]
    set_to = [name for name in trainings.columns if name not in {"name", "diverged", "i", "j", *measured}]
    for row in trainings.to_dict("records"):
        settings = {name: row[name] for name in set_to if not pd.isna(row[name])}
        results = {f"final/{name}": row[name] for name in measured if not pd.isna(row[name])}
        events = [Event(file_version="brain.Event:2")]
        events += [Event(summary=part) for part in hparams(settings, results)]
        events += [_event(name, value, 0) for name, value in results.items()]
        if row["stage"] == "explore":
            for epoch in epochs.get(tuple(row[name] for name in PLACE), histories.head(0)).to_dict("records"):
                events += [_event(name, epoch[name], epoch["epoch"]) for name in CURVES if not pd.isna(epoch[name])]
        path = folder / row["name"] / EVENTS
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as temporary:
            writer = RecordWriter(str(temporary))
            for event in events:
                writer.write(event.SerializeToString())
            writer.close()


def _event(name: str, value: float, step: int) -> Event:
    """A value at an epoch; without the time of day, so that the same results give the same bytes."""
    summary: Summary = scalar(name, value)
    return Event(step=step, summary=summary)
