"""Files that a network's code reads, as they are seen while it is made and tried."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunescape.models.external_code import INSTALLED, is_declared
from prunescape.runtime.fingerprint import LIBRARY

CODE = (".py", ".pyc", ".so")  # which a digest of the network's code sees
SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", sys.prefix, sys.base_prefix)


@contextmanager
def opened() -> Iterator[set[Path]]:
    """Collect the files of data that this process reads while this lasts; what it writes itself is left out.

    By Python's audit events: what a library of C opens by itself is not seen.
    """
    read: set[Path] = set()
    written: set[Path] = set()
    lasts = True

    def note(event: str, given: tuple[Any, ...]) -> None:
        if not lasts or event != "open" or not isinstance(given[0], str | bytes):
            return
        path = Path(os.path.realpath(os.fsdecode(given[0])))
        (written if given[2] & (os.O_WRONLY | os.O_RDWR) else read).add(path)

    sys.addaudithook(note)  # it cannot be taken away again
    try:
        yield read
    finally:
        lasts = False
        read -= written
        read -= {path for path in read if not _is_data(path)}


def _is_data(path: Path) -> bool:
    """Whether a file is neither code, nor of Python, of an installed package, of this project or of the system."""
    inside = [*map(Path, SYSTEM), LIBRARY.parent]
    return (
        path.suffix not in CODE
        and not any(part in INSTALLED for part in path.parts)
        and not any(path.is_relative_to(folder) for folder in inside)
        and path.is_file()
    )


def undeclared(read: Iterable[Path], declared: Sequence[str | Path]) -> list[str]:
    """Words on the files among those that were read which the config does not name, a line each."""
    return [
        f"{path} is read as the network is made or tried, and no change of its content would be seen; name it in files"
        for path in sorted(read)
        if not is_declared(path, declared)
    ]
