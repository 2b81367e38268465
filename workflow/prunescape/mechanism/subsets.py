"""Subsets of the weights that are ablated: random ones, bands of equal magnitude, and channels.

A random subset is named by a seed, how many weights it has, and a number, so that the same subsets are ablated at every
epoch of a training, and an ablation by ratio is one by number where the two agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.lanes.vectors import Layout
from prunescape.pruning.channels import channel_masks
from prunescape.pruning.graph import Group
from prunescape.pruning.unstructured import part_or_none, prunable


class Subset(NamedTuple):
    """W_s, a set of weights to be zeroed (utility paper, definition 1).

    Attributes:
        labels: the columns that name it in tables.
        positions: int64, of its weights in the network's `Layout`.
    """

    labels: Mapping[str, Any]
    positions: np.ndarray


@dataclass(frozen=True)
class Weights:
    """W, the weights that subsets are drawn from.

    Attributes:
        positions: (M,), int64, in the network's `Layout`.
        magnitudes: (M,), float64, |w|.
    """

    positions: np.ndarray
    magnitudes: np.ndarray

    @classmethod
    def of(cls, network: nn.Module, kept: Mapping[str, torch.Tensor] | None = None) -> "Weights":
        """The prunable weights of a plain network, or some of them.

        Args:
            network: it.
            kept: those that count, boolean, by parameter name: the mask of a pruned network, or, for a pretrained one,
                the weights above its pruning threshold (utility paper, 2.2.2). Names that it lacks count wholly; None
                takes every prunable weight.
        """
        masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(network).items()}
        masks |= {name: mask for name, mask in (kept or {}).items() if name in masks}
        layout = Layout.of(network)
        positions = layout.positions(masks)
        return cls(positions.numpy(), layout.vector(network.state_dict())[positions].abs().numpy())

    def __len__(self) -> int:
        """Number of weights, M."""
        return len(self.positions)


def are_enough(weights: int, count: int, wanted: int) -> bool:
    """Whether there are at least `wanted` different subsets of `count` out of `weights` weights.

    Those of no weight, of all, or of more than there are, are never enough: they are no choice.
    """
    rest = min(count, weights - count)
    if rest < 1:
        return False
    subsets = 1
    for place in range(rest):  # the binomial coefficients of 1, 2, ... grow, and may be too long to be worked out
        subsets = subsets * (weights - place) // (place + 1)
        if subsets >= wanted:
            return True
    return False


def choose(weights: int, count: int, seed: int, number: int) -> np.ndarray:
    """The places of random subset `number` of `count` out of `weights` weights: int64, increasing.

    Every subset of this size is equally likely. The ranks of PCG64's raw bits decide, which NumPy promises never to
    change.

    Raises:
        ValueError: there are fewer weights.
    """
    if not 0 < count <= weights:
        raise ValueError(f"{count} of {weights} weights cannot be ablated")
    raw = np.random.PCG64(derive_seed(seed, "ablated subset", count, number)).random_raw(weights)
    return np.sort(np.argpartition(raw, count - 1)[:count]).astype(np.int64)


def random_subset(weights: Weights, count: int, seed: int, number: int) -> Subset:
    """A random subset of `count` weights; its labels are ablated (their number) and subset (`number`)."""
    places = choose(len(weights), count, seed, number)
    return Subset({"ablated": count, "subset": number}, weights.positions[places])


def magnitude_bands(weights: Weights, ratios: Sequence[float], bands: int = 20) -> list[Subset]:
    """Subsets of weights that are neighbours in magnitude (utility paper, Fig. 1 right).

    The paper does not say how its bands lie; here those of a ratio r begin at 0, (1 - r) / (`bands` - 1), ... and 1 - r
    of the weights ordered by magnitude, the smallest first.

    Args:
        weights: W.
        ratios: parts of the weights that a band holds, in (0, 1]; one at which a band would hold no weight, or several
            would be the same, is left out.
        bands: how many bands a ratio; at least two.

    Returns:
        With the labels ratio, ablated (number of weights), band (0, 1, ...), low and high (the parts of W below the
        band's first weight and up to its last, 0 to 1), low_magnitude, high_magnitude (of these two weights).
    """
    order = np.argsort(weights.magnitudes, kind="stable")
    total, subsets = len(order), []
    for ratio in ratios:
        count = part_or_none(total, ratio)
        if not count or total - count + 1 < bands:
            continue
        for band, start in enumerate(np.linspace(0, total - count, bands).round().astype(int).tolist()):
            places = order[start : start + count]
            ends = {"low": start / total, "high": (start + count) / total}
            sizes = {"low_magnitude": weights.magnitudes[places[0]], "high_magnitude": weights.magnitudes[places[-1]]}
            labels = {"ratio": ratio, "ablated": count, "band": band, **ends, **sizes}
            subsets.append(Subset(labels, np.sort(weights.positions[places])))
    return subsets


def channels(network: nn.Module, groups: Sequence[Group]) -> list[Subset]:
    """Every channel by itself, with all that makes and reads it, as structured pruning would remove it.

    Returns:
        With the labels layer (the convolution whose filter makes it), channel, ablated (number of parameters).
    """
    layout, subsets = Layout.of(network), []
    for group in groups:
        for channel in range(group.channels):
            masks = channel_masks(network, [group], {group.root: torch.arange(group.channels) != channel})
            positions = layout.positions({name: ~mask for name, mask in masks.items()}).numpy()
            labels = {"layer": group.root, "channel": channel, "ablated": len(positions)}
            subsets.append(Subset(labels, positions))
    return subsets
