"""Synthetic landscapes whose truth is known, and what intervals and tests make of their noisy seeds."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from prunescape.config.analysis import Analysis
from prunescape.hpspace import functionals
from prunescape.hpspace.cube import Cube
from prunescape.hpspace.intervals import ELLIPSE, SHIFT, intervals
from prunescape.hpspace.resampling import Resampled
from prunescape.hpspace.surface import landscapes, matern

SIDE = 11
LATTICE = np.stack(np.meshgrid(*[np.arange(SIDE) - SIDE // 2] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
PLACES = np.stack([-2.3 + 0.2 * LATTICE[:, 1], -1 + 0.2 * LATTICE[:, 0]], axis=1)
VARIANTS = ("dense", "uniform-0.6", "uniform-0.2", "non_uniform-0.6", "non_uniform-0.2")
ANALYSIS = Analysis()
# a and c of the flat-topped landscape f = 90 - a r^2 - c max(r - 1, 0)^2
FLAT = {"flat": (0.5, 2.0), "flatter": (0.1, 6.0), "plateau": (0.0, 6.0)}
STATIONARY = ("ridge", "cliff", "rough")  # as the model of landscapes assumes them
KINDS = (*STATIONARY, *FLAT)
NOISE, SHARE, LENGTH = 0.9, 0.4, 2.0  # points; the part that neighbours share; cells: as in the demo
_DISTANCE = squareform(pdist(LATTICE))
_NOISE_ROOT = np.linalg.cholesky(SHARE * matern(_DISTANCE, LENGTH) + (1 - SHARE) * np.eye(SIDE**2))
_ROUGH_ROOT = np.linalg.cholesky(0.25 * matern(_DISTANCE, LENGTH) + 1e-9 * np.eye(SIDE**2))


def truth(kind: str, random: np.random.Generator) -> np.ndarray:
    """A landscape with a diagonal band at a random place, (N).

    It is smooth, has a kink and a cliff beside it, is rough, or has a flat top.
    """
    centre = random.uniform(-2, 2, 2)
    if kind in FLAT:
        return _flat(*FLAT[kind], centre, random)
    across, along = random.uniform(0.08, 0.25), random.uniform(0.01, 0.05)
    i, j = (LATTICE - centre).T
    u, w = i + j, i - j
    if kind == "ridge":
        f = -across * u**2 / 2 - along * w**2 / 2
    elif kind == "cliff":
        f = -0.15 * np.abs(u) - along * w**2 / 2 - 1.2 * np.maximum(u - 1.5, 0) ** 2
    else:
        f = -across * u**2 / 4 - along * w**2 / 4 + _ROUGH_ROOT @ random.standard_normal(len(i))
    return np.asarray(np.maximum(90 + f, 10))


def _flat(a: float, c: float, centre: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Half-axes of the top are 0.35 to 0.55 and 0.7 to 1.2 decades, 1.75 to 2.75 and 3.5 to 6 cells."""
    i, j = (LATTICE - centre).T
    across, along = random.uniform(1.75, 2.75), random.uniform(3.5, 6.0)
    r = np.hypot((i + j) / across, (i - j) / along) / np.sqrt(2)
    return np.asarray(90 - a * r**2 - c * np.maximum(r - 1, 0) ** 2)


def trained(f: np.ndarray, seeds: int, random: np.random.Generator) -> np.ndarray:
    """Noisy trainings of a landscape, (S, N): a constant a seed, and noise that neighbours share in part."""
    own = random.standard_normal((seeds, len(f))) @ _NOISE_ROOT.T
    return np.asarray(f + 0.6 * random.standard_normal((seeds, 1)) + NOISE * own)


def cube_of(values: np.ndarray) -> Cube:
    return Cube(VARIANTS[: len(values)], values, LATTICE, PLACES)


def resampled_of(values: np.ndarray, draws: int, random: np.random.Generator) -> Resampled:
    """Trainings (V, S, N) with draws of their landscapes."""
    drawn = landscapes(values, PLACES, max(ANALYSIS.roi), draws, random)
    return Resampled("m", "top1", cube_of(values), drawn, 0.95)


class Outcome(NamedTuple):
    """Whether something happened that should happen in `nominal` percent of all cases, or, an error, at most."""

    quantity: str
    nominal: float
    happened: bool


def replicate(kind: str, seeds: int, draws: int, random: np.random.Generator) -> Iterator[Outcome]:
    """Five networks of the same kind: which intervals hold the truth."""
    true = np.stack([truth(kind, random) for _ in VARIANTS])
    values = np.stack([trained(f, seeds, random) for f in true])
    yield from _coverage(resampled_of(values, draws, random), true)


def _coverage(one: Resampled, true: np.ndarray) -> Iterator[Outcome]:
    exact = Resampled("m", "top1", cube_of(true[:, None]), None, 0.95)
    keys = ["variant", "roi", "quantity"]
    known = intervals([exact], ANALYSIS).set_index(keys)["measured"]
    for row in intervals([one], ANALYSIS).itertuples():
        value = known[row.variant, row.roi, row.quantity]
        if row.quantity not in ELLIPSE + SHIFT:  # the cells at risk are those that were measured to be good
            place = VARIANTS.index(row.variant)
            kept = one.cube.means[0]
            risks = functionals.risks(kept, true[place], row.roi)
            risks |= functionals.beside_dense(kept, true[0], true[place], row.roi)
            value = float(risks[row.quantity])
        if row.quantity == "shift" or not np.isfinite([value, row.low]).all():
            continue  # a length is never below zero, which no interval of a shift near zero can hold
        if row.quantity in ("angle_degrees", "turn_degrees"):
            value = (value - row.estimate + 90) % 180 - 90 + row.estimate
        # Equal to rounding: regions are counts of cells.
        slack = 1e-9 * max(1.0, abs(value))
        name = f"{row.quantity}, {row.roi:g}-ROI" if row.quantity in ELLIPSE + SHIFT else row.quantity
        yield Outcome(name, 95.0, bool(row.low - slack <= value <= row.high + slack))


def cells_of(values: np.ndarray) -> pd.DataFrame:
    """`cells.csv` of trainings (V, S, N)."""
    rows = [
        ("m", VARIANTS[v], s, *LATTICE[n], 10 ** PLACES[n, 1], 10 ** PLACES[n, 0], value, np.nan)
        for (v, s, n), value in np.ndenumerate(values)
    ]
    columns = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5"]
    return pd.DataFrame(rows, columns=columns)
