"""Turn what a JSON schema finds wrong into lines to act on: the key, the mistake, the remedy."""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]
Places = Mapping[str, Collection[str]]
Get = Callable[..., Any]
Mistakes = Iterator[tuple[Path, str]]


class Unreadable(Exception):  # noqa: N818 - a signal, no error
    """A rule reads a key in which another mistake was found already: it has nothing to add."""


_NAMES = {
    "object": "a section of 'key: value' lines",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}
_GENERIC = {kind: f"write {name}" for kind, name in _NAMES.items()}
_BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "up to",
    "exclusiveMaximum": "below",
}
_NESTED = "(values nested in --config are text: use a file and --configfile)"
_EXPONENT = re.compile(r"([+-]?\d+)(?:\.(\d*))?[eE]([+-]?)(\d+)")


def where(path: Path) -> str:
    """The key path as it is written in messages: `models.resnet56.ratios[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if re.fullmatch(r"[\w-]{1,60}", part) else shown(part))
    return text or "(the whole config)"


def shown(value: Any) -> str:
    """The value on one short line, in YAML's words for null, true and false."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        text = yaml_number(value) if isinstance(value, float) else repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def yaml_number(value: float) -> str:
    """The number as YAML reads it back: 1e-05 would be text, 1.0e-5 is a number."""
    return re.sub(r"e([+-])0+", r"e\1", re.sub(r"^(-?\d+)e", r"\1.0e", repr(value)))


def first_twice(items: Sequence[Any]) -> tuple[Any] | None:
    """The first item that equals one before it, in a tuple of one; None where all differ.

    1 and 1.0 are equal, 1 and true are not.
    """
    seen = set()
    for item in items:
        if (key := _hashable(item)) in seen:
            return (item,)
        seen.add(key)
    return None


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "{}", frozenset((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, list):
        return "[]", tuple(_hashable(item) for item in value)
    return isinstance(value, bool), value


def suggestion(word: str, known: Collection[str]) -> str:
    """The remedy for an unknown word: the nearest known one, then all of them."""
    near = nearest(word, known)
    return (f"did you mean {near!r}? " if near else "") + f"choose from: {', '.join(sorted(known))}"


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word most like `word`, blind to case, hyphens, underscores and spaces; or None."""
    plain = {_letters(name): name for name in sorted(known)}
    found = difflib.get_close_matches(_letters(word), plain, 1)
    return plain[found[0]] if found else None


def _letters(word: str) -> str:
    return re.sub(r"[-_ ]", "", word.casefold())


def described(error: ValidationError, places: Places) -> Iterator[tuple[Path, str]]:
    """Each mistake in one schema error, as the path of the mistaken key and what is wrong with it.

    Args:
        error: what jsonschema found.
        places: where each key of the schema belongs, as dotted paths by the key's own name.
    """
    path: Path = tuple(error.absolute_path)
    kind, wanted, value = str(error.validator), error.validator_value, error.instance
    part: Any = error.schema
    hint = f"; {part['hint']}" if "hint" in part else ""
    if kind == "additionalProperties":
        for key in (key for key in value if key not in part["properties"]):
            yield (*path, key), _unknown_key(key, part["properties"], places)
    elif kind == "required":
        for key in (key for key in wanted if key not in value):
            example = part["properties"][key]["examples"][0]
            yield (*path, key), f"is missing; write, for example, '{key}: {_word(example)}'"
    elif kind == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        names = " or ".join(_NAMES[name] for name in kinds)
        # The first of a key's types is the one that is meant. A remedy that names a value needs no hint.
        remedy = _type_remedy(kinds[0], value)
        yield path, f"is {shown(value)}, not {names}; {remedy}{hint if remedy == _GENERIC[kinds[0]] else ''}"
    elif kind == "enum":
        yield path, f"unknown value {shown(value)}; {suggestion(_word(value), wanted)}"
    elif kind == "uniqueItems":
        (twice,) = first_twice(value) or (value[-1],)
        yield path, f"{shown(twice)} is given twice; remove one"
    elif kind in ("minItems", "maxItems", "minProperties"):
        entries = "entry" if len(value) == 1 else "entries"
        yield path, f"has {len(value)} {entries}; write {_count(part)}"
    elif kind in _BOUNDS:
        bounds = " and ".join(f"{word} {part[key]}" for key, word in _BOUNDS.items() if key in part)
        yield path, f"is {shown(value)}; write a number {bounds}{hint}"
    else:
        yield path, f"cannot be {shown(value)}{hint}"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def _unknown_key(key: str, known: Collection[str], places: Places) -> str:
    near = nearest(key, known)
    if ":" in key:
        return "unknown key; write a space after the colon"
    if near:
        return f"unknown key; did you mean {near!r}?"
    if key in places:
        return f"unknown key here; did you mean {' or '.join(places[key])}?"
    return f"unknown key; choose from: {', '.join(known)}"


def _type_remedy(wanted: str, value: Any) -> str:
    """What to write where `wanted` is meant and `value` was given."""
    if wanted == "object":
        if value is None:
            return "write its keys beneath it, or remove the line"
        if isinstance(value, list):
            return "write its keys beneath it, without dashes"
        return "write its keys beneath it (in a file, given with --configfile)"
    if wanted == "array":
        entry = "" if isinstance(value, dict) or value is None else " ".join(_word(value).split())
        return f"write [{entry}]" if 0 < len(entry) <= 60 else "write a list in brackets"
    if isinstance(value, list | dict) or value is None:
        return _GENERIC[wanted]
    if wanted == "string":
        return f"write it in quotes: '{_word(value)}'"
    if wanted == "boolean":
        return f"write true or false, without quotes {_NESTED}"
    if isinstance(value, bool):
        return "write a number (YAML reads yes, no, on and off as true and false)"
    return _number_remedy(wanted, value)


def _number_remedy(wanted: str, value: float | str) -> str:
    if not isinstance(value, str):  # a fraction, where a whole number is wanted
        return f"write {math.floor(value)} or {math.ceil(value)}"
    text = value.strip()
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return _GENERIC[wanted]
    if not math.isfinite(number):
        return "write a finite number"
    if wanted == "integer":
        return f"write {shown(round(number))} without quotes {_NESTED}"
    match = _EXPONENT.fullmatch(text)
    if match:  # YAML 1.1 wants a point in the mantissa and a sign in the exponent
        mantissa, digits, sign, exponent = match.groups()
        return f"YAML reads {text} as text: write {mantissa}.{digits or 0}e{sign or '+'}{exponent}"
    return f"write {yaml_number(number)} without quotes {_NESTED}"


def _count(part: Mapping[str, Any]) -> str:
    low = part.get("minItems", part.get("minProperties", 0))
    return f"exactly {low}" if low == part.get("maxItems") else f"at least {low}"
