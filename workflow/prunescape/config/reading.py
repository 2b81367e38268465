"""The config, read strictly: every mistake at once and before any job starts, every default filled in."""

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from prunescape.config.checks import Further, crossed, no_further
from prunescape.config.config import Config, complete
from prunescape.config.messages import Path, described, shown, where
from prunescape.config.schema import part_at, places, schema
from prunescape.config.section import LARGEST, TOO_LARGE, Section
from prunescape.errors import UserError
from prunescape.io.strict_yaml import MOST_VALUES, TOO_MANY, YamlError, load

_DEEPEST = 12  # far below any honest config; YAML anchors can nest without end
_TEMPLATES = "__use_yte__"  # makes Snakemake evaluate Python expressions in a config file


class ConfigError(UserError):
    """The config has mistakes.

    Attributes:
        mistakes: one line each, naming the key and the remedy.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(f"config: {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


def read(path: str | FilePath) -> Any:
    """The value in a config file: JSON or YAML, which is data and no code.

    Raises:
        ConfigError: the file cannot be read as such, gives a key twice, or has too much in it; a line each.
    """
    try:
        value = load(path)
    except YamlError as error:
        raise ConfigError(error.mistakes) from None
    if isinstance(value, dict) and _TEMPLATES in value:
        raise ConfigError([f"{_TEMPLATES}: would run code out of the config; remove it"])
    return value


def resolved(
    raw: Mapping[str, Any],
    known_models: Collection[str],
    known_data_sets: Collection[str],
    further: Further = no_further,
) -> Config:
    """The config with every default filled in.

    Args:
        raw: the config as Snakemake read it; it is left as it is.
        known_models: names that `models` may use.
        known_data_sets: names that `data.name` may be.
        further: gives further rules, of the names of networks.

    Raises:
        ConfigError: with all the mistakes: first those of single keys, then those between keys.
    """
    if not isinstance(raw, Mapping):
        raise ConfigError([f"is {shown(raw)}, not 'key: value' lines; start from a copy of config.yaml"])
    mistakes: list[tuple[Path, str]] = []
    given = _copied(raw, (), mistakes, itertools.count())
    unread = [path for path, _ in mistakes]
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        told = [one for one in error.errors() if not _is_within(one["loc"], unread)]
        mistakes += [described(one, _at(given, one["loc"]), _part_of(one), places()) for one in told]
        config = sound_parts(given, [one["loc"] for one in error.errors()])
    complete(config)
    mistakes += crossed(config, known_models, known_data_sets, further)
    if mistakes:
        raise ConfigError(list(dict.fromkeys(f"{where(path)}: {text}" for path, text in mistakes)))
    return config


def validated(
    raw: Mapping[str, Any], known_models: Collection[str], known_data_sets: Collection[str]
) -> dict[str, Any]:
    """A new plain dict of the config as `resolved` gives it, in the order of its sections.

    Numbers come out as the type that is meant (`1` as `1.0`), so that two ways of writing a value are one value to
    Snakemake. The result validates to itself.
    """
    return resolved(raw, known_models, known_data_sets).plain()


class _Unread:
    """Stands where a value could not be read; no two are equal, so that they are no entry given twice."""


def _is_within(path: Path, others: Collection[Path]) -> bool:
    return any(path[: len(other)] == other for other in others)


def _at(given: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for name in path:
        given = given[name] if isinstance(name, int) else given.get(name)
    return given


def _part_of(error: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the schema that an error is about: of a key that is not known, its section."""
    path: Path = error["loc"]
    return part_at(path[:-1] if error["type"] == "extra_forbidden" else path)


def _is_text(value: Any) -> bool:
    """Whether a value is text that files and their names can hold: no NUL, and no half of a surrogate pair."""
    return isinstance(value, str) and not any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in value
    )


def _copied(value: Any, path: Path, mistakes: list[tuple[Path, str]], visits: Iterator[int]) -> Any:
    """A copy of dicts, lists and scalars; what else YAML can hold is no value in it, and goes to `mistakes`.

    Raises:
        ConfigError: the copy has too many values; lists and dicts may be shared without end in what is copied.
    """
    if next(visits) >= MOST_VALUES:
        raise ConfigError([f"{where(())}: {TOO_MANY}"])
    if isinstance(value, Mapping | list | tuple) and len(path) >= _DEEPEST:
        mistakes.append((path, "is nested too deeply; start from a copy of config.yaml"))
    elif isinstance(value, Mapping):
        named = {key if _is_text(key) else shown(key): item for key, item in value.items()}
        return {key: _copied(item, (*path, key), mistakes, visits) for key, item in named.items()}
    elif isinstance(value, list | tuple):
        return [_copied(item, (*path, i), mistakes, visits) for i, item in enumerate(value)]
    elif value is None or isinstance(value, bool) or _is_text(value):
        return value
    elif isinstance(value, str):
        mistakes.append((path, f"is {shown(value)}, which no file can hold; write it without the broken character"))
    elif isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            mistakes.append((path, f"is {value}; write a finite number"))
        elif isinstance(value, int) and abs(value) >= LARGEST:
            mistakes.append((path, TOO_LARGE))
        else:
            return value
    else:  # dates, sets and bytes
        quoted = " ".join(str(value).split())
        mistakes.append((path, f"is a {type(value).__name__} to YAML; write it in quotes: '{quoted}'"))
    return _Unread()


def sound_parts(given: dict[str, Any], mistaken: Iterable[Path]) -> Config:
    """The config in which mistaken keys are not there; reading one raises `Unreadable`.

    Args:
        given: as it was read; mistakes are removed from it, in place.
        mistaken: where they were found.
    """
    keys = [key for path in mistaken if (key := _repaired(given, schema(), path))]
    config = Config.model_validate(given)
    for *sections, name in keys:
        owner: Any = config
        for section in sections:
            owner = owner[section] if isinstance(owner, dict) else getattr(owner, str(section))
        if isinstance(owner, Section):
            owner.leave_out(str(name))
        else:  # an entry that is no section is as one that gives nothing
            fields = type(owner[name]).model_fields
            owner[name].leave_out(*(key for key, field in fields.items() if field.is_required()))
    return config


def _repaired(given: dict[str, Any], part: dict[str, Any], path: Path) -> Path:
    """Remove what a path leads to, or put something valid there where it must be given.

    Returns:
        The path of the key of a section that this is or is within; () of a key that is not known.
    """
    name, others = str(path[0]), part.get("additionalProperties")
    below = part.get("properties", {}).get(name) or (others if isinstance(others, dict) else None)
    if below is None:
        given.pop(name, None)
        return ()
    if len(path) > 1 and isinstance(given.get(name), dict):
        key = _repaired(given[name], below, path[1:])
        return (name, *key) if key else ()
    given.pop(name, None)
    if name in part.get("required", ()) or "properties" not in part:
        given[name] = _example(below)
    return (name,)


def _example(part: dict[str, Any]) -> Any:
    if "examples" in part:
        return part["examples"][0]
    return {name: _example(part["properties"][name]) for name in part["required"]}
