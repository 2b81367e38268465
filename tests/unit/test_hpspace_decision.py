"""The permutation tests against enumeration by hand, the decision against its definition."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from landscape_samples import ANALYSIS, VERDICT, cells_of, resampled_of, trained, truth
from prunescape.hpspace.decision import EQUIVALENT, ONE_SEED, UNDECIDED, WORSE, Losses, decide, decisions, more_seeds
from prunescape.hpspace.ellipse import fit
from prunescape.hpspace.permutation import least_p, shift_tests

PLACES = ["log10_weight_decay", "log10_learning_rate"]


def two_networks(seeds: int, seed: int, moved: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    first = truth("ridge", random)
    other = truth("ridge", random) if moved else first - 3
    return cells_of(np.stack([trained(f, seeds, random) for f in (first, other)]))


def by_hand(cells: pd.DataFrame, seeds: int) -> dict[str, float]:
    """All exchanges of whole seeds one by one, with the ellipses of `ellipse.fit`."""
    table = cells.pivot_table(index=["variant", "seed"], columns=["i", "j"], values="top1")
    values = np.concatenate([table.loc["dense"], table.loc["uniform-0.6"]])
    places = cells.drop_duplicates(["i", "j"]).sort_values(["i", "j"])
    x, y = np.log10(places["weight_decay"]).to_numpy(), np.log10(places["learning_rate"]).to_numpy()

    def change(dense: tuple[int, ...]) -> list[float]:
        shapes = []
        for group in (dense, tuple(set(range(2 * seeds)) - set(dense))):
            f = values[list(group)].mean(axis=0)
            region = f >= f.max() - 1.0 - 1e-9
            if region.sum() < 5:
                return [np.inf] * 3
            shapes.append(fit(x[region], y[region], 2.0))
        one, two = shapes
        way = math.hypot(*(two[f"centre_{name}"] - one[f"centre_{name}"] for name in PLACES))
        areas = abs(math.log(two["length"] * two["width"] / one["length"] / one["width"]))
        return [way, areas, abs((two["angle_degrees"] - one["angle_degrees"] + 90) % 180 - 90)]

    measured = change(tuple(range(seeds)))
    all_changes = np.array([change(group) for group in itertools.combinations(range(2 * seeds), seeds)])
    found = (all_changes >= np.array(measured) - 1e-9).mean(axis=0)
    return dict(zip(("shift_p", "area_ratio_p", "turn_degrees_p"), found, strict=True))


@pytest.mark.parametrize(("seeds", "moved"), [(2, False), (3, True), (4, False)])
def test_p_values_are_those_of_all_exchanges(seeds: int, moved: bool) -> None:
    cells = two_networks(seeds, seed=seeds, moved=moved)
    (row,) = shift_tests(cells, ANALYSIS | {"roi": [1.0]}).to_dict("records")
    for name, value in by_hand(cells, seeds).items():
        assert row[name] == pytest.approx(value), name
        assert row[name] >= row["least_p"] - 1e-12


def test_a_small_p_needs_seeds() -> None:
    assert least_p(3) == pytest.approx(0.1)
    assert least_p(4) == pytest.approx(2 / 70)
    assert math.isnan(least_p(1))
    far = two_networks(4, seed=5, moved=True)
    far["top1"] -= (
        8 * (far["variant"] != "dense") * (far["i"] > -2)
    )  # pushes the second network to small learning rates
    (row,) = shift_tests(far, ANALYSIS | {"roi": [1.0]}).to_dict("records")
    assert row["shift_p"] == pytest.approx(least_p(4))


def test_one_seed_tests_nothing() -> None:
    found = shift_tests(two_networks(1, seed=1), ANALYSIS)
    assert found[["shift_p", "area_ratio_p", "turn_degrees_p", "least_p"]].isna().all(axis=None)


def test_the_same_landscape_is_seldom_told_apart() -> None:
    found = [
        shift_tests(two_networks(4, seed=seed), ANALYSIS | {"roi": [1.0]})["shift_p"].iloc[0] for seed in range(60)
    ]
    assert np.nanmean(np.array(found) <= 0.05) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def draws(mean: float, spread: float) -> np.ndarray:
    """Draws of a loss with exactly this mean and spread."""
    values = norm.ppf((np.arange(4000) + 0.5) / 4000)
    return np.asarray(mean + spread * values / values.std())


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [
        *((0.2, 0.1, EQUIVALENT), (0.3, 0.2, UNDECIDED), (0.5, 0.001, UNDECIDED)),
        *((0.9, 0.1, WORSE), (0.9, 0.5, UNDECIDED)),
        (0.4, 1.0, UNDECIDED),  # perhaps none, perhaps two points: no significant loss is no equivalence
    ],
)
def test_only_an_interval_on_one_side_of_the_margin_decides(mean: float, spread: float, expected: str) -> None:
    found = decide(Losses(draws(mean, spread), mean), 3, VERDICT)
    assert found["decision"] == expected
    assert (found["loss_high"] < 0.5) == (expected == EQUIVALENT)
    assert (found["loss_low"] > 0.5) == (expected == WORSE)
    assert found["loss_high"] - mean == pytest.approx(norm.ppf(0.95) * spread, rel=0.02)
    assert found["p_equivalent"] == pytest.approx(norm.sf((0.5 - mean) / spread), abs=0.002)


def test_more_seeds_are_those_of_the_z_test() -> None:
    """The mean of n seeds, of standard deviation sd each, is beyond the margin's bound with the power asked for."""
    loss, sd, seeds = 0.2, 0.35, 3
    half = norm.isf(0.05) * sd / math.sqrt(seeds)
    total = seeds + more_seeds(loss, (loss - half, loss + half), seeds, VERDICT)
    powers = [norm.cdf((0.5 - loss) / (sd / math.sqrt(n)) - norm.isf(0.05)) for n in (total - 1, total)]
    assert powers[0] < 0.8 <= powers[1]


