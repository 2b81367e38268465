"""Regret against enumeration of all orders, transfer and the band against landscapes where they are known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from landscape_samples import ANALYSIS, LATTICE, PLACES, VARIANTS, cube_of, resampled_of, trained, truth
from prunescape.hpspace.resampling import Resampled
from prunescape.hpspace.tuning import (
    band,
    best_of_nearest,
    best_of_random,
    rank_correlation,
    rank_weights,
    regret,
    transfer,
)

RECIPE = {"batch_size": 128, "momentum": 0.9}


def measured(*landscapes: np.ndarray) -> Resampled:
    return Resampled("m", "top1", cube_of(np.stack(landscapes)[:, None]), None, 0.95)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_the_best_of_random_trials_is_the_mean_over_all_orders(values: list[int]) -> None:
    f = np.array(values, dtype=float)
    orders = np.array(list(itertools.permutations(f)))
    np.testing.assert_allclose(best_of_random(f), np.maximum.accumulate(orders, axis=1).mean(axis=0), atol=1e-9)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=6))
def test_the_best_of_the_nearest_is_the_mean_over_all_orders_of_equals(cells: list[tuple[int, int]]) -> None:
    f, distance = np.array(cells, dtype=float).T
    orders = [
        f[list(order)]
        for order in itertools.permutations(range(len(f)))
        if all(distance[a] <= distance[b] for a, b in itertools.pairwise(order))
    ]
    expected = np.maximum.accumulate(np.array(orders), axis=1).mean(axis=0)
    np.testing.assert_allclose(best_of_nearest(f, distance), expected, atol=1e-9)


def test_weights_are_probabilities_and_those_of_the_binomials() -> None:
    weights = rank_weights(400)
    np.testing.assert_allclose(weights.sum(axis=0), 1, rtol=1e-9)
    assert rank_weights(9)[3, 2] == pytest.approx(math.comb(5, 2) / math.comb(9, 3))


def test_many_landscapes_at_once_are_each_alone() -> None:
    random = np.random.default_rng(0)
    many, distance = random.normal(size=(3, 12)), random.integers(0, 3, 12)
    np.testing.assert_allclose(best_of_nearest(many, distance)[1], best_of_nearest(many[1], distance))


def test_regret_starts_at_the_loss_of_the_dense_optimum_and_ends_at_none() -> None:
    random = np.random.default_rng(1)
    dense, pruned = truth("ridge", random), truth("ridge", random)
    table = regret([measured(dense, pruned)])
    assert set(table["variant"]) == {VARIANTS[1]}
    by = table.set_index(["strategy", "trials"])["measured"]
    assert by["nearest", 1] == pytest.approx(pruned.max() - pruned[dense.argmax()])
    assert by["random", 1] == pytest.approx(pruned.max() - pruned.mean())
    for strategy in ("nearest", "random"):
        assert by[strategy].iloc[-1] == pytest.approx(0, abs=1e-9)
        assert (np.diff(by[strategy]) <= 1e-9).all()
        assert len(by[strategy]) == len(LATTICE)


def test_regret_of_noisy_landscapes_is_estimated_without_the_noise() -> None:
    random = np.random.default_rng(2)
    true = [truth("ridge", random) for _ in range(3)]
    one = resampled_of(np.stack([trained(f, 4, random) for f in true]), 400, random)
    start = regret([one]).query("strategy == 'nearest' and trials == 1").set_index("variant")
    for place in (1, 2):
        row = start.loc[VARIANTS[place]]
        exact = true[place].max() - true[place][one.cube.means[0].argmax()]
        assert row["low"] <= row["estimate"] <= row["high"]
        assert row["low"] - 0.1 <= exact <= row["high"] + 0.1


def test_transfer_by_hand() -> None:
    random = np.random.default_rng(3)
    landscapes = [truth("rough", random) for _ in range(3)]
    table = transfer([measured(*landscapes)]).set_index(["tuned_on", "variant"])
    for a, b in itertools.product(range(3), repeat=2):
        row = table.loc[VARIANTS[a], VARIANTS[b]]
        assert row["measured"] == pytest.approx(landscapes[b].max() - landscapes[b][landscapes[a].argmax()])
        assert row["rank_correlation"] == pytest.approx(spearmanr(landscapes[a], landscapes[b]).statistic)
    assert table["rank_correlation_low"].isna().all()


def test_rank_correlations_of_ties_and_of_nothing() -> None:
    one, other = np.array([[1.0, 2, 2, 4], [1, 1, 1, 1]]), np.array([[4.0, 3, 3, 3], [1, 2, 3, 4]])
    found = rank_correlation(one, other)
    assert found[0] == pytest.approx(spearmanr(one[0], other[0]).statistic)
    assert math.isnan(found[1])


@pytest.mark.parametrize("slope", [-1.0, -0.5])
def test_the_band_of_a_known_relation(slope: float) -> None:
    """A ridge along log rate = slope x log decay + constant, through the middle of the grid."""
    x, y = (PLACES - PLACES.mean(axis=0)).T
    turn = math.atan(slope)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    f = 90 - 1.2 * along**2 - 20 * across**2
    random = np.random.default_rng(4)
    values = np.stack([trained(f, 6, random), trained(f, 6, random)])
    exact = band([measured(f)], ANALYSIS, RECIPE).iloc[0]
    assert exact["slope"] == pytest.approx(slope, abs=0.1)
    assert exact["log10_constant"] == pytest.approx(PLACES.mean(axis=0).sum() - math.log10(12.8), abs=0.05)
    assert math.isnan(exact["slope_low"])
    for row in band([resampled_of(values, 400, random)], ANALYSIS, RECIPE).itertuples():
        assert row.slope_low < slope < row.slope_high
        assert row.log10_constant_low - 0.02 < exact["log10_constant"] < row.log10_constant_high + 0.02
