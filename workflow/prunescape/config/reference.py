"""The config's page, from its sections: `python -m prunescape.config.reference docs/config.md`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prunescape.config.messages import flow
from prunescape.config.schema import schema
from prunescape.io.strict_yaml import MOST_VALUES

_HEAD = """# The config

<!-- Made by `PYTHONPATH=workflow python -m prunescape.config.reference docs/config.md`; do not edit. -->

{description}

A key without a default must be given. An unknown key, or a value that does not fit, stops the workflow before
any job starts, with a line that names the key and the remedy.

`config.yaml` is read where no `--configfile` is given; a file given with `--configfile` takes its place
whole. Numbers with an exponent need a point: YAML reads `1e-3` as text and `1.0e-3` as a number. `--config`
serves words (`--config run=again data='{{directory: /mnt/cifar}}'`); a nested number given with it arrives
as text and is refused: write a small file instead, and give both, `--configfile config.yaml changes.yaml`.

A key that is given twice is refused, with both lines (what `<<` merges may be overridden), and so are aliases that
stand for more than {most} values.

Snakemake reads a file given with `--configfile` first, and says badly what is wrong in one that is no YAML (a tab, a
bracket left open). The command `prunescape` says it with its line. So does
`PYTHONPATH=workflow python -m prunescape.config my_study.yaml`, which runs nothing of what is in the file, and says
nothing where the file can be read.
"""
_COLUMNS = "| key | value | unit | default | meaning |\n|---|---|---|---|---|\n"
_KINDS = {
    "integer": "whole number",
    "boolean": "true or false",
    "string": "text",
    "array": "list",
    "object": "keys and values",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def page() -> str:
    """The whole page, in Markdown."""
    whole = schema()
    keys = whole["properties"]
    loose = {key: part for key, part in keys.items() if "object" not in part["type"]}
    text = (
        _HEAD.format(description=whole["description"], most=MOST_VALUES)
        + "\n## At the top\n\n"
        + _table("", loose, whole)
    )
    for key, part in keys.items():
        if key in loose:
            continue
        below, prefix = part, f"{key}."
        if "properties" not in part:
            below, prefix = part["additionalProperties"], f"{key}.<name>."
        text += f"\n## {key}\n\n{part['description']}\n\n" + _table(prefix, below["properties"], below)
    return text


def _table(prefix: str, keys: dict[str, Any], owner: dict[str, Any]) -> str:
    return _COLUMNS + "".join(_rows(prefix, keys, owner))


def _rows(prefix: str, keys: dict[str, Any], owner: dict[str, Any]) -> Iterator[str]:
    for key, part in keys.items():
        if "properties" in part:
            yield f"| `{prefix}{key}` | section | | | {part['description']} |\n"
            yield from _rows(f"{prefix}{key}.", part["properties"], part)
            continue
        unit = part.get("unit", part.get("items", {}).get("unit", ""))
        default = "required" if key in owner.get("required", ()) else f"`{flow(part['default'])}`"
        cells = (f"`{prefix}{key}`", _kind(part), unit, default, part["description"])
        yield f"| {' | '.join(cells)} |\n"
        if "properties" in (named := part.get("additionalProperties") or {}):
            yield from _rows(f"{prefix}{key}.<name>.", named["properties"], named)
        if "properties" in (entry := part.get("items", {})):
            yield from _rows(f"{prefix}{key}[].", entry["properties"], entry)


def _kind(part: dict[str, Any]) -> str:
    """The values that may be written, in a few words: `whole number ≥ 1`, `one of l1, l2`."""
    if "enum" in part:
        return "one of " + ", ".join(f"`{word}`" for word in part["enum"])
    kinds: list[str] = part["type"] if isinstance(part["type"], list) else [part["type"]]
    words: list[str] = [
        f"`{part['word']}`" if "word" in part and kind == "string" else _KINDS.get(kind, kind) for kind in kinds
    ]
    bounds = [f"{sign} {part[key]}" for key, sign in _BOUNDS.items() if key in part]
    words[0] = " ".join([words[0], ", ".join(bounds)]).strip()
    if "items" in part:
        low, high = part.get("minItems", 0), part.get("maxItems")
        words[0] = f"{'list' if high is None else f'{low}'} × {_kind(part['items'])}"
    return " or ".join(words)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
