"""An accuracy surface seen from the side, with the networks of its plane standing on it."""

from typing import Any

import numpy as np
from matplotlib.colors import Colormap, LightSource, Normalize
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from scipy.interpolate import RegularGridInterpolator

from prunescape.figures import style
from prunescape.figures.mechanism.marks import FILLS, SHAPES, Mark

FACETS = 110  # along a side
ELEVATION, AZIMUTH = 42, -62  # degrees
LIGHT = LightSource(azdeg=300, altdeg=55)
FLOOR = -4.0
LIFT = 5.0  # percent: how far marks stand above the surface


def draw(
    figure: Figure, place: SubplotSpec, surface: tuple[np.ndarray, ...], marks: list[Mark], colours: Colormap,
    norm: Normalize,
) -> Any:  # fmt: skip
    """Draw the surface in perspective, with the corners of the plane standing on it.

    Args:
        figure: where.
        place: in it.
        surface: x, y and the accuracies on their grid, (y, x), as `prunescape.figures.surface.interpolate` gives them.
        marks: the networks; the corners of the plane are drawn.
        colours: of the accuracies.
        norm: of the colours.

    Returns:
        The axes.
    """
    axes: Any = figure.add_subplot(place, projection="3d", computed_zorder=False)
    x, y, values = surface
    thin = max(1, len(x) // FACETS)
    x, y, values = x[::thin], y[::thin], values[::thin, ::thin]
    shaded = LIGHT.shade_rgb(colours(norm(values))[..., :3], values, vert_exag=0.06, blend_mode="soft")
    grid = np.meshgrid(x, y)
    axes.plot_surface(
        *grid, values, facecolors=shaded, rstride=1, cstride=1, linewidth=0, antialiased=False, shade=False,
        rasterized=True, zorder=1,
    )  # fmt: skip
    _stand(axes, RegularGridInterpolator((y, x), values, bounds_error=False), marks)
    _frame(axes, x, y)
    return axes


def _stand(axes: Any, height: RegularGridInterpolator, marks: list[Mark]) -> None:
    """The corners of the plane, a little above the surface."""
    for mark in (mark for mark in marks if mark.corner):
        level = float(height((mark.y, mark.x)))
        if np.isnan(level):
            continue
        shape, size = SHAPES[mark.kind]
        axes.plot([mark.x] * 2, [mark.y] * 2, [level, level + LIFT], color=style.INK, lw=1, zorder=4)
        axes.plot(
            [mark.x], [mark.y], [level + LIFT], ls="", marker=shape, ms=size, mfc=FILLS[mark.kind], mec=style.INK,
            mew=0.9, zorder=5,
        )  # fmt: skip


def _frame(axes: Any, x: np.ndarray, y: np.ndarray) -> None:
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), zlim=(FLOOR, 100 + 2 * LIFT))
    axes.view_init(ELEVATION, AZIMUTH)
    axes.set_box_aspect((1, 1, 0.55), zoom=1.18)
    axes.set(xticks=[], yticks=[], zticks=range(0, 101, 25))
    axes.set_xlabel("toward $W^{p}$", labelpad=-12, fontsize=style.size(7.5))
    axes.set_ylabel("toward $W^{r}$", labelpad=-12, fontsize=style.size(7.5))
    axes.tick_params(axis="z", pad=1, labelsize=style.size(7.5))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)
        axis.line.set_color(style.FAINT)
        axis._axinfo["grid"]["color"] = style.PALE
