"""Synthetic landscapes whose truth is known, and what intervals and tests make of their noisy seeds."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from prunescape.hpspace import functionals
from prunescape.hpspace.cube import Cube
from prunescape.hpspace.decision import EQUIVALENT, UNDECIDED, WORSE, decide, decisions, losses_of
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.extension import open_borders
from prunescape.hpspace.intervals import ELLIPSE, SHIFT, intervals
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.hpspace.permutation import shift_tests
from prunescape.hpspace.resampling import Resampled, resample
from prunescape.hpspace.risk import risk_cells, risk_table
from prunescape.hpspace.surface import landscapes, matern
from prunescape.hpspace.tuning import regret
from prunescape.hpspace.verdict import Tables, verdict

SIDE = 11
LATTICE = np.stack(np.meshgrid(*[np.arange(SIDE) - SIDE // 2] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
PLACES = np.stack([-2.3 + 0.2 * LATTICE[:, 1], -1 + 0.2 * LATTICE[:, 0]], axis=1)
VARIANTS = ("dense", "uniform-0.6", "uniform-0.2", "non_uniform-0.6", "non_uniform-0.2")
ANALYSIS = {"roi": [0.5, 1.0], "risk_roi": 0.5, "sigma": 2.0, "minimum_cells": 5}
VERDICT = {"margin": 0.5, "level": 0.05, "power": 0.8}
KINDS = ("ridge", "cliff", "rough")
NOISE, SHARE, LENGTH = 0.9, 0.4, 2.0  # points; the part that neighbours share; cells: as in the demo
_DISTANCE = squareform(pdist(LATTICE))
_NOISE_ROOT = np.linalg.cholesky(SHARE * matern(_DISTANCE, LENGTH) + (1 - SHARE) * np.eye(SIDE**2))
_ROUGH_ROOT = np.linalg.cholesky(0.25 * matern(_DISTANCE, LENGTH) + 1e-9 * np.eye(SIDE**2))


def truth(kind: str, random: np.random.Generator) -> np.ndarray:
    """A landscape with a diagonal band at a random place, (N): smooth, with a kink and a cliff beside it, or rough."""
    centre = random.uniform(-2, 2, 2)
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


def trained(f: np.ndarray, seeds: int, random: np.random.Generator) -> np.ndarray:
    """Noisy trainings of a landscape, (S, N): a constant a seed, and noise that neighbours share in part."""
    own = random.standard_normal((seeds, len(f))) @ _NOISE_ROOT.T
    return np.asarray(f + 0.6 * random.standard_normal((seeds, 1)) + NOISE * own)


def cube_of(values: np.ndarray) -> Cube:
    return Cube(VARIANTS[: len(values)], values, LATTICE, PLACES)


def resampled_of(values: np.ndarray, draws: int, random: np.random.Generator) -> Resampled:
    """Trainings (V, S, N) with draws of their landscapes."""
    drawn = landscapes(values, PLACES, max(ANALYSIS["roi"]), draws, random)
    return Resampled("m", "top1", cube_of(values), drawn, 0.95)


class Outcome(NamedTuple):
    """Whether something happened that should happen in `nominal` percent of all cases, or, an error, at most."""

    quantity: str
    nominal: float
    happened: bool


def replicate(kind: str, seeds: int, draws: int, random: np.random.Generator) -> Iterator[Outcome]:
    """Five networks of the same kind: which intervals hold the truth, and which decisions are wrong."""
    true = np.stack([truth(kind, random) for _ in VARIANTS])
    values = np.stack([trained(f, seeds, random) for f in true])
    one = resampled_of(values, draws, random)
    yield from _coverage(one, true)
    yield from _errors(one, true)


def _coverage(one: Resampled, true: np.ndarray) -> Iterator[Outcome]:
    exact = Resampled("m", "top1", cube_of(true[:, None]), None, 0.95)
    keys = ["variant", "roi", "quantity"]
    known = intervals([exact], ANALYSIS).set_index(keys)["measured"]
    for row in intervals([one], ANALYSIS).itertuples():
        value = known[row.variant, row.roi, row.quantity]
        if row.quantity not in ELLIPSE + SHIFT:  # the cells at risk are those that were measured to be good
            place = VARIANTS.index(row.variant)
            value = float(functionals.risks(one.cube.means[0], true[place], row.roi)[row.quantity])
        if row.quantity == "shift" or not np.isfinite([value, row.low]).all():
            continue  # a length is never below zero, which no interval of a shift near zero can hold
        if row.quantity in ("angle_degrees", "turn_degrees"):
            value = (value - row.estimate + 90) % 180 - 90 + row.estimate
        # Equal to rounding: regions are counts of cells.
        slack = 1e-9 * max(1.0, abs(value))
        name = f"{row.quantity}, {row.roi:g}-ROI" if row.quantity in ELLIPSE + SHIFT else row.quantity
        yield Outcome(name, 95.0, bool(row.low - slack <= value <= row.high + slack))


def _errors(one: Resampled, true: np.ndarray) -> Iterator[Outcome]:
    """The hardest case: the loss is the margin itself, so that either decision is wrong."""
    assert one.draws is not None
    for place in range(1, len(true)):
        drawn = losses_of(one.cube.means[0], one.draws[place], ANALYSIS["risk_roi"])
        loss = float(functionals.risks(one.cube.means[0], true[place], ANALYSIS["risk_roi"])["d_mean"])
        decision = decide(drawn, one.cube.seeds, VERDICT | {"margin": loss}, one.degrees)["decision"]
        yield Outcome("wrongly equivalent", 5.0, decision == EQUIVALENT)
        yield Outcome("wrongly worse", 5.0, decision == WORSE)


def more_seeds_decide(kind: str, seeds: int, draws: int, most: int, random: np.random.Generator) -> Iterator[Outcome]:
    """Whether, where nothing was decided, as many more seeds as were asked for decide; those of up to `most` in all."""
    true = np.stack([truth(kind, random) for _ in VARIANTS])
    values = np.stack([trained(f, seeds, random) for f in true])
    kept = values.mean(axis=1)[0]
    for place, first in _decisions(resampled_of(values, draws, random), kept):
        if first["decision"] != UNDECIDED or not seeds + first["more_seeds"] <= most:
            continue
        more = np.stack([trained(f, int(first["more_seeds"]), random) for f in true])
        both = resampled_of(np.concatenate([values, more], axis=1), draws, random)
        decided = dict(_decisions(both, kept))[place]["decision"] != UNDECIDED
        yield Outcome("decided by as many more seeds as asked for", 100 * VERDICT["power"], decided)


def _decisions(one: Resampled, kept: np.ndarray) -> Iterator[tuple[int, dict]]:
    assert one.draws is not None
    for place in range(1, len(one.cube.variants)):
        drawn = losses_of(kept, one.draws[place], ANALYSIS["risk_roi"])
        yield place, decide(drawn, one.cube.seeds, VERDICT, one.degrees)


def cells_of(values: np.ndarray) -> pd.DataFrame:
    """`cells.csv` of trainings (V, S, N)."""
    rows = [
        ("m", VARIANTS[v], s, *LATTICE[n], 10 ** PLACES[n, 1], 10 ** PLACES[n, 0], value, np.nan)
        for (v, s, n), value in np.ndenumerate(values)
    ]
    columns = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5"]
    return pd.DataFrame(rows, columns=columns)


# What a verdict follows from, as the config has it.
LIMITS = VERDICT | {"risk_roi": 0.5, "confidence": 0.95}


def verdict_of(cells: pd.DataFrame, draws: int, pair: Pair = THESIS) -> dict[str, Any]:
    """The verdict on a table of cells, by so many draws."""
    analysis = ANALYSIS | {"draws": draws, "confidence": 0.95, "axes": pair.to_json()}
    drawn = resample(cells, analysis)
    tables = Tables(
        cells,
        ellipses(cells, ANALYSIS["roi"], 2.0, 5, pair),
        risk_table(risk_cells(cells, 0.5)),
        intervals(drawn, analysis),
        decisions(drawn, 0.5, LIMITS),
        shift_tests(cells, analysis),
        regret(drawn),
    )
    return verdict(tables, open_borders(cells, 1.0, pair), LIMITS, pair)
