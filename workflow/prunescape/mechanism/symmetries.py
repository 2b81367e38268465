"""Permutations of channels that leave a network's outputs as they are, and those that bring two networks together.

Two trained networks may lie in unlike basins for no other reason than that their channels stand in another order. So
one is permuted until its channels match the other's (Ainsworth et al., 2023, Git Re-Basin: Merging models modulo
permutation symmetries): by their weights, or by what they do to images. What barrier is left is none of symmetry.

Which channels may change places follows from where they go: two may where they pass the same layers. In a residual
network without weights on its shortcuts, channels of a later stage that an earlier one has passed on stay theirs, and
those that the shortcut fills up with zeros are a group of their own.
"""

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from prunescape.data.randomness import derive_seed
from prunescape.mechanism.labels import BY_ACTIVATIONS, BY_WEIGHTS
from prunescape.models.cifar_resnet import PadShortcut
from prunescape.models.weights import State
from prunescape.training.context import Context
from prunescape.training.evaluate import validation_batches
from prunescape.training.train import Report

FIXED, ZERO = -1, -2  # channels of images and outputs, and those of zeros
SWEEPS = 100  # of coordinate descent, at most; some ten are enough
MATCHED_IMAGES, AT_ONCE = 512, 32  # that activations are compared on
STATISTICS = ("running_mean", "running_var")
RELU = (nn.ReLU, nn.ReLU6)
SAME = (nn.Identity, nn.Dropout, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
ADDITIONS = (operator.add, operator.iadd, torch.add)
Permutations = list[np.ndarray]


class _OtherError(Exception):
    """A network does something that is not followed."""


@dataclass(frozen=True)
class Places:
    """Channels that may change places with each other, and where each stands.

    Attributes:
        of_tensors: by a tensor's name and its axis, (C, M): M positions of each of the C channels there.
        of_nodes: by the name of an operation of the traced network, likewise, in the second axis of its outputs.
    """

    of_tensors: Mapping[tuple[str, int], np.ndarray]
    of_nodes: Mapping[str, np.ndarray]

    @property
    def channels(self) -> int:
        """C."""
        return len(next(iter(self.of_tensors.values())))


class Symmetries:
    """The permutations of channels that leave the outputs of networks of some architecture as they are.

    Attributes:
        groups: of channels that may change places.
    """

    def __init__(self, network: nn.Module, images: torch.Tensor) -> None:
        """Follow the channels of a plain network through all that it does.

        Args:
            network: it is not changed.
            images: a few, (N, C, H, W), on the network's device.

        Raises:
            _OtherError: it does something that is not followed.
        """
        self._graph = _Tracer().trace(network.eval())
        module = fx.GraphModule(network, self._graph)
        with torch.no_grad():
            ShapeProp(module).propagate(images)
        found = _Followed(dict(network.named_modules()))
        for node in self._graph.nodes:
            found.follow(node)
        self.groups = found.groups()

    @classmethod
    def of(cls, network: nn.Module, images: torch.Tensor) -> "Symmetries | None":
        """The symmetries of a plain network; None where it has layers that are not followed, such as attention."""
        try:
            found = cls(network, images)
        except (_OtherError, fx.proxy.TraceError, TypeError, ValueError, RuntimeError, AttributeError):
            return None
        return found if found.groups else None

    def permuted(self, state: Mapping[str, torch.Tensor], permutations: Permutations) -> State:
        """The network of a state dict whose channels stand in another order; its outputs are the same.

        Args:
            state: the network.
            permutations: for each group (C,), at each channel's place the one that comes there.
        """
        changed = dict(state)
        for group, order in zip(self.groups, permutations, strict=True):
            for (name, axis), places in group.of_tensors.items():
                index = np.arange(changed[name].shape[axis])
                index[places] = places[order]
                changed[name] = changed[name].index_select(axis, torch.from_numpy(index).to(changed[name].device))
        return changed

    def by_weights(self, one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor], seed: int) -> Permutations:
        """The order of another network's channels in which its weights are most like one's, by coordinate descent.

        What is maximised is the sum of products of all parameters; group by group in random order, each the best one
        for the others' order, until nothing changes.

        Args:
            one, other: state dicts.
            seed: of the order of groups.
        """
        orders = [np.arange(group.channels) for group in self.groups]
        rng = np.random.default_rng(derive_seed(seed, "order of weight matching"))
        for _ in range(SWEEPS):
            changed = False
            for number in rng.permutation(len(orders)):
                others = [np.arange(len(order)) if at == number else order for at, order in enumerate(orders)]
                now, size = self.permuted(other, others), len(orders[number])
                alike = np.zeros((size, size))
                for (name, axis), places in self.groups[number].of_tensors.items():
                    if name.rpartition(".")[2] not in STATISTICS:
                        alike += _products(one[name], now[name], axis, places)
                best = _assigned(alike, orders[number])
                changed |= not np.array_equal(best, orders[number])
                orders[number] = best
            if not changed:
                break
        return orders

    def by_activations(
        self, one: nn.Module, other: nn.Module, batches: Sequence[tuple[torch.Tensor, torch.Tensor]]
    ) -> Permutations:
        """The order of another network's channels in which they do most alike to images, by their correlations.

        Args:
            one, other: plain networks, on the images' device.
            batches: images and labels, which are not used.
        """
        nodes = {name for group in self.groups for name in group.of_nodes}
        sums: dict[str, _Correlation] = {name: _Correlation() for name in nodes}
        runs = [fx.Interpreter(fx.GraphModule(network.eval(), self._graph)) for network in (one, other)]
        with torch.no_grad():
            for images, _ in batches:
                for run in runs:
                    run.env, run.args_iter = {}, iter([images])
                for node in self._graph.nodes:  # side by side, as what is computed in place is gone thereafter
                    for run in runs:
                        run.env[node] = run.run_node(node)
                    if node.name in nodes:
                        sums[node.name].add(*(run.env[node] for run in runs))
        orders = []
        for group in self.groups:
            alike = np.zeros((group.channels, group.channels))
            for name, places in group.of_nodes.items():
                found = sums[name].coefficients()
                alike += sum(found[np.ix_(places[:, at], places[:, at])] for at in range(places.shape[1]))
            orders.append(_assigned(alike, np.arange(group.channels)))
        return orders


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, PadShortcut) or super().is_leaf_module(module, name)


