"""Workers: independent pieces on the cores of a CPU, one core each, and the jobs of a machine on its GPUs.

A cluster gives each job its GPU by CUDA_VISIBLE_DEVICES, which CUDA respects. Where a job sees several, because one
`snakemake` runs many jobs on one machine, each takes a place on the emptiest.
"""

import contextlib
import fcntl
import itertools
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import IO, Any, TypeVar

import torch

from prunescape.errors import UserError
from prunescape.training import stop

Result = TypeVar("Result")

_pieces: Sequence[Callable[[], Any]] = ()  # what forked workers find; closures cannot be sent to them


def run_all(pieces: Sequence[Callable[[], Result]], workers: int) -> list[Result]:
    """The result of each piece, in order.

    With one worker they run here, one after the other. Else so many forked processes with one thread each take them in
    turn; they import nothing again.

    Raises:
        Interrupted: a piece was asked to stop.
        UserError: a worker died.
    """
    global _pieces  # the only way into a forked worker
    if workers == 1:
        with stop.watching():
            return [piece() for piece in pieces]
    _pieces = pieces
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _start, (os.getpid(),))
    try:
        with stop.watching(_pass_on), pool:
            try:
                return [pickle.loads(result) for result in pool.map(_run, range(len(pieces)))]  # our own
            except BrokenProcessPool:
                for worker in multiprocessing.active_children():
                    worker.kill()  # the pool would ask them to stop by SIGTERM, which they only take notice of
                raise
    except BrokenProcessPool:
        raise UserError(
            "a training process was killed, most likely because memory ran out; lower engine.threads or engine.lanes,"
            " or ask for more memory; finished cells are kept"
        ) from None
    finally:
        _pieces = ()


def _start(parent: int) -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this worker once its parent has been killed; nobody would take its results."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _run(number: int) -> bytes:
    # Pickled here, by value; torch would send a file descriptor for each tensor, and there are too few.
    return pickle.dumps(_pieces[number]())


def _pass_on(number: int) -> None:
    for worker in multiprocessing.active_children():
        if worker.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.Signals(number))


_PLACES: list[IO[str]] = []  # locks live as long as this process


def claim_gpu() -> None:
    """Make one of the visible GPUs this process's own; it stays so until the process ends."""
    if torch.cuda.device_count() > 1 and not _PLACES:
        names = [str(torch.cuda.get_device_properties(k).uuid) for k in range(torch.cuda.device_count())]
        torch.cuda.set_device(claim(names))


def claim(names: Sequence[str], folder: str | None = None) -> int:
    """The position of the GPU in `names` on which fewest processes of this user have a place, and take a place there.

    Places are files that processes lock; the system unlocks them when a process ends, however it ends.
    """
    places = Path(folder or tempfile.gettempdir()) / f"prunescape-gpus-{os.getuid()}"
    places.mkdir(mode=0o700, exist_ok=True)
    for place in itertools.count():
        for position, name in enumerate(names):
            file = (places / f"{name}-{place}").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                _PLACES.append(file)
                return position
    raise AssertionError  # the loop above has no end
