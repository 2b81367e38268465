"""Batches and what they gain against closed forms and simulation, and the search on known landscapes."""

import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import norm

from prunescape.hpspace.choice import WIDTH
from prunescape.hpspace.exploration import best_cells, gain, next_batch
from prunescape.hpspace.lattice import fill_space
from prunescape.hpspace.surface import matern
from prunescape.hpspace.surrogate import Surrogate, Values, compressed, expanded

BENCH = Path(__file__).parents[1] / "bench"
SIDE = 5
LATTICE = np.stack(np.meshgrid(range(SIDE), range(SIDE), indexing="ij"), axis=-1).reshape(-1, 2)


def known(random: np.random.Generator, noise: float = 0.5) -> Surrogate:
    """Some mean and a covariance that differs from cell to cell."""
    mean = -np.abs(random.standard_normal((1, len(LATTICE))))
    scale = random.uniform(0.1, 1.0, len(LATTICE))
    spread = matern(squareform(pdist(LATTICE)), 2.0) * np.outer(scale, scale)
    return Surrogate(mean, spread[None], Values(0.5, 0.5, noise, 0.0, 0.0))


def test_cells_are_drawn_as_often_as_they_are_the_best() -> None:
    random = np.random.default_rng(0)
    of = known(random)
    theirs = random.multivariate_normal(of.mean[0], of.covariance[0], size=4000).argmax(axis=1)
    wanted = np.bincount(theirs, minlength=len(LATTICE)) / 4000
    found = np.bincount([next_batch(of, 0, 1, seed).cells[0] for seed in range(300)], minlength=len(LATTICE)) / 300
    assert (np.abs(found - wanted) < 4 * np.sqrt(wanted * (1 - wanted) * (1 / 300 + 1 / 4000)) + 0.002).all()
    assert next_batch(of, 0, 5, 3) == next_batch(of, 0, 5, 3)


@pytest.mark.parametrize("cell", [3, 12, 20])
def test_what_one_training_gains_is_an_integral(cell: int) -> None:
    of = known(np.random.default_rng(1))
    spread = of.covariance[0]
    way = spread[:, cell] / np.sqrt(spread[cell, cell] + of.values.noise**2)
    z = np.linspace(-8, 8, 4001)
    best = (of.mean[0][:, None] + way[:, None] * z).max(axis=0)
    theirs = float(np.trapezoid(best * norm.pdf(z), z) - of.mean[0].max())
    assert gain(of, 0, [cell]) == pytest.approx(theirs, rel=0.05, abs=1e-3)


def test_a_batch_gains_what_trainings_of_it_give() -> None:
    random = np.random.default_rng(0)
    of = known(random)
    cells = [3, 12, 12, 20]
    mean, spread = of.mean[0], of.covariance[0]
    shift = spread[:, cells] @ np.linalg.inv(spread[np.ix_(cells, cells)] + of.values.noise**2 * np.eye(4))
    true = random.multivariate_normal(mean, spread, size=20_000)
    shown = true[:, cells] + of.values.noise * random.standard_normal((20_000, 4))
    after = (mean + (shown - mean[cells]) @ shift.T).max(axis=1)
    assert gain(of, 0, cells) == pytest.approx(after.mean() - mean.max(), rel=0.05)
    assert gain(of, 0, cells) > gain(of, 0, cells[:1])


def test_nothing_is_gained_where_all_is_known() -> None:
    of = known(np.random.default_rng(0))
    batch = next_batch(Surrogate(of.mean, 1e-12 * of.covariance, of.values), 0, 3, 0)
    assert batch.gain == pytest.approx(0, abs=1e-5)
    assert set(batch.cells) == {int(of.mean[0].argmax())}


def test_cells_that_had_all_their_seeds_are_left_out_of_batches() -> None:
    of = known(np.random.default_rng(0))
    free = next_batch(of, 0, 12, 3)
    counts = np.bincount(free.cells, minlength=len(LATTICE))
    assert counts.max() > 1, "no cell is drawn twice: choose another seed"
    assert next_batch(of, 0, 12, 3, counts) == free
    once = next_batch(of, 0, 12, 3, np.ones(len(LATTICE), dtype=int))
    assert len(set(once.cells)) == 12
    left = np.zeros(len(LATTICE), dtype=int)
    assert next_batch(of, 0, 12, 3, left) == ([], 0.0)
    left[[7, 9]] = 1, 2
    assert sorted(next_batch(of, 0, 12, 3, left).cells) == [7, 9, 9]
    assert left[[7, 9]].tolist() == [1, 2]


