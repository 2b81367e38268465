"""Use of tuning again: regret against the number of trials, transfer between variants, and the optimal band.

A trial shows the performance f of one cell, the mean over its seeds, so that the best cell tried is known. Regret is
how far it lies below the best cell of the whole grid, in points. As everywhere, `measured` is that of the means over
seeds, and `estimate` with its interval that of the landscape without noise.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import rankdata

from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE, Cube
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.resampling import Resampled, resample, unwrapped

RANDOM, NEAREST = "random", "nearest"
REGRET = ["model", "variant", "metric", "strategy", "trials", "seeds", "measured", "estimate", "low", "high"]
TRANSFER = [
    *["model", "metric", "tuned_on", "variant", "seeds", "measured", "estimate", "low", "high"],
    *["rank_correlation", "rank_correlation_low", "rank_correlation_high"],
    *["rank_correlation_best", "rank_correlation_best_low", "rank_correlation_best_high"],
]
BAND = [
    *["model", "variant", "metric", "roi", "seeds", "slope", "slope_low", "slope_high"],
    *["log10_constant", "log10_constant_low", "log10_constant_high", "smith_slope", "smith_log10_constant"],
]


def tabulate(cells: pd.DataFrame, batch_size: int, momentum: float, **settings: Any) -> dict[str, pd.DataFrame]:
    """`regret.csv`, `transfer.csv` and, of the thesis' axes, `band.csv` by name, of `cells.csv`.

    Args:
        batch_size, momentum: of the recipe.
        settings: see `resample` and `band`.
    """
    compared = of_grid(cells)
    resampled = resample(compared, settings)
    tables = {"regret": regret(resampled), "transfer": transfer(resampled)}
    if Pair.from_settings(settings).is_thesis:
        tables["band"] = band(resampled, settings, {"batch_size": batch_size, "momentum": momentum})
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


def best_of_random(f: np.ndarray) -> np.ndarray:
    """The expected best of 1 to N cells, drawn without replacement from landscapes (..., N), exactly: (..., N)."""
    return np.asarray(-np.sort(-f, axis=-1) @ rank_weights(f.shape[-1]))


def best_of_nearest(f: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The expected best of the 1 to N cells nearest to a point; cells as far as each other come in random order.

    Args:
        f: landscapes, (..., N).
        distance: of the cells from the point, (N).
    """
    best = np.full((*f.shape[:-1], 1), -np.inf)
    parts = []
    for far in np.unique(distance):
        shell = np.maximum(f[..., distance == far], best)
        parts.append(best_of_random(shell))
        best = shell.max(axis=-1, keepdims=True)
    return np.concatenate(parts, axis=-1)


def distance_from(cube: Cube, place: int) -> np.ndarray:
    """Distances of all cells from one, in steps of the lattice (N), equal ones exactly equal."""
    return np.asarray(np.sqrt(((cube.lattice - cube.lattice[place]) ** 2).sum(axis=1)))


def regret(resampled: Sequence[Resampled]) -> pd.DataFrame:
    """Expected regret in points of every pruned variant after 1 to N trials, as `regret.csv` has it.

    Strategies are `random` cells, and those `nearest` to the dense network's measured best cell, that one first.
    """
    rows: list[dict[str, Any]] = []
    for one in resampled:
        far = distance_from(one.cube, functionals.best_cell(one.cube.means[0]))
        for place, variant in enumerate(one.cube.variants):
            if variant == DENSE:
                continue
            for strategy in (NEAREST, RANDOM):
                measured = _regrets(one.cube.means[place], strategy, far)
                drawn = None if one.draws is None else _regrets(one.draws[place], strategy, far)
                for trial, value in enumerate(measured):
                    first = {**one.labels(variant), "strategy": strategy, "trials": trial + 1, "seeds": one.cube.seeds}
                    rows.append({**first, "measured": value, **one.summary(None if drawn is None else drawn[:, trial])})
    return pd.DataFrame(rows, columns=REGRET)


def _regrets(f: np.ndarray, strategy: str, far: np.ndarray) -> np.ndarray:
    best = best_of_random(f) if strategy == RANDOM else best_of_nearest(f, far)
    return np.asarray(np.maximum(f.max(axis=-1, keepdims=True) - best, 0.0))


def transfer(resampled: Sequence[Resampled]) -> pd.DataFrame:
    """Loss from tuning one variant and training another, as `transfer.csv` has it.

    Args:
        resampled: measured landscapes and draws.

    Returns:
        One row a model, metric, variant that is tuned and variant that is trained: the regret of the latter at the
        measured best cell of the former, in points; and Spearman's rank correlation of their landscapes with its
        interval, over all cells and (`_best`) over the half that is best on average over all variants' ranks.
        Measured correlations are weakened by noise, intervals are of landscapes without.
    """
    rows = []
    for one in resampled:
        means = one.cube.means
        ranks = rankdata(means, axis=-1).sum(axis=0)
        halves = {"rank_correlation": ranks > -np.inf, "rank_correlation_best": ranks >= np.median(ranks)}
        for a, tuned in enumerate(one.cube.variants):
            for b, trained in enumerate(one.cube.variants):
                at = functionals.best_cell(means[a])
                lost = None if one.draws is None else one.draws[b].max(axis=-1) - one.draws[b][:, at]
                first = {"model": one.model, "metric": one.metric, "tuned_on": tuned, "variant": trained}
                row = {**first, "seeds": one.cube.seeds, "measured": means[b].max() - means[b][at], **one.summary(lost)}
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


def band(resampled: Sequence[Resampled], settings: Mapping[str, Any], recipe: Mapping[str, Any]) -> pd.DataFrame:
    """Smith's relation, learning rate x weight decay / (batch size x (1 - momentum)) = constant (thesis, eq. 2.2).

    The optimal band is the long axis of the ellipse of the widest region of interest, which favours neither
    hyperparameter; the relation says that its slope is -1. The constant is the mean of the left side over the region,
    which the slope leaves alone.

    Args:
        resampled: measured landscapes and draws.
        settings: roi, sigma and minimum_cells of the config's section `analysis`.
        recipe: batch_size and momentum.

    Returns:
        One row a model, variant and metric, as `band.csv` has it: slope of log10 learning rate over log10 weight
        decay, and log10 of the constant, with intervals, beside Smith's -1 and -6; NaN where there is no ellipse, and
        no interval of the slope where it includes the vertical.
    """
    return pd.DataFrame([row for one in resampled for row in _bands(one, settings, recipe)], columns=BAND)


def _bands(one: Resampled, settings: Mapping[str, Any], recipe: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    roi, size = max(settings["roi"]), (settings["sigma"], settings["minimum_cells"])
    shift = float(np.log10(recipe["batch_size"] * (1 - recipe["momentum"])))
    for place, variant in enumerate(one.cube.variants):
        measured = functionals.ellipses(functionals.regions(one.cube.means[place], roi), one.cube.places, *size)
        row = {
            **one.labels(variant),
            "roi": roi,
            "seeds": one.cube.seeds,
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
