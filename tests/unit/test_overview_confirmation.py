"""Confirmation in `plan`, `status` and `watch`: what it takes at least and at most, and how far it is."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from overview_samples import NOW, page, write
from project_copy import TINY, merged
from prunescape.overview.confirmation_cost import fresh_lines
from prunescape.overview.cost import Costs
from prunescape.overview.cost_page import cost_page
from prunescape.overview.status import State, status_page, survey
from prunescape.overview.study import CONFIRMATION, FINALISTS, Row, Study
from prunescape.overview.watch import Watch
from prunescape.plan.plan import Plan
from rounds import go_on

NAME = "uniform-0.4"
CONFIG: dict[str, Any] = merged(
    TINY,
    {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "verdict": {"confirm": 20, "margin": 1.5, "least_skill": 0.0},
    },
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def study_of(confirm: int | None = 20) -> Study:
    return Study(Plan(merged(CONFIG, {"verdict": {"confirm": confirm}}), 2))


def least_and_most(study: Study) -> dict[str, tuple[int, int, int]]:
    """The fewest trainings with fresh seeds, the most, and those that are done, by network."""
    known = list(study.trainings())
    lines = fresh_lines(study, known, {of for of in known if study.is_finished(of)})
    return {line.row.variant: (line.least, line.most, line.done) for line in lines}


def look(study: Study) -> str:
    (line,) = [line for line in page(status_page(study, NOW)).splitlines() if line.startswith("small_resnet: ")]
    return line


def test_the_least_and_the_most_follow_what_is_known() -> None:
    # Four finalists with five seeds; then tuned, prior and the dense optimum with up to twenty.
    assert least_and_most(study_of()) == {"dense": (20, 20, 0), NAME: (20, 20 + 3 * 20, 0)}
    assert least_and_most(study_of(None)) == {}
    policy = Study(Plan(merged(CONFIG, {"verdict": {"policy": True}}), 2))
    assert least_and_most(policy)[NAME] == (20, 20 + 4 * 20, 0)
    text = page(cost_page(study_of(), cores=2))
    assert "tiny: exploration" in text
    assert "tiny: confirmation, with fresh seeds" in text
    assert "stays open to the last look, at 20 seeds" in text
    assert look(study_of()).endswith("the grid comes first; then the best cells are trained with fresh seeds")
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    # The look at five seeds has left a question open; the tuned setting, the prior and the dense optimum differ.
    assert least_and_most(study_of())[NAME] == (20 + 3 * 10, 20 + 3 * 20, 20 + 3 * 5)
    assert least_and_most(study_of(5))[NAME] == (20 + 3 * 5, 20 + 3 * 5, 20 + 3 * 5)
    assert look(study_of()).endswith("look 2 of 3, at 10 seeds, for 1 of 1 networks")
    assert look(study_of(5)).endswith("all looks are done; questions to 1 of 1 networks are open")
    assert "explored only" in look(study_of(None))


def shown(study: Study) -> dict[str, list[str]]:
    """By variant, the cells of `status`: in all, and in each state; then the part that is done."""
    lines = [re.split(r" {2,}", line.strip()) for line in page(status_page(study, NOW)).splitlines()]
    return {line[1 if line[0] == "small_resnet" else 0]: line[-8:] for line in lines if len(line) >= 9}


def test_fresh_trainings_that_are_to_come_are_work_left() -> None:
    """As `plan` counts them: 4 finalists with 5 seeds, then 3 settings with 5 to 20."""
    rows = shown(study_of())
    assert rows[f"dense {FINALISTS}"] == ["20", "-", "-", "-", "-", "-", "20", "0 %"]
    assert rows[f"{NAME} {FINALISTS}"] == ["20", "-", "-", "-", "-", "-", "20", "0 %"]
    assert rows[f"{NAME} {CONFIRMATION}"] == ["0 to 60", "-", "-", "-", "-", "-", "-", "0 %"]
    assert rows["total"] == [
        "59 to 119",
        "-",
        "-",
        "-",
        "-",
        "-",
        "59",
        "0 %",
    ]  # and two grids of 9 cells, and one before
    assert f"dense {FINALISTS}" not in shown(study_of(None))
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    rows = shown(study_of())
    assert rows[f"{NAME} {FINALISTS}"] == ["20", "20", "-", "-", "-", "-", "-", "100 %"]
    assert rows[f"{NAME} {CONFIRMATION}"] == ["30 to 60", "15", "-", "-", "-", "-", "15", "50 %"]
    text = page(Watch(study_of()).look(NOW)[0])
    assert re.search(rf"{re.escape(f'{NAME} {CONFIRMATION}')} .* 50 % +30 to 60 +15 ", text)


def test_an_answered_network_takes_no_more() -> None:
    go_on(merged(CONFIG, {"verdict": {"confirm": 5, "margin": 50.0}}))
    study = Study(Plan(merged(CONFIG, {"verdict": {"margin": 50.0}}), 2))
    assert least_and_most(study) == {"dense": (20, 20, 20), NAME: (35, 35, 35)}
    assert look(study).endswith("no further look is needed: nothing is left to be asked")
    assert shown(study)[f"{NAME} {CONFIRMATION}"] == ["15", "15", "-", "-", "-", "-", "-", "100 %"]
    assert not study.is_confirmed  # until its rounds have been written, which takes no training


def test_the_trainings_of_a_look_are_counted_as_they_come() -> None:
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    study = study_of()
    row = Row("small_resnet", f"{NAME} {CONFIRMATION}")
    first, second = [of for of in study.trainings() if of.row == row]
    assert (first.cells, second.cells) == (15, 15)
    write(second.log, "12:00:00 cells 1-3 of 3: epoch 1/3, best top-1 9.00 %\n", age=10)
    states = {item.training: item.state for item in survey(study, NOW)}
    assert (states[first], states[second]) == (State.FINISHED, State.RUNNING)
    write(second.log, "12:00:00 error: no room\n", age=10)
    assert {item.training: item.state for item in survey(study, NOW)}[second] is State.FAILED
    assert "no room" in page(status_page(study, NOW))
    stale = Study(Plan(merged(CONFIG, {"recipe": {"momentum": 0.8}}), 2))
    assert not any(of.row == row for of in stale.trainings())  # what is asked follows from trainings to be made anew


def test_trainings_of_another_generation_are_told_and_not_counted() -> None:
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    wider = merged(CONFIG, {"verdict": {"confirm": 5}, "grid": {"size": [3, 9]}})
    go_on(wider)
    study = Study(Plan(wider, 2))
    foreign = [path for path in study.foreign_tables() if "generation-1-" in str(path)]
    assert len(foreign) == 1
    assert least_and_most(study)[NAME] == (35, 35, 35)


def test_finalists_tell_how_long_confirmation_takes() -> None:
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    study = study_of()
    finals = [of for of in study.trainings() if of.row == Row("small_resnet", f"{NAME} {FINALISTS}")]
    for training, seconds in zip(finals, itertools.count(3), strict=False):
        rows = f"{seconds},cpu (1 thread)\n" * training.cells
        write(training.result.with_suffix(".timing.csv"), f"seconds,device\n{rows}")
    time = Costs(study, finals).cell_time(Row("small_resnet", f"{NAME} {CONFIRMATION}"))
    assert time is not None
    assert time.seconds == pytest.approx(3)
    other = Costs(study, finals).cell_time(Row("small_resnet", NAME))  # whole tiles are arrays of another size
    assert other is not None
    assert other.source == "other finished tiles by FLOPs"


def test_seeds_that_are_trained_one_after_another_count_by_their_number() -> None:
    go_on(merged(CONFIG, {"verdict": {"confirm": 5}}))
    study = study_of()
    *_, training = [of for of in study.trainings() if of.row.variant == f"{NAME} {CONFIRMATION}"]
    lines = (
        "12:00:00 seed 2 of 5: cells 1-3 of 3: epoch 3/3, best\n12:00:01 seed 3 of 5: cells 1-3 of 3: epoch 1/2, best\n"
    )
    write(training.log, lines, age=10)
    found = {item.training: item.done for item in survey(study, NOW)}
    assert found[training] == pytest.approx((2 + 0.5) / 5)
