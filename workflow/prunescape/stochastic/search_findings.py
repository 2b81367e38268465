"""The findings on the search for noise and pruning rate (SP paper, section IV-C)."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from prunescape.answers import OPEN, judged, of_seeds, shown
from prunescape.stochastic.found import candidates
from prunescape.stochastic.names import F1, NSGA_II, RANDOM

Finding = dict[str, Any]


def searched(fronts: pd.DataFrame, guessing: float, normalised: bool, tolerance: float) -> list[Finding]:
    """What the search for the largest gain finds; nothing is said where NSGA-II did not search.

    Args:
        fronts: a model's, see `prunescape.stochastic.searches.SearchesTables`.
        guessing: see `prunescape.stochastic.found.candidates`.
        normalised: whether recalibrating batch norm changes anything.
        tolerance: points below which a difference of accuracies is none.
    """
    best = candidates(fronts, guessing).sort_values("seed")
    found = best[best["found"]]
    if best.empty:
        return []
    about = {
        "question": "What does the search find that maximises the gain (F2)?",
        "topic": "Does noise gain where the search maximises the gain (F2)?",
        "candidates": best[["seed", "gamma", "sigma", "delta", "delta_recalibrated", "found"]].to_dict("records"),
    }
    if found.empty:
        nothing = "on the held-out images the candidate of the largest gain has none, or is no better than guessing"
        answer = f"Nothing in {len(best)} of {len(best)} seeds: {nothing}."
        return [{**about, "answer": answer, "decided": None}]
    row = of_seeds("delta", found["delta"]) | of_seeds("delta_recalibrated", found["delta_recalibrated"])
    beside = f"; recalibrated, {shown('delta_recalibrated', row)}" if normalised else ""
    single = "; ".join(_candidate(seed, normalised) for seed in best.to_dict("records"))
    sure = None if len(found) > len(best) / 2 else OPEN  # few seeds with a find say little of the others
    says = judged("delta", row, tolerance=tolerance, sure=sure)
    return [
        {
            **about,
            "answer": f"Where the search found something, in {len(found)} of {len(best)} seeds, noise gains"
            f" {shown('delta', row)} on the test images{beside}. By seed: {single}. Candidates are chosen on the"
            " held-out images, but with the draws that are measured here.",
            **says,
            "evidence": says["evidence"] + beside,
            **row,
        }
    ]


def _candidate(row: dict[str, Any], normalised: bool) -> str:
    """One seed's candidate in words, with its own gain."""
    if not row["found"]:
        return f"seed {row['seed']}, nothing"
    beside = f" ({row['delta_recalibrated']:+.1f} recalibrated)" if normalised else ""
    return f"seed {row['seed']}, gamma {row['gamma']:.2f}, sigma {row['sigma']:.2g}, {row['delta']:+.1f} points{beside}"


def algorithms(progress: pd.DataFrame) -> list[Finding]:
    """Whether NSGA-II finds a better front than random search of the same budget.

    Args:
        progress: a model's hypervolumes, see `prunescape.stochastic.searches.SearchesTables`.
    """
    last = progress.groupby(["objectives", "algorithm", "seed"])["hypervolume"].last().unstack("algorithm")
    if not {NSGA_II, RANDOM} <= set(last):
        return []
    rows = {which: of_seeds("difference", part[NSGA_II] - part[RANDOM]) for which, part in _by(last)}
    words = ", ".join(f"{which} {shown('difference', row, 3, '')}" for which, row in rows.items())
    return [
        {
            "question": "Is NSGA-II better than random search of the same budget?",
            "answer": f"Difference of the hypervolumes at the end, between 0 and 1: {words}.",
            "case": "objectives F1",
            **judged("difference", rows[F1], 3, ""),
            **rows,
        }
    ]


def _by(last: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    return [(str(which), part) for which, part in last.groupby(level="objectives")]
