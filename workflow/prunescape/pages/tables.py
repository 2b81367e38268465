"""Tables inside a page: short numbers to look at, and the whole file to download."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd

from prunescape.variant import COLUMNS

MOST_ROWS = 300  # that a page shows
MOST_BYTES = 3_000_000  # of a file inside a page
MOST_TOGETHER = 8_000_000  # of all files inside a page


def shown(name: str, title: str, table: pd.DataFrame) -> dict[str, Any]:
    """A table as the page's template takes it: title, columns, short rows, and the whole file as a link.

    Returns:
        title; `file`, its name beside the page; count of rows; columns and rows as text, no rows where they are more
        than `MOST_ROWS`; `link`, a data: address with the CSV file, empty where it is larger than `MOST_BYTES`.
    """
    text = table.to_csv(index=False)
    # What a variant is, its name says already.
    known = list(COLUMNS) if "variant" in table.columns else []
    filled = table.drop(columns=known, errors="ignore").dropna(axis="columns", how="all")
    seen = filled if len(table) <= MOST_ROWS else filled[:0]
    return {
        "title": title,
        "file": f"{name}.csv",
        "count": len(table),
        "columns": list(filled.columns),
        "rows": [[short(value) for value in row] for row in seen.itertuples(index=False)],
        "link": f"data:text/csv;charset=utf-8,{quote(text, safe=',.+-_/()= ')}" if len(text) <= MOST_BYTES else "",
    }


def fitting(tables: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tables from `shown`, with `link` empty where the page would hold more than `MOST_TOGETHER`."""
    fitted, used = [], 0
    for table in tables:
        fits = used + len(table["link"]) <= MOST_TOGETHER
        used += len(table["link"]) if fits else 0
        fitted.append({**table, "link": table["link"] if fits else ""})
    return fitted


def short(value: object) -> str:
    """A value with at most four significant digits; empty for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"
    return str(value)
