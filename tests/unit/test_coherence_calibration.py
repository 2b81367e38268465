"""How often the decision rules of `coherence` are wrong where their null hypotheses just hold, or just fail."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from coherence_table_samples import ABOUT
from prunescape.claims import asking as module
from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.judgement import ABOVE, BELOW, BEYOND, EQUAL, NOT_ABOVE, NOT_BELOW, OPEN, beyond, decided
from prunescape.coherence.claims import NEAR, ON_NOISE, PEAK, as_large
from prunescape.coherence.mask_claims import MATCHED
from prunescape.coherence.noise_claims import BY_CLASSES
from prunescape.coherence.noise_claims import NEAR as NEAR_CLASSES
from prunescape.coherence.score_claims import ALIKE, HALF
from prunescape.coherence.timing_claims import EARLY, good_enough
from prunescape.coherence.weight_claims import ALIKE as MAGNITUDES
from prunescape.coherence.weight_claims import FAR

RUNS, SEEDS, LEVEL, TOLERANCE = 2000, 7, 0.05, 0.5
ERROR = 3.5 * np.sqrt(LEVEL * (1 - LEVEL) / RUNS)
GOOD = (EQUAL, ABOVE, NOT_BELOW)
Row = Mapping[str, float]


@pytest.fixture(autouse=True)
def without_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power takes longer than all else."""
    monkeypatch.setattr(module, "power_of", lambda *given: 1.0)
    monkeypatch.setattr(module, "seeds_needed", lambda *given: 1)


def rows(drawn: np.ndarray, asked: Estimand, parts: int = 1) -> list[Row]:
    """The numbers with intervals of runs with so many seeds each."""
    asking = Asking(ABOUT, LEVEL, LEVEL)
    return [asking.row(asked, "more", pd.Series(values), parts=parts) for values in drawn]


def often(drawn: np.ndarray, asked: Estimand, says: Callable[[Row], str], *answers: str) -> float:
    """How often an answer is one of these."""
    return float(np.mean([says(row) in answers for row in rows(drawn, asked)]))


def noise(scale: float = 1.0, seeds: int = SEEDS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, (RUNS, seeds))


def of_half(row: Row) -> str:
    return beyond("more", row, HALF)


