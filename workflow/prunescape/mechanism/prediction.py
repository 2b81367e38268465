"""Whether utility foretells the accuracy after retraining, beside magnitude, Taylor, Fisher and chance.

Random sets of channels, all of one size, are removed from a pretrained network. Each way of scoring a set is compared
with the accuracy that the network has once it has been fine-tuned without it; two fine-tunings that shuffle the images
otherwise tell how much of that accuracy could be foretold at all.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.lanes.vectors import Layout
from prunescape.mechanism.cycles import FINE_TUNING, retraining_rate, retraining_task
from prunescape.mechanism.explained import fisher
from prunescape.mechanism.labels import PREDICTORS
from prunescape.mechanism.subsets import Subset
from prunescape.mechanism.utility import Ablations
from prunescape.models.build import build
from prunescape.pruning.channels import channel_masks, fewer_channels
from prunescape.pruning.graph import Graph
from prunescape.pruning.unstructured import Tensors, apply_masks, prunable
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.evaluate import Labelled, validation_batches
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Report, Task, train

_, MAGNITUDE, TAYLOR, FISHER, RANDOM = PREDICTORS
REPEATS = 2  # fine-tunings of each set


def channel_sets(context: Context, state: Mapping[str, torch.Tensor], fraction: float, number: int) -> list[Tensors]:
    """Masks of what is left of a network without random sets of its channels, of equal size.

    Args:
        context: the network's architecture; its seed is that of the sets.
        state: its weights.
        fraction: of the channels inside blocks, what each set holds; one channel of a group always remains.
        number: how many sets.

    Returns:
        Boolean, by parameter name.
    """
    network = context.network(state)
    groups, sets = Graph(network, context.architecture).groups, []
    for place in range(number):
        generator = torch.Generator().manual_seed(derive_seed(context.seed, "set of channels", place))
        scores = {group.root: torch.rand(group.channels, generator=generator) for group in groups}
        kept = fewer_channels(scores, {name: torch.ones_like(one) > 0 for name, one in scores.items()}, fraction)
        sets.append(channel_masks(network, groups, kept))
    return sets


def gradient(network: nn.Module, batches: Labelled) -> dict[str, torch.Tensor]:
    """The gradient of the mean cross-entropy by each prunable weight; batch norm keeps its running statistics."""
    network = network.eval()
    weights = {name: network.get_parameter(name) for name in prunable(network)}
    total, images = {name: torch.zeros_like(weight) for name, weight in weights.items()}, 0
    for x, labels in batches:
        loss = F.cross_entropy(network(x), labels, reduction="sum")
        for name, part in zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True):
            total[name] += part
        images += len(labels)
    return {name: part / images for name, part in total.items()}


def scores_of(context: Context, state: Mapping[str, torch.Tensor], sets: Sequence[Tensors]) -> pd.DataFrame:
    """Scores of sets of weights by each way of scoring; a high score foretells a large loss when the set is removed.

    Args:
        context: what the network is measured on.
        state: its weights.
        sets: masks of what is left.

    Returns:
        One row a set: set (its number, from 0); utility, of training images (nats); magnitude, the sum of |w| of the
        removed weights; taylor, |sum of g w|, by the gradient of the training loss; fisher, 1/2 sum of F_ii w_i^2;
        random; and pruned_top1, validation accuracy before retraining (percent).
    """
    engine, network = context.engine, context.network(state)
    engine.set_up()
    layout = Layout.of(network)
    subsets = [
        Subset({"set": place}, layout.positions({name: ~mask for name, mask in masks.items()}).numpy())
        for place, masks in enumerate(sets)
    ]
    table = Ablations(network, context.data, engine).measure(subsets)[["set", "utility"]]
    pruned = Ablations(network, context.data, engine, "validation").measure(subsets)["top1"]
    network = network.to(engine.device, engine.dtype)
    batches = validation_batches(context.data, engine, "train")
    first, second = gradient(network, batches), fisher(network, batches, context.seed)
    weights = {name: weight.detach().double().cpu() for name, weight in prunable(network).items()}
    rows = []
    for place, masks in enumerate(sets):
        gone = {name: ~masks[name] for name in weights if name in masks}
        rows.append(
            {
                MAGNITUDE: sum(float(weights[name][out].abs().sum()) for name, out in gone.items()),
                TAYLOR: abs(
                    sum(float((first[name].double().cpu() * weights[name])[out].sum()) for name, out in gone.items())
                ),
                FISHER: sum(
                    float((second[name] * weights[name].square())[out].sum()) / 2 for name, out in gone.items()
                ),
                RANDOM: np.random.default_rng(derive_seed(context.seed, "random score", place)).random(),
            }
        )
    return table.join(pd.DataFrame(rows)).assign(pruned_top1=pruned)


def retrain_without(
    task: Task,
    recipe: Recipe,
    start: Mapping[str, torch.Tensor],
    sets: Sequence[Tensors],
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Fine-tune a network without each of some sets of weights, twice.

    Args:
        task: of the pretraining.
        recipe: of fine-tuning, which is at the last learning rate of pretraining.
        start: W*.
        sets: masks of what is left.
        learning_rate, weight_decay: of the pretraining.
        checkpoint: of all of this.

    Returns:
        One row a set: set, first_top1 and second_top1, validation accuracy after each fine-tuning (percent).
    """
    rate, lanes = retraining_rate(task, FINE_TUNING, learning_rate), []
    for masks in sets:
        network = build(task.architecture)
        network.load_state_dict(dict(start))
        apply_masks(network, masks)
        lanes.append(Lane(rate, weight_decay, mask=masks, start=network.state_dict()))
    found = []
    for repeat in range(1, REPEATS + 1):
        if report is not None:
            report(f"fine-tuning {repeat} of {REPEATS}: {len(sets)} sets of channels")
        part = None if checkpoint is None else checkpoint.part(repeat)
        again = retraining_task(task, FINE_TUNING, repeat, recipe).fitting(len(lanes))
        results = train(again, lanes, report, part)
        found.append([result.last("top1") for result in results])
    return pd.DataFrame({"set": range(len(sets)), "first_top1": found[0], "second_top1": found[1]})
