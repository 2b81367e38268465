"""Snapshots: training is the same with and without them, killed or not, and so are they."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunescape.data.randomness import derive_seed
from prunescape.models.build import build
from prunescape.training.checkpoint import Checkpoint, Snapshots, State
from prunescape.training.train import Lane, LaneResult, Task, train
from training_samples import ARCHITECTURE, LANES, RECIPE, same

EPOCHS = (0, 1, 3, 4)
DIVERGES = Lane(1e15, 0.5)


class Killed(Exception):  # noqa: N818 - what a test raises in place of a signal
    """The job ends here."""


def equal(one: dict[int, State], other: dict[int, State]) -> bool:
    return list(one) == list(other) and all(
        torch.equal(tensor, other[epoch][name]) for epoch, state in one.items() for name, tensor in state.items()
    )


@pytest.fixture(scope="module")
def watched(task: Task, tmp_path_factory) -> tuple[list[LaneResult], Snapshots]:
    """`LANES` with snapshots, in one go."""
    snapshots = Snapshots.of(tmp_path_factory.mktemp("watched"), EPOCHS, "identity")
    return train(task, LANES, on_epoch=snapshots), snapshots


def test_watching_changes_no_bit(watched: tuple[list[LaneResult], Snapshots], together: list[LaneResult]) -> None:
    results, _ = watched
    assert all(same(one, other) for one, other in zip(results, together, strict=True))


def test_snapshots_are_the_networks_after_so_many_epochs(
    watched: tuple[list[LaneResult], Snapshots], task: Task
) -> None:
    results, snapshots = watched
    initial = build(ARCHITECTURE, derive_seed(task.seed, "initialisation")).state_dict()
    shorter = train(replace(task, recipe=replace(RECIPE, epochs=3)), LANES)
    for lane in range(len(LANES)):
        states = snapshots.lane(lane)
        assert list(states) == [0, 1, 3, 4]
        for name in initial:
            assert torch.equal(states[0][name], initial[name])
            assert torch.equal(states[3][name], shorter[lane].weights[name])
            assert torch.equal(states[4][name], results[lane].weights[name])


@pytest.mark.parametrize(("last", "with_snapshots"), [(1, True), (3, True), (6, True), (5, False), (8, False)])
def test_a_killed_training_goes_on_to_the_same_bits_and_has_every_snapshot(
    last: int,
    with_snapshots: bool,
    task: Task,
    together: list[LaneResult],
    watched: tuple[list[LaneResult], Snapshots],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("prunescape.training.train.CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr("prunescape.training.train.CHECKPOINT_SHARE", 1e9)
    checkpoint = Checkpoint.of(tmp_path / "state", {"lanes": 22})
    snapshots = Snapshots.of(tmp_path, EPOCHS, 1) if with_snapshots else None
    lanes = [*LANES, DIVERGES, *LANES * 4]  # two arrays, a lane that diverges
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == last:
            raise Killed

    with pytest.raises(Killed):
        train(task, lanes, report, checkpoint, snapshots)
    resumed = train(task, lanes, lines.append, checkpoint, snapshots)
    assert any("going on after step" in line for line in lines)
    for number, (lane, result) in enumerate(zip(lanes, resumed, strict=True)):
        if lane is DIVERGES:
            assert result.diverged
            continue
        assert same(result, together[LANES.index(lane)])
        assert snapshots is None or equal(snapshots.lane(number), watched[1].lane(LANES.index(lane)))
    checkpoint.remove()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("loss", ["epoch", "file", "damage"])
def test_a_checkpoint_beyond_a_lost_snapshot_is_not_used(
    loss: str, task: Task, together: list[LaneResult], watched: tuple[list[LaneResult], Snapshots], tmp_path: Path
) -> None:
    checkpoint, snapshots = Checkpoint.of(tmp_path, 1), Snapshots.of(tmp_path, EPOCHS, 1)
    train(task, LANES, None, checkpoint, replace(snapshots, epochs=frozenset({0, 4})) if loss == "epoch" else snapshots)
    lost = tmp_path / "lane-2-epoch-3.safetensors"
    if loss == "file":
        lost.unlink()
    elif loss == "damage":
        lost.write_bytes(lost.read_bytes()[:-5])
    lines: list[str] = []
    again = train(task, LANES, lines.append, checkpoint, snapshots)
    assert f"the snapshot of epoch {1 if loss == 'epoch' else 3} is missing; training starts anew" in lines[0]
    assert all(same(one, other) for one, other in zip(again, together, strict=True))
    assert equal(snapshots.lane(2), watched[1].lane(2))


def test_snapshots_of_another_training_are_not_taken_for_this_one(task: Task, tmp_path: Path) -> None:
    brief = replace(task, recipe=replace(RECIPE, epochs=1))
    train(brief, LANES[:1], on_epoch=Snapshots.of(tmp_path, [1], "other"))
    assert Snapshots.of(tmp_path, [1], "other").load(1, 0) is not None
    assert Snapshots.of(tmp_path, [1], "this").load(1, 0) is None


def test_what_comes_after_divergence_is_missing_and_what_came_before_is_there(task: Task, tmp_path: Path) -> None:
    snapshots = Snapshots.of(tmp_path, EPOCHS, 1)
    (result,) = train(task, [DIVERGES], on_epoch=snapshots)
    assert result.diverged
    assert list(snapshots.lane(0)) == [epoch for epoch in EPOCHS if epoch <= len(result.history)]
