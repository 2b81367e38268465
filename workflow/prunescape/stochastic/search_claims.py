"""The claims on the search for noise and pruning rate (SP paper, section IV-C)."""

from typing import Any

import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.stochastic.confirming import PAPER, WORTH, Confirming
from prunescape.stochastic.names import F1, NSGA_II, RANDOM
from prunescape.stochastic.statistics import candidates

SEARCHED_F1 = Estimand(
    "front_has_gain",
    "Is there a pruning rate at which noise gains, on the front of accuracy and pruning rate (F1)?",
    f"{PAPER}, section IV-C, Fig. 7",
    "On the front of accuracy and pruning rate (F1) there are pruning rates at which noise gains.",
    "gain of each seed's candidate of the largest gain on held-out images, on the test images with draws of its own",
    **WORTH,
)
SEARCHED = Estimand(
    "search_finds_gain",
    "Does a search for the largest gain (F2) find one?",
    f"{PAPER}, section IV-C, Table I",
    "Searching for the largest gain (F2) on held-out images finds one.",
    "gain of each seed's candidate on the test images with draws of its own, 0 where nothing was found",
    **WORTH,
    is_rare=True,
)
NSGA_BETTER = Estimand(
    "nsga2_over_random",
    "Is NSGA-II better than random search of the same budget?",
    f"{PAPER}, section IV-C, which has no control",
    "NSGA-II is better than random search of the same budget.",
    "hypervolume of NSGA-II minus that of random search, at the end: a mean over search seeds in each network",
    smallest=0.01,
)


def searched(fronts: pd.DataFrame, confirming: Confirming, guessing: float, printed: float | None) -> list[Claim]:
    """The claim on the search for the largest gain; none where NSGA-II did not search.

    Args:
        fronts: a model's, see `prunescape.stochastic.searches.SearchesTables`.
        confirming: of the model.
        guessing: see `prunescape.stochastic.statistics.candidates`.
        printed: the SP paper's gain.
    """
    best = candidates(fronts, guessing).sort_values("seed").set_index("seed")
    if best.empty:
        return []
    gain = best["delta"].where(best["found"], 0.0)
    single = "; ".join(_candidate(seed, row) for seed, row in best.to_dict("index").items())
    again = best["delta_recalibrated"].where(best["found"] | best["delta_recalibrated"].isna(), 0.0)
    columns = ["gamma", "sigma", "delta", "delta_recalibrated", "found"]
    return [
        confirming.gains(
            SEARCHED,
            gain,
            f"something was found in {int(best['found'].sum())} of {len(best)} seeds; the mean gain is"
            f" {{}}{_beside(again)}. By seed: {single}",
            published=printed,
            published_in=f"{PAPER}, Table I",
            numbers={"candidates": best[columns].reset_index().to_dict("records")},
        )
    ]


def on_front(fronts: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """The claim on the front of F1; none where NSGA-II did not search for it. See `searched`."""
    front = fronts[(fronts["objectives"] == F1) & (fronts["algorithm"] == NSGA_II)]
    if front.empty:
        return []
    foretold = front["fitness_sp"] - front["fitness_dp"]
    best = front.loc[foretold.groupby(front["seed"]).idxmax()].set_index("seed")
    words = (
        f"those of the largest gain on held-out images ({foretold.groupby(front['seed']).max().mean():+.1f} points) lie"
        f" at gamma {best['gamma'].min():.2f} to {best['gamma'].max():.2f} and gain"
        f" {{}}{_beside(best['delta_recalibrated'])}"
    )
    return [confirming.of(best["sp"], best["dp"]).gains(SEARCHED_F1, best["delta"], words)]


def _beside(recalibrated: pd.Series) -> str:
    """The mean gain with batch norm recalibrated in words; none where there is no batch norm."""
    return "" if recalibrated.isna().any() else f", recalibrated {recalibrated.mean():+.1f} points"


def _candidate(seed: object, row: dict[str, Any]) -> str:
    """The candidate of one seed in words, with its own gain."""
    if not row["found"]:
        return f"seed {seed}, nothing"
    again = row["delta_recalibrated"]
    beside = "" if pd.isna(again) else f" ({again:+.1f} recalibrated)"
    return f"seed {seed}, gamma {row['gamma']:.2f}, sigma {row['sigma']:.2g}, {row['delta']:+.1f} points{beside}"


def algorithms(progress: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """The claims that NSGA-II finds better fronts than random search of the same budget, for each pair of objectives.

    Args:
        progress: a model's hypervolumes, see `prunescape.stochastic.searches.SearchesTables`.
        confirming: of the model.
    """
    of_search = progress.groupby(["objectives", "algorithm", "seed", "search_seed"])["hypervolume"].last()
    last = of_search.groupby(["objectives", "algorithm", "seed"]).mean().unstack("algorithm")
    if not {NSGA_II, RANDOM} <= set(last):
        return []
    return [
        confirming.above(
            NSGA_BETTER,
            (part[NSGA_II] - part[RANDOM]).droplevel("objectives"),
            "the difference of the hypervolumes at the end, between 0 and 1, is {}",
            digits=3,
            question=f"Is NSGA-II better than random search of the same budget, for objectives {which}?",
            case=f"objectives {which}",
        )
        for which, part in last.groupby(level="objectives")
    ]
