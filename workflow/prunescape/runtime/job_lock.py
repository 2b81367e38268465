"""Locks that let one process at a time do a piece of work, on whatever machine it runs.

A snakemake that was killed, or a node that was given up and comes back, leaves trainings behind that nobody waits for.
A new job of the same tile must neither train beside such a one nor do again what that one finishes. So whoever trains
holds a job lock: a small file that says who holds it, and that its holder touches as long as it lives. Nothing here
depends on the clocks of two machines agreeing, or on locks, which not all shared file systems have.
"""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

BEAT_SECONDS = 10  # between two touches of a job lock
LOST_SECONDS = 90  # a holder that has not touched its job lock for so long has died with its machine
LOOK_SECONDS = 1
LOGGER = logging.getLogger("prunescape")


@contextmanager
def job_lock(path: str | os.PathLike[str], identity: str, results: Iterable[str | os.PathLike[str]]) -> Iterator[bool]:
    """Hold the job lock at `path`, once nobody else does. Yields whether there is still something to do.

    Args:
        path: where the job lock is, the same for everyone who would do this work.
        identity: what decides the results.
        results: the files that the work makes; there before us only if the holder that we waited for has made them.
    """
    file = Path(path)
    me = json.dumps({"identity": identity, **_self()})
    file.parent.mkdir(parents=True, exist_ok=True)
    before = _take(file, me)
    ended = threading.Event()
    threading.Thread(target=_keep, args=(file, me, ended), daemon=True).start()
    try:
        done = before == identity and all(Path(result).exists() for result in results)
        if done:
            LOGGER.info("the other job has done it")
        yield not done
    finally:
        ended.set()
        _remove(file, me)


def _take(file: Path, me: str) -> str | None:
    """Write the job lock as soon as nobody else holds it; the identity of the last other holder."""
    before = None
    while not _create(file, me):
        holder = text_of(file)
        if holder is None:
            continue
        who = holder_of(holder)
        before = who.pop("identity", None)
        if not _has_died(holder):
            LOGGER.info("another job is at it, waiting for its end: %s", json.dumps(who))
        if not _outlast(file, holder):
            LOGGER.info("the job that was at it before is no more, going on in its place")
            _remove(file, holder)
    return before


def _create(file: Path, me: str) -> bool:
    """Write the job lock unless there is one. A hard link appears whole or not at all, on network file systems too."""
    draft = _beside(file, "new")
    draft.write_text(me, encoding="utf-8")
    try:
        os.link(draft, file)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: others may see the lock empty, and then look again
        return _create_in_place(file, me)
    finally:
        draft.unlink()
    return True


def _create_in_place(file: Path, me: str) -> bool:
    try:
        lock = file.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    with lock:
        lock.write(me)
    return True


def _remove(file: Path, holder: str) -> None:
    """Remove the job lock of a holder; that of another one, who took it after it was looked at, is put back."""
    taken = _beside(file, "old")
    try:
        file.rename(taken)
    except FileNotFoundError:
        return
    other = text_of(taken)
    if other is not None and other != holder:
        _create(file, other)
    taken.unlink(missing_ok=True)


def _beside(file: Path, what: str) -> Path:
    """A path beside a job lock that no other process uses."""
    return file.with_name(f".{file.name}.{socket.gethostname()}.{os.getpid()}.{what}")


def _outlast(file: Path, holder: str) -> bool:
    """Wait until a holder has given its job lock back (true) or has died (false)."""
    touched, seen = _touched(file), time.monotonic()
    while text_of(file) == holder:
        if _touched(file) != touched:
            touched, seen = _touched(file), time.monotonic()
        if _has_died(holder) or time.monotonic() - seen > LOST_SECONDS:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _keep(file: Path, me: str, ended: threading.Event) -> None:
    """Touch our lock now and then. If it is ours no more, we were taken for dead: stop, another one has gone on."""
    while not ended.wait(BEAT_SECONDS):
        with suppress(OSError):
            if text_of(file) == me:
                os.utime(file)
            elif not ended.is_set() and not _create(file, me):
                LOGGER.error("error: another job has taken %s; stopping", file)
                os.kill(os.getpid(), signal.SIGTERM)


def holder_of(lock: str) -> dict[str, Any]:
    """The holder of a job lock, from the lock's text; empty where the text is damaged, and the lock's age decides."""
    with suppress(ValueError, RecursionError):
        who = json.loads(lock)
        return who if isinstance(who, dict) and {"identity", "machine", "process", "born"} <= set(who) else {}
    return {}


def text_of(file: Path) -> str | None:
    """The text of a job lock, whatever is in it; None where there is no lock any more."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _touched(file: Path) -> int:
    with suppress(FileNotFoundError):
        return file.stat().st_mtime_ns
    return 0


def _self() -> dict[str, str | int]:
    """This process as the holder of a lock; the Slurm job is for people who read it."""
    job = {"slurm_job": number} if (number := os.environ.get("SLURM_JOB_ID")) else {}
    return {"machine": _machine(), "process": os.getpid(), "born": _born(os.getpid()), **job}


def _has_died(holder: str) -> bool:
    """Whether the holder of a lock is known to have ended, which can be told only of processes of this machine."""
    who = holder_of(holder)
    return who.get("machine") == _machine() and _born(who["process"]) != who["born"]


def _machine() -> str:
    """The name of what numbers processes: a machine, since it was started, and a container."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _born(process: int) -> str:
    """The time at which a process began, which tells it from a later one of the same number; empty if it has ended."""
    try:
        os.kill(process, 0)
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (ProcessLookupError, FileNotFoundError):
        return ""
    except OSError:  # not ours, or no /proc here
        return "?"
    return "" if fields[0] in "ZX" else fields[19]
