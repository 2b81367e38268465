"""The permutation tests against enumeration by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from landscape_samples import cells_of, trained, truth
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
    (row,) = shift_tests(cells, [1.0], 2.0, 5).to_dict("records")
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
    (row,) = shift_tests(far, [1.0], 2.0, 5).to_dict("records")
    assert row["shift_p"] == pytest.approx(least_p(4))


def test_one_seed_tests_nothing() -> None:
    found = shift_tests(two_networks(1, seed=1), [0.5, 1.0], 2.0, 5)
    assert found[["shift_p", "area_ratio_p", "turn_degrees_p", "least_p"]].isna().all(axis=None)


def test_the_same_landscape_is_seldom_told_apart() -> None:
    found = [shift_tests(two_networks(4, seed=seed), [1.0], 2.0, 5)["shift_p"].iloc[0] for seed in range(60)]
    assert np.nanmean(np.array(found) <= 0.05) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)
