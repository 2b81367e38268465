"""Fully connected networks: the sweep over their width, and children of wider parents (coherence thesis, 4 and 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from prunescape.coherence.children import Child, retrain
from prunescape.coherence.layer_tables import diff_histograms
from prunescape.coherence.masks import Choice
from prunescape.coherence.measure import Measured
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import Report, by_epoch, epochs_table, highest_epoch, lowest_epoch, measure_epochs
from prunescape.coherence.widths import mlp, weights_in
from prunescape.errors import UserError
from prunescape.mechanism.networks import State
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.training.array import Task
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.lane import Lane, check_trained
from prunescape.training.snapshots import Snapshots
from prunescape.training.train import train


def of_width(task: Task, width: int) -> Task:
    """The training of a network of another width, one network an array."""
    return replace(task, architecture=mlp(task.architecture, width), engine=replace(task.engine, lanes=1))


def trained(
    task: Task,
    lane: Lane,
    epochs: Sequence[int],
    samples: int | None,
    folder: str,
    identity: Sequence[Any],
    report: Report,
) -> tuple[dict[int, State], dict[int, Measured]]:
    """Train a network, and measure it after some epochs.

    Args:
        task, lane: the training.
        epochs: after which it is measured; 0 is the initialisation.
        samples: see `prunescape.coherence.measure.measure`.
        folder: where its state is kept.
        identity: what decides the result beside task and lane.
        report: is given one line of progress at a time.

    Raises:
        UserError: it diverged.
    """
    checkpoint = Checkpoint.of(folder, *identity, task.identity())
    snapshots = Snapshots.of(folder, epochs, *identity, task.identity())
    results = train(task, [lane], report, checkpoint, snapshots)
    check_trained({f"network of width {task.architecture.width}": results[0]})
    states = snapshots.lane(0)
    return states, measure_epochs(task, states, samples, report, checkpoint)


def width_tables(
    task: Task, states: Mapping[int, State], measured: Mapping[int, Measured], bins: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of the width sweep for one network.

    Returns:
        One row an epoch, and the histograms of its diffs at the epochs of highest and of lowest coherence.
    """
    network = task.network(states[0])
    first = {"width": task.architecture.width, "parameters": count_parameters(network), "seed": task.seed}
    epochs = epochs_table(task, states, measured)
    parent = Parent(task.architecture, states, {}, highest_epoch(by_epoch(measured)), 0, task.seed)
    ends = {"highest": parent.highest, "lowest": lowest_epoch(by_epoch(measured))}
    tables = [
        diff_histograms(parent.layers, measured[epoch].diffs, bins).assign(which=which, epoch=epoch)
        for which, epoch in ends.items()
    ]
    diffs = pd.concat(tables, ignore_index=True).assign(width=first["width"], seed=task.seed)
    columns = ["width", "seed", "which", "epoch"]
    return epochs.assign(**first)[[*first, *epochs]], diffs[
        [*columns, *(name for name in diffs if name not in columns)]
    ]


def child_count(parent: Parent, width: int) -> int:
    """Number of prunable weights that a child keeps, to have as many weights in all as the dense network of a width.

    Raises:
        UserError: the parent is too small for that.
    """
    inner = sum(layer.weights for layer in parent.layers)
    count = weights_in(mlp(parent.architecture, width)) - (weights_in(parent.architecture) - inner)
    if not 0 < count <= inner:
        raise UserError(
            f"a network of width {parent.architecture.width} has no children with as many weights as one of width"
            f" {width}; choose larger widths"
        )
    return count


def children_of(
    task: Task,
    parent: Parent,
    wanted: Sequence[Choice],
    labels: Mapping[str, Any],
    rates: tuple[float, float],
    report: Report,
    checkpoint: Checkpoint,
) -> pd.DataFrame:
    """The children of a parent of some width, trained side by side; see `retrain` for the columns."""
    architecture = parent.architecture
    first = {
        **labels,
        "parent_width": architecture.width,
        "parent_parameters": count_parameters(build(architecture)),
    }
    children = [Child({**first, **choice._asdict()}, parent.mask(choice)) for choice in wanted]
    return retrain(replace(task, architecture=architecture), children, parent.layers, *rates, report, checkpoint)
