"""The answer: keep your setting, or train at another one; what tuning again gains, measured on fresh seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.config.analysis import Terms
from prunescape.hpspace.choice import METRIC
from prunescape.hpspace.confirmation import GRID_ENDS, NEAR_CHANCE
from prunescape.hpspace.decision import EXPLORED, NOT_ASKED
from prunescape.hpspace.landscape import hyperparameters_of
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.hpspace.questions import PRIOR
from prunescape.statistics.looks import KEEP, OPEN, TUNE

TRAIN, GROW = "train longer", "grow the grid"
RECOMMENDATIONS = {
    TRAIN: "no answer yet: it has hardly learnt; train longer before asking",
    GROW: "no answer yet: the grid ends though accuracy still rises there; grow it first",
    KEEP: "keep your {axes}",
    TUNE: "train at the tuned {axes}",
    OPEN: "open: so many trainings do not decide; keep your {axes} until more do",
    EXPLORED: "explored only, nothing is decided",
}
_WITHOUT = {NEAR_CHANCE: TRAIN, GRID_ENDS: GROW, EXPLORED: EXPLORED}


def verdict(
    decisions: pd.DataFrame,
    cells: pd.DataFrame,
    terms: Terms,
    pair: Pair = THESIS,
    without_control: Mapping[str, Sequence[str]] | None = None,
    starts: Mapping[str, Sequence[str]] | None = None,
    parts: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, Any]:
    """The verdict on every model and pruned variant, as `verdict.json` has it.

    Args:
        decisions: `decisions.csv`.
        cells: `cells.csv`.
        terms: the config's section `verdict`, and how far was explored.
        pair: the axes, which the answer names where they are not those of the thesis.
        without_control: by model, criteria that stand without random pruning beside them; None, none do.
        starts: by model, variants whose trainings all go on from one dense checkpoint.
        parts: by model and variant, what the learning rates of the grid are multiplied by, where it is not 1.
    """
    models: dict[str, Any] = {}
    for model, of in decisions.groupby("model", sort=False):
        names, own = hyperparameters_of(cells), cells[cells["model"] == model]
        networks = {str(variant): _network(rows, names) for variant, rows in of.groupby("variant", sort=False)}
        entry = {
            "prior": _prior(own, names),
            "networks": networks,
            "seeds": int(own["seed"].nunique()),
            "same": same_trainings(own),
            "without_control": list((without_control or {}).get(str(model), [])),
            "one_checkpoint": list((starts or {}).get(str(model), [])),
            "parts": dict((parts or {}).get(str(model), {})),
        }
        models[str(model)] = entry
    named = {} if pair.is_thesis else {"axes": pair.to_json()}
    return {"settings": terms.model_dump(exclude_unset=True), **named, "models": models}


def _prior(cells: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    row = cells[(cells["i"] == 0) & (cells["j"] == 0)].iloc[0]
    return {name: float(row[name]) for name in names}


def _network(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """The answers on one network, with the setting to use: that of the config unless another one is surely better."""
    filled = rows.fillna({"reason": "", "ends": ""})  # as a CSV file has them
    questions = {str(row["question"]): row.to_dict() for _, row in filled.iterrows()}
    first = questions[PRIOR]
    recommendation = _WITHOUT.get(str(first["reason"]), first["answer"])
    of = {which: {name: first[f"{prefix}{name}"] for name in names} for which, prefix in _SETTINGS.items()}
    return {
        "recommendation": recommendation,
        "use": of["tuned" if recommendation == TUNE else "prior"],
        "tuned": of["tuned"],
        "accuracy": first["accuracy_tuned"],
        "trainings": int(first["trainings"]),
        "questions": questions,
    }


_SETTINGS = {"tuned": "tuned_", "prior": ""}


def same_trainings(cells: pd.DataFrame) -> list[list[str]]:
    """Groups of a model's variants whose trainings agree to the last digit: they were pruned to equal widths.

    So it is with all criteria where layers are pruned uniformly and what is left is trained from scratch.
    """
    alike: dict[tuple[Any, ...], list[str]] = {}
    columns = ["seed", "i", "j", METRIC, "train_loss"]
    for variant, mine in cells.groupby("variant", sort=False):
        results = mine.sort_values(columns[:3])[columns].fillna(-1.0)
        alike.setdefault(tuple(results.itertuples(index=False, name=None)), []).append(str(variant))
    return [names for names in alike.values() if len(names) > 1]


def from_json(value: Any) -> Any:
    """A verdict as `verdict` gives it, from `verdict.json`, which has null for numbers that are none."""
    if isinstance(value, Mapping):
        return {key: item if key == "settings" else from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return math.nan if value is None else value


def terms_of(answer: Mapping[str, Any]) -> Terms:
    """The terms of a verdict."""
    return Terms.model_validate(answer["settings"])


def question(pair: Pair = THESIS) -> str:
    """The question of the verdict, in words."""
    return f"Must {pair.words} be tuned again after pruning?"


def advice(recommendation: str, pair: Pair = THESIS) -> str:
    """A recommendation, a key of `RECOMMENDATIONS`, in words."""
    return RECOMMENDATIONS[recommendation].format(axes=pair.words)


def is_asked(of: Mapping[str, Any]) -> bool:
    """Whether a question of a network was asked."""
    return bool(of["answer"] != NOT_ASKED)
