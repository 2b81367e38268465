"""Statistics of stochastic against deterministic pruning: whether it wins, where most, and from which pruning rate on.

Everything starts from the table of `prunescape.stochastic.populations.evaluate_variants`, for one pretrained network or
for several put one below the other; and from the fronts of searches.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom, wilcoxon

from prunescape.claims.intervals import IN_PERCENT, IN_POINTS, interval
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.names import (
    DENSE,
    DENSE_STOCHASTIC,
    DETERMINISTIC,
    F2,
    NSGA_II,
    RECALIBRATED,
    STOCHASTIC,
)

CELL = ["model", "seed", "kind", "method", "gamma", "sigma", "recalibrated"]
OVER_SEEDS = [column for column in CELL if column != "seed"]


def contrast(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each network with noise beside that of its counterpart without.

    The counterpart of a stochastic network, and of one with a mask of elsewhere, is the deterministically pruned
    network of the same model, seed, method, gamma and recalibration; that of a dense stochastic network is the dense
    one.

    Args:
        table: what `evaluate_variants` gives.

    Returns:
        The rows with noise, with two columns more: reference, the counterpart's top1, and delta, top1 - reference, both
        in points.

    Raises:
        ValueError: a network lacks its counterpart, or has several.
    """
    match = ["model", "seed", "method", "gamma", "recalibrated", "counterpart"]
    without = table["kind"].isin([DENSE, DETERMINISTIC])
    references = table[without].rename(columns={"kind": "counterpart", "top1": "reference"})[[*match, "reference"]]
    noisy = table[~without]
    noisy = noisy.assign(counterpart=np.where(noisy["kind"] == DENSE_STOCHASTIC, DENSE, DETERMINISTIC))
    merged = noisy.merge(references, how="left", on=match, validate="many_to_one").drop(columns="counterpart")
    if merged["reference"].isna().any():
        raise ValueError(f"no counterpart for {merged[merged['reference'].isna()].iloc[0].to_dict()}")
    return merged.assign(delta=merged["top1"] - merged["reference"])


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values corrected for their number by Holm's step-down method, (M,), in the order given."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return corrected


def signed_rank_tests(table: pd.DataFrame) -> pd.DataFrame:
    """One-sided Wilcoxon signed-rank tests, a cell each: is top1 with noise above the counterpart's?

    The sample of a cell is its draws, so n draws give no p-value below 2^-n. The Holm correction is over all cells of
    the table: pass those that make one claim together, such as a model's stochastic networks.

    Args:
        table: what `evaluate_variants` gives.

    Returns:
        One row a cell: model, seed, kind, method, gamma, sigma, recalibrated, draws, median, reference, delta (the
        median difference, in points), p (1 where no draw differs), p_holm.
    """
    rows = []
    for cell, part in contrast(table).groupby(CELL, sort=False):
        delta = part["delta"].to_numpy()
        p = float(wilcoxon(delta, alternative="greater").pvalue) if delta.any() else 1.0
        medians = {"median": part["top1"].median(), "reference": part["reference"].iloc[0], "delta": np.median(delta)}
        rows.append({**dict(zip(CELL, cell, strict=True)), "draws": len(part), **medians, "p": p})
    tests = pd.DataFrame(rows, columns=[*CELL, "draws", "median", "reference", "delta", "p"])
    return tests.assign(p_holm=holm(tests["p"].to_numpy(dtype=np.float64)))


def grid_tests(table: pd.DataFrame) -> pd.DataFrame:
    """The tests of a grid search (SP paper, section IV-B), corrected among the cells of one pretrained network.

    Args:
        table: what `evaluate_variants` gives, for any number of models and seeds.

    Returns:
        The rows of `signed_rank_tests`; the networks with and without recalibration are corrected apart.
    """
    claims = table.groupby(["model", "seed", "recalibrated"], sort=False)
    return pd.concat([signed_rank_tests(claim) for _, claim in claims], ignore_index=True)


