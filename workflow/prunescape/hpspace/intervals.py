"""Intervals for every number of Tables 4.1 and 4.2, and for what moved between the dense and the pruned landscape.

`measured` is the number that the mean over seeds gives, as in the thesis. Noise makes the best of many cells look
better than it is, so measured regions of interest are too small and measured risks too large; `estimate` and the
interval are of the landscape without noise and need not lie around the measured number.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.config.analysis import Analysis
from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE, Cube
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.hpspace.resampling import Resampled, resample, unwrapped

RISK = ("d_mean", "d_std", "rel_mean", "rel_std", "rel_q3", "loss_at_dense_optimum")
BESIDE_DENSE = ("d_excess", "within_twice")
COLUMNS = [
    *["model", "variant", "metric", "roi", "quantity", "seeds", "confidence"],
    *["measured", "estimate", "low", "high", "defined"],
]
Values = dict[str, np.ndarray]


def of_ellipse(pair: Pair) -> tuple[str, ...]:
    """Names of the quantities of an ellipse."""
    return ("n_cells", *pair.centre, "length", "width", "angle_degrees", "area")


def of_shift(pair: Pair) -> tuple[str, ...]:
    """Names of the quantities that tell an ellipse's difference from the dense network's."""
    return (*pair.shift, "shift", "area_ratio", "turn_degrees")


ELLIPSE, SHIFT = of_ellipse(THESIS), of_shift(THESIS)


def tabulate(cells: pd.DataFrame, axes: Sequence[Mapping[str, Any]] | None = None, **analysis: Any) -> pd.DataFrame:
    """`intervals.csv`, of `cells.csv`, the axes and the config's section `analysis`, all of it."""
    compared, chosen = of_grid(cells), Analysis.model_validate(analysis)
    drawn = resample(compared, Pair.from_json(axes), max(chosen.roi), chosen.draws, chosen.confidence)
    return with_variants(intervals(drawn, chosen), compared)


def intervals(resampled: Sequence[Resampled], analysis: Analysis) -> pd.DataFrame:
    """The table of all intervals, as `intervals.csv` has it.

    Args:
        resampled: measured landscapes and draws.
        analysis: the config's section.

    Returns:
        One row a model, variant, metric, roi (in points) and quantity, with the confidence of its interval: those of
        `ellipses.csv` with the area (square decades or steps); of `risk.csv` with what the dense network's best cell
        costs (points); and how far the centre
        moved (decades or steps), by what the area is multiplied, and by how much the long axis turned (degrees) from
        the dense network's. `defined` is the part of the draws that have the quantity: an ellipse needs
        `minimum_cells`.
    """
    rows = [row for one in resampled for row in _of_ellipses(one, analysis)]
    rows += [row for one in resampled for row in _of_risks(one, analysis.risk_roi)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_ellipses(one: Resampled, analysis: Analysis) -> Iterator[dict[str, Any]]:
    for roi in analysis.roi:
        measured = ellipses_of(one.cube.means, one.cube, roi, analysis)
        drawn = None if one.draws is None else ellipses_of(one.draws, one.cube, roi, analysis)
        for place, variant in enumerate(one.cube.variants):
            mine = {name: values[place] for name, values in measured.items()}
            theirs = None if drawn is None else {name: values[place] for name, values in drawn.items()}
            moved = () if variant == DENSE else of_shift(one.cube.pair)
            for name in of_ellipse(one.cube.pair) + moved:
                yield _row(one, variant, roi, name, float(mine[name]), None if theirs is None else theirs[name])


def ellipses_of(f: np.ndarray, cube: Cube, roi: float, analysis: Analysis) -> Values:
    """Quantities of the ellipses of landscapes (V, ..., N) and of their shifts, each (V, ...)."""
    region = functionals.regions(f, roi)
    fitted = functionals.ellipses(region, cube.places, analysis.sigma, analysis.minimum_cells, cube.pair)
    return fitted | functionals.shifts({name: values[:1] for name, values in fitted.items()}, fitted, cube.pair)


def _of_risks(one: Resampled, roi: float) -> Iterator[dict[str, Any]]:
    dense = one.cube.means[0]
    for place, variant in enumerate(one.cube.variants):
        measured = functionals.risks(dense, one.cube.means[place], roi)
        drawn = None if one.draws is None else functionals.risks(dense, one.draws[place], roi)
        measured |= functionals.beside_dense(dense, dense, one.cube.means[place], roi)
        if drawn is not None and one.draws is not None:
            drawn |= functionals.beside_dense(dense, one.draws[0], one.draws[place], roi)
        for name in RISK + BESIDE_DENSE:
            yield _row(one, variant, roi, name, float(measured[name]), None if drawn is None else drawn[name])


def _row(
    one: Resampled, variant: str, roi: float, name: str, measured: float, drawn: np.ndarray | None
) -> dict[str, Any]:
    if drawn is not None and name in ("angle_degrees", "turn_degrees"):
        drawn = unwrapped(drawn)
        measured = (
            float(unwrapped(np.array([measured]), float(np.nanmedian(drawn)))[0])
            if np.isfinite(drawn).any()
            else measured
        )
    defined = np.nan if drawn is None else float(np.isfinite(drawn).mean())
    row = {**one.labels(variant), "roi": roi, "quantity": name, "seeds": one.cube.seeds, "measured": measured}
    row |= {"confidence": one.confidence}
    return {**row, **one.summary(drawn), "defined": defined}
