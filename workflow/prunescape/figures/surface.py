"""The heights, the colours and the smooth surface of landscapes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.colors import Colormap
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import distance_transform_edt
from seaborn import color_palette

from prunescape.figures.style import PALE
from prunescape.hpspace.choice import smoothed

REACH = 10.0  # points below the best of all: a variant that never comes so near does not stretch the colours
FINE = 24  # interpolated points a lattice step
BELOW_BEST, ACCURACY = "below_best", "accuracy"  # what the colours of landscapes show
HALF = 0.5  # of what the colours span: so far below them failed cells are drawn
WIDE = 3.0  # widths of the widest region of interest that colours of points below the best reach down, at least


class Heights(NamedTuple):
    """The landscapes of a model's variants as a figure shows them.

    Attributes:
        measured: model, variant, i, j, both hyperparameters, f: accuracy in percent, or points below the variant's own
            best as a negative number.
        estimate: the same without most of the noise, see `estimated`; its own best is that of the estimate.
        limits: of the colours.
        bests: accuracy of the best cell measured, in percent, by variant.
        relative: whether f is below each variant's own best.
    """

    measured: pd.DataFrame
    estimate: pd.DataFrame
    limits: tuple[float, float]
    bests: Mapping[str, float]
    relative: bool


def heights_of(known: pd.DataFrame, shown: str, percent: float, roi: float) -> Heights:
    """Landscapes, measured and estimated, with colours that show every variant's best cells in both.

    Args:
        known: the measured means: model, variant, i, j, both hyperparameters, f (in percent).
        shown: `BELOW_BEST` or `ACCURACY`.
        percent, roi: see `colour_limits`.
    """
    measured, (low, high) = measured_heights(known, shown, percent, roi)
    first, relative = estimated(measured, low - (high - low)), shown == BELOW_BEST
    if relative:  # the best of the estimate lies below the luckiest cell, and the colours begin there
        own = first.groupby("variant")["f"].transform("max")
        estimate = below_best(estimated(measured, low + own - HALF * (high - low)))
    else:
        low = min(low, _weakest(first, high) - roi)
        estimate = estimated(measured, low - HALF * (high - low))
    return Heights(measured, estimate, (low, high), known.groupby("variant")["f"].max().to_dict(), relative)


def measured_heights(
    known: pd.DataFrame, shown: str, percent: float, roi: float
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Landscapes as the colours show them, and the limits of the colours.

    Args:
        known: the measured means: variant, f (in percent).
        shown: `BELOW_BEST` or `ACCURACY`.
        percent, roi: see `colour_limits`.
    """
    if shown == BELOW_BEST:
        relative = below_best(known)
        return relative, colour_limits(relative, percent, WIDE * roi)
    return known, colour_limits(known, percent, roi)


def below_best(known: pd.DataFrame) -> pd.DataFrame:
    """The cells with f less that of the best one of their variant."""
    return known.assign(f=known["f"] - known.groupby("variant")["f"].transform("max"))


def estimated(known: pd.DataFrame, floor: float | pd.Series) -> pd.DataFrame:
    """The landscapes without most of the noise: each cell averaged with its neighbours, as settings are chosen.

    Cells below `floor` (of all, or of each one) are raised to it first: else a failed one would pull down its good
    neighbours.
    """
    parts = [
        here.assign(f=smoothed(here["f"].to_numpy(dtype=np.float64), here[["i", "j"]].to_numpy()))
        for _, here in known.assign(f=known["f"].clip(lower=floor)).groupby("variant", sort=False)
    ]
    return pd.concat(parts) if parts else known


def colour_limits(known: pd.DataFrame, percent: float, roi: float) -> tuple[float, float]:
    """The heights at the ends of the colour bar: the top `percent` of all observations of all variants.

    It is widened where it would hide a variant's optimum: down to `roi` points below the best cell of the
    weakest variant, leaving aside variants that stay `REACH` points below the best of all (they failed).
    """
    if known.empty:
        return 0.0, 100.0
    upper = float(known["f"].max())
    lower = float(np.percentile(known["f"], 100 - percent))
    return min(lower, _weakest(known, upper) - roi), upper


def _weakest(known: pd.DataFrame, upper: float) -> float:
    """The best height of the weakest variant that has not failed; `upper` where there is none."""
    bests = known.groupby("variant")["f"].max()
    return float(bests[bests >= upper - REACH].min()) if (bests >= upper - REACH).any() else upper


def colour_scale(name: str) -> Colormap:
    """The colour map of that name, matplotlib's or seaborn's, with grey for what lies below its range."""
    return color_palette(name, as_cmap=True).with_extremes(under=PALE)


def interpolate(known: pd.DataFrame, extent: Sequence[float], floor: float) -> tuple[np.ndarray, ...] | None:
    """The landscape on a fine grid that fills `extent` (x, y, values); None where cells are too few.

    Accuracies below `floor` are raised to it, so that a failed cell does not pull down its good neighbours. Nothing is
    said of places whose nearest cell was not trained: values are masked there.
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
    surface = np.clip(spline(fine_x, fine_y), floor, values.max())
    missing = table.isna().to_numpy()[np.ix_(_nearest(fine_x, x[1:-1]), _nearest(fine_y, y[1:-1]))]
    return fine_x, fine_y, np.ma.masked_array(surface, missing).T


def _nearest(fine: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The index of the nearest place of each of the fine ones."""
    return np.asarray(np.abs(fine[:, None] - places).argmin(axis=1))


def _padded_axis(values: pd.Index) -> np.ndarray:
    """The coordinates with one more at either end."""
    return np.pad(values.to_numpy(float), 1, mode="reflect", reflect_type="odd")


def _filled(values: np.ndarray) -> np.ndarray:
    """The lattice with its holes filled from the nearest cells."""
    holes = np.isnan(values)
    nearest = distance_transform_edt(holes, return_distances=False, return_indices=True)
    return values[tuple(nearest)]
