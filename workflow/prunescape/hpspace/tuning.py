"""Use of tuning again: regret against the number of trials, transfer between variants, and the optimal band.

A trial is one training, at a cell of its own. Whoever tunes sees its accuracy with the noise of that training, and
takes the best that was seen; regret is how far the cell taken lies below the best cell of the whole grid, in points, as
the landscape without noise has it. `measured` and `gain` are cross-fitted: one seed chooses, and the mean of the others
says what the choice is worth; `estimate` with its interval is of landscapes that are drawn given all seeds, with trials
drawn from them again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import rankdata

from prunescape.data.randomness import derive_seed
from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE, Cube
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.resampling import Resampled, resample, unwrapped
from prunescape.hpspace.surface import Trainings

RANDOM, NEAREST = "random", "nearest"
Taken = Callable[[np.ndarray, np.ndarray], np.ndarray]  # see `best_of_random`
REGRET = [
    *["model", "variant", "metric", "strategy", "trials", "seeds", "confidence"],
    *["measured", "estimate", "low", "high", "gain"],
]
TRANSFER = [
    *["model", "metric", "tuned_on", "variant", "seeds", "confidence", "measured", "estimate", "low", "high", "gain"],
    *["rank_correlation", "rank_correlation_low", "rank_correlation_high"],
    *["rank_correlation_best", "rank_correlation_best_low", "rank_correlation_best_high"],
]
AGAIN = 8  # times that all trials are drawn of each landscape, whose mean is taken
NEAR = 1.0  # points below the best up to which cells have a common noise
BAND = [
    *["model", "variant", "metric", "roi", "seeds", "confidence", "slope", "slope_low", "slope_high"],
    *["log10_constant", "log10_constant_low", "log10_constant_high", "smith_slope", "smith_log10_constant"],
]


def tabulate(
    cells: pd.DataFrame,
    roi: Sequence[float],
    sigma: float,
    minimum_cells: int,
    draws: int,
    confidence: float,
    batch_size: int,
    momentum: float,
    axes: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, pd.DataFrame]:
    """`regret.csv`, `transfer.csv` and, of the thesis' axes, `band.csv` by name, of `cells.csv`.

    Args:
        roi, sigma, minimum_cells, batch_size, momentum: see `band`.
        draws, confidence: see `resample`.
    """
    compared, pair = of_grid(cells), Pair.from_json(axes)
    resampled = resample(compared, pair, max(roi), draws, confidence)
    tables = {"regret": regret(resampled), "transfer": transfer(resampled)}
    if pair.is_thesis:
        tables["band"] = band(resampled, max(roi), sigma, minimum_cells, batch_size, momentum)
    return {name: with_variants(table, compared) for name, table in tables.items()}


def rank_weights(cells: int) -> np.ndarray:
    """Probability that the best of n cells is the k-th best of all N, (N ranks k, N trials n).

    Drawn without replacement, C(N - k, n - 1) / C(N, n): the others come from those below it.
    """
    rank, trials = np.arange(1, cells + 1)[:, None], np.arange(1, cells + 1)[None, :]
    possible = cells - rank >= trials - 1

    def choose(n: np.ndarray, k: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    of, among = np.where(possible, cells - rank, cells), np.where(possible, trials - 1, 0)
    return np.where(possible, np.exp(choose(of, among) - choose(np.array(cells), trials)), 0.0)


def best_of_random(shown: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The expected value of the cell taken after 1 to N trials at random, without replacement, exactly: (..., N).

    Args:
        shown: what a training at each cell shows, (..., N), of which the largest is taken.
        true: what cells are worth, (..., N).
    """
    order = np.argsort(-shown, axis=-1, kind="stable")
    return np.asarray(np.take_along_axis(true, order, axis=-1) @ rank_weights(shown.shape[-1]))


