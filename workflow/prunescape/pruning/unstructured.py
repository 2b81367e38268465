"""Unstructured pruning: single weights are removed, those of the lowest scores.

Prunable are the weights of convolutions and fully connected layers, all of them, or all but those of the first and the
last layer. Biases and batch norms are not, and d of the SP paper (Stochastic Pruning for Neural Networks, Avendano
Munoz et al., 2025, eq. 1) is the number of prunable weights.

Scores and masks are tensors by parameter name, shaped as the weights and in the network's order; masks are what
`prunescape.training.train.Lane` takes. The scores themselves are in `prunescape.pruning.scores`.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import torch
from torch import nn

from prunescape.errors import UserError, known

Tensors = dict[str, torch.Tensor]
GLOBAL = "global"
LAYERS = (nn.Conv2d, nn.Linear)  # whose weights are prunable
NO_LAYER, FIRST_LAST = "none", "first_last"  # which of them are left out
EXCLUDED = (NO_LAYER, FIRST_LAST)


def prunable(network: nn.Module, layers: tuple[type[nn.Module], ...] = LAYERS, exclude: str = NO_LAYER) -> Tensors:
    """The prunable weights by parameter name, detached but not copied.

    Args:
        network: a plain network, not one made by `fuse`.
        layers: the kinds of layers whose weights count.
        exclude: one of `EXCLUDED`; "first_last" leaves out the first and the last of these layers, in the order in
            which the network registers them.

    Raises:
        UserError: `exclude` is neither, or leaves no layer.
    """
    known(dict.fromkeys(EXCLUDED), "choice of excluded layers", exclude)
    weights = {
        f"{name}.weight": module.weight.detach()
        for name, module in network.named_modules()
        if isinstance(module, layers) and isinstance(module.weight, torch.Tensor)
    }
    if exclude == NO_LAYER:
        return weights
    inner = list(weights)[1:-1]
    if not inner:
        raise UserError(
            f"without the first and the last of {len(weights)} layers none is left to prune; write exclude: {NO_LAYER}"
        )
    return {name: weights[name] for name in inner}


def kept_count(weights: int, gamma: float) -> int:
    """Number of `weights` weights that remain: floor((1 - gamma) * weights) (SP paper, eq. 1).

    Exact for `gamma` as it is written in decimals: of 1000 weights 0.9 keeps 100, though (1 - 0.9) * 1000 is below 100
    in floating point.

    Raises:
        ValueError: `gamma` is not in [0, 1].
    """
    if not 0 <= gamma <= 1:
        raise ValueError(f"the pruning rate is {gamma}, and must be 0 to 1")
    return math.floor((1 - Fraction(repr(float(gamma)))) * weights)


def highest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Mark the `count` highest scores, boolean and shaped as `scores`; of equal ones those that come first.

    Raises:
        ValueError: a score is NaN.
    """
    if scores.isnan().any():
        raise ValueError("a score is NaN")
    flat = scores.flatten()
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = flat.kthvalue(len(flat) - count + 1).values
    mask = flat > threshold
    ties = (flat == threshold).nonzero().flatten()
    mask[ties[: count - int(mask.sum())]] = True
    return mask.view_as(scores)


def global_masks(scores: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Masks that keep the highest scores of all layers together; ties go to the earlier layer, and there the first."""
    return keep_highest(scores, kept_count(sum(layer.numel() for layer in scores.values()), gamma))


def keep_highest(scores: Mapping[str, torch.Tensor], count: int) -> Tensors:
    """Masks that keep the `count` highest scores of all layers together; for ties, see `global_masks`."""
    flat = torch.cat([layer.flatten() for layer in scores.values()])
    kept = highest(flat, count).split([layer.numel() for layer in scores.values()])
    return {name: part.view_as(scores[name]) for name, part in zip(scores, kept, strict=True)}


def prune_further(scores: Mapping[str, torch.Tensor], kept: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Masks that remove the fraction `gamma` of the weights that `kept` marks, those of the lowest scores.

    What was removed stays removed. Scores are compared among all layers.

    Args:
        scores: of each weight, by parameter name, on one device.
        kept: boolean, by the same names: what remained until now.
        gamma: the fraction of it to be removed; see `kept_count`.
    """
    among = {name: layer.double().where(kept[name], -torch.inf) for name, layer in scores.items()}
    return keep_highest(among, kept_count(int(sum(mask.sum() for mask in kept.values())), gamma))


# Among which weights scores are compared.
SCOPES: dict[str, Callable[[Mapping[str, torch.Tensor], float], Tensors]] = {GLOBAL: global_masks}


def masks(scores: Mapping[str, torch.Tensor], gamma: float, scope: str = GLOBAL) -> Tensors:
    """Masks of the weights that remain at pruning rate `gamma`.

    Args:
        scores: of each weight, by parameter name; the higher, the more worth keeping.
        gamma: the fraction of weights removed.
        scope: a key of `SCOPES`.

    Returns:
        Boolean tensors shaped as the scores, True where a weight remains.

    Raises:
        UserError: there is no such scope.
        ValueError: a score is NaN, or `gamma` is not in [0, 1].
    """
    return known(SCOPES, "scope", scope)(scores, gamma)


@torch.no_grad()
def apply_masks(network: nn.Module, kept: Mapping[str, torch.Tensor]) -> nn.Module:
    """Set the weights that are not kept to zero, in place; returns the network."""
    for name, mask in kept.items():
        network.get_parameter(name).mul_(mask)
    return network
