"""Histograms of the utilities of a sample set, as outlines that may cross (utility paper, Fig. 4 right, Fig. 14)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prunescape.figures import drawing
from prunescape.figures.mechanism import terms
from prunescape.figures.palette import Look

BINS = 32
FILL = 0.22  # opacity


def panel(axes: Axes, samples: pd.DataFrame, key: str, chosen: Mapping[Any, Look]) -> None:
    """Draw a histogram for each value of `key`, all in the same bins, as parts of each sample set.

    Args:
        samples: `key`, utility; what is not finite is left out.
        key: the column that tells sample sets apart.
        chosen: its values and their looks.
    """
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    finite = samples[np.isfinite(samples["utility"].astype(float))]
    if finite.empty:
        drawing.empty(axes)
        return
    looks = {value: look.colour for value, look in chosen.items() if (finite[key] == value).any()}
    seaborn.histplot(
        finite[finite[key].isin(looks)], x="utility", hue=key, hue_order=list(looks), palette=looks, bins=BINS,
        element="step", stat="percent", common_norm=False, alpha=FILL, linewidth=1.3, legend=False, ax=axes,
    )  # fmt: skip
    axes.set(xlabel=terms.UTILITY, ylabel="")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
