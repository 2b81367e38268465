"""Looks, intervals and answers against scipy's own test, closed forms and simulation at the boundary of the null."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, ttest_1samp

from procedure import KINDS, LEVEL, MARGIN, Case, too_often, verdict
from prunescape.statistics.looks import KEEP, MOST_SEEDS, OPEN, SPENT, TUNE, level_of, looks, part
from prunescape.statistics.sequential import (
    collapsed,
    decide,
    error_of_images,
    interval,
    largest_deviation,
    look,
    seeds_needed,
)


def test_looks_are_those_of_the_design_and_spend_the_whole_level_at_most() -> None:
    assert looks(80) == [5, 10, 20, 40, 80]
    assert looks(79) == [5, 10, 20, 40]
    assert looks(4) == []
    assert [part(SPENT, number) for number in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.1, 0.05])
    assert sum(part(SPENT, number) for number in range(60)) == pytest.approx(1)
    generations = [level_of(0.05, 8, number) for number in range(1, 40)]
    assert generations[:3] == pytest.approx([0.8 * 0.05 / 8, 0.1 * 0.05 / 8, 0.05 * 0.05 / 8])
    assert sum(generations) == pytest.approx(0.05 / 8)


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=5, unique=True))
def test_an_interval_is_scipys(values: list[float]) -> None:
    differences = np.array(values)
    shown = look(differences, 0.05)
    theirs = ttest_1samp(differences, 0).confidence_interval(1 - 2 * 0.05 * 0.1)
    assert (shown.low, shown.high) == pytest.approx((theirs.low, theirs.high))
    assert shown.level == pytest.approx(0.005)


def test_there_is_no_interval_of_two() -> None:
    with pytest.raises(ValueError, match="2 values"):
        interval(np.array([1.0, 2.0]), 0.05)


def test_an_answer_is_read_from_the_interval() -> None:
    assert decide((0.51, 2.0), 0.5) == TUNE
    assert decide((-1.0, 0.49), 0.5) == KEEP
    assert decide((0.5, 2.0), 0.5) == decide((-1.0, 0.5), 0.5) == OPEN


@pytest.mark.parametrize("deviation", [0.6, 1.3])
def test_as_many_seeds_as_are_asked_for_decide_with_the_power(deviation: float) -> None:
    level, random = 0.0125, np.random.default_rng(1)
    n = seeds_needed(deviation, MARGIN, level, 0.8)
    assert n in looks(MOST_SEEDS)
    for seeds, least, most in ((n, 0.8, 1.0), (n // 2, 0.0, 0.8)):
        found = [decide(_ends(deviation * random.standard_normal(seeds), level), MARGIN) for _ in range(1000)]
        assert least - 0.04 < found.count(KEEP) / 1000 < most + 0.04


def _ends(differences: np.ndarray, level: float) -> tuple[float, float]:
    shown = look(differences, level)
    return shown.low, shown.high


def test_no_number_of_seeds_decides_what_varies_too_much() -> None:
    assert seeds_needed(100.0, MARGIN, 0.005, 0.8) is None
    assert seeds_needed(0.0, MARGIN, 0.005, 0.8) == 5


def test_the_bound_of_a_deviation_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    bounds = [largest_deviation(float(random.standard_normal(8).std(ddof=1)), 8, 0.8) for _ in range(4000)]
    assert abs(np.mean(np.array(bounds) >= 1) - 0.8) < 3.5 * math.sqrt(0.16 / 4000)
    assert largest_deviation(2.0, 8, 0.8) == pytest.approx(2 * math.sqrt(7 / chi2.ppf(0.2, 7)))


def test_a_training_that_fell_far_below_its_like_has_collapsed() -> None:
    usual = 94 + np.random.default_rng(0).normal(0, 0.8, 20)
    none = np.zeros(20, dtype=bool)
    assert not collapsed(usual, none, 10.0).any()
    fallen, diverged = usual.copy(), none.copy()
    fallen[3], diverged[7] = 74.0, True
    assert list(np.flatnonzero(collapsed(fallen, diverged, 10.0))) == [3, 7]
    wide = 60 + np.random.default_rng(0).normal(0, 8, 20)  # what varies by so much has not collapsed
    assert not collapsed(wide, none, 10.0).any()


def test_the_error_over_images_is_that_of_drawing_images_anew() -> None:
    random, seeds, images = np.random.default_rng(0), 10, 400
    chances = random.uniform(0.2, 1.0, (2, 20_000))  # of right answers, a population of images
    squares, means = [], []
    for _ in range(800):
        of = random.integers(0, 20_000, images)
        right = random.binomial(seeds, chances[:, of])
        squares.append(error_of_images(right[0], right[1], seeds) ** 2)
        means.append(100 * (chances[0, of] - chances[1, of]).mean())
    assert math.sqrt(np.mean(squares)) == pytest.approx(np.std(means), rel=0.08)
    alike = random.binomial(seeds, np.full((2, 2000), 0.9))  # no image is harder for one than for the other
    assert error_of_images(*alike, seeds) < 0.15


RUNS = 150


@pytest.mark.parametrize("kind", ["flatter", "cliff"])
def test_answers_at_the_margin_are_seldom_wrong(kind: str) -> None:
    found = _runs(Case(kind, noise=0.9, seeds=1), RUNS)
    assert not too_often(np.mean([one.keep for one in found]), LEVEL, RUNS)
    assert not too_often(np.mean([one.tune for one in found]), LEVEL, RUNS)
    assert not too_often(1 - np.mean([one.hold for one in found]), 2 * LEVEL, RUNS)


def test_answers_by_the_seeds_that_chose_are_often_wrong() -> None:
    found = _runs(Case("flatter", seeds=5, reused=True), RUNS)
    assert too_often(np.mean([one.tune for one in found]), LEVEL, RUNS)


def test_gains_that_are_far_from_the_margin_are_decided() -> None:
    for gain, name in ((0.0, "keeps"), (2.0, "tunes")):
        found = _runs(Case("cliff", noise=0.4, gain=gain), 20)
        assert np.mean([getattr(one, name) for one in found]) > 0.8
        assert not any(one.tune if name == "keeps" else one.keep for one in found)


def test_what_collapsed_decides_nothing() -> None:
    found = _runs(Case("cliff", noise=0.4, gain=0.0, collapse=0.05), 40)
    assert not any(one.tune for one in found)


def _runs(case: Case, runs: int) -> list:
    assert case.kind in KINDS
    random = np.random.default_rng([KINDS.index(case.kind), case.seeds])
    return [verdict(case, random) for _ in range(runs)]