def best_of_nearest(shown: np.ndarray, true: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The expected value after 1 to N trials at the cells nearest to a point; cells equally far come in random order.

    Args:
        shown, true: see `best_of_random`.
        distance: of the cells from the point, (N).
    """
    best, worth = np.full((*shown.shape[:-1], 1), -np.inf), np.zeros((*shown.shape[:-1], 1))
    parts = []
    for far in np.unique(distance):
        here = shown[..., distance == far]
        values = np.where(here > best, true[..., distance == far], worth)  # of what is taken, should this come next
        here = np.maximum(here, best)
        parts.append(best_of_random(here, values))
        place = here.argmax(axis=-1)[..., None]
        best, worth = np.take_along_axis(here, place, axis=-1), np.take_along_axis(values, place, axis=-1)
    return np.concatenate(parts, axis=-1)


def distance_from(cube: Cube, place: int) -> np.ndarray:
    """Distances of all cells from one, in steps of the lattice (N), equal ones exactly equal."""
    return np.asarray(np.sqrt(((cube.lattice - cube.lattice[place]) ** 2).sum(axis=1)))


def regret(resampled: Sequence[Resampled]) -> pd.DataFrame:
    """Expected regret in points of every pruned variant after 1 to N trials, as `regret.csv` has it.

    Strategies are `random` cells, and those `nearest` to the dense network's measured best cell, that one first. `gain`
    is what the cell taken gains over the prior, cross-fitted and so free of the luck of the choice. With one seed
    `measured` has nothing else to be judged by, and is what trainings without noise would give.
    """
    rows: list[dict[str, Any]] = []
    for one in resampled:
        far = distance_from(one.cube, functionals.best_cell(one.cube.means[0]))
        for place, variant in enumerate(one.cube.variants):
            if variant == DENSE:
                continue
            for strategy in (NEAREST, RANDOM):
                taken = partial(best_of_nearest, distance=far) if strategy == NEAREST else best_of_random
                measured, gain = _crossed(one.cube, place, taken)
                drawn = None
                if one.draws is not None:
                    trainings = Trainings.of(one.cube.values[place], one.cube.decades, NEAR)
                    random = np.random.default_rng(derive_seed(0, f"trials of {variant}, {one.metric}, {strategy}"))
                    drawn = _regrets(one.draws[place], trainings, taken, random)
                first = {**one.labels(variant), "strategy": strategy, "seeds": one.cube.seeds}
                first |= {"confidence": one.confidence}
                for trial in range(len(far)):
                    row = {**first, "trials": trial + 1, "measured": measured[trial], "gain": gain[trial]}
                    rows.append({**row, **one.summary(None if drawn is None else drawn[:, trial])})
    return pd.DataFrame(rows, columns=REGRET)


def splits(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The trainings (N) of each seed of (S, N), and the mean of the other seeds by cell; its own if it is alone."""
    for seed in range(len(values)):
        yield values[seed], np.delete(values, seed, axis=0).mean(axis=0) if len(values) > 1 else values[seed]


def _crossed(cube: Cube, place: int, taken: Taken) -> tuple[np.ndarray, np.ndarray]:
    """Regret, and the gain over the prior, of a variant after 1 to N trials, (N); the gain is NaN with one seed."""
    (prior,) = np.flatnonzero((cube.lattice == 0).all(axis=1))
    regrets, gains = [], []
    for shown, worth in splits(cube.values[place]):
        value = taken(shown, worth)
        regrets.append(worth.max() - value)
        gains.append(value - worth[prior] if cube.seeds > 1 else np.full_like(value, np.nan))
    return np.mean(regrets, axis=0), np.mean(gains, axis=0)


def _regrets(f: np.ndarray, trainings: Trainings, taken: Taken, random: np.random.Generator) -> np.ndarray:
    """Regrets of landscapes (B, N) after 1 to N trials, each on average over trainings, (B, N)."""
    value = np.zeros_like(f)
    for _ in range(AGAIN):
        value += taken(trainings.draw(f, random), f) / AGAIN
    return np.asarray(f.max(axis=-1, keepdims=True) - value)


def transfer(resampled: Sequence[Resampled]) -> pd.DataFrame:
    """Loss from tuning one variant and training another, as `transfer.csv` has it.

    Tuning is one training at each cell of the grid, of which the best that was seen is taken: once with each seed.

    Args:
        resampled: measured landscapes and draws.

    Returns:
        One row a model, metric, variant that is tuned and variant that is trained: the regret of the latter at the cell
        that tuning the former gives, in points; `gain`, what tuning the latter itself gains over that, cross-fitted
        (NaN with one seed); and Spearman's rank correlation of their landscapes with its interval, over all cells and
        (`_best`) over the half that is best on average over all variants' ranks. Measured correlations are weakened by
        noise, intervals are of landscapes without.
    """
    rows = []
    for one in resampled:
        values, means = one.cube.values, one.cube.means
        ranks = rankdata(means, axis=-1).sum(axis=0)
        halves = {"rank_correlation": ranks > -np.inf, "rank_correlation_best": ranks >= np.median(ranks)}
        chosen = values.argmax(axis=-1)  # the cell that each seed takes, (V, S)
        for a, tuned in enumerate(one.cube.variants):
            for b, trained in enumerate(one.cube.variants):
                first = {"model": one.model, "metric": one.metric, "tuned_on": tuned, "variant": trained}
                row = {**first, "seeds": one.cube.seeds, "confidence": one.confidence}
                pairs = list(zip(splits(values[b]), chosen[a], chosen[b], strict=True))
                row["measured"] = float(np.mean([worth.max() - worth[at] for (_, worth), at, _ in pairs]))
                gains = [worth[own] - worth[at] for (_, worth), at, own in pairs]
                row["gain"] = float(np.mean(gains)) if one.cube.seeds > 1 else np.nan
                lost = None
                if one.draws is not None:
                    lost = one.draws[b].max(axis=-1) - one.draws[b][:, chosen[a]].mean(axis=-1)
                row |= one.summary(lost)
                for name, cells in halves.items():
                    row[name] = float(rank_correlation(means[a][cells], means[b][cells]))
                    drawn = (
                        None if one.draws is None else rank_correlation(one.draws[a][:, cells], one.draws[b][:, cells])
                    )
                    interval = one.summary(drawn)
                    row |= {f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
                rows.append(row)
    return pd.DataFrame(rows, columns=TRANSFER)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spearman's correlation along the last axis, for all others at once; NaN where there is nothing to rank."""
    x, y = (rankdata(values, axis=-1) for values in (one, other))
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1)))


