"""Fully connected networks: the sweep over their width, and children of wider parents (coherence thesis, 4 and 5).

Pruned to one part in r, a parent has as many weights as a network of width w.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from prunescape.coherence.children import HE, NONE, Child
from prunescape.coherence.families import Family, Packed
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.masks import Choice, begun
from prunescape.coherence.measure import Measured
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import (
    Extreme,
    by_epoch,
    epochs_table,
    extreme_diffs,
    highest_epoch,
    lowest_epoch,
    measure_epochs,
)
from prunescape.coherence.schedule import OF_GRADIENTS
from prunescape.coherence.scores import weight_scores
from prunescape.errors import UserError
from prunescape.io.tables import first_columns
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.models.mlp import SQUARES
from prunescape.models.weights import State
from prunescape.training.checkpoint import Snapshots
from prunescape.training.engine import give_memory_back
from prunescape.training.job import TrainingJob
from prunescape.training.train import Lane, Task, check_trained, train


def weights_of(width: int, inputs: int, classes: int) -> int:
    """Weights of a fully connected network, biases left out: s w^2 + (n + c) w, with s = 3 square matrices.

    Args:
        width: w.
        inputs: n, numbers that an image has.
        classes: c.
    """
    return SQUARES * width**2 + (inputs + classes) * width


def parent_width(width: int, ratio: float, inputs: int, classes: int) -> int:
    """The width w' nearest to where there are `ratio` times the weights (coherence thesis, 5.3).

    w' = w + (sqrt(3 r w (3 w + n + c) + ((n + c) / 2)^2) - 3 w - (n + c) / 2) / 3, which for CIFAR-10, n + c = 3082, is
    the thesis' formula.
    """
    half = (inputs + classes) / 2
    grown = math.sqrt(SQUARES * ratio * weights_of(width, inputs, classes) + half**2)
    return round(width + (grown - SQUARES * width - half) / SQUARES)


def mlp(architecture: Architecture, width: int) -> Architecture:
    """A fully connected network of some width for the images and classes of another network."""
    return Architecture("mlp", architecture.input_shape, architecture.classes, width=width)


def weights_in(architecture: Architecture) -> int:
    """Number of weights, as `weights_of` counts them, of a network that `mlp` gives."""
    assert architecture.width is not None
    return weights_of(architecture.width, math.prod(architecture.input_shape), architecture.classes)


MEASURES = ["train_loss", "train_top1", "validation_loss", "validation_top1"]
# Columns that tell children apart.
_SIZES = ("width", "parent_width", "parent_parameters", "parameters")
FIRST = ("experiment", "model", "seed", *_SIZES, "score", "end", "scope", "initialisation", "density")


def of_width(task: Task, width: int) -> Task:
    """The training of a network of another width, one network an array."""
    return replace(task, architecture=mlp(task.architecture, width), engine=replace(task.engine, lanes=1))


def trained(
    job: TrainingJob, task: Task, name: str, only: Sequence[Extreme] = (highest_epoch, lowest_epoch)
) -> tuple[Mapping[int, State], dict[int, Measured]]:
    """Train a network, and measure it after some epochs; its weights stay on disk, and few diffs are held.

    Args:
        job: whose settings tell the learning rate, the weight decay, `measured_epochs`, after which it is measured (0
            is the initialisation), and `samples`, see `prunescape.coherence.measure.measure`.
        task: the network.
        name: of the folder where its state is kept.
        only: the epochs whose diffs are held, see `prunescape.coherence.runs.measure_epochs`.

    Raises:
        UserError: it diverged.
    """
    part = job.part(name)
    checkpoint = replace(part, identity=f"{part.identity}-{task.architecture.width}")
    snapshots = Snapshots(checkpoint.path.parent, checkpoint.identity, frozenset(job.settings["measured_epochs"]))
    results = train(task, [Lane(*job.rates)], job.report, checkpoint, snapshots)
    check_trained({f"network of width {task.architecture.width}": results[0]})
    states = snapshots.of_lane(0)
    return states, measure_epochs(task, states, job.settings["samples"], job.report, checkpoint, only)


def width_tables(
    task: Task, states: Mapping[int, State], measured: Mapping[int, Measured], bins: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of the width sweep for one network.

    Returns:
        One row an epoch, and the histograms of its diffs at the epochs of highest and of lowest coherence.
    """
    network = task.network(states[0])
    first = {"width": task.architecture.width, "parameters": count_parameters(network), "seed": task.seed}
    layers = prunable_layers(network)
    epochs = epochs_table(task, layers, states, measured)
    diffs = extreme_diffs(layers, measured, bins).assign(width=first["width"], seed=task.seed)
    return epochs.assign(**first)[[*first, *epochs]], first_columns(diffs, ["width", "seed", "which", "epoch"])


def dense_of(widths: pd.DataFrame, width: int) -> pd.DataFrame:
    """The row of the dense network of a width beside those of children, of the table of all widths and epochs."""
    last = widths[widths["epoch"] == widths["epoch"].max()].set_index("width").loc[width]
    numbers = {name: int(last["parameters"]) for name in ("parameters", "parent_parameters")}
    labels = {"width": width, "parent_width": width, "score": NONE, "initialisation": HE, "density": 1.0}
    return pd.DataFrame([{**labels, **numbers, **last[MEASURES].to_dict()}])


def parent_of(job: TrainingJob, width: int, ratio: float) -> Parent:
    """A trained network with `ratio` times the weights of one of a width, whose children have as many as that one.

    Of its weights those of the last epoch are held, of its diffs and other scores those of the highest coherence.
    """
    inputs, classes = math.prod(job.task.architecture.input_shape), job.task.architecture.classes
    task = of_width(job.task, parent_width(width, ratio, inputs, classes))
    job.report(f"width {width}, parent's {task.architecture.width}")
    states, measured = trained(job, task, f"parent-{task.architecture.width}", [highest_epoch])
    give_memory_back()
    last, highest = max(states), highest_epoch(by_epoch(measured))
    only = {last: states[last]}, {highest: measured[highest].diffs}
    scores, samples = [name for name in job.settings["scores"] if name in OF_GRADIENTS], job.settings["samples"]
    layers = prunable_layers(build(task.architecture))
    found = weight_scores(task, states, highest, layers, samples, scores) if scores else {}
    parent = Parent(task.architecture, *only, highest, 0, task.seed, found)
    parent.count = child_count(parent, width)
    return parent


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


def family_of(
    parent: Parent, width: int, wanted: Sequence[Choice], labels: Mapping[str, Any], initialisations: Sequence[str]
) -> Family:
    """The children of a parent of some width; its memory is given back.

    Args:
        parent: as `parent_of` gives it; without weights and diffs afterwards.
        width: of the dense network with as many weights as they.
        wanted: their masks.
        labels: what their rows begin with.
        initialisations: of weights; see `prunescape.coherence.masks.begun`.
    """
    first = {
        **labels,
        "width": width,
        "parent_width": parent.architecture.width,
        "parent_parameters": count_parameters(build(parent.architecture)),
    }
    masks: dict[Choice, Packed] = {}
    for score in dict.fromkeys(choice.score for choice in wanted):
        masks |= {choice: Packed(parent.mask(choice)) for choice in wanted if choice.score == score}
        parent.forget()
    parent.states, parent.diffs, parent.scores = {}, {}, {}
    children = [
        Child({**first, **choice._asdict(), "initialisation": initialisation}, masks[choice])
        for initialisation, choice in begun(wanted, initialisations)
    ]
    return Family(parent.architecture, children)
