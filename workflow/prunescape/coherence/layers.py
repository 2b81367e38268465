"""Layers whose weights are pruned (coherence thesis, 5.3: small layers, batch norm and biases are not)."""

from dataclasses import dataclass

import torch
from torch import nn

CONVOLUTION, SHORTCUT, LINEAR = "convolution", "shortcut", "linear"
QKV, FEEDFORWARD, PROJECTION = "qkv", "feedforward", "projection"
KINDS = (CONVOLUTION, SHORTCUT, LINEAR, QKV, FEEDFORWARD, PROJECTION)
SMALL = 0.01  # of the largest layer's weights: what a shortcut or a grouped convolution has to have, to be pruned


@dataclass(frozen=True)
class Layer:
    """A layer whose weights are pruned.

    Attributes:
        name: of its weights, as the network's state dict has it.
        index: 0, 1, ..., in the network's order.
        kind: one of `KINDS`; "projection" is what ends a block of a transformer, after attention or feedforward.
        weights: how many.
    """

    name: str
    index: int
    kind: str
    weights: int


def prunable_layers(network: nn.Module) -> list[Layer]:
    """The layers of a plain network that are pruned, in its order.

    These are all convolutions and fully connected layers, and the queries, keys and values of attention, but for

    - the classifier, the last layer;
    - the convolution that reads the pixels;
    - convolutions in shortcuts, and those of single channels or groups of them, with less than `SMALL` of the largest
      layer's weights.

    The thesis prunes "the convolutional layers and the larger shortcut layers" of ResNet-50, the QKV layers, hidden
    feedforward layers and outputs of blocks of a transformer, and names no threshold.
    """
    layers = [layer for name, module in network.named_modules() for layer in _of_module(name, module)]
    grouped = {
        f"{name}.weight"
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and module.groups > 1
    }
    first, *inner, _ = layers
    chosen = [*([] if first[1] == CONVOLUTION else [first]), *inner]
    least = SMALL * max(weight.numel() for _, _, weight in chosen)
    chosen = [
        (name, kind, weight)
        for name, kind, weight in chosen
        if weight.numel() >= least or not (kind == SHORTCUT or name in grouped)
    ]
    return [Layer(name, index, kind, weight.numel()) for index, (name, kind, weight) in enumerate(chosen)]


def _of_module(name: str, module: nn.Module) -> list[tuple[str, str, torch.Tensor]]:
    """Name, kind and weights of what a module itself holds."""
    if isinstance(module, nn.MultiheadAttention):
        assert module.in_proj_weight is not None
        return [(f"{name}.in_proj_weight", QKV, module.in_proj_weight)]
    if isinstance(module, nn.Conv2d):
        shortcut = "downsample" in name or "shortcut" in name
        return [(f"{name}.weight", SHORTCUT if shortcut else CONVOLUTION, module.weight)]
    if isinstance(module, nn.Linear):
        parent = name.split(".")
        if parent[-1] == "out_proj" or parent[-2:] == ["mlp", "3"]:
            kind = PROJECTION
        else:
            kind = FEEDFORWARD if parent[-2:] == ["mlp", "0"] else LINEAR
        return [(f"{name}.weight", kind, module.weight)]
    return []
