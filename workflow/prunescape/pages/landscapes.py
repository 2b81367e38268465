"""Landscapes as the page's scripts read them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from prunescape.figures.names import model_title, variant_title, variants_in
from prunescape.figures.plane import marks, step_of
from prunescape.figures.style import PALE, variant_colours
from prunescape.figures.surface import ACCURACY, BELOW_BEST, colour_scale, measured_heights
from prunescape.hpspace.cube import Cube, cubes
from prunescape.hpspace.landscape import metrics_of
from prunescape.hpspace.lattice import Axis, Pair

SHADES = 64
LARGEST_ROI = 5.0  # points, of the slider
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class ExplorerSettings:
    """What the explorer of landscapes shows, and how.

    Attributes:
        pair: the axes of the grid.
        roi, risk_roi, sigma, minimum_cells, confidence: of the config's section `analysis`.
        landscape, colour_map, colour_range_percent: of its section `figures`.
    """

    pair: Pair
    roi: Sequence[float]
    risk_roi: float
    sigma: float
    minimum_cells: int
    confidence: float
    landscape: str
    colour_map: str
    colour_range_percent: float

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "ExplorerSettings":
        """The look in a job's settings."""
        others = {field.name: settings[field.name] for field in fields(cls) if field.name != "pair"}
        return cls(Pair.from_json(settings["axes"]), **others)


def landscapes(cells: pd.DataFrame, look: ExplorerSettings) -> dict[str, Any]:
    """The landscapes of all models, their colours, and the settings of region, ellipse and risk.

    Args:
        cells: `cells.csv`.
        look: what of them is shown, and how.

    Returns:
        JSON: `unit`, of lengths in the plane; `models`, a list with `grid` (i, j, and the place x, y of every cell in
        that unit; `step`, the distance of neighbours; `across` and `up`, name, words, values, scale and ticks of the
        axes, see `_axis`, `_ticks`) and by metric the `limits` of the colours, by what they show, and the `variants`,
        dense first, each with f and `seeds`, the accuracies of every seed in percent, and `diverged`, the number of
        seeds that diverged, in the order of the cells.
    """
    scale = colour_scale(look.colour_map)
    by_metric = {metric: cubes(cells, metric, look.pair) for metric in metrics_of(cells)}
    return {
        "unit": look.pair.unit,
        "landscape": look.landscape,
        "sigma": look.sigma,
        "minimum_cells": look.minimum_cells,
        "risk_roi": look.risk_roi,
        "largest_roi": max(LARGEST_ROI, 2 * max(look.risk_roi, *look.roi)),
        "palette": [to_hex(scale(n / (SHADES - 1))) for n in range(SHADES)],
        "under": PALE,
        "models": [
            {
                "name": model,
                "title": model_title(model),
                "grid": _grid(cube, cells[cells["model"] == model]),
                "metrics": {
                    metric: _metric(of[model], cells[cells["model"] == model], look) for metric, of in by_metric.items()
                },
            }
            for model, cube in next(iter(by_metric.values())).items()
        ],
    }


def _grid(cube: Cube, cells: pd.DataFrame) -> dict[str, Any]:
    x, y = cube.places.T
    steps = (cube.lattice[:, 1], x), (cube.lattice[:, 0], y)
    across, up = (
        {**_axis(axis, unit, cells), "ticks": _ticks(axis, unit, *places)}
        for axis, unit, places in zip(reversed(cube.pair), cube.pair.units, steps, strict=True)
    )
    return {
        "i": cube.lattice[:, 0].tolist(),
        "j": cube.lattice[:, 1].tolist(),
        "x": x.tolist(),
        "y": y.tolist(),
        "across": across,
        "up": up,
        "step": (min(step_of(x), step_of(y)) if len(x) > 1 else step_of(x)) if cube.pair.in_decades else 1.0,
    }


def _ticks(axis: Axis, unit: float, steps: np.ndarray, places: np.ndarray) -> list[tuple[float, str]]:
    """The ticks that figures have: where they are in steps of the grid, and their labels.

    Args:
        axis: of the grid.
        unit: see `_axis`.
        steps, places: of every cell along the axis.
    """
    steps, first = np.unique(steps, return_index=True)
    coordinates = places[first] * unit
    margin = (coordinates[-1] - coordinates[0]) / (steps[-1] - steps[0]) / 2 if len(steps) > 1 else 0.0
    labelled, labels, _ = marks(axis, float(coordinates[0] - margin), float(coordinates[-1] + margin))
    if not margin:
        return [(float(steps[0]), f"{10 ** coordinates[0] if axis.is_log else coordinates[0]:.3g}")]
    at = steps[0] + (np.asarray(labelled) - coordinates[0]) / (2 * margin)
    return [(round(float(place), 4), plain(label)) for place, label in zip(at, labels, strict=True)]


def plain(label: str) -> str:
    """A label of a figure as plain text: `$3{\\times}10^{-4}$` -> `3×10⁻⁴`."""
    raised = re.sub(r"\^\{(-?\d+)\}", lambda power: power[1].translate(RAISED), label)
    return raised.replace(r"{\times}", "×").strip("$")


def _axis(axis: Axis, unit: float, cells: pd.DataFrame) -> dict[str, Any]:
    """An axis: its values, one a cell in the order of (i, j), and how a place gives a value.

    `unit` times the place is the coordinate, which is the log10 of the value where `log`.
    """
    values = cells.drop_duplicates(["i", "j"]).sort_values(["i", "j"])[axis.name]
    return {
        "name": axis.name,
        "words": axis.words,
        "values": values.tolist(),
        "unit": unit,
        "log": axis.is_log,
    }


def _metric(cube: Cube, cells: pd.DataFrame, look: ExplorerSettings) -> dict[str, Any]:
    known = pd.DataFrame(
        {"variant": variant, "f": value}
        for variant, row in zip(cube.variants, cube.means, strict=True)
        for value in row
    )
    variants = variants_in(cells)  # dense first
    colours = variant_colours(variants.values())
    # In the order of the cube's cells, that of (i, j).
    diverged = cells.pivot_table(index="variant", columns=["i", "j"], values="diverged", aggfunc="sum")
    return {
        "limits": {
            shown: list(measured_heights(known, shown, look.colour_range_percent, max(look.roi))[1])
            for shown in (BELOW_BEST, ACCURACY)
        },
        "variants": [
            {
                "name": name,
                "title": variant_title(variant),
                "colour": colours[name],
                "f": cube.means[cube.variants.index(name)].tolist(),
                "seeds": cube.values[cube.variants.index(name)].round(4).tolist(),
                "diverged": diverged.loc[name].astype(int).tolist(),
            }
            for name, variant in variants.items()
        ],
    }
