"""What the page's scripts know of the landscapes."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex

from prunescape.figures.names import model_title, variant_order, variant_title
from prunescape.figures.plane import step_of
from prunescape.figures.style import PALE, variant_colours
from prunescape.figures.surface import colour_limits, colour_scale
from prunescape.hpspace.cube import DENSE, Cube, cubes
from prunescape.hpspace.landscape import metrics_of

SHADES = 64
LARGEST_ROI = 5.0  # points, of the slider


def landscapes(cells: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All models' landscapes, their colours, and the settings of region, ellipse and risk.

    Args:
        cells: `cells.csv`.
        settings: see `prunescape.pages.explore.explore_page`.

    Returns:
        JSON: `models`, a list with `grid` (i, j, lr, wd, and x, y, the log10 of weight decay and learning rate, of
        every cell; the step in decades) and by metric the `limits` of the colours and the `variants`, dense first, each
        with f and `seeds`, the accuracies of every seed in percent, and `diverged`, the number of seeds that diverged,
        in the order of the cells.
    """
    scale = colour_scale(settings["colour_map"])
    by_metric = {metric: cubes(cells, metric) for metric in metrics_of(cells)}
    return {
        "sigma": settings["sigma"],
        "minimum_cells": settings["minimum_cells"],
        "risk_roi": settings["risk_roi"],
        "largest_roi": max(LARGEST_ROI, 2 * max(settings["risk_roi"], *settings["roi"])),
        "palette": [to_hex(scale(n / (SHADES - 1))) for n in range(SHADES)],
        "under": PALE,
        "models": [
            {
                "name": model,
                "title": model_title(model),
                "grid": _grid(cube),
                "metrics": {
                    metric: _metric(of[model], cells[cells["model"] == model], settings)
                    for metric, of in by_metric.items()
                },
            }
            for model, cube in next(iter(by_metric.values())).items()
        ],
    }


def _grid(cube: Cube) -> dict[str, Any]:
    x, y = cube.places.T
    return {
        "i": cube.lattice[:, 0].tolist(),
        "j": cube.lattice[:, 1].tolist(),
        "x": x.tolist(),
        "y": y.tolist(),
        "lr": [float(f"{10**value:.12g}") for value in y],
        "wd": [float(f"{10**value:.12g}") for value in x],
        "step": min(step_of(x), step_of(y)) if len(x) > 1 else step_of(x),
    }


def _metric(cube: Cube, cells: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    known = pd.DataFrame(
        {"variant": variant, "f": value}
        for variant, row in zip(cube.variants, cube.means, strict=True)
        for value in row
    )
    order = [DENSE, *(name for name in variant_order(cube.variants) if name != DENSE)]
    colours = variant_colours(cube.variants)
    # In the order of the cube's cells, that of (i, j).
    diverged = cells.pivot_table(index="variant", columns=["i", "j"], values="diverged", aggfunc="sum")
    return {
        "limits": list(colour_limits(known, float(settings["colour_range_percent"]), max(settings["roi"]))),
        "variants": [
            {
                "name": name,
                "title": variant_title(name),
                "colour": colours[name],
                "f": cube.means[cube.variants.index(name)].tolist(),
                "seeds": cube.values[cube.variants.index(name)].round(4).tolist(),
                "diverged": diverged.loc[name].astype(int).tolist(),
            }
            for name in order
        ],
    }
