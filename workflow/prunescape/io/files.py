"""Reading and writing small files so that neither a half-written nor a damaged one is mistaken for a whole one.

A table or JSON file, and whatever a job makes, has its seal beside it: see `prunescape.io.seals`. Where that is
missing, the readers here take a file as it is; a job has no such inputs, see `prunescape.runtime.logs`.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import socket
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunescape.errors import UserError
from prunescape.io.schema import check_schema
from prunescape.io.seals import Seal, identity_to_write, is_at, read_seal, seal, seal_path, seal_text

if TYPE_CHECKING:
    import pandas as pd

_HOST = socket.gethostname()[:30]


@contextmanager
def atomic(path: str | os.PathLike[str], sealed: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there takes the name `path` only once it is whole.

    Args:
        path: the file.
        sealed: whether its checksum is written, too; always of what a job makes.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    writer = f".{target.name}.{_HOST}.{os.getpid()}."
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=writer, suffix=target.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # else the name may outlive a power failure, and the content not
        identity = identity_to_write(target)
        if sealed or identity is not None:
            write_text(seal(target), seal_text(target.name, sha256(temporary), identity))
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
        if sealed or identity is not None:
            os.utime(seal(target))  # a file that has changed later than its seal is read again, see `is_edited`
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _sweep(folder: Path) -> None:
    """Remove temporary files in a folder of writers on this machine that were killed; looked for once a process."""
    left = re.compile(rf"\..+\.{re.escape(_HOST)}\.(\d+)\.\w{{8}}(\.\w+)?")
    for path in folder.iterdir():
        if (match := left.fullmatch(path.name)) and not _is_alive(int(match[1])):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_seal(path: str | os.PathLike[str]) -> None:
    """Compare a file with its seal, if it has one.

    Raises:
        UserError: it is not what was written, or was written for another place.
    """
    found = read_seal(path)
    if found is None:
        return
    if found.checksum != sha256(path):
        raise UserError(f"{path}: damaged, its checksum is not that of what was written; {remedy(path)}")
    check_place(path, found)


def is_edited(path: str | os.PathLike[str], found: Seal) -> bool:
    """Whether a file is not what was written; it is only read where it has changed later than its seal.

    Args:
        path: the file.
        found: its seal.
    """
    try:
        file, its_seal = os.stat(path), os.stat(seal_path(path))  # noqa: PTH116 - tens of thousands
    except OSError:  # it is gone
        return False
    if file.st_ctime_ns <= its_seal.st_ctime_ns and not stat.S_ISDIR(file.st_mode):
        return False
    if stat.S_ISDIR(file.st_mode) or sha256(path) != found.checksum:
        return True
    with contextlib.suppress(OSError):  # read-only
        os.utime(seal_path(path))
    return False


def check_place(path: str | os.PathLike[str], found: Seal) -> None:
    """Make sure that a file is at the place that its seal names.

    Raises:
        UserError: it was written for another place.
    """
    if found.identity is not None and not is_at(path, found.identity.place):
        raise UserError(f"{path}: was written as {found.identity.place} and put here; {remedy(path)}")


def remedy(path: str | os.PathLike[str]) -> str:
    """The remedy for a damaged result: making it anew alone, as an equal result makes nothing else run again."""
    return f"make it anew by itself, `snakemake --force {path}`, and go on"


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write `value` as indented JSON, atomically, with its checksum; NaN becomes null, because JSON has no NaN."""
    text = json.dumps(_without_nan(value), indent=2, allow_nan=False) + "\n"
    with atomic(path, sealed=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises:
        UserError: the file is missing, is not JSON, or is not what was written.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, a number of thousands of digits
        raise UserError(f"{path}: not valid JSON ({error}); {remedy(path)}") from None
    check_seal(path)
    return value


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_csv(path: str | os.PathLike[str], table: "pd.DataFrame") -> None:
    """Write a table as CSV, atomically, with its checksum; numbers keep every digit they need to read back the same."""
    with atomic(path, sealed=True) as temporary:
        table.to_csv(temporary, index=False)


def read_csv(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read a table that `write_csv` wrote.

    Raises:
        UserError: the file is missing, is no table, is not what was written, or not as its study describes it.
    """
    import pandas as pd

    try:
        check_seal(path)
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the rule that makes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: no table ({reason}); {remedy(path)}") from None
    check_schema(str(path), table, remedy(path))
    return table


def read_tables(paths: Iterable[str | os.PathLike[str]], columns: Iterable[str] = ()) -> "pd.DataFrame":
    """Tables that `write_csv` wrote, one below the other.

    Args:
        paths: of the tables.
        columns: those that come first, empty where no table has them.

    Raises:
        UserError: one is missing or damaged.
    """
    import pandas as pd

    table = pd.concat([read_csv(path) for path in paths], ignore_index=True)
    return table.reindex(columns=[*dict.fromkeys([*columns, *table])])
