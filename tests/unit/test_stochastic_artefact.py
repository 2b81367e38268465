"""The claim across networks: whether what noise gains is an artefact of batch norm, from results made by hand."""

import pandas as pd
import pytest

from claim_checks import check_claims
from prunescape.claims.study import StudyClaims
from prunescape.stochastic import claims as module
from prunescape.stochastic.claims import claims
from prunescape.studies.stochastic import STUDY
from stochastic_results import CELL, DEPLOYED, GUESSING, MODEL, tables

PLAIN = "vanilla_cnn"
ID = "stochastic.batch_norm_artefact.all_networks"
FEW, MANY = range(2), range(12)


@pytest.fixture(autouse=True)
def guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accuracy of guessing that the tables were made with."""
    monkeypatch.setattr(module, "guessing_accuracy", lambda classes, images: GUESSING)


def both(with_norm: float, without: float, recalibrated: float = 0.0, seeds: range = MANY) -> StudyClaims:
    """Claims on a network with batch norm, and one without; noise gains these parts of the seeds' gains."""
    one, other = tables(with_norm, seeds), tables(without, seeds)
    again = one["confirmed"]["recalibrated"] & (one["confirmed"]["kind"] == "stochastic")
    one["confirmed"].loc[again, "top1"] += recalibrated
    given = {}
    for name, table in one.items():
        theirs = other[name].assign(model=PLAIN)
        if "recalibrated" in theirs:
            theirs = theirs[~theirs["recalibrated"].astype(bool)]
        if name == "confirmed_structured":
            theirs = theirs[:0]
        for column in ("delta_recalibrated", "one_shot_top1_recalibrated", "control_top1", "live_top1"):
            theirs = theirs.assign(**{column: float("nan")}) if column in theirs else theirs
        given[name] = pd.concat([table, theirs], ignore_index=True)
    cell = {**CELL, "deployed": DEPLOYED, "source": "grid", "of": {"magnitude": CELL, "recalibrated": CELL}}
    plain = {**cell, "of": {"magnitude": CELL}, "deployed": {**DEPLOYED, "recalibrated": False}}
    given |= {"cells": [cell, plain], "data": {"classes": list("abcdefghij")}}
    settings = {"question": STUDY.question, "models": [MODEL, PLAIN], "tolerance": 0.5, "held_out": 100}
    settings |= {"data": "digits", "seeds": [0, 1, 2], "level": 0.05, "generation": 1}
    return claims(given, **settings)


@pytest.mark.parametrize(
    ("with_norm", "without", "recalibrated", "word", "decides"),
    [
        (1.0, 0.0, 0.0, "holds", f"{PLAIN} without batch norm"),
        (1.0, 1.0, 0.0, "does not hold", f"{PLAIN} without batch norm"),
        (1.0, 0.0, 5.0, "does not hold", f"{MODEL} recalibrated"),
        (0.0, 0.0, 0.0, "does not hold", f"{MODEL} with batch norm as pretrained"),
    ],
)
def test_all_networks_have_to_agree(
    with_norm: float, without: float, recalibrated: float, word: str, decides: str
) -> None:
    found = both(with_norm, without, recalibrated)
    check_claims(found)
    claim = {claim.id: claim for claim in found.claims}[ID]
    assert claim.outcome == word
    assert f"What decides is {decides}" in claim.answer or word == "holds"
    assert f"{PLAIN} without batch norm gains" in claim.answer
    assert list(found.models) == [MODEL, PLAIN, "all_networks"]


def test_few_networks_decide_nothing_and_a_collapse_blocks() -> None:
    wide = both(1.0, 0.0, seeds=FEW)
    assert {claim.id: claim for claim in wide.claims}[ID].outcome == "not decided"


def test_without_batch_norm_nothing_is_said_of_it() -> None:
    found = both(1.0, 0.0)
    ids = [claim.id for claim in found.claims if claim.model == PLAIN]
    assert not [name for name in ids if "recalib" in name or "batch_norm" in name or "structured" in name]
    answers = " ".join(claim.answer for claim in found.claims if claim.model == PLAIN)
    assert "recalibrated" not in answers
    assert "nan" not in answers
    assert any(".structured." in claim.id for claim in found.claims if claim.model == MODEL)
