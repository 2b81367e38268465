"""Colours and markers that the figures of the companion studies have in common, and looks made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.lines import Line2D

# Blue, orange and green that colour-blind readers can tell (Okabe and Ito).
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
VERMILION = "#c04a00"
VIOLET = "#7a4fa0"
CATEGORIES = (BLUE, ORANGE, GREEN, VERMILION, "#7a4fa0")
AGES = LinearSegmentedColormap.from_list("ages", ["#9fd0c7", "#2f8f9d", "#123c5a"])  # from early to late
MARKERS = "osD^vPX*"


@dataclass(frozen=True)
class Look:
    """Colour, marker, line style and name of one of several things in a figure."""

    colour: str
    marker: str
    label: str
    dashes: Any = "-"

    def handle(self) -> Line2D:
        """The legend's sample of the look."""
        return Line2D([], [], color=self.colour, marker=self.marker, ms=4, lw=1.6, ls=self.dashes, label=self.label)


def looks(values: Iterable[Any], labels: Sequence[str]) -> dict[Any, Look]:
    """A colour and a marker each, for things without an order."""
    return {
        value: Look(CATEGORIES[place % len(CATEGORIES)], MARKERS[place % len(MARKERS)], label)
        for place, (value, label) in enumerate(zip(values, labels, strict=True))
    }


def ages(count: int) -> list[str]:
    """Colours of `count` epochs or cycles, from early (light) to late (dark)."""
    return ramp(AGES, count, 0.0, 1.0)


def ramp(colours: Any, count: int, start: float, stop: float) -> list[str]:
    """Colours of a colour map, `count` of them evenly from one place to another; a single one is the last."""
    places = [stop] if count == 1 else np.linspace(start, stop, count)
    return [to_hex(colours(float(place))) for place in places]
