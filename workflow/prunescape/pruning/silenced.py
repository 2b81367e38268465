"""A test of pruned networks: they compute what the dense one does once the removed channels are silenced.

torch-pruning's graph follows channels by the shapes of tensors. Where a forward method changes their order on the way
(a flip, a roll, a shuffle, an index), it names the wrong ones, and nothing fails. So each pruned network is compared
with the dense one in which the same channels are *silenced*: all that makes them and all that reads them is zero.

The two differ for a good reason where something is computed from all channels of a pixel, or from all weights of a
filter: softmax, a normalisation over channels, weight standardisation. There the channels' labels must not matter: the
dense network with its channels in another order, in each layer that the graph names, computes the same, and so does
that one pruned. All orders follow from two: the first two changed, and all moved on by one. Normalisations that a
channel's neighbours or its place decide are left out of that.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.attention import single_layers
from prunescape.models.build import build
from prunescape.pruning.graph import Graph, Group

TOLERANCE = 1e-4  # of the largest logit; far above rounding, also where a forward method rounds to float32
IMAGES = 2
BY_PLACE = (F.local_response_norm, F.group_norm)  # normalisations in which it matters where a channel stands
ORDERS = ("first two", "moved on")
Removed = Mapping[str, Sequence[int]]


def compared_cut(graph: Graph, removed: Removed) -> Architecture:
    """Remove units of an imported network, in place, and make sure of what is left; its architecture.

    Args:
        graph: of the network.
        removed: units to remove, by the group's root.

    Raises:
        UserError: torch-pruning refuses, the network cannot be built again from its sizes, or it does not compute what
            the dense one does without these channels; the message names the layer.
    """
    target = graph.architecture.target
    gone = {group.root: group.of_units(removed.get(group.root, ())) for group in graph.groups}
    uncut = Uncut(graph.architecture, graph.model.state_dict(), graph.groups, gone)  # cutting makes new tensors
    try:
        pruned = graph.cut(removed)
        again = _built_again(graph.model, pruned)
    except (RuntimeError, ValueError, IndexError) as error:
        words = " ".join(str(error).split())[:200]
        culprits = uncut.culprits()
        where = f" of {_some(culprits)}" if culprits else ""
        raise UserError(
            f"{target}: its forward method does not work with fewer channels{where} ({words}); take sizes from its"
            f" layers there, not from numbers written out{_or_spare(culprits)}"
        ) from None
    if not uncut.silenced_computes(again) and (culprits := uncut.culprits()):
        readers = dict.fromkeys(member.name for group in culprits for member in group.read())
        raise UserError(
            f"{target}: without some channels of {_some(culprits)} it does not compute what it does with them set to"
            f" zero; keep channels in their order on the way to {', '.join([*readers][:3])} (no flip, roll, shuffle,"
            f" index or sort), and do not count on their number or neighbours{_or_spare(culprits)}"
        )
    return pruned


@torch.no_grad()
def _built_again(model: nn.Module, architecture: Architecture) -> nn.Module:
    """A pruned network, built from its architecture; it gives the very same outputs.

    Raises:
        UserError: it does not.
    """
    images = torch.rand(IMAGES, *architecture.input_shape, generator=torch.Generator().manual_seed(0))
    was_training = model.training
    again = build(architecture).eval()
    again.load_state_dict(model.state_dict())
    with single_layers():
        same = torch.equal(again(images), model.eval()(images))
    model.train(was_training)
    if not same:
        raise UserError(f"{architecture.target}: built again, the pruned network gives other outputs")
    return again


def _or_spare(groups: Sequence[Group]) -> str:
    return f"; or leave them whole, with ignored_layers: [{_some(groups)}]" if groups else ""


def _some(groups: Sequence[Group]) -> str:
    return ", ".join(group.root for group in groups[:3])


class Uncut:
    """A network of another origin as it was before some of its channels were removed.

    Args:
        architecture: its architecture; it may have been pruned before.
        state: its state dict.
        groups: its groups of channels.
        removed: the channels that are removed, by the group's root.
    """

    def __init__(
        self, architecture: Architecture, state: Mapping[str, torch.Tensor], groups: Iterable[Group], removed: Removed
    ) -> None:
        self._architecture, self._state, self._removed = architecture, state, removed
        self._groups = [group for group in groups if removed.get(group.root)]
        generator = torch.Generator().manual_seed(0)
        self._images = torch.rand(IMAGES, *architecture.input_shape, generator=generator, dtype=torch.float64)

    @torch.no_grad()
    def silenced_computes(self, pruned: nn.Module) -> bool:
        """Whether the network with all removed channels silenced gives the outputs of `pruned`, which becomes float64.

        Where its forward method does not take float64, both are compared in float32.
        """
        silent = self._silenced(self._groups)
        try:
            expected = self._outputs(silent)
        except Exception:  # whatever an unknown forward method raises
            self._images = self._images.float()
            expected = self._outputs(silent)
        return _alike(self._outputs(pruned), expected)

    def culprits(self) -> list[Group]:
        """The group whose pruning does not do what it should, found by bisection; none if there is a good reason.

        Several where each works by itself, and not all together.
        """
        groups = self._groups
        if self._works(groups):
            return []
        while len(groups) > 1:
            halves = groups[: len(groups) // 2], groups[len(groups) // 2 :]
            failing = next((half for half in halves if not self._works(half)), None)
            if failing is None:
                break
            groups = failing
        return groups

    @torch.no_grad()
    def _works(self, groups: Sequence[Group]) -> bool:
        """Whether groups, and no others, can be pruned with the effect of silencing their channels, in any order."""
        try:
            return self._as_silenced(groups) or self._whatever_the_labels(groups)
        except Exception:  # whatever a forward method that counts on its channels may raise
            return False

    def _as_silenced(self, groups: Sequence[Group]) -> bool:
        return _alike(self._outputs(self._pruned(self._dense(), groups)), self._outputs(self._silenced(groups)))

    def _whatever_the_labels(self, groups: Sequence[Group]) -> bool:
        pairs = [group for group in groups if len(group.units()) == 2]  # whose only other order tells nothing
        if pairs and not self._as_silenced(pairs):
            return False
        with _PlaceLeftOut():
            whole, pruned = self._outputs(self._dense()), self._outputs(self._pruned(self._dense(), groups))
        for kind in ORDERS:
            orders = {group.root: _order(group, kind) for group in groups}
            with _PlaceLeftOut():
                if not _alike(self._outputs(self._reordered(groups, orders)), whole):
                    return False
                other = self._pruned(self._reordered(groups, orders), groups, orders)
                if not _alike(self._outputs(other), pruned):
                    return False
        return True

    def _dense(self) -> nn.Module:
        model = build(self._architecture)
        model.load_state_dict(self._state)
        return model

    def _silenced(self, groups: Iterable[Group]) -> nn.Module:
        model = self._dense()
        for group in groups:
            silence(model, group, self._removed[group.root])
        return model

    def _reordered(self, groups: Iterable[Group], orders: Mapping[str, torch.Tensor]) -> nn.Module:
        model = self._dense()
        for group in groups:
            reorder(model, group, orders[group.root])
        return model

    def _pruned(
        self, model: nn.Module, groups: Iterable[Group], orders: Mapping[str, torch.Tensor] | None = None
    ) -> nn.Module:
        """A dense network, cut; where its channels have been put into an order, the same ones go from their places."""
        with torch.enable_grad():
            graph = Graph(model, self._architecture)
            for group in groups:
                gone = torch.zeros(group.channels, dtype=torch.bool)
                gone[list(self._removed[group.root])] = True
                gone = gone if orders is None else gone[orders[group.root]]
                graph.remove(group, gone.nonzero().flatten().tolist())
        return model

    def _outputs(self, model: nn.Module) -> torch.Tensor:
        with single_layers():
            logits: torch.Tensor = model.to(self._images.dtype).eval()(self._images.clone())
        return logits


def silence(model: nn.Module, group: Group, channels: Iterable[int]) -> None:
    """Set to zero all that makes some channels of a group, and all that reads them, in place.

    They are then zero after each layer that they pass, and what becomes of that zero on the way is not read.
    """
    gone = set(channels)
    for member in group.members:
        layer = model.get_submodule(member.name)
        for tensor in member.tensors(layer, ("weight", "bias", "running_mean")).values():
            view, index = member.entries(layer, tensor, member.at(gone))
            view[index] = 0.0


def reorder(model: nn.Module, group: Group, order: torch.Tensor) -> None:
    """Put channels of a group into another order in each of its layers, in place; channel `order[k]` comes to place k.

    Raises:
        ValueError: a layer has more of one channel than of another.
    """
    for member in group.members:
        layer = model.get_submodule(member.name)
        places: dict[int, list[int]] = {channel: [] for channel in range(group.channels)}
        for at, root in zip(member.positions, member.roots, strict=True):
            places[root].append(at)
        if len({len(positions) for positions in places.values()}) > 1:
            raise ValueError(f"{member.name} has not all channels of {group.root} alike")
        to = [at for channel in range(group.channels) for at in places[channel]]
        of = [at for channel in order.tolist() for at in places[channel]]
        for tensor in member.tensors(layer, ("weight", "bias", "running_mean", "running_var")).values():
            view, index = member.entries(layer, tensor, to)
            view[index] = view[member.entries(layer, tensor, of)[1]]


@torch.no_grad()
def vary(model: nn.Module) -> nn.Module:
    """An untrained network with numbers of their own in tensors whose numbers are all alike, in place; returns it.

    Before training these are scales and shifts of batch norm, its statistics, and biases: where all are alike, one in
    another's place does not show. Uniform, at most half a unit (over the square root of a weight's inputs) from before.
    """
    generator = torch.Generator().manual_seed(0)
    statistics = [buffer for name, buffer in model.named_buffers() if name.endswith(("running_mean", "running_var"))]
    for tensor in [*model.parameters(), *statistics]:
        if tensor.is_floating_point() and tensor.numel() and (tensor == tensor.flatten()[0]).all():
            spread = 1.0 if tensor.dim() < 2 else math.sqrt(len(tensor) / tensor.numel())
            tensor += spread * (torch.rand(tensor.shape, generator=generator) - 0.5)
    return model


def _order(group: Group, kind: str) -> torch.Tensor:
    """An order of all channels in which units stay together."""
    units = group.units()
    number = torch.arange(len(units))
    number = number.roll(1) if kind == "moved on" else number[[1, 0, *range(2, len(units))]]
    order = torch.empty(group.channels, dtype=torch.long)
    order[units.flatten()] = units[number].flatten()
    return order


def _alike(outputs: torch.Tensor, expected: torch.Tensor) -> bool:
    scale = float(expected.nan_to_num().abs().max())
    return torch.allclose(outputs, expected, rtol=0.0, atol=TOLERANCE * scale, equal_nan=True)


class _PlaceLeftOut(TorchFunctionMode):
    """Inside, normalisations by the place of a channel do nothing."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in BY_PLACE:
            return args[0] if args else kwargs["input"]
        return func(*args, **(kwargs or {}))
