"""Draws of a model's landscapes, and intervals from them: what all error bars of the main job come from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from prunescape.data.randomness import derive_seed
from prunescape.hpspace.cube import Cube, cubes
from prunescape.hpspace.landscape import metrics_of
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.surface import landscapes


@dataclass(frozen=True)
class Resampled:
    """A model's measured landscapes beside draws of what they are without noise.

    Attributes:
        model, metric: whose.
        cube: the trainings.
        draws: landscapes, (V, B, N); None with one seed, which says nothing of noise.
        confidence: of intervals.
    """

    model: str
    metric: str
    cube: Cube
    draws: np.ndarray | None
    confidence: float

    def labels(self, variant: str) -> dict[str, str]:
        """Model, metric and other first columns of a table's rows."""
        return {"model": self.model, "variant": variant, "metric": self.metric}

    def summary(self, drawn: np.ndarray | None) -> dict[str, float]:
        """Median and interval of draws, as `summary` gives them, at the confidence of this analysis."""
        return summary(drawn, self.confidence, self.degrees)

    @property
    def degrees(self) -> int:
        """Degrees of freedom that the noise, pooled over variants, is estimated with."""
        return (self.cube.seeds - 1) * len(self.cube.variants)


def resample(cells: pd.DataFrame, pair: Pair, widest: float, draws: int, confidence: float) -> list[Resampled]:
    """Measured landscapes and draws of every model and metric; equal cells give equal draws.

    Args:
        cells: `cells.csv`.
        pair: the axes.
        widest: of the regions of interest, in points.
        draws: of each landscape, B.
        confidence: of intervals.
    """
    result = []
    for metric in metrics_of(cells):
        for model, cube in cubes(cells, metric, pair).items():
            random = np.random.default_rng(derive_seed(0, f"landscapes of {model}, {metric}"))
            drawn = None
            if cube.seeds > 1:
                drawn = landscapes(cube.values, cube.decades, widest, draws, random)
            result.append(Resampled(model, metric, cube, drawn, confidence))
    return result


def summary(drawn: np.ndarray | None, confidence: float, degrees: float) -> dict[str, float]:
    """Median and equal-tailed interval of draws (B) as estimate, low and high; NaN where there are none.

    The draws take the noise as known. That it is estimated, too, Student's t allows for: its quantile, in standard
    deviations of a Gaussian, says how far into the tails of the draws the interval reaches.

    Args:
        drawn: draws; those that are NaN, ellipses of too few cells, are left out.
        confidence: of the interval.
        degrees: of freedom of the noise.
    """
    known = np.empty(0) if drawn is None else drawn[np.isfinite(drawn)]
    if not len(known):
        return dict.fromkeys(("estimate", "low", "high"), np.nan)
    tail = float(norm.sf(t.isf((1 - confidence) / 2, degrees)))
    values = np.quantile(known, [0.5, tail, 1 - tail])
    return dict(zip(("estimate", "low", "high"), map(float, values), strict=True))


def unwrapped(degrees: np.ndarray, around: float | None = None) -> np.ndarray:
    """Directions of axes (B) within 90 degrees of their mean direction or of `around`, so that they can be ordered."""
    if around is None:
        known = degrees[np.isfinite(degrees)]
        around = float(np.degrees(np.angle(np.exp(2j * np.radians(known)).sum()))) / 2 if len(known) else 0.0
    return np.asarray((degrees - around + 90) % 180 - 90 + around)
