"""Programs that run in the background for the test cluster. The standard library only, as in `cluster`."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STATE = Path(os.environ.get("PRUNESCAPE_SLURM", "/tmp/prunescape-slurm"))


class ClusterError(Exception):
    """What is wrong, in one line."""


def quiet(*command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is kept, its failure is not an error."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer within {seconds} s")


def must(*command: str) -> str:
    """Run a command that has to succeed; what it prints."""
    result = quiet(*command, seconds=600)
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
        raise ClusterError(f"{' '.join(command[:4])}: {lines[-1]}")
    return result.stdout


def wait_until(ready: Callable[[], bool], seconds: float) -> bool:
    """Whether `ready` becomes true in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@dataclass(frozen=True)
class Daemon:
    """A program that runs in the background, with its pid and its log in the state folder."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]

    @property
    def pid(self) -> int | None:
        """The process that we started, if it is still that one."""
        with suppress(OSError, ValueError):
            pid, birth = (STATE / f"{self.name}.pid").read_text().split()
            if _birth(int(pid)) == birth:
                return int(pid)
        return None

    def start(self) -> None:
        if self.pid is None:
            with (STATE / f"{self.name}.out").open("w") as log:
                process = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            (STATE / f"{self.name}.pid").write_text(f"{process.pid} {_birth(process.pid)}")
        if not wait_until(lambda: self.ready() or self.pid is None, 60) or self.pid is None:
            lines = (STATE / f"{self.name}.out").read_text(errors="replace").strip().splitlines() or ["no message"]
            raise ClusterError(f"{self.name} did not start: {lines[-1]} (see {STATE}/{self.name}.out)")

    def stop(self) -> None:
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        if not wait_until(lambda: self.pid is None, 20):
            os.kill(pid, signal.SIGKILL)


def _birth(pid: int) -> str | None:
    """When a process began, which tells it from a later one of the same number; None if it has ended."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    return None
