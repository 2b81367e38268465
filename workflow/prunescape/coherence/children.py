"""Sparse networks: a parent's mask, trained from an initialisation (coherence thesis, 5.3, 5.4 and 6).

The initialisation is drawn anew after He, as the thesis has it; or drawn so, and scaled by the density of each layer;
or the parent's own (Frankle & Carbin, 2019). He's is made for the inputs that a neuron of the dense network has: where
two in a hundred are left, signals shrink from layer to layer, and a network may not learn, whatever its mask.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
HE, SCALED, PARENT = "he", "scaled", "parent"


@dataclass(frozen=True)
class Child:
    """A network to train: its mask, and the labels of its row in tables.

    Attributes:
        labels: what its row begins with; `initialisation`, `HE`, `SCALED` or `PARENT`, else `HE`.
        mask: the weights that it keeps, by parameter name; None keeps all.
    """

    labels: Mapping[str, Any]
    mask: Mapping[str, torch.Tensor] | None = None

    @cached_property
    def network(self) -> tuple[str, str]:
        """What children have in common if and only if they are one network."""
        return digest(self.mask), self.labels.get("initialisation", HE)


def lane_of(task: Task, child: Child, learning_rate: float, weight_decay: float) -> Lane:
    """The training of a child of a parent whose training was that of `task`, with its seed."""
    seed, start = derive_seed(task.seed, "children"), None
    _, initialisation = child.network
    if initialisation == PARENT:
        return Lane(learning_rate, weight_decay, None, child.mask)
    if initialisation == SCALED and child.mask is not None:
        start = scaled(build(task.architecture, derive_seed(seed, "initialisation")).state_dict(), child.mask)
    return Lane(learning_rate, weight_decay, seed, child.mask, start)


def scaled(state: Mapping[str, torch.Tensor], mask: Mapping[str, torch.Tensor]) -> Tensors:
    """An initialisation whose weights are as large as He's for the inputs that a mask keeps, in the mean of a layer.

    A layer's weights are divided by the square root of the part that the mask keeps of them: He's variance is 2 over
    the number of inputs, of which so many are left. A layer of which nothing is left stays as it is.
    """
    kept = {name: part.double().mean().item() for name, part in mask.items()}
    return {
        name: tensor / math.sqrt(kept[name]) if kept.get(name, 0.0) > 0 else tensor.clone()
        for name, tensor in state.items()
    }


def retrain(
    task: Task,
    children: Sequence[Child],
    layers: Sequence[Layer],
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train networks of one architecture from scratch; `Child.labels` tell from which initialisation.

    Those that are drawn anew are alike in all children, and not their parents'. A child whose training diverges is a
    result, too: it is worth what a network of NaNs is worth, and its losses are NaN. Children of one mask and
    initialisation are one network, which is trained once: so are random masks with a floor and without, where no layer
    falls below the floor.

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
    different: dict[tuple[str, str], Child] = {}
    for child in children:
        different.setdefault(child.network, child)
    if report is not None and len(different) < len(children):
        report(f"{len(children)} children are {len(different)} different networks, and each is trained once")
    lanes = [lane_of(task, child, learning_rate, weight_decay) for child in different.values()]
    results = train(task, lanes, report, checkpoint)
    networks = []
    for result in results:
        network = build(task.architecture)
        network.load_state_dict(result.weights)
        networks.append(network)
    scores = {split: evaluate(networks, task.data, task.engine, split) for split in ("train", "validation")}
    everything, prunable = count_parameters(networks[0]), sum(layer.weights for layer in layers)
    rows, places = [], {network: place for place, network in enumerate(different)}
    for child in children:
        place = places[child.network]
        kept = prunable if child.mask is None else int(sum(part.sum() for part in child.mask.values()))
        row = {**child.labels, "parameters": everything - prunable + kept, "density": kept / prunable}
        for split, score in scores.items():
            row |= {f"{split}_loss": score.loss[place].item(), f"{split}_top1": score.top1[place].item()}
        rows.append(row)
    return pd.DataFrame(rows)


def digest(mask: Mapping[str, torch.Tensor] | None) -> str:
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
