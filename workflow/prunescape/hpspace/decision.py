"""Is it good enough to keep the dense network's hyperparameters? A non-inferiority test against a margin.

The loss is the mean performance risk: what the pruned network loses, on average over the dense network's region of
interest, against its own best cell. As in Weerts, Mueller and Vanschoren (2020), keeping them is called equivalent
only where a loss of the margin or more is ruled out, and worse only where a loss of the margin or less is; each of
these is wrong at most as often as the level says. Else the seeds do not decide: the absence of a significant loss is
no evidence that there is none.

Of networks that have hardly learnt nothing is decided (`prunescape.hpspace.learnt`): train them longer first. And how
many more seeds would decide is not said where the grid must be grown first.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from prunescape.data.prepared import load_prepared
from prunescape.hpspace import functionals
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.extension import open_borders
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.learnt import Learnt, chance_of, learnt
from prunescape.hpspace.resampling import Resampled, resample, summary

EQUIVALENT, WORSE, UNDECIDED, ONE_SEED = "equivalent", "worse", "undecided", "one seed"
NEAR_CHANCE, DENSE_NEAR_CHANCE = "near chance", "dense near chance"
MOST_SEEDS = 1000
COLUMNS = [
    *["model", "variant", "metric", "seeds", "margin", "loss_measured", "loss", "loss_low", "loss_high"],
    *["p_equivalent", "p_worse", "decision", "more_seeds", "chance", "above_chance", "above_chance_low"],
    *["dense_above_chance", "dense_above_chance_low"],
]


def tabulate(
    cells: pd.DataFrame, meta: str, border_roi: float, verdict: Mapping[str, Any], risk_roi: float, **settings: Any
) -> pd.DataFrame:
    """`decisions.csv`, of `cells.csv`.

    Args:
        meta: the file that describes the prepared data.
        border_roi: of the region of interest that the grid must hold, in points.
        verdict: the config's section.
        risk_roi: see `decisions`.
        settings: see `resample`.
    """
    compared = of_grid(cells)
    chance = chance_of(load_prepared(meta).labels("validation"))
    borders = open_borders(compared, border_roi, Pair.from_settings(settings))
    return with_variants(decisions(resample(compared, settings), risk_roi, verdict, chance, borders), compared)


def decisions(
    resampled: Sequence[Resampled],
    risk_roi: float,
    settings: Mapping[str, Any],
    chance: Mapping[str, float] | None = None,
    borders: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> pd.DataFrame:
    """The decision for every pruned variant, as `decisions.csv` has it.

    Args:
        resampled: measured landscapes and draws.
        risk_roi: of the dense network's region of interest, in points.
        settings: margin (points), level, power and, with `chance`, least_skill of the config's section `verdict`.
        chance: accuracy of chance in percent, by metric; None where the images are not known.
        borders: by model, the sides where the grid ends too early, each with the variants of which it does.

    Returns:
        model, variant, metric, seeds, margin; loss_measured, loss (median of the draws) and its interval in points,
        whose ends are one-sided bounds at the level; p_equivalent and p_worse, the p-values of the two tests;
        decision; more_seeds that would decide (see `more_seeds`; NaN where it is decided, where none would, or where
        the grid of this variant or of the dense one must be grown first); chance in percent, and how far the best
        cells of this variant and of the dense one lie above it in points, as measured and at least (see `learnt`).
    """
    rows = []
    for one in resampled:
        dense = one.cube.means[0]
        above = {} if chance is None else learnt(one, chance[one.metric], settings)
        border = (borders or {}).get(one.model, {})
        for place, variant in enumerate(one.cube.variants):
            if variant == DENSE:
                continue
            measured = functionals.risks(dense, one.cube.means[place], risk_roi)["d_mean"]
            drawn = None if one.draws is None else losses_of(dense, one.draws[place], risk_roi)
            first = {**one.labels(variant), "seeds": one.cube.seeds, "margin": settings["margin"]}
            decision = decide(drawn, one.cube.seeds, settings, one.degrees)
            if grow_first(border, variant):
                decision["more_seeds"] = np.nan
            if chance is not None:
                decision |= _with_chance(decision["decision"], above[DENSE], above[variant])
                decision["chance"] = chance[one.metric]
            rows.append({**first, "loss_measured": float(measured), **decision})
    return pd.DataFrame(rows, columns=COLUMNS)


def grow_first(border: Mapping[str, Sequence[str]], variant: str) -> bool:
    """Whether the grid ends too early for a variant or for the dense network, so that more seeds are no advice yet.

    Args:
        border: the sides where the grid ends too early, each with the variants of which it does.
        variant: a pruned one.
    """
    return any({DENSE, variant} & set(touching) for touching in border.values())


class Losses(NamedTuple):
    """Draws of a loss (B), and the loss of the mean of the drawn landscapes, in points."""

    drawn: np.ndarray
    of_mean: float


def losses_of(dense: np.ndarray, drawn: np.ndarray, risk_roi: float) -> Losses:
    """Losses of drawn landscapes (B, N) at the cells of the measured dense landscape's (N) region of interest."""
    lost = functionals.risks(dense, drawn, risk_roi)["d_mean"]
    return Losses(lost, float(functionals.risks(dense, drawn.mean(axis=0), risk_roi)["d_mean"]))


