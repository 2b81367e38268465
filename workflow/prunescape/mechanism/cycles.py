"""Pruning and retraining in cycles (utility paper, 2.2.2 and section 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.errors import known
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.channels import channel_masks, fewer_channels, scale_scores
from prunescape.pruning.graph import Graph
from prunescape.pruning.scores import magnitude
from prunescape.pruning.unstructured import Tensors, apply_masks, prunable, prune_further
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.evaluate import evaluate
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, LaneResult, Report, Task, train

WEIGHTS, CHANNELS, NOTHING = "weights", "channels", "nothing"
METHODS = (WEIGHTS, CHANNELS, NOTHING)
FRACTIONS = {WEIGHTS: 0.3, CHANNELS: 0.2, NOTHING: 0.0}  # removed a cycle (utility paper, section 3)
FINE_TUNING, REWINDING = "fine_tuning", "rewinding"
RETRAININGS = (FINE_TUNING, REWINDING)
CYCLES = 5
COLUMNS = ("cycle", "density", "pruned_top1", "top1", "best_top1", "train_loss", "diverged")


class Kept(NamedTuple):
    """Weights or channels that remain of a network.

    Attributes:
        marks: boolean; by parameter name for weights, by group for channels.
        masks: boolean, by parameter name: the weights that remain, as training takes them.
    """

    marks: Tensors
    masks: Tensors


@dataclass(frozen=True)
class Trajectory:
    """A trained network that is pruned and retrained again and again.

    Attributes:
        start: its state dict, W*.
        method: "weights", of convolutions, by magnitude; "channels", by batch norm's scale; or "nothing", for a small
            network that is only trained as long as the others.
        fraction: of what remains, what each cycle removes.
        masks: weights that are zero from the start, of a small network, are not marked; None marks all.
    """

    start: Mapping[str, torch.Tensor]
    method: str = WEIGHTS
    fraction: float = FRACTIONS[WEIGHTS]
    masks: Mapping[str, torch.Tensor] | None = None


@dataclass(frozen=True)
class Cycle:
    """One cycle of pruning and retraining of a trajectory.

    Attributes:
        number: from 1.
        kept: what remains.
        pruned: state dict of W_p, pruned and not yet retrained.
        pruned_top1: its validation accuracy in percent, by the batch-norm statistics that it had.
        result: of retraining; its weights are W_r.
    """

    number: int
    kept: Kept
    pruned: Tensors
    pruned_top1: float
    result: LaneResult


def everything(network: nn.Module, architecture: Architecture, method: str) -> Kept:
    """Weights or channels that remain before anything is pruned: all of them.

    Args:
        network: a plain network.
        method: one of `METHODS`.

    Raises:
        UserError: there is no such method, or channels have no batch norm to rank them by.
    """
    known(dict.fromkeys(METHODS), "pruning method", method)
    marked: Mapping[str, torch.Tensor] = {}
    if method == WEIGHTS:
        marked = prunable(network, (nn.Conv2d,))
    elif method == CHANNELS:
        marked = scale_scores(network, Graph(network, architecture).groups)
    return Kept({name: torch.ones_like(tensor, dtype=torch.bool) for name, tensor in marked.items()}, {})


def prune_once(network: nn.Module, architecture: Architecture, method: str, fraction: float, kept: Kept) -> Kept:
    """Choose what one cycle removes; the network is not changed.

    Args:
        network: a plain network of full width, in which what is not kept is zero.
        method: "weights": of convolutions alone (utility paper, 2.2.2 and section 3), the smallest of all layers;
            "channels": those inside blocks, of the smallest batch-norm scales; "nothing".
        fraction: of what remains, what is removed.
        kept: what remained until now.
    """
    if method == WEIGHTS:
        masks = prune_further(magnitude(prunable(network, (nn.Conv2d,))), kept.marks, fraction)
        return Kept(masks, masks)
    if method == CHANNELS:
        groups = Graph(network, architecture).groups
        marks = fewer_channels(scale_scores(network, groups), kept.marks, fraction)
        return Kept(marks, channel_masks(network, groups, marks))
    return kept


def retraining_task(task: Task, retraining: str, cycle: int, recipe: Recipe | None = None) -> Task:
    """The training task by which pruned networks are retrained.

    Args:
        task: of the pretraining.
        retraining: "fine_tuning", at the learning rate at which pretraining ended (see `retraining_rate`), or
            "rewinding", by the whole schedule again (Renda et al., 2020); both for as many epochs.
        cycle: its number; each cycle has its own order of images and augmentation.
        recipe: of retraining, the schedule of pretraining in as many epochs as retraining has; None, as many.

    Raises:
        UserError: there is no such retraining.
    """
    known(dict.fromkeys(RETRAININGS), "retraining", retraining)
    recipe = recipe or task.recipe
    if retraining == FINE_TUNING:
        recipe = replace(recipe, schedule="constant", warmup_epochs=0)
    return replace(task, recipe=recipe, seed=derive_seed(task.seed, "retraining", cycle))


def retraining_rate(task: Task, retraining: str, learning_rate: float) -> float:
    """The initial learning rate of retraining, from that of pretraining; see `retraining_task`.

    Fine-tuning has that of the last epoch of pretraining, however short retraining is.

    Args:
        task: of the pretraining, with its own recipe.
        retraining: "fine_tuning" or "rewinding".
        learning_rate: the initial one of pretraining.
    """
    last = task.recipe.learning_rate_factor(task.recipe.epochs)
    return learning_rate * last if retraining == FINE_TUNING else learning_rate


def prune_and_retrain(
    task: Task,
    trajectories: Sequence[Trajectory],
    retraining: str,
    learning_rate: float,
    weight_decay: float,
    cycles: int = CYCLES,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
    recipe: Recipe | None = None,
) -> list[list[Cycle]]:
    """Prune and retrain networks again and again, all of them as lanes.

    Channels are removed by masks within the dense network, which is the same as cutting them out (see
    `prunescape.pruning.channels`), so that weights and channels are pruned side by side, and every network is a point
    of one weight space. One cycle of rewinding with the fractions 0.25, 0.5 and 0.75 is the utility paper's 2.2.2.

    Args:
        task: of the pretraining: architecture of full width, data, recipe, engine and seed.
        trajectories: the networks.
        retraining: "fine_tuning" or "rewinding"; see `retraining_task`.
        learning_rate: the initial one of pretraining.
        weight_decay: of retraining.
        cycles: how many.
        checkpoint: where the state of every cycle is kept, so that a killed job goes on.
        recipe: of each retraining; see `retraining_task`.

    Returns:
        The cycles of each trajectory. One that diverges is pruned no further.

    Raises:
        Interrupted: the process was asked to stop; the state has been saved.
        UserError: a method or retraining does not exist, or there is no batch norm to rank channels by.
    """
    task, networks = task.fitting(len(trajectories)), [build(task.architecture) for _ in trajectories]
    kept = []
    for network, trajectory in zip(networks, trajectories, strict=True):
        network.load_state_dict(dict(trajectory.start))
        kept.append(everything(network, task.architecture, trajectory.method))
    rate = retraining_rate(task, retraining, learning_rate)
    done: list[list[Cycle]] = [[] for _ in trajectories]
    for number in range(1, cycles + 1):
        if report is not None:
            report(f"cycle {number} of {cycles}")
        kept = [_prune(task, *of_one) for of_one in zip(networks, trajectories, kept, done, strict=True)]
        lanes = [
            Lane(rate, weight_decay, mask=_masks(trajectory, now), start=_copied(network))
            for trajectory, now, network in zip(trajectories, kept, networks, strict=True)
        ]
        before = evaluate(networks, task.data, task.engine).top1.tolist()
        part = None if checkpoint is None else checkpoint.part(number)
        results = train(retraining_task(task, retraining, number, recipe), lanes, report, part)
        for place, result in enumerate(results):
            pruned = dict(lanes[place].start or {})
            done[place].append(Cycle(number, kept[place], pruned, before[place], result))
            networks[place].load_state_dict(result.weights)
    return done


def _prune(task: Task, network: nn.Module, trajectory: Trajectory, kept: Kept, done: Sequence[Cycle]) -> Kept:
    """Prune a network in place; one that diverged is left alone."""
    if not (done and done[-1].result.diverged):
        kept = prune_once(network, task.architecture, trajectory.method, trajectory.fraction, kept)
    apply_masks(network, _masks(trajectory, kept))
    return kept


def _copied(network: nn.Module) -> Tensors:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _masks(trajectory: Trajectory, kept: Kept) -> Tensors:
    return {**(trajectory.masks or {}), **kept.masks}


def cycles_table(cycles: Sequence[Cycle]) -> pd.DataFrame:
    """Density and accuracies of a trajectory's cycles (utility paper, Tables 1 and 2).

    Returns:
        One row a cycle: cycle; density (kept of all prunable weights, 0 to 1); pruned_top1 (before retraining), top1
        (after the last epoch), best_top1, in percent, validation; train_loss; diverged.
    """
    rows = []
    for cycle in cycles:
        result = cycle.result
        rows.append(
            {
                "cycle": cycle.number,
                "density": _density(result),
                "pruned_top1": cycle.pruned_top1,
                "top1": result.last("top1"),
                "best_top1": result.best("top1"),
                "train_loss": result.last("train_loss"),
                "diverged": result.diverged,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _density(result: LaneResult) -> float:
    """The part of the weights of convolutions and fully connected layers that a result's mask keeps."""
    masks = result.lane.mask or {}
    weights = {name: tensor for name, tensor in result.weights.items() if tensor.dim() > 1}  # all of them matrices
    kept = sum(int(masks[name].sum()) if name in masks else tensor.numel() for name, tensor in weights.items())
    return kept / sum(tensor.numel() for tensor in weights.values())
