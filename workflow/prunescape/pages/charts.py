"""Charts on a study's page whose reader chooses what they show, from the tables that the page has."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex

from prunescape.figures.style import OTHER_RAMPS, RAMPS
from prunescape.figures.surface import colour_scale
from prunescape.io.html import section
from prunescape.pages.study import Extra, Tables, asset, short

SCRIPTS = ("svg.js", "chart.js", "charts.js")
MOST_POINTS = 60_000  # that a chart holds; of more, those of the first seeds
COLOURS = [ramp[0] for ramp in (*RAMPS.values(), *OTHER_RAMPS)]  # each at least 4.5 times as dark as paper
DARK = 0.75  # the part of a sequential colour map that can be seen on paper


def explorer(entries: Sequence[Mapping[str, Any]], tables: Tables) -> Extra | None:
    """The section with a study's charts; None where there are none.

    Args:
        entries: charts, see `prunescape.studies.study.Chart`, by attribute; those of tables that are missing or empty
            are left out.
        tables: of the page, by name.
    """
    charts = [
        chart for entry in entries if entry["table"] in tables and (chart := chart_of(entry, *tables[entry["table"]]))
    ]
    if not charts:
        return None
    content = section(asset("charts.jinja"), charts=charts)
    return Extra({"charts": "Charts"}, content, [asset(name) for name in SCRIPTS], asset("charts.css"))


def chart_of(entry: Mapping[str, Any], table: pd.DataFrame, of: Any) -> dict[str, Any] | None:
    """A chart as JSON values; None where its table has no row for it.

    Args:
        entry: see `explorer`.
        table: its table, a row a point or one of several that are a point together.
        of: the table's caption, which tells the meanings of its columns.

    Returns:
        title; x (name, words, log); y, a list (name, words, meaning); lines (name, words, values and colours); choose,
        a list (name, words); left_out, how many seeds do not fit; and rows, lists of equal length by column: those to
        choose by, of lines and of seeds as text ("" of what is missing), the others as numbers (null of what is not
        finite).
    """
    for column, allowed in entry["where"].items():
        table = table[table[column].astype(str).isin(allowed)]
    y = [name for name in entry["y"] if name in table and table[name].notna().any()]
    if table.empty or not y:
        return None
    keys = [name for name in entry["choose"] if name in table]
    seeds = table["seed"].unique()
    by = [*keys, entry["lines"], "seed", entry["x"]]
    points = table.groupby(by, sort=False, dropna=False)[y].median().reset_index()
    points = points[points[entry["x"]].notna()]
    kept = max(1, min(len(seeds), MOST_POINTS * len(seeds) // max(1, len(points))))
    points = points[points["seed"].isin(seeds[:kept])].sort_values(entry["x"], kind="stable")
    values = list(dict.fromkeys(points[entry["lines"]]))
    values = sorted(values) if pd.api.types.is_numeric_dtype(points[entry["lines"]]) else values
    return {
        "title": entry["title"],
        "x": {"name": entry["x"], "words": _words(entry, entry["x"]), "log": entry["is_log"]},
        "y": [{"name": name, "words": _words(entry, name), "meaning": of.columns.get(name, "")} for name in y],
        "lines": {"name": entry["lines"], "words": _words(entry, entry["lines"]), **coloured(values)},
        "choose": [{"name": name, "words": _words(entry, name)} for name in keys],
        "left_out": len(seeds) - kept,
        "rows": {
            **{name: [short(value) for value in points[name]] for name in [*keys, entry["lines"], "seed"]},
            **{name: [_number(value) for value in points[name]] for name in [entry["x"], *y]},
        },
    }


def _words(entry: Mapping[str, Any], name: str) -> str:
    return entry["words"].get(name, name.replace("top1", "top-1 accuracy").replace("_", " "))


def coloured(values: Sequence[Any]) -> Mapping[str, list[str]]:
    """Values as text with a colour each: of numbers from dark to light, else, or of few, of different hues."""
    if len(values) <= len(COLOURS):
        colours = COLOURS[: len(values)]
    else:
        scale = colour_scale("viridis")
        colours = [to_hex(scale(DARK * place / (len(values) - 1))) for place in range(len(values))]
    return {"values": [short(value) for value in values], "colours": colours}


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
