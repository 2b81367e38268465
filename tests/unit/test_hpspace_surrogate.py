"""The surrogate against scikit-learn's Gaussian process, the joint normal distribution, and known landscapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from prunescape.hpspace import surrogate
from prunescape.hpspace.surface import matern, quadratic
from prunescape.hpspace.surrogate import Data, Surrogate, Trained, Values, compressed, fit

SIDE = 5
PLACES = 0.2 * np.stack(np.meshgrid(range(SIDE), range(SIDE), indexing="ij"), axis=-1).reshape(-1, 2)
VALUES = Values(0.45, 0.8, 0.4, 0.5, 0.6)


def trainings(networks: int, count: int, random: np.random.Generator) -> Trained:
    network = np.concatenate([np.arange(networks), random.integers(networks, size=count - networks)])
    return Trained(network, random.integers(len(PLACES), size=count), 90 + random.standard_normal(count))


def test_the_field_is_that_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogate, "TREND", 0.0)
    data = Data.of(trainings(3, 40, np.random.default_rng(0)), PLACES, 3)
    far, near = 1e9, 1e-3  # lengths over the networks' numbers: all alike, and none
    parts = [(VALUES.shared_field, far), (1 - VALUES.shared_field, near)]
    common, own = (
        ConstantKernel(VALUES.relief**2 * part, "fixed") * Matern([VALUES.length] * 2 + [over], "fixed", 2.5)
        for part, over in parts
    )
    kernel = common + own
    theirs = GaussianProcessRegressor(kernel, alpha=VALUES.noise**2 / data.count + surrogate.JITTER, optimizer=None)
    theirs.fit(np.column_stack([PLACES[data.cell], data.network]), data.mean)
    ours = data.surrogate(VALUES)
    for network in range(3):
        mean, covariance = theirs.predict(np.column_stack([PLACES, np.full(len(PLACES), network)]), return_cov=True)
        assert ours.mean[network] == pytest.approx(mean, abs=1e-8)
        assert ours.covariance[network] == pytest.approx(covariance, abs=1e-8)


def test_the_posterior_is_that_of_the_joint_normal_distribution() -> None:
    trained = trainings(2, 30, np.random.default_rng(1))
    ours = Data.of(trained, PLACES, 2).surrogate(VALUES)
    terms = quadratic(PLACES)
    field = VALUES.relief**2 * matern(squareform(pdist(PLACES)), VALUES.length)
    trend = surrogate.TREND * terms @ terms.T
    prior = np.kron([[1, 0.6], [0.6, 1]], field) + np.kron([[1, 0.5], [0.5, 1]], trend)
    at = trained.network * len(PLACES) + trained.cell
    points = np.empty(len(trained))
    for network in range(2):
        mine = trained.network == network
        points[mine] = compressed(trained.accuracy[mine])
    # Each training by itself, where ours takes the means of equal ones.
    inverse = np.linalg.inv(prior[np.ix_(at, at)] + VALUES.noise**2 * np.eye(len(at)))
    mean = prior[:, at] @ inverse @ points
    covariance = prior - prior[:, at] @ inverse @ prior[at]
    n = len(PLACES)
    assert ours.mean.ravel() == pytest.approx(mean, abs=1e-5)
    assert ours.covariance[1] == pytest.approx(covariance[n:, n:], abs=1e-5)


def test_the_density_of_values_is_that_of_all_trainings_one_by_one() -> None:
    trained = trainings(2, 30, np.random.default_rng(2))
    data = Data.of(trained, PLACES, 2)
    assert data.repeats > 2
    terms = quadratic(PLACES)
    points = np.empty(len(trained))
    for network in range(2):
        mine = trained.network == network
        points[mine] = compressed(trained.accuracy[mine])
    at = trained.network * len(PLACES) + trained.cell

    def density(values: Values) -> float:
        field = values.relief**2 * matern(squareform(pdist(PLACES)), values.length)
        prior = np.kron([[1, values.shared_field], [values.shared_field, 1]], field)
        prior += np.kron([[1, values.shared_trend], [values.shared_trend, 1]], surrogate.TREND * terms @ terms.T)
        covariance = prior[np.ix_(at, at)] + values.noise**2 * np.eye(len(at))
        usual = sum((np.log(getattr(values, name) / of) / 0.8) ** 2 for name, of in surrogate.USUAL.items())
        return multivariate_normal(cov=covariance).logpdf(points) - usual / 2

    others = [VALUES, VALUES._replace(noise=0.9), VALUES._replace(shared_field=0.0), Values(1.1, 1.6, 0.25, 0.9, 0.3)]
    known = [data.density(values) - density(values) for values in others]
    assert known == pytest.approx([known[0]] * len(known), abs=1e-4)  # but for a constant


@given(st.lists(st.floats(0, 100), min_size=4, max_size=30))
def test_compressing_keeps_the_order_and_the_top(values: list[float]) -> None:
    accuracies = np.array(values)
    points = compressed(accuracies)
    order = np.argsort(accuracies)
    assert (np.diff(points[order]) >= -1e-9).all()
    best = np.sort(accuracies)[-surrogate.BEST :].mean()
    top = accuracies > best - surrogate.KNEE
    assert points[top] == pytest.approx(accuracies[top] - best)


def landscape(centre: tuple[float, float]) -> np.ndarray:
    return 90 - 0.5 * ((PLACES - centre) ** 2).sum(axis=1) / 0.4**2


def error(of: Surrogate, network: int, truth: np.ndarray) -> float:
    difference = of.mean[network] - truth
    return float(difference.std())


def test_a_network_borrows_from_one_that_is_alike_and_little_from_one_that_is_not() -> None:
    random, alone, alike, unlike = np.random.default_rng(3), [], [], []
    for _ in range(10):
        truth = landscape((0.3, 0.5))
        few = random.choice(len(PLACES), 6, replace=False)
        own = Trained(np.zeros(6, dtype=int), few, truth[few] + 0.3 * random.standard_normal(6))
        cells = np.arange(len(PLACES))
        for other, into in ((truth, alike), (landscape((0.8, 0.0)), unlike)):
            noise = 0.3 * random.standard_normal(len(cells))
            networks = np.repeat([0, 1], [6, len(cells)])
            accuracies = np.concatenate([own.accuracy, other + noise])
            both = Trained(networks, np.concatenate([few, cells]), accuracies)
            into.append(error(fit(both, PLACES, 2), 0, truth))
        alone.append(error(fit(own, PLACES, 1), 0, truth))
    assert np.mean(alike) < 0.6 * np.mean(alone)
    assert np.mean(unlike) < 1.1 * np.mean(alone)


def test_what_it_says_of_the_top_holds_as_often_as_it_says() -> None:
    random, inside = np.random.default_rng(4), []
    for _ in range(60):
        truth = landscape(tuple(random.uniform(0.2, 0.6, 2)))
        cells = random.choice(len(PLACES), 15, replace=False)
        trained = Trained(np.zeros(15, dtype=int), cells, truth[cells] + 0.4 * random.standard_normal(15))
        of = fit(trained, PLACES, 1)
        first, second = np.argsort(-truth)[:2]
        spread, mean = of.covariance[0], of.mean[0]
        error = np.sqrt(spread[first, first] + spread[second, second] - 2 * spread[first, second])
        inside.append(abs(mean[first] - mean[second] - (truth[first] - truth[second])) < 2 * error)
    assert np.mean(inside) > 0.9
