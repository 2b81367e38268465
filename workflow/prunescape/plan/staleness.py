"""Whether a result that is there is the one that is wanted, and in words what is different.

Light: used while the Snakefile is parsed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from prunescape.io.files import is_edited
from prunescape.io.seals import EDITED, WITHOUT, Seal, is_at, key_of, read_seal

SHOWN = 3  # differences of a kind that are told one by one


@dataclass(frozen=True)
class Wanted:
    """The identity that the results of a job must have.

    Attributes:
        settings: of the job, the digests of its code among them.
        inputs: for each file that it reads, by place, the start of the checksum of what is there now; None where that
            does not matter, or is not known.
        upon: what was different in these when they were accepted; None where the results do not tell of it.
    """

    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    upon: Sequence[str] | None = None

    @property
    def key(self) -> str:
        """A digest of the settings."""
        return key_of(self.settings)


CodeWords = Callable[[str, str], str]  # of two digests, what has changed


def differences(
    paths: Iterable[str], looks: "SealSummaries", wanted: Wanted, codes: CodeWords | None = None
) -> dict[str, list[str]]:
    """The differences of a job's results from what is wanted, in words by path; results without any are left out.

    Args:
        paths: of the results.
        looks: what their seals say.
        wanted: what they should be.
        codes: tells what has changed in code; None tells the digests.
    """
    key = wanted.key
    told = {path: _differences(path, looks[path], wanted, key, codes) for path in paths}
    return {path: words for path, words in told.items() if words}


def _differences(path: str, look: "SealSummary | None", wanted: Wanted, key: str, codes: CodeWords | None) -> list[str]:
    if look is None or not look.key:
        return ["it has no identity"]
    if look.edited:
        return [f"it {EDITED}"]
    told = [] if is_at(path, look.place) else [f"it was made as {look.place}"]
    if look.key != key:
        found = read_seal(path)
        before = {} if found is None or found.identity is None else found.identity.settings
        told += of_settings(before, wanted.settings, codes) or ["its identity is damaged"]
    told += of_inputs(look.inputs, wanted.inputs)
    if wanted.upon is not None and sorted(wanted.upon) != sorted(look.upon):
        told.append("it tells of other accepted results")
    return told


def of_settings(before: Mapping[str, Any], now: Mapping[str, Any], codes: CodeWords | None = None) -> list[str]:
    """The differences of settings, in words; `codes` as `differences` takes it."""
    old, new = (dict(_flat(json.loads(json.dumps(settings)))) for settings in (before, now))
    told = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) == new.get(name) and (name in old) == (name in new):
            continue
        values = [_shown(settings[name]) if name in settings else "nothing" for settings in (old, new)]
        kind, _, rest = name.partition(".")
        if kind == "code" and codes is not None:
            told.append(codes(old.get(name, ""), new.get(name, "")))
        elif kind == "code":
            told.append(f"the code ({old.get(name)}, now {new.get(name)})")
        else:
            told.append(f"{rest if kind == 'libraries' else name}: {values[0]}, now {values[1]}")
    return told


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(below, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def of_inputs(before: Mapping[str, str | None], now: Mapping[str, str | None]) -> list[str]:
    """The differences of the files that a result was made of, in words."""
    changed = [place for place, content in now.items() if place in before and content not in (None, before[place])]
    added, gone = [place for place in now if place not in before], [place for place in before if place not in now]
    kinds = {"has another content": changed, "was not among its inputs": added, "is no input any more": gone}
    return [_of_places(places, what) for what, places in kinds.items() if places]


def _of_places(places: Sequence[str], what: str) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return f"{', '.join(places[:SHOWN])}{more}: {what}"


class SealSummary(NamedTuple):
    """The part of a seal that is kept in memory, of which a run may have tens of thousands.

    Attributes:
        content: the start of the checksum.
        place, key, inputs, upon: those of the identity; place and key are empty where there is none.
        edited: whether the file is not what was written.
    """

    content: str
    place: str = ""
    key: str = ""
    inputs: Mapping[str, str | None] = {}
    upon: Sequence[str] = ()
    edited: bool = False

    @property
    def mistrust(self) -> str:
        """Why the file cannot be taken for a result, in words; empty where it can."""
        return EDITED if self.edited else "" if self.key else WITHOUT


class SealSummaries:
    """Seals of files, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, SealSummary | None] = {}

    def __getitem__(self, path: str) -> SealSummary | None:
        """The content of a file's seal; None where it has none."""
        if path not in self._known:
            found = read_seal(path)
            self._known[path] = None if found is None else _summary(found, is_edited(path, found))
        return self._known[path]

    def content(self, path: str) -> str | None:
        """The start of the checksum of a file; None where it has no seal."""
        look = self[path]
        return None if look is None else look.content

    def forget(self, path: str) -> None:
        """Let the seal of a file be read again."""
        self._known.pop(path, None)


def _summary(found: Seal, edited: bool) -> SealSummary:
    identity = found.identity
    if identity is None:
        return SealSummary(found.content, edited=edited)
    return SealSummary(found.content, identity.place, found.key, identity.inputs, identity.upon, edited)
