"""Claims of all companion studies, of few seeds and of many, of clear numbers and of noisy ones."""

import html
import json
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import coherence_table_samples as coherence
import mechanism_results as mechanism
import stochastic_results as stochastic
from claim_checks import check_claims, disturbed
from prunescape.claims.page import claims_page, text_of
from prunescape.claims.study import StudyClaims
from prunescape.stochastic import claims as stochastic_claims

SPREADS, TOLERANCES = (0.0, 0.01, 0.5, 20.0), (0.0, 0.5, 2.0, 100.0)
# By study: how many claims at least are tested, and what is said of one seed.
LEAST = {"stochastic": 5, "mechanism": 10, "coherence": 20}
ALONE: dict[str, list[str]] = {}
# Noise on these numbers of a study's tables.
DISTURBED = {
    "mechanism": ("top1", "mean", "imbalance", "minimum", "correlation"),
    "coherence": ("coherence", "validation_top1", "train_top1"),
}
# Numbers of seeds and places of spreads: in `make test` each spread, tolerance and factor once, then all; of one seed
# nothing is decided, whatever the spread.
SHORT = [(1, 0), (2, 1), (2, 2), (3, 2), (3, 3)]
CASES = [
    pytest.param(*case, marks=[] if case in SHORT else [pytest.mark.full])
    for case in [(1, 0), *product((2, 3), range(4))]
]
every_study = pytest.mark.parametrize("study", LEAST)


@pytest.fixture(autouse=True)
def guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accuracy of guessing that the tables of `stochastic` were made with."""
    monkeypatch.setattr(stochastic_claims, "guessing_accuracy", lambda classes, images: stochastic.GUESSING)


def tables_of(study: str, count: int = 3, spread: float = 0.0, factor: float = 1.0) -> dict[str, pd.DataFrame]:
    """The tables of a study of so many seeds, with so much noise; noise gains or loses by `factor`."""
    if study == "stochastic":
        return stochastic.of_seeds(count, factor, spread)
    tables = coherence.tables(range(count)) if study == "coherence" else mechanism.tables()
    tables = {name: table[table["seed"] < count] for name, table in tables.items()}
    if study == "mechanism":
        tables["barriers"] = mechanism.barriers(1.0, mechanism.SEEDS[:count])
    return {name: disturbed(table, spread, 0, *DISTURBED[study]) for name, table in tables.items()}


def stated(study: str, tables: dict[str, pd.DataFrame], tolerance: float = 0.5) -> StudyClaims:
    module: Any = {"stochastic": stochastic, "mechanism": mechanism, "coherence": coherence}[study]
    return module.stated(tables, tolerance=tolerance)


@every_study
@pytest.mark.parametrize(("count", "place"), CASES)
def test_every_answer_follows_from_its_interval(study: str, count: int, place: int) -> None:
    """Each number of seeds with each spread, and both with each tolerance."""
    with warnings.catch_warnings():
        warnings.simplefilter("error" if study == "stochastic" else "default", RuntimeWarning)
        tables = tables_of(study, count, SPREADS[place], factor=(-1.0, 0.0, 1.0)[(place + count) % 3])
        tested = check_claims(stated(study, tables, TOLERANCES[(place + count) % 4]))
    assert len(tested) >= LEAST[study]
    if count == 1:
        assert {claim.outcome for claim in tested} == {"not decided"}


@pytest.mark.parametrize(
    ("study", "factor"), [*product(["stochastic"], [-1.0, 0.0, 1.0]), ("mechanism", 1.0), ("coherence", 1.0)]
)
def test_one_seed_is_said_to_have_no_interval_and_decides_nothing(study: str, factor: float) -> None:
    found = stated(study, tables_of(study, 1, factor=factor))
    text = text_of(found)
    assert all(words in text for words in ("(one seed, no interval)", *ALONE.get(study, [])))
    assert not [words for words in ("nan", "Yes", "the interval is above zero") if words in text]
    assert {claim.decided for claim in found.claims} <= {"open", ""}
    json.dumps(found.to_json())


@every_study
def test_text_and_page_say_the_same_also_of_tables_that_come_back_from_files(study: str, tmp_path: Path) -> None:
    tables = tables_of(study)
    found = stated(study, tables)
    text, page = text_of(found), html.unescape(claims_page(found))
    for claim in found.claims:
        assert f"- {claim.question} {claim.answer}" in text
        assert claim.question in page
        assert claim.source in page
    assert "within 0.5 points" in page or study != "coherence"
    assert "http:" not in page
    assert "https:" not in page
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    assert text_of(stated(study, {name: pd.read_csv(tmp_path / f"{name}.csv") for name in tables})) == text
