"""The level of the study: how it is split, and how often answers are wrong where their null hypotheses just hold."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, ttest_1samp

from mechanism_results import DATA, barriers, tables
from prunescape.claims import asking as module
from prunescape.claims.asking import Asking, Levels, power_of, seeds_needed
from prunescape.claims.claim import About, Claim
from prunescape.claims.judgement import ABOVE, BELOW, CANNOT, EQUAL, OPEN, decided
from prunescape.mechanism.basin_claims import _of_statistics, basins
from prunescape.mechanism.claims import PREDICTS, claims
from prunescape.mechanism.minimum_claims import AS_FLAT, flat
from prunescape.mechanism.utility_claims import GROWS, LARGE_ALONE, STEADY, _keeps_up, within

ABOUT = About("mechanism", "m", "digits")
RUNS, LEVEL, SEEDS = 2000, 0.05, 5
SETTINGS = {"question": "", "models": ["resnet20"], "tolerance": 2.0, "level": LEVEL, "data": "x", "seeds": [0, 1, 2]}


def asked(given: dict, settings: dict) -> list[Claim]:
    """The claims that a rule decides, or might."""
    return [claim for claim in claims({**given, "data": DATA}, **settings).claims if claim.is_tested]


def test_the_level_is_split_over_all_answers_by_their_kind() -> None:
    stated = asked(tables(), SETTINGS)
    levels = [(1 - claim.level) / 2 for claim in stated]
    core = [level for level, claim in zip(levels, stated, strict=True) if claim.numbers["core"]]
    parts = {".same_basin.": len(tables()["barriers"]["recomputed"].unique())}
    assert len(core) == 3 + parts[".same_basin."]
    whole = [level * (2 if ".same_basin." in claim.id else 1) for level, claim in zip(levels, stated, strict=True)]
    assert sum(whole) == pytest.approx(LEVEL)
    assert sum(level for level, claim in zip(whole, stated, strict=True) if claim.numbers["core"]) == pytest.approx(
        0.8 * LEVEL
    )
    doubled = {name: pd.concat([table, table.assign(model="other")]) for name, table in tables().items()}
    two = asked(doubled, {**SETTINGS, "models": ["resnet20", "other"]})
    assert [(1 - claim.level) / 2 for claim in two] == pytest.approx([level / 2 for level in levels + levels])
    only = asked({"barriers": barriers(1.0)}, SETTINGS)
    # Barrier and error share the core's, the two ways to match channels the others'.
    shares = [0.8 / 2, 0.2 / 2, 0.2 / 2]
    assert [(1 - claim.level) / 2 for claim in only] == pytest.approx([LEVEL * share for share in shares])


@pytest.mark.parametrize("core", [True, False])
def test_bounds_are_those_of_a_t_test_at_the_level(core: bool) -> None:
    values = pd.Series(np.random.default_rng(0).normal(1, 1, SEEDS))
    row = Asking(ABOUT, 0.01, 0.0001).row(GROWS, "x", values, core=core)
    level = 0.01 if core else 0.0001
    assert ttest_1samp(values, row["x_low"], alternative="greater").pvalue == pytest.approx(level)
    assert ttest_1samp(values, row["x_high"], alternative="less").pvalue == pytest.approx(level)
    assert row["confidence"] == pytest.approx(1 - 2 * level)


@pytest.fixture
def without_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power takes longer than all else."""
    monkeypatch.setattr(module, "power_of", lambda *given: 1.0)
    monkeypatch.setattr(module, "seeds_needed", lambda *given: 1)


def wrong(drawn: np.ndarray, asked, said, *answers: str) -> float:
    """How often an answer is one of these."""
    asking = Asking(ABOUT, 0.05, 0.05)
    rows = [asking.row(asked, "x", pd.Series(values)) for values in drawn]
    return float(np.mean([said(row) in answers for row in rows]))


