"""Channels of any network that may be pruned, found by torch-pruning's dependency graph.

A group is one set of channels that stand and fall together: the layers that make the channels, those they pass
through, and those that read them. Where a layer has groups of its own (grouped convolutions), one channel of each goes
at a time: that is a unit, and else a unit is a channel. The heads of our own attention, of timm's, and of torch's are a
group, too, and each is a unit.

Spared are the network's outputs, what reads or makes channels in a way that is not understood (attention, embeddings,
bare parameters, transposed convolutions, group norm, pixel shuffles, gates that halve channels), layers whose weights
are tied to others or computed anew for each pass (weight norm, spectral norm), what makes or passes channels in one of
the architecture's `ignored_layers`, and, inside blocks, each channel that reaches an addition or a concatenation (the
residual stream) and those of the first layer (thesis, section 3.2.5).
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch_pruning
from torch import nn
from torch.overrides import TorchFunctionMode
from torch_pruning import _helpers, ops

from prunescape.errors import UserError, known
from prunescape.models.architecture import INSIDE_BLOCKS, Architecture
from prunescape.models.attention import FewerHeads, Heads, heads_of, is_timms, is_torchs, projection, single_layers
from prunescape.models.build import SIZES, build, sizes
from prunescape.models.external_code import in_own_code
from prunescape.models.flops import count_flops

MAKERS = (nn.Conv2d, nn.Linear)
WINDOW_DIMENSIONS = 6
PRODUCTS = ("bmmbackward", "scaleddotproduct")  # torch-pruning takes them for operations on each channel by itself
# Likewise; what comes out has channels in another number.
COUNTED = {"pixelshuffle": "PixelShuffle", "pixelunshuffle": "PixelUnshuffle", "glubackward": "GLU"}
MOST_PLACES = 500_000  # that one search for a group may look at: a second, and some 50 MB; VGG has 151,040
NEUTRAL = (ops._ElementWiseOp, ops._ReshapeOp, ops._ConcatOp)
PROJECTION = {"weight": "in_proj_weight", "bias": "in_proj_bias"}  # of torch's attention, which makes heads itself


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
        elif isinstance(layer, nn.MultiheadAttention):
            names = [PROJECTION[name] for name in names if name in PROJECTION]
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
        heads: whether a unit is a head of attention.
    """

    root: str
    channels: int
    unit: int
    makers: tuple[str, ...]
    members: tuple[Member, ...]
    heads: bool = False

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
        self._fixed = {**_lent(model, architecture.input_shape), **_tied(model), **_computed(model)}
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
            why, how = in_own_code(error), "write its forward method with plain layers and operations"
            if "recursive depth" in why:
                why, how = "too many operations one after the other", "let recurrent layers go over fewer steps"
            raise UserError(
                f"{architecture.target}: torch-pruning cannot follow this network's channels ({why}); {how}"
            ) from None
        finally:
            model.train(was_training)
        if any(_folds(node.grad_fn) for node in self._graph.module2node.values()):
            raise UserError(
                f"{architecture.target}: torch-pruning cannot follow this network's channels (it folds images into"
                f" windows, in {WINDOW_DIMENSIONS} dimensions); use a network of convolutions, or plain attention"
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
            if (heads := heads_of(module)) is not None:
                layers = [layer for layer, _ in (*heads.makers, heads.output)]
                seen |= {*layers[:-1]}
                group = self._heads(heads)
                ignored = [layer for layer in layers if layer in self._ignored]
                fixed = [self._fixed[layer] for layer in layers if layer in self._fixed]
                if ignored:
                    spared.append(Spared(group.root, f"{self.names[ignored[0]]} is in ignored_layers"))
                elif fixed:
                    spared.append(Spared(group.root, fixed[0]))
                elif group.channels // group.unit < 2 and group.root not in self.architecture.layers:
                    spared.append(Spared(group.root, "the only head"))
                else:
                    groups.append(group)
            elif isinstance(module, nn.MultiheadAttention):
                spared.append(Spared(name, "an nn.MultiheadAttention of two widths, with more keys, or changed"))
            if not isinstance(module, MAKERS) or module in seen or _is_depthwise(module):
                continue
            if module not in self._graph.module2node:
                continue
            try:
                # One channel goes mostly where all go, and the search for all those of a residual stream is long.
                items = list(self._items(module, [0]))
                reason = self._objection(items)
                if reason is None:
                    items = list(self._items(module, range(_width(module))))
                    reason = self._objection(items) or self._refusal(module, items)
            except _TooManyError:
                items, reason = [], "go more ways than can be followed"
            except (LookupError, RuntimeError, TypeError, ValueError):  # of a layer that torch-pruning half knows
                items, reason = [], "go through something that torch-pruning does not follow"
            seen |= {item.dep.target.module for item in items if self._is_output(item.dep)}
            if reason is None:
                groups.append(self._group(name, module, items))
            else:
                spared.append(Spared(name, reason))
        return groups, spared

    def _heads(self, heads: Heads) -> Group:
        """The heads of an attention, as a group."""
        (output, read), whole = heads.output, tuple(range(len(heads.output[1])))
        members = [Member(self.names[layer], True, tuple(positions), whole) for layer, positions in heads.makers]
        makers = tuple(dict.fromkeys(member.name for member in members))
        members.append(Member(self.names[output], False, tuple(read), whole))
        return Group(makers[0], len(whole), heads.features, makers, tuple(members), heads=True)

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
        if group.heads:
            self._remove_heads(group, channels)
            return
        cut = self._of(group, sorted(channels))
        if not self._graph.check_pruning_group(cut):
            raise UserError(f"torch-pruning refuses to remove {len(channels)} of {group.channels} from {group.root}")
        cut.prune()

    def _remove_heads(self, group: Group, channels: Sequence[int]) -> None:
        """Remove some heads of an attention, in place; one layer may make queries, keys and values."""
        gone: dict[tuple[str, bool], list[int]] = {}
        for member in group.members:
            gone.setdefault((member.name, member.makes), []).extend(member.at(channels))
        for (name, makes), positions in gone.items():
            layer: Any = self.model.get_submodule(name)
            if isinstance(layer, nn.MultiheadAttention):
                inside: Any = projection(layer)
                torch_pruning.prune_linear_out_channels(inside, positions)
                layer.in_proj_weight = inside.weight
                layer.in_proj_bias = inside.bias
                FewerHeads.of(layer).num_heads -= len(channels) // group.unit
                continue
            pruner = self._graph.get_pruner_of_module(layer)
            (pruner.prune_out_channels if makes else pruner.prune_in_channels)(layer, positions)
        attention: Any = self.model.get_submodule(group.root.rpartition(".")[0])
        if is_timms(attention):
            attention.num_heads -= len(channels) // group.unit
            attention.attn_dim -= len(channels)

    def pruning_group(self, group: Group) -> Any:
        """The group as torch-pruning has it, with all its channels: what its importance criteria take."""
        if not group.heads:
            return self._of(group, list(range(group.channels)))
        found = torch_pruning.dependency.Group()  # torch-pruning does not know of heads
        found._DG = self._graph
        for member in group.members:
            layer = self.model.get_submodule(member.name)
            layer = projection(layer) if isinstance(layer, nn.MultiheadAttention) else layer
            node = torch_pruning.dependency.Node(layer, None, member.name)
            pruner = self._graph.get_pruner_of_module(layer)
            how = pruner.prune_out_channels if member.makes else pruner.prune_in_channels
            dependency = torch_pruning.dependency.Dependency(how, how, source=node, target=node)
            found.add_dep(dependency, list(member.positions))
            found[len(found) - 1].root_idxs = list(member.roots)
        return found

    def _of(self, group: Group, channels: list[int]) -> Any:
        """Some channels of a group, as torch-pruning has them."""
        root = self.model.get_submodule(group.root)
        return self._graph.get_pruning_group(root, self._maker(root), channels)

    def _maker(self, module: nn.Module) -> Any:
        return self._graph.get_pruner_of_module(module).prune_out_channels

    def _is_output(self, dep: Any) -> bool:
        return bool(self._graph.is_out_channel_pruning_fn(dep.handler))

    def _items(self, module: nn.Module, channels: Sequence[int]) -> Iterator[_Item]:
        """Dependencies of some channels of a layer, with their positions.

        Raises:
            _TooManyError: the search for them was broken off.
        """
        with _at_most(MOST_PLACES):
            group = self._graph.get_pruning_group(module, self._maker(module), list(channels))
        for item in group:
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
            if module in self._fixed:
                return self._fixed[module]
            operation = _operation(item.dep.target)
            if operation.startswith(PRODUCTS):
                return "attention, or another product of two tensors"
            if (counted := next((COUNTED[name] for name in COUNTED if name in operation), None)) is not None:
                return f"a {counted}"
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
                if len(set(positions)) < len(positions):
                    return f"{self.names[module]} reads several of them as one"
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
        UserError: the network has no module of such a name, or one without weights; all of them in one line.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    chosen, wrong = [], []
    for name in architecture.ignored:
        try:
            chosen.append(known(modules, "module", name))
        except UserError as error:
            wrong.append(str(error))
            continue
        if not any(True for _ in chosen[-1].parameters()):
            wrong.append(f"{name} is a {type(chosen[-1]).__name__}, which has no channels to keep; name a layer")
    if wrong:
        raise UserError(f"models.{architecture.name}.ignored_layers: {'; '.join(wrong)}")
    return {inside for module in chosen for inside in module.modules()}


def _sized(model: nn.Module) -> dict[nn.Module, str]:
    """The layers whose sizes pruning may change, with their names."""
    kinds = tuple(SIZES)
    return {module: name for name, module in model.named_modules() if isinstance(module, kinds)}


def _tied(model: nn.Module) -> dict[nn.Module, str]:
    """Modules that share a parameter with another module, each with what is said of it."""
    first: dict[nn.Parameter, tuple[str, nn.Module]] = {}
    told: dict[nn.Module, str] = {}
    for name, module in model.named_modules():
        for parameter in module._parameters.values():
            if parameter is None:
                continue
            other, owner = first.setdefault(parameter, (name, module))
            if owner is not module:
                told |= {module: f"{name} shares a weight with {other}", owner: f"{other} shares a weight with {name}"}
    return told


def _computed(model: nn.Module) -> dict[nn.Module, str]:
    """Layers that are more than their weights and biases, with what is said of each.

    Weights are computed anew for each pass, by a parametrisation or a hook; or a class of the user's own has further
    parameters.
    """
    told: dict[nn.Module, str] = {}
    for module, name in _sized(model).items():
        more = set(module._parameters) - {"weight", "bias"}
        if getattr(module, "weight", None) is not module._parameters.get("weight"):
            told[module] = f"the weights of {name} are computed from others, as weight_norm and spectral_norm do"
        elif more:
            told[module] = f"{name} has {', '.join(sorted(more))} beside its weights"
    return told


def _lent(model: nn.Module, input_shape: tuple[int, int, int]) -> dict[nn.Module, str]:
    """Layers whose weights are used outside of their own forward methods, with what is said of each.

    F.linear(x, layer.weight.t()) is no call of the layer, and torch-pruning does not see it.
    """
    owners: dict[nn.Parameter, nn.Module] = {
        parameter: module
        for module in _sized(model)
        for parameter in module._parameters.values()
        if parameter is not None
    }
    for module in filter(is_torchs, model.modules()):  # it takes the weights out of its layer for the outputs
        owners |= dict.fromkeys(module.parameters(), module)
    names = {module: name for name, module in model.named_modules()}
    running: list[nn.Module] = []
    told: dict[nn.Module, str] = {}

    class Looking(TorchFunctionMode):
        """A mode of torch that notes each function that is called with a parameter."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            for value in (*args, *(kwargs or {}).values()):
                owner = owners.get(value) if isinstance(value, nn.Parameter) else None
                if owner is not None and owner not in running and getattr(func, "__name__", "") != "__get__":
                    told[owner] = f"the weights of {names[owner]} are used outside of it, too"
            return func(*args, **(kwargs or {}))

    hooks = [
        hook
        for module in set(owners.values())
        for hook in (
            module.register_forward_pre_hook(lambda layer, given: running.append(layer)),
            module.register_forward_hook(lambda layer, given, output: running.remove(layer), always_call=True),
        )
    ]
    was_training = model.training
    try:
        with torch.no_grad(), single_layers(), Looking():
            model.eval()(torch.zeros(1, *input_shape))
    except Exception:  # whatever an unknown forward method raises; tracing tells it
        return {}
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return told


class _TooManyError(Exception):
    """A search for the channels of a group has looked at too many places."""


@contextmanager
def _at_most(most: int) -> Iterator[None]:
    """Inside, torch-pruning looks at so many places of channels, and then gives up.

    Where a forward method folds channels and pixels into one another, its search takes hours and all memory. It notes
    each place as one object of a class, which is counted here.

    Raises:
        _TooManyError: there were more.
    """
    plain, made = _helpers._HybridIndex, 0

    class Counted(plain):  # type: ignore[misc, valid-type]
        """A place, counted."""

        __slots__ = ()

        def __new__(cls, idx: int, root_idx: int) -> Any:
            nonlocal made
            made += 1
            if made > most:
                raise _TooManyError
            return plain.__new__(cls, idx, root_idx)

    _helpers._HybridIndex = Counted
    try:
        yield
    finally:
        _helpers._HybridIndex = plain


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
