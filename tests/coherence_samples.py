"""What tests of the study `coherence` share."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

EXACT = Engine(precision="float64")


def network_of(name: str, data: PreparedData, seed: int = 0) -> nn.Module:
    """A network in float64 whose batch norms, if it has any, have seen images."""
    network = build(Architecture(name, data.input_shape, len(data.classes)), seed).double().train()
    for images, _ in validation_batches(data, EXACT):
        network(images)
    return network


def gradients_one_by_one(network: nn.Module, data: PreparedData) -> torch.Tensor:
    """The gradient of each training image, (N, P), each by a backward pass of its own."""
    network.eval()
    parameters = list(network.parameters())
    found = []
    for images, labels in validation_batches(data, EXACT, "train"):
        for image, label in zip(images.split(1), labels.split(1), strict=True):
            gradient = torch.autograd.grad(F.cross_entropy(network(image), label), parameters)
            found.append(torch.cat([part.flatten() for part in gradient]))
    return torch.stack(found)


def subsets(total: int, size: int) -> list[list[int]]:
    """All choices of `size` out of `total`."""
    return [list(chosen) for chosen in itertools.combinations(range(total), size)]
