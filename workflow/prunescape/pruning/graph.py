"""Channels of any network that may be pruned, found by torch-pruning's dependency graph.

A group is one set of channels that stand and fall together: the layers that make the channels, those they pass
through, and those that read them. Where a layer has groups of its own (grouped convolutions), one channel of each goes
at a time: that is a unit, and else a unit is a channel.

Spared are the network's outputs, what reads or makes channels in a way that is not understood (attention, embeddings,
bare parameters, transposed convolutions, group norm), what makes or passes them in one of the architecture's
`ignored_layers`, and, inside blocks, each channel that reaches an addition or a concatenation (the residual stream) and
those of the first layer (thesis, section 3.2.5).
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch_pruning
from torch import nn
from torch_pruning import ops

from prunescape.errors import UserError, in_a_line, known
from prunescape.models.architecture import INSIDE_BLOCKS, Architecture
from prunescape.models.build import SIZES, build, sizes
from prunescape.models.flops import count_flops

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

    def entries(
        self, layer: nn.Module, tensor: torch.Tensor, positions: Sequence[int] | torch.Tensor
    ) -> tuple[torch.Tensor, Any]:
        """A view of one of the layer's tensors, and the index in it of what belongs to some of its positions."""
        at = torch.as_tensor(positions, dtype=torch.long)
        if self.makes:
            return tensor, at
        lanes = layer.groups if isinstance(layer, nn.Conv2d) else 1
        view = tensor.unflatten(0, (lanes, -1))  # (lanes, outputs and inputs of each, ...)
        return view, (at // view.shape[2], slice(None), at % view.shape[2])

    def tensors(self, layer: nn.Module, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Tensors of the layer that have something for each channel, by name."""
        if not self.makes:
            names = ("weight",)
        elif isinstance(layer, nn.PReLU) and layer.num_parameters == 1:
            names = ()
        tensors = {name: getattr(layer, name, None) for name in names}
        return {name: tensor.detach() for name, tensor in tensors.items() if tensor is not None}

    def at(self, channels: Iterable[int]) -> list[int]:
        """The positions of some of the root's channels."""
        chosen = set(channels)
        return [at for at, root in zip(self.positions, self.roots, strict=True) if root in chosen]


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

    def of_units(self, units: Sequence[int]) -> list[int]:
        """The channels of some units."""
        channels: list[int] = self.units()[torch.as_tensor(units, dtype=torch.long)].flatten().tolist()
        return channels

    def read(self) -> tuple[Member, ...]:
        """The layers that read the channels."""
        return tuple(member for member in self.members if not member.makes)


@dataclass(frozen=True)
class Spared:
    """Channels that are left alone, by the first layer that makes them, and why."""

    root: str
    reason: str


class _Item(NamedTuple):
    """A dependency of a layer's channels: its end, the channels' positions there, and the root's channels."""

    dep: Any
    positions: list[int]
    roots: list[int]


class Graph:
    """A network's dependency graph; the network may then be cut by it.

    Args:
        model: the network, which `cut` changes in place.
        architecture: its architecture; it may have been pruned before.

    Raises:
        UserError: torch-pruning cannot trace the network, or it has no module of a name in `ignored_layers`.
    """

    def __init__(self, model: nn.Module, architecture: Architecture) -> None:
        self.model, self.architecture = model, architecture
        self.names = {module: name for name, module in model.named_modules()}
        self._ignored = _modules(model, architecture)
        was_training = model.training
        model.eval()
        graph: Any = torch_pruning.DependencyGraph()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # It would go on for hours, and take all memory.
                warnings.filterwarnings("error", message="Maximum recursive depth")
                images = torch.zeros(1, *architecture.input_shape)
                self._graph = graph.build_dependency(model, images, verbose=False)
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

    @property
    def groups(self) -> list[Group]:
        """The groups that may be pruned, in the order of the network's definition."""
        return self._sorted[0]

    @property
    def spared(self) -> list[Spared]:
        """The groups that may not be pruned."""
        return self._sorted[1]

    def some_groups(self) -> list[Group]:
        """The groups that may be pruned.

        Raises:
            UserError: there are none; the message says why.
        """
        if not self.groups:
            why = "; ".join(f"{one.root}: {one.reason}" for one in self.spared[:3])
            more = ""
            if self._ignored:
                more = ", or ignore fewer layers"
            elif self.architecture.origin is not None and self.architecture.prunable == INSIDE_BLOCKS:
                more = ", or try prunable: all"
            raise UserError(
                f"{self.architecture.target}: no channels can be pruned ({why or 'it has no convolution'}); use another"
                f" network{more}"
            )
        return self.groups

    @cached_property
    def _sorted(self) -> tuple[list[Group], list[Spared]]:
        groups, spared, seen = [], [], set[nn.Module]()
        for name, module in self.model.named_modules():
            if not isinstance(module, MAKERS) or module in seen or _is_depthwise(module):
                continue
            if module not in self._graph.module2node:
                continue
            # One channel goes mostly where all go, and the search for all those of a residual stream is long.
            items = list(self._items(module, [0]))
            reason = self._objection(items)
            if reason is None:
                items = list(self._items(module, range(_width(module))))
                reason = self._objection(items) or self._refusal(module, items)
            seen |= {item.dep.target.module for item in items if self._is_output(item.dep)}
            if reason is None:
                groups.append(self._group(name, module, items))
            else:
                spared.append(Spared(name, reason))
        return groups, spared

    def cut(self, removed: Mapping[str, Sequence[int]]) -> Architecture:
        """Remove units, and all that depends on them, in place; the architecture of what is left.

        Args:
            removed: units to remove, by the group's root.

        Raises:
            UserError: torch-pruning refuses, or the network cannot be built again.
        """
        before = sizes(self.model)
        layers = {name: dict(changed) for name, changed in self.architecture.layers.items()}
        for group in self.groups:
            self.remove(group, group.of_units(removed.get(group.root, ())))
        for name, after in sizes(self.model).items():
            changed = {attribute: size for attribute, size in after.items() if size != before[name][attribute]}
            if changed:
                layers.setdefault(name, {}).update(changed)
        pruned = replace(self.architecture, layers=layers, parameters=None, activations=None)
        return replace(pruned, flops=count_flops(build(pruned), pruned.input_shape))

    def remove(self, group: Group, channels: Sequence[int]) -> None:
        """Remove some of a group's channels, and all that depends on them, in place.

        Raises:
            UserError: torch-pruning refuses.
        """
        if not channels:
            return
        root = self.model.get_submodule(group.root)
        cut = self._graph.get_pruning_group(root, self._maker(root), sorted(channels))
        if not self._graph.check_pruning_group(cut):
            raise UserError(f"torch-pruning refuses to remove {len(channels)} of {group.channels} from {group.root}")
        cut.prune()

    def pruning_group(self, group: Group) -> Any:
        """The group as torch-pruning has it, with all its channels: what its importance criteria take."""
        root = self.model.get_submodule(group.root)
        return self._graph.get_pruning_group(root, self._maker(root), list(range(group.channels)))

    def _maker(self, module: nn.Module) -> Any:
        return self._graph.get_pruner_of_module(module).prune_out_channels

    def _is_output(self, dep: Any) -> bool:
        return bool(self._graph.is_out_channel_pruning_fn(dep.handler))

    def _items(self, module: nn.Module, channels: Sequence[int]) -> Iterator[_Item]:
        """Dependencies of some channels of a layer, with their positions."""
        for item in self._graph.get_pruning_group(module, self._maker(module), list(channels)):
            yield _Item(item.dep, list(item.idxs), list(item.root_idxs))

    def _objection(self, items: Iterable[_Item]) -> str | None:
        """Why channels that go this way must stay, whatever their positions; None where they may go."""
        for item in items:
            module = item.dep.target.module
            if isinstance(module, ops._OutputOp):
                return "the network's outputs"
            if not isinstance(module, nn.Module) or isinstance(module, nn.Parameter):
                return "a bare parameter"
            if not isinstance(module, (*SIZES, *NEUTRAL)):
                return f"a {type(module).__name__.strip('_')}"
            if _operation(item.dep.target).startswith(PRODUCTS):
                return "attention, or another product of two tensors"
            if self.architecture.prunable == INSIDE_BLOCKS and _joins(item.dep.target):
                return "reaches an addition or a concatenation"
            if module in self._ignored and self._is_output(item.dep):
                return f"{self.names[module]} is in ignored_layers"
        return None

    def _refusal(self, root: nn.Module, items: Sequence[_Item]) -> str | None:
        """Why channels must stay that nothing else objects to; None where they may go."""
        width = _width(root)
        reads = False
        for dep, positions, roots in items:
            module: nn.Module = dep.target.module
            if not isinstance(module, tuple(SIZES)):
                continue
            if self._is_output(dep) and not _is_depthwise(module):
                if isinstance(module, MAKERS) and sorted(positions) != list(range(_width(module))):
                    return f"{self.names[module]} makes other channels, too"
                if isinstance(module, MAKERS) and sorted(roots) != list(range(width)):
                    return f"{self.names[module]} makes them in another number"
            else:
                reads = True
                grouped = isinstance(module, nn.Conv2d) and module.groups > 1 and not _is_depthwise(module)
                if grouped and (positions != roots or len(positions) != module.in_channels):
                    return f"{self.names[module]} reads them in groups"
        if not reads:
            return "nothing reads them"
        if self.architecture.prunable == INSIDE_BLOCKS and _reads_images(self._graph.module2node[root]):
            return "the first layer"
        unit = self._unit(items)
        fewest = 1 if self.names[root] in self.architecture.layers else 2  # pruning may have left but one
        if width % unit or width // unit < fewest:
            return f"goes in units of {unit}"
        return None

    @staticmethod
    def _unit(items: Sequence[_Item]) -> int:
        modules = [dep.target.module for dep, *_ in items]
        return max(m.groups if isinstance(m, nn.Conv2d) and not _is_depthwise(m) else 1 for m in modules)

    def _group(self, name: str, root: nn.Module, items: Sequence[_Item]) -> Group:
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


def _modules(model: nn.Module, architecture: Architecture) -> set[nn.Module]:
    """The modules named in `ignored_layers`, with all inside.

    Raises:
        UserError: the network has no module of such a name.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    try:
        chosen = [known(modules, "module", name) for name in architecture.ignored]
    except UserError as error:
        raise UserError(f"models.{architecture.name}.ignored_layers: {error}") from None
    return {inside for module in chosen for inside in module.modules()}


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
