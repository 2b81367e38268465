"""Messages: what is wrong in a config, as lines to act on that name the key, the mistake and the remedy."""

import difflib
import math
import pathlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Sized
from typing import Any

Path = tuple[str | int, ...]
Places = Mapping[str, Collection[str]]
Mistakes = Iterator[tuple[Path, str]]

_NAMES = {
    "object": "a section of 'key: value' lines",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}
FORMER = {"recompute": "statistics", "best_draws": "confirm.draws"}  # keys that have another name now
_GENERIC = {kind: f"write {name}" for kind, name in _NAMES.items()}
_BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "up to",
    "exclusiveMaximum": "below",
}
# What pydantic calls values of another type, and numbers out of their bounds.
_TYPES = {f"{name}_type" for name in ("int", "float", "string", "bool", "list", "dict", "model")}
_OUTSIDE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
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
    matches = difflib.get_close_matches(_letters(word), plain, 1)
    return plain[matches[0]] if matches else None


def _letters(word: str) -> str:
    return re.sub(r"[-_ ]", "", word.casefold())


def described(error: Mapping[str, Any], given: Any, part: Mapping[str, Any], places: Places) -> tuple[Path, str]:
    """The path of a mistaken key, and what is wrong with it.

    Args:
        error: one of pydantic's.
        given: what stands at the key.
        part: the part of the schema that the key, or the section of a key that is not known, has to fit.
        places: where each key of the schema belongs, as dotted paths by the key's own name.
    """
    path, kind, value = tuple(error["loc"]), str(error["type"]), given
    hint = f"; {part['hint']}" if "hint" in part else ""
    if kind == "extra_forbidden":
        return path, _unknown_key(str(path[-1]), part["properties"], places)
    if kind == "missing":
        return path, f"is missing; write, for example, '{path[-1]}: {flow(part['examples'][0])}'"
    if kind == "value_error":
        return path, str(error["ctx"]["error"])
    if kind == "too_short":
        return path, f"has {counted(value)}; write at least {part['minProperties']}"
    if kind == "literal_error":
        return path, f"unknown value {shown(value)}; {suggestion(_word(value), part['enum'])}"
    if kind in _TYPES:
        kinds = [part["type"]] if isinstance(part["type"], str) else part["type"]
        # The first of a key's types is the one that is meant. A remedy that names a value needs no hint.
        remedy = _type_remedy(kinds[0], value, part)
        *some, last = (part.get("word", _NAMES[name]) if name == "string" else _NAMES[name] for name in kinds)
        names = f"{', '.join(some)} or {last}" if some else last
        return path, f"is {shown(value)}, not {names}; {remedy}{hint if remedy == _GENERIC[kinds[0]] else ''}"
    if kind in _OUTSIDE:
        return path, f"is {shown(value)}; write a number {_bounds(part)}{hint}"
    if path[-1:] == ("import",) and (meant := meant_import(str(value))):
        return path, f"cannot be {shown(value)}; did you mean {shown(meant)}?{hint.replace(';', '', 1)}"
    return path, f"cannot be {shown(value)}{hint}"


def meant_import(text: str) -> str:
    """`package.module:function` for what names it with a dot, or by a file's path; empty where it cannot be told."""
    place, _, name = text.rpartition(":") if ":" in text else text.rpartition(".")
    file = pathlib.Path(place.replace("\\", "/").removesuffix(".py"))
    if file.is_relative_to(pathlib.Path.cwd()):
        file = file.relative_to(pathlib.Path.cwd())
    parts = [*file.parts, name]
    is_name = all(part.isidentifier() for part in ".".join(parts).split("."))
    return f"{'.'.join(file.parts)}:{name}" if is_name and len(parts) > 1 and name != "py" else ""


def counted(entries: Sized) -> str:
    """The number of entries in words: `1 entry`."""
    return f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"


def flow(value: Any) -> str:
    """A value as YAML has it on one line, lists and keys in brackets."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {flow(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(flow, value))}]" if isinstance(value, list | tuple) else _word(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def _unknown_key(key: str, known: Collection[str], places: Places) -> str:
    near = nearest(key, known)
    if ":" in key:
        return "unknown key; write a space after the colon"
    if near:
        return f"unknown key; did you mean {near!r}?"
    if key in FORMER and FORMER[key].partition(".")[0] in known:
        return f"unknown key; it is called {FORMER[key]!r} now, see docs/config.md"
    if key in places:
        return f"unknown key here; did you mean {' or '.join(places[key])}?"
    return f"unknown key; choose from: {', '.join(known)}"


def _bounds(part: Mapping[str, Any]) -> str:
    return " and ".join(f"{word} {part[key]}" for key, word in _BOUNDS.items() if key in part)


def _type_remedy(wanted: str, value: Any, part: Mapping[str, Any]) -> str:
    """The remedy where a value of the type `wanted` is meant and `value` was given."""
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
    if not isinstance(value, str):  # a fraction, where a whole number is wanted
        near = [n for n in (math.floor(value), math.ceil(value)) if _allows(part, n)]
        return f"write {' or '.join(map(str, near))}" if near else f"write a whole number {_bounds(part)}"
    return _number_remedy(wanted, value)


def _allows(part: Mapping[str, Any], number: int) -> bool:
    return part.get("minimum", number) <= number <= part.get("maximum", number)


def _number_remedy(wanted: str, value: str) -> str:
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
