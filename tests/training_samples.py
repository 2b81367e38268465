"""What tests of training share: a small network, a short recipe, and what it means that two results are the same."""

import torch

from pruned_samples import cut_to
from prunescape.models.architecture import Architecture
from prunescape.training.engine import Engine
from prunescape.training.lane import Lane, LaneResult
from prunescape.training.recipe import Recipe

ARCHITECTURE = cut_to(Architecture("small_resnet", (1, 8, 8), 10), {"blocks.0.conv1": 5, "blocks.1.conv1": 9})
RECIPE = Recipe(epochs=4, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(2, 3))
FUSED = Engine(strategy="fused", lanes=16)
LANES = [Lane(0.1 * 2.0**-k, 0.005 * 2.0**k) for k in range(5)]


def same(one: LaneResult, other: LaneResult) -> bool:
    """Whether two results agree in every bit."""
    return one.history == other.history and all(
        torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items()
    )
