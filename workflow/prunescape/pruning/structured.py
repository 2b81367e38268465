"""FLOPs-matched structured pruning inside residual blocks, by the norm of filters (thesis, section 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch_pruning
from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.flops import count_flops
from prunescape.models.architecture import Architecture
from prunescape.models.build import build, channel_groups
from prunescape.models.channel_groups import ChannelGroup
from prunescape.pruning import own
from prunescape.pruning.cost import Cost, flops_model
from prunescape.pruning.criteria import L1, L2, LAMP, NORM, TAYLOR, add_gradients, importances
from prunescape.pruning.widths import non_uniform_widths, uniform_widths

METHODS = ("uniform", "non_uniform")


@dataclass(frozen=True)
class PruningSettings:
    """How filters are ranked and how exactly the target is met (the config's section `pruning`).

    Attributes:
        norm: "l1" or "l2" norm of a filter's weights.
        normalise: "mean" divides a filter's norm by its layer's mean before filters are ranked globally; "none" does
        not.
        tolerance_points: a non-uniformly pruned network may keep so many points of FLOPs less than asked for.
        minimum_channels: channels that every layer keeps at least.
        criterion: "norm", the filter norm above, "l1", "l2", or another of `prunescape.pruning.criteria`; in no section
            of the config, because variants differ in it.
    """

    norm: str = "l1"
    normalise: str = "mean"
    tolerance_points: float = 0.5
    minimum_channels: int = 1
    criterion: str = NORM

    @property
    def order(self) -> str | None:
        """The norm that ranks filters; None where another criterion does."""
        return {NORM: self.norm, L1: L1, L2: L2}.get(self.criterion)


@dataclass(frozen=True)
class Pruned:
    """A pruned network.

    Attributes:
        model: it, with the dense network's remaining weights.
        architecture: how to build it again.
        flops: counted on the network as built from `architecture`.
        ratio: these over the dense network's.
        whole: groups that kept every channel.
        dense: channels of every group before.
    """

    model: nn.Module
    architecture: Architecture
    flops: int
    ratio: float
    whole: tuple[str, ...]
    dense: Mapping[str, int]


def filter_norms(model: nn.Module, groups: Sequence[ChannelGroup], norm: str) -> dict[str, torch.Tensor]:
    """The norm of every filter of the groups' producers, (channels,) each; batch norms play no part."""
    order = {"l1": 1, "l2": 2}[norm]
    norms = {}
    for group in groups:
        weight = model.get_submodule(group.producer).weight
        assert isinstance(weight, torch.Tensor)
        norms[group.producer] = weight.detach().flatten(1).double().norm(order, 1)
    return norms


def prune(
    model: nn.Module,
    architecture: Architecture,
    method: str,
    ratio: float,
    settings: PruningSettings,
    data: PreparedData | None = None,
) -> Pruned:
    """Prune a dense network to `ratio` of its FLOPs. `model` itself is cut, in place.

    Args:
        model: the dense network, trained.
        architecture: its architecture.
        method: "uniform" (the same share in every layer) or "non_uniform" (one ranking over all layers).
        ratio: F_pruned / F_original, in (0, 1).
        settings: ranking and tolerance.
        data: whose training images the criterion "taylor" needs.

    Raises:
        UserError: the ratio cannot be met closely enough; the message names the nearest one that can.
    """
    if settings.criterion == TAYLOR:
        if data is None:
            raise ValueError("the criterion taylor needs data")
        add_gradients(model, data)
    if architecture.origin is not None:
        return _prune_own(model, architecture, method, ratio, settings)
    groups = channel_groups(architecture.name, model)
    cost = flops_model(model, groups, architecture.input_shape)
    norms = _channel_scores(model, groups, architecture, settings)
    dense_flops = cost.flops(cost.dense)
    widths = _widths(cost, norms, method, ratio, settings)

    flops = count_flops(build(replace(architecture, widths=widths)), architecture.input_shape)
    if flops != cost.flops(widths):
        raise AssertionError(f"{architecture.name}: {flops} FLOPs built, {cost.flops(widths)} predicted")
    whole = tuple(group for group, width in widths.items() if width == cost.dense[group])
    _check(method, ratio, flops / dense_flops, cost, widths, settings, whole)
    _cut(model, architecture.input_shape, norms, widths)
    return Pruned(
        model, replace(architecture, widths=widths, flops=flops), flops, flops / dense_flops, whole, cost.dense
    )


def _channel_scores(
    model: nn.Module, groups: Sequence[ChannelGroup], architecture: Architecture, settings: PruningSettings
) -> dict[str, torch.Tensor]:
    """The score of every channel by the criterion, (channels,) each, by the group's producer."""
    if settings.order is not None:
        return filter_norms(model, groups, settings.order)
    was_training = model.training
    model.eval()
    graph = torch_pruning.DependencyGraph().build_dependency(model, torch.zeros(1, *architecture.input_shape))
    found = {}
    for group in groups:
        producer = model.get_submodule(group.producer)
        assert isinstance(producer, nn.Conv2d)
        every = list(range(producer.out_channels))
        found[group.producer] = graph.get_pruning_group(producer, torch_pruning.prune_conv_out_channels, every)
    model.train(was_training)
    return importances(settings.criterion, found)


def _widths(
    cost: Cost, norms: dict[str, torch.Tensor], method: str, ratio: float, settings: PruningSettings
) -> dict[str, int]:
    """How many channels each group keeps."""
    dense_flops = cost.flops(cost.dense)
    target = ratio * dense_flops
    if method == "uniform":
        return uniform_widths(cost, target, settings.minimum_channels)
    # LAMP is a share of the layer already.
    alike = settings.normalise == "mean" and settings.criterion != LAMP
    scores = {group: values / values.mean() if alike else values for group, values in norms.items()}
    tolerance = settings.tolerance_points / 100 * dense_flops
    return non_uniform_widths(cost, scores, target, tolerance, settings.minimum_channels)


def _prune_own(
    model: nn.Module, architecture: Architecture, method: str, ratio: float, settings: PruningSettings
) -> Pruned:
    """`prune` for a network that is not in the catalog."""
    graph, groups, cost = own.prunable(model, architecture)
    if settings.order is not None:
        norms = own.unit_norms(model, groups, settings.order)
    else:
        found = importances(settings.criterion, {group.root: graph.pruning_group(group) for group in groups})
        norms = {group.root: found[group.root][group.units()].sum(1) for group in groups}
    dense_flops = cost.flops(cost.dense)
    widths = _widths(cost, norms, method, ratio, settings)
    whole = tuple(group for group, width in widths.items() if width == cost.dense[group])
    _check(method, ratio, cost.flops(widths) / dense_flops, cost, widths, settings, whole)
    pruned = own.cut(model, architecture, graph, groups, norms, widths)
    assert pruned.flops is not None
    if pruned.flops != cost.flops(widths):
        raise UserError(
            f"{architecture.name}: {pruned.flops} FLOPs once pruned, and {cost.flops(widths)} were meant; its forward"
            " method does something that depends on the number of channels"
        )
    return Pruned(
        model, pruned, pruned.flops, pruned.flops / dense_flops, whole, {group.root: group.channels for group in groups}
    )


def _check(
    method: str,
    ratio: float,
    achieved: float,
    cost: Cost,
    widths: dict[str, int],
    settings: PruningSettings,
    whole: tuple[str, ...],
) -> None:
    """A miss is an error, not a warning: landscapes of networks of unlike cost must not be compared unawares."""
    if method == "uniform":
        step = max(cost.step(widths, group) for group in widths) / cost.flops(cost.dense)
        allowed, what = step, "one channel"
        stuck = [group for group in whole if cost.dense[group] * (1 - ratio) >= 2]
        if stuck:
            raise UserError(f"uniform pruning to {ratio:g} left {', '.join(stuck)} whole; choose a smaller ratio")
    else:
        allowed, what = settings.tolerance_points / 100, "pruning.tolerance_points"
    if not ratio - allowed <= achieved <= ratio:
        raise UserError(
            f"{method} pruning to {ratio:g} of the FLOPs comes no nearer than {achieved:.5f}, and {what} allows"
            f" {100 * allowed:.2f} points; ask for {achieved + 5e-6:.5f} instead, or raise pruning.tolerance_points"
        )


def _cut(
    model: nn.Module,
    input_shape: tuple[int, int, int],
    norms: dict[str, torch.Tensor],
    widths: dict[str, int],
) -> None:
    """Remove the weakest filters of every group, and all that depends on them, with torch-pruning."""
    was_training = model.training
    model.eval()
    graph = torch_pruning.DependencyGraph().build_dependency(model, torch.zeros(1, *input_shape))
    for name, width in widths.items():
        weakest = torch.argsort(norms[name], stable=True)[: len(norms[name]) - width].tolist()
        if weakest:
            producer = model.get_submodule(name)
            group: Any = graph.get_pruning_group(producer, torch_pruning.prune_conv_out_channels, sorted(weakest))
            if not graph.check_pruning_group(group):
                raise AssertionError(f"torch-pruning refuses to cut {name} to {width} channels")
            group.prune()
    model.train(was_training)
