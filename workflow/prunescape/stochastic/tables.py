"""The SP paper's Tables I to III from our results, with the published numbers beside them where settings match.

Accuracies are in percent and deltas in points: means over pretrained seeds of medians over draws, with intervals (see
`prunescape.stochastic.statistics.interval`). A published number has the same column's name after `published_`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.fitness import F2
from prunescape.stochastic.search import NSGA_II
from prunescape.stochastic.statistics import interval, seed_intervals
from prunescape.stochastic.variants import DETERMINISTIC, STOCHASTIC

REFERENCE = Path(__file__).parents[2] / "reference"
GRID = "grid"
Cells = Mapping[str, Mapping[str, Any]]  # by model: gamma, sigma and source


def published(number: int, data: str) -> pd.DataFrame:
    """Table I, II or III (`number` 1 to 3) of the SP paper for a data set; without rows where it has none."""
    table = pd.read_csv(REFERENCE / f"avendano2025_table_{number}.csv")
    return table[table["data"] == data].drop(columns="data")


def _beside(ours: pd.DataFrame, theirs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    renamed = {column: f"published_{column}" for column in theirs if column not in by}
    return ours.merge(theirs.rename(columns=renamed), how="left", on=by)


def at_cells(intervals: pd.DataFrame, cells: Cells, kind: str = STOCHASTIC) -> pd.DataFrame:
    """Rows of `seed_intervals` that lie at their model's best cell."""
    best = pd.DataFrame([{"model": model, **cell} for model, cell in cells.items()])[["model", "gamma", "sigma"]]
    return intervals[intervals["kind"] == kind].merge(best, on=["model", "gamma", "sigma"])


def table_1(
    best_draws: pd.DataFrame, tests: pd.DataFrame, fronts: pd.DataFrame, cells: Cells, data: str
) -> pd.DataFrame:
    """What noise gains in one shot, at the best cell and at what the search found.

    Args:
        best_draws: networks at the best cells.
        tests: of the grid, see `grid_tests`.
        fronts: see `prunescape.stochastic.searches`.
        cells: the best cells.
        data: the data set's name.

    Returns:
        One row a model and search ("grid", "F2"): model, search, gamma, sigma, seeds, sp, dp, delta, delta_low,
        delta_high; p_holm, the largest over seeds (NaN where the cell was not tested); sp_recalibrated,
        dp_recalibrated, delta_recalibrated and its interval (NaN for "F2"); published_ gamma, sigma, sp, dp, delta. In
        "F2" each seed has a candidate of its own, and gamma and sigma are their medians.
    """
    found = at_cells(seed_intervals(best_draws), cells)
    found = found.rename(columns={"median": "sp", "reference": "dp"})
    delta = ["delta", "delta_low", "delta_high"]
    plain = found[~found["recalibrated"].astype(bool)][["model", "gamma", "sigma", "seeds", "sp", "dp", *delta]]
    again = found[found["recalibrated"].astype(bool)][["model", "sp", "dp", *delta]]
    rows = plain.merge(again, on="model", suffixes=("", "_recalibrated")).assign(search=GRID)
    untouched = tests[~tests["recalibrated"].astype(bool)]
    largest = untouched.groupby(["model", "gamma", "sigma"], as_index=False)["p_holm"].max()
    rows = rows.merge(largest, how="left", on=["model", "gamma", "sigma"])
    rows = rows.rename(columns={f"{name}_recalibrated": name.replace("delta", "delta_recalibrated") for name in delta})
    table = pd.concat([rows, _searched(fronts)], ignore_index=True)
    first = ["model", "search", "gamma", "sigma", "seeds", "sp", "dp", *delta, "p_holm"]
    table = table[[*first, "sp_recalibrated", "dp_recalibrated", *(f"delta_recalibrated{end}" for end in _ENDS)]]
    return _beside(table, published(1, data), ["model", "search"])


_ENDS = ("", "_low", "_high")


