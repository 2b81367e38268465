"""Being asked to stop: a signal sets a flag, and training stops between two steps, its state saved.

Slurm sends SIGTERM before it kills a job at its time limit or preempts it; Ctrl-C sends SIGINT.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_noticed: list[int] = []


@contextlib.contextmanager
def watching(pass_on: Callable[[int], None] | None = None) -> Iterator[None]:
    """Notice the signals inside, instead of dying of them.

    Args:
        pass_on: is given each signal, to tell other processes.
    """

    def notice(number: int, _frame: FrameType | None) -> None:
        _noticed.append(number)
        if pass_on is not None:
            pass_on(number)

    if threading.current_thread() is not threading.main_thread():  # Python lets no other thread handle signals
        yield
        return
    before = {number: signal.signal(number, notice) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _noticed.clear()


def asked() -> str | None:
    """The name of the signal that asked this process to stop, or None."""
    return signal.Signals(_noticed[0]).name if _noticed else None
