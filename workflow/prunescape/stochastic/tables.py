"""The SP paper's Tables I to III from our results, with the published numbers beside them where settings match.

Accuracies are in percent and deltas in points: means over pretrained seeds of medians over draws, with intervals (see
`claims.intervals`). A published number has the same column's name after `published_`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.intervals import IN_POINTS, interval
from prunescape.claims.published import beside, published
from prunescape.io.files import read_json
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.names import DETERMINISTIC, F2, NO_METHOD, RATIOS, STOCHASTIC
from prunescape.stochastic.statistics import CONFIG, GRID, candidates, guessing_accuracy, seed_intervals

SOURCE = "avendano2025_table_"
CELL = "cell"
DELTA = ("delta", "delta_low", "delta_high")
Cells = Mapping[str, Mapping[str, Any]]  # by model: gamma, sigma and source


def gains(
    confirmed: pd.DataFrame,
    tests: pd.DataFrame,
    fronts: pd.DataFrame,
    meta: str,
    cells: Sequence[str],
    models: Sequence[str],
    data: str,
    held_out: int,
) -> dict[str, pd.DataFrame]:
    """Table I and the networks that it is of, by the names of their tables, of files; see `table_1` and `at_cells`.

    Args:
        confirmed, tests, fronts, data: see `table_1`.
        meta: the file that describes the prepared data.
        cells: the files with the best cells of `models`.
        models: their names.
        held_out: images on which the searches measure.
    """
    best = dict(zip(models, map(read_json, cells), strict=True))
    guessing = guessing_accuracy(len(read_json(meta)["classes"]), held_out)
    table = table_1(confirmed, tests, fronts, best, data, guessing)
    return {"table_1": table, "best_draws": at_cells(confirmed, best)}


def at_cells(confirmed: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """The networks pruned by magnitude at each model's chosen cell, with noise and without (SP paper, Fig. 4)."""
    chosen = pd.DataFrame([{"model": model, "gamma": cell["gamma"]} for model, cell in cells.items()])
    pruned = confirmed[confirmed["method"] == MAGNITUDE].merge(chosen, on=["model", "gamma"])
    sigmas = pruned["model"].map({model: cell["sigma"] for model, cell in cells.items()})
    here = (pruned["kind"] == DETERMINISTIC) | ((pruned["kind"] == STOCHASTIC) & (pruned["sigma"] == sigmas))
    return pruned[here].reset_index(drop=True)


def table_1(
    confirmed: pd.DataFrame,
    tests: pd.DataFrame,
    fronts: pd.DataFrame,
    cells: Cells,
    data: str,
    guessing: float,
) -> pd.DataFrame:
    """Gain of noise in one shot, at the cell that the grid chose and at that of the search (SP paper, Table I).

    Args:
        confirmed: fresh networks on the test images.
        tests: of them, see `grid_tests`.
        fronts: see `prunescape.stochastic.searches`.
        cells: the best cells.
        data: the data set's name.
        guessing: see `prunescape.stochastic.statistics.candidates`.

    Returns:
        One row a model and search: "grid", or "cell" where the config gives the cell, and "F2" where that found
        anything. Columns: model, search, gamma, sigma, seeds, sp, dp, delta, delta_low, delta_high; p_holm, the largest
        over seeds (NaN where the cell was not tested); sp_recalibrated, dp_recalibrated, delta_recalibrated and its
        interval; published_ gamma, sigma, sp, dp, delta, for "cell" those of the published grid where gamma and sigma
        are the same. In "F2" each seed that the search found something for has a candidate of its own: gamma and sigma
        are their medians, which need not be those of any network, and seeds is their number.
    """
    gains = _stochastic(confirmed[confirmed["method"].isin([MAGNITUDE, NO_METHOD])])
    best = pd.DataFrame([{"model": model, **cell} for model, cell in cells.items()])
    how = {model: CELL if cell["source"] == CONFIG else GRID for model, cell in cells.items()}
    at_best = _at(gains, best)
    at_best = at_best.assign(search=at_best["model"].map(how))
    untouched = tests[~tests["recalibrated"].astype(bool)]
    largest = untouched.groupby(["model", "gamma", "sigma"], as_index=False)["p_holm"].max()
    tested = at_best.merge(largest, how="left", on=["model", "gamma", "sigma"])
    table = pd.concat([tested, *_searched(fronts, guessing)], ignore_index=True)
    first = ["model", "search", "gamma", "sigma", "seeds", "sp", "dp", *DELTA, "p_holm"]
    table = table[
        [*first, "sp_recalibrated", "dp_recalibrated", *(f"delta_recalibrated{end}" for end in ("", "_low", "_high"))]
    ]
    theirs = published(f"{SOURCE}1", data)
    of_searches = beside(table[table["search"] != CELL], theirs, ["model", "search"])
    of_grid = theirs[theirs["search"] == GRID].drop(columns="search")
    of_cells = beside(table[table["search"] == CELL], of_grid, ["model", "gamma", "sigma"])
    return pd.concat([of_searches, of_cells], ignore_index=True)


def _stochastic(table: pd.DataFrame) -> pd.DataFrame:
    """Stochastic against deterministic networks over seeds, with columns sp and dp."""
    intervals = seed_intervals(table).rename(columns={"median": "sp", "reference": "dp"})
    return intervals[intervals["kind"] == STOCHASTIC].reset_index(drop=True)