def best_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """The gamma and sigma with the largest gain over deterministic pruning (SP paper, Table I).

    Args:
        cells: what `signed_rank_tests` or `seed_intervals` gives.

    Returns:
        Its row with the largest delta for each model, seed (if it has seeds), kind, method and recalibrated; the first
        of several.
    """
    by = [column for column in CELL if column in cells and column not in ("gamma", "sigma")]
    return cells.loc[cells.groupby(by, sort=False)["delta"].idxmax()].reset_index(drop=True)


def summarise(
    sweep: pd.DataFrame, grid: pd.DataFrame, confirmed: pd.DataFrame, tolerance: float
) -> dict[str, pd.DataFrame]:
    """Statistics of networks over draws and seeds, by the names of their tables.

    Args:
        sweep, grid: sweep.csv and grid.csv, of the networks that explore, on held-out images.
        confirmed: confirmed.csv, of fresh networks on the test images; the tests are of these.
        tolerance: of crossovers, in points.
    """
    pruned = confirmed[(confirmed["method"] == MAGNITUDE) & confirmed["kind"].isin([DETERMINISTIC, STOCHASTIC])]
    return {
        "sweep_intervals": seed_intervals(sweep),
        "crossovers": crossovers(sweep, tolerance),
        "grid_intervals": seed_intervals(grid),
        "confirmed_intervals": seed_intervals(confirmed),
        "grid_tests": grid_tests(pruned),
    }


def seed_medians(table: pd.DataFrame) -> pd.DataFrame:
    """The median over draws for each pretrained network.

    Returns:
        One row a cell: model, seed, kind, method, gamma, sigma, recalibrated, median, reference, delta.
    """
    groups = contrast(table).groupby(CELL, sort=False)
    medians = groups[["top1", "reference", "delta"]].median().rename(columns={"top1": "median"})
    return medians.reset_index()


