"""What the utility of a subset owes to its layers, its weights' sizes, and the curvature at each of them.

Imbalance is a variance, so what explains utility explains it. To second order the divergence of outputs is half of the
weights' quadratic form in the Fisher information; its diagonal alone gives each weight a utility of its own, and that
of a subset is their sum, 1/2 sum of F_ii w_i^2. How far utility is from that sum is how far it is from additive. Since
the sum's mean over all subsets is known, it also serves as a control variate of the mean utility.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.lanes.vectors import Layout
from prunescape.mechanism.sampling import RATIO, SampleSettings, snapshots
from prunescape.mechanism.statistics import mean_error
from prunescape.mechanism.subsets import Weights, choose
from prunescape.pruning.unstructured import prunable
from prunescape.training.context import Context
from prunescape.training.evaluate import Labelled, validation_batches
from prunescape.training.gradients import per_sample_gradients

EXPLAINED = ("layers", "norms", "fisher", "additive", "adjusted_mean", "adjusted_error")
SPARE = 3  # subsets more than there are predictors, without which nothing is said to be explained


def fisher(network: nn.Module, batches: Labelled, seed: int) -> dict[str, torch.Tensor]:
    """The diagonal of the Fisher information of the prunable weights: the mean of (d ln f_c / d w)^2.

    c is a class drawn from the network's own outputs f, one an image, so that the estimate has no bias.

    Args:
        network: a plain network; batch norm has its running statistics.
        batches: images (B, C, H, W) and labels, which are not used, on the network's device.
        seed: of the classes.

    Returns:
        By parameter name, shaped as the weights; float64, on the CPU.
    """
    network.eval()
    generator, images = torch.Generator().manual_seed(derive_seed(seed, "Fisher information")), 0
    sums = {name: torch.zeros(weight.shape, dtype=torch.float64) for name, weight in prunable(network).items()}
    for x, _ in batches:
        with torch.no_grad():
            outputs = network(x).double().softmax(1).cpu()
        drawn = torch.multinomial(outputs, 1, generator=generator).flatten().to(x.device)
        for part in per_sample_gradients([network], x, drawn):
            for name, total in sums.items():
                total += part[name][0].detach().double().square().sum(0).cpu()
        images += len(x)
    return {name: total / images for name, total in sums.items()}


class Parts(NamedTuple):
    """The parts of each subset of a sample set that may explain its utility.

    Attributes:
        counts: (N, L), weights of each layer.
        norms: (N, L), the sums of their squares.
        predicted: (N,), 1/2 sum of F_ii w_i^2, in nats.
        expected: the mean of the last over all subsets of this size.
    """

    counts: np.ndarray
    norms: np.ndarray
    predicted: np.ndarray
    expected: float


def parts_of(network: nn.Module, information: Mapping[str, torch.Tensor], count: int, seed: int, number: int) -> Parts:
    """The parts of the first random subsets of a size.

    Args:
        network: a plain network.
        information: what `fisher` gives.
        count: weights of each subset.
        seed, number: see `prunescape.mechanism.subsets.random_subset`; subsets 0 to `number` - 1.
    """
    weights, places = prunable(network), dict(Layout.of(network).slices())
    names = sorted(weights, key=lambda name: places[name].start)  # as `Weights` has them
    layers = np.repeat(np.arange(len(names)), [weights[name].numel() for name in names])
    squares = np.concatenate([weights[name].detach().cpu().double().square().flatten().numpy() for name in names])
    curvature = np.concatenate([information[name].flatten().numpy() for name in names])
    own = squares * curvature / 2
    counts, norms, predicted = [], [], []
    for subset in range(number):
        chosen = choose(len(layers), count, seed, subset)
        counts.append(np.bincount(layers[chosen], minlength=len(names)))
        norms.append(np.bincount(layers[chosen], squares[chosen], len(names)))
        predicted.append(own[chosen].sum())
    assert len(layers) == len(Weights.of(network))
    expected = float(own.sum() * count / len(own))
    return Parts(np.array(counts, dtype=np.float64), np.array(norms), np.array(predicted), expected)


def explained_share(values: np.ndarray, predictors: np.ndarray) -> float:
    """The share of the variance of N values that a linear function of predictors explains: the adjusted R^2.

    It is 0 on average where they explain nothing, and may be below; NaN where values are alike or too few.

    Args:
        values: (N,).
        predictors: (N, L).
    """
    centred, columns = values - values.mean(), predictors - predictors.mean(0)
    columns = columns / np.where(columns.std(0) > 0, columns.std(0), 1.0)
    rank = int(np.linalg.matrix_rank(columns)) if np.isfinite(columns).all() else 0
    free = len(values) - 1 - rank
    if free < SPARE or not np.isfinite(values).all() or np.ptp(values) == 0:
        return np.nan
    left = centred - columns @ np.linalg.lstsq(columns, centred, rcond=None)[0]
    return float(1 - (left @ left / free) / (centred @ centred / (len(values) - 1)))


def explain(utility: np.ndarray, parts: Parts) -> dict[str, float]:
    """Shares of the variance of a sample set's utilities that weights, norms and Fisher information explain.

    Args:
        utility: (N,), in nats.
        parts: of the same subsets.

    Returns:
        layers, norms and fisher: the shares of variance that are explained by the numbers of weights of each layer, by
        their squared norms, and by the prediction of the Fisher information; additive, the mean prediction in parts of
        the mean utility; adjusted_mean and adjusted_error, the mean utility with the prediction as control variate, and
        its standard error (nats).
    """
    predicted, mean = parts.predicted, float(utility.mean())
    spread = np.var(predicted, ddof=1)
    slope = np.cov(utility, predicted)[0, 1] / spread if spread > 0 else 0.0
    adjusted = utility - slope * (predicted - parts.expected)
    values = {
        "layers": explained_share(utility, parts.counts),
        "norms": explained_share(utility, parts.norms),
        "fisher": explained_share(utility, predicted[:, None]),
        "additive": float(predicted.mean() / mean) if mean > 0 else np.nan,
        "adjusted_mean": float(adjusted.mean()),
        "adjusted_error": mean_error(adjusted) * float(np.sqrt((len(utility) - 1) / max(len(utility) - 2, 1))),
    }
    return {name: values[name] for name in EXPLAINED}


def explained_over_epochs(
    context: Context,
    states: Mapping[int, Mapping[str, torch.Tensor]],
    table: pd.DataFrame,
    settings: SampleSettings,
    statistics: Batches | None = None,
) -> pd.DataFrame:
    """Shares of the variance of utilities that are explained, see `explain`, for each sample set of a training.

    Args:
        context, states, settings, statistics: see `prunescape.mechanism.sampling.utility_over_epochs`.
        table: what that gives.

    Returns:
        One row an epoch and level: epoch, level, subsets, mean and mean_error (nats), and what `explain` gives.
    """
    rows = []
    for epoch, network in snapshots(context, states, statistics):
        information = fisher(network, validation_batches(context.data, context.engine, "train"), context.seed)
        mine = table[(table["epoch"] == epoch) & (table["ablation"] == RATIO)]
        for level, of_level in mine.groupby("level", sort=False):
            utility = of_level.sort_values("subset")["utility"].to_numpy(dtype=np.float64)
            ablated = int(of_level["ablated"].iloc[0])
            parts = parts_of(network, information, ablated, settings.seed, len(utility))
            measured = {"mean": utility.mean(), "mean_error": mean_error(utility)}
            labels = {"epoch": epoch, "level": level, "subsets": len(utility)}
            rows.append({**labels, **measured, **explain(utility, parts)})
    return pd.DataFrame(rows)
