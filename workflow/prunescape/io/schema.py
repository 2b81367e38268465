"""Tables checked as they are read: columns, types, numbers that are finite, and rows that are there once.

What a table must have stands in the entry of its study. A job is told of the tables that it may read, see `expect`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prunescape.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

TEXT, WHOLE, NUMBER, TRUTH = "string", "integer", "number", "boolean"
_WORDS = {WHOLE: "no whole number", NUMBER: "no number", TRUTH: "neither True nor False"}
_EXPECTED: list[tuple[re.Pattern[str], Mapping[str, Any]]] = []


def expect(schemas: Iterable[Mapping[str, Any]]) -> None:
    """Set the schemas by which this process checks each table that it reads from now on.

    Args:
        schemas: `path`, a pattern with wildcards in braces; `fields`, the types of the columns by name, in their order;
            `key`, the columns whose values together are different in each row.
    """
    # The longest first: `{i}_{j}.history.csv` is no `{i}_{j}.csv`.
    _EXPECTED[:] = [(pattern(of["path"]), of) for of in sorted(schemas, key=lambda of: -len(of["path"]))]


def pattern(path: str) -> re.Pattern[str]:
    """The regular expression of the paths of a pattern."""
    return re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path))))


def check_schema(path: str, table: "pd.DataFrame", remedy: str) -> None:
    """Make sure that a table is as its study describes it, where that is known.

    Args:
        path: where it was read.
        table: as it was read.
        remedy: for a table that is not.

    Raises:
        UserError: a column is missing, unknown or of another type, a number is not finite, or a row is there twice.
    """
    for expected, schema in _EXPECTED:
        if expected.fullmatch(path):
            mistake = _mistake(table, schema["fields"], schema["key"])
            if mistake:
                raise UserError(f"{path}: {mistake}; {remedy}")
            return


def _mistake(table: "pd.DataFrame", fields: Mapping[str, str], key: Sequence[str]) -> str:
    """The mistake of a table in words; empty where there is none."""
    if missing := [name for name in fields if name not in table]:
        return f"the column {missing[0]} is missing"
    if unknown := [name for name in table if name not in fields]:
        return f"the column {unknown[0]} is unknown"
    for name, kind in fields.items():
        wrong = _wrong(table[name], kind)
        if wrong.any():
            return f"line {_line(wrong)}, column {name}: {table.loc[wrong.idxmax(), name]} is {_reason(kind)}"
    again = table.duplicated([*key]) if key else table.index < 0
    if again.any():
        row = table.loc[again.idxmax(), [*key]]
        same = (table[[*key]] == row).where(~(table[[*key]].isna() & row.isna()), other=True).all(axis="columns")
        return f"lines {_line(same)} and {_line(again)} are of the same {', '.join(key)}"
    return ""


def _wrong(column: "pd.Series[Any]", kind: str) -> "pd.Series[bool]":
    """Which fields are not of a type; empty ones are of any."""
    import pandas as pd

    if kind == TRUTH:
        return ~(column.isin([True, False, "True", "False"]) | column.isna())
    if kind == TEXT:
        return pd.Series(data=False, index=column.index)
    numbers = pd.to_numeric(column, errors="coerce")
    finite = numbers.abs() < float("inf")
    return ~(column.isna() | (finite & ((numbers % 1 == 0) | (kind != WHOLE))))


def _reason(kind: str) -> str:
    return f"{_WORDS[kind]}, or not finite" if kind == NUMBER else _WORDS[kind]


def _line(rows: "pd.Series[bool]") -> int:
    """The line of the first of these rows; the header is the first line of a file."""
    return int(rows.to_numpy().argmax()) + 2
