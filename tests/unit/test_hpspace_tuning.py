"""Regret against enumeration of all orders, transfer and the band against landscapes where they are known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from landscape_samples import LATTICE, PLACES, VARIANTS, cube_of, resampled_of, trained, truth
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

BAND = 1.0, 2.0, 5, 128, 0.9  # region of interest, ellipse, batch size and momentum


def measured(*landscapes: np.ndarray) -> Resampled:
    return Resampled("m", "top1", cube_of(np.stack(landscapes)[:, None]), None, 0.95)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=5, unique_by=lambda of: of[0]))
def test_what_is_taken_at_random_is_the_mean_over_all_orders(cells: list[tuple[int, int]]) -> None:
    """Of what is shown the best is taken, and it is worth what it is worth."""
    shown, true = np.array(cells, dtype=float).T
    found = best_of_random(shown, true)
    np.testing.assert_allclose(found, over_orders(shown, true, np.zeros(len(cells))), atol=1e-9)
    orders = np.array(list(itertools.permutations(true)))
    np.testing.assert_allclose(
        best_of_random(true, true), np.maximum.accumulate(orders, axis=1).mean(axis=0), atol=1e-9
    )


@given(
    st.lists(
        *(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 2)),),
        min_size=1,
        max_size=5,
        unique_by=lambda of: of[0],
    )
)
def test_what_is_taken_of_the_nearest_is_the_mean_over_all_orders_of_equals(cells: list[tuple[int, int, int]]) -> None:
    shown, true, distance = np.array(cells, dtype=float).T
    found = best_of_nearest(shown, true, distance)
    np.testing.assert_allclose(found, over_orders(shown, true, distance), atol=1e-9)


def over_orders(shown: np.ndarray, true: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """What is taken after 1 to N trials, on average over all orders in which no cell comes before a nearer one."""
    taken = [
        [true[max(order[: count + 1], key=lambda cell: shown[cell])] for count in range(len(true))]
        for order in itertools.permutations(range(len(true)))
        if all(distance[a] <= distance[b] for a, b in itertools.pairwise(order))
    ]
    return np.array(taken).mean(axis=0)


def test_weights_are_probabilities_and_those_of_the_binomials() -> None:
    weights = rank_weights(400)
    np.testing.assert_allclose(weights.sum(axis=0), 1, rtol=1e-9)
    assert rank_weights(9)[3, 2] == pytest.approx(math.comb(5, 2) / math.comb(9, 3))


def test_many_landscapes_at_once_are_each_alone() -> None:
    random = np.random.default_rng(0)
    many, true, distance = random.normal(size=(3, 12)), random.normal(size=(3, 12)), random.integers(0, 3, 12)
    np.testing.assert_allclose(best_of_nearest(many, true, distance)[1], best_of_nearest(many[1], true[1], distance))


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


def independent(f: np.ndarray, seeds: int, random: np.random.Generator, noise: float = 0.9) -> np.ndarray:
    """Trainings (S, N) of a landscape, with a constant a seed and noise that no cells share."""
    return f + random.standard_normal((seeds, 1)) + noise * random.standard_normal((seeds, len(f)))


def test_regret_is_that_of_whoever_takes_the_best_that_was_seen() -> None:
    """Against trials one by one, at random cells and with noise of their own; noise makes it several times as large."""
    random = np.random.default_rng(2)
    true = [truth("ridge", random) for _ in range(2)]
    values = np.stack([independent(f, 12, random) for f in true])
    table = regret([resampled_of(values, 300, random)]).query("strategy == 'random'").set_index("trials")
    f = true[1]
    for count in (5, 20, 60):
        cells = [random.permutation(len(f))[:count] for _ in range(2000)]
        lost = [f.max() - f[tried[(f[tried] + 0.9 * random.standard_normal(count)).argmax()]] for tried in cells]
        row = table.loc[count]
        assert row["estimate"] == pytest.approx(np.mean(lost), abs=0.12)
        assert row["low"] - 0.1 <= np.mean(lost) <= row["high"] + 0.1
    noiseless = f.max() - best_of_random(f, f)[59]
    assert table.loc[60, "estimate"] > 2 * noiseless


def test_gains_are_free_of_the_luck_of_the_choice() -> None:
    """Where all cells are worth the same nothing is gained, though the luckiest of 121 seems two points better."""
    random = np.random.default_rng(5)
    flat = np.full(len(LATTICE), 90.0)
    gains, seeming = [], []
    for _ in range(40):
        values = np.stack([independent(flat, 2, random) for _ in range(2)])
        one = Resampled("m", "top1", cube_of(values), None, 0.95)
        gains.append(regret([one]).query("strategy == 'random' and trials == 121")["gain"].item())
        gains.append(transfer([one]).set_index(["tuned_on", "variant"]).loc[VARIANTS[:2], "gain"].item())
        seeming.append((values[1].max(axis=-1) - values[1].mean(axis=-1)).mean())
    assert abs(np.mean(gains)) < 4 * np.std(gains) / np.sqrt(len(gains))
    assert np.mean(seeming) > 2


def test_gains_of_tuning_are_found() -> None:
    random = np.random.default_rng(6)
    dense, pruned = (-0.05 * ((LATTICE - at) ** 2).sum(axis=1) for at in ([0, 0], [4, 4]))
    values = np.stack([independent(90 + f, 6, random, noise=0.01) for f in (dense, pruned)])
    one = Resampled("m", "top1", cube_of(values), None, 0.95)
    table = regret([one]).query("strategy == 'random'").set_index("trials")
    assert table.loc[len(LATTICE), "gain"] == pytest.approx(0.05 * 32, abs=0.15)  # over the prior, four steps off
    moved = transfer([one]).set_index(["tuned_on", "variant"]).loc[VARIANTS[:2]]
    assert moved["gain"] == pytest.approx(0.05 * 32, abs=0.15)
    assert moved["measured"] == pytest.approx(0.05 * 32, abs=0.3)
    assert transfer([one]).set_index(["tuned_on", "variant"]).loc[(VARIANTS[1], VARIANTS[1]), "gain"] == 0


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
    exact = band([measured(f)], *BAND).iloc[0]
    assert exact["slope"] == pytest.approx(slope, abs=0.1)
    assert exact["log10_constant"] == pytest.approx(PLACES.mean(axis=0).sum() - math.log10(12.8), abs=0.05)
    assert math.isnan(exact["slope_low"])
    for row in band([resampled_of(values, 400, random)], *BAND).itertuples():
        assert row.slope_low < slope < row.slope_high
        assert row.log10_constant_low - 0.02 < exact["log10_constant"] < row.log10_constant_high + 0.02
