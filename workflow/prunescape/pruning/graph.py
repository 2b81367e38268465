"""Which channels of any network may be pruned, found by torch-pruning's dependency graph.

A group is one set of channels that stand and fall together, as in `prunescape.models.channel_groups`, but found by
tracing: the layers that make the channels, those they pass through, and those that read them. Where a layer has groups
of its own (grouped convolutions), one channel of each goes at a time: that is a unit, and else a unit is a channel.

Spared are the network's outputs, what reads or makes channels in a way that is not understood (attention, embeddings,
bare parameters, transposed convolutions, group norm), and, inside blocks, each channel that reaches an addition or a
concatenation (the residual stream) and those of the first layer.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning
from torch import nn
from torch_pruning import ops

from prunescape.errors import UserError
from prunescape.models.own import SIZES, in_a_line

INSIDE_BLOCKS, ALL = "inside-blocks", "all"
MAKERS = (nn.Conv2d, nn.Linear)
WINDOW_DIMENSIONS = 6
PRODUCTS = ("bmmbackward", "scaleddotproduct")  # torch-pruning takes them for operations on each channel by itself
NEUTRAL = (ops._ElementWiseOp, ops._ReshapeOp, ops._ConcatOp)


@dataclass(frozen=True)
class Member:
    """A layer of a group.

    Attributes:
        name: of the layer.
        makes: whether the channels are its outputs (also those that pass through it), or its inputs.
        positions: of the group's channels in that dimension of the layer, in the root's order; several a channel where
            an image's pixels have become features.
        roots: the root's channel of each position.
    """

    name: str
    makes: bool
    positions: tuple[int, ...]
    roots: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Channels that may be pruned.

    Attributes:
        root: the first layer that makes them; it names the group.
        channels: how many there are.
        unit: channels that go at a time.
        makers: every layer that makes them; their weights rank the channels.
        members: all layers concerned.
    """

    root: str
    channels: int
    unit: int
    makers: tuple[str, ...]
    members: tuple[Member, ...]

    def units(self) -> torch.Tensor:
        """The channels of each unit, (units, channels of a unit)."""
        return torch.arange(self.channels).view(self.unit, -1).T

    def read(self) -> tuple[Member, ...]:
        """The layers that read the channels."""
        return tuple(member for member in self.members if not member.makes)


@dataclass(frozen=True)
class Spared:
    """Channels that are left alone, by the first layer that makes them, and why."""

    root: str
    reason: str


