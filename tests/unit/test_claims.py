"""Claims: what is refused, what is counted in short, and which case stands for the others."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion_page_samples import ASKED, claim, of_models, plain, sample_claims
from prunescape.claims.claim import CLEAREST, About, Claim
from prunescape.claims.columns import COLUMNS
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BELOW,
    BEYOND,
    CANNOT,
    DECIDED,
    EQUAL,
    FAILS,
    HOLDS,
    IF_ABOVE,
    IF_BELOW,
    IF_EQUAL,
    NOT_ABOVE,
    NOT_BELOW,
    OPEN,
    OUTCOMES,
    UNDECIDED,
    UNTESTED,
    beyond,
    how_many_above,
    judged,
    more_seeds,
    verdict,
)
from prunescape.claims.page import in_short, in_words, text_of
from prunescape.claims.study import StudyClaims, table
from prunescape.errors import UserError
from prunescape.io.files import read_csv, write_csv, write_json

ABOUT = About("mechanism", "small_resnet", "digits, seeds 0, 1, 2")


def row(mean: float, half: float) -> dict[str, float]:
    return {"more": mean, "more_low": mean - half, "more_high": mean + half}


def judged_claim(mean: float, half: float, answer: str = "So.", **others) -> Claim:
    return ASKED.answered(ABOUT, answer, judged("more", row(mean, half), **others))


@pytest.mark.parametrize(
    ("mean", "half", "decided", "outcome", "clarity"),
    [
        (3.0, 1.5, ABOVE, HOLDS, 2.0),
        (-3.0, 0.5, BELOW, FAILS, 6.0),
        (0.1, 0.2, EQUAL, FAILS, 2.0),  # 0.4 inside the tolerance of 0.5
        (1.0, 4.0, OPEN, UNDECIDED, 0.25),
        (2.0, 0.0, ABOVE, HOLDS, CLEAREST),
        (2.0, math.nan, OPEN, UNDECIDED, 0.0),
    ],
)
def test_a_number_is_judged_by_its_interval(mean, half, decided, outcome, clarity) -> None:
    found = judged_claim(mean, half, tolerance=0.5)
    assert (found.decided, found.outcome) == (decided, outcome)
    assert found.clarity == pytest.approx(clarity)


def test_a_statement_may_be_that_things_are_equal_or_less() -> None:
    assert judged_claim(0.1, 0.2, tolerance=0.5, outcomes=IF_EQUAL).outcome == HOLDS
    assert judged_claim(3, 1, tolerance=0.5, outcomes=IF_EQUAL).outcome == FAILS
    assert judged_claim(-3, 1, outcomes=IF_BELOW).outcome == HOLDS
    told = judged("more", row(3, 1), 2, " nats", sure=OPEN, after=" of it")
    assert (told.evidence, told.unit) == ("+3.00 nats of it [2.00, 4.00]", "nats")


@given(
    mean=st.floats(-10, 10),
    half=st.floats(0, 10) | st.just(math.nan),
    tolerance=st.floats(0, 5),
    sure=st.sampled_from([None, *DECIDED]),
    outcome=st.sampled_from(OUTCOMES),
)
def test_no_study_can_state_what_its_interval_does_not_say(mean, half, tolerance, sure, outcome) -> None:
    numbers = row(mean, half)
    low, high = numbers["more_low"], numbers["more_high"]
    outcomes = dict.fromkeys(DECIDED, outcome)
    try:
        found = judged_claim(mean, half, tolerance=tolerance, sure=sure, outcomes=outcomes)
    except ValueError:
        return
    assert found.outcome == outcome
    assert (found.decided == OPEN) == (outcome == UNDECIDED)
    assert outcome in ANSWERS
    says = {ABOVE: low > 0, BELOW: high < 0, EQUAL: -tolerance <= low and high <= tolerance}
    assert says.get(found.decided, True)
    if found.decided in (NOT_BELOW, BEYOND, NOT_ABOVE):
        assert {NOT_BELOW: low >= -tolerance, BEYOND: low > tolerance, NOT_ABOVE: high <= tolerance}[found.decided]
    assert (found.low, found.high) == ((None, None) if math.isnan(half) else (low, high))
    if math.isnan(half):
        assert outcome == UNDECIDED


@pytest.mark.parametrize(
    ("mean", "half", "sure", "outcomes"),
    [
        (1.0, 4.0, OPEN, {OPEN: FAILS}),
        (1.0, 4.0, BELOW, IF_ABOVE),
        (-1.0, 4.0, EQUAL, IF_EQUAL),
        (-4.0, 4.0, NOT_BELOW, {NOT_BELOW: HOLDS}),
        (4.0, 3.6, BEYOND, {BEYOND: HOLDS}),
        (-3.0, 3.6, NOT_ABOVE, {NOT_ABOVE: FAILS}),
        (3.0, math.nan, ABOVE, IF_ABOVE),
        (0.0, math.nan, EQUAL, IF_ABOVE),
        (3.0, 1.0, ABOVE, {ABOVE: UNDECIDED}),
        (3.0, 1.0, ABOVE, {ABOVE: UNTESTED}),
    ],
)
def test_an_outcome_against_its_interval_is_refused(mean, half, sure, outcomes) -> None:
    with pytest.raises(ValueError, match="does not say"):
        judged_claim(mean, half, tolerance=0.5, sure=sure, outcomes=outcomes)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "perhaps"},
        {"outcome": CANNOT},
        {"decided": ""},
        {"decided": "surely"},
        {"low": None},
        {"low": 5.0},
        {"id": "mechanism"},
        {"id": "coherence.so.small_resnet"},
        {"would_decide": "more seeds"},
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(changes) -> None:
    with pytest.raises(ValueError, match="mechanism"):
        replace(judged_claim(3.0, 1.0), **changes)


def test_what_is_not_worse_by_more_than_the_tolerance_is_clearer_the_further_from_it() -> None:
    found = judged_claim(1.5, 1.9, tolerance=0.5, sure=NOT_BELOW, outcomes={NOT_BELOW: HOLDS})
    assert (found.decided, found.outcome, found.clarity) == (NOT_BELOW, HOLDS, pytest.approx(2.0 / 1.9))


@pytest.mark.parametrize(
    ("low", "high", "found"), [(0.6, 9, BEYOND), (0.4, 9, OPEN), (-9, 0.4, NOT_ABOVE), (-9, 9, OPEN)]
)
def test_a_gain_that_is_worth_it_is_above_the_tolerance(low: float, high: float, found: str) -> None:
    assert beyond("more", {"more_low": low, "more_high": high}, 0.5) == found
    assert beyond("more", {"more_low": math.nan, "more_high": math.nan}, 0.5) == OPEN


@pytest.mark.parametrize("answer", ["No: it is not.", "Yes, it is larger: so.", "Not decided: who knows."])
def test_an_answer_in_other_words_than_its_outcome_is_refused(answer: str) -> None:
    for half in (0.1, 9.0, math.nan):
        outcome = judged("more", row(0.0, half), tolerance=0.5, outcomes=IF_EQUAL).outcome
        if answer.lower().startswith(ANSWERS[outcome]):
            assert judged_claim(0.0, half, answer, tolerance=0.5, outcomes=IF_EQUAL).answer == answer
            continue
        with pytest.raises(ValueError, match=r"^Is it so\?"):
            judged_claim(0.0, half, answer, tolerance=0.5, outcomes=IF_EQUAL)
    with pytest.raises(ValueError, match=UNTESTED):
        ASKED.answered(ABOUT, answer, None)


def test_words_and_outcome_are_one_where_all_seeds_agree_on_nothing() -> None:
    assert (verdict("more", row(0.0, 0.0)), judged_claim(0.0, 0.0).outcome) == ("No", FAILS)


def test_as_many_more_seeds_as_are_told_would_decide() -> None:
    """Intervals shrink with the root of the number of seeds."""
    assert more_seeds(1.0, -1.0, 3.0).startswith("about 4.0 times as many seeds")
    assert judged_claim(1.0, 2.0).would_decide == more_seeds(1.0, -1.0, 3.0)
    near = judged_claim(0.1, 1.0, tolerance=0.5)  # 0.4 from being equal, 0.1 from being above
    assert near.would_decide == more_seeds(0.4, -0.9, 1.1)
    assert more_seeds(0.01, -1, 1).startswith("no number of seeds")
    assert more_seeds(0.0, -1, 1).startswith("no number of seeds")
    assert judged_claim(1.0, math.nan).would_decide == "more seeds: these give no interval"


def test_intervals_are_counted_where_there_are_any() -> None:
    rows = [row(3, 1), row(-3, 1), row(0, 1)]
    assert how_many_above("more", rows, "widths") == "at 1 of 3 widths the interval is above zero"
    assert how_many_above("more", [*rows, row(3, math.nan)], "widths").startswith("at 1 of 3 widths")
    assert how_many_above("more", [row(3, math.nan)] * 2, "widths") == "one seed gives no interval at any of 2 widths"


def test_cases_of_a_question_are_counted_over_models_and_the_clearest_is_told() -> None:
    found = of_models(
        claim("Is it so (a)?", 3, model="one", topic="Is it so?", case="a"),
        claim("Is it more?", 1, 2, model="one", case=""),
        claim("Is it so (b)?", 9, model="two", topic="Is it so?", case="b"),
        claim("Is it so (c)?", -2, model="two", topic="Is it so?", case=""),
    )
    so, more = in_short(found.claims)
    assert (so["question"], so["counts"]) == ("Is it so?", {HOLDS: 2, FAILS: 1, UNDECIDED: 0})
    assert so["best"] == {HOLDS: "two, b: +9.0 points [8.0, 10.0]", FAILS: "two: -2.0 points [-3.0, -1.0]"}
    assert in_words(so) == (
        "Yes in 2 of 3 (clearest two, b: +9.0 points [8.0, 10.0]); no in 1 of 3 (two: -2.0 points [-3.0, -1.0])."
    )
    assert in_words(more) == "Not decided (one: +1.0 points [-1.0, 3.0])."


def test_what_nothing_tests_is_told_as_it_is() -> None:
    (found,) = in_short([plain("What is it?", "A thing.", model) for model in ("One", "two")])
    assert found["best"] == {}
    assert in_words(found) == "One: A thing; two: A thing."


def test_one_seed_has_no_clearest_case() -> None:
    alone = [claim("Is it so?", mean, math.nan, "one", case=str(mean)) for mean in (3, 4)]
    assert in_words(in_short([replace(one, case="") for one in alone])[0]) == (
        "Not decided in 2 of 2 (nearest one: +3.0 points (one seed, no interval))."
    )


def test_the_text_is_short_first_and_then_complete() -> None:
    found = sample_claims("coherence")
    short, by_source, *models = text_of(found).rstrip("\n").split("\n\n")
    assert short.startswith("In short:\n- ")
    assert by_source.startswith("What the source claims or asks, one by one:\n- ")
    assert len(by_source.splitlines()) - 1 == len(found.by_source)
    assert len(short.splitlines()) - 1 == len(in_short(found.claims)) < len(found.claims) * 2 / 3
    assert sum(len(model.splitlines()) - 1 for model in models) == len(found.claims)
    counted = sum(sum(row["counts"].values()) for row in in_short(found.claims))
    assert counted == sum(one.outcome in ANSWERS for one in found.claims)
    assert text_of(StudyClaims("mechanism", "So?", "", {"one": ""}, [])) == "one:\n"


def test_claims_come_back_from_their_files(tmp_path) -> None:
    found = sample_claims("coherence")
    write_json(tmp_path / "claims.json", found.to_json())
    again = StudyClaims.read(tmp_path / "claims.json")
    assert [one.to_row() for one in again.claims] == [one.to_row() for one in found.claims]
    assert again.claims[0].numbers == pytest.approx(found.claims[0].numbers)
    write_csv(tmp_path / "claims.csv", table(found.claims))
    read = read_csv(tmp_path / "claims.csv")
    assert list(read) == list(COLUMNS)
    assert read["effect"].tolist() == pytest.approx(
        [math.nan if one.effect is None else one.effect for one in found.claims], nan_ok=True
    )


def test_claims_of_another_version_are_told_in_one_line(tmp_path) -> None:
    claims = sample_claims("mechanism").to_json()
    for wrong in ({}, {**claims, "claims": [{"id": "x"}]}, {**claims, "claims": [claims["claims"][0] | {"low": 99.0}]}):
        write_json(tmp_path / "claims.json", wrong)
        with pytest.raises(UserError, match=r"claims\.json: not the claims of a study .*`snakemake --force"):
            StudyClaims.read(tmp_path / "claims.json")


def test_an_id_names_one_claim() -> None:
    with pytest.raises(ValueError, match=r"several claims have the id mechanism\.so\.a\.small_resnet"):
        of_models(claim("Is it so?", 3, case="a"), claim("Is it?", 4, case="A"))
    for study in ("stochastic", "mechanism", "coherence"):
        assert all(one.id.endswith(f".{one.model}") for one in sample_claims(study).claims)
