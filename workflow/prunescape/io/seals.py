"""Seals: what a result is, in a hidden file beside it: its checksum, and its identity.

`.cells.csv.sha256` belongs to `cells.csv`. Its first line is as `sha256sum -c` reads it; the second one, which that
takes for a comment, is a digest of the seal and the identity as JSON: the place that the result is for, the settings,
the code and the libraries that made it, and the contents of what it was made of. Nothing in it depends on the name of
the run or of its folder.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

SHORT = 16  # hexadecimal digits of digests within identities
WITHOUT = "has no identity: it is from before there were any, or its hidden file is lost"
EDITED = "is not what was written: it is damaged, or was edited, exchanged or restored by hand"
_COMMENT = "# "


@dataclass(frozen=True)
class Identity:
    """The identity of a result.

    Attributes:
        place: its path below the folder of the run, or below that of prepared data.
        settings: everything of the config, the code and the libraries that its content depends on.
        inputs: the start of the checksum of each file that it was made of, by place; None where that has no seal.
        accepted: what was different when it was accepted as it is.
        upon: the same of what it was made of.
    """

    place: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    accepted: Sequence[str] = ()
    upon: Sequence[str] = ()

    @property
    def key(self) -> str:
        """A digest of the settings."""
        return key_of(self.settings)


class Seal(NamedTuple):
    """A seal as it was read.

    Attributes:
        checksum: SHA-256 of the content in hexadecimal; empty where the seal is damaged.
        identity: None where it has none.
        key: the digest of the identity's settings; empty where there is none.
    """

    checksum: str
    identity: Identity | None
    key: str = ""

    @property
    def content(self) -> str:
        """The start of the checksum, as identities have it."""
        return self.checksum[:SHORT]


def key_of(settings: Mapping[str, Any]) -> str:
    """A digest of settings, which are JSON values."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:SHORT]


def seal(path: str | os.PathLike[str]) -> Path:
    """The path of the file that holds the seal of a result."""
    return Path(seal_path(path))


def seal_path(path: str | os.PathLike[str]) -> str:
    """The path of the seal of a result as text: pathlib is slow for tens of thousands of files."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.sha256")  # noqa: PTH118


def seal_text(name: str, checksum: str, identity: Identity | None) -> str:
    """The content of a seal of the file of this name."""
    line = f"{checksum}  {name}\n"
    if identity is None:
        return line
    told = {key: value for key, value in asdict(identity).items() if value or key not in ("accepted", "upon")}
    words = json.dumps({"key": identity.key, **told}, separators=(",", ":"))
    return f"{line}{_COMMENT}{_digest(line, words)} {words}\n"


def _digest(line: str, words: str) -> str:
    """A digest of a seal, by which a damaged one is known."""
    return hashlib.sha256(f"{line}{words}".encode()).hexdigest()[:SHORT]


def read_seal(path: str | os.PathLike[str]) -> Seal | None:
    """The seal of a result; None where there is none."""
    try:
        with open(seal_path(path), encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            first, second = file.readline(), file.readline()
    except (FileNotFoundError, NotADirectoryError):
        return None
    checksum = first.split(" ", 1)[0].strip()
    try:
        digest, _, words = second.removeprefix(_COMMENT).rstrip("\n").partition(" ")
        if not second.startswith(_COMMENT) or digest != _digest(first, words):
            return Seal(checksum, None)
        told = json.loads(words)
        return Seal(checksum, Identity(**{name: of for name, of in told.items() if name != "key"}), told["key"])
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return Seal(checksum, None)


def is_at(path: str | os.PathLike[str], place: str) -> bool:
    """Whether a path is that of a place, whatever the folder of the run."""
    return f"/{os.fspath(path)}".endswith(f"/{place}")


def place_of(path: str, roots: Sequence[str]) -> str:
    """The path of a file below the folder of the run, or below that of prepared data; the path itself elsewhere.

    Args:
        path: of the file; where this workflow is a module of another one, folders may stand before that of the run.
        roots: those folders.
    """
    whole = f"/{os.path.normpath(path)}".replace("//", "/")
    for root in roots:
        below = f"/{os.path.normpath(root)}/".replace("//", "/")
        if below in whole:
            return whole.partition(below)[2]
    return path


def notes_of(seals: Iterable[Seal | None]) -> list[str]:
    """Notes on what was different when results, or those that they were made of, were accepted as they are."""
    known = [found.identity for found in seals if found is not None and found.identity is not None]
    return sorted({note for identity in known for note in (*identity.accepted, *identity.upon)})


@dataclass
class Job:
    """The job of this process, as far as its results say.

    Attributes:
        settings: on which they depend.
        roots: see `place_of`.
        inputs, upon: see `Identity`.
        outputs: their places, by path.
    """

    settings: Mapping[str, Any]
    roots: Sequence[str]
    inputs: dict[str, str | None] = field(default_factory=dict)
    upon: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    def identity(self, path: str | os.PathLike[str]) -> Identity | None:
        """The identity of a file that this job writes; None of others."""
        place = self.outputs.get(os.path.normpath(path))
        return None if place is None else Identity(place, self.settings, self.inputs, upon=self.upon)


_jobs: list[Job] = []  # that of this process, if it is one


@contextmanager
def sealing(
    settings: Mapping[str, Any], roots: Sequence[str], inputs: Mapping[str, Seal | None], outputs: Iterable[str]
) -> Iterator[None]:
    """While this lasts, what this process writes to `outputs` gets an identity.

    Args:
        settings, roots: see `Job`.
        inputs: seals of what it reads, by path.
        outputs: paths.
    """
    job = Job(settings, roots, outputs={os.path.normpath(path): place_of(str(path), roots) for path in outputs})
    for path, found in inputs.items():
        job.inputs[place_of(path, roots)] = found and found.content
    job.upon = notes_of(inputs.values())
    _jobs.append(job)
    try:
        yield
    finally:
        _jobs.remove(job)


def identity_to_write(path: str | os.PathLike[str]) -> Identity | None:
    """The identity that a file is to be sealed with; None where no job of ours writes it."""
    return _jobs[-1].identity(path) if _jobs else None


def accepted() -> list[str]:
    """Notes on what was different when inputs of this job, or those that they were made of, were accepted."""
    return list(_jobs[-1].upon) if _jobs else []
