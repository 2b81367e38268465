"""Sparse networks: a parent's mask, trained from a fresh initialisation (coherence thesis, 5.3, 5.4 and 6)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from prunescape.coherence.layers import Layer
from prunescape.data.randomness import derive_seed
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.pruning.unstructured import Tensors
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.evaluate import evaluate
from prunescape.training.train import Lane, Report, Task, train

NONE = "none"  # the score of a dense network


@dataclass(frozen=True)
class Child:
    """A network to train: its mask, and the labels of its row in tables.

    Attributes:
        labels: what its row begins with.
        mask: the weights that it keeps, by parameter name; None keeps all.
    """

    labels: Mapping[str, Any]
    mask: Tensors | None = None


def retrain(
    task: Task,
    children: Sequence[Child],
    layers: Sequence[Layer],
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train networks of one architecture from scratch, with one initialisation that their parents did not have.

    A child whose training diverges is a result, too: it is worth what a network of NaNs is worth, and its losses are
    NaN. Children of one mask are one network, which is trained once: so are random masks with a floor and without,
    where no layer falls below the floor.

    Args:
        task: architecture of the parent, data, recipe, engine, seed.
        children: what sets them apart.
        layers: those that are pruned.
        learning_rate, weight_decay: of all.
        checkpoint: of this training.

    Returns:
        One row a child: its labels, parameters (weights that are kept, and all that is never pruned), density (of the
        layers that are pruned), train_loss (nats), train_top1 (percent), validation_loss, validation_top1.
    """
    seed = derive_seed(task.seed, "children")
    masks = {digest(child.mask): child.mask for child in children}
    if report is not None and len(masks) < len(children):
        report(f"{len(children)} children have {len(masks)} different masks, and each is trained once")
    lanes = [Lane(learning_rate, weight_decay, seed, mask) for mask in masks.values()]
    results = train(task, lanes, report, checkpoint)
    networks = []
    for result in results:
        network = build(task.architecture)
        network.load_state_dict(result.weights)
        networks.append(network)
    scores = {split: evaluate(networks, task.data, task.engine, split) for split in ("train", "validation")}
    everything, prunable = count_parameters(networks[0]), sum(layer.weights for layer in layers)
    rows, places = [], {mask: place for place, mask in enumerate(masks)}
    for child in children:
        place = places[digest(child.mask)]
        kept = prunable if child.mask is None else int(sum(part.sum() for part in child.mask.values()))
        row = {**child.labels, "parameters": everything - prunable + kept, "density": kept / prunable}
        for split, score in scores.items():
            row |= {f"{split}_loss": score.loss[place].item(), f"{split}_top1": score.top1[place].item()}
        rows.append(row)
    return pd.DataFrame(rows)


def digest(mask: Tensors | None) -> str:
    """A name that masks have in common if and only if they keep the same weights; "" of no mask."""
    if mask is None:
        return ""
    summed = hashlib.sha256()
    for name in sorted(mask):
        summed.update(f"{name} {tuple(mask[name].shape)} ".encode())
        summed.update(mask[name].numpy().tobytes())
    return summed.hexdigest()


def only_layers(layers: Sequence[Layer], tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Tensors of the layers whose weights are pruned, by name."""
    return {layer.name: tensors[layer.name] for layer in layers}
