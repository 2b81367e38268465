"""The config, read strictly: every mistake at once and before any job starts, every default filled in.

The Snakefile imports this, and every cluster job parses the Snakefile again: nothing heavy is imported here.
"""

import copy
import functools
import itertools
import math
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from prunescape.config_checks import crossed
from prunescape.config_mistakes import Path, described, first_twice, shown, where
from prunescape.errors import UserError
from prunescape.hpspace.axes import HYPERPARAMETERS
from prunescape.io.strict_yaml import MOST_VALUES, TOO_MANY, YamlError, load

SCHEMA = FilePath(__file__).parents[1] / "schemas" / "config.schema.yaml"
_DEEPEST = 12  # far below any honest config; YAML anchors can nest without end
_LARGEST = 2**63
_TEMPLATES = "__use_yte__"  # makes Snakemake evaluate Python expressions in a config file


def _unique(_: Any, wanted: bool, value: Any, __: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(value, list) and first_twice(value) is not None:
        yield ValidationError("has an entry twice")


# jsonschema compares each entry with each other where they cannot be sorted: minutes for a list of thousands.
_VALIDATOR = extend(Draft202012Validator, {"uniqueItems": _unique})


class ConfigError(UserError):
    """The config has mistakes.

    Attributes:
        mistakes: one line each, naming the key and the remedy.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(f"config: {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


@functools.cache
def schema() -> dict[str, Any]:
    """The config's schema, with the sections that have files of their own; do not change what it returns."""
    whole: dict[str, Any] = load(SCHEMA)
    for name, part in whole["properties"].items():
        if "$ref" in part:
            whole["properties"][name] = load(SCHEMA.parent / part["$ref"])
    return whole


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


def validated(raw: Mapping, known_models: Collection[str], known_data_sets: Collection[str]) -> dict[str, Any]:
    """A new plain dict of the config with every default filled in, in the schema's order.

    Numbers come out as the schema's type (`1` as `1.0` where a number is meant), so that two ways of writing
    a value are one value to Snakemake. The result validates to itself.

    Args:
        raw: the config as Snakemake read it; it is left as it is.
        known_models: names that `models` may use.
        known_data_sets: names that `data.name` may be.

    Raises:
        ConfigError: with all the mistakes, in the order in which they were found.
    """
    if not isinstance(raw, Mapping):
        raise ConfigError([f"is {shown(raw)}, not 'key: value' lines; start from a copy of config.yaml"])
    found: list[tuple[Path, str]] = []
    plain = _plain(raw, (), found, itertools.count())
    unread = [path for path, _ in found]
    for error in _VALIDATOR(schema()).iter_errors(plain):
        for path, text in described(error, _places()):
            # What could not be read stands as null in `plain`: that null is no second mistake.
            beneath = error.validator == "uniqueItems" and any(bad[: len(path)] == path for bad in unread)
            if not beneath and not any(path[: len(bad)] == bad for bad in unread):
                found.append((path, text))
    config = _completed(_filled(plain, schema()), [path for path, _ in found])
    found += crossed(config, [path for path, _ in found], known_models, known_data_sets)
    if found:
        raise ConfigError(list(dict.fromkeys(f"{where(path)}: {text}" for path, text in found)))
    return config


def _plain(value: Any, path: Path, found: list[tuple[Path, str]], visits: Iterator[int]) -> Any:
    """A copy of dicts, lists and scalars; what else YAML can hold is None in it, and a mistake in `found`.

    Raises:
        ConfigError: the copy has too many values; lists and dicts may be shared without end in what is copied.
    """
    if next(visits) >= MOST_VALUES:
        raise ConfigError([f"{where(())}: {TOO_MANY}"])
    if isinstance(value, Mapping | list | tuple) and len(path) >= _DEEPEST:
        found.append((path, "is nested too deeply; start from a copy of config.yaml"))
    elif isinstance(value, Mapping):
        named = {key if isinstance(key, str) else shown(key): item for key, item in value.items()}
        return {key: _plain(item, (*path, key), found, visits) for key, item in named.items()}
    elif isinstance(value, list | tuple):
        return [_plain(item, (*path, i), found, visits) for i, item in enumerate(value)]
    elif value is None or isinstance(value, bool | str):
        return value
    elif isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            found.append((path, f"is {value}; write a finite number"))
        elif abs(value) >= _LARGEST and isinstance(value, int):
            found.append((path, "is too large a number; write a smaller one"))
        else:
            return value
    else:  # dates, sets and bytes
        quoted = " ".join(str(value).split())
        found.append((path, f"is a {type(value).__name__} to YAML; write it in quotes: '{quoted}'"))
    return None


def _filled(value: Any, part: dict[str, Any]) -> Any:
    """The value with the defaults of this part of the schema, and its numbers as the schema's type."""
    if not part:  # anything may stand here
        return value
    if isinstance(value, dict):
        known, others = part.get("properties", {}), part.get("additionalProperties")
        filled = {}
        for key, below in known.items():
            if key in value:
                filled[key] = _filled(value[key], below)
            elif "default" in below or "properties" in below:
                filled[key] = _filled(copy.deepcopy(below.get("default", {})), below)
        if isinstance(others, dict):
            filled |= {key: _filled(item, others) for key, item in value.items()}
        return filled
    if isinstance(value, list):
        return [_filled(item, part.get("items", {})) for item in value]
    kinds = part.get("type", ())  # one name, or a list that ends in null
    if isinstance(value, int) and not isinstance(value, bool) and "number" in kinds:
        return float(value)
    if isinstance(value, float) and "integer" in kinds and value.is_integer():
        return int(value)
    return value


def _completed(config: dict[str, Any], broken: Collection[Path]) -> dict[str, Any]:
    """Replace the nulls that stand for something computed from other keys."""

    def sound(*path: str) -> bool:
        return not any(path[: len(bad)] == bad for bad in broken)

    recipe, data, coherence = config.get("recipe"), config.get("data"), config.get("coherence")
    if isinstance(recipe, dict) and recipe["decay_epochs"] is None and sound("recipe", "decay_epochs"):
        epochs = recipe["epochs"] if sound("recipe", "epochs") else 1
        halfway, late = epochs // 2, 3 * epochs // 4
        recipe["decay_epochs"] = sorted({epoch for epoch in (halfway, late) if 0 < epoch < epochs})
    grid = config.get("grid")
    if isinstance(grid, dict) and not any(bad[:2] == ("grid", "axes") or bad == ("grid",) for bad in broken):
        for axis in grid["axes"] or ():
            if axis["scale"] == "auto":
                axis["scale"] = HYPERPARAMETERS[axis["name"]].scale
    again = config.get("retraining")
    if isinstance(recipe, dict) and isinstance(again, dict) and again["rewind_epoch"] is None:
        again["rewind_epoch"] = recipe["epochs"] // 2 if sound("recipe", "epochs") else 0
    if isinstance(data, dict):
        if data["prepared"] is None and sound("run"):
            data["prepared"] = f"results/{config.get('run')}/data"
        for key in ("directory", "prepared"):
            if isinstance(data[key], str) and data[key].startswith("~/"):
                data[key] = str(FilePath(data[key]).expanduser())
    if isinstance(coherence, dict) and coherence["models"] is None and sound("models") and sound("recipe", "momentum"):
        part = schema()["properties"]["coherence"]["properties"]["models"]["additionalProperties"]
        priors = {
            name: {
                "momentum": config["recipe"]["momentum"],
                **{key: section[key] for key in ("learning_rate", "weight_decay") if key in section},
            }
            for name, section in config["models"].items()
            if isinstance(section, dict)
        }
        coherence["models"] = {name: _filled(prior, part) for name, prior in priors.items()}
    return config


@functools.cache
def _places() -> dict[str, list[str]]:
    """Where each key belongs, by its own name, so that a misplaced key is sent to the right section."""

    def walk(part: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
        others = part.get("additionalProperties")
        below = {"<model>": others} if isinstance(others, dict) else part.get("properties", {})
        for key, item in below.items():
            yield key, f"{path}{key}"
            yield from walk(item, f"{path}{key}.")

    places: dict[str, list[str]] = {}
    for key, path in walk(schema(), ""):
        places.setdefault(key, []).append(path)
    return places


if __name__ == "__main__":  # a look at a config before Snakemake reads it
    try:
        read(sys.argv[1])
    except ConfigError as mistaken:
        sys.exit(str(mistaken))
