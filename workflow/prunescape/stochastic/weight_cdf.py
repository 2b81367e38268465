"""Sizes of the weights of a network, against the noise (SP paper, Fig. 6)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.pruning.unstructured import NO_LAYER, prunable

POINTS = 200  # of the curve where no magnitudes are given
DECADES = 6  # below the largest weight, likewise


def weight_cdf(network: nn.Module, magnitudes: Sequence[float] | None = None, exclude: str = NO_LAYER) -> pd.DataFrame:
    """The cumulative distribution of the prunable weights' magnitudes.

    Args:
        network: a plain network.
        magnitudes: where it is wanted, such as at the noise's sigmas; None spreads points evenly in the logarithm over
            the six decades below the largest weight.
        exclude: layers that are not prunable, see `prunescape.pruning.unstructured.prunable`.

    Returns:
        One row a magnitude: magnitude, share (of the weights with |w| <= magnitude, 0 to 1).
    """
    weights = prunable(network, exclude=exclude).values()
    sizes = torch.cat([weight.abs().flatten() for weight in weights]).double().cpu().numpy()
    sizes.sort()
    if magnitudes is None:
        points = np.geomspace(sizes[-1] * 10.0**-DECADES, sizes[-1], POINTS)
        points[-1] = sizes[-1]  # not a last bit below it
    else:
        points = np.asarray(magnitudes, dtype=np.float64)
    shares = np.searchsorted(sizes, points, side="right") / len(sizes)
    return pd.DataFrame({"magnitude": points, "share": shares})
