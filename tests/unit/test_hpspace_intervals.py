"""Intervals: the same definitions as the tables, draws that know the truth where there is no noise, and coverage."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import norm, t

from landscape_samples import (
    ANALYSIS,
    LATTICE,
    PLACES,
    STATIONARY,
    cells_of,
    cube_of,
    replicate,
    resampled_of,
    trained,
    truth,
)
from prunescape.errors import UserError
from prunescape.hpspace import functionals
from prunescape.hpspace.cube import cubes
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.lattice import THESIS
from prunescape.hpspace.resampling import resample, summary, unwrapped
from prunescape.hpspace.risk import risk_table
from prunescape.hpspace.surface import contenders, contrasts, fit_noise, landscapes, matern

RESAMPLING = THESIS, 1.0, 400, 0.95


def study(seeds: int = 3, kind: str = "ridge", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The truth (V, N) of five networks, and trainings of them (V, S, N)."""
    random = np.random.default_rng(seed)
    true = np.stack([truth(kind, random) for _ in range(5)])
    return true, np.stack([trained(f, seeds, random) for f in true])


def test_what_is_measured_is_what_the_tables_of_ellipses_and_risk_have() -> None:
    cells = cells_of(study()[1])
    found = intervals(resample(cells, *RESAMPLING), ANALYSIS).set_index(["variant", "roi", "quantity"])["measured"]
    fitted = ellipses(cells, ANALYSIS.roi, ANALYSIS.sigma, ANALYSIS.minimum_cells)
    for row in fitted.itertuples():
        for name in ("n_cells", "centre_log10_weight_decay", "centre_log10_learning_rate", "length", "width"):
            assert found[row.variant, row.roi, name] == pytest.approx(getattr(row, name), abs=1e-9, nan_ok=True)
        if row.fitted:
            turn = found[row.variant, row.roi, "angle_degrees"] - row.angle_degrees
            assert (turn + 90) % 180 - 90 == pytest.approx(0, abs=1e-6)
            assert found[row.variant, row.roi, "area"] == pytest.approx(np.pi / 4 * row.length * row.width)
    for row in risk_table(cells, 0.5).itertuples():
        for name in ("d_mean", "d_std", "rel_mean", "rel_std", "rel_q3", "d_excess", "within_twice"):
            assert found[row.variant, 0.5, name] == pytest.approx(getattr(row, name), abs=1e-9)


