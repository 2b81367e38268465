"""Structured pruning to a target of FLOPs, parameters or latency, inside residual blocks (thesis, section 3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.flops import count_flops, count_parameters
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.cost import Cost
from prunescape.pruning.criteria import LAMP, TAYLOR, add_gradients
from prunescape.pruning.latency import Found, Stopwatch
from prunescape.pruning.prunable import Channels, Prunable, check_count, filter_norms, prunable
from prunescape.pruning.settings import FLOPS, LATENCY, TARGETS, PruningSettings
from prunescape.pruning.widths import non_uniform_path, non_uniform_widths, uniform_path, uniform_widths

__all__ = ["METHODS", "Pruned", "PruningSettings", "Start", "filter_norms", "prune"]

METHODS = ("uniform", "non_uniform")


@dataclass(frozen=True)
class Pruned:
    """A pruned network.

    Attributes:
        model: it, with the remaining weights.
        architecture: how to build it again.
        flops: counted on the network as built from `architecture`.
        ratio: its FLOPs, parameters or latency, whatever the target is, over the dense network's.
        whole: groups that kept every channel.
        dense: channels of every group before.
        latency: what was measured, where that is the target.
    """

    model: nn.Module
    architecture: Architecture
    flops: int
    ratio: float
    whole: tuple[str, ...]
    dense: Mapping[str, int]
    latency: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Start:
    """What a network is pruned from, where it is no dense one that is pruned once.

    Attributes:
        dense: the architecture that ratios are parts of, where the network has been pruned before; None, its own.
        weights: another network of the same architecture, cut in place of the one that tells which channels go: the
            weights that are gone back to.
        exact: whether it is an error to miss the ratio; it is none on the way to another ratio.
        untrained: whether running statistics of batch norm say nothing yet.
    """

    dense: Architecture | None = None
    weights: nn.Module | None = None
    exact: bool = True
    untrained: bool = False


def prune(
    model: nn.Module,
    architecture: Architecture,
    method: str,
    ratio: float,
    settings: PruningSettings,
    data: PreparedData | None = None,
    start: Start | None = None,
    stopwatch: Stopwatch | None = None,
) -> Pruned:
    """Prune a network to `ratio` of the dense network's FLOPs, parameters or latency, in place.

    Args:
        model: the dense network, trained; or see `Start`.
        architecture: its architecture.
        method: "uniform" (the same share in every layer) or "non_uniform" (one ranking over all layers).
        ratio: F_pruned / F_original, in (0, 1), or of what else is the target.
        settings: ranking, target and tolerance.
        data: whose training images the criterion "taylor" needs.
        start: what is pruned, if no dense network once.
        stopwatch: measures latency, where that is the target; None measures it and keeps nothing.

    Raises:
        UserError: the ratio cannot be met closely enough; the message names the nearest one that can.
    """
    start = start or Start()
    if settings.criterion == TAYLOR:
        if data is None:
            raise ValueError("the criterion taylor needs data")
        add_gradients(model, data, start.untrained)
    network = prunable(model, architecture)
    scores = network.scores(settings)
    cost = network.cost(FLOPS if settings.target == LATENCY else settings.target)
    found, whole = None, 0.0
    if settings.target == LATENCY:
        watch = stopwatch or Stopwatch(settings.clock)
        found = _measured_widths(network, scores, architecture, method, ratio, settings, start, watch)
        widths = dict(found.widths)
    else:
        whole = _whole(architecture if start.dense is None else start.dense, cost, start)
        widths = _widths(cost, scores, method, ratio * whole, whole, settings)
    removed = {name: _weakest(scores[name], cost.dense[name] - width) for name, width in widths.items()}
    left_whole = tuple(name for name, gone in removed.items() if not gone)
    achieved = found.ratio if found is not None else cost.total(widths) / whole
    if start.exact and found is not None:
        _check_latency(method, ratio, found, settings)
    elif start.exact:
        _check(method, ratio, achieved, cost, widths, settings, left_whole, whole)
    channels, target = network.channels, model
    if start.weights is not None:
        network, target = prunable(start.weights, architecture), start.weights
    pruned = network.cut(removed)
    assert pruned.flops is not None
    if found is None:
        counted = pruned.flops if settings.target == FLOPS else count_parameters(target)
        check_count(counted, cost.total(widths), cost.unit, architecture)
    record = None if found is None else found.record
    return Pruned(target, pruned, pruned.flops, achieved, left_whole, channels, record)


def _whole(dense: Architecture, cost: Cost, start: Start) -> float:
    """The dense network's FLOPs or parameters."""
    if start.dense is None:
        return cost.total(cost.dense)
    model = build(dense)
    return count_flops(model, dense.input_shape) if cost.unit == TARGETS[FLOPS] else count_parameters(model)


