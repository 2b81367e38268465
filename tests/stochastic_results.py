"""Results of the study `stochastic` for one network and three seeds, made by hand, and the tables that follow."""

import numpy as np
import pandas as pd

from claim_checks import disturbed
from prunescape.claims.study import StudyClaims
from prunescape.stochastic.claims import claims
from prunescape.stochastic.statistics import crossovers, grid_tests, seed_intervals
from prunescape.stochastic.tables import table_1
from prunescape.studies.stochastic import STUDY

MODEL = "resnet18_cifar"
CELLS = {MODEL: {"gamma": 0.9, "sigma": 0.005, "source": "config"}}
SEEDS = (0, 1, 2)
GUESSING = 12.0
GAINS = {0: 10.0, 1: 12.0, 2: 17.0}  # by seed: mean 13


def accuracies(gamma: float, kinds: dict[str, float], method: str = "magnitude", sigma: float = 0.005) -> pd.DataFrame:
    """Networks of three seeds; `kinds` maps a kind with noise to a factor of the seed's gain over 40 %, 0 over 90 %."""
    rows = []
    for seed in SEEDS:
        for recalibrated in (False, True):
            base = 90.0 if recalibrated else 40.0
            rows.append((seed, "deterministic", 0.0, 0, recalibrated, base))
            for kind, factor in kinds.items():
                gain = 0.0 if recalibrated else factor * GAINS[seed]
                rows += [
                    (seed, kind, sigma, draw, recalibrated, base + gain + of) for draw, of in enumerate([-1, 0, 8])
                ]
    table = pd.DataFrame(rows, columns=["seed", "kind", "sigma", "draw", "recalibrated", "top1"])
    return table.assign(model=MODEL, method=method, gamma=gamma, loss=1.0)


def tuned() -> pd.DataFrame:
    table = pd.concat([accuracies(0.9, {"stochastic": 0.1}, method) for method in ("magnitude", "lamp")])
    table = table[~table["recalibrated"]].drop(columns="recalibrated").reset_index(drop=True)
    one_shot = table["top1"] - 20.0 + np.where(table["kind"] == "stochastic", 5.0, 0.0)
    flow = np.where(table["kind"] == "stochastic", 8.0, 11.5)
    return table.assign(one_shot_top1=one_shot, one_shot_gradient_flow=flow, gradient_flow=1.0)


def variances() -> pd.DataFrame:
    rows = [
        (seed, kind, sigma, stage, layer, v + 0.01 * seed + (0.1 if layer == "b" else -0.1))
        for seed in SEEDS
        for stage, of in (
            ("one_shot", {"deterministic": 0.7, "stochastic": 0.8}),
            ("fine_tuned", {"deterministic": 1.0, "stochastic": 1.0}),
        )
        for kind, v in of.items()
        for sigma in [0.0 if kind == "deterministic" else 0.005]
        for layer in "ab"
    ]
    table = pd.DataFrame(rows, columns=["seed", "kind", "sigma", "stage", "layer", "v"])
    return table.assign(model=MODEL, method="magnitude", gamma=0.9, recalibrated=False)


def fronts() -> pd.DataFrame:
    rows = [
        (seed, which, algorithm, 0.004, gamma, 60.0 + gain, 60.0, gain, which == "F2" and gamma == 0.85)
        for seed, gain in GAINS.items()
        for which in ("F1", "F2")
        for algorithm in ("nsga2", "random")
        for gamma in (0.85, 0.9)
    ]
    columns = ["seed", "objectives", "algorithm", "sigma", "gamma", "sp", "dp", "delta", "best"]
    again = {"sp_recalibrated": 91.0, "dp_recalibrated": 90.5, "delta_recalibrated": 0.5}
    table = pd.DataFrame(rows, columns=columns).assign(model=MODEL, **again)
    return table.assign(fitness_sp=table["sp"], objective_2=table["delta"] * table["gamma"])


def tables(factor: float) -> dict[str, pd.DataFrame]:
    """All tables of a study in which noise gains `factor` times `GAINS` at high pruning rates and loses at low ones."""
    sweep = pd.concat(
        [accuracies(gamma, {"stochastic": of}) for gamma, of in ((0.5, -0.1), (0.8, 0.5 * factor), (0.9, factor))]
    )
    transfer = accuracies(0.9, {"stochastic": 1.0, "mask_s_to_d": 0.0, "mask_d_to_s": 0.5})
    draws = accuracies(0.9, {"stochastic": factor})
    progress = pd.DataFrame(
        [
            (seed, which, algorithm, generation, 0.5 + 0.1 * generation + (0.02 * seed if algorithm == "nsga2" else 0))
            for seed in SEEDS
            for which in ("F1", "F2")
            for algorithm in ("nsga2", "random")
            for generation in (1, 2)
        ],
        columns=["seed", "objectives", "algorithm", "generation", "hypervolume"],
    )
    return {
        "sweep_intervals": seed_intervals(sweep),
        "crossovers": crossovers(sweep, 0.5),
        "grid_tests": grid_tests(draws),
        "transfer": transfer,
        "variances": variances(),
        "fine_tuning": tuned(),
        "search_progress": progress.assign(model=MODEL),
        "structured": accuracies(0.6, {"stochastic": factor}, "uniform"),
        "table_1": table_1(draws, draws, grid_tests(draws), fronts(), CELLS, "cifar10", GUESSING),
        "fronts": fronts(),
    }


def stated(tables: dict, cells: dict = CELLS, tolerance: float = 0.5, data: str = "cifar10") -> StudyClaims:
    given = {**tables, "cells": [cells[MODEL]], "data": {"classes": ["a", "b"]}}
    settings = {"question": STUDY.question, "models": [MODEL], "tolerance": tolerance, "held_out": 100}
    settings |= {"data": data, "seeds": [0, 1, 2]}
    return claims(given, settings)


def of_seeds(count: int, factor: float = 1.0, spread: float = 0.0, number: int = 0) -> dict[str, pd.DataFrame]:
    """The tables of a study of so many seeds, with noise of so many points on all accuracies."""
    draws, sweep = accuracies(0.9, {"stochastic": factor}), accuracies(0.8, {"stochastic": factor})
    raw = {**tables(factor), "draws": draws, "sweep": sweep, "fronts": fronts()}
    names = ("top1", "one_shot_top1", "hypervolume", "delta", "delta_recalibrated")
    raw = {name: disturbed(table, spread, number, *names) for name, table in raw.items() if "seed" in table}
    raw = {name: table[table["seed"] < count] for name, table in raw.items()}
    draws, sweep = raw.pop("draws"), raw.pop("sweep")
    of_grid = {"table_1": table_1(draws, draws, raw["grid_tests"], raw["fronts"], CELLS, "digits", GUESSING)}
    return raw | of_grid | {"sweep_intervals": seed_intervals(sweep), "crossovers": crossovers(sweep, 0.5)}
