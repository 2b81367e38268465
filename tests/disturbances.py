"""Bad things that happen to results, at random."""

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from prunescape.io.seals import seal

WHAT = ("delete", "edit", "truncate", "restore", "exchange", "overwrite", "folder")


def disturb(chance: random.Random, results: Mapping[str, bytes], others: Mapping[str, bytes]) -> str:
    """Do something bad to a result, to its seal, or to both, and tell what.

    Args:
        chance: decides.
        results: contents of results and of their seals, by path.
        others: those of another config, which may be restored.
    """
    visible = [path for path in results if not Path(path).name.startswith(".")]
    path = chance.choice(visible)
    files = chance.choice([[path], [path], [str(seal(path))], [path, str(seal(path))]])
    other = chance.choice([other for other in visible if Path(other).suffix == Path(path).suffix])
    what = chance.choice(WHAT)
    for file in (Path(file) for file in files if Path(file).is_file()):
        twin = Path(other) if file == Path(path) else seal(other)
        _disturb(what, file, twin, others.get(str(file)), chance)
    return f"{what} {' '.join(files)} {other}"


def _disturb(what: str, file: Path, twin: Path, before: bytes | None, chance: random.Random) -> None:
    content = file.read_bytes()
    place = chance.randrange(max(len(content), 1))
    if what in ("delete", "folder"):
        file.unlink()
        if what == "folder" and not file.name.startswith("."):
            file.mkdir()
    elif what == "edit":
        changed = bytes([content[place] ^ 1]) if content else b"x"
        file.write_bytes(content[:place] + changed + content[place + 1 :])
    elif what == "truncate":
        file.write_bytes(content[:place])
    elif what == "restore" and before is not None:
        file.write_bytes(before)
    elif what in ("exchange", "overwrite") and twin.is_file() and twin != file:
        old = twin.read_bytes()
        if what == "exchange":
            twin.write_bytes(content)
        file.write_bytes(old)
        shutil.copystat(twin, file)
