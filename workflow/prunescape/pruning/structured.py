"""Structured pruning to a target of FLOPs, parameters or latency (thesis, section 3.2): of a network, or of files."""

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import torch
from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.io.files import read_json, write_json
from prunescape.models.architecture import Architecture
from prunescape.models.attention import FewerHeads
from prunescape.models.build import build
from prunescape.models.flops import count_flops, count_parameters
from prunescape.models.weights import load_weights, save_weights
from prunescape.pruning.criteria import TAYLOR, add_gradients, unit_scores
from prunescape.pruning.graph import Graph
from prunescape.pruning.latency import Stopwatch, Widths
from prunescape.pruning.settings import FLOPS, LATENCY, TARGETS, PruningSettings
from prunescape.pruning.silenced import compared_cut
from prunescape.pruning.widths import (
    Cost,
    Scores,
    Target,
    flops_cost,
    parameters_cost,
    widths_by_cost,
    widths_by_latency,
)
from prunescape.runtime.torchvision_compat import torchvision  # noqa: F401  (ptflops imports it)

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Pruned:
    """A pruned network.

    Attributes:
        model: it, with the remaining weights.
        architecture: how to build it again.
        flops: counted on the network as built from `architecture`.
        ratio: its FLOPs, parameters or latency, whatever the target is, over the dense network's.
        widths: channels of every group.
        dense: channels of every group before.
        latency: what was measured, where that is the target.
    """

    model: nn.Module
    architecture: Architecture
    flops: int
    ratio: float
    widths: Mapping[str, int]
    dense: Mapping[str, int]
    latency: Mapping[str, Any] | None = None

    @property
    def whole(self) -> tuple[str, ...]:
        """Groups that kept every channel."""
        return tuple(name for name, width in self.widths.items() if width == self.dense[name])


def prune(
    model: nn.Module,
    architecture: Architecture,
    method: str,
    ratio: float,
    settings: PruningSettings,
    data: PreparedData | None = None,
    *,
    dense: Architecture | None = None,
    rewound: nn.Module | None = None,
    exact: bool = True,
    untrained: bool = False,
    stopwatch: Stopwatch | None = None,
) -> Pruned:
    """Prune a network to `ratio` of the dense network's FLOPs, parameters or latency, in place.

    Args:
        model: the network, whose weights tell which channels go.
        method: "uniform" (the same share in every layer) or "non_uniform" (one ranking over all layers).
        ratio: F_pruned / F_original, in (0, 1), or of what else is the target.
        settings: ranking, target and tolerance.
        data: whose training images the criterion "taylor" needs.
        dense: the architecture that ratios are parts of, where the network has been pruned before; None, its own.
        rewound: another network of the same architecture, cut in its place: the weights that are gone back to.
        exact: whether it is an error to miss the ratio; it is none on the way to another ratio.
        untrained: whether running statistics of batch norm say nothing yet.
        stopwatch: measures latency, where that is the target; None measures it and keeps nothing.

    Raises:
        UserError: the ratio cannot be met closely enough; the message names the nearest one that can.
    """
    if settings.criterion == TAYLOR:
        if data is None:
            raise ValueError("the criterion taylor needs data")
        add_gradients(model, data, untrained)
    graph = Graph(model, architecture)
    groups, scores = graph.some_groups(), unit_scores(graph, settings)
    target = Target(method, ratio, settings, dense or architecture, exact)
    cost = None
    if settings.target == LATENCY:
        watch = stopwatch or Stopwatch(settings.clock)
        solution = widths_by_latency(
            target, architecture, scores, watch, lambda widths: _copy_cut(graph, scores, widths)
        )
    else:
        cost = _cost(graph, settings)
        whole = cost.total(cost.dense) if dense is None else _count(build(dense), dense, settings)
        solution = widths_by_cost(target, cost, scores, whole)
    if rewound is not None:
        graph = Graph(rewound, architecture)
    pruned = _cut(graph, scores, solution.widths)
    assert pruned.flops is not None
    if cost is not None:
        counted, meant = _count(graph.model, pruned, settings), cost.total(solution.widths)
        if counted != meant:
            raise UserError(
                f"{pruned.target}: {counted} {cost.unit} once pruned, and {meant} were meant; its forward method does"
                " something that depends on the number of channels"
            )
    widths = {group.root: group.unit * solution.widths[group.root] for group in groups}
    before = {group.root: group.channels for group in groups}
    return Pruned(graph.model, pruned, pruned.flops, solution.ratio, widths, before, solution.record)


def _cost(graph: Graph, settings: PruningSettings) -> Cost:
    if settings.target == FLOPS:
        return flops_cost(graph.model, graph.groups, graph.architecture.input_shape)
    return parameters_cost(graph.model, graph.groups)


def _count(model: nn.Module, architecture: Architecture, settings: PruningSettings) -> int:
    """FLOPs or parameters of a network."""
    return count_flops(model, architecture.input_shape) if settings.target == FLOPS else count_parameters(model)