def test_every_interval_is_ordered_and_the_same_the_next_time() -> None:
    cells = cells_of(study()[1])
    first = intervals(resample(cells, *RESAMPLING), ANALYSIS)
    known = first.dropna(subset=["low"])
    assert len(known) > 100
    assert (known["low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["high"]).all()
    pd.testing.assert_frame_equal(first, intervals(resample(cells, *RESAMPLING), ANALYSIS))


def test_the_order_of_rows_does_not_matter_and_dense_comes_first() -> None:
    cells = cells_of(study()[1])
    shuffled = cells.sample(frac=1, random_state=1)
    one, other = cubes(cells, "top1")["m"], cubes(shuffled, "top1")["m"]
    assert other.variants[0] == "dense"
    places = [other.variants.index(variant) for variant in one.variants]
    np.testing.assert_array_equal(one.values, other.values[places])
    np.testing.assert_allclose(one.places, PLACES)


def test_a_missing_training_is_told() -> None:
    cells = cells_of(study()[1])
    with pytest.raises(UserError, match="m: some cells lack some seeds"):
        cubes(cells.drop(index=7), "top1")


def test_one_seed_has_no_intervals() -> None:
    found = intervals(resample(cells_of(study(seeds=1)[1]), *RESAMPLING), ANALYSIS)
    assert found["measured"].notna().any()
    assert found[["estimate", "low", "high"]].isna().all(axis=None)


def test_without_noise_draws_are_the_landscape() -> None:
    true, _ = study(kind="rough")
    drawn = landscapes(np.repeat(true[:, None], 3, axis=1), PLACES, 1.0, 50, np.random.default_rng(0))
    assert np.abs(drawn - true[:, None]).max() < 0.05


def test_a_constant_a_seed_changes_nothing_but_the_height() -> None:
    """It moves no region of interest: the draws are the same but for the mean of the constants."""
    _, values = study()
    constants = np.array([3.0, -1.0, 0.5])[:, None]
    drawn = [landscapes(part, PLACES, 1.0, 50, np.random.default_rng(0)) for part in (values, values + constants)]
    np.testing.assert_allclose(drawn[1] - drawn[0], constants.mean(), atol=0.02)


def test_contrasts_are_noise_alone_of_the_size_of_one_seed() -> None:
    random = np.random.default_rng(0)
    values = 50 + random.standard_normal(20_000) + 2.0 * random.standard_normal((4, 20_000))
    fields = contrasts(values)
    assert fields.shape == (3, 20_000)
    np.testing.assert_allclose(np.cov(fields), 4 * np.eye(3), atol=0.2)


def test_the_noise_is_recovered() -> None:
    random = np.random.default_rng(1)
    values = np.stack([trained(np.zeros(len(LATTICE)), 6, random) for _ in range(5)])
    distance = squareform(pdist(PLACES))
    noise, variances = fit_noise([contrasts(part) for part in values], [distance] * 5)
    assert np.sqrt(np.mean(variances)) == pytest.approx(0.9, abs=0.1)
    assert noise.correlation(np.array(0.2)) == pytest.approx(0.4 * matern(np.array(1.0), 2.0), abs=0.08)


def test_cells_that_may_be_good_are_looked_at_together() -> None:
    true, values = study(seeds=3)
    distance = squareform(pdist(PLACES))
    near = contenders(values[0], distance, 1.0)
    assert near[functionals.regions(true[0], 1.0)].mean() > 0.95
    flat = contenders(np.full((2, len(PLACES)), 50.0), distance, 1.0)
    assert flat.all()


def test_axes_are_told_in_order_across_the_vertical() -> None:
    np.testing.assert_allclose(np.sort(unwrapped(np.array([88.0, -88.0, 90.0]))) - 90, [-2, 0, 2], atol=1e-9)
    assert unwrapped(np.array([-89.0]), around=80.0)[0] == pytest.approx(91)
    assert np.isnan(summary(np.array([np.nan]), 0.95, 10)["low"])
    assert summary(np.arange(101.0), 0.9, np.inf) == pytest.approx({"estimate": 50, "low": 5, "high": 95})
    assert summary(np.arange(101.0), 0.9, 4)["low"] == pytest.approx(100 * norm.sf(t.isf(0.05, 4)))


@pytest.mark.parametrize("kind", STATIONARY)
def test_intervals_hold_the_truth_and_errors_are_rare(kind: str) -> None:
    """12 studies of 5 networks, so a few percent of Monte-Carlo error; more in tests/bench/coverage.py."""
    random = np.random.default_rng(STATIONARY.index(kind))
    outcomes = [outcome for _ in range(12) for outcome in replicate(kind, 3, 300, random)]
    held = pd.DataFrame(outcomes).groupby("quantity")["happened"].mean()
    wrong = held[held.index.str.startswith("wrongly")]
    assert held.drop(wrong.index).mean() > 0.91
    assert (held.drop(wrong.index) > 0.75).all(), held
    assert (wrong < 0.2).all(), wrong  # 5 % of 48 cases, and three standard errors


def test_noise_makes_measured_risks_too_large_and_estimates_are_nearer() -> None:
    measured, estimated = [], []
    for seed in range(6):
        true, values = study(seed=seed)
        one = resampled_of(values, 300, np.random.default_rng(seed))
        for place in range(1, 5):
            exact = functionals.risks(one.cube.means[0], true[place], 0.5)["d_mean"]
            measured.append(functionals.risks(one.cube.means[0], one.cube.means[place], 0.5)["d_mean"] - exact)
            estimated.append(np.median(functionals.risks(one.cube.means[0], one.draws[place], 0.5)["d_mean"]) - exact)
    assert np.mean(measured) > 0.4
    assert np.abs(np.mean(estimated)) < 0.2


def test_a_handful_of_cells_is_no_obstacle() -> None:
    values = np.array([[[90.0, 80.0], [91.0, 82.0]], [[70.0, 75.0], [71.0, 74.0]]])
    drawn = landscapes(values, np.array([[0.0, 0.0], [0.0, 0.2]]), 1.0, 100, np.random.default_rng(0))
    assert np.isfinite(drawn).all()
    assert cube_of(values).seeds == 2