def decide(losses: Losses | None, seeds: int, settings: Mapping[str, Any], degrees: float = math.inf) -> dict[str, Any]:
    """The decision on one variant, by the names of `decisions.csv`.

    The best of many cells is biased upwards by whatever noise a landscape has left, and so is the loss. The lower
    bound therefore starts from the loss of the mean landscape where that is smaller than the median of the draws.

    Args:
        losses: None with one seed.
        seeds: that they come from.
        settings: margin, level and power.
        degrees: of freedom of the noise.
    """
    level, margin = settings["level"], settings["margin"]
    if losses is None:
        unknown = dict.fromkeys(("loss", "loss_low", "loss_high", "p_equivalent", "p_worse"), np.nan)
        return {**unknown, "decision": ONE_SEED, "more_seeds": np.nan}
    drawn = losses.drawn
    loss = summary(drawn, 1 - 2 * level, degrees)
    bias = max(0.0, loss["estimate"] - losses.of_mean)
    p_equivalent, p_worse = _p(drawn >= margin, degrees), _p(drawn - bias <= margin, degrees)
    decision = EQUIVALENT if p_equivalent <= level else WORSE if p_worse <= level else UNDECIDED
    low, high = loss["low"] - bias, loss["high"]
    more = more_seeds(loss["estimate"], (low, high), seeds, settings) if decision == UNDECIDED else None
    return {
        **{"loss": loss["estimate"], "loss_low": max(0.0, low), "loss_high": high},
        **{"p_equivalent": p_equivalent, "p_worse": p_worse, "decision": decision},
        "more_seeds": np.nan if more is None else more,
    }


def _with_chance(decision: str, dense: Learnt, pruned: Learnt) -> dict[str, Any]:
    """The decision with its basis, where none is made because networks have hardly learnt."""
    near = DENSE_NEAR_CHANCE if not dense.enough else NEAR_CHANCE if not pruned.enough else None
    columns = {"decision": near or decision, "above_chance": pruned.above, "above_chance_low": pruned.surely}
    columns |= {"dense_above_chance": dense.above, "dense_above_chance_low": dense.surely}
    return columns | {"more_seeds": np.nan} if near else columns


def _p(against: np.ndarray, degrees: float) -> float:
    """The p-value of a part of the draws, as if one more spoke against it, by Student's t (see `summary`)."""
    return float(t.sf(norm.isf((1 + int(against.sum())) / (1 + len(against))), degrees))


def more_seeds(loss: float, interval: tuple[float, float], seeds: int, settings: Mapping[str, Any]) -> int | None:
    """Number of further seeds that would decide with the power asked for; None where it would exceed `MOST_SEEDS`.

    That of a one-sided z-test, n = ((z_level + z_power) sd / (loss - margin))^2, with the standard deviation that the
    interval's side towards the margin tells of one seed. It assumes that the loss is what it is estimated to be now,
    and that the interval shrinks with the root of the number of seeds: a guess, to be made again after they have been
    trained.

    Args:
        loss: in points.
        interval: its one-sided bounds at the level.
        seeds: that they come from.
        settings: margin, level and power.
    """
    distance = abs(loss - settings["margin"])
    side = loss - interval[0] if loss > settings["margin"] else interval[1] - loss
    z_level, z_power = norm.isf(settings["level"]), norm.ppf(settings["power"])
    total = seeds * ((z_level + z_power) / z_level * side / distance) ** 2 if distance > 0 else math.inf
    return max(1, math.ceil(total) - seeds) if total <= MOST_SEEDS else None
