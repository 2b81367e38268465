"""Meanings of the columns of estimates, intervals and published numbers of the main job (docs/statistics.md)."""

from collections.abc import Iterable

from prunescape.studies.columns import COLUMNS, NUMBER, POINTS, TEXT, WHOLE, Column

BOUNDS = ("measured", "estimate", "low", "high")
REGION = (
    "n_cells",
    "centre_log10_weight_decay",
    "centre_log10_learning_rate",
    "length",
    "width",
    "angle_degrees",
    "area",
)
PUBLISHED_REGION = ("length", "width", "centre_log10_weight_decay", "centre_log10_learning_rate")
REGION_CELLS = {"n_cells": COLUMNS["n_cells"]._replace(type=NUMBER)}  # written as 1.0, because it may be missing
RISK = ("d_mean", "d_std", "rel_mean", "rel_std", "loss_at_dense_optimum")
_MEANT = {
    "_estimate": "median of its distribution given the cells",
    "_low": "lower end of its interval, whose confidence is `analysis.confidence`",
    "_high": "upper end of its interval, whose confidence is `analysis.confidence`",
}


def estimated(*names: str) -> tuple[str, ...]:
    """The columns of numbers that have an estimate and an interval beside what was measured."""
    return tuple(f"{name}{end}" for name in names for end in ("", "_estimate", "_low", "_high"))


def bounded(*names: str) -> tuple[str, ...]:
    """The columns of numbers that have an interval."""
    return tuple(f"{name}{end}" for name in names for end in ("", "_low", "_high"))


def beside(*names: str) -> tuple[str, ...]:
    """The columns that compare numbers with those of the thesis."""
    return (*(f"published_{name}" for name in names), "setting", *(f"difference_{name}" for name in names))


def _around(name: str, column: Column, ends: Iterable[str] = ("_estimate", "_low", "_high")) -> dict[str, Column]:
    """The columns beside one."""
    return {f"{name}{end}": Column(NUMBER, f"{_MEANT[end]}: {column.meaning}", column.unit) for end in ends}


_OWN = {
    "seeds": Column(WHOLE, "seeds that were trained", "seeds"),
    "quantity": Column(TEXT, "the number that is meant, by its column in the other tables; `_change`, from dense"),
    "measured": Column(NUMBER, "computed from the mean over seeds, as in the thesis"),
    "estimate": Column(NUMBER, "median of its distribution given the cells"),
    "low": Column(NUMBER, "lower end of its interval, whose confidence is `analysis.confidence`"),
    "high": Column(NUMBER, "upper end of its interval, whose confidence is `analysis.confidence`"),
    "defined": Column(NUMBER, "part of the drawn landscapes in which the number exists", "fraction"),
    "margin": Column(NUMBER, "loss that does not matter, as the config has it", POINTS),
    "loss_measured": Column(NUMBER, "mean performance risk of keeping the dense settings, as in the thesis", POINTS),
    "loss": Column(NUMBER, "the same of the landscape without noise", POINTS),
    "loss_low": Column(NUMBER, "one-sided lower bound of the loss at `verdict.level`", POINTS),
    "loss_high": Column(NUMBER, "one-sided upper bound of the loss at `verdict.level`", POINTS),
    "p_equivalent": Column(NUMBER, "p-value of the loss being the margin or more", "probability"),
    "p_worse": Column(NUMBER, "p-value of the loss being the margin or less", "probability"),
    "decision": Column(TEXT, "`equivalent`, `worse`, `undecided` or `one seed`; `near chance` or `dense near chance`"),
    "more_seeds": Column(
        NUMBER,
        "further seeds that would decide it, as a guess; empty when decided or when the grid ends early",
        "seeds",
    ),
    "chance": Column(NUMBER, "accuracy of naming the most frequent class of the validation images", "percent"),
    "above_chance": Column(NUMBER, "measured accuracy of the best cell above chance", POINTS),
    "above_chance_low": Column(NUMBER, "lower bound of it at `verdict.level`; with one seed, as measured", POINTS),
    "dense_above_chance_low": Column(NUMBER, "the same of the dense network", POINTS),
    "dense_above_chance": Column(NUMBER, "measured accuracy of the dense network's best cell above chance", POINTS),
    "shift": Column(NUMBER, "way of the ellipse's centre", "decades"),
    "shift_p": Column(NUMBER, "p-value of a permutation test of it over whole seeds", "probability"),
    "area_ratio": Column(NUMBER, "area of the ellipse divided by that of the dense network"),
    "area_ratio_p": Column(NUMBER, "p-value of a permutation test of it", "probability"),
    "turn_degrees": Column(NUMBER, "turn of the ellipse's long axis", "degrees"),
    "turn_degrees_p": Column(NUMBER, "p-value of a permutation test of it", "probability"),
    "least_p": Column(NUMBER, "smallest p-value that so many seeds can give", "probability"),
    "strategy": Column(TEXT, "`random` cells, or the `nearest` ones to the dense optimum"),
    "trials": Column(WHOLE, "cells that are tried", "cells"),
    "tuned_on": Column(TEXT, "variant whose best cell is used"),
    "rank_correlation": Column(NUMBER, "Spearman's rank correlation of the two landscapes"),
    "rank_correlation_best": Column(NUMBER, "the same over the half of the cells that is best for all variants"),
    "slope": Column(NUMBER, "slope of the band: log10 of the learning rate over log10 of the weight decay"),
    "log10_constant": Column(
        NUMBER, "log10 of learning rate x weight decay / (batch size x (1 - momentum)) on the band"
    ),
    "smith_slope": Column(NUMBER, "slope by Smith's relation"),
    "smith_log10_constant": Column(NUMBER, "constant that the thesis names for it, log10"),
    "area": Column(NUMBER, "area of the ellipse", "square decades"),
    "loss_at_dense_optimum": Column(NUMBER, "performance risk of the dense network's best cell", POINTS),
    "setting": Column(TEXT, "`as published`, or which settings differ from the thesis'"),
}
REGRET = {"measured": Column(NUMBER, "expected regret on the measured cells", POINTS)}
TRANSFER = {"measured": Column(NUMBER, "measured loss against the variant's own best cell", POINTS)}
_KNOWN = {**COLUMNS, **_OWN}
_PRINTED = (*PUBLISHED_REGION, *RISK[:-1], "top1", "top5")
STATISTICS: dict[str, Column] = {
    **_OWN,
    **{end: column for name in (*REGION, *RISK) for end, column in _around(name, _KNOWN[name]).items()},
    **{
        end: column
        for name in ("rank_correlation", "rank_correlation_best", "slope", "log10_constant")
        for end, column in _around(name, _KNOWN[name], ("_low", "_high")).items()
    },
    **{
        f"published_{name}": Column(NUMBER, f"as the thesis prints it: {_KNOWN[name].meaning}", _KNOWN[name].unit)
        for name in _PRINTED
    },
    **{
        f"difference_{name}": Column(NUMBER, f"ours minus the thesis': {_KNOWN[name].meaning}", _KNOWN[name].unit)
        for name in _PRINTED
    },
}
