"""Claims of the study `stochastic`: numbers with intervals over seeds, and sentences that follow from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BELOW,
    CANNOT,
    EQUAL,
    OPEN,
    Judgement,
    decided,
    how_many_above,
    judged,
    shown,
)
from prunescape.claims.published import published
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.names import DETERMINISTIC, MASK_D_TO_S, MASK_S_TO_D, STOCHASTIC
from prunescape.stochastic.search_claims import PAPER, algorithms, searched
from prunescape.stochastic.statistics import CONFIG, GRID, guessing_accuracy, seed_intervals
from prunescape.stochastic.tables import CELL, SOURCE

STUDY = "stochastic"
NOTE = """"Deterministic" is pruning of the pretrained weights, "stochastic" pruning of the weights with noise of
standard deviation sigma added; gamma is the part of the weights that is removed. Gains are stochastic minus
deterministic accuracy, in points, means over pretrained seeds with 95 % intervals over seeds. An interval that contains
zero decides nothing, unless it lies within {tolerance} points of it. Settings of the largest gain were chosen on the
same test images and draws of noise on which the gain is stated, so it is optimistic; the search alone chose on other
images."""

_GAIN = "stochastic minus deterministic accuracy"
WINS = Question(
    "noise_wins",
    "Does noise win at high pruning rates?",
    f"{PAPER}, section IV-A",
    "Noise wins at high pruning rates.",
    f"{_GAIN} at the setting of the largest gain",
)
SIGNIFICANT = Question(
    "significant_over_grid",
    "Is the gain significant over the grid?",
    f"{PAPER}, section IV-B",
    "The gain is significant in every cell of the grid.",
    "number of cells that are significant",
)
OUTLIVES = Question(
    "outlives_recalibration",
    "Does the gain outlive the recalibration of batch norm?",
    f"beyond {PAPER}, whose section V names recalibration",
    "The gain outlives the recalibration of batch norm.",
    f"{_GAIN} after recalibration",
)
MASK_OR_WEIGHTS = Question(
    "mask_or_weights",
    "Is it the mask or the weights?",
    f"{PAPER}, section IV-A, Figs. 2 and 3",
    "Both the noisy mask and the noisy weights are needed for the gain.",
    "gains of the mask alone and of the weights alone",
)
VARIANCE = Question(
    "feature_variance",
    "Does noise bring the variance of features nearer to the dense network's (V = 1)?",
    f"{PAPER}, section IV-D, Table III",
    "Noise brings the variance of features nearer to the dense network's.",
    "feature variance V, 1 of the dense network",
)
FINE_TUNED = Question(
    "after_fine_tuning",
    "Does noise help after fine-tuning?",
    f"{PAPER}, section IV-E, Table II",
    "Noise helps after fine-tuning.",
    f"{_GAIN} after fine-tuning",
)
STRUCTURED = Question(
    "structured",
    "Does noise help when whole filters are removed?",
    f"beyond {PAPER}",
    "Noise helps when whole filters are removed.",
    f"{_GAIN} by setting",
)


def claims(given: Mapping[str, Any], settings: Mapping[str, Any]) -> StudyClaims:
    """The claims of the study on the networks of a run.

    Args:
        given: by name, the study's tables: sweep_intervals, crossovers, grid_tests, transfer, variances, fine_tuning,
            fronts, search_progress, structured, table_1; cells, the best cell of each model; and data, what meta.json
            says of the images.
        settings: question, the study's; models, names in order; tolerance, points below which a difference of
            accuracies is none; held_out, the number of images on which searches choose; data, the data set's name; and
            seeds.
    """
    tolerance, data = settings["tolerance"], settings["data"]
    guessing = guessing_accuracy(len(given["data"]["classes"]), settings["held_out"])
    tables = {name: table for name, table in given.items() if name not in ("cells", "data")}
    models, stated = {}, []
    for model, cell in zip(settings["models"], given["cells"], strict=True):
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        about = About(STUDY, model, decided_on(data, settings["seeds"]))
        models[model] = _best_setting(cell)
        stated += _of_model(own, cell, about, tolerance, guessing, data)
    return StudyClaims(STUDY, settings["question"], NOTE.format(tolerance=tolerance), models, stated)


def _best_setting(cell: Mapping[str, Any]) -> str:
    by = "given in the config" if cell["source"] == CONFIG else "the grid's largest gain on the test images"
    return f"Best setting: gamma {cell['gamma']:g}, sigma {cell['sigma']:g} ({by})."


def _of_model(
    own: Mapping[str, pd.DataFrame],
    cell: Mapping[str, Any],
    about: About,
    tolerance: float,
    guessing: float,
    data: str,
) -> list[Claim]:
    normalised = _normalised(own["transfer"])
    return [
        *_crossovers(own["sweep_intervals"], own["crossovers"], about, normalised, tolerance),
        _tests(own["grid_tests"], about, normalised),
        _recalibration(own["table_1"], cell, about, normalised, tolerance),
        _transfer(own["transfer"], cell, about, normalised),
        _variance(own["variances"], cell, about),
        *_fine_tuning(own["fine_tuning"], cell, about, tolerance, data),
        *searched(own["fronts"], own["table_1"], about, guessing, normalised, tolerance),
        *algorithms(own["search_progress"], about),
        _structured(own["structured"], about, normalised),
    ]


def _of(recalibrated: bool, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["recalibrated"].astype(bool) == recalibrated]


def _normalised(networks: pd.DataFrame) -> bool:
    """Whether recalibration changes the accuracy or the loss of any network, as it does where there is batch norm."""
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


def _crossovers(
    intervals: pd.DataFrame, crossovers: pd.DataFrame, about: About, normalised: bool, tolerance: float
) -> list[Claim]:
    stated = []
    for recalibrated in _regimes(normalised):
        case = f"batch norm {'recalibrated' if recalibrated else 'as pretrained'}" if normalised else "no batch norm"
        question = f"{WINS.text[:-1]}, with {case}?" if normalised else WINS.text
        told = _crossover(_of(recalibrated, intervals), _of(recalibrated, crossovers), tolerance)
        stated.append(WINS.answered(about, **told, question=question, case=case))
    return stated


def _crossover(intervals: pd.DataFrame, crossovers: pd.DataFrame, tolerance: float) -> dict[str, Any]:
    """The answer for networks that are all recalibrated or all not: yes at one setting, or no at every one."""
    cells = intervals[(intervals["kind"] == STOCHASTIC) & (intervals["method"] == MAGNITUDE)]
    best = cells.loc[cells["delta"].idxmax()]
    there = (crossovers["method"] == MAGNITUDE) & (crossovers["sigma"] == best["sigma"])
    rates = crossovers[there]["crossover"]
    crossing = rates.dropna().sort_values()
    sure = decided("delta", best, tolerance)
    each = [decided("delta", cell, tolerance) for _, cell in cells.iterrows()]
    often = len(crossing) > len(rates) / 2
    more = None
    if sure != OPEN and not (often if sure == ABOVE else set(each) <= {BELOW, EQUAL}):
        more = "a crossover in most seeds" if sure == ABOVE else f"more seeds, for the {each.count(OPEN)} open settings"
        sure = OPEN
    says = judged("delta", best, tolerance=tolerance, sure=sure, would_decide=more)
    where = f" (from gamma {', '.join(f'{rate:g}' for rate in crossing)} on)" if len(crossing) else ""
    return {
        "answer": f"{ANSWERS[says.outcome].capitalize()}: the largest mean gain of {len(cells)} settings is"
        f" {shown('delta', best)}, at gamma {best['gamma']:g}, sigma {best['sigma']:g} (chosen on the same images and"
        f" draws, and so optimistic); {each.count(OPEN) or 'none'} of the settings decide nothing. At this noise"
        f" {len(crossing)} of {len(rates)} seeds have a crossover{where}.",
        "judgement": says,
        "numbers": {
            "crossovers": crossing.tolist(),
            "seeds": len(rates),
            "undecided_settings": each.count(OPEN),
            "gamma": float(best["gamma"]),
            "sigma": float(best["sigma"]),
            **_numbers(best, "delta"),
        },
    }


def _tests(tests: pd.DataFrame, about: About, normalised: bool) -> Claim:
    significant = {}
    for recalibrated in _regimes(normalised):
        worst = _of(recalibrated, tests).groupby(["gamma", "sigma"])["p_holm"].max()
        significant[recalibrated] = int((worst < 0.05).sum())
    beside = f" (recalibrated, in {significant[True]})" if normalised else ""
    seeds, draws = tests["seed"].nunique(), int(tests["draws"].min())
    whose = "every seed" if seeds > 1 else "the one seed"
    return SIGNIFICANT.answered(
        about,
        f"In {significant[False]} of {len(worst)} cells{beside} for {whose} (one-sided Wilcoxon"
        f" signed-rank tests over {draws} draws, Holm-corrected over the cells, p < 0.05).",
        None,
        numbers={
            "significant_cells": significant[False],
            "significant_cells_recalibrated": significant.get(True),
            "cells": len(worst),
        },
    )


def _recalibration(
    table_1: pd.DataFrame, cell: Mapping[str, Any], about: About, normalised: bool, tolerance: float
) -> Claim:
    if not normalised:
        why = "The network has no batch norm to recalibrate: its accuracies are the same without and with it."
        return OUTLIVES.answered(about, why, None, CANNOT)
    row = table_1[table_1["search"] == (CELL if cell["source"] == CONFIG else GRID)].iloc[0]
    before = decided("delta", row, tolerance)
    says: Judgement | None = None
    word = "No gain to outlive"
    if before == ABOVE:
        says = judged("delta_recalibrated", row, tolerance=tolerance)
        word = ANSWERS[says.outcome].capitalize()
    elif before == OPEN:
        says = judged("delta", row, tolerance=tolerance)
        says = says._replace(evidence=f"{says.evidence}; recalibrated, {shown('delta_recalibrated', row)}")
        word = "Not decided, as it is not whether there is a gain"
    told = OUTLIVES.answered(
        about,
        f"{word}: at gamma {cell['gamma']:g}, sigma {cell['sigma']:g} the deterministic network has"
        f" {row['dp']:.1f} % and stochastic ones {row['sp']:.1f} %; recalibrated, {row['dp_recalibrated']:.1f} % and"
        f" {row['sp_recalibrated']:.1f} %. {shown('delta', row)} becomes {shown('delta_recalibrated', row)}."
        f"{_chosen(cell)}",
        says,
        CANNOT,
        numbers={
            **{name: float(row[name]) for name in ("sp", "dp", "sp_recalibrated", "dp_recalibrated")},
            **_numbers(row, "delta", "delta_recalibrated"),
        },
    )
    return replace(told, quantity=f"{_GAIN} before recalibration") if before == OPEN else told


def _transfer(transfer: pd.DataFrame, cell: Mapping[str, Any], about: About, normalised: bool) -> Claim:
    means = seed_intervals(transfer)
    gamma = means["gamma"].max()
    names = {STOCHASTIC: "both", MASK_S_TO_D: "the noisy mask alone", MASK_D_TO_S: "the noisy weights alone"}
    rows, parts = {}, []
    for recalibrated, way in _regimes(normalised).items():
        here = _of(recalibrated, means[means["gamma"] == gamma])
        rows[recalibrated] = {row["kind"]: row for _, row in here.iterrows()}
        parts.append(way + ", ".join(f"{of} {shown('delta', rows[recalibrated][kind])}" for kind, of in names.items()))
    sigma = float(rows[False][STOCHASTIC]["sigma"])
    return MASK_OR_WEIGHTS.answered(
        about,
        f"At gamma {gamma:g}, sigma {sigma:g}, against deterministic pruning: {'; '.join(parts)}."
        f"{_chosen(cell) if sigma == cell['sigma'] else ''}",
        None,
        numbers={
            "gamma": float(gamma),
            "sigma": sigma,
            **{kind: _numbers(rows[False][kind], "delta") for kind in names},
            "recalibrated": {kind: _numbers(row, "delta") for kind, row in rows.get(True, {}).items()},
        },
    )


def _variance(variances: pd.DataFrame, cell: Mapping[str, Any], about: About) -> Claim:
    here = variances[(variances["gamma"] == cell["gamma"]) & variances["sigma"].isin([0.0, cell["sigma"]])]
    mean = here.groupby(["stage", "kind"])["v"].mean()
    before, after = ({kind: mean[stage, kind] for kind in (DETERMINISTIC, STOCHASTIC)} for stage in _STAGES)
    return VARIANCE.answered(
        about,
        f"One-shot, V is {before[DETERMINISTIC]:.3f} for deterministic and {before[STOCHASTIC]:.3f} for"
        f" stochastic networks; fine-tuned, {after[DETERMINISTIC]:.3f} and {after[STOCHASTIC]:.3f}.",
        None,
        numbers={
            "one_shot": {kind: float(value) for kind, value in before.items()},
            "fine_tuned": {kind: float(value) for kind, value in after.items()},
        },
    )


_STAGES = ("one_shot", "fine_tuned")


def _fine_tuning(
    fine_tuning: pd.DataFrame, cell: Mapping[str, Any], about: About, tolerance: float, data: str
) -> list[Claim]:
    means = seed_intervals(fine_tuning.assign(recalibrated=False))
    here = means[(means["gamma"] == cell["gamma"]) & (means["sigma"] == cell["sigma"])]
    keys = ["model", "method", "gamma", "sigma"]
    printed = published(f"{SOURCE}2", data).set_index(keys)["delta"].to_dict()
    return [
        FINE_TUNED.answered(
            about,
            f"Stochastic networks reach {row['median']:.1f} %, deterministic ones {row['reference']:.1f} %:"
            f" {shown('delta', row, 2)}.{_chosen(cell)}",
            judged("delta", row, 2, tolerance=tolerance),
            question=f"Does noise help after fine-tuning, scored by {row['method']}?",
            case=f"scored by {row['method']}",
            published=printed.get(tuple(row[keys])),
            published_in=f"{PAPER}, Table II",
            numbers={"method": row["method"], **_numbers(row, "delta")},
        )
        for _, row in here[here["kind"] == STOCHASTIC].iterrows()
    ]


def _structured(structured: pd.DataFrame, about: About, normalised: bool) -> Claim:
    means = seed_intervals(structured)
    told = {recalibrated: _settings(_of(recalibrated, means)) for recalibrated in _regimes(normalised)}
    text = "; ".join(way + told[recalibrated].pop("words") for recalibrated, way in _regimes(normalised).items())
    return STRUCTURED.answered(
        about,
        f"{_sentence(text)}. The settings were chosen on the same images and draws, so their gains are optimistic.",
        None,
        numbers={**told[False], "recalibrated": told.get(True)},
    )


def _settings(cells: pd.DataFrame) -> dict[str, Any]:
    """The gain of noise at all settings of structured pruning, in numbers and, as `words`, in words."""

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
