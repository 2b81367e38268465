"""Settings in which a run differs from the thesis' study of a model. Light: the rules read it.

What the thesis says is in `workflow/reference`; where it says nothing, the default of our config stands for it. Every
key counts but those of `HARMLESS`, and so does one that the config will have later.
"""

import csv
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from prunescape.config.reading import validated

REFERENCE = Path(__file__).parents[2] / "reference"
AS_PUBLISHED = "as published"
# Keys, and sections with all that is in them, that cannot change a number of the thesis' tables.
HARMLESS = (
    "run",
    # Of few trainings, whose method counts.
    *("exploration.trainings", "exploration.batch", "exploration.worth"),
    # Where the data are, whose content is that of data.name.
    *("data.directory", "data.download", "data.verify", "data.prepared"),
    # Other studies.
    *("stochastic", "mechanism", "coherence", "models.*.stochastic", "models.*.mechanism"),
    # The same arithmetic, on this machine or on that, up to rounding; the thesis' machine is another one anyway.
    *("engine.device", "engine.strategy", "engine.lanes", "engine.threads", "engine.channels_last", "engine.compile"),
    # The test, which the thesis does not have, and what becomes of numbers that are made.
    *("verdict", "own", "cluster", "figures"),
)
_NULL = {"data.train_size": "all", "data.validation_size": "all"}  # what null means there


def differing(model: str, config: Mapping[str, Any]) -> list[str]:
    """The settings in which a run differs from the thesis' study of a model, as `key = ours (thesis: theirs)`.

    Where the thesis does not say, it is `(default: theirs)`. The other networks of a run do not count.

    Args:
        model: its name.
        config: as validated, or what `counted` leaves of it.
    """
    if model not in _priors():
        return [f"the thesis has no {model}"]
    said, theirs = _said(model), published_settings(model)
    ours = _leaves(_of_model(config, model))
    keys = dict.fromkeys([*said, *theirs, *ours])
    return [
        f"{key} = {_written(key, ours)} ({'thesis' if key in said else 'default'}: {_written(key, theirs)})"
        for key in keys
        if not is_harmless(key) and ours.get(key) != theirs.get(key)
    ]


def counted(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a validated config that `differing` reads: nothing, where none of its models is the thesis'."""
    models = [model for model in config["models"] if model in _priors()]
    kept: dict[str, Any] = {}
    for key, value in (item for model in models for item in _leaves(_of_model(config, model)).items()):
        if not is_harmless(key):
            *sections, last = key.split(".")
            functools.reduce(lambda part, name: part.setdefault(name, {}), sections, kept)[last] = value
    return kept


def is_harmless(key: str) -> bool:
    """Whether a key of the config, `section.key`, or a section above it is one of `HARMLESS`."""
    parts = key.split(".")
    return any(
        len(parts) >= len(names) and all(name in ("*", part) for name, part in zip(names, parts, strict=False))
        for names in (harmless.split(".") for harmless in HARMLESS)
    )


@functools.cache
def published_settings(model: str) -> dict[str, Any]:
    """The settings of the thesis' study of a model, by key; what it does not say is our default."""
    raw: dict[str, Any] = {"run": "thesis", "data": {"directory": "."}, "models": {model: {}}}
    for key, value in _said(model).items():
        *sections, last = key.split(".")
        functools.reduce(lambda part, name: part.setdefault(name, {}), sections, raw)[last] = value
    return _leaves(validated(raw, [model], [raw["data"]["name"]]))


@functools.cache
def _said(model: str) -> dict[str, Any]:
    """The settings that the thesis prints for its study of a model, by key of the config."""
    prior = _priors()[model]
    of_model = f"models.{model}"
    settings: dict[str, Any] = {"data.name": prior["data"]}
    settings |= {f"{of_model}.{name}": yaml.safe_load(prior[name]) for name in ("learning_rate", "weight_decay")}
    pruned = [row for row in _rows("matthiesen2023_table_4_2") if row["model"] == model and row["method"] != "dense"]
    settings[f"{of_model}.methods"] = list(dict.fromkeys(row["method"] for row in pruned))
    settings[f"{of_model}.ratios"] = list(dict.fromkeys(float(row["ratio"]) for row in pruned))
    rows = [row for row in _rows("matthiesen2023_settings") if row["data"] == prior["data"]]
    return settings | {row["key"]: yaml.safe_load(row["value"]) for row in rows}


@functools.cache
def _priors() -> dict[str, dict[str, str]]:
    return {row["model"]: row for row in _rows("matthiesen2023_table_3_4")}


def _rows(table: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _of_model(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    return {**config, "models": {model: config["models"][model]}}


def _leaves(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a config, by key; one without keys beneath it is a value, too."""

    def walk(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
        for name, value in part.items():
            if isinstance(value, Mapping) and value:
                yield from walk(value, f"{above}{name}.")
            else:
                yield f"{above}{name}", value

    return dict(walk(config, ""))


def _written(key: str, values: Mapping[str, Any]) -> str:
    """A value on one line, lists without brackets."""
    value = values.get(key)
    if value is None:
        return _NULL.get(key, "null")
    if isinstance(value, list):
        return " ".join(map(_word, value)) or "none"
    return _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bool | Mapping):
        return json.dumps(value)
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)
