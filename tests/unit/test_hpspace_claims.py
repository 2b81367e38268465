"""The verdict as claims: what its tests decide is what the claims say, of every network and metric."""

import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page_samples import sample_answer, sample_cells, sample_tables
from prunescape.claims.claim import Claim
from prunescape.claims.page import text_of
from prunescape.claims.study import StudyClaims
from prunescape.hpspace.claims import claims
from prunescape.hpspace.decision import EQUIVALENT, NEAR_CHANCE, ONE_SEED, UNDECIDED, WORSE, Losses, decide
from prunescape.hpspace.verdict import recommend

ABOUT = {"data": "digits", "seeds": [0, 1, 2]}
OUTCOMES = {EQUIVALENT: "holds", WORSE: "does not hold", UNDECIDED: "not decided", ONE_SEED: "not decided"}


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return sample_answer(sample_tables(sample_cells()))


def claim_of(answer: dict[str, Any], flat: bool = False, **changes: Any) -> Claim:
    """The claim on one variant whose decision is changed."""
    told = copy.deepcopy(answer)
    entry = told["models"]["small_resnet"]
    variant = entry["metrics"]["top1"]["variants"]["uniform-0.4"]
    variant |= {"grow_first": False, **changes}
    variant["recommendation"] = recommend(variant["decision"], flat)
    entry["metrics"] = {"top1": {**entry["metrics"]["top1"], "variants": {"uniform-0.4": variant}}}
    (claim,) = claims({"verdict": told | {"models": {"small_resnet": entry}}}, ABOUT).claims
    return claim


def test_there_is_a_claim_of_every_network_and_metric(answer) -> None:
    stated = claims({"verdict": answer}, ABOUT)
    assert isinstance(stated, StudyClaims)
    pruned = {"small_resnet": ["non_uniform-0.4", "uniform-0.4"], "resnet20": ["uniform-0.2"]}
    expected = [
        f"hpspace.keep.{name}.{metric}.{model}"
        for model, names in pruned.items()
        for metric in ("top1", "top5")
        for name in names
    ]
    assert [claim.id for claim in stated.claims] == expected
    assert {claim.level for claim in stated.claims} <= {0.9, None}
    assert "the grid ends too early" in stated.models["small_resnet"]


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(0, 2),
    spread=st.floats(0, 1),
    margin=st.floats(0, 1.5),
    seeds=st.integers(1, 5),
    number=st.integers(0, 1000),
)
def test_a_claim_says_what_the_test_decides(answer, mean, spread, margin, seeds, number) -> None:
    drawn = np.abs(np.random.default_rng(number).normal(mean, spread, 400))
    rules = {"level": 0.05, "margin": margin, "power": 0.8}
    found = decide(None if seeds == 1 else Losses(drawn, float(drawn.mean())), seeds, rules, degrees=6.0)
    told = copy.deepcopy(answer)
    told["settings"] |= {"margin": margin}
    claim = claim_of(told, **found)
    assert claim.outcome == OUTCOMES[found["decision"]]
    assert claim.tolerance == margin
    if seeds > 1:
        assert (claim.effect, claim.low, claim.high) == (found["loss"], found["loss_low"], found["loss_high"])
        assert (claim.high < margin) == (claim.outcome == "holds") or margin == 0
        assert (claim.low > margin) == (claim.outcome == "does not hold")


def test_what_would_decide_is_the_verdicts_advice(answer) -> None:
    open_ = {"decision": UNDECIDED, "loss": 0.6, "loss_low": 0.1, "loss_high": 1.4}
    assert claim_of(answer, **open_, more_seeds=7.0).would_decide.startswith("7 more seeds, with 80 % power")
    assert claim_of(answer, **open_, more_seeds=math.nan).would_decide.startswith("no number of seeds")
    grown = claim_of(answer, **open_, more_seeds=math.nan, grow_first=True)
    assert grown.would_decide == "a larger grid, before more seeds"
    alone = claim_of(answer, decision=ONE_SEED, loss=math.nan, loss_low=math.nan, loss_high=math.nan)
    assert alone.would_decide == "grow the grid, then add seeds"
    assert (alone.effect, alone.low) == (alone.numbers["loss_measured"], None)


def test_of_networks_that_have_not_learnt_or_are_flat_it_cannot_be_asked(answer) -> None:
    chance = {"chance": 10.0, "above_chance": 3.0, "above_chance_low": 1.0}
    hardly = claim_of(answer, decision=NEAR_CHANCE, **chance)
    assert (hardly.outcome, hardly.effect) == ("cannot be asked here", None)
    assert hardly.answer.startswith("Train longer: its best is 3.0 points above chance")
    flat = claim_of(answer, flat=True, decision=EQUIVALENT)
    assert flat.outcome == "cannot be asked here"
    assert "nothing to compare" in flat.answer


def test_yes_means_that_it_can_be_kept(answer) -> None:
    told = copy.deepcopy(answer)
    for entry in told["models"].values():
        for of in entry["metrics"].values():
            for variant in of["variants"].values():
                kept = {"loss": 0.1, "loss_low": 0.0, "loss_high": 0.2, "decision": EQUIVALENT}
                variant |= {**kept, "recommendation": "keep"}
    short = text_of(claims({"verdict": told}, ABOUT)).partition("\n\n")[0]
    assert "- Can the dense network's learning rate and weight decay be kept after pruning? Yes in 6 of 6" in short


def test_no_published_risk_stands_beside_an_estimate_without_noise(answer) -> None:
    stated = claims({"verdict": answer}, ABOUT).claims
    assert all("without the noise of training" in claim.quantity for claim in stated)
    assert all(claim.published is None for claim in stated)
