"""The live view: what it shows, when it refreshes, and when it ends."""

import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from finished import seal_results
from overview_samples import NOW, made, page, write
from prunescape.overview.companion import Companions
from prunescape.overview.study import CHECKPOINT, Study
from prunescape.overview.watch import Watch, watch


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return made({"stochastic": {"held_out": 25}, "verdict": {"confirm": None}, "extension": {"rounds": 0}})


def finish(study: Study) -> None:
    """Every training, with accuracies of 40 % and 61.25 %; of the network to be pruned 30 %."""
    for training in study.trainings():
        write(training.result, "i,top1\n0,40.0\n1,61.25\n2,\n")
    write(Path("results/x/models/resnet20/dense/history.csv"), "epoch,top1\n1,30.0\n")
    write(study.results / "hpspace" / "verdict.json")
    (plan,) = study.plan.hpspace.confirmation.plan_files
    write(Path(plan), json.dumps({name: {"stage": ""} for name in ("dense", "uniform-0.5")}))
    for path in (*(training.result for training in study.trainings()), plan):
        seal_results(study.plan, path)


def line(text: str, variant: str) -> list[str]:
    """The numbers of a row, from the done part on."""
    (row,) = (row for row in text.splitlines() if f" {variant} " in row)
    return row.partition("%")[0].split()[-1:] + row.partition("%")[2].split()


def test_bars_counts_and_the_best_accuracy_so_far(study: Study) -> None:
    first, second, third = (training for training in study.trainings() if training.row.variant == "dense")
    write(first.result, "i,top1\n0,40.0\n1,61.25\n")
    seal_results(study.plan, first.result)
    lines = "12:00:00 cells 1-9 of 9: epoch 4/10, best top-1 63.50 %, 9 s to go\n"
    write(second.log, f"{lines}12:01:00 cells 1-9 of 9: epoch 5/10, best top-1 62.00 %, 8 s to go\n", age=5)
    write(third.log, "12:00:00 error: no room\n", age=5)
    parts, finished = Watch(study).look(NOW)
    text = page(parts)
    assert not finished
    assert line(text, "dense")[:6] == ["50", "27", "9", "9", "9", "63.50"]
    assert line(text, "uniform-0.5")[:6] == ["0", "27", "-", "-", "-", "?"]
    assert line(text, "total")[:5] == ["24", "55", "9", "9", "9"]  # 13.5 of 55 cells
    assert "1 training running" in text
    assert "no room" in text
    assert "━" * 12 in text


def test_it_is_finished_with_the_verdict(study: Study) -> None:
    finish(study)
    view = Watch(study)
    parts, finished = view.look(NOW)
    text = page(parts)
    assert finished
    assert line(text, "dense")[5] == "61.25"
    assert next(row for row in text.splitlines() if CHECKPOINT in row).split()[-4:-2] == ["30.00", "%"]
    (study.results / "hpspace" / "verdict.json").unlink()
    assert not view.look(NOW)[1]


def test_a_table_that_was_made_again_is_read_again(study: Study) -> None:
    finish(study)
    view = Watch(study)
    view.look(NOW)
    for training in study.trainings():
        write(training.result, "i,top1\n0,71.0\n", age=-5)
        seal_results(study.plan, training.result)
    assert line(page(view.look(NOW)[0]), "dense")[5] == "71.00"


def test_companion_studies_are_watched_too(study: Study) -> None:
    companion = study.plan.companions["stochastic"]
    view = Watch(study, main=False, companions=Companions(asked=[companion]))
    parts, finished = view.look(NOW)
    assert not finished
    assert "x: stochastic" in page(parts)
    assert "dense" not in page(parts)
    for job in companion.pieces:
        write(Path(job.result))
        seal_results(study.plan, job.result)
    assert view.look(NOW)[1]


def test_a_companion_study_that_nobody_asked_for_is_shown_once_it_has_begun(study: Study) -> None:
    """A plain run makes the main job alone: the view must end with it."""
    finish(study)
    companion = study.plan.companions["stochastic"]
    view = Watch(study, companions=Companions(others=[companion]))
    parts, finished = view.look(NOW)
    assert finished
    assert "x: stochastic" not in page(parts)
    assert "not begun: stochastic; `snakemake watch stochastic`" in page(parts)
    write(Path(companion.pieces[0].log), "12:00:00 networks 1-2 of 5 evaluated\n", age=5)
    parts, finished = view.look(NOW)
    assert not finished
    assert "x: stochastic" in page(parts)
    assert "not begun" not in page(parts)


def test_the_view_is_refreshed_until_all_is_finished() -> None:
    looks: list[float] = []

    def look(now: float) -> tuple[list, bool]:
        looks.append(now)
        return [f"look {len(looks)}"], len(looks) == 3

    file = io.StringIO()
    watch(look, Console(file=file, force_terminal=True, width=80), seconds=0.01)
    text = file.getvalue()
    assert all(f"look {number}" in text for number in (1, 2, 3))
    assert "\x1b[1A" in text  # the cursor goes up: the view is drawn over the one before
    assert text.rpartition("look 3")[2].count("Ctrl-C") == 0
    assert abs(looks[0] - time.time()) < 60


def test_looking_takes_a_tenth_of_the_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def slow(now: float) -> tuple[list, bool]:
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            pass
        return ["x"], len(slept) == 1

    watch(slow, Console(file=io.StringIO(), force_terminal=True), seconds=0.0)
    assert slept[0] >= 0.2


def test_ctrl_c_leaves_the_view_quietly() -> None:
    def look(now: float) -> tuple[list, bool]:
        raise KeyboardInterrupt

    watch(look, Console(file=io.StringIO(), force_terminal=True))


def test_without_a_terminal_it_is_shown_once() -> None:
    file = io.StringIO()
    watch(lambda now: (["a look"], False), Console(file=file))
    assert file.getvalue() == "a look\n"
