"""A config with mistakes, as far as it could be read, so that mistakes between its other keys are told as well."""

from collections.abc import Iterable
from typing import Any

from prunescape.config.config import Config
from prunescape.config.messages import Path
from prunescape.config.schema import schema
from prunescape.config.section import Section


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