class Graph:
    """A network's dependency graph; the network may then be cut by it.

    Raises:
        UserError: torch-pruning cannot trace the network.
    """

    def __init__(self, model: nn.Module, input_shape: tuple[int, int, int]) -> None:
        self.model = model
        self.names = {module: name for name, module in model.named_modules()}
        was_training = model.training
        model.eval()
        graph: Any = torch_pruning.DependencyGraph()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # It would go on for hours, and take all memory.
                warnings.filterwarnings("error", message="Maximum recursive depth")
                self._graph = graph.build_dependency(model, torch.zeros(1, *input_shape), verbose=False)
        except Exception as error:  # whatever tracing an unknown network may raise
            raise UserError(
                f"torch-pruning cannot follow this network's channels ({in_a_line(error)}); write its forward method"
                " with plain layers and operations"
            ) from None
        finally:
            model.train(was_training)
        if any(_folds(node.grad_fn) for node in self._graph.module2node.values()):
            raise UserError(
                "torch-pruning cannot follow this network's channels (it folds images into windows, in"
                f" {WINDOW_DIMENSIONS} dimensions); use a network of convolutions, or plain attention"
            )

    def groups(self, prunable: str) -> tuple[list[Group], list[Spared]]:
        """The groups that may be pruned, in the order of the network's definition, and those that may not."""
        groups, spared, seen = [], [], set[nn.Module]()
        for name, module in self.model.named_modules():
            if not isinstance(module, MAKERS) or module in seen or _is_depthwise(module):
                continue
            if module not in self._graph.module2node:
                continue
            items = list(self._whole(module))
            seen |= {dep.target.module for dep, *_ in items if self._is_output(dep)}
            reason = self._refusal(module, items, prunable)
            if reason is None:
                groups.append(self._group(name, module, items))
            else:
                spared.append(Spared(name, reason))
        return groups, spared

    def cut(self, group: Group, channels: Sequence[int]) -> None:
        """Remove some of a group's channels, and all that depends on them, in place.

        Raises:
            UserError: torch-pruning refuses.
        """
        root = self.model.get_submodule(group.root)
        found = self._graph.get_pruning_group(root, self._maker(root), sorted(channels))
        if not self._graph.check_pruning_group(found):
            raise UserError(f"torch-pruning refuses to remove {len(channels)} of {group.channels} from {group.root}")
        found.prune()

    def pruning_group(self, group: Group) -> Any:
        """The group as torch-pruning has it, with all its channels: what its importance criteria take."""
        root = self.model.get_submodule(group.root)
        return self._graph.get_pruning_group(root, self._maker(root), list(range(group.channels)))

    def _maker(self, module: nn.Module) -> Any:
        return self._graph.get_pruner_of_module(module).prune_out_channels

    def _is_output(self, dep: Any) -> bool:
        return bool(self._graph.is_out_channel_pruning_fn(dep.handler))

    def _whole(self, module: nn.Module) -> Iterator[tuple[Any, list[int], list[int]]]:
        """Each dependency of all channels of a layer, with the positions there and the root's channels."""
        width = self._graph.get_pruner_of_module(module).get_out_channels(module)
        found = self._graph.get_pruning_group(module, self._maker(module), list(range(width)))
        for item in found:
            yield item.dep, list(item.idxs), list(item.root_idxs)

    def _refusal(self, root: nn.Module, items: list[tuple[Any, list[int], list[int]]], prunable: str) -> str | None:
        """Why channels must stay; None where they may go."""
        width = _width(root)
        reads = False
        for dep, positions, roots in items:
            module = dep.target.module
            if isinstance(module, ops._OutputOp):
                return "the network's outputs"
            if not isinstance(module, nn.Module) or isinstance(module, nn.Parameter):
                return "a bare parameter"
            layer = isinstance(module, tuple(SIZES))
            if not layer and not isinstance(module, NEUTRAL):
                return f"a {type(module).__name__.strip('_')}"
            if _operation(dep.target).startswith(PRODUCTS):
                return "attention, or another product of two tensors"
            if prunable == INSIDE_BLOCKS and _joins(dep.target):
                return "reaches an addition or a concatenation"
            if layer and self._is_output(dep) and not _is_depthwise(module):
                if isinstance(module, MAKERS) and sorted(positions) != list(range(_width(module))):
                    return f"{self.names[module]} makes other channels, too"
                if isinstance(module, MAKERS) and sorted(roots) != list(range(width)):
                    return f"{self.names[module]} makes them in another number"
            elif layer:
                reads = True
                grouped = isinstance(module, nn.Conv2d) and module.groups > 1 and not _is_depthwise(module)
                if grouped and (positions != roots or len(positions) != module.in_channels):
                    return f"{self.names[module]} reads them in groups"
        if not reads:
            return "nothing reads them"
        if prunable == INSIDE_BLOCKS and _reads_images(self._graph.module2node[root]):
            return "the first layer"
        unit = self._unit(items)
        if width % unit or width // unit < 2:
            return f"goes in units of {unit}"
        return None

    @staticmethod
    def _unit(items: list[tuple[Any, list[int], list[int]]]) -> int:
        modules = [dep.target.module for dep, *_ in items]
        return max(m.groups if isinstance(m, nn.Conv2d) and not _is_depthwise(m) else 1 for m in modules)

    def _group(self, name: str, root: nn.Module, items: list[tuple[Any, list[int], list[int]]]) -> Group:
        members = tuple(
            Member(self.names[dep.target.module], self._is_output(dep), tuple(positions), tuple(roots))
            for dep, positions, roots in items
            if isinstance(dep.target.module, tuple(SIZES))
        )
        makers = [
            member.name
            for member in members
            if member.makes and isinstance(module := self.model.get_submodule(member.name), MAKERS)
            if not _is_depthwise(module)
        ]
        return Group(name, _width(root), self._unit(items), tuple(dict.fromkeys(makers)), members)


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.out_channels == module.in_channels > 1


def _width(module: nn.Module) -> int:
    return module.out_channels if isinstance(module, nn.Conv2d) else module.out_features  # type: ignore[return-value]


def _joins(node: Any) -> bool:
    """Whether a node adds or concatenates several things."""
    if isinstance(node.module, ops._ConcatOp):
        return True
    return _operation(node).startswith(("addbackward", "subbackward")) and len(node.inputs) > 1


def _operation(node: Any) -> str:
    """The name of a node that is no layer, as autograd has it, in lower case."""
    return str(getattr(node.module, "_grad_fn", "")).lower()


def _folds(grad_fn: Any) -> bool:
    """Whether an operation reads as many dimensions as windows of attention have; tracing groups there never ends."""
    return len(getattr(grad_fn, "_saved_self_sym_sizes", ())) >= WINDOW_DIMENSIONS


def _reads_images(node: Any) -> bool:
    """Whether no other layer with weights stands before a layer."""
    pending, seen = list(node.inputs), set()
    while pending:
        before = pending.pop()
        if before in seen:
            continue
        seen.add(before)
        if isinstance(before.module, MAKERS):
            return False
        pending += before.inputs
    return True