def _copy_cut(graph: Graph, scores: Scores, widths: Widths) -> nn.Module:
    """A copy of the network with so many units."""
    other = Graph(copy.deepcopy(graph.model), graph.architecture)
    _cut(other, scores, widths)
    return other.model


def _cut(graph: Graph, scores: Scores, widths: Widths) -> Architecture:
    """Remove the weakest units, for so many to stay; of the networks of the catalogue each is compared by a test."""
    removed = {
        name: torch.argsort(values, stable=True)[: len(values) - widths[name]].tolist()
        for name, values in scores.items()
    }
    return graph.cut(removed) if graph.architecture.origin is None else compared_cut(graph, removed)


@dataclass(frozen=True)
class PruningInput:
    """The network to prune: its files, and what happened to it before.

    Attributes:
        architecture: of the network that tells which channels go.
        weights: its file; None takes the initial weights of `seed`.
        seed: of the study, where nothing is trained before pruning.
        dense: the dense network's architecture, where this network has been pruned before ...
        previous: ... and the record of that.
        rewound: weights that are cut instead, those that are gone back to.
        exact: whether it is an error to miss the ratio.
        saved: the folder that keeps widths found by latency.
    """

    architecture: Architecture
    weights: Path | None
    seed: int = 0
    dense: Architecture | None = None
    previous: Path | None = None
    rewound: Path | None = None
    exact: bool = True
    saved: Path | None = None

    def network(self) -> nn.Module:
        """The network that tells which channels go.

        Raises:
            UserError: its file is damaged, or holds NaNs and so nothing to rank.
        """
        if self.weights is None:
            return build(self.architecture, derive_seed(self.seed, "initialisation"))
        network = load_weights(self.weights, build(self.architecture))
        if any(parameter.isnan().any() for parameter in network.parameters()):
            what = "dense" if self.dense is None else "pruned"
            raise UserError(f"{self.weights}: the {what} network diverged at the prior; choose a smaller learning rate")
        return network


def prune_checkpoint(
    source: PruningInput,
    method: str,
    ratio: float,
    settings: PruningSettings,
    *,
    architecture_path: Path,
    weights_path: Path,
    record_path: Path,
    report: Callable[[str], None],
    data: PreparedData | None = None,
) -> None:
    """Prune a network and write architecture, remaining weights and a record.

    The record has FLOPs and parameters of the dense and the pruned network, the achieved ratio, the ratio of FLOPs as
    ptflops counts it (it also counts batch norm, activations and pooling), and the widths of both; and what the target
    is, where it is not FLOPs, with what was measured.

    Raises:
        UserError: the ratio cannot be met, or the network has diverged.
    """
    network, architecture = source.network(), source.dense or source.architecture
    dense = build(architecture)
    record: dict[str, Any] = {
        "method": method,
        "target_ratio": ratio,
        "dense_flops": count_flops(dense, architecture.input_shape),
        "dense_params": count_parameters(dense),
    }
    dense_macs = _ptflops_macs(dense, architecture)

    stopwatch = Stopwatch(settings.clock, None if source.saved is None else FilePath(source.saved))
    pruned = prune(
        network,
        source.architecture,
        method,
        ratio,
        settings,
        data,
        dense=source.dense,
        rewound=None if source.rewound is None else load_weights(source.rewound, build(source.architecture)),
        exact=source.exact,
        untrained=source.weights is None,
        stopwatch=stopwatch,
    )
    before = {} if source.previous is None else read_json(source.previous)
    channels = before.get("dense_channels", pruned.dense)
    widths = {**before.get("channels", {}), **pruned.widths}
    whole = [name for name, width in widths.items() if width == channels[name]]
    record |= {
        "flops": pruned.flops,
        "params": count_parameters(pruned.model),
        "achieved_ratio": pruned.ratio,
        "achieved_ratio_ptflops": _share(_ptflops_macs(pruned.model, architecture), dense_macs),
        "dense_channels": dict(channels),
        "channels": widths,
        "left_whole": whole,
    }
    if settings.target != FLOPS:
        record |= {"target": settings.target, **({"latency": dict(pruned.latency)} if pruned.latency else {})}
    report(f"{method} {ratio:g}: {pruned.ratio:.5f} of the {TARGETS[settings.target]} remain")
    if whole:
        report(f"layers that kept every channel: {', '.join(whole)}")
    save_weights(weights_path, pruned.model.state_dict())
    write_json(record_path, record)
    pruned.architecture.save(architecture_path)


def _ptflops_macs(model: Any, architecture: Architecture) -> float | None:
    """Multiply-accumulates as ptflops counts them; None where it cannot count an imported network."""
    from ptflops import get_model_complexity_info

    if any(isinstance(module, FewerHeads) for module in model.modules()):
        return None  # it knows torch's attention with all heads only
    was_training = model.training
    try:
        macs, _ = get_model_complexity_info(
            model.eval(),
            architecture.input_shape,
            as_strings=False,
            print_per_layer_stat=False,
            backend="pytorch",
        )
    except Exception:
        if architecture.origin is None:
            raise
        return None
    finally:
        model.train(was_training)
    return None if macs is None else float(macs)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
