"""A job lock lets one process at a time do a piece of work, and survives its holder's death."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from prunescape.runtime import job_lock as module
from prunescape.runtime import slurm_orphans
from prunescape.runtime.job_lock import holder_of, job_lock

HOLD = """
import sys, time
from pathlib import Path
from prunescape.runtime import job_lock as module
from prunescape.runtime import slurm_orphans
module.BEAT_SECONDS = 0.1
with module.job_lock(sys.argv[1], "same work", [sys.argv[2]]) as to_do:
    print(to_do, flush=True)
    sys.stdin.readline()
    Path(sys.argv[2]).write_text("done")
"""

ELSEWHERE = {"identity": "same work", "machine": "elsewhere", "process": 1, "born": "1"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in [("BEAT_SECONDS", 0.1), ("LOOK_SECONDS", 0.05), ("LOST_SECONDS", 1.0)]:
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    """Where the job lock is, and where the result."""
    return tmp_path / "checkpoints/tile.lock", tmp_path / "tile.csv"


@pytest.fixture
def other(place: tuple[Path, Path]) -> subprocess.Popen:
    """Another process that holds the job lock; a line on its standard input lets it end its work."""
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, *map(str, place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.wait()


def finish_soon(process: subprocess.Popen) -> None:
    threading.Timer(0.3, lambda: process.communicate("\n")).start()


def test_the_lock_names_its_holder_and_is_given_back(place) -> None:
    path, result = place
    with job_lock(path, "work", [result]) as to_do:
        assert to_do
        assert holder_of(path.read_text())["process"] == os.getpid()
    assert list(path.parent.iterdir()) == []


def test_a_failure_gives_it_back_too(place) -> None:
    with pytest.raises(ZeroDivisionError), job_lock(place[0], "work", [place[1]]):
        raise ZeroDivisionError
    assert not place[0].exists()


def test_what_the_holder_finishes_is_not_done_again(place, other) -> None:
    finish_soon(other)
    with job_lock(place[0], "same work", [place[1]]) as to_do:
        assert not to_do
        assert place[1].read_text() == "done"


def test_other_work_in_the_same_place_waits_and_is_done(place, other) -> None:
    """The config has changed in between: what the old job makes does not count."""
    finish_soon(other)
    with job_lock(place[0], "changed work", [place[1]]) as to_do:
        assert other.poll() is not None or place[1].exists()
        assert to_do


def test_a_killed_holder_is_noticed_at_once_on_its_machine(place, other, monkeypatch) -> None:
    monkeypatch.setattr(module, "LOST_SECONDS", 1000)
    other.kill()
    other.wait()
    start = time.monotonic()
    with job_lock(place[0], "same work", [place[1]]) as to_do:
        assert to_do
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("text", [None, b"", b"{}", b"damaged", b'{"identity": "\xff"}'])
def test_a_lock_that_nobody_touches_is_taken_over(place, text) -> None:
    """A holder on another machine, or a damaged file: only time tells."""
    path = place[0]
    path.parent.mkdir()
    path.write_bytes(json.dumps(ELSEWHERE).encode() if text is None else text)
    with job_lock(path, "same work", [place[1]]) as to_do:
        assert to_do
        assert holder_of(path.read_text())["process"] == os.getpid()


def test_a_holder_that_lives_on_another_machine_is_waited_for(place) -> None:
    path = place[0]
    path.parent.mkdir()
    path.write_text(json.dumps(ELSEWHERE))
    beats = 20

    def live() -> None:
        for _ in range(beats):
            time.sleep(0.1)
            os.utime(path)
        path.unlink()

    thread = threading.Thread(target=live)
    thread.start()
    with job_lock(path, "work", [place[1]]) as to_do:
        assert not thread.is_alive()
        assert to_do


def test_a_holder_that_was_taken_for_dead_stops(place, other) -> None:
    """As a machine that was suspended wakes up: its work has gone on elsewhere."""
    place[0].write_text("another holder")
    assert other.wait(10) == -signal.SIGTERM
    assert not place[1].exists()
    assert place[0].read_text() == "another holder"


def test_a_lock_that_is_taken_while_a_dead_ones_is_removed_is_left_to_its_holder(place, monkeypatch) -> None:
    path, ended = place[0], threading.Event()
    path.parent.mkdir()
    path.write_text("of one that has died")
    outlast = module._outlast

    def slow(file: Path, holder: str) -> bool:
        found = outlast(file, holder)
        if holder == "of one that has died":
            path.write_text(json.dumps(ELSEWHERE))
            threading.Timer(0.5, lambda: (ended.set(), path.unlink())).start()
        return found

    monkeypatch.setattr(module, "_outlast", slow)
    with job_lock(path, "work", [place[1]]) as to_do:
        assert to_do
        assert ended.is_set()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK])
def test_a_file_system_without_hard_links_has_locks_too(place, other, monkeypatch, number: int) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), source, None, target)

    monkeypatch.setattr(os, "link", refuse)
    finish_soon(other)
    with job_lock(place[0], "same work", [place[1]]) as to_do:
        assert not to_do
        assert holder_of(place[0].read_text())["process"] == os.getpid()
        assert not module._create(place[0], "another")
    assert list(place[0].parent.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, f'{{"identity": {"1" * 5000}}}', '{"identity": 1}'])
def test_a_text_that_is_no_lock_has_no_holder(text: str) -> None:
    assert holder_of(text) == {}


def test_locks_that_are_damaged_name_no_slurm_jobs(tmp_path: Path, monkeypatch) -> None:
    """They are looked at before the first job of every run."""
    (tmp_path / "a.lock").write_bytes(b"\xff")
    (tmp_path / "b.lock").symlink_to(tmp_path / "gone")
    (tmp_path / "c.lock").write_text(json.dumps({**ELSEWHERE, "slurm_job": 12}))
    monkeypatch.setattr(slurm_orphans, "_in_queue", lambda numbers: sorted(numbers) if numbers == {"12"} else [])
    monkeypatch.setattr(slurm_orphans.subprocess, "run", lambda *_, **__: None)
    assert slurm_orphans.cancel_orphans([], tmp_path) == ["12"]
