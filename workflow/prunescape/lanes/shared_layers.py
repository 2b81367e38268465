"""Layers that lanes have in common run once for all of them: lanes that differ only from some layer on share the rest.

It applies to networks that are chains, whose stages stand in `nn.Sequential`s and read nothing but their predecessor.
"""

import copy
from functools import partial

import torch
from torch import nn

from prunescape.lanes.modules import LaneConv2d


def stage_of(network: nn.Module, layer: str) -> str | None:
    """The stage of a network's chain that a layer belongs to.

    Args:
        network: a plain network.
        layer: name of a module.

    Returns:
        The name of the innermost element of nested `nn.Sequential`s that holds the layer; None where the layer is in
        none, or in the first stage, before which there is nothing to share.
    """
    stage, module = "", network
    for part in layer.split("."):
        inside = isinstance(module, nn.Sequential)
        module = module.get_submodule(part)
        if not inside and not (stage == "" and isinstance(module, nn.Sequential)):
            break
        stage = f"{stage}.{part}" if stage else part
    if not stage or isinstance(network.get_submodule(stage), nn.Sequential):
        return None
    return stage if _layers_before(network, stage) else None


def share_before(fused: nn.Module, network: nn.Module, stage: str, lanes: int) -> None:
    """Let all layers before a stage run once, with the plain network's weights and statistics, in place.

    Args:
        fused: `lanes` copies of the network, made by `fuse`.
        network: the plain network; it is not changed.
        stage: what `stage_of` gives.
        lanes: K.
    """
    for name in _layers_before(network, stage):
        fused.set_submodule(name, copy.deepcopy(network.get_submodule(name)))
    first = fused.get_submodule(stage)
    if not (isinstance(first, LaneConv2d) and first.groups == 1):  # which reads an input that lanes share
        first.register_forward_pre_hook(partial(_spread, lanes))


def _layers_before(network: nn.Module, stage: str) -> list[str]:
    names = [name for name, _ in network.named_modules()]
    before = names[: names.index(stage)]
    return [name for name in before if name and not any(True for _ in network.get_submodule(name).children())]


def _spread(lanes: int, _: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """(N, C, H, W), shared, to (N, K*C, H, W), each lane its copy."""
    return (inputs[0].repeat(1, lanes, 1, 1),)