class _Followed:
    """Where each channel of a traced network goes; those that are added are one and the same."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self._modules = modules
        self._same: list[int] = []  # a channel's number to that of one that it is the same as
        self._channels: dict[str, list[int]] = {}  # of a node's outputs
        self._tensors: dict[tuple[str, int], list[int]] = {}
        self._seen: dict[str, list[int]] = {}  # of nodes whose outputs tell what channels do

    def follow(self, node: fx.Node) -> None:
        """Note the channels of a node's outputs."""
        if node.op == "placeholder":
            self._channels[node.name] = [FIXED] * node.meta["tensor_meta"].shape[1]
            return
        if node.op == "output":
            self._join(self._of(node.args[0]), None)
            return
        inputs = [self._of(argument) for argument in node.args if isinstance(argument, fx.Node)]
        if node.op == "call_module":
            made = self._through(str(node.target), self._modules[str(node.target)], inputs[0], node)
        elif node.target in ADDITIONS and len(inputs) == 2:
            made = self._join(*inputs)
            self._seen[node.name] = made
        elif node.target in (F.relu, torch.relu, F.relu6):
            made = self._seen[node.name] = inputs[0]
        elif node.target in ("mean", torch.mean, F.adaptive_avg_pool2d, F.avg_pool2d, F.max_pool2d):
            made = inputs[0]
        elif node.target in (torch.flatten, "flatten"):
            made = self._flat(node, inputs[0])
        else:
            raise _OtherError
        if len(made) != node.meta["tensor_meta"].shape[1]:
            raise _OtherError
        self._channels[node.name] = made

    def groups(self) -> list[Places]:
        """The channels that may change places: those that stand in the same tensors, equally often."""
        where: dict[int, dict[tuple[str, int], list[int]]] = {}
        for key, channels in self._tensors.items():
            for place, channel in enumerate(channels):
                where.setdefault(self._root(channel), {}).setdefault(key, []).append(place)
        alike: dict[Any, list[int]] = {}
        for channel, places in where.items():
            if channel >= 0:
                alike.setdefault(tuple((key, len(at)) for key, at in sorted(places.items())), []).append(channel)
        found = []
        for members in (members for members in alike.values() if len(members) > 1):
            tensors = {key: np.array([where[one][key] for one in members]) for key in where[members[0]]}
            nodes = {}
            for name, channels in self._seen.items():
                roots = [self._root(channel) for channel in channels]
                at = [[place for place, root in enumerate(roots) if root == one] for one in members]
                if at[0]:
                    nodes[name] = np.array(at)
            found.append(Places(tensors, nodes))
        return found

    def _of(self, node: Any) -> list[int]:
        return self._channels[node.name]

    def _root(self, channel: int) -> int:
        while channel >= 0 and self._same[channel] != channel:
            channel = self._same[channel]
        return channel

    def _join(self, one: list[int], other: list[int] | None) -> list[int]:
        """Channels that are added are the same; those that are added to nothing stay, and outputs (None) are fixed."""
        joined = []
        for a, b in zip(one, [FIXED] * len(one) if other is None else other, strict=True):
            first, second = self._root(a), self._root(b)
            if ZERO not in (first, second) and first != second:
                first, second = max(first, second), min(first, second)
                self._same[first] = second  # a fixed one remains
            joined.append(second if first == ZERO else first)
        return [self._root(channel) for channel in joined]

    def _fresh(self, count: int) -> list[int]:
        start = len(self._same)
        self._same += range(start, start + count)
        return list(range(start, start + count))

    def _flat(self, node: fx.Node, channels: list[int]) -> list[int]:
        pixels = node.meta["tensor_meta"].shape[1] // len(channels)
        return [channel for channel in channels for _ in range(pixels)]

    def _through(self, name: str, module: nn.Module, channels: list[int], node: fx.Node) -> list[int]:
        """The channels that a module makes of its inputs'."""
        if isinstance(module, PadShortcut):
            before = module.extra_channels // 2
            return [ZERO] * before + channels + [ZERO] * (module.extra_channels - before)
        if isinstance(module, nn.BatchNorm2d):
            for tensor in ("weight", "bias", *STATISTICS):
                self._tensors[f"{name}.{tensor}", 0] = channels
            self._seen[node.name] = channels
            return channels
        if isinstance(module, RELU):
            self._seen[node.name] = channels
            return channels
        if isinstance(module, SAME):
            return channels
        if isinstance(module, nn.Flatten):
            return self._flat(node, channels)
        if not isinstance(module, nn.Conv2d | nn.Linear):
            raise _OtherError
        groups = module.groups if isinstance(module, nn.Conv2d) else 1
        if groups == 1:
            self._tensors[f"{name}.weight", 1] = channels
            channels = self._fresh(module.weight.shape[0])
        elif not groups == len(channels) == module.weight.shape[0]:  # depthwise, which keeps channels apart
            raise _OtherError
        for tensor in ("weight", "bias") if module.bias is not None else ("weight",):
            self._tensors[f"{name}.{tensor}", 0] = channels
        return channels