def _at(gains: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracies and gain at the cells, one row a cell: as pretrained and, where there is batch norm, recalibrated."""
    here = gains.merge(cells[["model", "gamma", "sigma"]], on=["model", "gamma", "sigma"])
    again = here["recalibrated"].astype(bool)
    plain = here[~again][["model", "gamma", "sigma", "seeds", "sp", "dp", *DELTA]]
    renamed = {name: name.replace("delta", "delta_recalibrated") for name in DELTA}
    renamed |= {name: f"{name}_recalibrated" for name in ("sp", "dp")}
    return plain.merge(here[again][["model", *renamed]].rename(columns=renamed), how="left", on="model")


def _searched(fronts: pd.DataFrame, guessing: float) -> list[pd.DataFrame]:
    """A row a model: the means of what "F2" found."""
    best = candidates(fronts, guessing)
    rows = []
    for model, part in best[best["found"]].groupby("model", sort=False):
        middle, mean = (
            part[["gamma", "sigma"]].median(),
            part[["sp", "dp", "sp_recalibrated", "dp_recalibrated"]].mean(),
        )
        row = {"model": model, "search": F2, "seeds": len(part), **middle, **mean}
        for name in ("delta", "delta_recalibrated"):
            row |= interval(name, part[name].to_numpy(dtype=np.float64), *IN_POINTS)
        rows.append(pd.DataFrame([row]))
    return rows


def table_2(fine_tuning: pd.DataFrame, data: str) -> pd.DataFrame:
    """Accuracy and gradient flow, one-shot and fine-tuned.

    Args:
        fine_tuning: see `prunescape.stochastic.fine_tuning.TuningTables`.
        data: the data set's name.

    Returns:
        One row a model, method and cell: model, method, gamma, sigma, seeds; one_shot_sp, one_shot_dp, one_shot_delta
        and its interval; one_shot_sp_ and one_shot_dp_gradient_flow, and likewise gradient_norm, which the paper's code
        computes (medians over draws and seeds); sp, dp, delta and its interval, after fine-tuning; dp_live, with live
        batch norm; and the published ones.
    """
    by = ["model", "method", "gamma", "sigma"]
    before = _deltas(fine_tuning.assign(top1=fine_tuning["one_shot_top1"])).drop(columns="seeds")
    before = before.rename(columns={name: f"one_shot_{name}" for name in before if name not in by})
    gradients = ["gradient_flow", "gradient_norm"]
    flow = fine_tuning.groupby(["kind", *by])[[f"one_shot_{name}" for name in gradients]].median().reset_index()
    noisy, plain = (
        flow[flow["kind"] == kind].rename(columns={f"one_shot_{name}": f"one_shot_{side}_{name}" for name in gradients})
        for kind, side in ((STOCHASTIC, "sp"), (DETERMINISTIC, "dp"))
    )
    table = _deltas(fine_tuning).merge(before, on=by).merge(noisy.drop(columns="kind"), on=by)
    table = table.merge(plain.drop(columns=["kind", "sigma"]), on=["model", "method", "gamma"])
    live = fine_tuning[fine_tuning["kind"] == DETERMINISTIC].groupby(["model", "method", "gamma"])["live_top1"].mean()
    table = table.merge(live.rename("dp_live").reset_index(), on=["model", "method", "gamma"])
    first = [*by, "seeds", *(name for name in table if name.startswith("one_shot"))]
    return beside(table[[*first, *(name for name in table if name not in first)]], published(f"{SOURCE}2", data), by)


def _deltas(table: pd.DataFrame) -> pd.DataFrame:
    """Stochastic against deterministic networks of a table without recalibration: sp, dp, delta and its interval."""
    return _stochastic(table.assign(recalibrated=False))[
        ["model", "method", "gamma", "sigma", "seeds", "sp", "dp", *DELTA]
    ]


def table_3(variances: pd.DataFrame, data: str) -> pd.DataFrame:
    """Feature variance V, one-shot and fine-tuned.

    Args:
        variances: see `prunescape.stochastic.fine_tuning.TuningTables`.
        data: the data set's name.

    Returns:
        One row a model, cell and stage: model, gamma, sigma, stage, seeds, dp, sp, difference (sp - dp) and its
        interval; sp_clean, over the dense network without noise; the same of channels, dp_channel, sp_channel and
        sp_channel_clean; and the published ones, which are of channels over the dense network with noise.
    """
    plain = variances[(variances["method"] == MAGNITUDE) & ~variances["recalibrated"].astype(bool)]
    by = ["model", "seed", "stage", "kind", "gamma", "sigma"]
    mean = plain.groupby(by, sort=False)[list(RATIOS)].mean().reset_index()
    noisy = mean[mean["kind"] == STOCHASTIC].drop(columns="kind").rename(columns=lambda name: _side(name, "sp"))
    without = mean[mean["kind"] == DETERMINISTIC].drop(columns=["kind", "sigma", "v_clean", "v_channel_clean"])
    without = without.rename(columns=lambda name: _side(name, "dp"))
    joined = noisy.merge(without, on=["model", "seed", "stage", "gamma"])
    columns = ["sp_clean", "dp_channel", "sp_channel", "sp_channel_clean"]
    rows = []
    for (model, gamma, sigma, stage), part in joined.groupby(["model", "gamma", "sigma", "stage"], sort=False):
        difference = (part["sp"] - part["dp"]).to_numpy(dtype=np.float64)
        row = {"model": model, "gamma": gamma, "sigma": sigma, "stage": stage, "seeds": len(part)}
        means, other = part[["dp", "sp"]].mean(), part[columns].mean()
        rows.append({**row, **means, **interval("difference", difference), **other})
    return beside(pd.DataFrame(rows), published(f"{SOURCE}3", data), ["model", "gamma", "sigma", "stage"])


def _side(name: str, side: str) -> str:
    """The column of Table III for a ratio: v of stochastic pruning is sp, v_channel is sp_channel."""
    return name.replace("v", side, 1) if name in RATIOS else name
