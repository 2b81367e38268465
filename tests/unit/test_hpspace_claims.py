"""The verdict as claims: what the confirmation decides is what the claims say, of every network and question."""

import copy
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page_samples import sample_answer, sample_cells, sample_tables
from prunescape.claims.judgement import CANNOT
from prunescape.claims.page import text_of
from prunescape.claims.study import StudyClaims
from prunescape.hpspace.claims import claims
from prunescape.statistics.sequential import decide

ABOUT = {"data": "digits", "seeds": [0]}
OUTCOMES = {"keep": "holds", "tune": "does not hold", "open": "not decided"}


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return sample_answer(sample_tables(sample_cells()))


def claim_of(verdict: dict[str, Any], **changes: Any):
    """The claim on one network's first question, whose answer is changed."""
    told = copy.deepcopy(verdict)
    entry = told["models"]["small_resnet"]
    of = entry["networks"]["uniform-0.4"]
    of["questions"] = {"prior": {**of["questions"]["prior"], "reason": "", **changes}}
    entry["networks"] = {"uniform-0.4": of}
    (claim,) = claims({"verdict": told | {"models": {"small_resnet": entry}}}, **ABOUT).claims
    return claim


def test_there_is_a_claim_of_every_network_and_question(answer) -> None:
    stated = claims({"verdict": answer}, **ABOUT)
    assert isinstance(stated, StudyClaims)
    pruned = {"small_resnet": ["non_uniform-0.4", "uniform-0.4"], "resnet20": ["uniform-0.2"]}
    expected = {
        f"hpspace.keep_{question}.{name}.{model}"
        for model, names in pruned.items()
        for question in ("prior", "dense")
        for name in names
    }
    assert {claim.id for claim in stated.claims} == expected
    assert all(claim.published is None for claim in stated.claims)


@settings(max_examples=60, deadline=None)
@given(mean=st.floats(-2, 2), half=st.floats(0.01, 2), margin=st.floats(0.05, 1.5))
def test_a_claim_says_what_the_interval_decides(answer, mean: float, half: float, margin: float) -> None:
    told = copy.deepcopy(answer)
    told["settings"] |= {"margin": margin}
    low, high = mean - half, mean + half
    said = decide((low, high), margin)
    shown = {"answer": said, "gain": mean, "low": low, "high": high, "level": 0.001, "seeds": 20}
    claim = claim_of(told, **shown, seeds_to_decide=40.0)
    assert claim.outcome == OUTCOMES[said]
    assert (claim.effect, claim.low, claim.high, claim.tolerance) == (-mean, -high, -low, margin)
    assert claim.level == pytest.approx(0.998)
    assert (claim.would_decide == "40 seeds, with 80 % power if the gain is 0 or twice the margin") == (said == "open")


def test_what_is_in_the_way_is_what_would_decide(answer) -> None:
    shown = {"answer": "open", "gain": 0.6, "low": 0.1, "high": 1.4, "level": 0.001, "seeds": 20}
    assert claim_of(answer, **shown, seeds_to_decide=math.nan).would_decide.startswith("no number of seeds")
    assert claim_of(answer, **shown, reason="collapsed: seed 7").would_decide == "collapsed: seed 7"


def test_of_networks_that_have_not_learnt_it_cannot_be_asked(answer) -> None:
    told = copy.deepcopy(answer)
    told["models"]["small_resnet"]["networks"]["uniform-0.4"]["recommendation"] = "train longer"
    hardly = claim_of(told, answer="not asked", reason="near chance")
    assert (hardly.outcome, hardly.effect) == ("cannot be asked here", None)
    assert "train longer before asking" in hardly.answer


def test_yes_means_that_it_can_be_kept(answer) -> None:
    told = copy.deepcopy(answer)
    kept = {"answer": "keep", "reason": "", "gain": 0.1, "low": 0.0, "high": 0.2, "level": 0.001}
    for entry in told["models"].values():
        for of in entry["networks"].values():
            of["recommendation"] = "keep"
            of["questions"] = {name: row | kept for name, row in of["questions"].items()}
    short = text_of(claims({"verdict": told}, **ABOUT)).partition("\n\n")[0]
    assert "- Can your own setting be kept after pruning? Yes in 3 of 3" in short


def test_without_a_grid_only_how_far_regions_moved_is_told(answer) -> None:
    numbers = {"estimate": 0.12, "low": -0.3, "high": 0.5}
    rows = [
        {"model": model, "variant": "uniform-0.4", "roi": roi, "quantity": f"shift_log10_{of}", **numbers}
        for model in answer["models"]
        for roi in (0.5, 1.0)
        for of in ("weight_decay", "learning_rate")
    ]
    stated = claims({"verdict": answer, "estimates": pd.DataFrame(rows)}, **ABOUT, adaptive=True).claims
    told = [claim for claim in stated if claim.id.startswith("hpspace.thesis_")]
    assert len(told) == 2 * 4  # of each model
    (moved, *_) = (claim for claim in told if "thesis_shift" in claim.id)
    assert "0.12 decades [-0.30, 0.50] of learning rate and 0.12 decades" in moved.answer
    assert moved.outcome == "not tested"
    others = [claim for claim in told if "thesis_shift" not in claim.id]
    assert {claim.outcome for claim in others} == {CANNOT}
    assert all("needs the grid" in claim.answer for claim in others)
    assert len({claim.id for claim in stated}) == len(stated)


def test_the_thesis_conclusions_stand_beside_with_their_numbers(answer) -> None:
    tables = sample_tables(sample_cells())
    stated = claims({"verdict": answer, "intervals": tables["intervals"]}, **ABOUT).claims
    told = [claim for claim in stated if claim.id.startswith("hpspace.thesis_")]
    assert len(told) == 4 * 3
    assert {claim.outcome for claim in told} == {"not tested"}  # a model of landscapes decides nothing
    rows = tables["intervals"].query("model == 'small_resnet' and variant == 'uniform-0.4' and metric == 'top1'")
    (row,) = rows.query("quantity == 'd_excess'").to_dict("records")
    (claim,) = (claim for claim in told if claim.id == "hpspace.thesis_risk.uniform-0.4.small_resnet")
    assert claim.answer.startswith(f"Estimated {row['estimate']:.2f} points [{row['low']:.2f}, {row['high']:.2f}].")
