"""Which weights noise swaps, by how far their magnitude lies from the pruning threshold (SP paper, section V)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import norm

from prunescape.pruning.scores import MAGNITUDE
from prunescape.pruning.unstructured import Tensors, prunable
from prunescape.stochastic.names import DETERMINISTIC, STOCHASTIC
from prunescape.stochastic.variants import Pretrained, Variant

# Bins of the distance from the threshold, in standard deviations of the noise; the outermost hold all beyond.
WIDTH, FARTHEST = 0.5, 4.0
EDGES = np.arange(-FARTHEST, FARTHEST + WIDTH / 2, WIDTH)
CENTRES = np.arange(-FARTHEST - WIDTH / 2, FARTHEST + WIDTH, WIDTH)


def swaps(pretrained: Pretrained, gamma: float, sigmas: Sequence[float], draws: int) -> pd.DataFrame:
    """The weights whose mask noise changes, pruned by magnitude: kept without noise and removed with it, or vice versa.

    Args:
        pretrained: w*.
        gamma, sigmas: pruning rate, and standard deviations of the noise.
        draws: stochastic networks, whose mean is taken.

    Returns:
        One row a noise and bin: model, seed, gamma, sigma; distance, the bin's middle, |w| minus the smallest magnitude
        kept without noise, in sigmas; weights, their number; swapped, how many of them change sides; and expected, how
        many would if the threshold stayed where it is: each |w + N(0, sigma^2)| on the other side of it.
    """
    plain = _flat(pretrained.masks(Variant(DETERMINISTIC, MAGNITUDE, gamma))).astype(bool)
    sizes = np.abs(_flat(prunable(pretrained.network, exclude=pretrained.exclude)))
    threshold = sizes[plain].min()
    tables = []
    for sigma in sigmas:
        changed = np.zeros(len(sizes))
        for draw in range(draws):
            changed += plain != _flat(pretrained.masks(Variant(STOCHASTIC, MAGNITUDE, gamma, sigma, draw))).astype(bool)
        below = norm.cdf((threshold - sizes) / sigma) - norm.cdf((-threshold - sizes) / sigma)
        expected = np.where(plain, below, 1 - below)
        bins = np.searchsorted(EDGES, (sizes - threshold) / sigma, side="right")
        counts = [np.bincount(bins, of, len(CENTRES)) for of in (np.ones(len(sizes)), changed / draws, expected)]
        weights, swapped, foretold = counts
        labels = {"model": pretrained.model, "seed": pretrained.seed, "gamma": gamma, "sigma": sigma}
        columns = {"distance": CENTRES, "weights": weights.astype(int), "swapped": swapped, "expected": foretold}
        tables.append(pd.DataFrame(columns).assign(**labels)[[*labels, *columns]])
    return pd.concat(tables, ignore_index=True)


def _flat(tensors: Tensors) -> np.ndarray:
    return torch.cat([tensor.flatten().double().cpu() for tensor in tensors.values()]).numpy()