@pytest.mark.usefixtures("without_power")
@pytest.mark.parametrize(
    "null", ["no growth", "harm as the margin", "harm as the margin, from above", "no correlation"]
)
def test_answers_are_wrong_as_often_as_the_level_says_where_the_null_just_holds(null: str) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (RUNS, SEEDS))
    found = {
        "no growth": lambda: wrong(noise, GROWS, lambda row: decided("x", row), ABOVE),
        "harm as the margin": lambda: wrong(noise + 5, LARGE_ALONE, lambda row: within("x", row, 5.0), EQUAL),
        "harm as the margin, from above": lambda: wrong(
            noise + 5, LARGE_ALONE, lambda row: within("x", row, 5.0), ABOVE
        ),
        "no correlation": lambda: wrong(np.tanh(0.3 * noise), PREDICTS, lambda row: decided("x", row), BELOW),
    }[null]()
    assert found == pytest.approx(0.05, abs=3.5 * np.sqrt(0.05 * 0.95 / RUNS))


TOLERANCE, TIMES = 2.0, 1000
FAR_INSIDE = -3.0  # standard deviations are 1
INSIDE, EVERYWHERE = (TOLERANCE, FAR_INSIDE, FAR_INSIDE), (TOLERANCE, TOLERANCE, TOLERANCE)  # of three numbers
HOLDS, FAILS = "holds", "does not hold"


def lines(values: np.ndarray, pruning: str = "weights", retraining: str = "rewinding", **more: object) -> pd.DataFrame:
    """Lines to retrained networks of a seed each: barrier, error above the pretrained one's, above a small one's."""
    barrier, excess, above_small = values.T
    table = pd.DataFrame({"seed": range(len(values)), "barrier": barrier, "start": 1.0, "end": 1.0 + excess})
    labels = {"what": "pruned_retrained", "pruning": pruning, "retraining": retraining, "cycle": 2, "measure": "error"}
    return table.assign(small=table["end"] - above_small, **{"recomputed": True, **labels, **more})


def outcomes(of_run, key: str) -> dict[str, float]:
    """How often each outcome is said of a question in as many runs."""
    rng, asking, found = np.random.default_rng(5), Asking(ABOUT, LEVEL, LEVEL), []
    for _ in range(TIMES):
        (claim,) = [claim for claim in of_run(rng, asking) if claim.id.split(".")[1] == key]
        found.append(claim.outcome)
    return {outcome: found.count(outcome) / TIMES for outcome in (HOLDS, FAILS)}


@pytest.mark.usefixtures("without_power")
@pytest.mark.parametrize(
    ("pruning", "at", "wrong"),
    [  # where the barrier, the error above the pretrained network's and that above a small one's are, and what is wrong
        ("weights", INSIDE, "same"),
        ("weights", EVERYWHERE, "another"),
        *(
            pytest.param(*given, marks=pytest.mark.full)
            for given in (
                ("weights", (0.0, TOLERANCE, FAR_INSIDE), "same"),
                ("weights", (0.0, FAR_INSIDE, TOLERANCE), "same"),
                ("weights", EVERYWHERE, "same"),
                ("weights", INSIDE, "another"),
                ("channels", INSIDE, "same"),
                ("channels", EVERYWHERE, "another"),
            )
        ),
    ],
)
def test_the_three_numbers_of_a_basin_are_wrong_no_more_often_than_the_level_says(
    pruning: str, at: tuple[float, float, float], wrong: str
) -> None:
    """One number too far makes another basin; none may be where the networks are in one."""
    key = "same_basin" if pruning == "weights" else "another_basin_after_channels"
    found = outcomes(
        lambda rng, asking: basins(lines(rng.normal(at, 1, (SEEDS, 3)), pruning), asking, TOLERANCE, 10.0), key
    )
    outcome = HOLDS if (wrong == "same") == (pruning == "weights") else FAILS
    assert found[outcome] <= LEVEL + 3.5 * np.sqrt(LEVEL * (1 - LEVEL) / TIMES)
    if at != EVERYWHERE:  # one number alone decides, at its third of the level
        third = LEVEL / 3
        assert found[outcome] == pytest.approx(third, abs=3.5 * np.sqrt(third * (1 - third) / TIMES))


def _recovery(rng, asking):
    return basins(lines(rng.normal(TOLERANCE, 1, (SEEDS, 3)), "channels", "fine_tuning"), asking, TOLERANCE, 10.0)


