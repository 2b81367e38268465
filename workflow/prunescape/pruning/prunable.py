"""A network whose channels may be pruned: what they cost, how they score, and how they are removed.

Two kinds with one face: networks of the catalogue, whose groups of channels are written down, and imported ones, whose
groups are found by tracing.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch
import torch_pruning
from torch import nn

from prunescape.errors import UserError
from prunescape.flops import count_flops
from prunescape.models.architecture import Architecture
from prunescape.models.build import build, channel_groups
from prunescape.models.channel_groups import ChannelGroup
from prunescape.pruning import own
from prunescape.pruning.cost import Cost, flops_model, parameters_model
from prunescape.pruning.criteria import importances
from prunescape.pruning.graph_cost import graph_parameters
from prunescape.pruning.settings import FLOPS, PruningSettings

Channels = Mapping[str, Sequence[int]]


class Prunable(Protocol):
    """A network, `model`, which `cut` changes in place."""

    model: nn.Module

    @property
    def channels(self) -> Mapping[str, int]:
        """Channels of every group, by the layer that names it."""

    def cost(self, target: str) -> Cost:
        """What widths cost in "flops" or "parameters"; widths are in units of the groups, mostly channels."""

    def scores(self, settings: PruningSettings) -> dict[str, torch.Tensor]:
        """The score of every unit by the criterion, (units,) each, float64, by group."""

    def cut(self, removed: Channels) -> Architecture:
        """Remove units, and all that depends on them; the architecture of what is left."""

    def sibling(self) -> "Prunable":
        """A copy that may be cut without a trace here."""


def as_prunable(model: nn.Module, architecture: Architecture) -> Prunable:
    """The face of a network.

    Raises:
        UserError: it is imported, and nothing may be pruned.
    """
    return Catalogued(model, architecture) if architecture.origin is None else Imported(model, architecture)


def filter_norms(model: nn.Module, groups: Sequence[ChannelGroup], norm: str) -> dict[str, torch.Tensor]:
    """The norm of every filter of the groups' producers, (channels,) each; batch norms play no part."""
    order = {"l1": 1, "l2": 2}[norm]
    norms = {}
    for group in groups:
        weight = model.get_submodule(group.producer).weight
        assert isinstance(weight, torch.Tensor)
        norms[group.producer] = weight.detach().flatten(1).double().norm(order, 1)
    return norms


class Catalogued:
    """A network of the catalogue."""

    def __init__(self, model: nn.Module, architecture: Architecture) -> None:
        self.model, self.architecture = model, architecture
        self.groups = channel_groups(architecture.name, model)

    @property
    def channels(self) -> Mapping[str, int]:
        """See `Prunable`."""
        return parameters_model(self.model, self.groups).dense

    def cost(self, target: str) -> Cost:
        """See `Prunable`."""
        if target == FLOPS:
            return flops_model(self.model, self.groups, self.architecture.input_shape)
        return parameters_model(self.model, self.groups)

    def scores(self, settings: PruningSettings) -> dict[str, torch.Tensor]:
        """See `Prunable`."""
        if settings.order is not None:
            return filter_norms(self.model, self.groups, settings.order)
        was_training = self.model.training
        graph = self._graph()
        found = {name: self._pruning_group(graph, name, range(width)) for name, width in self.channels.items()}
        self.model.train(was_training)
        return importances(settings.criterion, found)

    def cut(self, removed: Channels) -> Architecture:
        """See `Prunable`. Cut by torch-pruning, and counted on the network as built anew."""
        was_training, before = self.model.training, self.channels
        widths = {name: width - len(removed.get(name, ())) for name, width in before.items()}
        graph = self._graph()
        for name, channels in removed.items():
            if channels:
                group = self._pruning_group(graph, name, sorted(channels))
                if not graph.check_pruning_group(group):
                    raise AssertionError(f"torch-pruning refuses to cut {name} to {widths[name]} channels")
                group.prune()
        self.model.train(was_training)
        pruned = replace(self.architecture, widths=widths, parameters=None, activations=None)
        return replace(pruned, flops=count_flops(build(pruned), pruned.input_shape))

    def sibling(self) -> "Catalogued":
        """See `Prunable`."""
        return Catalogued(copy.deepcopy(self.model), self.architecture)

    def _graph(self) -> Any:
        self.model.eval()
        return torch_pruning.DependencyGraph().build_dependency(
            self.model, torch.zeros(1, *self.architecture.input_shape)
        )

    def _pruning_group(self, graph: Any, name: str, channels: Sequence[int]) -> Any:
        producer = self.model.get_submodule(name)
        return graph.get_pruning_group(producer, torch_pruning.prune_conv_out_channels, list(channels))


class Imported:
    """A network that is not in the catalogue."""

    def __init__(self, model: nn.Module, architecture: Architecture) -> None:
        self.model, self.architecture = model, architecture
        self.graph, self.groups, self._flops = own.prunable(model, architecture)

    @property
    def channels(self) -> Mapping[str, int]:
        """See `Prunable`."""
        return {group.root: group.channels for group in self.groups}

    def cost(self, target: str) -> Cost:
        """See `Prunable`."""
        return self._flops if target == FLOPS else graph_parameters(self.model, self.groups)

    def scores(self, settings: PruningSettings) -> dict[str, torch.Tensor]:
        """See `Prunable`."""
        if settings.order is not None:
            return own.unit_norms(self.model, self.groups, settings.order)
        found = importances(settings.criterion, {group.root: self.graph.pruning_group(group) for group in self.groups})
        return {group.root: found[group.root][group.units()].sum(1) for group in self.groups}

    def cut(self, removed: Channels) -> Architecture:
        """See `Prunable`."""
        return own.cut(self.model, self.architecture, self.graph, self.groups, removed)

    def sibling(self) -> "Imported":
        """See `Prunable`."""
        return Imported(copy.deepcopy(self.model), self.architecture)


def check_count(found: int, meant: int, unit: str, architecture: Architecture) -> None:
    """Make sure that a pruned network costs what was meant.

    Raises:
        UserError: an imported one does not.
    """
    if found != meant:
        if architecture.origin is None:
            raise AssertionError(f"{architecture.name}: {found} {unit} built, {meant} predicted")
        raise UserError(
            f"{architecture.name}: {found} {unit} once pruned, and {meant} were meant; its forward"
            " method does something that depends on the number of channels"
        )
