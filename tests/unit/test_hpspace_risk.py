"""The performance risk, and the thesis' own criterion, by hand."""

import numpy as np
import pytest

from grid_samples import cells_from
from prunescape.hpspace.risk import risk_cells, risk_table


def test_risk_by_hand() -> None:
    dense = np.array([[90.0, 89.8, 80.0], [89.6, 70.0, 70.0], [70.0, 70.0, 70.0]])
    pruned = np.array([[84.0, 85.0, 80.0], [86.0, 70.0, 70.0], [70.0, 70.0, 88.0]])
    cells = cells_from({"dense": dense, "uniform-0.5": pruned})
    table = risk_table(cells, 0.5).set_index("variant")
    d = np.array([88 - 84, 88 - 85, 88 - 86])
    of_cells = risk_cells(cells, 0.5).set_index("variant").loc["uniform-0.5"]
    assert of_cells["d"].tolist() == pytest.approx(d)
    assert of_cells["d_relative"].tolist() == pytest.approx(d / 88)
    row = table.loc["uniform-0.5"]
    assert row["n_cells"] == 3
    assert row["d_mean"] == pytest.approx(d.mean())
    assert row["d_std"] == pytest.approx(d.std())  # population
    assert row["rel_mean"] == pytest.approx((d / 88).mean())
    assert table.loc["dense", "d_mean"] == pytest.approx((0 + 0.2 + 0.4) / 3)
    # Beside the dense network, which loses 0.2 on average and at most 0.4 of 90 there: none of these cells is within.
    assert row["d_excess"] == pytest.approx(3 - 0.2)
    assert table.loc["dense", "d_excess"] == 0
    assert (row["within_twice"], table.loc["dense", "within_twice"]) == (0, 1)
    assert row["rel_q3"] == pytest.approx((3 + 0.75 * (4 - 3)) / 88)  # Hazen: the place 3 x 0.75 - 0.5 from the first


def test_the_thesis_own_criterion_by_hand() -> None:
    """Its numbers for CIFAR-10: the dense network's risk ends at 0.005, and 0.01 is twice that."""
    dense = np.full((5, 5), 50.0)
    dense[0] = [94.0, 93.9, 93.8, 93.7, 93.53]  # at most 0.005 below
    pruned = np.full((5, 5), 90.0)
    pruned[0], pruned[4, 4] = [90.5, 90.2, 90.09, 90.07, 90.0], 91.0  # 0.91 points are twice 0.005, of 91
    table = risk_table(cells_from({"dense": dense, "uniform-0.5": pruned}), 0.5).set_index("variant")
    assert table.loc["uniform-0.5", "within_twice"] == 0.6  # 90.09 and not 90.07
    assert table.loc["dense", "within_twice"] == 1


def test_risk_of_networks_that_learnt_nothing_is_zero_not_nan() -> None:
    table = risk_table(cells_from({"dense": np.zeros((3, 3))}), 0.5)
    assert table[["d_mean", "d_std", "rel_mean", "rel_std"]].to_numpy().tolist() == [[0, 0, 0, 0]]
