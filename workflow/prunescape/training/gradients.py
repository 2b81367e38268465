"""Gradients of the loss of every single image, for lanes."""

import copy
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

Gradients = dict[str, torch.Tensor]


def per_sample_gradients(
    networks: Sequence[nn.Module], images: torch.Tensor, labels: torch.Tensor, micro_batch: int = 64
) -> Iterator[Gradients]:
    """The gradient of each image's cross-entropy by each parameter of each network.

    Batch norm uses its running statistics, because a batch's own would make the images' losses depend on each other.

    Args:
        networks: K plain networks of one architecture; they are not changed.
        images: (B, C, H, W), on the networks' device.
        labels: (B,).
        micro_batch: images at once, which bounds the memory: K * micro_batch times that of the parameters.

    Yields:
        For each part of the batch, by parameter name: (K, part of B, *shape of the parameter).
    """
    evaluated = [copy.deepcopy(network).eval() for network in networks]
    parameters, buffers = stack_module_state(evaluated)
    skeleton = evaluated[0]

    def loss(weights: Gradients, statistics: Gradients, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        logits = functional_call(skeleton, (weights, statistics), (image[None],))
        return F.cross_entropy(logits, label[None])

    over_images = vmap(grad(loss), in_dims=(None, None, 0, 0))
    over_lanes = vmap(over_images, in_dims=(0, 0, None, None))
    for part, part_labels in zip(images.split(micro_batch), labels.split(micro_batch), strict=True):
        yield over_lanes(parameters, buffers, part, part_labels)
