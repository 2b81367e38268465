"""Lines of several networks, thin, and their mean, bold."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from seaborn import lineplot

from prunescape.figures.stochastic.lines import THIN


def bundle(axes: Axes, rows: pd.DataFrame, x: str, name: str, unit: str, colour: str, **look: Any) -> None:
    """A thin line for each value of the column `unit`, where there are several, and a bold one for their mean.

    Args:
        axes: the panel.
        rows: x, name, unit.
        x, name, unit: columns.
        colour: of all lines.
        look: of the bold one, as matplotlib has it.
    """
    if rows[unit].nunique() > 1:
        lineplot(rows, x=x, y=name, units=unit, estimator=None, color=colour, ax=axes, **THIN)
    lineplot(rows, x=x, y=name, color=colour, lw=1.9, errorbar=None, ax=axes, **look)
