"""The answer: must learning rate and weight decay be tuned again after pruning?"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from prunescape.hpspace.landscape import best_cell, mean_over_seeds, metrics_of, region_of_interest
from prunescape.hpspace.risk import DENSE

RECOMMENDATIONS = {
    "keep": "keep the dense network's learning rate and weight decay",
    "check": "start from the dense network's learning rate and weight decay, and check their neighbours",
    "tune": "tune learning rate and weight decay again",
    "unknown": "no answer: every cell is as good as the best, so there is nothing to compare",
}


def recommend(risk: float, multiple: float, shift: float | None, inside: bool, limits: Mapping[str, float]) -> str:
    """`keep`, `check` or `tune`, where there is something to compare.

    * tune: the mean risk exceeds `risk_points`, and is more than `risk_multiple` times the dense network's own;
    * keep: the mean risk is at most `risk_points`, the dense optimum lies in the pruned network's own region of
      interest, and the ellipse's centre moved by at most `centre_shift` (where both ellipses could be fitted);
    * check: anything between.

    Args:
        risk: mean performance risk in points.
        multiple: the same over the dense network's own mean risk.
        shift: how far the ellipse's centre moved, in decades; None if unknown.
        inside: whether the dense optimum's cell lies in the pruned network's region of interest.
        limits: the config's section `verdict`.
    """
    if risk > limits["risk_points"] and multiple > limits["risk_multiple"]:
        return "tune"
    moved = shift is not None and shift > limits["centre_shift"]
    return "keep" if risk <= limits["risk_points"] and inside and not moved else "check"


def verdict(
    cells: pd.DataFrame,
    ellipses: pd.DataFrame,
    risk: pd.DataFrame,
    borders: Mapping[str, Mapping[str, list[str]]],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The verdict of every model and pruned variant, as `verdict.json` has it.

    Args:
        cells: `cells.csv`.
        ellipses: `ellipses.csv`.
        risk: `risk.csv`.
        borders: by model, the sides of the grid that a region of interest still touches, with the variants.
        settings: `risk_roi` and the thresholds of the config's section `verdict`.
    """
    models: dict[str, Any] = {}
    for metric in metrics_of(cells):
        landscapes = mean_over_seeds(cells, metric)
        for model, of_model in landscapes.groupby("model", sort=False):
            chosen = (ellipses["model"] == model) & (ellipses["metric"] == metric)
            risks = risk[(risk["model"] == model) & (risk["metric"] == metric)].set_index("variant")
            answer = _of_model(of_model, ellipses[chosen], risks, settings)
            noise = _seed_noise(cells[cells["model"] == model], metric, of_model, settings["risk_roi"])
            entry = models.setdefault(str(model), {"border": dict(borders.get(str(model), {})), "metrics": {}})
            entry["metrics"][metric] = {**answer, "seed_noise_points": noise}
    for model, entry in models.items():
        entry["text"] = describe(model, entry, settings)
    return {"settings": dict(settings), "models": models}


def _of_model(
    landscapes: pd.DataFrame, ellipses: pd.DataFrame, risk: pd.DataFrame, settings: Mapping[str, Any]
) -> dict[str, Any]:
    by_variant = {str(name): frame for name, frame in landscapes.groupby("variant", sort=False)}
    dense_best = best_cell(by_variant[DENSE])
    dense_risk = float(risk.loc[DENSE, "d_mean"])
    flat = len(region_of_interest(by_variant[DENSE], settings["risk_roi"])) == len(by_variant[DENSE])
    variants = {}
    for variant, landscape in by_variant.items():
        if variant == DENSE:
            continue
        region = region_of_interest(landscape, settings["risk_roi"])
        inside = bool(((region["i"] == dense_best["i"]) & (region["j"] == dense_best["j"])).any())
        at_dense_optimum = landscape[(landscape["i"] == dense_best["i"]) & (landscape["j"] == dense_best["j"])]
        mean_risk = float(risk.loc[variant, "d_mean"])
        # A dense ROI of a single best cell has no risk of its own; any risk is then infinitely more.
        multiple = mean_risk / dense_risk if dense_risk > 0 else (math.inf if mean_risk > 0 else 1.0)
        shift = _shift(ellipses, variant)
        best = best_cell(landscape)
        variants[variant] = {
            "best": _cell(best),
            "centre_shift_roi": None if shift is None else shift.roi,
            "centre_shift_log10_weight_decay": None if shift is None else shift.weight_decay,
            "centre_shift_log10_learning_rate": None if shift is None else shift.learning_rate,
            "centre_shift": None if shift is None else shift.distance,
            "risk_points": mean_risk,
            "risk_multiple": multiple,
            "loss_at_dense_optimum_points": float(best["f"] - at_dense_optimum["f"].iloc[0]),
            "dense_optimum_in_roi": inside,
            "recommendation": "unknown"
            if flat or len(region) == len(landscape)
            else recommend(mean_risk, multiple, None if shift is None else shift.distance, inside, settings),
        }
    return {"dense": {"best": _cell(dense_best), "risk_points": dense_risk}, "variants": variants}


