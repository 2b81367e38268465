"""Channels removed inside the dense network's weight space, by masks.

A channel is removed by zeroing all that makes it and reads it: its filter and bias, the scale and shift of its batch
norms, and the weights that read it. Its activation is then zero at each pixel, so the masked dense network computes the
outputs of the network without the channel, and, trained with its mask, stays so.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.pruning.graph import Group
from prunescape.pruning.unstructured import Tensors, keep_highest, kept_count

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def scale_scores(network: nn.Module, groups: Sequence[Group]) -> Tensors:
    """The importance of every channel as in network slimming: |scale| of the last batch norm before it is read.

    The utility paper, section 3 and A.5.1, takes it from Liu et al., 2017, without their sparsity constraint.

    Args:
        network: a plain network.
        groups: of its channels.

    Returns:
        (channels,) each, by the group's root.

    Raises:
        UserError: channels have no batch norm.
    """
    scales = {}
    for group in groups:
        norms = [m.name for m in group.members if m.makes and isinstance(network.get_submodule(m.name), NORMS)]
        if not norms:
            break
        last = next(name for name, _ in reversed(list(network.named_modules())) if name in norms)
        scales[group.root] = network.get_parameter(f"{last}.weight").detach().abs()
    if len(scales) < len(groups) or not groups:
        bare = groups[len(scales)].root if groups else "this network"
        raise UserError(
            f"channels are ranked by batch norm's scales, and {bare} has none; choose a network with batch norm, or"
            " prune weights"
        )
    return scales


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


def channel_masks(network: nn.Module, groups: Sequence[Group], kept: Mapping[str, torch.Tensor]) -> Tensors:
    """The weights that remain when channels are removed, as `prunescape.training.train.Lane` takes them.

    Args:
        network: a plain dense network.
        groups: of its channels.
        kept: boolean, (channels,) each, by group; a group that is not named keeps all.

    Returns:
        Boolean, by parameter name; parameters of no group named in `kept` are not named.
    """
    masks: Tensors = {}
    for group in groups:
        if group.root in kept:
            gone = (~kept[group.root]).nonzero().flatten().tolist()
            for member in group.members:
                layer = network.get_submodule(member.name)
                for name, tensor in member.tensors(layer, ("weight", "bias")).items():
                    mask = masks.setdefault(f"{member.name}.{name}", torch.ones_like(tensor, dtype=torch.bool))
                    view, index = member.entries(layer, mask, member.at(gone))
                    view[index] = False
    return masks
