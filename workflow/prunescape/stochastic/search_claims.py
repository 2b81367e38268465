"""The claims on the search for noise and pruning rate (SP paper, section IV-C)."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import CANNOT, OPEN, decided, judged, shown
from prunescape.stochastic.names import F1, F2, NSGA_II, RANDOM
from prunescape.stochastic.statistics import candidates

PAPER = "Stochastic Pruning for Neural Networks (Avendaño Muñoz et al. 2025)"  # "the SP paper"

SEARCHED = Question(
    "search_finds_gain",
    "Does noise gain where the search maximises the gain (F2)?",
    f"{PAPER}, section IV-C, Table I",
    "Noise gains where the search maximises the gain (F2).",
    "stochastic minus deterministic accuracy of each seed's candidate",
)
NSGA_BETTER = Question(
    "nsga2_over_random",
    "Is NSGA-II better than random search of the same budget?",
    f"{PAPER}, section IV-C, which has no control",
    "NSGA-II is better than random search of the same budget.",
    "hypervolume of NSGA-II minus that of random search, at the end",
)


def searched(
    fronts: pd.DataFrame, table_1: pd.DataFrame, about: About, guessing: float, normalised: bool, tolerance: float
) -> list[Claim]:
    """Claims on the search for the largest gain; none where NSGA-II did not search.

    Args:
        fronts: a model's, see `prunescape.stochastic.searches.SearchesTables`.
        table_1: a model's, with the published gain.
        about: the model.
        guessing: see `prunescape.stochastic.statistics.candidates`.
        normalised: whether recalibrating batch norm changes anything.
        tolerance: points below which a difference of accuracies is none.
    """
    best = candidates(fronts, guessing).sort_values("seed")
    gaining = best[best["found"]]
    if best.empty:
        return []
    question = "What does the search find that maximises the gain (F2)?"
    columns = ["seed", "gamma", "sigma", "delta", "delta_recalibrated", "found"]
    numbers: dict[str, Any] = {"candidates": best[columns].to_dict("records")}
    if gaining.empty:
        nothing = "on the held-out images the candidate of the largest gain has none, or is no better than guessing"
        why = f"Nothing in {len(best)} of {len(best)} seeds: {nothing}."
        return [SEARCHED.answered(about, why, None, CANNOT, question=question, numbers=numbers)]
    row = of_seeds("delta", gaining["delta"]) | of_seeds("delta_recalibrated", gaining["delta_recalibrated"])
    beside = f"; recalibrated, {shown('delta_recalibrated', row)}" if normalised else ""
    single = "; ".join(_candidate(seed, normalised) for seed in best.to_dict("records"))
    often = len(gaining) > len(best) / 2  # few seeds with a find say little of the others
    more = None if often or decided("delta", row, tolerance) == OPEN else "a find in most seeds"
    says = judged("delta", row, tolerance=tolerance, sure=None if often else OPEN, would_decide=more)
    printed = table_1[table_1["search"] == F2]["published_delta"] if "published_delta" in table_1 else pd.Series()
    return [
        SEARCHED.answered(
            about,
            f"Where the search found something, in {len(gaining)} of {len(best)} seeds, noise gains"
            f" {shown('delta', row)} on the test images{beside}. By seed: {single}. Candidates are chosen on the"
            " held-out images, but with the draws that are measured here.",
            says._replace(evidence=says.evidence + beside),
            question=question,
            published=next(iter(printed), None),
            published_in=f"{PAPER}, Table I",
            numbers={**numbers, **row},
        )
    ]


def _candidate(row: dict[str, Any], normalised: bool) -> str:
    """The candidate of one seed in words, with its own gain."""
    if not row["found"]:
        return f"seed {row['seed']}, nothing"
    beside = f" ({row['delta_recalibrated']:+.1f} recalibrated)" if normalised else ""
    return f"seed {row['seed']}, gamma {row['gamma']:.2f}, sigma {row['sigma']:.2g}, {row['delta']:+.1f} points{beside}"


def algorithms(progress: pd.DataFrame, about: About) -> list[Claim]:
    """The claim that NSGA-II finds a better front than random search of the same budget.

    Args:
        progress: a model's hypervolumes, see `prunescape.stochastic.searches.SearchesTables`.
        about: the model.
    """
    last = progress.groupby(["objectives", "algorithm", "seed"])["hypervolume"].last().unstack("algorithm")
    if not {NSGA_II, RANDOM} <= set(last):
        return []
    rows = {which: of_seeds("difference", part[NSGA_II] - part[RANDOM]) for which, part in _by(last)}
    words = ", ".join(f"{which} {shown('difference', row, 3, '')}" for which, row in rows.items())
    return [
        NSGA_BETTER.answered(
            about,
            f"Difference of the hypervolumes at the end, between 0 and 1: {words}.",
            judged("difference", rows[F1], 3, ""),
            case="objectives F1",
            numbers=rows,
        )
    ]


def _by(last: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    return [(str(which), part) for which, part in last.groupby(level="objectives")]
