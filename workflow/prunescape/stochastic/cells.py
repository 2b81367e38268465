"""The cell, pruning rate and noise, of the experiments at one setting (SP paper, Table I: "parameters as")."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from prunescape.pruning.score_names import MAGNITUDE
from prunescape.stochastic.names import STOCHASTIC
from prunescape.stochastic.statistics import best_cells, seed_intervals

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
