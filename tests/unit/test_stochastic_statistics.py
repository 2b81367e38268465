"""Tests, corrections, intervals and crossovers, against scipy and computations by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp, wilcoxon

from prunescape.stochastic.statistics import (
    best_cells,
    contrast,
    crossovers,
    holm,
    seed_intervals,
    seed_medians,
    signed_rank_tests,
)

DP = {0.5: 90.0, 0.8: 60.0, 0.9: 20.0, 0.99: 10.0}
SP = {0.5: [88.0, 89.0, 91.0], 0.8: [59.0, 63.0, 64.0], 0.9: [30.0, 19.0, 35.0], 0.99: [10.0, 10.0, 10.0]}


def table(seed: int = 1, shift: float = 0.0, recalibrated: bool = False) -> pd.DataFrame:
    """Accuracies by hand; `shift` is added to the stochastic ones."""
    rows = [("none", 0.0, 0.0, "dense", 0, 95.0), ("none", 0.0, 0.01, "dense_stochastic", 0, 94.0)]
    for gamma, dp in DP.items():
        rows.append(("magnitude", gamma, 0.0, "deterministic", 0, dp))
        rows += [("magnitude", gamma, 0.01, "stochastic", k, top1 + shift) for k, top1 in enumerate(SP[gamma])]
    columns = ["method", "gamma", "sigma", "kind", "draw", "top1"]
    return pd.DataFrame(rows, columns=columns).assign(model="m", seed=seed, recalibrated=recalibrated, loss=1.0)


def test_each_network_stands_beside_its_counterpart() -> None:
    found = contrast(pd.concat([table(), table(2, 1.0), table(1, 5.0, recalibrated=True)], ignore_index=True))
    assert len(found) == 3 * 13
    dense = found[found["kind"] == "dense_stochastic"]
    assert dense["reference"].tolist() == [95.0] * 3
    one = found[(found["seed"] == 2) & (found["gamma"] == 0.8)]
    assert one["delta"].tolist() == [0.0, 4.0, 5.0]
    without = table()
    with pytest.raises(ValueError, match="no counterpart"):
        contrast(without[without["kind"] != "deterministic"])
    with pytest.raises(pd.errors.MergeError):
        contrast(pd.concat([without, without]))


def test_holm_by_hand() -> None:
    # 4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04, which may not fall below the one before
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.6, 0.5])), [1.0, 1.0])
    assert len(holm(np.array([]))) == 0


def test_signed_rank_tests_are_scipys_with_holms_correction() -> None:
    stochastic = table()
    tests = signed_rank_tests(stochastic[stochastic["kind"] != "dense_stochastic"]).set_index("gamma")
    assert tests["draws"].tolist() == [3] * 4
    expected = [wilcoxon([x - DP[gamma] for x in SP[gamma]], alternative="greater").pvalue for gamma in list(DP)[:3]]
    np.testing.assert_allclose(tests["p"], [*expected, 1.0])
    np.testing.assert_allclose(tests["p_holm"], holm(np.array([*expected, 1.0])))
    # of the 8 equally probable signs of ranks 1, 2, 3 two reach 5: {2, 3} and {1, 2, 3}
    assert tests.loc[0.8, "p"] == pytest.approx(2 / 8)
    assert tests.loc[0.8, ["median", "reference", "delta"]].tolist() == [63.0, 60.0, 3.0]


def test_the_best_cell_gains_most() -> None:
    both = pd.concat([table(), table(recalibrated=True, shift=-12.0)], ignore_index=True)
    best = best_cells(signed_rank_tests(both[both["kind"] != "dense_stochastic"]))
    assert best[["recalibrated", "gamma", "delta"]].values.tolist() == [[False, 0.9, 10.0], [True, 0.9, -2.0]]


def test_intervals_are_over_seeds() -> None:
    seeds = pd.concat([table(seed, shift) for seed, shift in enumerate([0.0, 1.0, 5.0])], ignore_index=True)
    found = seed_intervals(seeds)
    cell = found[found["gamma"] == 0.9].iloc[0]
    medians = [30.0, 31.0, 35.0]
    assert seed_medians(seeds).query("gamma == 0.9")["median"].tolist() == medians
    assert cell["seeds"] == 3
    assert cell["median"] == pytest.approx(np.mean(medians))
    assert cell["delta"] == pytest.approx(np.mean(medians) - 20.0)
    expected = ttest_1samp(medians, 0.0).confidence_interval(0.95)
    assert (cell["median_low"], cell["median_high"]) == pytest.approx(expected)
    assert (cell["reference_low"], cell["reference_high"]) == (20.0, 20.0)
    assert seed_intervals(table())[["median_low", "delta_high"]].isna().all(axis=None)


def test_the_crossover_is_where_stochastic_pruning_is_better_and_stays_no_worse() -> None:
    def crossover(shift: float, tolerance: float = 0.0) -> float:
        return crossovers(table(shift=shift), tolerance)["crossover"].item()

    assert crossover(0.0) == 0.8  # 89 < 90, 63 > 60, 30 > 20, 10 = 10
    assert crossover(2.0) == 0.5
    assert np.isnan(crossover(-1.0))  # at 0.99 it is worse
    assert crossover(-1.0, tolerance=1.0) == 0.8
    assert crossover(0.0, tolerance=4.0) == 0.9
    assert list(crossovers(table()).columns) == ["model", "seed", "method", "sigma", "recalibrated", "crossover"]
