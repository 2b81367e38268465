"""The choice of settings: smoothing against brute force, finalists, borders that accuracy rises beyond."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from landscape_samples import LATTICE
from procedure import Case, truth, tuned
from prunescape.hpspace.choice import WIDTH, choose_tuned, digest, finalists, open_sides, smoothed
from prunescape.hpspace.lattice import Cell

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", ["square", "with holes"])
def test_smoothing_is_a_mean_of_neighbours_by_a_gaussian_weight(shape: str) -> None:
    there = np.ones(len(LATTICE), dtype=bool) if shape == "square" else RANDOM.random(len(LATTICE)) < 0.7
    lattice, values = LATTICE[there], RANDOM.normal(size=int(there.sum()))
    steps = np.abs(lattice[:, None] - lattice[None])
    weight = np.where(steps.max(axis=2) <= 3, np.exp(-(steps**2).sum(axis=2) / (2 * WIDTH**2)), 0.0)
    assert smoothed(values, lattice) == pytest.approx(weight @ values / weight.sum(axis=1))
    assert (smoothed(np.stack([values, 2 * values]), lattice)[1] == smoothed(2 * values, lattice)).all()


@pytest.mark.parametrize("kind", ["ridge", "cliff", "flat", "skewed"])
def test_the_chosen_cell_is_better_than_the_luckiest_one(kind: str) -> None:
    """Findings, section 9: the luckiest cell of a grid costs about a point against a smoothed choice."""
    case, random = Case(kind), np.random.default_rng(0)
    lost = {True: 0.0, False: 0.0}
    for _ in range(100):
        f = truth(kind, random)
        for reused in lost:
            lost[reused] += f.max() - f[tuned(f, replace(case, reused=reused), random)[0]]
    assert lost[False] < 0.7 * lost[True]


def test_equal_cells_are_taken_in_their_order() -> None:
    assert finalists(np.full(len(LATTICE), 90.0), LATTICE) == [0, 1, 2, 3]


def test_the_best_finalist_by_its_fresh_seeds_is_taken() -> None:
    rows = [(i, 0, top1) for i, top1s in {0: (90.0, 91.0), 1: (93.0, 92.0), 2: (92.0, 93.0)}.items() for top1 in top1s]
    table = pd.DataFrame(rows, columns=["i", "j", "top1"])
    assert choose_tuned([Cell(0, 0), Cell(1, 0), Cell(2, 0)], table) == (Cell(1, 0), 92.5)
    assert choose_tuned([Cell(2, 0), Cell(1, 0)], table) == (Cell(2, 0), 92.5)


def test_a_grid_ends_where_accuracy_rises_on_and_not_along_a_plateau() -> None:
    i, j = LATTICE.T
    assert open_sides(90 + 1.0 * i, LATTICE, 0.5) == [(0, 1)]
    assert open_sides(90 - 1.0 * j, LATTICE, 0.5) == [(1, -1)]
    assert open_sides(90 - 0.3 * i**2, LATTICE, 0.5) == []  # flat along j, into both borders
    assert open_sides(90 - 0.05 * (i**2 + j**2), LATTICE, 0.5) == []
    assert open_sides(np.array([1.0]), np.array([[0, 0]]), 0.5) == []


def test_other_data_or_another_choice_have_another_digest() -> None:
    cells = pd.DataFrame({"variant": "dense", "seed": [0, 0], "i": [0, 1], "j": 0, "top1": [90.0, 91.0]})
    chosen = {"tuned": [0, 0]}
    one = digest(cells, cells, chosen)
    assert one == digest(cells.iloc[::-1], cells, chosen)
    assert one != digest(cells.assign(top1=[90.0, 91.5]), cells, chosen)
    assert one != digest(cells, cells.iloc[:1], chosen)
    assert one != digest(cells, cells, {"tuned": [0, 1]})
