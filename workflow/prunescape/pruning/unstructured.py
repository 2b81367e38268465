"""Unstructured pruning: single weights are removed, those of the lowest scores.

Prunable are the weights of convolutions and fully connected layers, and queries, keys and values of attention, which
are one layer; all of them, or all but those of the first and the last layer. Biases, norms and embeddings are not, and
d of the SP paper (Stochastic Pruning for Neural Networks, Avendano Munoz et al., 2025, eq. 1) is the number of prunable
weights.

Scores and masks are tensors by parameter name, shaped as the weights and in the network's order; masks are what
`prunescape.training.train.Lane` takes. The scores themselves are in `prunescape.pruning.scores`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial

import torch
from torch import nn

from prunescape.errors import UserError, known
from prunescape.pruning.settings import ERK, FOUR_OF_EIGHT, GLOBAL, N_OF_M, OUTPUT, TWO_OF_FOUR, UNIFORM

Tensors = dict[str, torch.Tensor]
LAYERS = (nn.Conv2d, nn.Linear, nn.MultiheadAttention)  # whose weights are prunable
NO_LAYER, FIRST_LAST = "none", "first_last"  # which of them are left out
EXCLUDED = (NO_LAYER, FIRST_LAST)


def prunable(network: nn.Module, layers: tuple[type[nn.Module], ...] = LAYERS, exclude: str = NO_LAYER) -> Tensors:
    """The prunable weights by parameter name, detached but not copied.

    Args:
        network: a plain network, or one made by `fuse` with `layers` to match.
        layers: the kinds of layers whose weights count.
        exclude: one of `EXCLUDED`; "first_last" leaves out the first and the last of these layers, in the order in
            which the network registers them.

    Raises:
        UserError: `exclude` is neither, or leaves no layer.
    """
    known(dict.fromkeys(EXCLUDED), "choice of excluded layers", exclude)
    weights = {}
    for name, module in network.named_modules():
        if isinstance(module, layers):
            attends = isinstance(module, nn.MultiheadAttention)
            weight = module.in_proj_weight if attends else module.weight
            if isinstance(weight, torch.Tensor):
                weights[f"{name}.{'in_proj_weight' if attends else 'weight'}"] = weight.detach()
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


def part_or_none(weights: int, ratio: float) -> int:
    """Number of weights in a ratio of `weights` weights: rounded down, exactly for the ratio as written in decimals.

    Raises:
        ValueError: the ratio is not in (0, 1].
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"the ratio is {ratio}, and must be above 0, and at most 1")
    return math.floor(Fraction(repr(float(ratio))) * weights)


def part_of(weights: int, ratio: float) -> int:
    """Number of weights in a ratio of `weights` weights, as `part_or_none` rounds, and at least one.

    Raises:
        ValueError: the ratio is not in (0, 1], or no weight comes of it.
    """
    count = part_or_none(weights, ratio)
    if not count:
        raise ValueError(f"{ratio} of {weights} weights is not one")
    return count


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


