"""By what channels are ranked before they are pruned: criteria of torch-pruning, and chance as the control.

`norm`, the default, and `l1` and `l2` are norms of the filters that make a channel (thesis, section 3.2.3). The others
are torch-pruning's, over all layers that make, pass or read a
channel, averaged: `fpgm`, the distance to the layer's other filters, of squared weights (after He et al., 2019, filter
pruning via geometric median); `bn_scale`, |scale| of batch norm (Liu et al., 2017, network slimming, without its
penalty); `taylor`, |weight x gradient| (Molchanov et al., 2019); `lamp`, squared weights over the sum of those not
smaller (Lee et al., 2021). `random` draws each channel's rank, the same for all ratios.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
import torch_pruning
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.pruning.graph import Graph, Group
from prunescape.pruning.settings import L1, L2, PruningSettings

RANDOM, TAYLOR, LAMP = "random", "taylor", "lamp"
IMPORTANCE: Mapping[str, Callable[[], Any]] = {
    "fpgm": lambda: torch_pruning.importance.FPGMImportance(normalizer=None),
    "bn_scale": lambda: torch_pruning.importance.BNScaleImportance(normalizer=None),
    TAYLOR: lambda: torch_pruning.importance.GroupTaylorImportance(normalizer=None),
    LAMP: torch_pruning.importance.LAMPImportance,
}
TAYLOR_IMAGES, TAYLOR_BATCH = 1024, 128


def unit_scores(graph: Graph, settings: PruningSettings, seed: int = 0) -> dict[str, torch.Tensor]:
    """The score of every unit of a network's groups: (units,) each, float64, by the group's root; larger stays.

    Args:
        graph: of the network; for "taylor" it has gradients.
        settings: name the criterion.
        seed: of "random".

    Raises:
        UserError: the criterion says nothing about some channels.
    """
    if settings.order is not None:
        scores = filter_norms(graph.model, graph.groups, settings.order)
    else:
        groups = {group.root: graph.pruning_group(group) for group in graph.groups}
        scores = importances(settings.criterion, groups, seed)
    return {group.root: scores[group.root][group.units()].sum(1) for group in graph.groups}


def filter_norms(model: nn.Module, groups: Sequence[Group], norm: str) -> dict[str, torch.Tensor]:
    """The norms of the filters that make each channel, added up, (channels,) each; batch norms play no part."""
    order = {L1: 1, L2: 2}[norm]
    norms_of = {}
    for group in groups:
        norms_of[group.root] = torch.zeros(group.channels, dtype=torch.float64)
        for member in group.members:
            if member.makes and member.name in group.makers:
                (weight,) = member.tensors(model.get_submodule(member.name), ["weight"]).values()
                norms = torch.linalg.vector_norm(weight.flatten(1), order, 1, dtype=torch.float64)
                norms_of[group.root].index_add_(0, torch.tensor(member.roots), norms[list(member.positions)])
    return norms_of


def importances(criterion: str, groups: Mapping[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """The importance of every channel: (channels,) each, float64, by the group's name; larger stays.

    Args:
        criterion: one of `IMPORTANCE`, or "random".
        groups: torch-pruning's groups of all their channels, by name; for "taylor" of a network that has gradients.
        seed: of "random".

    Raises:
        UserError: the criterion says nothing about some channels.
    """
    by_name = {}
    if criterion == RANDOM:
        generator = torch.Generator().manual_seed(derive_seed(seed, "pruning"))
        for name, group in groups.items():
            by_name[name] = torch.rand(len(group[0].idxs), generator=generator, dtype=torch.float64)
        return by_name
    for name, group in groups.items():
        try:
            values = IMPORTANCE[criterion]()(group)
        except (RuntimeError, IndexError, AttributeError) as error:
            words = " ".join(str(error).split())[:120]
            raise UserError(f"criterion {criterion} fails on {name} ({words}); choose another criterion") from None
        if values is None or len(values) != len(group[0].idxs):
            what = "has no batch norm" if criterion == "bn_scale" else "has nothing that it ranks"
            raise UserError(f"criterion {criterion}: {name} {what}; choose another criterion")
        by_name[name] = values.detach().cpu().double()
    return by_name


def add_gradients(model: nn.Module, data: PreparedData, untrained: bool = False) -> None:
    """Give a network the gradients of its mean loss over the first training images, by its running statistics.

    At most `TAYLOR_IMAGES`, in their order and without augmentation. Where the network is untrained its running
    statistics are those of nothing: batch norm then takes each batch's own, and the network is left as it was.
    """
    was_training = model.training
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.eval()
    for module in model.modules():
        if untrained and isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.train()
    model.zero_grad()
    seen = 0
    for images, labels in Batches(data, "train", "cpu", TAYLOR_BATCH, drop_last=False).epoch(0):
        if seen >= TAYLOR_IMAGES:
            break
        F.cross_entropy(model(images), labels, reduction="sum").backward()
        seen += len(images)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= seen
    for name, buffer in model.named_buffers():
        buffer.copy_(buffers[name])
    model.train(was_training)
