"""Digests of what results depend on beside settings and inputs: code, published tables, a user's own images."""

import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from prunescape.config.data import Data
from prunescape.data.own_files import digest, files_digest, is_folder, root_of
from prunescape.models.external_code import distributions_of, external_digest, external_packages
from prunescape.runtime import fingerprint
from prunescape.runtime.versions import versions, versions_of

OWN = "own:"  # before the name of a module that a user wrote
FILE = "file:"  # before the path of a file that such a module reads
EXTERNAL_BUILDER = (
    "prunescape.models.external"  # makes networks that are imported; loaded by name, so that no script shows it
)


_sources: dict[str, tuple[str, ...]] = {}  # by digest


def code(*sources: str) -> dict[str, Any]:
    """The code and libraries that results depend on, by name.

    `code` is a digest of the project's own, `external_code` has one of each network that is imported, `external_files`
    those of what these read, and `libraries` the versions of those that make numbers.

    Args:
        sources: a script ("hpspace/train_tile.py"), modules of the library, the modules of imported networks after
            `OWN`, and files that these read after `FILE`.
    """
    own = [source.removeprefix(OWN) for source in sources if source.startswith(OWN)]
    files = [source.removeprefix(FILE) for source in sources if source.startswith(FILE)]
    ours = [source for source in sources if not source.startswith((OWN, FILE))]
    ours += [EXTERNAL_BUILDER] if own else []
    of_ours = fingerprint.digest(*ours)
    _sources[of_ours] = tuple(ours)
    found: dict[str, Any] = {"code": of_ours, "libraries": versions(fingerprint.packages(*ours))}
    if own:
        found["external_code"] = [external_digest(module) for module in own]
        found["libraries"] |= versions_of(
            distributions_of(name for module in own for name in external_packages(module))
        )
    return found | ({"external_files": {path: file_digest(path) for path in files}} if files else {})


@cache
def file_digest(path: str) -> str:
    """The digest of what an imported network reads: a file, or a folder."""
    return files_digest(path, tell=_tell)


def known_codes() -> list[str]:
    """The digests of code that this process has computed."""
    return list(_sources)


def code_behind(code: str) -> dict[str, dict[str, str]] | None:
    """The definitions behind a digest of code that this process has computed; None for others."""
    return fingerprint.definitions(*_sources[code]) if code in _sources else None


def published_tables(names: Iterable[str]) -> str:
    """A digest of published tables, beside which a study puts its own."""
    files = [fingerprint.LIBRARY.parent / "reference" / f"{name}.csv" for name in names]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def own_files(data: Data, meta: str) -> str | None:
    """The digest of a user's own images; None of data sets whose checksums say what they are.

    Where the images are not at hand any more, as beside results that were taken elsewhere, it is that of the images
    that were prepared.

    Args:
        data: the config's section.
        meta: the description of the prepared data.
    """
    if data.directory is None:
        return None
    if not is_folder(root_of(data.directory)):
        with suppress(OSError, ValueError, AttributeError):
            if prepared := json.loads(Path(meta).read_text(encoding="utf-8")).get("own_files"):
                _tell(f"data.directory: {data.directory} is not there; the prepared images are taken as they are")
                return str(prepared)
    return digest(data.name, data.directory, data.verify, tell=_tell)


def _tell(line: str) -> None:
    print(f"prunescape: {line}", file=sys.stderr)
