"""Digests of what results depend on beside settings and inputs: code, published tables, a user's own images."""

import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from prunescape.config.data import Data
from prunescape.data.own_files import digest, is_folder, root_of
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