def _batch_norm(rng, asking):
    values = rng.normal(0, 1, (SEEDS, 3))
    combined = values + [TOLERANCE, 0, 0] + rng.normal(0, 1, (SEEDS, 1)) * [1, 0, 0]
    return _of_statistics(pd.concat([lines(values), lines(combined, recomputed=False)]), asking, TOLERANCE)


def _steady(rng, asking):
    grown = STEADY + rng.normal(0, 0.1, SEEDS)  # of the imbalance, in parts of the mean
    rows = [
        {"seed": seed, "epoch": epoch, "mean": 1.0, "imbalance": imbalance}
        for seed in range(SEEDS)
        for epoch, imbalance in ((0, 1.0), (10, 1.0 + grown[seed]))
    ]
    return [_keeps_up(pd.DataFrame(rows), asking, 0, 10)]


def _flat(rng, asking):
    rows = [
        {"seed": seed, "pruning": "weights", "retraining": "rewinding", "network": network, "top_eigenvalue": 10**power}
        for seed in range(SEEDS)
        for network, power in (
            ("pretrained", 1.0),
            ("pruned_retrained", 1 + AS_FLAT + rng.normal(0, 0.1)),
            ("small", 2),
        )
    ]
    return flat(pd.DataFrame(rows), asking)


@pytest.mark.usefixtures("without_power")
@pytest.mark.parametrize(
    ("of_run", "key"),
    [
        pytest.param(_recovery, "no_recovery_from_channels", marks=pytest.mark.full),
        pytest.param(_batch_norm, "barrier_of_batch_norm", marks=pytest.mark.full),
        pytest.param(_steady, "imbalance_with_mean", marks=pytest.mark.full),
        (_flat, "minimum_stays_flat"),
    ],
)
def test_rules_with_a_margin_are_wrong_as_often_as_the_level_says_at_it_from_both_sides(of_run, key: str) -> None:
    for outcome, rate in outcomes(of_run, key).items():
        assert rate == pytest.approx(LEVEL, abs=3.5 * np.sqrt(LEVEL * (1 - LEVEL) / TIMES)), outcome


@pytest.mark.usefixtures("without_power")
def test_power_is_how_often_the_smallest_effect_is_decided() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(1.5, 1, (RUNS, SEEDS))
    found = 1 - wrong(drawn, GROWS, lambda row: decided("x", row), OPEN)
    assert found == pytest.approx(power_of(1.0, 1.5, SEEDS, 0.05), abs=3.5 * np.sqrt(0.25 / RUNS))


def test_the_seeds_that_are_needed_are_the_fewest_with_enough_power() -> None:
    needed = seeds_needed(1.0, 0.5, 0.05)
    assert power_of(1.0, 0.5, needed, 0.05) >= 0.8 > power_of(1.0, 0.5, needed - 1, 0.05)
    assert needed == pytest.approx(((norm.isf(0.05) + norm.isf(0.2)) / 0.5) ** 2, abs=3)
    assert seeds_needed(1.0, 1e-3, 0.05) is None
    assert power_of(0.0, 0.1, 3, 0.05) == 1


def test_intervals_stay_in_the_possible() -> None:
    asking = Asking(ABOUT, 0.01, 0.01)
    row = asking.row(PREDICTS, "x", pd.Series([0.7, 0.99, 1.0]))
    assert -1 < row["x_low"] < row["x"] < row["x_high"] <= 1
    assert asking.row(LARGE_ALONE, "x", pd.Series([0.0, 0.1, 3.0]))["x_low"] == 0
    alone = asking.row(PREDICTS, "x", pd.Series([0.7]))
    assert alone["x"] == pytest.approx(0.7)
    assert np.isnan(alone["x_low"])
    assert alone["power"] is None


def test_claims_tell_margin_smallest_effect_and_power() -> None:
    stated = claims({**tables(), "data": DATA}, **SETTINGS)
    for claim in stated.claims:
        if claim.outcome == CANNOT:
            continue
        assert "smallest effect of interest" in claim.quantity
        assert "Power for " in claim.answer
    (grows,) = [claim for claim in stated.claims if claim.id == "mechanism.utility_grows.imbalance.resnet20"]
    assert "margin 0, smallest effect of interest 0.05 nats" in grows.quantity
    assert stated.note.count("%") == 3
    assert Levels(0.05, 0, 4).asking(ABOUT).other == pytest.approx(0.0125)
