"""Tables of weights and diffs: histograms by layer, single weights over epochs, how far masks agree."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
import torch

from prunescape.coherence.diff_spread import ALL
from prunescape.coherence.layers import Layer
from prunescape.coherence.masks import ranks
from prunescape.pruning.unstructured import Tensors

MOST = 0.99  # of weights that a histogram of magnitudes spreads out; the rest share its last bin (thesis, Fig. 2.3)
FOLLOWED = 10  # weights with the highest diffs, and with the lowest (Fig. 3.3)


def diff_histograms(layers: Sequence[Layer], diffs: Mapping[str, torch.Tensor], bins: int) -> pd.DataFrame:
    """Histograms of the signed diffs of each layer, and of all together.

    Returns:
        One row a layer and bin: layer (or "all"), layer_index (-1 for all), kind, low, high, count; bins are
        [low, high), the last one closed.
    """
    values = {layer.name: diffs[layer.name].flatten().numpy() for layer in layers}
    named: list[tuple[str, int, str, np.ndarray]] = [(ALL, -1, ALL, np.concatenate(list(values.values())))]
    named += [(layer.name, layer.index, layer.kind, values[layer.name]) for layer in layers]
    tables = []
    for name, index, kind, flat in named:
        counts, edges = np.histogram(flat, bins, (-1.0, 1.0))
        place = {"layer": name, "layer_index": index, "kind": kind}
        tables.append(pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts}).assign(**place))
    table = pd.concat(tables, ignore_index=True)
    return table[["layer", "layer_index", "kind", "low", "high", "count"]]


def magnitude_edges(magnitudes: Sequence[np.ndarray], bins: int) -> np.ndarray:
    """Common edges of histograms of |w|: even up to the largest 99 % quantile, and a last bin for what is above."""
    top = max(float(np.quantile(part, MOST)) for part in magnitudes)
    largest = max(float(part.max()) for part in magnitudes)
    return np.append(np.linspace(0, top, bins), np.nextafter(max(largest, top), np.inf))


def magnitude_histogram(magnitudes: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """low, high, count of |w|, in bins [low, high)."""
    counts, _ = np.histogram(magnitudes, edges)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})


def flat_weights(layers: Sequence[Layer], state: Mapping[str, torch.Tensor]) -> np.ndarray:
    """The magnitudes of all weights that are pruned."""
    return np.concatenate([state[layer.name].detach().abs().flatten().numpy() for layer in layers])


def trajectories(
    layers: Sequence[Layer],
    states: Mapping[int, Mapping[str, torch.Tensor]],
    diffs: Mapping[int, Mapping[str, torch.Tensor]],
    epoch: int,
    seed: int,
) -> pd.DataFrame:
    """The weights with the highest and with the lowest |diff| after one epoch, over all epochs.

    Args:
        layers: those that are pruned.
        states, diffs: by epoch.
        epoch: after which the weights are chosen.
        seed: decides among equal diffs.

    Returns:
        One row a weight and epoch: group ("highest" or "lowest"), rank (0 is the highest, or the lowest), layer, index
        (in the flattened layer), epoch, weight, diff.
    """
    placed = ranks({layer.name: diffs[epoch][layer.name].abs() for layer in layers}, seed)
    order = torch.cat([part.flatten() for part in placed.values()]).argsort()
    groups = {"highest": order.flip(0)[:FOLLOWED].tolist(), "lowest": order[:FOLLOWED].tolist()}
    rows: list[dict[str, Any]] = []
    for group, places in groups.items():
        for rank, place in enumerate(places):
            layer, index = _located(layers, place)
            for when, state in states.items():
                values = {
                    name: float(of[layer].flatten()[index]) for name, of in (("weight", state), ("diff", diffs[when]))
                }
                rows.append({"group": group, "rank": rank, "layer": layer, "index": index, "epoch": when, **values})
    return pd.DataFrame(rows)


def _located(layers: Sequence[Layer], place: int) -> tuple[str, int]:
    for layer in layers:
        if place < layer.weights:
            return layer.name, place
        place -= layer.weights
    raise IndexError(place)


def overlap(mask: Tensors, of: Tensors) -> float:
    """The part of one mask's weights that another one keeps, too."""
    both = sum(int((mask[name] & kept).sum()) for name, kept in of.items())
    return both / sum(int(kept.sum()) for kept in of.values())


def overlap_by_chance(mask: Tensors, of: Tensors) -> float:
    """The same where chance decides within each layer which of its weights the first mask keeps, and no more.

    Masks that both keep much of some layers share more than the part of the weights that they keep.
    """
    both = sum(int(mask[name].sum()) * int(kept.sum()) / kept.numel() for name, kept in of.items())
    return both / sum(int(kept.sum()) for kept in of.values())


def densities(layers: Sequence[Layer], mask: Mapping[str, torch.Tensor]) -> pd.DataFrame:
    """Weights that a mask keeps, one row a layer: layer, layer_index, kind, weights, kept."""
    columns = ["layer", "layer_index", "kind", "weights"]
    table = pd.DataFrame([astuple(layer) for layer in layers], columns=columns)
    return table.assign(kept=[int(mask[layer.name].sum()) for layer in layers])