def _weakest(scores: torch.Tensor, count: int) -> list[int]:
    return torch.argsort(scores, stable=True)[:count].tolist()


def _comparable(scores: Mapping[str, torch.Tensor], settings: PruningSettings) -> dict[str, torch.Tensor]:
    """Scores that may be ranked over all layers; LAMP is a share of the layer already."""
    alike = settings.normalise == "mean" and settings.criterion != LAMP
    return {group: values / values.mean() if alike else values for group, values in scores.items()}


def _widths(
    cost: Cost, scores: Mapping[str, torch.Tensor], method: str, target: float, whole: float, settings: PruningSettings
) -> dict[str, int]:
    """How many channels each group keeps."""
    if method == "uniform":
        return uniform_widths(cost, target, settings.minimum_channels, whole)
    tolerance, ranked = settings.tolerance_points / 100 * whole, _comparable(scores, settings)
    return non_uniform_widths(cost, ranked, target, tolerance, settings.minimum_channels, whole)


def _measured_widths(
    network: Prunable,
    scores: Mapping[str, torch.Tensor],
    architecture: Architecture,
    method: str,
    ratio: float,
    settings: PruningSettings,
    start: Start,
    stopwatch: Stopwatch,
) -> Found:
    """How many channels each group keeps, by latency."""
    ranked = _comparable(scores, settings)
    if method == "uniform":
        path = uniform_path({name: len(values) for name, values in scores.items()}, settings.minimum_channels)
    else:
        path = non_uniform_path(ranked, settings.minimum_channels)

    def candidate(widths: Mapping[str, int]) -> nn.Module:
        other = network.sibling()
        removed: Channels = {name: _weakest(values, len(values) - widths[name]) for name, values in scores.items()}
        other.cut(removed)
        return other.model

    dense = architecture if start.dense is None else start.dense
    question = [method, architecture.to_json(), dense.to_json(), [list(widths.values()) for widths in path]]
    return stopwatch.search(
        path, candidate, build(dense), architecture.input_shape, ratio, f"{method}-{ratio:g}", question
    )


def _check(
    method: str,
    ratio: float,
    achieved: float,
    cost: Cost,
    widths: dict[str, int],
    settings: PruningSettings,
    left_whole: tuple[str, ...],
    whole: float,
) -> None:
    """A miss is an error, not a warning: landscapes of networks of unlike cost must not be compared unawares."""
    if method == "uniform":
        step = max(cost.step(widths, group) for group in widths) / whole
        allowed, what = step, "one channel"
        before = cost.total(cost.dense)
        here = ratio if before == whole else ratio * whole / before
        stuck = [group for group in left_whole if cost.dense[group] * (1 - here) >= 2]
        if stuck:
            raise UserError(f"uniform pruning to {ratio:g} left {', '.join(stuck)} whole; choose a smaller ratio")
    else:
        allowed, what = settings.tolerance_points / 100, "pruning.tolerance_points"
    if not ratio - allowed <= achieved <= ratio:
        raise UserError(
            f"{method} pruning to {ratio:g} of the {cost.unit} comes no nearer than {achieved:.5f}, and {what} allows"
            f" {100 * allowed:.2f} points; ask for {achieved + 5e-6:.5f} instead, or raise pruning.tolerance_points"
        )


def _check_latency(method: str, ratio: float, found: Found, settings: PruningSettings) -> None:
    allowed = settings.clock.tolerance_points
    if found.ratio < ratio - allowed / 100:
        raise UserError(
            f"{method} pruning to {ratio:g} of the latency comes no nearer than {found.ratio:.3f} (it falls in steps,"
            f" and busy machines blur it); ask for {found.ratio:.2f} instead, or raise"
            f" pruning.latency.tolerance_points above {allowed:g}"
        )
