"""Structured pruning to a target of FLOPs, parameters or latency, inside residual blocks (thesis, section 3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
from prunescape.pruning.prunable import Channels, Prunable, as_prunable, check_count
from prunescape.pruning.settings import FLOPS, LATENCY, TARGETS, PruningSettings
from prunescape.pruning.widths import non_uniform_path, non_uniform_widths, uniform_path, uniform_widths

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
    network = as_prunable(model, architecture)
    channels, scores = network.channels, network.scores(settings)
    asked = _Asked(method, ratio, architecture, settings, start)
    if settings.target == LATENCY:
        chosen = _by_latency(asked, network, scores, stopwatch or Stopwatch(settings.clock))
    else:
        chosen = _by_cost(asked, network.cost(settings.target), scores)
    if start.weights is not None:
        network = as_prunable(start.weights, architecture)
    pruned = network.cut(_weakest(scores, chosen.widths))
    assert pruned.flops is not None
    if chosen.cost is not None:
        counted = pruned.flops if settings.target == FLOPS else count_parameters(network.model)
        check_count(counted, chosen.cost.total(chosen.widths), chosen.cost.unit, architecture)
    left_whole = tuple(name for name, width in chosen.widths.items() if width == len(scores[name]))
    return Pruned(network.model, pruned, pruned.flops, chosen.ratio, left_whole, channels, chosen.latency)


class _Asked(NamedTuple):
    """What is asked for; see `prune`."""

    method: str
    ratio: float
    architecture: Architecture
    settings: PruningSettings
    start: Start

    @property
    def dense(self) -> Architecture:
        """The architecture that the ratio is a part of."""
        return self.architecture if self.start.dense is None else self.start.dense


class _Chosen(NamedTuple):
    """Units that each group keeps, the ratio that they come to; and what tells it: a count, or a measurement."""

    widths: Mapping[str, int]
    ratio: float
    cost: Cost | None = None
    latency: Mapping[str, Any] | None = None


def _by_cost(asked: _Asked, cost: Cost, scores: Mapping[str, torch.Tensor]) -> _Chosen:
    """By FLOPs or parameters."""
    whole, settings = _whole(asked, cost), asked.settings
    target, least = asked.ratio * whole, settings.minimum_channels
    if asked.method == "uniform":
        widths = uniform_widths(cost, target, least, whole)
    else:
        tolerance = settings.tolerance_points / 100 * whole
        widths = non_uniform_widths(cost, _comparable(scores, settings), target, tolerance, least, whole)
    chosen = _Chosen(widths, cost.total(widths) / whole, cost)
    if asked.start.exact:
        _check(asked, cost, chosen, whole)
    return chosen


def _whole(asked: _Asked, cost: Cost) -> float:
    """The dense network's FLOPs or parameters."""
    if asked.start.dense is None:
        return cost.total(cost.dense)
    model = build(asked.dense)
    return count_flops(model, asked.dense.input_shape) if cost.unit == TARGETS[FLOPS] else count_parameters(model)


def _weakest(scores: Mapping[str, torch.Tensor], widths: Mapping[str, int]) -> Channels:
    """The units that go, for so many to stay."""
    return {
        name: torch.argsort(values, stable=True)[: len(values) - widths[name]].tolist()
        for name, values in scores.items()
    }


def _comparable(scores: Mapping[str, torch.Tensor], settings: PruningSettings) -> dict[str, torch.Tensor]:
    """Scores that may be ranked over all layers; LAMP is a share of the layer already."""
    alike = settings.normalise == "mean" and settings.criterion != LAMP
    return {group: values / values.mean() if alike else values for group, values in scores.items()}


def _by_latency(asked: _Asked, network: Prunable, scores: Mapping[str, torch.Tensor], stopwatch: Stopwatch) -> _Chosen:
    """By measuring."""
    least, method, architecture = asked.settings.minimum_channels, asked.method, asked.architecture
    if method == "uniform":
        path = uniform_path({name: len(values) for name, values in scores.items()}, least)
    else:
        path = non_uniform_path(_comparable(scores, asked.settings), least)

    def candidate(widths: Mapping[str, int]) -> nn.Module:
        other = network.sibling()
        other.cut(_weakest(scores, widths))
        return other.model

    question = [method, architecture.to_json(), asked.dense.to_json(), [list(widths.values()) for widths in path]]
    shape, label = architecture.input_shape, f"{method}-{asked.ratio:g}"
    found = stopwatch.search(path, candidate, build(asked.dense), shape, asked.ratio, label, question)
    if asked.start.exact:
        _check_latency(asked, found)
    return _Chosen(found.widths, found.ratio, latency=found.record)


def _check(asked: _Asked, cost: Cost, chosen: _Chosen, whole: float) -> None:
    """A miss is an error, not a warning: landscapes of networks of unlike cost must not be compared unawares."""
    method, ratio, widths = asked.method, asked.ratio, chosen.widths
    if method == "uniform":
        allowed, what = max(cost.step(widths, group) for group in widths) / whole, "one channel"
        before = cost.total(cost.dense)
        here = ratio if before == whole else ratio * whole / before
        left_whole = [group for group, width in widths.items() if width == cost.dense[group]]
        stuck = [group for group in left_whole if cost.dense[group] * (1 - here) >= 2]
        if stuck:
            raise UserError(f"uniform pruning to {ratio:g} left {', '.join(stuck)} whole; choose a smaller ratio")
    else:
        allowed, what = asked.settings.tolerance_points / 100, "pruning.tolerance_points"
    if not ratio - allowed <= chosen.ratio <= ratio:
        raise UserError(
            f"{method} pruning to {ratio:g} of the {cost.unit} comes no nearer than {chosen.ratio:.5f}, and {what}"
            f" allows {100 * allowed:.2f} points; ask for {chosen.ratio + 5e-6:.5f} instead, or raise"
            " pruning.tolerance_points"
        )


def _check_latency(asked: _Asked, found: Found) -> None:
    allowed = asked.settings.clock.tolerance_points
    if found.ratio < asked.ratio - allowed / 100:
        raise UserError(
            f"{asked.method} pruning to {asked.ratio:g} of the latency comes no nearer than {found.ratio:.3f} (it falls"
            f" in steps, and busy machines blur it); ask for {found.ratio:.2f} instead, or raise"
            f" pruning.latency.tolerance_points above {allowed:g}"
        )