RULES = {
    # Where the true number is zero, either answer is wrong.
    "zero, above": (PEAK, 0.0, 1.0, lambda row: decided("more", row), ABOVE),
    "zero, below": (PEAK, 0.0, 1.0, lambda row: decided("more", row), BELOW),
    # Equal, where the true number is the tolerance either way.
    "equal, from above": (MATCHED, TOLERANCE, 0.1, lambda row: decided("more", row, TOLERANCE), EQUAL),
    "equal, from below": (MATCHED, -TOLERANCE, 0.1, lambda row: decided("more", row, TOLERANCE), EQUAL),
    "equal diffs": (BY_CLASSES, NEAR_CLASSES, 0.002, lambda row: decided("more", row, NEAR_CLASSES), EQUAL),
    # Distances of distributions of magnitudes, at five points.
    "distance, beyond": (MAGNITUDES, FAR, 1.0, lambda row: beyond("more", row, FAR), BEYOND),
    "distance, not above": (MAGNITUDES, FAR, 1.0, lambda row: beyond("more", row, FAR), NOT_ABOVE),
    # Diffs on noise, which may be smaller by NEAR, and are smaller where the true number is below zero.
    "as large, at the margin": (ON_NOISE, -NEAR, 0.002, as_large, NOT_BELOW),
    "as large, at zero": (ON_NOISE, 0.0, 0.1, as_large, ABOVE),
    "smaller, at zero": (ON_NOISE, 0.0, 0.1, as_large, BELOW),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_wrong_as_often_as_their_level_says_where_the_null_just_holds(rule: str) -> None:
    asked, true, scale, says, answer = RULES[rule]
    assert often(true + noise(scale), asked, says, answer) == pytest.approx(LEVEL, abs=ERROR)


@pytest.mark.parametrize("answer", [BEYOND, NOT_ABOVE])
def test_correlations_are_told_from_a_half_by_fishers_z(answer: str) -> None:
    drawn = np.tanh(np.arctanh(HALF) + noise(0.2))
    assert often(drawn, ALIKE["coherence"], of_half, answer) == pytest.approx(LEVEL, abs=ERROR)


def early(true: Mapping[int, float], common: float, scale: float = 0.2) -> list[tuple[int, str]]:
    """What is said of masks of several epochs, by how much better they truly are than the one that is used.

    Args:
        true: by epoch.
        common: the part of the scatter that all epochs share, as they are compared with one mask.
        scale: of the scatter over seeds.
    """
    shared = noise(scale * common, seed=1)
    by_epoch = {}
    for epoch, mean in true.items():
        own = noise(scale * np.sqrt(1 - common**2), seed=10 + epoch)
        by_epoch[epoch] = rows(mean + shared + own, EARLY, parts=len(true))
    return [good_enough({epoch: of[run] for epoch, of in by_epoch.items()}, TOLERANCE) for run in range(RUNS)]


@pytest.mark.parametrize("common", [0.0, 0.9])
@pytest.mark.parametrize(
    "true",
    [
        dict.fromkeys((1, 3, 6, 15), -TOLERANCE),
        {1: -TOLERANCE, 3: -TOLERANCE, 6: -TOLERANCE, 15: 0.0},
        {1: 0.0, 3: -TOLERANCE, 6: 0.0, 15: 0.0},
    ],
    ids=["none", "all but the last", "one between"],
)
def test_no_early_mask_is_called_good_enough_more_often_than_the_level_where_it_just_is_not(
    true: dict[int, float], common: float
) -> None:
    """An epoch is called so wrongly if it, or one after it, is worse than the one that is used by the tolerance."""
    wrong = [
        sure in GOOD and any(mean <= -TOLERANCE for one, mean in true.items() if one >= epoch)
        for epoch, sure in early(true, common)
    ]
    assert np.mean(wrong) <= LEVEL + ERROR


@pytest.mark.parametrize("common", [0.0, 0.9])
def test_early_masks_are_not_all_called_worse_where_they_just_are_not(common: float) -> None:
    found = early(dict.fromkeys((1, 3, 6, 15), -TOLERANCE), common)
    assert np.mean([sure == BELOW for _, sure in found]) <= LEVEL + ERROR
    clear = early(dict.fromkeys((1, 3, 6, 15), -TOLERANCE - 1), common)
    assert np.mean([sure == BELOW for _, sure in clear]) > 0.9
    good = early(dict.fromkeys((1, 3, 6, 15), 0.2), common)
    assert np.mean([(epoch, sure in GOOD) == (1, True) for epoch, sure in good]) > 0.8


def test_the_level_is_missed_where_seeds_that_chose_decide_as_well() -> None:
    """Of masks that are all as good as the one they are held against, the best on these seeds seems better."""
    masks = np.stack([noise(1.0, seed=place) for place in range(6)])
    best = masks[masks.mean(axis=2).argmax(axis=0), np.arange(RUNS)]

    def says(row: Row) -> str:
        return decided("more", row)

    assert often(best, PEAK, says, ABOVE) > LEVEL + ERROR
    fresh = noise(1.0, seed=99)
    assert often(fresh, PEAK, says, ABOVE) == pytest.approx(LEVEL, abs=ERROR)


@pytest.mark.parametrize("name", ["two seeds", "seeds alike"])
def test_nothing_is_decided_without_scatter(name: str) -> None:
    drawn = 5 + noise(1.0, seeds=2) if name == "two seeds" else np.full((3, SEEDS), 5.0)
    assert often(drawn[:3], PEAK, lambda row: decided("more", row), OPEN) == 1
    assert often(drawn[:3], ON_NOISE, as_large, OPEN) == 1
