"""What the study found, in numbers with intervals and in sentences that follow from them.

Each finding is a dict: question, answer (a sentence), what `prunescape.answers.judged` says of it (`decided` is None
where there is nothing to decide), topic and case (see `prunescape.questions`), and the numbers behind it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.answers import ABOVE, EQUAL, NO, UNDECIDED, YES, decided, interval, judged, shown
from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.cells import CONFIG, GRID
from prunescape.stochastic.fitness import F1, F2
from prunescape.stochastic.search import NSGA_II, RANDOM
from prunescape.stochastic.statistics import seed_intervals
from prunescape.stochastic.tables import CELL
from prunescape.stochastic.variants import DETERMINISTIC, MASK_D_TO_S, MASK_S_TO_D, STOCHASTIC

Finding = dict[str, Any]
Tables = Mapping[str, pd.DataFrame]


def findings(tables: Tables, cells: Mapping[str, Mapping[str, Any]], tolerance: float) -> dict[str, Any]:
    """Everything that the study says.

    Args:
        tables: by name, the study's tables: sweep_intervals, crossovers, grid_tests, best_draws, transfer, variances,
            fine_tuning, search_progress, structured, table_1.
        cells: by model, the best cell.
        tolerance: points below which a difference of accuracies is none.

    Returns:
        tolerance, and models: by name cell and findings, a list.
    """
    models = {}
    for model, cell in cells.items():
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        found = [
            *(
                _crossover(own["sweep_intervals"], own["crossovers"], recalibrated, tolerance)
                for recalibrated in (False, True)
            ),
            _tests(own["grid_tests"]),
            _recalibration(own["table_1"], cell, tolerance),
            _transfer(own["transfer"]),
            _variance(own["variances"], cell),
            *_fine_tuning(own["fine_tuning"], cell, tolerance),
            *_search(own["table_1"], own["search_progress"], tolerance),
            _structured(own["structured"]),
        ]
        models[model] = {"cell": dict(cell), "findings": [finding for finding in found if finding is not None]}
    return {"tolerance": tolerance, "models": models}


def _of(recalibrated: bool, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["recalibrated"].astype(bool) == recalibrated]


def _numbers(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {f"{name}{end}": float(row[f"{name}{end}"]) for name in names for end in ("", "_low", "_high")}


def _crossover(intervals: pd.DataFrame, crossovers: pd.DataFrame, recalibrated: bool, tolerance: float) -> Finding:
    """Does noise win at high pruning rates, and by how much (SP paper, section IV-A)?"""
    cells = _of(recalibrated, intervals)
    cells = cells[(cells["kind"] == STOCHASTIC) & (cells["method"] == MAGNITUDE)]
    best = cells.loc[cells["delta"].idxmax()]
    there = crossovers[(crossovers["method"] == MAGNITUDE) & (crossovers["sigma"] == best["sigma"])]
    rates = _of(recalibrated, there)["crossover"]
    crossing = rates.dropna().sort_values()
    sure = decided("delta", best, tolerance)
    if sure == ABOVE and len(crossing) > len(rates) / 2:
        outcome = YES
    elif sure == EQUAL or best["delta"] <= 0 or not len(crossing):
        outcome = NO
    else:
        outcome = UNDECIDED
    where = f" (from gamma {', '.join(f'{rate:g}' for rate in crossing)} on)" if len(crossing) else ""
    with_norm = "recalibrated" if recalibrated else "as pretrained"
    return {
        "question": f"Does noise win at high pruning rates, with batch norm {with_norm}?",
        "topic": "Does noise win at high pruning rates?",
        "case": f"batch norm {with_norm}",
        "answer": f"{outcome.capitalize()}: the largest mean gain of {len(cells)} settings is"
        f" {shown('delta', best)}, at gamma {best['gamma']:g}, sigma {best['sigma']:g}; at this"
        f" noise {len(crossing)} of {len(rates)} seeds have a crossover{where}.",
        **judged("delta", best, sure=sure, outcomes={sure: outcome}),
        "crossovers": crossing.tolist(),
        "seeds": len(rates),
        "gamma": float(best["gamma"]),
        "sigma": float(best["sigma"]),
        **_numbers(best, "delta"),
    }


def _tests(tests: pd.DataFrame) -> Finding:
    """How many cells of the grid are significant in every seed (SP paper, section IV-B)?"""
    plain = _of(False, tests)
    worst = plain.groupby(["gamma", "sigma"])["p_holm"].max()
    significant = int((worst < 0.05).sum())
    draws = int(plain["draws"].min())
    return {
        "question": "Is the gain significant over the grid?",
        "answer": f"In {significant} of {len(worst)} cells for every seed (one-sided Wilcoxon signed-rank tests over"
        f" {draws} draws, Holm-corrected over the cells, p < 0.05).",
        "decided": None,
        "significant_cells": significant,
        "cells": len(worst),
    }


def _recalibration(table_1: pd.DataFrame, cell: Mapping[str, Any], tolerance: float) -> Finding:
    """What recalibrating batch norm does to both (SP paper, section V)."""
    row = table_1[table_1["search"] == (CELL if cell["source"] == CONFIG else GRID)].iloc[0]
    return {
        "question": "Does the gain outlive the recalibration of batch norm?",
        "answer": f"At gamma {cell['gamma']:g}, sigma {cell['sigma']:g} the deterministic network has {row['dp']:.1f} %"
        f" and stochastic ones {row['sp']:.1f} %; recalibrated, {row['dp_recalibrated']:.1f} % and"
        f" {row['sp_recalibrated']:.1f} %: a gain of {shown('delta', row)} becomes"
        f" {shown('delta_recalibrated', row)}.",
        **judged("delta_recalibrated", row, tolerance=tolerance),
        **{name: float(row[name]) for name in ("sp", "dp", "sp_recalibrated", "dp_recalibrated")},
        **_numbers(row, "delta", "delta_recalibrated"),
    }


def _transfer(transfer: pd.DataFrame) -> Finding:
    """Is it the mask or the weights (SP paper, Fig. 2, 3)?"""
    plain = _of(False, seed_intervals(transfer))
    gamma = plain["gamma"].max()
    rows = {row["kind"]: row for _, row in plain[plain["gamma"] == gamma].iterrows()}
    names = {STOCHASTIC: "both", MASK_S_TO_D: "the noisy mask alone", MASK_D_TO_S: "the noisy weights alone"}
    parts = ", ".join(f"{words} {shown('delta', rows[kind])}" for kind, words in names.items())
    return {
        "question": "Is it the mask or the weights?",
        "answer": f"At gamma {gamma:g}, against deterministic pruning: {parts}.",
        "decided": None,
        "gamma": float(gamma),
        **{kind: _numbers(rows[kind], "delta") for kind in names},
    }


def _variance(variances: pd.DataFrame, cell: Mapping[str, Any]) -> Finding:
    """Feature variance V at the best cell (SP paper, Table III)."""
    here = variances[(variances["gamma"] == cell["gamma"]) & variances["sigma"].isin([0.0, cell["sigma"]])]
    mean = here.groupby(["stage", "kind"])["v"].mean()
    before, after = ({kind: mean[stage, kind] for kind in (DETERMINISTIC, STOCHASTIC)} for stage in _STAGES)
    return {
        "question": "Does noise bring the variance of features nearer to the dense network's (V = 1)?",
        "answer": f"One-shot, V is {before[DETERMINISTIC]:.3f} for deterministic and {before[STOCHASTIC]:.3f} for"
        f" stochastic networks; fine-tuned, {after[DETERMINISTIC]:.3f} and {after[STOCHASTIC]:.3f}.",
        "decided": None,
        "one_shot": {kind: float(value) for kind, value in before.items()},
        "fine_tuned": {kind: float(value) for kind, value in after.items()},
    }


_STAGES = ("one_shot", "fine_tuned")


def _fine_tuning(fine_tuning: pd.DataFrame, cell: Mapping[str, Any], tolerance: float) -> list[Finding]:
    """Is anything of the gain left after fine-tuning (SP paper, Table II)?"""
    found = seed_intervals(fine_tuning.assign(recalibrated=False))
    here = found[(found["gamma"] == cell["gamma"]) & (found["sigma"] == cell["sigma"])]
    return [
        {
            "question": f"Does noise help after fine-tuning, scored by {row['method']}?",
            "answer": f"Stochastic networks reach {row['median']:.1f} %, deterministic ones {row['reference']:.1f} %:"
            f" {shown('delta', row, 2)}.",
            "topic": "Does noise help after fine-tuning?",
            "case": f"scored by {row['method']}",
            **judged("delta", row, 2, tolerance=tolerance),
            "method": row["method"],
            **_numbers(row, "delta"),
        }
        for _, row in here[here["kind"] == STOCHASTIC].iterrows()
    ]


def _search(table_1: pd.DataFrame, progress: pd.DataFrame, tolerance: float) -> list[Finding]:
    """What the search finds, and whether NSGA-II finds it sooner than chance (SP paper, section IV-C)."""
    found: list[Finding] = []
    for _, row in table_1[table_1["search"] == F2].iterrows():
        found.append(
            {
                "question": "What does the search find that maximises the gain (F2)?",
                "answer": f"Gamma {row['gamma']:.2f}, sigma {row['sigma']:.2g} (medians over seeds), where noise gains"
                f" {shown('delta', row)} on the test images.",
                "topic": "Does noise gain where the search maximises the gain (F2)?",
                **judged("delta", row, tolerance=tolerance),
                **_numbers(row, "delta"),
            }
        )
    last = progress.groupby(["objectives", "algorithm", "seed"])["hypervolume"].last().unstack("algorithm")
    if {NSGA_II, RANDOM} <= set(last):
        rows = {which: interval("difference", (part[NSGA_II] - part[RANDOM]).to_numpy()) for which, part in _by(last)}
        words = ", ".join(f"{which} {_plain(row)}" for which, row in rows.items())
        found.append(
            {
                "question": "Is NSGA-II better than random search of the same budget?",
                "answer": f"Difference of the hypervolumes at the end, between 0 and 1: {words}.",
                "case": "objectives F1",
                **judged("difference", rows[F1], 3, ""),
                **rows,
            }
        )
    return found


def _by(last: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    return [(str(which), part) for which, part in last.groupby(level="objectives")]


def _plain(row: Mapping[str, float]) -> str:
    """A difference that has no unit, with its interval."""
    low, high = row["difference_low"], row["difference_high"]
    return f"{row['difference']:+.3f}" + ("" if np.isnan(low) else f" [{low:.3f}, {high:.3f}]")


def _structured(structured: pd.DataFrame) -> Finding:
    """Does noise help before structured pruning?"""
    cells = _of(False, seed_intervals(structured))
    best = cells.loc[cells["delta"].idxmax()]
    better = int((cells["delta_low"] > 0).sum())
    return {
        "question": "Does noise help when whole filters are removed?",
        "answer": f"In {better} of {len(cells)} settings the interval is above zero; the largest mean gain is"
        f" {shown('delta', best)}, {best['method']} pruning of {100 * best['gamma']:.0f} % of the FLOPs at sigma"
        f" {best['sigma']:g}.",
        "decided": None,
        "better": better,
        "settings": len(cells),
        **_numbers(best, "delta"),
    }
