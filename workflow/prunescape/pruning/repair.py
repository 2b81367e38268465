"""Outputs of pruned layers brought back to the scale that they had before pruning (after REPAIR)."""

import copy
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import nn

from prunescape.pruning.unstructured import NO_LAYER, prunable

STILL = 1e-6  # a channel with less than this part of its deviation does not vary, but for rounding
Labelled = Iterable[tuple[torch.Tensor, torch.Tensor]]


@torch.no_grad()
def rescale(network: nn.Module, dense: nn.Module, batches: Labelled, exclude: str = NO_LAYER) -> nn.Module:
    """Give each output of each pruned layer the standard deviation, and where it has a bias the mean, of before.

    After REPAIR (Jordan et al., 2023, arXiv 2211.08403), which does so for interpolated networks. Layers are mended in
    the order in which the network calls them, each on the inputs that mended layers give it. A channel that does not
    vary, before or after pruning, keeps its weights, and so does a layer that the network does not call by itself, as
    in torch's attention.

    Args:
        network: pruned and plain; changed in place. Batch norm uses its running statistics.
        dense: what it was.
        batches: images (B, C, H, W) and labels, which are not used.
        exclude: layers that are left as they are, see `prunescape.pruning.unstructured.prunable`.

    Returns:
        The network.
    """
    called = [name for name in prunable(dense, exclude=exclude) if name.endswith(".weight")]  # not inside attention
    wanted = _moments(dense, called, batches)
    for name, (mean, deviation) in wanted.items():
        layer: Any = network.get_submodule(name.removesuffix(".weight"))
        own_mean, own = _moments(network, [name], batches)[name]
        factor = torch.where((own > STILL * deviation) & (deviation > 0), deviation / own, 1.0)
        layer.weight.mul_(factor.to(layer.weight).view(-1, *[1] * (layer.weight.ndim - 1)))
        if layer.bias is not None:
            moved = factor * (own_mean - layer.bias.double()) + layer.bias.double()
            layer.bias.add_((mean - moved).to(layer.bias))
    return network


def _moments(network: nn.Module, names: list[str], batches: Labelled) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Mean and standard deviation of each output over images and places, float64, in the order of the calls."""
    network = copy.deepcopy(network).eval()
    sums: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    counts: dict[str, int] = {}

    def measure(name: str, layer: nn.Module, inputs: Any, output: torch.Tensor) -> None:  # noqa: ARG001
        rows = output.transpose(1, -1) if isinstance(layer, nn.Conv2d) else output
        rows = rows.reshape(-1, rows.shape[-1]).double()
        before = sums.get(name, (torch.zeros_like(rows[0]), torch.zeros_like(rows[0])))
        sums[name] = before[0] + rows.sum(0), before[1] + rows.square().sum(0)
        counts[name] = counts.get(name, 0) + len(rows)

    for name in names:
        hook: Callable[..., None] = partial(measure, name)
        network.get_submodule(name.removesuffix(".weight")).register_forward_hook(hook)
    for images, _ in batches:
        network(images)
    found = {}
    for name, (total, squares) in sums.items():
        mean = total / counts[name]
        found[name] = mean, (squares / counts[name] - mean.square()).clamp(min=0).sqrt()
    return found
