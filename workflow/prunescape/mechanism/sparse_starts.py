"""Small networks that are large ones pruned at random before training (utility paper, 2.2.1, 2.2.2 and section 3).

They keep the large network's numbers of channels, so that nothing but the number of weights sets them apart.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import State
from prunescape.pruning.initialisation import random_masks, scale_to_masks
from prunescape.pruning.unstructured import LAYERS, part_of, prunable
from prunescape.training.train import Lane

SIZES = (1.0, 0.5, 0.25)  # of the utility paper, 2.2.1


def sparse_lane(
    architecture: Architecture,
    count: int,
    seed: int,
    learning_rate: float,
    weight_decay: float,
    layers: tuple[type[nn.Module], ...] = LAYERS,
) -> Lane:
    """A network that keeps `count` weights, chosen at random, with He's variance for the inputs left.

    Its weights are those of the dense network of the same seed, scaled; the same seed nests networks of unlike size.

    Args:
        architecture: of the dense network.
        count: weights to keep, out of those of `layers`.
        seed: of the initialisation and of the choice.
        learning_rate, weight_decay: of its training.
        layers: the kinds of layers that are pruned; against a network whose convolutions were pruned, `nn.Conv2d`
            alone gives each the same number of weights.
    """
    network = build(architecture, derive_seed(seed, "initialisation"))
    masks = random_masks(network, count, derive_seed(seed, "pruned at initialisation"), layers)
    return Lane(learning_rate, weight_decay, seed, masks, scale_to_masks(network, masks).state_dict())


def sized_lane(architecture: Architecture, size: float, seed: int, learning_rate: float, weight_decay: float) -> Lane:
    """A network with `size` times the prunable weights of the whole one (utility paper, Fig. 3, 4, 14: 1, 0.5, 0.25).

    Args:
        architecture: of the whole network.
        size: in (0, 1]; 1 is the whole network, as it would be trained anyway.
        seed, learning_rate, weight_decay: see `sparse_lane`.
    """
    weights = sum(weight.numel() for weight in prunable(build(architecture)).values())
    return sparse_lane(architecture, part_of(weights, size), seed, learning_rate, weight_decay)


def starts_of(architecture: Architecture, sizes: Sequence[float], seed: int) -> dict[str, State]:
    """The networks of several sizes before training, by size as `%g` writes it; see `sized_lane`."""
    return {f"{size:g}": dict(sized_lane(architecture, size, seed, 0.0, 0.0).start or {}) for size in sizes}


def equal_lane(
    architecture: Architecture,
    masks: Mapping[str, torch.Tensor],
    seed: int,
    learning_rate: float,
    weight_decay: float,
) -> Lane:
    """The small network beside a pruned one: as many weights in convolutions (utility paper, Tables 1 and 2).

    Args:
        architecture: of the dense network.
        masks: what remains of the pruned network, boolean, by parameter name; names that it lacks remain whole.
        seed, learning_rate, weight_decay: see `sparse_lane`.
    """
    weights = prunable(build(architecture), (nn.Conv2d,))
    count = sum(int(masks[name].sum()) if name in masks else weight.numel() for name, weight in weights.items())
    return sparse_lane(architecture, count, seed, learning_rate, weight_decay, (nn.Conv2d,))
