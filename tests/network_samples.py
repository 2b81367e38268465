"""Small networks for tests, of other widths too, and what plain ones give one by one."""

import copy
from collections.abc import Mapping

import torch
import torch.nn.functional as F

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build, he_initialise
from prunescape.pruning.graph import Graph
from prunescape.training.engine import Engine

ARCHITECTURE = Architecture("small_resnet", (1, 8, 8), 10)
EXACT = Engine(strategy="fused", lanes=16, precision="float64")


def whole_split(data: PreparedData, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """All images of a split, as networks see them, float64, and their labels."""
    ((images, labels),) = Batches(data, split, "cpu", 10_000, dtype=torch.float64)
    return images, labels


def lively(architecture: Architecture, seed: int) -> torch.nn.Module:
    """An untrained network whose outputs depend on its images in evaluation mode, too, by fan-in initialisation."""
    network = build(architecture, seed)
    he_initialise(network, seed)
    return network


def logits_of(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Of one plain network, in float64."""
    with torch.no_grad():
        return copy.deepcopy(network).double().eval()(images)


def alone(network: torch.nn.Module, data: PreparedData, split: str) -> tuple[float, float]:
    """Accuracy in percent and loss of one plain network."""
    images, labels = whole_split(data, split)
    logits = logits_of(network, images)
    return 100 * (logits.argmax(1) == labels).double().mean().item(), F.cross_entropy(logits, labels).item()


def cut_to(architecture: Architecture, widths: Mapping[str, int]) -> Architecture:
    """A network with so many channels in some of its groups, those by their first layer."""
    graph = Graph(build(architecture), architecture)
    removed = {group.root: range(group.channels - widths[group.root]) for group in graph.groups if group.root in widths}
    assert len(removed) == len(widths)
    return graph.cut(removed)
