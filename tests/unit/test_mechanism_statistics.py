"""What sample sets say: standard errors against simulation, summaries by hand, rank correlations against scipy."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, t

from prunescape.mechanism.statistics import (
    deviation_error,
    histograms,
    largest,
    mean_error,
    pseudo_values,
    rank_correlations,
    summarise,
    utility_and_loss,
)


def table(count: int = 40) -> pd.DataFrame:
    """Two epochs of two levels."""
    rng = np.random.default_rng(0)
    rows = [
        (epoch, "ratio", level, 10, subset, rng.gamma(2, 1 + epoch) * level, 90 - rng.random() * level)
        for epoch in (0, 5)
        for level in (0.1, 0.25)
        for subset in range(count)
    ]
    return pd.DataFrame(rows, columns=["epoch", "ablation", "level", "ablated", "subset", "utility", "top1"])


@pytest.mark.parametrize("draw", [np.random.Generator.standard_normal, np.random.Generator.standard_exponential])
def test_standard_errors_are_the_spread_of_repeated_estimates(draw) -> None:
    rng = np.random.default_rng(1)
    samples = [draw(rng, 400) for _ in range(1500)]
    assert np.mean([mean_error(sample) for sample in samples]) == pytest.approx(
        np.std([sample.mean() for sample in samples]), rel=0.1
    )
    assert np.mean([deviation_error(sample) for sample in samples]) == pytest.approx(
        np.std([sample.std(ddof=1) for sample in samples]), rel=0.1
    )


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("own", [0.0, 1.0])  # what pairs that share a network have in common
def test_intervals_of_a_mean_over_pairs_of_seeds_are_wrong_no_more_often_than_their_level(
    own: float, seeds: int
) -> None:
    """One-sided t intervals of the pseudo-values, whose mean is that of the pairs."""
    rng, level, runs = np.random.default_rng(3), 0.05, 4000
    one, other = np.array(list(combinations(range(seeds), 2))).T
    of_seeds = own * rng.normal(size=(seeds, runs))
    pairs = of_seeds[one] + of_seeds[other] + rng.normal(size=(len(one), runs))
    values = pseudo_values(pairs, one, other)
    np.testing.assert_allclose(values.mean(0), pairs.mean(0), atol=1e-12)
    half = t.isf(level, seeds - 1) * values.std(0, ddof=1) / np.sqrt(seeds)
    assert np.mean(values.mean(0) - half > 0) < level + 3.5 * np.sqrt(level * (1 - level) / runs)


def test_too_few_values_have_no_error() -> None:
    assert mean_error(np.array([1.0])) == np.inf
    assert np.isnan(deviation_error(np.ones(9)))
    assert np.isnan(deviation_error(np.arange(3.0)))


def test_the_summary_of_a_sample_set() -> None:
    whole = table()
    found = summarise(whole, ["epoch", "ablation", "level"])
    assert len(found) == 4
    part = whole[(whole["epoch"] == 5) & (whole["level"] == 0.25)]
    row = found[(found["epoch"] == 5) & (found["level"] == 0.25)].iloc[0]
    expected = {
        "ablated": 10,
        "subsets": 40,
        "imbalance": np.sqrt(((part["utility"] - part["utility"].mean()) ** 2).sum() / 39),
        "imbalance_error": deviation_error(part["utility"].to_numpy()),
        "relative": part["utility"].std() / part["utility"].mean(),
        "mean": part["utility"].sum() / 40,
        "mean_error": part["utility"].sem(),
        "minimum": min(part["utility"]),
        "maximum": max(part["utility"]),
        "extremes_of": 40,
        "top1": part["top1"].sum() / 40,
        "top1_minimum": min(part["top1"]),
        "top1_maximum": max(part["top1"]),
    }
    assert row.drop(["epoch", "ablation", "level"]).to_dict() == pytest.approx(expected)
    assert list(found.columns) == ["epoch", "ablation", "level", *expected]


def test_extremes_of_sets_of_unlike_size_are_of_equally_many() -> None:
    whole = table()
    few = whole[(whole["epoch"] == 5) | (whole["subset"] < 3)]
    found = summarise(few, ["epoch", "ablation", "level"]).set_index(["epoch", "level"])
    assert set(found["extremes_of"]) == {3}
    values = few[(few["epoch"] == 5) & (few["level"] == 0.25)]["utility"].to_numpy()[:8]
    triples = [(min(three), max(three)) for three in combinations(values, 3)]
    least, most = np.mean(triples, axis=0)
    assert (-largest(-values, 3), largest(values, 3)) == pytest.approx((least, most))
    first = few[(few["epoch"] == 0) & (few["level"] == 0.1)]["utility"]
    assert (found.loc[(0, 0.1), "minimum"], found.loc[(0, 0.1), "maximum"]) == (first.min(), first.max())


def test_histograms_share_their_bins_and_count_everything() -> None:
    whole = table()
    found = histograms(whole, ["epoch", "level"], ["level"], bins=7)
    assert len(found) == 4 * 7
    for (epoch, level), part in found.groupby(["epoch", "level"]):
        values = whole[(whole["epoch"] == epoch) & (whole["level"] == level)]["utility"]
        assert part["subsets"].sum() == 40
        for row in part.iloc[:-1].itertuples():
            assert row.subsets == ((values >= row.low) & (values < row.high)).sum()
        other = found[(found["epoch"] != epoch) & (found["level"] == level)]
        np.testing.assert_array_equal(part[["low", "high"]], other[["low", "high"]])


def test_accuracy_lost_stands_beside_utility() -> None:
    utilities = table()[lambda t: t["epoch"] == 0]
    validation = utilities.sample(frac=1, random_state=0).assign(top1=lambda t: 80.0 - t["utility"])
    found = utility_and_loss(utilities, validation, 80.0, ["level", "subset"])
    assert list(found.columns) == ["level", "subset", "utility", "top1_lost"]
    np.testing.assert_allclose(found["top1_lost"], found["utility"])


def test_rank_correlations_are_pearsons_of_ranks() -> None:
    rng = np.random.default_rng(3)
    utility = rng.gamma(2, 1, 60)
    rows = pd.DataFrame({"level": 0.1, "utility": utility, "top1_lost": np.round(utility + rng.normal(size=60), 1)})
    flat = rows.assign(level=0.2, top1_lost=1.0)
    found = rank_correlations(pd.concat([rows, flat]), ["level"]).set_index("level")
    expected = np.corrcoef(rankdata(rows["utility"]), rankdata(rows["top1_lost"]))[0, 1]
    row = found.loc[0.1]
    assert row["correlation"] == pytest.approx(expected)
    assert row["low"] < expected < row["high"] < 1
    assert row["p"] < 0.01
    assert row["subsets"] == 60
    assert found.loc[0.2].drop("subsets").isna().all()
    (together,) = rank_correlations(rows, []).to_dict("records")
    assert together["correlation"] == pytest.approx(expected)
    assert rank_correlations(rows, []).equals(rank_correlations(rows, []))
