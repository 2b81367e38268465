"""Training that is asked to stop or has its workers killed: it goes on to the same bits, or says why not."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from prunescape.errors import Interrupted, UserError
from prunescape.runtime.logs import TRY_AGAIN
from prunescape.training import stop
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.train import Lane, LaneResult, Task, train
from prunescape.training.workers import run_all
from training_samples import LANES, same

LIBRARY = Path(__file__).parents[2] / "workflow"
DIVERGES = Lane(1e15, 0.5)


@pytest.mark.parametrize("steps", [1, 4, 6, 16])
def test_being_asked_to_stop_saves_the_step_under_way(
    steps: int, task: Task, together: list[LaneResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter(["SIGTERM" if count == steps else None for count in range(1, 100)])
    checkpoint = Checkpoint.of(tmp_path / "state", "identity")
    with monkeypatch.context() as patch:
        patch.setattr(stop, "asked", lambda: next(asked))
        with pytest.raises(Interrupted, match=rf"stopped by SIGTERM in epoch {(steps + 3) // 4}/4; run again to go on"):
            train(task, LANES, None, checkpoint)
    lines: list[str] = []
    resumed = train(task, LANES, lines.append, checkpoint)
    assert f"going on after step {(steps - 1) % 4 + 1} of epoch {(steps + 3) // 4}" in lines[0]
    assert all(same(one, other) for one, other in zip(resumed, together, strict=True))


def test_a_finished_array_is_not_trained_again(task: Task, together: list[LaneResult], tmp_path: Path) -> None:
    checkpoint = Checkpoint.of(tmp_path / "state", "identity")
    train(task, LANES, None, checkpoint)
    lines: list[str] = []
    again = train(task, LANES, lines.append, checkpoint)
    assert len(lines) == 1
    assert all(same(one, other) for one, other in zip(again, together, strict=True))


def test_checkpoints_that_are_stale_or_damaged_are_named_and_ignored(
    task: Task, together: list[LaneResult], tmp_path: Path, caplog
) -> None:
    caplog.set_level("INFO")
    train(replace(task, seed=4), LANES[:2], None, Checkpoint.of(tmp_path, "other"))
    fresh = train(task, LANES, None, Checkpoint.of(tmp_path, "this"))
    assert "checkpoint of another training, ignored" in caplog.text
    assert all(same(one, other) for one, other in zip(fresh, together, strict=True))
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-9])
    fresh = train(task, LANES, None, Checkpoint.of(tmp_path, "this"))
    assert "the checkpoint is ignored" in caplog.text
    assert all(same(one, other) for one, other in zip(fresh, together, strict=True))


def test_what_cannot_change_a_result_is_no_part_of_its_identity(task: Task) -> None:
    def identity(**changes) -> list:
        return replace(task, engine=replace(task.engine, **changes)).identity()

    assert identity(threads=3) == identity(strategy="graphed") == identity()
    for change in ({"lanes": 32}, {"precision": "float64"}, {"channels_last": False}, {"micro_batch": 5}):
        assert identity(**change) != identity()


def test_workers_give_the_same_bits_as_one_process(task: Task, together: list[LaneResult]) -> None:
    lanes = [*LANES, DIVERGES, *LANES * 6]  # three arrays
    lines: list[str] = []
    parallel = replace(task, engine=replace(task.engine, threads=2))
    results = train(parallel, lanes, lines.append)
    assert [result.lane for result in results] == lanes
    for lane, result in zip(lanes, results, strict=True):
        assert result.diverged if lane is DIVERGES else same(result, together[LANES.index(lane)])


def test_a_worker_that_is_killed_is_one_line() -> None:
    with pytest.raises(UserError, match="a training process was killed, most likely because memory ran out"):
        run_all([lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: None], workers=2)


def test_the_others_do_not_wait_for_ever_for_a_worker_that_was_killed(task: Task) -> None:
    """They are at work on something long, and take SIGTERM for no more than a wish."""

    def die() -> None:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)

    start = time.monotonic()
    with pytest.raises(UserError, match="a training process was killed"):
        run_all([die, lambda: time.sleep(300)], workers=2)
    with pytest.raises(UserError, match="a training process was killed"):
        run_all([die, lambda: time.sleep(300), lambda: None], workers=3)
    assert time.monotonic() - start < 30


JOB = """
import sys
from types import SimpleNamespace
from pathlib import Path
from prunescape.data.prepared import load_prepared
from prunescape.runtime.logs import logged
from prunescape.models.architecture import Architecture
from prunescape.training.train import Task
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.train import Lane
from prunescape.training.recipe import Recipe
from prunescape.training.train import train

data, folder, threads, epochs = sys.argv[1:]
recipe = Recipe(int(epochs), 25, 0.9, 0.1, ())
engine = Engine(strategy="fused", lanes=16, threads=int(threads))
task = Task(Architecture("small_resnet", (1, 8, 8), 10), load_prepared(data), engine, 0, recipe)
with logged(SimpleNamespace(log=[folder + "/log"], input=[], params={})) as logger:
    results = train(task, [Lane(0.1, 0.001 * k) for k in range(32)], logger.info, Checkpoint.of(folder + "/state", 1))
    lines = [f"{tensor.double().sum().item()!r}" for result in results for tensor in result.weights.values()]
    Path(folder, "weights").write_text("\\n".join(lines))
"""


def start(data: Path, folder: Path, threads: int, epochs: int) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", JOB, str(data / "meta.json"), str(folder), str(threads), str(epochs)],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.full)])
def test_sigterm_ends_a_job_with_a_status_of_its_own_and_a_rerun_goes_on(
    threads: int, task: Task, tmp_path: Path
) -> None:
    undisturbed = start(task.data.directory, tmp_path / "undisturbed", 2, 12)
    folder, log = tmp_path / "stopped", tmp_path / "stopped" / "log"
    job = start(task.data.directory, folder, threads, 12)
    wait_for(lambda: log.exists() and "epoch 2/12" in log.read_text(), "training")
    job.send_signal(signal.SIGTERM)
    _, errors = job.communicate(timeout=60)
    assert job.returncode == TRY_AGAIN, errors
    assert errors.startswith("prunescape: stopped by SIGTERM in epoch")
    assert errors.count("\n") == 1
    assert "Traceback" not in log.read_text()

    again = start(task.data.directory, folder, threads, 12)
    assert again.wait(60) == 0
    assert "going on after step" in log.read_text()
    assert undisturbed.wait(60) == 0
    assert (folder / "weights").read_text() == (tmp_path / "undisturbed" / "weights").read_text()


def test_workers_do_not_outlive_the_process_that_started_them(task: Task, tmp_path: Path) -> None:
    job = start(task.data.directory, tmp_path / "killed", 2, 10_000)

    def members() -> list[int]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getsid(process.pid) == job.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
        return found

    wait_for(lambda: len(members()) >= 3, "workers")
    job.kill()
    job.wait()
    wait_for(lambda: not members(), "the workers' end")