class _Correlation:
    """Correlations of the channels of two networks over all pixels of images, batch by batch."""

    def __init__(self) -> None:
        self._parts: list[torch.Tensor] = []

    def add(self, one: torch.Tensor, other: torch.Tensor) -> None:
        """Take in outputs of both, (N, C, ...)."""
        rows = torch.cat([one, other], 1).transpose(0, 1).flatten(1).double()
        rows = torch.cat([rows, torch.ones_like(rows[:1])])
        part = (rows @ rows.T).cpu()
        self._parts = [part + before for before in self._parts] or [part]

    def coefficients(self) -> np.ndarray:
        """(C, C), of one's channels with the other's; 0 of channels that do not vary."""
        (sums,) = self._parts
        total, means = float(sums[-1, -1]), (sums[-1, :-1] / sums[-1, -1]).numpy()
        covariance = sums[:-1, :-1].numpy() / total - np.outer(means, means)
        spread = np.sqrt(np.clip(np.diag(covariance), 0, None))
        channels = len(means) // 2
        scale = np.outer(spread[:channels], spread[channels:])
        return np.where(scale > 1e-12, covariance[:channels, channels:] / np.where(scale > 1e-12, scale, 1.0), 0.0)


def _products(one: torch.Tensor, other: torch.Tensor, axis: int, places: np.ndarray) -> np.ndarray:
    """Scalar products of what belongs to each channel in two tensors, (C, C)."""
    parts = [
        tensor.detach().cpu().double().movedim(axis, 0)[torch.from_numpy(places)].flatten(1) for tensor in (one, other)
    ]
    return (parts[0] @ parts[1].T).numpy()


def _assigned(alike: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The order in which channels are most alike; the one there is, where no other is better."""
    _, order = linear_sum_assignment(alike, maximize=True)
    rows = np.arange(len(order))
    gain, size = alike[rows, order].sum() - alike[rows, now].sum(), np.abs(alike).max()
    return np.asarray(order) if gain > 1e-9 * len(order) * size else now  # but for rounding


def matched(
    context: Context, networks: Mapping[int, State], report: Report
) -> Iterator[tuple[str, int, int, tuple[State, State]]]:
    """Pretrained networks of unlike seeds in pairs, the second one's channels in the order that suits the first.

    Args:
        context: what their activations are measured on, training images.
        networks: W* by seed.

    Yields:
        How they were matched (see `prunescape.mechanism.labels.MATCHED`), both seeds, and both networks; nothing for
        an architecture whose channels are not followed.
    """
    engine = context.engine
    batches = [
        (images[start : start + AT_ONCE], labels[start : start + AT_ONCE])
        for images, labels in validation_batches(context.data, engine, "train")
        for start in range(0, len(images), AT_ONCE)
    ][: MATCHED_IMAGES // AT_ONCE]
    plain = {seed: context.network(state).to(engine.device, engine.dtype) for seed, state in networks.items()}
    symmetries = Symmetries.of(next(iter(plain.values())), batches[0][0][:2])
    if symmetries is None:
        report("channels of this network are not followed, so none are matched")
        return
    for one, other in combinations(networks, 2):
        pair = networks[one], networks[other]
        orders = {
            BY_WEIGHTS: symmetries.by_weights(*pair, context.seed),
            BY_ACTIVATIONS: symmetries.by_activations(plain[one], plain[other], batches),
        }
        for name, order in orders.items():
            yield name, one, other, (pair[0], symmetries.permuted(pair[1], order))
