"""The definitions behind digests of code, kept with a run, so that it can be told which function has changed."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from prunescape.io.files import write_text
from prunescape.plan.identity import code_behind, known_codes

FILE = ".code.json"  # in the folder of a run
MOST = 500  # digests that are kept
SHOWN = 4  # changed files that are told

Definitions = Mapping[str, Mapping[str, str]]  # digests by file and by name


class Codes:
    """The code behind the results of a run, by digest: `codes`, whose files share `parts` by their digests."""

    def __init__(self, run: str) -> None:
        """Read what is known of the run in a folder; nothing, where that cannot be read."""
        self._path = Path(run) / FILE
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._codes, self._parts = dict(kept["codes"]), dict(kept["parts"])
        except (OSError, ValueError, KeyError, TypeError):
            self._codes, self._parts = {}, {}

    def remember(self) -> None:
        """Keep what the code of this process's plan is; without a word where that cannot be written."""
        news = {digest: code_behind(digest) for digest in known_codes() if digest not in self._codes}
        if not news:
            return
        for digest, files in news.items():
            self._codes[digest] = {}
            for file, parts in (files or {}).items():
                own = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
                self._codes[digest][file], self._parts[own] = own, dict(parts)
        last = dict(list(self._codes.items())[-MOST:])
        used = {own for files in last.values() for own in files.values()}
        parts = {own: of for own, of in self._parts.items() if own in used}
        with contextlib.suppress(OSError):
            write_text(self._path, json.dumps({"codes": last, "parts": parts}))

    def of(self, digest: str) -> Definitions | None:
        """The definitions behind a digest; None where they are not known."""
        if digest not in self._codes:
            return code_behind(digest)
        return {file: self._parts.get(own, {}) for file, own in self._codes[digest].items()}

    def words(self, before: str, now: str) -> str:
        """The changes between two digests of code, in words."""
        old, new = self.of(before), self.of(now)
        if old is None or new is None:
            return f"the code ({before}, now {now}; what it was is not known)"
        told = [
            f"{file}: {_of_file(old.get(file, {}), new.get(file, {}))}"
            for file in dict.fromkeys([*new, *old])
            if old.get(file) != new.get(file)
        ]
        more = f"; and {len(told) - SHOWN} more files" if len(told) > SHOWN else ""
        return f"the code of {'; '.join(told[:SHOWN])}{more}"


def _of_file(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    if not old or not new:
        return "is used now" if new else "is not used any more"
    kinds = {
        "": [name for name in new if name in old and new[name] != old[name]],
        " (new)": [name for name in new if name not in old],
        " (not used any more)": [name for name in old if name not in new],
    }
    return ", ".join(f"{name or 'what it does when imported'}{kind}" for kind, names in kinds.items() for name in names)
