"""The claims on why noise would gain (SP paper, sections IV-D and V): feature variance, swapped weights, the basin."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.confirming import PAPER, POINTS, Confirming
from prunescape.stochastic.names import (
    DENSE_TO_SP,
    DETERMINISTIC,
    DP_TO_SP,
    FINE_TUNED,
    ONE_SHOT,
    RATIOS,
    STOCHASTIC,
)

DROWNED = Estimand(
    "most_weights_below_noise",
    "Are more than half of the weights smaller than the noise?",
    f"{PAPER}, section IV-D, Fig. 6",
    "More than half of the weights are smaller than the noise of the chosen setting.",
    "share of the prunable weights below sigma, minus a half",
    smallest=0.1,
    margin="a half",
    lowest=-0.5,
    highest=0.5,
)
LOWER = Estimand(
    "lower_feature_variance",
    "Is the variance of features V lower with noise, as the paper measures it?",
    f"{PAPER}, abstract, section IV-D, Table III",
    "Noise lowers the feature variance V of pruned networks: by channels, over the dense network with the same noise.",
    "V without noise minus with noise, one-shot, by channels; each over its own dense network",
    smallest=0.05,
)
NEARER = Estimand(
    "feature_variance",
    "Does noise bring the variance of features nearer to the dense network's (V = 1)?",
    f"{PAPER}, abstract, section IV-D, Table III",
    "Noise mends the feature variance of pruned networks: it brings V nearer to 1.",
    "distance of V from 1 without noise minus with noise, one-shot; each over its own dense network",
    smallest=0.05,
)
NEARER_CLEAN = Estimand(
    "feature_variance_over_clean",
    "Does noise bring the variance of features nearer to that of the dense network without noise?",
    f"beyond {PAPER}, which divides by a dense network whose variance noise has inflated",
    "Over the dense network without noise, too, noise brings V nearer to 1.",
    "distance of V from 1 without noise minus with noise, one-shot; both over the dense network without noise",
    smallest=0.05,
)
COLLAPSES = Estimand(
    "feature_variance_collapses",
    "Does the variance of features collapse, where the paper speaks of an explosion?",
    f"against {PAPER}, section IV-D, by its own Table III; Saikumar and Varghese 2025 (arXiv 2502.15790)",
    "Pruning without noise makes the variance of features collapse (V below 1), and not explode.",
    "1 minus V without noise, one-shot",
    smallest=0.05,
)
SAME_AFTER = Estimand(
    "feature_variance_same_after_fine_tuning",
    "Is the variance of features the same with and without noise after fine-tuning?",
    f"{PAPER}, section IV-D, Table III",
    "After fine-tuning V is nearly the same with noise and without.",
    "V with noise minus without, fine-tuned; each over its own dense network",
    smallest=0.05,
    margin="0.05, either way",
)
NEAR = Estimand(
    "swaps_near_threshold",
    "Do mostly weights near the pruning threshold swap?",
    f"{PAPER}, section V",
    "Noise swaps weights near the threshold: more than half of those that it adds to the mask or removes from it lie"
    " within one standard deviation of the noise.",
    "share of the swapped weights within sigma of the threshold, minus a half",
    smallest=0.1,
    margin="a half",
    lowest=-0.5,
    highest=0.5,
)
SAME_BASIN = Estimand(
    "same_basin",
    "Are the stochastic and the deterministic network in one basin?",
    f"{PAPER}, abstract and section V",
    "Stochastic pruning explores one basin: between the stochastic and the deterministic network error does not rise.",
    "rise of test error on the line above that of its ends, batch norm recalibrated at every point",
    smallest=2.0,
    margin="2 points",
    unit=POINTS,
    lowest=0.0,
)
DENSE_BASIN = Estimand(
    "dense_basin",
    "Is the fine-tuned stochastic network in the basin of the dense one, and as good?",
    f"{PAPER}, section I",
    "Pruned networks are in the basin of the dense network that they come from.",
    "rise of test error on the line to the dense network, or error above the dense one's, whichever is more",
    smallest=2.0,
    margin="2 points",
    unit=POINTS,
    lowest=0.0,
)
IN_ONE = 2.0  # points of error, up to which networks count as being in one basin
SAME_V = 0.05
STAGES = {ONE_SHOT: "right after pruning", FINE_TUNED: "after fine-tuning"}


def drowned(cdf: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming) -> list[Claim]:
    """The claim on weight_cdf.csv of one model."""
    shares = pd.Series(
        {
            seed: float(np.interp(np.log(best["sigma"]), np.log(part["magnitude"]), part["share"]))
            for seed, part in cdf[cdf["magnitude"] > 0].groupby("seed")
        }
    )
    words = (
        f"{100 * shares.mean():.0f} % of the weights are smaller than {best['sigma']:g}; the share minus 0.5 is {{}}"
    )
    return [confirming.above(DROWNED, shares - 0.5, words)]


def variance(variances: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming) -> list[Claim]:
    """The claims on variances.csv of one model; none where it has not the chosen setting of magnitude."""
    here = variances[(variances["gamma"] == best["gamma"]) & variances["sigma"].isin([0.0, best["sigma"]])]
    here = here[here["method"] == MAGNITUDE]
    mean = here.groupby(["seed", "stage", "kind"])[list(RATIOS)].mean().unstack("kind")
    if not {DETERMINISTIC, STOCHASTIC} <= set(here["kind"]):
        return []
    v = {
        (stage, name): (of[name][DETERMINISTIC], of[name][STOCHASTIC])
        for stage in STAGES
        for of in [mean.xs(stage, level="stage")]
        for name in RATIOS
    }

    def both(stage: str, name: str) -> str:
        plain, noisy = v[stage, name]
        return f"V is {plain.mean():.3f} without noise and {noisy.mean():.3f} with it"

    plain, noisy = v[ONE_SHOT, "v_channel"]
    stated = [confirming.above(LOWER, plain - noisy, f"{both(ONE_SHOT, 'v_channel')}, lower by {{}}", digits=3)]
    for asked, name in ((NEARER, "v"), (NEARER_CLEAN, "v_clean")):
        plain, noisy = v[ONE_SHOT, name]
        nearer = (plain - 1).abs() - (noisy - 1).abs()
        stated.append(confirming.above(asked, nearer, f"{both(ONE_SHOT, name)}, nearer to 1 by {{}}", digits=3))
    stated.append(
        confirming.above(COLLAPSES, 1 - v[ONE_SHOT, "v"][0], f"{both(ONE_SHOT, 'v')}; below 1 by {{}}", digits=3)
    )
    plain, noisy = v[FINE_TUNED, "v"]
    words = f"{both(FINE_TUNED, 'v')}, a difference of {{}}"
    stated.append(confirming.equal(SAME_AFTER, noisy - plain, words, margin=SAME_V, digits=3, unit=""))
    return stated


def swapped(swaps: pd.DataFrame, sigma: float, confirming: Confirming) -> list[Claim]:
    """The claim on swaps.csv of one model at the chosen noise, with the overlap of masks in its answer.

    Networks in which no weight swaps have no share, and say nothing.
    """
    swaps = swaps[swaps["sigma"] == sigma]
    near = swaps["swapped"].where(swaps["distance"].abs() < 1, 0.0).groupby(swaps["seed"]).sum()
    sums = swaps.groupby("seed")[["weights", "swapped", "expected"]].sum()
    share = (near / sums["swapped"])[sums["swapped"] > 0]
    silent = len(sums) - len(share)
    kept = 1 - float(swaps["gamma"].iloc[0])
    part = sums["swapped"] / sums["weights"]
    overlap = ((kept - part / 2) / (kept + part / 2)).mean()
    words = (
        f"at gamma {swaps['gamma'].iloc[0]:g}, sigma {sigma:g} {100 * part.mean():.1f} % of the"
        f" weights swap ({100 * (sums['expected'] / sums['weights']).mean():.1f} % would if the threshold stayed);"
        f" masks share {100 * overlap:.0f} % of what either keeps (random ones {100 * kept / (2 - kept):.0f} %);"
    )
    if silent:
        words += f" in {silent} of {len(sums)} networks none swaps;"
    if share.empty:
        confirming = replace(confirming, blocked=confirming.blocked or "a noise that swaps weights")
        share = pd.Series([np.nan])
        words += " so there is no share"
    else:
        words += f" {100 * share.mean():.0f} % of those that swap lie within sigma of the threshold; "
        words += "the share minus 0.5 is {}"
    return [confirming.above(NEAR, share - 0.5, words)]


def one_basin(basins: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """The claims on basins.csv of one model; none where magnitude was not fine-tuned."""
    stated = []
    for stage, when in STAGES.items():
        here = basins[(basins["stage"] == stage) & (basins["line"] == DP_TO_SP)]
        if here.empty:
            continue
        means = here.groupby("seed")[["error_barrier", "loss_barrier", "top1_start", "top1_end"]].mean()
        words = (
            f"between deterministic networks of {means['top1_start'].mean():.1f} % and stochastic ones of"
            f" {means['top1_end'].mean():.1f} % {when} error rises by {{}}, the loss by"
            f" {means['loss_barrier'].mean():.3f}"
        )
        stated.append(
            confirming.of(means["top1_start"], means["top1_end"]).equal(
                SAME_BASIN,
                means["error_barrier"],
                words,
                margin=IN_ONE,
                question=f"{SAME_BASIN.text[:-1]} {when}?",
                case=when,
                key=stage,
            )
        )
    here = basins[(basins["stage"] == FINE_TUNED) & (basins["line"] == DENSE_TO_SP)]
    if here.empty:
        return stated
    means = here.groupby("seed")[["error_barrier", "top1_start", "top1_end"]].mean()
    excess = (means["top1_start"] - means["top1_end"]).clip(lower=0)
    worse = np.maximum(means["error_barrier"], excess)
    words = (
        f"error rises by {means['error_barrier'].mean():.1f} points on the line, and is {excess.mean():.1f} points"
        " above the dense one's; the larger is {}"
    )
    stated.append(confirming.equal(DENSE_BASIN, worse, words, margin=IN_ONE))
    return stated