def band(
    resampled: Sequence[Resampled], roi: float, sigma: float, minimum_cells: int, batch_size: int, momentum: float
) -> pd.DataFrame:
    """Smith's relation, learning rate x weight decay / (batch size x (1 - momentum)) = constant (thesis, eq. 2.2).

    The optimal band is the long axis of the ellipse of the widest region of interest, which favours neither
    hyperparameter; the relation says that its slope is -1. The constant is the mean of the left side over the region,
    which the slope leaves alone.

    Args:
        resampled: measured landscapes and draws.
        roi: the widest region of interest, in points.
        sigma, minimum_cells: see `prunescape.hpspace.functionals.ellipses`.
        batch_size, momentum: of the recipe.

    Returns:
        One row a model, variant and metric, as `band.csv` has it: slope of log10 learning rate over log10 weight
        decay, and log10 of the constant, with intervals, beside Smith's -1 and -6; NaN where there is no ellipse, and
        no interval of the slope where it includes the vertical.
    """
    shift, size = float(np.log10(batch_size * (1 - momentum))), (sigma, minimum_cells)
    return pd.DataFrame([row for one in resampled for row in _bands(one, roi, size, shift)], columns=BAND)


def _bands(one: Resampled, roi: float, size: tuple[float, int], shift: float) -> Iterator[dict[str, Any]]:
    for place, variant in enumerate(one.cube.variants):
        measured = functionals.ellipses(functionals.regions(one.cube.means[place], roi), one.cube.places, *size)
        row = {
            **one.labels(variant),
            "roi": roi,
            "seeds": one.cube.seeds,
            "confidence": one.confidence,
            "smith_slope": -1.0,
            "smith_log10_constant": -6.0,
        }
        row |= {"slope": _slope(float(measured["angle_degrees"])), "log10_constant": float(_constant(measured)) - shift}
        if one.draws is not None:
            drawn = functionals.ellipses(functionals.regions(one.draws[place], roi), one.cube.places, *size)
            turn = one.summary(unwrapped(drawn["angle_degrees"]))
            upright = turn["low"] > -90 and turn["high"] < 90
            row |= {f"slope_{end}": _slope(turn[end]) if upright else np.nan for end in ("low", "high")}
            constant = one.summary(_constant(drawn) - shift)
            row |= {f"log10_constant_{end}": constant[end] for end in ("low", "high")}
        yield row


def _constant(ellipse: dict[str, np.ndarray]) -> np.ndarray:
    return ellipse["centre_log10_weight_decay"] + ellipse["centre_log10_learning_rate"]


def _slope(degrees: float) -> float:
    return float(np.tan(np.radians(degrees)))
