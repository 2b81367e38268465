"""The planes of the study `mechanism` for its page: accuracies around pruned and retrained networks, to be chosen."""

import math
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex

from prunescape.figures.names import model_title
from prunescape.figures.surface import colour_scale
from prunescape.io.html import section
from prunescape.pages.study import Extra, Tables, asset

SHADES = 64
COLOUR_MAP = "mako"
NEEDED = ("surface", "marks")
OF_PLANE = ("model", "pruning", "retraining", "seed", "cycle")
MOST_POINTS = 400_000  # that a page holds; of more, the planes of the first seeds


def explorer(tables: Tables) -> Extra | None:
    """The section in which planes are chosen and looked at; None where there are none.

    Args:
        tables: the study's, by name.
    """
    if not {*NEEDED} <= {*tables}:
        return None
    data = planes(*(tables[name][0] for name in NEEDED))
    content = section(asset("planes.jinja"), data=data)
    return Extra({"planes": "Planes"}, content, [asset("planes.js")], asset("planes.css"))


def planes(surface: pd.DataFrame, marks: pd.DataFrame) -> dict[str, Any]:
    """The planes as JSON values.

    Args:
        surface: surface.csv: model, pruning, retraining, seed, cycle, recomputed, x, y, top1.
        marks: marks.csv: the same but the last four, and point, x, y, off_plane, distance.

    Returns:
        palette, colours from low to high; left_out, how many seeds do not fit; and planes, each with the columns of
        `OF_PLANE`, the model's title, x and y (of the columns and rows of its grid), top1 by way of batch norm
        ("recomputed", "combined"; percent, row by row, null of what is not finite), and marks (point, x, y, off_plane,
        distance).
    """
    scale, by = colour_scale(COLOUR_MAP), list(OF_PLANE)
    seeds = sorted(surface["seed"].unique())
    kept = max(1, min(len(seeds), MOST_POINTS * len(seeds) // max(1, len(surface))))
    here, of_plane = surface[surface["seed"].isin(seeds[:kept])], dict(list(marks.groupby(by, sort=False)))
    found = []
    for key, part in here.groupby(by, sort=False):
        x, y = (sorted(part[name].unique()) for name in ("x", "y"))
        tops = {}
        for recomputed, points in part.groupby("recomputed", sort=False):
            grid = points.pivot_table(index="y", columns="x", values="top1", dropna=False).to_numpy()
            tops["recomputed" if recomputed else "combined"] = [_number(value) for value in grid.flatten()]
        named = of_plane[key][["point", "x", "y", "off_plane", "distance"]]
        found.append(
            {
                **dict(zip(by, (*map(str, key[:3]), *map(int, key[3:])), strict=True)),
                "title": model_title(str(key[0])),
                "x": [_number(value, 4) for value in x],
                "y": [_number(value, 4) for value in y],
                "top1": tops,
                "marks": [
                    {"point": point, "x": _number(x, 4), "y": _number(y, 4), "off_plane": _number(off, 4)}
                    | {"distance": _number(distance, 4)}
                    for point, x, y, off, distance in named.itertuples(index=False)
                ],
            }
        )
    palette = [to_hex(scale(shade / (SHADES - 1))) for shade in range(SHADES)]
    return {"palette": palette, "left_out": len(seeds) - kept, "planes": found}


def _number(value: float, digits: int = 2) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
