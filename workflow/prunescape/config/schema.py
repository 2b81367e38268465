"""The config as a JSON schema, for messages, for the reference page, and for completion in editors.

`python -m prunescape.config.schema config/config.schema.json` writes what editors read; a line
`# yaml-language-server: $schema=` at the top of a config names that file.
"""

import functools
import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from prunescape.config.config import Config
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.models.catalogue import CATALOGUE as MODELS


class _InOrder(GenerateJsonSchema):
    """Leaves keys in the order in which sections have them."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002
        return value


@functools.cache
def schema() -> dict[str, Any]:
    """The config's JSON schema, without references; do not change what it returns."""
    whole = Config.model_json_schema(schema_generator=_InOrder)
    whole_schema: dict[str, Any] = _written_out(whole, whole.pop("$defs"))
    return whole_schema


def _written_out(part: dict[str, Any], sections: dict[str, Any]) -> dict[str, Any]:
    """The part with the sections that it refers to, and null as one of the types of what may be left out."""
    part = {key: value for key, value in part.items() if key != "title"}
    if "description" in part:  # a docstring has lines
        part["description"] = " ".join(part["description"].split())
    if part.get("additionalProperties") is True:  # whatever an imported network is given
        part["additionalProperties"] = {}
    if "$ref" in part:
        part = _written_out(sections[part.pop("$ref").rpartition("/")[2]], sections) | part
    if "anyOf" in part:
        value, null = part.pop("anyOf")
        value = _written_out(value, sections)
        kinds = [value["type"]] if isinstance(value["type"], str) else value["type"]
        part = value | {"type": [*kinds, null["type"]]} | part
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            part[key] = _written_out(part[key], sections)
    if "properties" in part:
        part["properties"] = {name: _written_out(below, sections) for name, below in part["properties"].items()}
    return part


def part_at(path: tuple[str | int, ...]) -> dict[str, Any]:
    """The part of the schema that the value at a path has to fit."""
    part = schema()
    for name in path:
        below = part["items"] if isinstance(name, int) else part.get("properties", {}).get(name)
        part = below or part["additionalProperties"]
    return part


@functools.cache
def places() -> dict[str, list[str]]:
    """Paths of the keys of a name, by name, so that a misplaced key is sent to the right section."""
    paths: dict[str, list[str]] = {}

    def walk(part: dict[str, Any], path: str) -> None:
        others = part.get("additionalProperties")
        below = {"<model>": others} if isinstance(others, dict) else part.get("properties", {})
        for key, item in below.items():
            paths.setdefault(key, []).append(f"{path}{key}")
            walk(item, f"{path}{key}.")

    walk(schema(), "")
    return paths


def for_editors() -> str:
    """The schema as editors read it, which complete the names of data sets and networks, too.

    No key is required: a config may be laid over another one.
    """
    whole = Config.model_json_schema(schema_generator=_InOrder)
    for part in (whole, *whole["$defs"].values()):
        part.pop("required", None)
    whole["$defs"]["Data"]["properties"]["name"]["enum"] = list(DATA_SETS)
    whole["properties"]["models"]["properties"] = {name: {"$ref": "#/$defs/Model"} for name in MODELS}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(for_editors(), encoding="utf-8")