def uniform_masks(scores: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Masks that keep the same share of each layer, those of its highest scores.

    As many weights remain as with `global_masks`; what does not divide goes to the layers with the largest remainders.
    """
    counts = _uniform_counts(scores, gamma)
    return {name: highest(layer, counts[name]) for name, layer in scores.items()}


def erk_masks(scores: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Masks of layers whose densities are those of an Erdos-Renyi kernel (Evci et al., 2020, "RigL").

    A layer's density is proportional to the sum of its weight's sides divided by their product, (inputs + outputs +
    kernel's sides) / (inputs x outputs x kernel's sides), and 1 at most. As many weights remain as with `global_masks`.
    """
    sizes = [layer.numel() for layer in scores.values()]
    total = kept_count(sum(sizes), gamma)
    raw = [Fraction(sum(layer.shape), layer.numel()) for layer in scores.values()]
    whole: set[int] = set()  # the layers that stay dense
    while True:
        left = [place for place in range(len(sizes)) if place not in whole]
        budget = total - sum(sizes[place] for place in whole)
        factor = budget / sum((raw[place] * sizes[place] for place in left), Fraction(0)) if left else Fraction(0)
        full = {place for place in left if factor * raw[place] > 1}
        if not full:
            break
        whole |= full
    shares = [Fraction(size) if place in whole else factor * raw[place] * size for place, size in enumerate(sizes)]
    counts = _whole(shares, total)
    return {name: highest(layer, count) for (name, layer), count in zip(scores.items(), counts, strict=True)}


def output_masks(scores: Mapping[str, torch.Tensor], gamma: float) -> Tensors:
    """Masks that keep the same share of the weights that go into each output (Sun et al., 2024, "Wanda").

    Each layer keeps as many as with `uniform_masks`; what does not divide goes to the outputs whose next score is
    highest.
    """
    counts = _uniform_counts(scores, gamma)
    return {name: _each_output(layer, counts[name]) for name, layer in scores.items()}


def _each_output(scores: torch.Tensor, count: int) -> torch.Tensor:
    rows = scores.flatten(1)
    if rows.isnan().any():
        raise ValueError("a score is NaN")
    each, more = divmod(count, len(rows))
    places = rows.argsort(dim=1, descending=True, stable=True).argsort(dim=1)  # of equal scores the first come first
    if more == 0:
        return (places < each).view_as(scores)
    following = rows.double().where(places == each, -torch.inf)
    return ((places < each) | highest(following, more)).view_as(scores)


def _uniform_counts(scores: Mapping[str, torch.Tensor], gamma: float) -> dict[str, int]:
    sizes = [layer.numel() for layer in scores.values()]
    total = kept_count(sum(sizes), gamma)
    counts = _whole([Fraction(total * size, sum(sizes)) for size in sizes], total)
    return dict(zip(scores, counts, strict=True))


def _whole(shares: Sequence[Fraction], total: int) -> list[int]:
    """Whole numbers next to shares with the sum `total`: by the largest remainders, the earlier of equal ones."""
    counts = [math.floor(share) for share in shares]
    order = sorted(range(len(shares)), key=lambda place: (counts[place] - shares[place], place))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts


def left_dense(shapes: Mapping[str, Sequence[int]], scope: str) -> list[str]:
    """The layers that an N:M scope leaves as they are, because its groups do not divide their inputs.

    Args:
        shapes: of the weights, by parameter name: (outputs, inputs, ...).
        scope: a key of `prunescape.pruning.settings.N_OF_M`.

    Raises:
        UserError: none is left to be pruned.
    """
    group = N_OF_M[scope][1]
    dense = [name for name, shape in shapes.items() if shape[1] % group]
    if len(dense) == len(shapes):
        raise UserError(
            f"{scope} masks need layers whose inputs are a multiple of {group}, and this network has none; remove"
            f" {scope} from the scopes, or choose another network"
        )
    return dense


def n_of_m_masks(scores: Mapping[str, torch.Tensor], gamma: float, scope: str) -> Tensors:
    """Masks that keep the N highest scores of each group of M consecutive inputs (Mishra et al., 2021).

    A group is of one output, and of a convolution at one place of its kernel, as sparse tensor cores have it. Layers
    whose inputs M does not divide, such as a first one, stay dense. Of equal scores those that come first remain.

    Args:
        scores: by parameter name.
        gamma: 1 - N / M.
        scope: see `left_dense`.

    Raises:
        UserError: see `left_dense`.
        ValueError: `gamma` is another, or a score is NaN.
    """
    kept, group = N_OF_M[scope]
    if gamma != 1 - kept / group:
        raise ValueError(f"{scope} masks have the pruning rate {1 - kept / group:g}, not {gamma:g}")
    dense = left_dense({name: layer.shape for name, layer in scores.items()}, scope)
    found = {}
    for name, layer in scores.items():
        if layer.isnan().any():
            raise ValueError("a score is NaN")
        if name in dense:
            found[name] = torch.ones_like(layer, dtype=torch.bool)
            continue
        last = layer.movedim(1, -1)  # inputs, in groups
        groups = last.unflatten(-1, (-1, group))
        places = groups.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
        found[name] = (places < kept).flatten(-2).movedim(-1, 1).contiguous()
    return found


# Among which weights scores are compared.
SCOPES: dict[str, Callable[[Mapping[str, torch.Tensor], float], Tensors]] = {
    GLOBAL: global_masks,
    UNIFORM: uniform_masks,
    ERK: erk_masks,
    OUTPUT: output_masks,
    TWO_OF_FOUR: partial(n_of_m_masks, scope=TWO_OF_FOUR),
    FOUR_OF_EIGHT: partial(n_of_m_masks, scope=FOUR_OF_EIGHT),
}


def masks(scores: Mapping[str, torch.Tensor], gamma: float, scope: str = GLOBAL) -> Tensors:
    """Masks of the weights that remain at pruning rate `gamma`.

    Args:
        scores: of each weight, by parameter name; the higher, the more worth keeping.
        gamma: the fraction of weights removed.
        scope: a key of `SCOPES`.

    Returns:
        Boolean tensors shaped as the scores, True where a weight remains.

    Raises:
        UserError: there is no such scope, or an N:M scope finds no layer.
        ValueError: a score is NaN, or `gamma` is not in [0, 1], or not that of an N:M scope.
    """
    return known(SCOPES, "scope", scope)(scores, gamma)


@torch.no_grad()
def apply_masks(network: nn.Module, kept: Mapping[str, torch.Tensor]) -> nn.Module:
    """Set the weights that are not kept to zero, in place; returns the network."""
    for name, mask in kept.items():
        network.get_parameter(name).mul_(mask)
    return network