def test_a_loss_at_the_margin_takes_too_many_seeds_and_a_clear_one_takes_one() -> None:
    assert more_seeds(0.5001, (0.2, 0.8), 3, VERDICT) is None
    assert more_seeds(0.5, (0.2, 0.8), 3, VERDICT) is None
    assert more_seeds(2.0, (0.4, 2.1), 3, VERDICT) > 1
    assert more_seeds(0.1, (0.0, 0.5), 20, VERDICT) > 20
    assert more_seeds(0.9, (0.89, 0.91), 3, VERDICT) == 1


def test_few_degrees_of_freedom_and_a_biased_best_widen_the_interval() -> None:
    plain = decide(Losses(draws(0.75, 0.1), 0.75), 3, VERDICT)
    few = decide(Losses(draws(0.75, 0.1), 0.75), 3, VERDICT, degrees=4)
    biased = decide(Losses(draws(0.75, 0.1), 0.6), 3, VERDICT)
    assert plain["decision"] == few["decision"] == WORSE
    assert 0.75 - few["loss_low"] == pytest.approx(t.isf(0.05, 4) * 0.1, rel=0.02)
    assert few["p_worse"] == pytest.approx(t.sf(2.5, 4), rel=0.05)
    assert biased["decision"] == UNDECIDED
    assert biased["loss_low"] == pytest.approx(plain["loss_low"] - 0.15)
    assert biased["loss_high"] == plain["loss_high"]


def test_one_seed_decides_nothing() -> None:
    found = decide(None, 1, VERDICT)
    assert found["decision"] == ONE_SEED
    assert math.isnan(found["loss_low"])


def test_a_copy_of_the_dense_network_is_equivalent_and_a_moved_one_is_worse() -> None:
    random = np.random.default_rng(3)
    dense = truth("ridge", random)
    grid = dense.reshape(11, 11)
    moved = np.roll(grid, 6, axis=0).ravel()
    values = np.stack([trained(f, 6, random) for f in (dense, dense - 4, moved)])
    found = decisions([resampled_of(values, 500, random)], 0.5, VERDICT | {"margin": 1.0}).set_index("variant")
    assert found["decision"].to_dict() == {"uniform-0.6": EQUIVALENT, "uniform-0.2": WORSE}
    assert found.loc["uniform-0.2", "loss_low"] > 1.0
