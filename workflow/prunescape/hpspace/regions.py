"""Regions of interest, estimated from few trainings: where they lie and how far they have moved, with intervals.

Landscapes are drawn from the surrogate, and each one has its region and ellipse. The surrogate takes landscapes to vary
alike everywhere and its values as known, so that such intervals are too narrow; they reach as far into the tails of the
draws as Student's t with few degrees of freedom. On landscapes whose truth is known, the centre of an ellipse and how
far it moved then lie inside as often as they should (docs/statistics.md, "Regions from few trainings"). Its length, its
width, its turn, its area, the number of cells and the risk do not: they need the grid.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.hpspace import functionals
from prunescape.hpspace.cells import all_batches, of_grid, with_variants
from prunescape.hpspace.choice import METRIC
from prunescape.hpspace.exploration import draws
from prunescape.hpspace.explored import explored
from prunescape.hpspace.landscape import places
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.questions import DENSE
from prunescape.hpspace.resampling import summary
from prunescape.hpspace.surrogate import Surrogate, expanded

DEGREES = 4  # of freedom, chosen on other landscapes than those that the coverage is told of
DRAWS = 1000
DEFINED = 0.8  # the part of the draws that must have an ellipse
COLUMNS = [
    *["model", "variant", "metric", "roi", "quantity", "trainings", "confidence", "estimate", "low", "high", "defined"]
]


def tabulate(
    cells: pd.DataFrame,
    stopped: pd.DataFrame,
    roi: Sequence[float],
    sigma: float,
    minimum_cells: int,
    confidence: float,
    spaces: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """`estimates.csv`, of the trainings of all models.

    Args:
        cells, stopped: trainings to the end, and those that were stopped.
        roi, sigma, minimum_cells: see `prunescape.hpspace.ellipse.ellipses`.
        confidence: of intervals.
        spaces: of each model, see `prunescape.hpspace.explored.explored`.
    """
    trained = all_batches(of_grid(cells), of_grid(stopped) if len(stopped) else stopped)
    rows = []
    for model, mine in trained.groupby("model", sort=False):
        known, pair = explored(mine, spaces[str(model)]), Pair.from_json(spaces[str(model)].get("axes"))
        assert known.surrogate is not None
        taken = mine.groupby("variant").size()
        for threshold in roi:
            at = places(pd.DataFrame([known.lattice.named(known.cell(of)) for of in range(len(known.cells))]), pair)
            found = estimates(known.surrogate, at, threshold, sigma, minimum_cells, pair, known.networks)
            for (variant, quantity), drawn in found.items():
                defined = float(np.isfinite(drawn).mean())
                bounds = summary(drawn if defined >= DEFINED else None, confidence, DEGREES)
                names = {"model": model, "variant": variant, "metric": METRIC, "roi": threshold, "quantity": quantity}
                rows.append({**names, "trainings": taken[variant], "confidence": confidence, **bounds})
                rows[-1]["defined"] = defined
    return with_variants(pd.DataFrame(rows, columns=COLUMNS), of_grid(cells))


def estimates(
    surrogate: Surrogate,
    at: np.ndarray,
    threshold: float,
    sigma: float,
    minimum_cells: int,
    pair: Pair,
    networks: Sequence[str],
) -> dict[tuple[str, str], np.ndarray]:
    """Draws of what is told of a region of interest, by network and quantity, each (DRAWS,); NaN without an ellipse.

    Args:
        surrogate: of all networks.
        at: the places of all cells, see `prunescape.hpspace.landscape.places`.
        threshold: of the region, in points.
        sigma, minimum_cells, pair: see `prunescape.hpspace.functionals.ellipses`.
        networks: their names, in order.
    """
    numbers = np.random.default_rng(0).standard_normal((len(networks), DRAWS, len(at)))
    shapes = {}
    for number, name in enumerate(networks):
        region = functionals.regions(expanded(draws(surrogate, number, numbers[number])), threshold)
        shapes[name] = functionals.ellipses(region, at, sigma, minimum_cells, pair)
    found: dict[tuple[str, str], np.ndarray] = {}
    for name in networks:
        told = {of: shapes[name][of] for of in pair.centre}
        if name != DENSE and DENSE in shapes:
            moved = functionals.shifts(shapes[DENSE], shapes[name], pair)
            told |= {of: moved[of] for of in pair.shift}
        found |= {(name, of): values for of, values in told.items()}
    return found