def _searched(fronts: pd.DataFrame) -> pd.DataFrame:
    """The candidates of NSGA-II with the largest second objective of "F2"."""
    best = fronts[fronts["best"].astype(bool) & (fronts["algorithm"] == NSGA_II)]
    rows = []
    for model, part in best.groupby("model", sort=False):
        middle, mean = part[["gamma", "sigma"]].median(), part[["sp", "dp"]].mean()
        delta = interval("delta", part["delta"].to_numpy(dtype=np.float64))
        rows.append({"model": model, "search": F2, "seeds": len(part), **middle, **mean, **delta})
    return pd.DataFrame(rows)


def table_2(fine_tuning: pd.DataFrame, data: str) -> pd.DataFrame:
    """Accuracy and gradient flow, one-shot and fine-tuned.

    Args:
        fine_tuning: see `prunescape.stochastic.fine_tuning.TuningTables`.
        data: the data set's name.

    Returns:
        One row a model, method and cell: model, method, gamma, sigma, seeds; one_shot_sp, one_shot_dp, one_shot_delta
        and its interval; one_shot_sp_gradient_flow, one_shot_dp_gradient_flow (medians over draws and seeds); sp, dp,
        delta and its interval, after fine-tuning; and the published ones.
    """
    by = ["model", "method", "gamma", "sigma"]
    before = _deltas(fine_tuning.assign(top1=fine_tuning["one_shot_top1"])).drop(columns="seeds")
    before = before.rename(columns={name: f"one_shot_{name}" for name in before if name not in by})
    flow = fine_tuning.groupby(["kind", *by])["one_shot_gradient_flow"].median().reset_index()
    noisy = flow[flow["kind"] == STOCHASTIC].rename(columns={"one_shot_gradient_flow": "one_shot_sp_gradient_flow"})
    plain = flow[flow["kind"] == DETERMINISTIC].rename(columns={"one_shot_gradient_flow": "one_shot_dp_gradient_flow"})
    table = _deltas(fine_tuning).merge(before, on=by).merge(noisy.drop(columns="kind"), on=by)
    table = table.merge(plain.drop(columns=["kind", "sigma"]), on=["model", "method", "gamma"])
    first = [*by, "seeds", *(name for name in table if name.startswith("one_shot"))]
    return _beside(table[[*first, *(name for name in table if name not in first)]], published(2, data), by)


def _deltas(table: pd.DataFrame) -> pd.DataFrame:
    """Stochastic against deterministic networks of a table without recalibration: sp, dp, delta and its interval."""
    found = seed_intervals(table.assign(recalibrated=False))
    found = found.rename(columns={"median": "sp", "reference": "dp"})
    names = ["model", "method", "gamma", "sigma", "seeds", "sp", "dp", "delta", "delta_low", "delta_high"]
    return found[found["kind"] == STOCHASTIC][names].reset_index(drop=True)


def table_3(variances: pd.DataFrame, data: str) -> pd.DataFrame:
    """Feature variance V, one-shot and fine-tuned.

    Args:
        variances: see `prunescape.stochastic.fine_tuning.TuningTables`.
        data: the data set's name.

    Returns:
        One row a model, cell and stage: model, gamma, sigma, stage, seeds, dp, sp, difference (sp - dp) and its
        interval; and the published ones.
    """
    plain = variances[(variances["method"] == MAGNITUDE) & ~variances["recalibrated"].astype(bool)]
    by = ["model", "seed", "stage", "kind", "gamma", "sigma"]
    mean = plain.groupby(by, sort=False)["v"].mean().reset_index()
    noisy = mean[mean["kind"] == STOCHASTIC].drop(columns="kind").rename(columns={"v": "sp"})
    without = mean[mean["kind"] == DETERMINISTIC].drop(columns=["kind", "sigma"]).rename(columns={"v": "dp"})
    joined = noisy.merge(without, on=["model", "seed", "stage", "gamma"])
    rows = []
    for (model, gamma, sigma, stage), part in joined.groupby(["model", "gamma", "sigma", "stage"], sort=False):
        difference = (part["sp"] - part["dp"]).to_numpy(dtype=np.float64)
        row = {"model": model, "gamma": gamma, "sigma": sigma, "stage": stage, "seeds": len(part)}
        rows.append({**row, **part[["dp", "sp"]].mean(), **interval("difference", difference)})
    return _beside(pd.DataFrame(rows), published(3, data), ["model", "gamma", "sigma", "stage"])
