"""Pruned-and-retrained networks beside the pretrained and small ones (utility paper, 2.2.2, Fig. 5, 15, Table 2)."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch

from prunescape.mechanism.cycles import (
    NOTHING,
    REWINDING,
    WEIGHTS,
    Cycle,
    Trajectory,
    cycles_table,
    everything,
    prune_and_retrain,
    prune_once,
)
from prunescape.mechanism.sampling import SampleSettings, sample_utility
from prunescape.mechanism.sparse_starts import equal_lane
from prunescape.mechanism.utility import Ablations
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import State
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Report, Task, check_trained, train

PRETRAINED, PRUNED, SMALL = "pretrained", "pruned_retrained", "small"


def pruned_masks(architecture: Architecture, start: Mapping[str, torch.Tensor], ratio: float) -> State:
    """Weights that one-shot magnitude pruning of the convolutions leaves of W*, boolean, by parameter name."""
    network = build(architecture)
    network.load_state_dict(dict(start))
    return prune_once(network, architecture, WEIGHTS, ratio, everything(network, architecture, WEIGHTS)).masks


def train_small(
    task: Task,
    retraining: Recipe,
    schedule: str,
    lanes: Sequence[Lane],
    cycles: int,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[list[Cycle]]:
    """Train small networks from scratch by the schedules of the pruned ones, equally long: once, and each cycle again.

    Args:
        task: of the pretraining.
        retraining: the recipe of each cycle.
        schedule: "fine_tuning" or "rewinding".
        lanes: the networks.
        cycles: how often they are trained on.
        checkpoint: of this training.

    Returns:
        The cycles of each network.

    Raises:
        UserError: one diverged before the first cycle.
    """
    first = None if checkpoint is None else checkpoint.part(1)
    results = train(task.fitting(len(lanes)), lanes, report, first)
    check_trained({f"small network {place}": result for place, result in enumerate(results, start=1)})
    trajectories = [
        Trajectory(result.weights, NOTHING, 0.0, lane.mask) for result, lane in zip(results, lanes, strict=True)
    ]
    again = None if checkpoint is None else checkpoint.part(2)
    rates = lanes[0].learning_rate, lanes[0].weight_decay
    return prune_and_retrain(task, trajectories, schedule, *rates, cycles, report, again, retraining)


def retrain_pruned(
    task: Task,
    retraining: Recipe,
    start: Mapping[str, torch.Tensor],
    ratios: Sequence[float],
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[dict[str, State], pd.DataFrame]:
    """Prune W* in one shot at each ratio and retrain it by rewinding; train small networks as long from scratch.

    Args:
        task: of the pretraining.
        retraining: the recipe of retraining.
        start: W*.
        ratios: of the convolutions' weights, what is removed.
        learning_rate, weight_decay: of the pretraining.
        checkpoint: of all of this.

    Returns:
        The networks, by `<ratio>/<network>`; and one row each: pruning_ratio, network, and the columns of
        `cycles_table` but the first.
    """
    rates = learning_rate, weight_decay
    own = None if checkpoint is None else checkpoint.part(0)
    trajectories = [Trajectory(start, WEIGHTS, ratio) for ratio in ratios]
    pruned = prune_and_retrain(task, trajectories, REWINDING, *rates, 1, report, own, retraining)
    lanes = [equal_lane(task.architecture, cycles[0].kept.masks, task.seed, *rates) for cycles in pruned]
    small = train_small(task, retraining, REWINDING, lanes, 1, report, checkpoint)
    networks, tables = {}, []
    for name, by_ratio in ((PRUNED, pruned), (SMALL, small)):
        for ratio, cycles in zip(ratios, by_ratio, strict=True):
            networks[f"{ratio:g}/{name}"] = cycles[0].result.weights
            table = cycles_table(cycles).drop(columns="cycle")
            tables.append(table.assign(pruning_ratio=ratio, network=name))
    table = pd.concat(tables, ignore_index=True)
    first = ["pruning_ratio", "network"]
    return networks, table[[*first, *(name for name in table if name not in first)]]


def utility_of_pruned(
    context: Context,
    start: Mapping[str, torch.Tensor],
    networks: Mapping[str, State],
    ratios: Sequence[float],
    samples: SampleSettings,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """The utility of subsets of the weights that pruning leaves, in all three networks at each pruning ratio.

    Of the pretrained network the subsets are of the weights above the pruning threshold.

    Args:
        context: what they are measured on.
        start: W*.
        networks: what `retrain_pruned` gives.
        ratios: pruning ratios.
        samples: which subsets.

    Returns:
        One row a subset: pruning_ratio, network, whole_top1 (percent, training images), whole_loss, and the columns of
        `sample_utility`.
    """
    whole, tables = Ablations(context.network(start), context.data, context.engine), []
    for ratio in ratios:
        masks = pruned_masks(context.architecture, start, ratio)
        small = equal_lane(context.architecture, masks, context.seed, 1.0, 0.0).mask
        for name, kept in ((PRETRAINED, masks), (PRUNED, masks), (SMALL, small)):
            ablations = whole
            if name != PRETRAINED:
                network = context.network(networks[f"{ratio:g}/{name}"])
                ablations = Ablations(network, context.data, context.engine)
            table = sample_utility(ablations, samples, kept, report)
            labels = {"pruning_ratio": ratio, "network": name, **ablations.whole()}
            tables.append(pd.DataFrame(labels, index=table.index).join(table))
            if report is not None:
                report(f"pruning ratio {ratio:g}, {name}: {len(table)} subsets ablated")
    return pd.concat(tables, ignore_index=True)
