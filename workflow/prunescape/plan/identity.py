"""Digests of what results depend on beside settings and inputs: code, published tables, a user's own images."""

import hashlib
from pathlib import Path
from typing import Any

from prunescape.config.data import Data
from prunescape.models.external_code import external_digest
from prunescape.runtime import fingerprint

OWN = "own:"  # before the name of a module that a user wrote
EXTERNAL_BUILDER = (
    "prunescape.models.external"  # makes networks that are imported; loaded by name, so that no script shows it
)


def code(*sources: str) -> dict[str, Any]:
    """Digests of code by name: `code` of the project's own, `external_code` of each network that is imported.

    Args:
        sources: a script ("hpspace/train_tile.py"), modules of the library, and the modules of imported networks after
            `OWN`.
    """
    own = [external_digest(source.removeprefix(OWN)) for source in sources if source.startswith(OWN)]
    ours = [source for source in sources if not source.startswith(OWN)]
    digests: dict[str, Any] = {"code": fingerprint.digest(*ours, *([EXTERNAL_BUILDER] if own else []))}
    return digests | ({"external_code": own} if own else {})


def published_tables(source: str) -> str:
    """A digest of the published tables of a source document, beside which a study puts its own."""
    files = sorted((fingerprint.LIBRARY.parent / "reference").glob(f"{source}_*.csv"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def folder_digest(data: Data) -> str | None:
    """A digest of the names and sizes of a user's own images; None of other data sets."""
    if data.name != "image_folder" or data.directory is None:
        return None
    folder = Path(data.directory)
    files = sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(repr(files).encode()).hexdigest()[:16]
