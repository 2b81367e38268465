"""Hashes of the content of many files, kept by size and times so that each is read once. Light: no library.

Where the kept ones lie is no result: without them, or where they cannot be written, the files are read again.
"""

import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prunescape.io.files import atomic

READERS = 8  # files read at once: network disks answer late, and hashing leaves Python's lock
TOLD_BYTES = 1 << 29  # reading more is told
SETTLED = 2.0  # seconds: a file changed less long ago may change once more within the same time stamp
SAVED_EVERY = 30.0  # seconds


class Hashes:
    """The hashes of files by path, kept in one file."""

    def __init__(self, keep: Path) -> None:
        """Open what was kept in the file `keep`; what is damaged or missing counts as nothing."""
        self.keep = keep
        self._known = _read(keep)

    def of(self, paths: Sequence[str], tell: Callable[[str], None] = print) -> list[str]:
        """The hash of each file's content, in order; of one that cannot be read, the reason.

        Args:
            paths: the files; links are followed.
            tell: takes lines when much has to be read.
        """
        stamps = [_stamp(path) for path in paths]
        self._known = {path: self._known[path] for path in paths if path in self._known}
        unread = [i for i, path in enumerate(paths) if self._known.get(path, ("", ""))[0] != stamps[i]]
        size = sum(int(stamps[i].partition(" ")[0]) for i in unread if stamps[i][:1].isdigit())
        if size > TOLD_BYTES:
            tell(f"reading {len(unread):,} files once, {size / 1e9:.1f} GB, to know them again")
        fresh = self._read_all([paths[i] for i in unread], tell) if unread else {}
        return [fresh[path] if path in fresh else self._known[path][1] for path in paths]

    def _read_all(self, paths: list[str], tell: Callable[[str], None]) -> dict[str, str]:
        """Hashes of files by path, read now; they are kept, also when this is interrupted."""
        found: dict[str, str] = {}
        saved = time.monotonic()
        try:
            with ThreadPoolExecutor(READERS) as pool:
                for start in range(0, len(paths), 1024):
                    part = paths[start : start + 1024]
                    for path, (stamp, content) in zip(part, pool.map(_hash, part), strict=True):
                        found[path] = content
                        if stamp is not None:
                            self._known[path] = (stamp, content)
                    if time.monotonic() - saved > SAVED_EVERY:
                        self._save()
                        saved = time.monotonic()
                        tell(f"read {len(found):,} of {len(paths):,} files")
        finally:
            self._save()
        return found

    def _save(self) -> None:
        records = [f"{stamp} {content} {path}" for path, (stamp, content) in self._known.items()]
        body = os.fsencode("\0".join(records))
        with contextlib.suppress(OSError), atomic(self.keep) as temporary:
            temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\0" + body)


def _read(keep: Path) -> dict[str, tuple[str, str]]:
    """Stamps and hashes by path."""
    try:
        checksum, _, body = keep.read_bytes().partition(b"\0")
    except OSError:
        return {}
    if hashlib.sha256(body).hexdigest().encode() != checksum or not body:
        return {}
    known = {}
    for record in os.fsdecode(body).split("\0"):
        *stamp, content, path = record.split(" ", 5)
        known[path] = (" ".join(stamp), content)
    return known


def _stamp(path: str) -> str:
    """Size, times and number of a file, which change with its content; empty where there is none."""
    try:
        return _stamp_of(os.stat(path))  # noqa: PTH116 - a million paths
    except OSError:
        return ""


def _stamp_of(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _hash(path: str) -> tuple[str | None, str]:
    """The stamp of a file, where it is to be trusted, and the hash of its content, or why it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            content = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        return None, errno.errorcode.get(error.errno or 0, "unreadable")
    now = time.time()
    is_settled = all(abs(now - changed) > SETTLED for changed in (status.st_mtime, status.st_ctime))
    return (_stamp_of(status) if is_settled else None), content
