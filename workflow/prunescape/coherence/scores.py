"""Scores of single weights beside diffs, and how alike their orders are.

By gradients g of single images, of E over all training images, at the weights w of the highest coherence:

- `diff` is the size of the mean sign of g (coherence thesis, 3.1);
- `gradient` is |E g|, the size of the thesis' first diff, which is a sum (3.1);
- `coherence` is (E g)^2 / E g^2, the coherence of one weight;
- `snip` is |w E g| (Lee et al., 2019), the connection sensitivity, here of a trained network;
- `grasp` is w (H E g) (Wang et al., 2020), H the Hessian of the mean loss by the weights that are pruned;
- `magnitude` is |w| after training, and `movement` how far it is then from where it began.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import nn

from prunescape.coherence.layers import Layer
from prunescape.coherence.measure import batches_of, chosen_images, on_device
from prunescape.coherence.samples import Totals, of_batch
from prunescape.data.batches import Batches
from prunescape.models.attention import plain_attention
from prunescape.models.weights import State
from prunescape.pruning.unstructured import Tensors
from prunescape.training.context import Context

SCORES = ("diff", "gradient", "coherence", "snip", "grasp", "magnitude", "movement")
BENT = "grasp"  # the score that needs the Hessian
TOP = 0.1  # the part of the weights that the highest are


def weight_scores(
    context: Context,
    states: Mapping[int, State],
    epoch: int,
    layers: Sequence[Layer],
    samples: int | None = None,
    wanted: Collection[str] = SCORES,
) -> dict[str, Tensors]:
    """Scores of all weights of some layers, float64 on the CPU, by name, and by layer.

    Args:
        context: what the network is measured with.
        states: the network by epoch, the first of which is its initialisation.
        epoch: at which gradients are taken.
        layers: whose weights.
        samples: how many training images; see `prunescape.coherence.measure.measure`.
        wanted: of `SCORES`.
    """
    network = on_device(context.network(states[epoch]), context.engine)
    batches = batches_of(network, chosen_images(context.data, samples, context.seed), context.engine)
    totals, count = Totals(energies={}), 0
    for images, labels in batches:
        of_batch(network, images, labels, True, totals)
        count += len(images)
    assert totals.energies is not None
    mean = {layer.name: totals.gradients[layer.name] / count for layer in layers}
    weights = {layer.name: network.get_parameter(layer.name).detach().double() for layer in layers}
    bent = hessian_product(network, batches, mean, count) if BENT in wanted else mean
    last, first = states[max(states)], states[min(states)]
    found: dict[str, Tensors] = {name: {} for name in SCORES if name in wanted}
    for layer in layers:
        name, gradient = layer.name, mean[layer.name]
        energy = totals.energies[name] / count
        parts = {
            "diff": totals.signs[name].abs() / count,
            "gradient": gradient.abs(),
            "coherence": torch.where(energy > 0, gradient.square() / energy, 0.0),
            "snip": (weights[name] * gradient).abs(),
            "grasp": weights[name] * bent[name],
            "magnitude": last[name].abs(),
            "movement": (last[name] - first[name]).abs(),
        }
        for score, by_layer in found.items():
            by_layer[name] = parts[score].detach().double().cpu()
    return found


def flat(scores: dict[str, Tensors]) -> dict[str, np.ndarray]:
    """Scores of all weights, layer after layer, by name; what is given is emptied, so that none is held twice."""
    return {name: torch.cat([part.flatten() for part in scores.pop(name).values()]).numpy() for name in [*scores]}


def hessian_product(
    network: nn.Module, batches: Batches, direction: Mapping[str, torch.Tensor], count: int
) -> dict[str, torch.Tensor]:
    """The Hessian of the mean loss by some parameters, times a direction of them, by name.

    Args:
        network: in evaluation mode; it is not changed in the end.
        batches: all images.
        direction: by parameter name.
        count: how many images there are.
    """
    wanted = {name: network.get_parameter(name).requires_grad_() for name in direction}
    product = {name: torch.zeros_like(part, dtype=torch.float64) for name, part in direction.items()}
    with torch.enable_grad(), plain_attention():
        for images, labels in batches:
            loss = F.cross_entropy(network(images), labels, reduction="sum") / count
            slopes = torch.autograd.grad(loss, list(wanted.values()), create_graph=True)
            along = sum((slope * direction[name].to(slope)).sum() for name, slope in zip(wanted, slopes, strict=True))
            bent = torch.autograd.grad(along, list(wanted.values()), allow_unused=True)  # type: ignore[arg-type]
            for name, part in zip(wanted, bent, strict=True):
                if part is not None:
                    product[name] += part.double()
    for parameter in wanted.values():
        parameter.requires_grad_(False)
    return product


def rank_correlations(scores: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How alike the orders of weights by scores are, a row a pair.

    Returns:
        one and other (scores), rank_correlation (Spearman's, over all weights), and shared: the part of the `TOP`
        highest weights by the one that are among those by the other, of which chance gives `TOP`.
    """
    ranks, highest = [], {}
    for name, values in scores.items():
        rank = rankdata(values)
        spread = rank.std()
        ranks.append((rank - rank.mean()) / (spread if spread > 0 else np.nan))
        highest[name] = np.zeros(len(values), dtype=bool)
        highest[name][np.argpartition(-values, kept := round(TOP * len(values)))[:kept]] = True
    centred = np.stack(ranks)
    correlations = centred @ centred.T / centred.shape[1]
    rows = []
    for (i, one), (j, other) in combinations(enumerate(scores), 2):
        shared = np.count_nonzero(highest[one] & highest[other]) / np.count_nonzero(highest[one])
        rows.append({"one": one, "other": other, "rank_correlation": float(correlations[i, j]), "shared": shared})
    return pd.DataFrame(rows)
