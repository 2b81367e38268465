"""What tests of figures ask of them: what is drawn where, and whether it can be read."""

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(figure: Figure) -> str:
    return "\n".join(artist.get_text() for artist in figure.findobj(Text))


def lines_of(axes, colour, least=2):
    """The lines of a colour, as arrays of points."""
    found = [line for line in axes.get_lines() if to_hex(line.get_color()) == colour]
    return [line.get_xydata() for line in found if len(line.get_xydata()) >= least]


def panel(figure: Figure, title: str):
    """The one panel whose title begins so."""
    (found,) = [axes for axes in figure.axes if axes.get_title(loc="left").startswith(title)]
    return found


def drawn(axes, colour):
    """The one line of a colour."""
    (line,) = lines_of(axes, colour, least=1)
    return line


def dots(axes, colour=None):
    """The points of all filled scatters of a colour, (M, 2)."""
    found = [np.empty((0, 2))]
    for group in axes.collections:
        filled = isinstance(group, PathCollection) and len(group.get_facecolor())
        if filled and colour in (None, to_hex(group.get_facecolor()[0])):
            found.append(np.asarray(group.get_offsets()))
    return np.vstack(found)


def levels(axes):
    """The heights of short horizontal lines."""
    groups = [group for group in axes.collections if isinstance(group, LineCollection)]
    return [segment[0][1] for group in groups for segment in group.get_segments()]


def legible(figure: Figure) -> bool:
    """Whether titles, legends and labels of axes keep clear of each other and of the figure's edges."""
    figure.draw_without_rendering()
    parts = [title for axes in figure.axes for title in (axes._left_title, axes.xaxis.label, axes.yaxis.label)]
    boxes = [part.get_window_extent() for part in [*parts, figure._suptitle] if part.get_text().strip()]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    inside = all(
        box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1 for box in boxes
    )
    return inside and not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[number + 1 :])
