"""Networks pruned at random before training, their He initialisation scaled to what is left (utility paper, 2.2.1)."""

import math
from collections.abc import Mapping

import torch
from torch import nn

from prunescape.pruning.scores import random_scores
from prunescape.pruning.unstructured import LAYERS, Tensors, apply_masks, keep_highest, prunable


def random_masks(network: nn.Module, count: int, seed: int, layers: tuple[type[nn.Module], ...] = LAYERS) -> Tensors:
    """Keep `count` weights, chosen at random among all layers together.

    The same seed gives nested masks: what few weights keep, more weights keep too.

    Args:
        network: a plain network.
        count: weights to keep.
        seed: decides which.
        layers: the kinds of layers whose weights are pruned; others are not named in the result.
    """
    return keep_highest(random_scores(prunable(network, layers), seed), count)


@torch.no_grad()
def scale_to_masks(network: nn.Module, masks: Mapping[str, torch.Tensor]) -> nn.Module:
    """Zero what is not kept, and scale up the rest to He's variance for the inputs left, in place; returns the network.

    He's variance is 2 / fan_in. A layer that keeps a part p of its weights has a mean fan_in of p times the dense one,
    so its weights grow by 1 / sqrt(p).
    """
    for name, mask in masks.items():
        if kept := int(mask.sum()):
            network.get_parameter(name).mul_(math.sqrt(mask.numel() / kept))
    return apply_masks(network, masks)