def seed_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Means over pretrained seeds of the medians over draws, with intervals.

    The sample is the seeds, not the draws, because draws around one pretrained network say nothing about another.

    Args:
        table: what `evaluate_variants` gives, for several seeds.

    Returns:
        One row a cell without its seed: model, kind, method, gamma, sigma, recalibrated, seeds (their number); and for
        each of median, reference and delta the mean and its interval (see `claims.intervals`), as `<name>`,
        `<name>_low`, `<name>_high`.
    """
    rows, measured = [], {"median": IN_PERCENT, "reference": IN_PERCENT, "delta": IN_POINTS}
    for cell, part in seed_medians(table).groupby(OVER_SEEDS, sort=False):
        row = {**dict(zip(OVER_SEEDS, cell, strict=True)), "seeds": len(part)}
        for name, ends in measured.items():
            row |= interval(name, part[name].to_numpy(dtype=np.float64), *ends)
        rows.append(row)
    intervals = [f"{name}{end}" for name in measured for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*OVER_SEEDS, "seeds", *intervals])


def crossovers(table: pd.DataFrame, tolerance: float = 0.0) -> pd.DataFrame:
    """From which pruning rate on stochastic networks are better (SP paper, section IV-A).

    The crossover is the smallest gamma at which the median of the stochastic networks is above the deterministic one,
    and beyond which it is nowhere below: at extreme pruning rates both end up at chance.

    Args:
        table: what `evaluate_variants` gives.
        tolerance: points by which medians must differ to count as above or below.

    Returns:
        One row each: model, seed, method, sigma, recalibrated, crossover (a gamma; NaN where there is none).
    """
    medians = seed_medians(table)
    rows = []
    by = ["model", "seed", "method", "sigma", "recalibrated"]
    for key, part in medians[medians["kind"] == STOCHASTIC].groupby(by, sort=False):
        part = part.sort_values("gamma")
        below = part["gamma"][part["delta"] < -tolerance].max()
        after = part if np.isnan(below) else part[part["gamma"] > below]
        rows.append({**dict(zip(by, key, strict=True)), "crossover": after["gamma"][after["delta"] > tolerance].min()})
    return pd.DataFrame(rows, columns=[*by, "crossover"])


GRID, CONFIG = "grid", "config"
CHANCE = 5.0  # points above guessing, up to which a network counts as guessing


def choose_cells(grid: pd.DataFrame, chance: float, fixed: Sequence[float] | None = None) -> dict[str, Any]:
    """The cells that a model's exploration chose, of the largest mean gains over seeds, but where networks guess.

    Args:
        grid: what `evaluate_variants` gives on held-out images for the grid of one model, for one seed or more.
        chance: see `near_chance`; cells in which both sides are no better are left out, unless all are such.
        fixed: gamma and sigma of magnitude with batch norm as pretrained, if they are not to be chosen.

    Returns:
        As JSON values gamma, sigma and source ("grid" or "config"), those of magnitude with batch norm as pretrained;
        and `of`, gamma and sigma by method, and of magnitude as "recalibrated" those of the largest gain between
        networks that are both recalibrated.
    """
    intervals = seed_intervals(grid)
    cells = intervals[intervals["kind"] == STOCHASTIC]
    guessing = (cells["median"] <= chance) & (cells["reference"] <= chance)
    everywhere = guessing.groupby([cells["method"], cells["recalibrated"]]).transform("all")
    chosen = {}
    for row in best_cells(cells[~guessing | everywhere]).to_dict("records"):
        name = str(row["method"])
        if row["recalibrated"]:
            if name != MAGNITUDE:
                continue
            name = RECALIBRATED
        chosen[name] = {"gamma": float(row["gamma"]), "sigma": float(row["sigma"])}
    if fixed is not None:
        chosen[MAGNITUDE] = {"gamma": fixed[0], "sigma": fixed[1]}
    return {**chosen[MAGNITUDE], "source": GRID if fixed is None else CONFIG, "of": chosen}


def choose_structured(structured: pd.DataFrame) -> dict[str, Any]:
    """The way of structured pruning and the noise with the largest mean gain over seeds, batch norm as pretrained.

    Args:
        structured: structured.csv of one model, on held-out images.

    Returns:
        method, gamma (the part of the FLOPs that is removed) and sigma, as JSON values.
    """
    intervals = seed_intervals(structured[~structured["recalibrated"].astype(bool)])
    best = intervals.loc[intervals["delta"].idxmax()]
    return {"method": str(best["method"]), "gamma": float(best["gamma"]), "sigma": float(best["sigma"])}


def guessing_accuracy(classes: int, images: int) -> float:
    """The accuracy, in percent, that guessing exceeds with a probability of at most 5 %.

    Args:
        classes: how many there are, each as frequent as the others.
        images: how many the accuracy is measured on.
    """
    return float(100 * binom.ppf(0.95, images, 1 / classes) / images)


def near_chance(classes: int, images: int) -> float:
    """The accuracy, in percent, up to which a network counts as guessing: that of guessing and `CHANCE` points more.

    A network that has lost everything names one class or a few, and is rarely at chance to the point; of few images
    `guessing_accuracy` is more.

    Args:
        classes, images: see `guessing_accuracy`.
    """
    return max(100 / classes + CHANCE, guessing_accuracy(classes, images))


def candidates(fronts: pd.DataFrame, guessing: float) -> pd.DataFrame:
    """The candidate of NSGA-II with the largest second objective of "F2", a row a model and pretrained seed.

    The search maximises the gain times gamma, and so ends somewhere even where there is nothing to be gained: at a
    candidate without a gain, or with a network that guesses. There it found nothing. The held-out images, on which it
    was chosen, tell; the test images would make a loss on them look as if it had not been found.

    Args:
        fronts: see `prunescape.stochastic.searches.SearchesTables`.
        guessing: the accuracy up to which a network may be guessing, see `guessing_accuracy`.

    Returns:
        Its rows, with a column found, boolean.
    """
    best = fronts[fronts["best"].astype(bool) & (fronts["algorithm"] == NSGA_II) & (fronts["objectives"] == F2)]
    return best.assign(found=(best["objective_2"] > 0) & (best["fitness_sp"] > guessing))
