"""The errors that users read: their own mistakes, and what goes wrong outside the program, each in a line to act on."""

import difflib
import errno
import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from prunescape.printable import printable

Entry = TypeVar("Entry")

_FULL = "free some space and go on with the same command, finished results are kept"
REMEDIES = {
    errno.ENOSPC: f"the disk is full; {_FULL}",
    errno.EDQUOT: f"the disk quota is used up; {_FULL}",
    errno.EFBIG: f"the file would be larger than is allowed here (see ulimit -f); {_FULL}",
    errno.EROFS: "the file system is read-only; make it writable, or work in another folder",
    errno.EACCES: "no permission; make it writable, or work in another folder",
    errno.EPERM: "no permission; make it writable, or work in another folder",
    errno.EISDIR: "a folder is in the place of a file; move it away, and go on",
    errno.EEXIST: "a file is in the place of a folder; move it away, and go on",  # or a link that leads nowhere
    errno.ENOTDIR: "a file is in the place of a folder; move it away, and go on",
    errno.ENOTEMPTY: "a folder is in the place of a file; move it away, and go on",
    errno.ENAMETOOLONG: "the path is too long for this file system; choose shorter names, or work in another folder",
    errno.ELOOP: "a symbolic link leads back to itself; remove it, and go on",
    errno.EIO: "the disk or its network failed; go on with the same command once it works, finished results are kept",
    errno.ESTALE: "the network disk was lost; go on with the same command once it is back, finished results are kept",
}
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_NOT_PLAIN = r"[^\w@%+=:,./~-]"
MOST_NAMES = 20  # that a message lists
# As libraries written in Rust, such as safetensors, say it.
_RUST = re.compile(r"\(os error (\d+)\)")
# By name and words: torch is not loaded for this.
_GPU_FULL = re.compile(r"^OutOfMemoryError|CUDA.*out of memory", re.DOTALL)
GPU_FULL = (
    "the GPU has too little memory; let fewer networks run together (engine.lanes, or lanes in the section of a"
    " companion study), or set engine.micro_batch"
)


class UserError(Exception):
    """A mistake that the user can mend: one line saying what is wrong, where, and how to mend it."""

    def __str__(self) -> str:
        return printable(super().__str__())


class Interrupted(Exception):  # noqa: N818 - no mistake of anybody's
    """A job was asked to stop and has saved its state; running it again goes on from there."""


def known(catalogue: Mapping[str, Entry], kind: str, name: str) -> Entry:
    """The entry of `catalogue` called `name`.

    Raises:
        UserError: there is none; the message names the nearest one.
    """
    if name in catalogue:
        return catalogue[name]
    near = difflib.get_close_matches(name, catalogue, 1)
    more = f", and {len(catalogue) - MOST_NAMES} more" if len(catalogue) > MOST_NAMES else ""
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(list(catalogue)[:MOST_NAMES])}{more}"
    raise UserError(f"unknown {kind} {name!r}; {hint}")


def user_message(error: BaseException) -> str | None:
    """The line that a user is meant to read; None for what is a defect of ours."""
    if isinstance(error, UserError):
        return str(error)
    if _GPU_FULL.search(f"{type(error).__name__}: {error}"):
        return GPU_FULL
    if isinstance(error, OSError):
        number, where = error.errno, error.filename2 or error.filename  # of two, the one that would be written
    else:
        match = _RUST.search(str(error))
        number, where = (int(match.group(1)) if match else None), None
    remedy = REMEDIES.get(number or 0)
    return None if remedy is None else printable(f"{where or 'writing'}: {remedy}")


def in_a_line(error: BaseException) -> str:
    """An error as one short line, without the colours that libraries give a terminal."""
    text = " ".join(_COLOUR.sub("", str(error)).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Write a file into a folder, or into where it is going to be, and remove it again.

    Raises:
        UserError: that cannot be done.
    """
    existing = Path(folder).absolute()
    while not existing.is_dir():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = REMEDIES.get(error.errno or 0) or os.strerror(error.errno or 0)
        raise UserError(f"{folder}: {reason}") from None


def check_paths(python: str, project: str) -> None:
    """Make sure that Snakemake can start jobs where Python and the project are.

    Args:
        python: the interpreter, whose path it leaves unquoted.
        project: the folder of the Snakefile, in whose path it takes braces for a value's name.

    Raises:
        UserError: it cannot.
    """
    if re.search(_NOT_PLAIN, python):
        raise UserError(
            f"{python}: Snakemake starts no Python whose path has a space or another sign that a shell obeys; make the"
            " virtual environment elsewhere, as `make` does below such a folder, and call .venv/bin/snakemake itself"
        )
    if set("{}") & set(project):
        raise UserError(f"{project}: Snakemake finds no scripts in a folder whose path has braces; move this folder")


def check_spelling(folder: str | os.PathLike[str]) -> None:
    """Make sure that a folder is not there under another spelling, as where a file system is blind to case.

    Raises:
        UserError: it is, and whose results it has cannot be told.
    """
    path = Path(folder)
    names = os.listdir(path.parent) if path.is_dir() else [path.name]  # noqa: PTH208 - names alone
    if path.name not in names:
        other = next((name for name in names if name.casefold() == path.name.casefold()), "another name")
        raise UserError(
            f"{folder}: is the folder of {other} to this file system, which is blind to case; write {other}, or a name"
            " that differs by more"
        )


def bring_to_present(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Set the time of files that are dated in the future to now; a line for each.

    Snakemake throws away the outputs of a job that are older than its inputs, after hours of training. Nothing is made
    again because of a changed time: contents are compared.
    """
    now = time.time()
    healed = []
    for path in map(Path, paths):
        ahead = path.stat().st_mtime - now if path.is_file() else 0.0
        if ahead > 0:
            os.utime(path)
            healed.append(f"{path}: dated {ahead:.0f} s in the future, set to now; compare the machines' clocks")
    return healed