def _cell(row: pd.Series) -> dict[str, float]:
    return {
        "i": int(row["i"]),
        "j": int(row["j"]),
        "learning_rate": float(row["learning_rate"]),
        "weight_decay": float(row["weight_decay"]),
        "accuracy": float(row["f"]),
    }


class _Shift(NamedTuple):
    """How far an ellipse's centre moved, in decades, and the region of interest that it was fitted to."""

    roi: float
    weight_decay: float
    learning_rate: float

    @property
    def distance(self) -> float:
        return math.hypot(self.weight_decay, self.learning_rate)


def _shift(ellipses: pd.DataFrame, variant: str) -> _Shift | None:
    """From the dense ellipse to the variant's, of the narrowest region for which both were fitted, if any."""
    for threshold in sorted(ellipses["roi"].unique()):
        of_threshold = ellipses[ellipses["roi"] == threshold].set_index("variant")
        dense, pruned = of_threshold.loc[DENSE], of_threshold.loc[variant]
        if dense["fitted"] and pruned["fitted"]:
            decay, rate = "centre_log10_weight_decay", "centre_log10_learning_rate"
            return _Shift(float(threshold), float(pruned[decay] - dense[decay]), float(pruned[rate] - dense[rate]))
    return None


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


def describe(model: str, entry: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """A model's verdict in plain sentences, a line each."""
    answer = entry["metrics"]["top1"]
    variants = answer["variants"]
    counts = {
        kind: [name for name, variant in variants.items() if variant["recommendation"] == kind]
        for kind in RECOMMENDATIONS
    }
    caveat = " (the grid ends too early to be sure, see below)" if entry["border"] else ""
    lines = [f"{model}: {_headline(counts)}{caveat}"]
    best = answer["dense"]["best"]
    lines.append(
        f"  dense: best {best['accuracy']:.2f} % at learning rate {best['learning_rate']:.3g}, weight decay"
        f" {best['weight_decay']:.3g}; its {settings['risk_roi']:g}-ROI puts"
        f" {answer['dense']['risk_points']:.2f} points at risk"
    )
    for name, variant in variants.items():
        shift = variant["centre_shift"]
        moved = (
            "no ellipses to compare"
            if shift is None
            else f"centre of the {variant['centre_shift_roi']:g}-ROI's ellipse moved {shift:.2f} decades"
        )
        inside = "inside" if variant["dense_optimum_in_roi"] else "outside"
        multiple = variant["risk_multiple"]
        lines.append(
            f"  {name}: {variant['recommendation'].upper()}; best {variant['best']['accuracy']:.2f} %;"
            f" {variant['risk_points']:.2f} points at risk ({multiple:.1f} x dense); {moved};"
            f" dense optimum {inside} its {settings['risk_roi']:g}-ROI"
            f" (costs {variant['loss_at_dense_optimum_points']:.2f} points)"
        )
    noise = answer["seed_noise_points"]
    if noise is None:
        lines.append("  one seed only: the noise of a cell is unknown; add seeds before trusting small differences")
    else:
        lines.append(f"  noise of a cell (standard error over seeds, median in the ROI): {noise:.2f} points")
    for side, touching in entry["border"].items():
        lines.append(f"  the grid ends too early towards {side}: the ROI of {', '.join(touching)} touches it")
    return "\n".join(lines)


def _headline(counts: Mapping[str, list[str]]) -> str:
    """The shortest true answer."""
    words = {
        "tune": "tune again for",
        "check": "check the neighbours for",
        "keep": "no need to tune again for",
        "unknown": "no answer for",
    }
    first, *others = [kind for kind in words if counts[kind]]
    if not others and first in ("keep", "tune"):
        return "no need to tune again after pruning" if first == "keep" else "tune again after pruning"
    return "; ".join(f"{words[kind]} {', '.join(counts[kind])}" for kind in words if counts[kind])
