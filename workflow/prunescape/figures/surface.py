"""The colours and the smooth surface of a landscape."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import Colormap
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import distance_transform_edt
from seaborn import color_palette

from prunescape.figures.style import PALE

REACH = 10.0  # points below the best of all: a variant that never comes so near does not stretch the colours
FINE = 24  # interpolated points a lattice step


def colour_limits(known: pd.DataFrame, percent: float, roi: float) -> tuple[float, float]:
    """The accuracies at the ends of the colour bar: the top `percent` of all observations of all variants.

    It is widened where it would hide a variant's optimum: down to `roi` points below the best cell of the
    weakest variant, leaving aside variants that stay `REACH` points below the best of all (they failed).
    """
    if known.empty:
        return 0.0, 100.0
    upper = float(known["f"].max())
    bests = known.groupby("variant")["f"].max()
    lower = float(np.percentile(known["f"], 100 - percent))
    return min(lower, float(bests[bests >= upper - REACH].min()) - roi), upper


def colour_scale(name: str) -> Colormap:
    """The colour map of that name, matplotlib's or seaborn's, with grey for what lies below its range."""
    return color_palette(name, as_cmap=True).with_extremes(under=PALE)


def interpolate(known: pd.DataFrame, extent: Sequence[float], floor: float) -> tuple[np.ndarray, ...] | None:
    """The landscape on a fine grid that fills `extent` (x, y, values); None where cells are too few.

    Accuracies below `floor` are raised to it, so that a failed cell does not pull down its good neighbours.
    """
    table = known.pivot_table(index="x", columns="y", values="f")
    if min(table.shape) < 2:
        return None
    x, y = _padded_axis(table.index), _padded_axis(table.columns)
    values = _filled(table.to_numpy(float))
    # Beyond the outermost cells the surface goes on at half its last slope.
    flat, sloping = np.pad(values, 1, mode="edge"), np.pad(values, 1, mode="reflect", reflect_type="odd")
    beyond = (flat + sloping) / 2
    spline = RectBivariateSpline(x, y, np.clip(beyond, floor, values.max()), s=0)
    fine_x = np.linspace(extent[0], extent[1], FINE * len(x))
    fine_y = np.linspace(extent[2], extent[3], FINE * len(y))
    return fine_x, fine_y, np.clip(spline(fine_x, fine_y), floor, values.max()).T


def _padded_axis(values: pd.Index) -> np.ndarray:
    """The coordinates with one more at either end."""
    return np.pad(values.to_numpy(float), 1, mode="reflect", reflect_type="odd")


def _filled(values: np.ndarray) -> np.ndarray:
    """The lattice with its holes filled from the nearest cells."""
    holes = np.isnan(values)
    nearest = distance_transform_edt(holes, return_distances=False, return_indices=True)
    return values[tuple(nearest)]
