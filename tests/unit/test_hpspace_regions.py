"""Regions of interest from few trainings: against fits of known landscapes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_samples import LATTICE, PLACES
from prunescape.hpspace.ellipse import fit
from prunescape.hpspace.lattice import THESIS
from prunescape.hpspace.regions import DEFINED, estimates, tabulate
from prunescape.hpspace.surrogate import Surrogate, Values, compressed, expanded

VALUES = Values(0.5, 0.5, 0.5, 0.0, 0.0)
NETWORKS = ["dense", "uniform-0.4"]


def bowl(i: float, j: float) -> np.ndarray:
    return 90 - 0.3 * (LATTICE[:, 0] - i) ** 2 - 0.1 * (LATTICE[:, 1] - j) ** 2


@given(st.lists(st.floats(0, 100), min_size=4, max_size=30))
def test_expanding_is_the_inverse_of_compressing(values: list[float]) -> None:
    accuracies = np.array(values)
    best = np.sort(accuracies)[-3:].mean()
    assert expanded(compressed(accuracies)) == pytest.approx(accuracies - best, abs=1e-6)


def test_of_what_is_known_the_ellipse_is_that_of_its_cells() -> None:
    landscapes = [bowl(0, 0), bowl(1, -2)]
    exact = Surrogate(
        np.stack([-(f.max() - f) for f in landscapes]).clip(-2), np.zeros((2, len(LATTICE), len(LATTICE))), VALUES
    )
    found = estimates(exact, PLACES, 1.0, 2.0, 5, THESIS, NETWORKS)
    for name, f in zip(NETWORKS, landscapes, strict=True):
        theirs = fit(*PLACES[f >= f.max() - 1.0 - 1e-9].T, 2.0)
        for quantity in THESIS.centre:
            assert found[name, quantity] == pytest.approx(theirs[quantity])
    assert found["uniform-0.4", "shift_log10_learning_rate"] == pytest.approx(0.2)
    assert found["uniform-0.4", "shift_log10_weight_decay"] == pytest.approx(-0.4)
    assert not any(name == "dense" and "shift" in quantity for name, quantity in found)


def test_the_table_tells_of_trained_networks_with_intervals_around_what_is_true() -> None:
    random, rows = np.random.default_rng(0), []
    for name, f in zip(NETWORKS, (bowl(0, 0), bowl(1, -1)), strict=True):
        for at in random.choice(len(LATTICE), 40, replace=False):
            i, j = map(int, LATTICE[at])
            label = {"model": "m", "variant": name, "method": "x", "ratio": 1.0, "criterion": "norm"}
            label |= {"pipeline": "scratch", "target": "flops", "seed": 0, "i": i, "j": j}
            rates = {"learning_rate": 10 ** PLACES[at, 1], "weight_decay": 10 ** PLACES[at, 0]}
            rows.append({**label, **rates, "top1": f[at] + 0.3 * random.standard_normal()})
    cells = pd.DataFrame(rows)
    space = {"prior": [0.1, 10**-2.3], "size": [11, 11], "bounds": None}
    table = tabulate(cells, cells.iloc[:0].assign(most=[]), [0.5, 1.0], 2.0, 5, 0.95, {"m": space})
    assert len(table) == 2 * (2 + 4)
    assert (table["trainings"] == 40).all()
    told = table[table["defined"] >= DEFINED].set_index(["variant", "roi", "quantity"])
    assert (told["low"] < told["high"]).all()
    row = told.loc["dense", 1.0, "centre_log10_learning_rate"]
    assert row["low"] < -1.0 < row["high"]
    few = tabulate(cells.iloc[[0, 40]], cells.iloc[:0].assign(most=[]), [1.0], 2.0, 200, 0.95, {"m": space})
    assert few[["estimate", "low", "high"]].isna().all().all()  # no ellipse has so many cells
