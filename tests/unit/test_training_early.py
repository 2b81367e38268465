"""Lanes that are stopped early, or diverge, and leave their array: those that go on keep their bits."""

from dataclasses import replace
from pathlib import Path

import pytest

from prunescape.errors import Interrupted
from prunescape.training import stop
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import ADAM
from prunescape.training.train import Array, Lane, LaneResult, Task, train
from training_samples import LANES, same

DIVERGES, HOPELESS = Lane(1e15, 0.5), Lane(1e-9, 0.0)
GOOD = LANES[:3]
# Twenty, of which no more than 16 go on after the first epoch.
MANY = [DIVERGES, GOOD[0], HOPELESS, DIVERGES, GOOD[1], *[HOPELESS] * 3, *[Lane(0.1, 0.0)] * 11, GOOD[2]]
BELOW = {1: 12.0}  # percent; chance is 10


@pytest.fixture
def wide(task: Task) -> Task:
    return replace(task, engine=replace(task.engine, lanes=32))


def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes that arrays come to."""
    made: list[int] = []
    hold = Array._hold

    def noted(array: Array, places: list[int]) -> None:
        made.append(array.engine.lanes)
        hold(array, places)

    monkeypatch.setattr(Array, "_hold", noted)
    return made


def check(results: list[LaneResult], whole: list[LaneResult]) -> None:
    """Lanes end where they should, and all others are as without any end."""
    for lane, one, other in zip(MANY, results, whole, strict=True):
        low = other.history[0].top1 is not None and other.history[0].top1 < BELOW[1]
        assert (one.diverged, one.stopped) == (other.diverged, low and not other.diverged)
        if one.has_ended:
            assert (str(one.history), one.weights) == (str(other.history[:1]), {})  # as text: NaN is in it
        else:
            assert same(one, other), lane
    assert {lane for lane, one in zip(MANY, results, strict=True) if one.stopped} >= {HOPELESS}


@pytest.mark.parametrize("optimiser", ["sgd", pytest.param(ADAM, marks=pytest.mark.full)])
def test_lanes_leave_and_the_others_keep_their_bits(
    optimiser: str, wide: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = replace(wide, recipe=replace(wide.recipe, optimiser=optimiser))
    lanes = MANY if optimiser == "sgd" else [replace(lane, learning_rate=lane.learning_rate / 10) for lane in MANY]
    whole = train(task, lanes)
    made = sizes(monkeypatch)
    results = train(task, lanes, below=BELOW)
    assert made == [32, 16]
    if optimiser == "sgd":
        check(results, whole)
    for one, other in zip(results, whole, strict=True):
        assert one.has_ended or same(one, other)
    assert sum(not one.has_ended for one in results) >= 3


@pytest.mark.parametrize("steps", [pytest.param(3, marks=pytest.mark.full), 6])
def test_a_killed_training_goes_on_in_the_smaller_array(
    steps: int, wide: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, asked = Checkpoint.of(tmp_path, "this"), iter("SIGTERM" if n == steps else None for n in range(1, 99))
    with monkeypatch.context() as patch:
        patch.setattr(stop, "asked", lambda: next(asked))
        with pytest.raises(Interrupted):
            train(wide, MANY, None, checkpoint, below=BELOW)
    lines: list[str] = []
    results = train(wide, MANY, lines.append, checkpoint, below=BELOW)
    assert "going on after step" in lines[0]
    undisturbed = train(wide, MANY, below=BELOW)
    for one, other in zip(results, undisturbed, strict=True):
        assert (one.stopped, one.diverged) == (other.stopped, other.diverged)
        assert str(one.history) == str(other.history)
        assert one.diverged or same(one, other)


def test_a_lane_by_itself_ends_at_once(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    serial = replace(task, engine=Engine())
    (result,) = train(serial, [HOPELESS], below={2: 100.0})
    assert (len(result.history), result.stopped) == (2, True)
    (whole,) = train(serial, [HOPELESS], below={serial.recipe.epochs: 100.0})
    assert (len(whole.history), whole.stopped) == (4, False)  # at the end nothing is stopped
