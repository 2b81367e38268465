"""What exploring chose, by method. Light: claims read it, and so do the experiments that confirm it."""

from collections.abc import Mapping
from typing import Any

from prunescape.pruning.settings import WAYS


def of_method(best: Mapping[str, Any], method: str) -> tuple[float, float]:
    """The chosen pruning rate and noise of a method, gamma and sigma; those of magnitude where it has none of its own.

    Args:
        best: what `prunescape.stochastic.statistics.choose_cells` gives.
        method: how weights are chosen, a key of `prunescape.pruning.settings.WAYS`, or "recalibrated".
    """
    own = best["of"].get(method, best)
    return rate(method, own["gamma"]), own["sigma"]


def rate(method: str, gamma: float) -> float:
    """The pruning rate of a method where `gamma` is asked for; see `prunescape.pruning.settings.Way.rate`."""
    return WAYS[method].rate(gamma) if method in WAYS else gamma
