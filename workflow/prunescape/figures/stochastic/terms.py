"""Terms and colours of the study `stochastic`, as its figures have them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, to_hex

from prunescape.data.randomness import LEAST_SEED
from prunescape.figures import names
from prunescape.figures.select import distinct

# As in prunescape.stochastic.variants, which would load torch for every figure; a test holds them together.
DENSE, DENSE_STOCHASTIC = "dense", "dense_stochastic"
DETERMINISTIC, STOCHASTIC = "deterministic", "stochastic"
MASK_S_TO_D, MASK_D_TO_S = "mask_s_to_d", "mask_d_to_s"
MAGNITUDE = "magnitude"
SP, DP = "stochastic (SP)", "deterministic (DP)"
TOP1 = "Top-1 accuracy (%)"
PRUNING_RATE = "Pruning rate γ"
GAMMA_RAMP = LinearSegmentedColormap.from_list("gamma", ["#8fcfc0", "#123c3a"])


def ways(table: pd.DataFrame) -> list[bool]:
    """Values of the column `recalibrated` in a table, False first; False alone where the table is empty."""
    return sorted({bool(way) for way in table["recalibrated"]}) or [False]


def network_names(seeds: Iterable[int]) -> dict[int, str]:
    """Short names of networks by seed: `seed 0` of the config's own, `fresh 1` and so on of fresh ones."""
    found, fresh = {}, 0
    for seed in sorted({int(seed) for seed in seeds}):
        fresh += seed >= LEAST_SEED
        found[seed] = f"fresh {fresh}" if seed >= LEAST_SEED else f"seed {seed}"
    return found


def way_title(recalibrated: bool) -> str:
    """The treatment of batch norm, as a panel's title."""
    return "Batch norm recalibrated" if recalibrated else "Batch norm as pretrained"


def sigma_colours(sigmas: Iterable[float]) -> dict[float, str]:
    """A colour a noise level, from the least (violet) to the greatest (orange); deterministic pruning is black."""
    return _ramp(colormaps["plasma"], distinct(sigmas), 0.1, 0.82)


def gamma_colours(gammas: Iterable[float]) -> dict[float, str]:
    """A colour a pruning rate, from the mildest (light) to the hardest (dark)."""
    return _ramp(GAMMA_RAMP, distinct(gammas), 0.0, 1.0)


def _ramp(ramp: Any, values: Sequence[float], start: float, stop: float) -> dict[float, str]:
    places = [(start + stop) / 2] if len(values) == 1 else np.linspace(start, stop, len(values))
    return {value: to_hex(ramp(float(place))) for value, place in zip(values, places, strict=True)}


def method_words(method: str) -> str:
    """A way of pruning within a sentence: `magnitude`, `LAMP`."""
    title = names.method_title(method)
    first, rest = title.split(" ", 1)[0], title[len(title.split(" ", 1)[0]) :]
    return (first.lower() if first[1:].islower() else first) + rest
