"""Channels removed inside the dense network's weight space: masks, and networks cut to size and put back.

A channel is removed by zeroing all that makes it and reads it: its filter and bias, the scale and shift of its batch
norms, and the weights that read it. Its activation is then zero at each pixel, so the masked dense network computes the
outputs of the network without the channel, and, trained with its mask, stays so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build, channel_groups
from prunescape.models.channel_groups import ChannelGroup
from prunescape.pruning.unstructured import Tensors, keep_highest, kept_count

BUFFERS = ("running_mean", "running_var")
Axes = list[tuple[int, str]]  # a dimension of a tensor, and the group whose channels lie along it


def scale_scores(network: nn.Module, groups: Sequence[ChannelGroup]) -> Tensors:
    """The importance of every channel as in network slimming: |scale| of the last batch norm before it is read.

    The utility paper, section 3 and A.5.1, takes it from Liu et al., 2017, without their sparsity constraint.

    Args:
        network: a plain network.
        groups: of its channels.

    Returns:
        (channels,) each, by the group's producer.

    Raises:
        UserError: channels have no batch norm.
    """
    bare = [group.producer for group in groups if not group.norms]
    if bare or not groups:
        raise UserError(
            f"channels are ranked by batch norm's scales, and {bare[0] if bare else 'this network'} has none;"
            " choose a network with batch norm, or prune weights"
        )
    return {group.producer: network.get_parameter(f"{group.norms[-1]}.weight").detach().abs() for group in groups}


def fewer_channels(scores: Mapping[str, torch.Tensor], kept: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Remove the fraction `gamma` of the channels that remain, those of the lowest scores in the whole network.

    The strongest channel of a group always remains, so that the network can be cut to size; else no layer is spared
    (utility paper, A.5.1).

    Args:
        scores: of every channel, (channels,) each, by group.
        kept: boolean likewise: what remained until now.
        gamma: the fraction of it to be removed; see `prunescape.pruning.unstructured.kept_count`.
    """
    among = {name: layer.double().where(kept[name], -torch.inf) for name, layer in scores.items()}
    for layer in among.values():
        layer[layer.argmax()] = torch.inf
    count = kept_count(int(sum(mask.sum() for mask in kept.values())), gamma)
    return keep_highest(among, max(count, len(among)))


def channel_masks(network: nn.Module, groups: Sequence[ChannelGroup], kept: Mapping[str, torch.Tensor]) -> Tensors:
    """The weights that remain when channels are removed, as `prunescape.training.lane.Lane` takes them.

    Args:
        network: a plain dense network.
        groups: of its channels.
        kept: boolean, (channels,) each, by group; a group that is not named keeps all.

    Returns:
        Boolean, by parameter name; parameters that lose nothing are not named.
    """
    masks = {}
    for name, axes in _axes(network, groups).items():
        touched = [(dimension, kept[group]) for dimension, group in axes if group in kept]
        if touched and name.rsplit(".", 1)[1] not in BUFFERS:
            parameter = network.get_parameter(name)
            views = [
                mask.view([-1 if d == dimension else 1 for d in range(parameter.dim())]) for dimension, mask in touched
            ]
            masks[name] = reduce(torch.logical_and, views).expand_as(parameter).contiguous()
    return masks


def cut(
    architecture: Architecture, state: Mapping[str, torch.Tensor], kept: Mapping[str, torch.Tensor]
) -> tuple[Architecture, Tensors]:
    """The network without the channels that are not kept.

    Args:
        architecture: of the dense network.
        state: the dense network's state dict, masked or not.
        kept: boolean, (channels,) each, by group.

    Returns:
        The small network's architecture, and its state dict.

    Raises:
        ValueError: a group keeps no channel.
    """
    network = build(architecture)
    groups = channel_groups(architecture.name, network)
    small = dict(state)
    for name, axes in _axes(network, groups).items():
        for dimension, group in axes:
            small[name] = small[name].index_select(dimension, kept[group].nonzero().flatten())
    widths = {group.producer: int(kept[group.producer].sum()) for group in groups}
    if not all(widths.values()):
        raise ValueError(f"no channel is left in {min(widths, key=lambda name: widths[name])}")
    return replace(architecture, widths=widths, flops=None, parameters=None, activations=None), small


def embed(architecture: Architecture, state: Mapping[str, torch.Tensor], kept: Mapping[str, torch.Tensor]) -> Tensors:
    """The inverse of `cut`: a small network as a point of the dense network's weight space, with the same outputs.

    What was removed is zero; its running variance, which nothing depends on, is one.

    Args:
        architecture: of the dense network.
        state: the small network's state dict.
        kept: boolean, (channels,) each, by group.

    Returns:
        A state dict of the dense network.
    """
    network = build(architecture)
    dense = dict(state)
    for name, axes in _axes(network, channel_groups(architecture.name, network)).items():
        for dimension, group in axes:
            part = dense[name]
            shape = [len(kept[group]) if d == dimension else size for d, size in enumerate(part.shape)]
            whole = part.new_full(shape, 1.0 if name.endswith("running_var") else 0.0)
            dense[name] = whole.index_copy(dimension, kept[group].nonzero().flatten(), part)
    return dense


def _axes(network: nn.Module, groups: Sequence[ChannelGroup]) -> dict[str, Axes]:
    """Along which dimensions of which tensors of the state dict the groups' channels lie."""
    found: dict[str, Axes] = {}
    tensors = network.state_dict()
    for group in groups:
        makers = [group.producer, *group.norms, *([group.depthwise] if group.depthwise else [])]
        along = [(f"{layer}.{kind}", 0) for layer in makers for kind in ("weight", "bias", *BUFFERS)]
        for name, dimension in [*along, (f"{group.consumer}.weight", 1)]:
            if name in tensors:
                found.setdefault(name, []).append((dimension, group.producer))
    return found
