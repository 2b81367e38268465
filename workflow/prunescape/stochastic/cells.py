"""Which pruning rate and noise the experiments that look at one setting take (SP paper, Table I: "parameters as")."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.statistics import best_cells, seed_intervals
from prunescape.stochastic.variants import DETERMINISTIC, STOCHASTIC, Variant, variants

GRID, CONFIG = "grid", "config"


def choose_cell(grid: pd.DataFrame, fixed: Sequence[float] | None = None) -> dict[str, Any]:
    """A model's best cell: the one with the largest mean gain over seeds, without recalibration; or the one given.

    Args:
        grid: what `evaluate_variants` gives for the grid of one model, for one seed or more.
        fixed: gamma and sigma, if they are not to be chosen.

    Returns:
        gamma, sigma and source ("grid" or "config"), as JSON values.
    """
    if fixed is not None:
        return {"gamma": fixed[0], "sigma": fixed[1], "source": CONFIG}
    intervals = seed_intervals(grid)
    plain = intervals[(intervals["method"] == MAGNITUDE) & ~intervals["recalibrated"].astype(bool)]
    best = best_cells(plain[plain["kind"] == STOCHASTIC]).iloc[0]
    return {"gamma": float(best["gamma"]), "sigma": float(best["sigma"]), "source": GRID}


def variants_of(wanted: Mapping[str, Any], best: Mapping[str, Any] | None = None) -> list[Variant]:
    """The variants that a rule's settings ask for.

    Args:
        wanted: methods, gammas, sigmas, draws and kinds, as `variants` takes them; gammas and sigmas may be None.
        best: the cell that stands in for None.
    """
    filled = dict(wanted)
    for axis, name in (("gammas", "gamma"), ("sigmas", "sigma")):
        if filled[axis] is None:
            assert best is not None
            filled[axis] = [best[name]]
    return variants(**filled)


def tuning_variants(
    methods: Sequence[str], sigmas: Sequence[float], draws: int, best: Mapping[str, Any], gamma: float | None = None
) -> list[Variant]:
    """The variants that are fine-tuned: at one pruning rate all noises, and the best cell (SP paper, Table II, Fig. 8).

    Args:
        methods: how weights are scored.
        sigmas: standard deviations of the noise.
        draws: networks a method and cell.
        best: the best cell, gamma and sigma.
        gamma: the pruning rate at which all noises are tried; None takes that of the best cell.

    Returns:
        For each method the deterministic network of each pruning rate, then the stochastic ones; no variant twice.
    """
    cells = dict.fromkeys([(gamma or best["gamma"], sigma) for sigma in sigmas] + [(best["gamma"], best["sigma"])])
    found = []
    for method in methods:
        found += [Variant(DETERMINISTIC, method, rate) for rate in dict.fromkeys(rate for rate, _ in cells)]
        found += [Variant(STOCHASTIC, method, rate, sigma, draw) for rate, sigma in cells for draw in range(draws)]
    return found
