"""What the study found, in numbers with intervals and in sentences that follow from them.

Each finding is a dict: question, answer (a sentence), what `prunescape.answers.judged` says of it (`decided` is None
where there is nothing to decide), topic and case (see `prunescape.questions`), and the numbers behind it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from prunescape.answers import ABOVE, BELOW, EQUAL, OPEN, consistent, decided, how_many_above, judged, shown
from prunescape.pruning.score_names import MAGNITUDE
from prunescape.stochastic.cells import CONFIG, GRID
from prunescape.stochastic.names import DETERMINISTIC, MASK_D_TO_S, MASK_S_TO_D, STOCHASTIC
from prunescape.stochastic.search_findings import algorithms, searched
from prunescape.stochastic.statistics import seed_intervals
from prunescape.stochastic.tables import CELL

Finding = dict[str, Any]
Tables = Mapping[str, pd.DataFrame]


def findings(
    tables: Tables, cells: Mapping[str, Mapping[str, Any]], tolerance: float, guessing: float
) -> dict[str, Any]:
    """Everything that the study says.

    Args:
        tables: by name, the study's tables: sweep_intervals, crossovers, grid_tests, transfer, variances, fine_tuning,
            fronts, search_progress, structured, table_1.
        cells: by model, the best cell.
        tolerance: points below which a difference of accuracies is none.
        guessing: the accuracy up to which a network may be guessing, see `prunescape.stochastic.found`.

    Returns:
        tolerance, and models: by name cell and findings, a list.
    """
    models = {}
    for model, cell in cells.items():
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        normalised = _normalised(own["transfer"])
        found = [
            *_crossovers(own["sweep_intervals"], own["crossovers"], normalised, tolerance),
            _tests(own["grid_tests"], normalised),
            _recalibration(own["table_1"], cell, normalised, tolerance),
            _transfer(own["transfer"], cell, normalised),
            _variance(own["variances"], cell),
            *_fine_tuning(own["fine_tuning"], cell, tolerance),
            *searched(own["fronts"], guessing, normalised, tolerance),
            *algorithms(own["search_progress"]),
            _structured(own["structured"], normalised),
        ]
        models[model] = {"cell": dict(cell), "findings": [consistent(finding) for finding in found]}
    return {"tolerance": tolerance, "models": models}


def _of(recalibrated: bool, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["recalibrated"].astype(bool) == recalibrated]


def _normalised(networks: pd.DataFrame) -> bool:
    """Whether recalibration changes any network: whether there is batch norm to recalibrate."""
    measured = networks[["top1", "loss"]].assign(recalibrated=networks["recalibrated"])
    plain, again = (_of(way, measured)[["top1", "loss"]].to_numpy() for way in (False, True))
    return not np.array_equal(plain, again, equal_nan=True)


def _regimes(normalised: bool) -> dict[bool, str]:
    """By whether batch norm is recalibrated, the words before what is said of it; one where there is none."""
    return {False: "", True: "recalibrated, "} if normalised else {False: ""}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _numbers(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {f"{name}{end}": float(row[f"{name}{end}"]) for name in names for end in ("", "_low", "_high")}


def _chosen(cell: Mapping[str, Any]) -> str:
    """A sentence that a gain at the best cell is optimistic, where the grid chose it."""
    if cell["source"] == CONFIG:
        return ""
    return " The setting was chosen by its one-shot gain on the same images and draws, so the gain is optimistic."


def _crossovers(intervals: pd.DataFrame, crossovers: pd.DataFrame, normalised: bool, tolerance: float) -> list[Finding]:
    """Does noise win at high pruning rates, and by how much (SP paper, section IV-A)?"""
    topic = "Does noise win at high pruning rates?"
    found = []
    for recalibrated in _regimes(normalised):
        case = f"batch norm {'recalibrated' if recalibrated else 'as pretrained'}" if normalised else "no batch norm"
        question = f"{topic[:-1]}, with {case}?" if normalised else topic
        told = _crossover(_of(recalibrated, intervals), _of(recalibrated, crossovers), tolerance)
        found.append({"question": question, "topic": topic, "case": case, **told})
    return found


def _crossover(intervals: pd.DataFrame, crossovers: pd.DataFrame, tolerance: float) -> Finding:
    """The answer for networks that are all recalibrated or all not: yes at one setting, or no at every one."""
    cells = intervals[(intervals["kind"] == STOCHASTIC) & (intervals["method"] == MAGNITUDE)]
    best = cells.loc[cells["delta"].idxmax()]
    there = (crossovers["method"] == MAGNITUDE) & (crossovers["sigma"] == best["sigma"])
    rates = crossovers[there]["crossover"]
    crossing = rates.dropna().sort_values()
    sure = decided("delta", best, tolerance)
    each = [decided("delta", cell, tolerance) for _, cell in cells.iterrows()]
    often = len(crossing) > len(rates) / 2
    if not (often if sure == ABOVE else set(each) <= {BELOW, EQUAL}):
        sure = OPEN
    says = judged("delta", best, tolerance=tolerance, sure=sure)
    where = f" (from gamma {', '.join(f'{rate:g}' for rate in crossing)} on)" if len(crossing) else ""
    return {
        "answer": f"{says['outcome'].capitalize()}: the largest mean gain of {len(cells)} settings is"
        f" {shown('delta', best)}, at gamma {best['gamma']:g}, sigma {best['sigma']:g} (chosen on the same images and"
        f" draws, and so optimistic); {each.count(OPEN) or 'none'} of the settings decide nothing. At this noise"
        f" {len(crossing)} of {len(rates)} seeds have a crossover{where}.",
        **says,
        "crossovers": crossing.tolist(),
        "seeds": len(rates),
        "undecided_settings": each.count(OPEN),
        "gamma": float(best["gamma"]),
        "sigma": float(best["sigma"]),
        **_numbers(best, "delta"),
    }


def _tests(tests: pd.DataFrame, normalised: bool) -> Finding:
    """How many cells of the grid are significant in every seed (SP paper, section IV-B)?"""
    significant = {}
    for recalibrated in _regimes(normalised):
        worst = _of(recalibrated, tests).groupby(["gamma", "sigma"])["p_holm"].max()
        significant[recalibrated] = int((worst < 0.05).sum())
    beside = f" (recalibrated, in {significant[True]})" if normalised else ""
    seeds, draws = tests["seed"].nunique(), int(tests["draws"].min())
    whose = "every seed" if seeds > 1 else "the one seed"
    return {
        "question": "Is the gain significant over the grid?",
        "answer": f"In {significant[False]} of {len(worst)} cells{beside} for {whose} (one-sided Wilcoxon"
        f" signed-rank tests over {draws} draws, Holm-corrected over the cells, p < 0.05).",
        "decided": None,
        "significant_cells": significant[False],
        "significant_cells_recalibrated": significant.get(True),
        "cells": len(worst),
    }


def _recalibration(table_1: pd.DataFrame, cell: Mapping[str, Any], normalised: bool, tolerance: float) -> Finding:
    """What recalibrating batch norm does to both (SP paper, section V)."""
    question = "Does the gain outlive the recalibration of batch norm?"
    if not normalised:
        answer = "The network has no batch norm to recalibrate: its accuracies are the same without and with it."
        return {"question": question, "answer": answer, "decided": None}
    row = table_1[table_1["search"] == (CELL if cell["source"] == CONFIG else GRID)].iloc[0]
    before = decided("delta", row, tolerance)
    says: Finding = {"decided": None}
    word = "No gain to outlive"
    if before == ABOVE:
        says = judged("delta_recalibrated", row, tolerance=tolerance)
        word = says["outcome"].capitalize()
    elif before == OPEN:
        says = judged("delta", row, tolerance=tolerance)
        says["evidence"] += f"; recalibrated, {shown('delta_recalibrated', row)}"
        word = "Not decided, as it is not whether there is a gain"
    return {
        "question": question,
        "answer": f"{word}: at gamma {cell['gamma']:g}, sigma {cell['sigma']:g} the deterministic network has"
        f" {row['dp']:.1f} % and stochastic ones {row['sp']:.1f} %; recalibrated, {row['dp_recalibrated']:.1f} % and"
        f" {row['sp_recalibrated']:.1f} %. {shown('delta', row)} becomes {shown('delta_recalibrated', row)}."
        f"{_chosen(cell)}",
        **says,
        **{name: float(row[name]) for name in ("sp", "dp", "sp_recalibrated", "dp_recalibrated")},
        **_numbers(row, "delta", "delta_recalibrated"),
    }


def _transfer(transfer: pd.DataFrame, cell: Mapping[str, Any], normalised: bool) -> Finding:
    """Is it the mask or the weights (SP paper, Fig. 2, 3)?"""
    found = seed_intervals(transfer)
    gamma = found["gamma"].max()
    names = {STOCHASTIC: "both", MASK_S_TO_D: "the noisy mask alone", MASK_D_TO_S: "the noisy weights alone"}
    rows, parts = {}, []
    for recalibrated, way in _regimes(normalised).items():
        here = _of(recalibrated, found[found["gamma"] == gamma])
        rows[recalibrated] = {row["kind"]: row for _, row in here.iterrows()}
        parts.append(way + ", ".join(f"{of} {shown('delta', rows[recalibrated][kind])}" for kind, of in names.items()))
    sigma = float(rows[False][STOCHASTIC]["sigma"])
    return {
        "question": "Is it the mask or the weights?",
        "answer": f"At gamma {gamma:g}, sigma {sigma:g}, against deterministic pruning: {'; '.join(parts)}."
        f"{_chosen(cell) if sigma == cell['sigma'] else ''}",
        "decided": None,
        "gamma": float(gamma),
        "sigma": sigma,
        **{kind: _numbers(rows[False][kind], "delta") for kind in names},
        "recalibrated": {kind: _numbers(row, "delta") for kind, row in rows.get(True, {}).items()},
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
            f" {shown('delta', row, 2)}.{_chosen(cell)}",
            "topic": "Does noise help after fine-tuning?",
            "case": f"scored by {row['method']}",
            **judged("delta", row, 2, tolerance=tolerance),
            "method": row["method"],
            **_numbers(row, "delta"),
        }
        for _, row in here[here["kind"] == STOCHASTIC].iterrows()
    ]


def _structured(structured: pd.DataFrame, normalised: bool) -> Finding:
    """Does noise help before structured pruning?"""
    found = seed_intervals(structured)
    told = {recalibrated: _settings(_of(recalibrated, found)) for recalibrated in _regimes(normalised)}
    text = "; ".join(way + told[recalibrated].pop("words") for recalibrated, way in _regimes(normalised).items())
    return {
        "question": "Does noise help when whole filters are removed?",
        "answer": f"{_sentence(text)}. The settings were chosen on the same images and draws, so their gains"
        " are optimistic.",
        "decided": None,
        **told[False],
        "recalibrated": told.get(True),
    }


def _settings(cells: pd.DataFrame) -> dict[str, Any]:
    """What noise does at all settings of structured pruning, in numbers and, as `words`, in words."""

    def at(cell: pd.Series) -> str:
        removed = f"{cell['method']} pruning of {100 * cell['gamma']:.0f} % of the FLOPs"
        return f"{shown('delta', cell)}, {removed} at sigma {cell['sigma']:g}"

    best, losses = cells.loc[cells["delta"].idxmax()], cells[cells["delta_high"] < 0]
    words = how_many_above("delta", cells.to_dict("records"), "settings")
    if len(losses):
        words += f" and at {len(losses)} below it (the largest loss {at(losses.loc[losses['delta'].idxmin()])})"
    return {
        "words": f"{words}; the largest mean gain is {at(best)}",
        "better": int((cells["delta_low"] > 0).sum()),
        "worse": len(losses),
        "settings": len(cells),
        **_numbers(best, "delta"),
    }
