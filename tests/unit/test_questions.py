"""Findings in short: what is counted, and which case stands for the others."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion_page_samples import finding, sample_findings
from prunescape.answers import (
    ABOVE,
    BELOW,
    CLEAREST,
    DECIDED,
    EQUAL,
    IF_ABOVE,
    IF_BELOW,
    IF_EQUAL,
    NO,
    NOT_BELOW,
    OPEN,
    OUTCOMES,
    UNDECIDED,
    YES,
    answered_by,
    consistent,
    how_many_above,
    judged,
    verdict,
)
from prunescape.questions import in_short, in_words, text_of


def row(mean: float, half: float) -> dict[str, float]:
    return {"more": mean, "more_low": mean - half, "more_high": mean + half}


@pytest.mark.parametrize(
    ("mean", "half", "decided", "outcome", "clarity"),
    [
        (3.0, 1.5, ABOVE, YES, 2.0),
        (-3.0, 0.5, BELOW, NO, 6.0),
        (0.1, 0.2, EQUAL, NO, 2.0),  # 0.4 inside the tolerance of 0.5
        (1.0, 4.0, OPEN, UNDECIDED, 0.25),
        (2.0, 0.0, ABOVE, YES, CLEAREST),
        (2.0, math.nan, OPEN, UNDECIDED, None),
    ],
)
def test_a_number_is_judged_by_its_interval(mean, half, decided, outcome, clarity) -> None:
    found = judged("more", row(mean, half), tolerance=0.5)
    assert (found["decided"], found["outcome"]) == (decided, outcome)
    assert found["clarity"] == (clarity if clarity is None else pytest.approx(clarity))


def test_a_question_may_ask_whether_things_are_equal_or_less() -> None:
    assert judged("more", row(0.1, 0.2), tolerance=0.5, outcomes=IF_EQUAL)["outcome"] == YES
    assert judged("more", row(3, 1), tolerance=0.5, outcomes=IF_EQUAL)["outcome"] == NO
    assert judged("more", row(-3, 1), outcomes=IF_BELOW)["outcome"] == YES
    assert judged("more", row(3, 1), 2, " nats", sure=OPEN)["evidence"] == "+3.00 nats [2.00, 4.00]"


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
    try:
        found = judged("more", numbers, tolerance=tolerance, sure=sure, outcomes=dict.fromkeys(DECIDED, outcome))
    except ValueError:
        return
    assert found["outcome"] == outcome
    assert (found["decided"] == OPEN) == (outcome == UNDECIDED)
    says = {ABOVE: low > 0, BELOW: high < 0, EQUAL: -tolerance <= low and high <= tolerance}
    assert says.get(found["decided"], True)
    if found["decided"] == NOT_BELOW:
        assert low >= -tolerance
    assert found["interval"] == (None if math.isnan(half) else [low, high])
    if math.isnan(half):
        assert outcome == UNDECIDED


@pytest.mark.parametrize(
    ("mean", "half", "sure", "outcomes"),
    [
        (1.0, 4.0, OPEN, {OPEN: NO}),
        (1.0, 4.0, BELOW, IF_ABOVE),
        (-1.0, 4.0, EQUAL, IF_EQUAL),
        (-4.0, 4.0, NOT_BELOW, {NOT_BELOW: YES}),
        (3.0, math.nan, ABOVE, IF_ABOVE),
        (0.0, math.nan, EQUAL, IF_ABOVE),
        (3.0, 1.0, ABOVE, {ABOVE: UNDECIDED}),
    ],
)
def test_an_outcome_against_its_interval_is_refused(mean, half, sure, outcomes) -> None:
    with pytest.raises(ValueError, match="does not say"):
        judged("more", row(mean, half), tolerance=0.5, sure=sure, outcomes=outcomes)


def test_what_is_not_worse_by_more_than_the_tolerance_is_clearer_the_further_from_it() -> None:
    found = judged("more", row(1.5, 1.9), tolerance=0.5, sure=NOT_BELOW, outcomes={NOT_BELOW: YES})
    assert (found["decided"], found["outcome"], found["clarity"]) == (NOT_BELOW, YES, pytest.approx(2.0 / 1.9))


@pytest.mark.parametrize("answer", ["No: it is not.", "Yes, it is larger: so.", "Not decided: who knows."])
def test_an_answer_in_other_words_than_its_outcome_is_refused(answer: str) -> None:
    for half in (0.1, 9.0, math.nan):
        told = {"question": "Is it so?", **judged("more", row(0.0, half), tolerance=0.5, outcomes=IF_EQUAL)}
        if answer.lower().startswith(told["outcome"]):
            assert consistent({**told, "answer": answer})["answer"] == answer
            continue
        with pytest.raises(ValueError, match=r"^Is it so\?"):
            consistent({**told, "answer": answer})
    plain = {"question": "Is it so?", "answer": answer, "decided": None}
    with pytest.raises(ValueError, match="None"):
        answered_by({"table": [lambda _: [plain]]}, {"table": [1]})


def test_words_and_outcome_are_one_where_all_seeds_agree_on_nothing() -> None:
    assert (verdict("more", row(0.0, 0.0)), judged("more", row(0.0, 0.0))["outcome"]) == ("No", NO)


def test_intervals_are_counted_where_there_are_any() -> None:
    rows = [row(3, 1), row(-3, 1), row(0, 1)]
    assert how_many_above("more", rows, "widths") == "at 1 of 3 widths the interval is above zero"
    assert how_many_above("more", [*rows, row(3, math.nan)], "widths").startswith("at 1 of 3 widths")
    assert how_many_above("more", [row(3, math.nan)] * 2, "widths") == "one seed gives no interval at any of 2 widths"


def test_cases_of_a_question_are_counted_over_models_and_the_clearest_is_told() -> None:
    first, second = (
        [finding("Is it so (a)?", 3, topic="Is it so?", case="a"), finding("Is it more?", 1, 2)],
        [finding("Is it so (b)?", 9, topic="Is it so?", case="b"), finding("Is it so (c)?", -2, topic="Is it so?")],
    )
    found = {"models": {"one": {"findings": first}, "two": {"findings": second}}}
    so, more = in_short(found)
    assert (so["question"], so["counts"]) == ("Is it so?", {YES: 2, NO: 1, UNDECIDED: 0})
    assert so["best"] == {YES: "two, b: +9.0 points [8.0, 10.0]", NO: "two: -2.0 points [-3.0, -1.0]"}
    assert in_words(so) == (
        "Yes in 2 of 3 (clearest two, b: +9.0 points [8.0, 10.0]); no in 1 of 3 (two: -2.0 points [-3.0, -1.0])."
    )
    assert in_words(more) == "Not decided (one: +1.0 points [-1.0, 3.0])."


def test_what_has_nothing_to_decide_is_told_as_it_is() -> None:
    plain = {"question": "What is it?", "answer": "A thing.", "decided": None}
    (found,) = in_short({"models": {"One": {"findings": [plain]}, "two": {"findings": [plain]}}})
    assert found["best"] == {}
    assert in_words(found) == "One: A thing; two: A thing."


def test_one_seed_has_no_clearest_case() -> None:
    found = {"models": {"one": {"findings": [finding("Is it so?", 3, math.nan), finding("Is it so?", 4, math.nan)]}}}
    assert in_words(in_short(found)[0]) == "Not decided in 2 of 2 (nearest one: +3.0 points (one seed, no interval))."


def test_the_text_is_short_first_and_then_complete() -> None:
    found = sample_findings("coherence")
    short, *models = text_of(found).rstrip("\n").split("\n\n")
    assert short.startswith("In short:\n- ")
    findings = [finding for entry in found["models"].values() for finding in entry["findings"]]
    assert len(short.splitlines()) - 1 == len(in_short(found)) < len(findings) * 2 / 3
    assert sum(len(model.splitlines()) - 1 for model in models) == len(findings)
    counted = sum(sum(row["counts"].values()) for row in in_short(found))
    assert counted == sum(finding["decided"] is not None for finding in findings)
    assert text_of({"models": {"one": {"findings": []}}}) == "one:\n"


def test_every_outcome_is_what_its_answer_says() -> None:
    """The answers' own words, and the outcomes that are counted, come from one number, by two ways."""
    words = {"Yes": YES, "No": NO, "Not decided": UNDECIDED, "After epoch": YES, "Not before": NO}
    told = 0
    for entry in sample_findings("coherence")["models"].values():
        for one in (one for one in entry["findings"] if one["decided"] is not None):
            start = max((word for word in words if one["answer"].startswith(word)), key=len)
            assert one["outcome"] == words[start], one["answer"]
            told += 1
    assert told > 20