def test_finalists_may_be_few() -> None:
    of = known(np.random.default_rng(1))
    assert set(best_cells(of, 0, LATTICE, [3, 8, 20])) == {3, 8, 20}
    assert best_cells(of, 0, LATTICE, [3, 8, 20])[0] == max((3, 8, 20), key=lambda cell: smooth(of.mean[0])[cell])
    assert best_cells(of, 0, LATTICE, range(len(LATTICE))) == best_cells(of, 0, LATTICE)


@settings(max_examples=20)
@given(st.integers(1, 25), st.integers(0, 24))
def test_the_first_batch_has_the_prior_and_distinct_cells(count: int, prior: int) -> None:
    chosen = fill_space(LATTICE.tolist(), count, [prior])
    assert chosen[0] == prior
    assert len(set(chosen)) == count


def test_the_first_batch_fills_the_space_better_than_chance() -> None:
    random = np.random.default_rng(0)

    def emptiness(cells: np.ndarray) -> float:
        return float(cdist(LATTICE, LATTICE[cells]).min(axis=1).max())

    by_chance = [emptiness(random.choice(25, 8, replace=False)) for _ in range(200)]
    assert emptiness(np.array(fill_space(LATTICE.tolist(), 8, [12]))) <= np.quantile(by_chance, 0.05)


def smooth(values: np.ndarray) -> np.ndarray:
    """Means of neighbours by a Gaussian weight, as the choice from a grid has them; (..., N)."""
    steps = np.abs(LATTICE[:, None] - LATTICE)
    weight = np.where(steps.max(axis=2) <= 3, np.exp(-(steps**2).sum(axis=2) / (2 * WIDTH**2)), 0.0)
    return np.asarray(values @ (weight / weight.sum(axis=1, keepdims=True)).T)


def test_finalists_are_those_whose_best_is_expected_to_be_best() -> None:
    random = np.random.default_rng(1)
    of = known(random)
    true = smooth(expanded(random.multivariate_normal(of.mean[0], of.covariance[0], size=4000)))

    def worth(cells: list[int]) -> float:
        return float(true[:, cells].max(axis=1).mean())

    chosen = best_cells(of, 0, LATTICE)
    means = true.mean(axis=0)
    best = int(means.argmax())
    assert chosen[0] == best
    assert len(set(chosen)) == 4
    others = [worth([best, *of_three]) for of_three in itertools.combinations(set(range(25)) - {best}, 3)]
    assert worth(chosen) > max(others) - 0.03
    assert worth(chosen) > worth(list(np.argsort(-means)[:4]))


def test_finalists_are_the_best_smoothed_means_where_all_is_known() -> None:
    of = known(np.random.default_rng(0))
    sure = Surrogate(of.mean, 1e-14 * of.covariance, of.values)
    assert best_cells(sure, 0, LATTICE) == list(np.argsort(-smooth(of.mean[0]))[:4])


def test_the_best_cell_beside_a_cliff_is_no_finalist() -> None:
    """One step further trainings fail, and so some do there: a plateau a little lower is the safer choice."""
    high = np.where(LATTICE[:, 0] == 4, 60.0, np.where(LATTICE[:, 0] == 3, 90.3, 90.0))
    cliff = Surrogate(
        compressed(high)[None], 1e-14 * np.eye(len(LATTICE))[None], known(np.random.default_rng(0)).values
    )
    assert cliff.mean[0].argmax() // SIDE == 3
    assert all(LATTICE[cell, 0] < 3 for cell in best_cells(cliff, 0, LATTICE))


@pytest.mark.parametrize("kind", ["flat", pytest.param("cliff", marks=pytest.mark.full)])
def test_a_fifth_of_the_trainings_finds_as_good_a_setting(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    exploration = importlib.import_module("exploration")
    setup = exploration.SETUPS[0]
    found = {
        way: [exploration.outcome(exploration.WAYS[way], world) for world in exploration.worlds(kind, setup, 1, 0.9)]
        for way in ("full grid", "adaptive")
    }
    regret, flops = (
        {way: np.mean([getattr(of, name) for of in one]) for way, one in found.items()} for name in ("regret", "flops")
    )
    assert regret["adaptive"] < regret["full grid"] + 0.4
    assert flops["adaptive"] <= 0.2 * flops["full grid"]
