"""A small study of two models with made-up accuracies, and the page of it."""

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from confirmation_samples import TERMS, Confirmed
from prunescape.config.analysis import Analysis
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.lattice import THESIS
from prunescape.hpspace.permutation import shift_tests
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.risk import risk_table
from prunescape.hpspace.tuning import band, regret, transfer
from prunescape.hpspace.verdict import verdict
from prunescape.pages.explore import explore_page
from prunescape.pages.landscapes import ExplorerSettings
from prunescape.pages.study import Caption
from prunescape.studies.hpspace import STUDY, TABLES
from prunescape.studies.study import placed
from variant_samples import with_columns

LOOK = ExplorerSettings(THESIS, [0.5, 1.0], 0.5, 2.0, 5, 0.95, "below_best", "viridis", 15.0)
CONFIG = {
    "run": "sample",
    "data": {"name": "digits"},
    "models": {"small_resnet": {}, "resnet20": {}},
    "seeds": [0, 1, 2],
}
VARIANTS = {"small_resnet": ["dense", "non_uniform-0.4", "uniform-0.4"], "resnet20": ["dense", "uniform-0.2"]}


def sample_cells() -> pd.DataFrame:
    """cells.csv: ridges with noise, top-1 and top-5, on grids of 7 x 9 and 5 x 5 cells."""
    numbers = np.random.default_rng(5)
    rows = []
    for (model, variants), (rows_i, columns_j) in zip(VARIANTS.items(), [(7, 9), (5, 5)], strict=True):
        for (place, variant), seed in product(enumerate(variants), range(3)):
            for i, j in product(range(-(rows_i // 2), rows_i // 2 + 1), range(-(columns_j // 2), columns_j // 2 + 1)):
                top1 = 92 - place - 0.25 * (i + j - place) ** 2 - 0.04 * (i - j) ** 2 + 0.2 * numbers.normal()
                top1 = round(float(top1), 1)  # so that cells are equal now and then
                rate, decay = float(f"{0.1 * 10 ** (0.2 * i):.12g}"), float(f"{0.005 * 10 ** (0.2 * j):.12g}")
                rows.append(
                    (model, variant, seed, i, j, rate, decay, top1, min(99.9, top1 + 5), (seed, i, j) == (1, 2, -1))
                )
    names = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5", "diverged"]
    return with_columns(pd.DataFrame(rows, columns=names).assign(train_loss=1.0))


def sample_decisions(cells: pd.DataFrame, chance: float = 10.0) -> pd.DataFrame:
    """decisions.csv, of trainings with fresh seeds that are drawn around the cells' own means."""
    found = []
    for _, own in cells.groupby("model", sort=False):
        means = own.groupby(["variant", "i", "j"])["top1"].mean()

        def accuracy(variant: str, i: int, j: int, seed: int, means: pd.Series = means) -> float:
            return float(means[variant, i, j]) + 0.2 * float(np.random.default_rng([seed, i + 9, j + 9]).normal())

        with TemporaryDirectory() as folder:
            found.append(Confirmed(own, accuracy, Path(folder), chance=chance).decisions())
    return pd.concat(found, ignore_index=True)


PLACES = ("3_1", "3_2", "3_4", "3_5", "4_1", "4_2")  # of the thesis' tables


def sample_tables(cells: pd.DataFrame, chance: float = 10.0) -> dict[str, pd.DataFrame]:
    """The tables that the page shows, where chance has this accuracy."""
    resampled = resample(cells, THESIS, 1.0, 40, 0.95)
    timing = cells[["model", "variant", "seed", "i", "j"]].assign(
        seconds=1.5, images_per_second=2000.0, device="cpu", strategy="fused", lanes=16, precision="float32"
    )
    other = pd.DataFrame({"model": ["small_resnet"], "flops": [263296], "note": ['a "quoted", <b>bold</b> text']})
    return {
        "cells": cells,
        "timing": timing,
        "ellipses": ellipses(cells, LOOK.roi, LOOK.sigma, LOOK.minimum_cells),
        "risk": risk_table(cells, LOOK.risk_roi),
        "intervals": intervals(resampled, Analysis()),
        "decisions": sample_decisions(cells, chance),
        "shifts": shift_tests(cells, [0.5, 1.0], 2.0, 5),
        "regret": regret(resampled),
        "transfer": transfer(resampled),
        "band": band(resampled, 1.0, 2.0, 5, 32, 0.9),
        "confirmation": timing.assign(stage="finalists", setting="tuned").iloc[:4],
        "confirmation_timing": timing.iloc[:4],
        **dict.fromkeys(["pruning", "trial_timing", *(f"table_{place}" for place in PLACES)], other),
    }


def sample_answer(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The verdict."""
    return verdict(tables["decisions"], tables["cells"], TERMS)


MEANT = {"decisions": (STUDY.table("decisions").meanings(STUDY.columns), STUDY.table("decisions").decides)}
TITLES = {table.name: placed(table.title)[1] for table in TABLES if table.title and table.name != "claims"}


def sample_page(tables: dict[str, pd.DataFrame], pictures: list[tuple[str, Caption]], made: str = "") -> str:
    """The page to explore."""
    shown = {
        name: (tables[name], Caption(0, title, "", "", "", *MEANT.get(name, ())))
        for name, title in TITLES.items()
        if name in tables
    }
    root = Path(__file__).parents[1]
    return explore_page(sample_answer(tables), tables["timing"], shown, pictures, LOOK, CONFIG, root, made)
