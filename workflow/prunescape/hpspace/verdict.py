"""The answer: must the hyperparameters be tuned again after pruning?"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.decision import DENSE_NEAR_CHANCE, EQUIVALENT, NEAR_CHANCE, WORSE, grow_first
from prunescape.hpspace.landscape import (
    best_cell,
    hyperparameters_of,
    mean_over_seeds,
    metrics_of,
    region_of_interest,
)
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.hpspace.permutation import MEASURES

TRAIN, KEEP, TUNE, UNDECIDED, UNKNOWN = "train longer", "keep", "tune", "undecided", "unknown"
RECOMMENDATIONS = {
    TRAIN: "no answer yet: the dense network or this one has hardly learnt; train longer before asking",
    KEEP: "keep the dense network's {axes}",
    TUNE: "tune {axes} again",
    UNDECIDED: "not decided with these seeds: train more of them, or check the neighbours of the dense optimum",
    UNKNOWN: "no answer: of the dense network or of this one all cells are as good, so there is nothing to compare",
}


class Tables(NamedTuple):
    """Tables that the verdict is made of, each as its CSV file has it.

    Attributes:
        cells, ellipses, risk: what was measured.
        intervals: see `prunescape.hpspace.intervals`.
        decisions: see `prunescape.hpspace.decision`.
        shifts: see `prunescape.hpspace.permutation`.
        regret: see `prunescape.hpspace.tuning`.
    """

    cells: pd.DataFrame
    ellipses: pd.DataFrame
    risk: pd.DataFrame
    intervals: pd.DataFrame
    decisions: pd.DataFrame
    shifts: pd.DataFrame
    regret: pd.DataFrame

    def of(self, model: str, metric: str) -> "Tables":
        """The rows of one model and metric; all of `cells` of that model."""
        chosen = [table[table["model"] == model] for table in self]
        return Tables(chosen[0], *(table[table["metric"] == metric] for table in chosen[1:]))


def verdict(
    tables: Tables,
    borders: Mapping[str, Mapping[str, list[str]]],
    settings: Mapping[str, Any],
    pair: Pair = THESIS,
    without_control: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """The verdict of every model and pruned variant, as `verdict.json` has it.

    Args:
        tables: of all models.
        borders: by model, the sides of the grid that a region of interest still touches, with the variants.
        settings: the config's section `verdict`, with risk_roi and confidence of the section `analysis`.
        pair: the axes, which the answer names where they are not those of the thesis.
        without_control: by model, criteria that stand without random pruning beside them; None, none do.
    """
    models: dict[str, Any] = {}
    for metric in metrics_of(tables.cells):
        for model in tables.cells["model"].unique():
            border = borders.get(str(model), {})
            answer = _of_model(tables.of(model, metric), metric, settings, border)
            entry = models.setdefault(str(model), {"border": dict(border), "metrics": {}})
            entry["metrics"][metric] = answer
            if alike := same_trainings(tables.of(model, metric).cells):
                entry["same"] = alike
            if without_control and str(model) in without_control:
                entry["without_control"] = list(without_control[str(model)])
    named = {} if pair.is_thesis else {"axes": pair.to_json()}
    return {"settings": dict(settings), **named, "models": models}


def same_trainings(cells: pd.DataFrame) -> list[list[str]]:
    """Groups of a model's variants whose trainings agree to the last digit: they were pruned to equal widths.

    So it is with all criteria where layers are pruned uniformly and what is left is trained from scratch.
    """
    alike: dict[tuple[Any, ...], list[str]] = {}
    columns = ["seed", "i", "j", "top1", "train_loss"]
    for variant, mine in cells.groupby("variant", sort=False):
        results = mine.sort_values(columns[:3])[columns].fillna(-1.0)
        alike.setdefault(tuple(results.itertuples(index=False, name=None)), []).append(str(variant))
    return [names for names in alike.values() if len(names) > 1]


def from_json(value: Any) -> Any:
    """A verdict as `verdict` gives it, from `verdict.json`, which has null for numbers that are none."""
    if isinstance(value, Mapping):
        return {key: item if key == "ellipse" and item is None else from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return math.nan if value is None else value


def _of_model(
    tables: Tables, metric: str, settings: Mapping[str, Any], border: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    landscapes = mean_over_seeds(tables.cells, metric)
    by_variant = {str(name): frame for name, frame in landscapes.groupby("variant", sort=False)}
    dense_best = best_cell(by_variant[DENSE])
    risk = tables.risk.set_index("variant")["d_mean"].astype(float)
    names = hyperparameters_of(tables.cells)
    variants = {}
    for variant, landscape in by_variant.items():
        if variant == DENSE:
            continue
        region = region_of_interest(landscape, settings["risk_roi"])
        decision = tables.decisions.set_index("variant").loc[variant]
        flat = _is_flat(by_variant[DENSE], settings) or _is_flat(landscape, settings)
        variants[variant] = {
            "best": _cell(best_cell(landscape), names),
            "recommendation": recommend(str(decision["decision"]), flat),
            "grow_first": grow_first(border, variant),
            **decision.drop(labels=["model", "metric", "seeds", "margin"]).to_dict(),
            "risk_multiple": _multiple(risk[variant], risk[DENSE]),
            "loss_at_dense_optimum": _interval(tables.intervals, variant, "loss_at_dense_optimum"),
            "dense_optimum_in_roi": bool(((region["i"] == dense_best["i"]) & (region["j"] == dense_best["j"])).any()),
            "ellipse": _ellipse(tables, variant),
            "trials": _trials(tables.regret[tables.regret["variant"] == variant], settings["margin"]),
        }
    return {
        "seeds": int(tables.cells["seed"].nunique()),
        "dense": {"best": _cell(dense_best, names), "risk": _interval(tables.intervals, DENSE, "d_mean")},
        "variants": variants,
        "seed_noise_points": _seed_noise(tables.cells, metric, landscapes, settings["risk_roi"]),
    }


def advice(recommendation: str, pair: Pair = THESIS, grow_first: bool = False) -> str:
    """A recommendation in words.

    Args:
        recommendation: a key of `RECOMMENDATIONS`.
        grow_first: see `prunescape.hpspace.decision.grow_first`.
    """
    if recommendation == UNDECIDED and grow_first:
        return "not decided: the grid ends too early; grow it first"
    return RECOMMENDATIONS[recommendation].format(axes=pair.words)


def question(pair: Pair = THESIS) -> str:
    """The question of the verdict, in words."""
    return f"Must {pair.words} be tuned again after pruning?"


def recommend(decision: str, flat: bool = False) -> str:
    """The recommendation that follows from a decision: only a test that has decided says to keep or to tune.

    Args:
        decision: as `decisions.csv` has it.
        flat: whether all cells of the dense network or of the pruned one are as good.
    """
    if decision in (NEAR_CHANCE, DENSE_NEAR_CHANCE):
        return TRAIN
    return UNKNOWN if flat else {EQUIVALENT: KEEP, WORSE: TUNE}.get(decision, UNDECIDED)


def _is_flat(landscape: pd.DataFrame, settings: Mapping[str, Any]) -> bool:
    return len(region_of_interest(landscape, settings["risk_roi"])) == len(landscape)


def _multiple(risk: float, dense: float) -> float:
    """A dense region of a single best cell has no risk of its own; any risk is then infinitely more."""
    return risk / dense if dense > 0 else (math.inf if risk > 0 else 1.0)


def _cell(row: pd.Series, hyperparameters: Sequence[str]) -> dict[str, float]:
    return {
        "i": int(row["i"]),
        "j": int(row["j"]),
        **{name: float(row[name]) for name in hyperparameters},
        "accuracy": float(row["f"]),
    }


def _interval(intervals: pd.DataFrame, variant: str, quantity: str) -> dict[str, float]:
    """The measured value of a quantity, its estimate without noise, and the interval of that."""
    chosen = intervals[(intervals["variant"] == variant) & (intervals["quantity"] == quantity)].iloc[0]
    return {name: float(chosen[name]) for name in ("measured", "estimate", "low", "high")}


def _ellipse(tables: Tables, variant: str) -> dict[str, Any] | None:
    """Changes of the ellipse, of the narrowest region for which both were fitted, if any."""
    tests = tables.shifts[(tables.shifts["variant"] == variant) & tables.shifts["shift"].notna()]
    if tests.empty:
        return None
    test = tests.sort_values("roi").iloc[0]
    of_roi = tables.intervals[tables.intervals["roi"] == test["roi"]]
    changes = {name: {**_interval(of_roi, variant, name), "p": float(test[f"{name}_p"])} for name in MEASURES}
    return {"roi": float(test["roi"]), "least_p": float(test["least_p"]), **changes}


def _trials(regret: pd.DataFrame, margin: float) -> dict[str, int]:
    """The fewest trials of each strategy after which tuning is expected to lie within the margin of the best."""
    expected = regret["estimate"].fillna(regret["measured"])
    within = regret[expected <= margin]
    return {str(strategy): int(number) for strategy, number in within.groupby("strategy")["trials"].min().items()}


def _seed_noise(cells: pd.DataFrame, metric: str, landscapes: pd.DataFrame, threshold: float) -> float | None:
    """The median standard error of f over the cells of the regions of interest, in points; None with one seed."""
    if cells["seed"].nunique() < 2:
        return None
    keys = ["variant", "i", "j"]
    errors = cells.groupby(keys)[metric].sem().rename("error").reset_index()
    regions = pd.concat(
        [region_of_interest(frame, threshold) for _, frame in landscapes.groupby("variant", sort=False)]
    )
    return float(errors.merge(regions[keys], on=keys)["error"].median())
