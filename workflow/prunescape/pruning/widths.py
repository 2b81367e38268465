"""Widths: channels that each group keeps so that the network meets a target of FLOPs, parameters, or latency.

FLOPs and parameters are exact functions of the widths. Each convolution or fully connected layer costs something for
each pair of an output and an input, and both are sums of what is fixed and of what the groups keep; one forward pass
tells the rest, and then any widths can be priced without building. Both searches by cost end at a cost <= target and as
close to it as single channels allow; see thesis, sections 2.2.3 and 3.2.2. Where only measuring tells the cost,
`uniform_path` and `non_uniform_path` are what is searched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.attention import is_torchs
from prunescape.models.build import build
from prunescape.models.flops import count_flops, count_parameters
from prunescape.pruning.criteria import LAMP
from prunescape.pruning.graph import Group
from prunescape.pruning.latency import Solution, Stopwatch, Widths
from prunescape.pruning.settings import PruningSettings


@dataclass(frozen=True)
class Size:
    """A dimension of a layer: what is fixed, and what each unit of a group adds."""

    fixed: int
    shares: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, widths: Mapping[str, int]) -> int:
        return self.fixed + sum(share * widths[group] for group, share in self.shares.items())


@dataclass(frozen=True)
class Term:
    """The term of one layer: `unit` FLOPs, or parameters, for each pair of an output and an input."""

    unit: int
    outputs: Size
    inputs: Size

    def __call__(self, widths: Mapping[str, int]) -> int:
        return self.unit * self.outputs(widths) * self.inputs(widths)


@dataclass(frozen=True)
class Cost:
    """FLOPs of one image, or parameters, for any widths, in units of the groups (see `prunescape.pruning.graph.Group`).

    Attributes:
        dense: units of every group in the unpruned network.
        terms: one a layer, or one a tensor of parameters.
        fixed: of what depends on no width, or is no layer, such as attention.
        unit: what is counted, in words.
    """

    dense: Mapping[str, int]
    terms: tuple[Term, ...]
    fixed: int = 0
    unit: str = "FLOPs"

    def total(self, widths: Mapping[str, int]) -> int:
        """FLOPs, or parameters, of the network with these widths, which name every group."""
        return self.fixed + sum(term(widths) for term in self.terms)

    def step(self, widths: Mapping[str, int], group: str) -> int:
        """The cost of one more unit of `group`."""
        wider = {**widths, group: widths[group] + 1}
        return sum(term(wider) - term(widths) for term in self._of_group[group])

    @cached_property
    def _of_group(self) -> dict[str, list[Term]]:
        terms: dict[str, list[Term]] = {group: [] for group in self.dense}
        for term in self.terms:
            for group in {**term.outputs.shares, **term.inputs.shares}:
                terms[group].append(term)
        return terms


def flops_cost(model: nn.Module, groups: Sequence[Group], input_shape: tuple[int, int, int]) -> Cost:
    """The FLOPs of a network by what its groups keep, read off one forward pass of one image of `input_shape`."""
    dense, makes, reads = _of_layers(groups)
    pixels, products, flops = _counted(model, input_shape)
    terms = []
    for name, count in pixels.items():
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        terms.append(_term(layer, 2 * count, makes.get(name, {}), reads.get(name, {}), dense))
    for group in groups:
        if group.heads:
            terms.append(Term(products[group.root] * group.unit, Size(0, {group.root: 1}), Size(1)))
    return _with_rest(Cost(dense, tuple(terms)), flops)


def parameters_cost(model: nn.Module, groups: Sequence[Group]) -> Cost:
    """The trainable parameters of a network by what its groups keep."""
    dense, makes, reads = _of_layers(groups)
    terms = []
    for name, parameter in model.named_parameters():
        layer_name, _, kind = name.rpartition(".")
        layer, made = model.get_submodule(layer_name), makes.get(layer_name, {})
        if not parameter.requires_grad:
            continue
        if isinstance(layer, nn.Conv2d | nn.Linear) and kind == "weight":
            terms.append(_term(layer, 1, made, reads.get(layer_name, {}), dense))
        elif is_torchs(layer) and kind == "in_proj_weight":
            outputs, inputs = parameter.shape
            terms.append(Term(inputs, _size(outputs, made, dense, 1), Size(1)))
        elif sum(share * dense[group] for group, share in made.items()) <= parameter.numel():
            terms.append(Term(1, _size(parameter.numel(), made, dense, 1), Size(1)))
    return _with_rest(Cost(dense, tuple(terms), unit="parameters"), count_parameters(model))


def _with_rest(cost: Cost, counted: int) -> Cost:
    """The cost with what no term counts as its fixed part; terms without a width are fixed, too."""
    moving = tuple(term for term in cost.terms if term.outputs.shares or term.inputs.shares)
    return Cost(cost.dense, moving, counted - Cost(cost.dense, moving).total(cost.dense), cost.unit)


def _counted(model: nn.Module, input_shape: tuple[int, int, int]) -> tuple[dict[str, int], dict[str, int], int]:
    """Positions at which each layer is applied to one image; FLOPs of a head's channel beside layers; and all FLOPs.

    The second are, by the layer that would make the heads, those of both products of all tokens with all tokens (the
    positions of the last dimension but one), and of torch's attention, which calls no layers, those of its projections.
    """
    pixels: dict[str, int] = {}
    products: dict[str, int] = {}
    hooks = []

    def count(name: str, layer: nn.Conv2d | nn.Linear, output: torch.Tensor) -> None:
        here = output.numel() // (layer.out_channels if isinstance(layer, nn.Conv2d) else layer.out_features)
        pixels[name] = pixels.get(name, 0) + here
        tokens = output.shape[-2] if output.dim() > 1 else 1
        products[name] = products.get(name, 0) + 2 * 2 * here * tokens

    def count_heads(name: str, layer: nn.MultiheadAttention, given: Sequence[torch.Tensor]) -> None:
        queries, keys, values = (tokens.numel() // layer.embed_dim for tokens in given)
        images = given[0].shape[0 if layer.batch_first else 1] if given[0].dim() == 3 else 1
        layers = 2 * layer.embed_dim * (queries + keys + values + queries)  # the last ones of its outputs
        products[name] = products.get(name, 0) + layers + 2 * 2 * queries * keys // images

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            hooks.append(module.register_forward_hook(lambda layer, _, output, name=name: count(name, layer, output)))
        elif is_torchs(module):

            def hook(layer: Any, given: Any, named: Any, _: object, name: str = name) -> None:
                tokens = [*given, *(named[key] for key in ("query", "key", "value") if key in named)]
                count_heads(name, layer, tokens[:3])

            hooks.append(module.register_forward_hook(hook, with_kwargs=True))
    try:
        return pixels, products, count_flops(model, input_shape)
    finally:
        for each in hooks:
            each.remove()


def _term(
    layer: nn.Conv2d | nn.Linear,
    each: int,
    made: Mapping[str, int],
    read: Mapping[str, int],
    dense: Mapping[str, int],
) -> Term:
    """The term of a layer that costs `each` for every weight."""
    if isinstance(layer, nn.Conv2d):
        kernel, lanes = layer.kernel_size[0] * layer.kernel_size[1], layer.groups
        outputs, inputs = layer.out_channels, layer.in_channels
    else:
        kernel, lanes, outputs, inputs = 1, 1, layer.out_features, layer.in_features
    return Term(each * kernel, _size(outputs, made, dense, 1), _size(inputs, read, dense, lanes))


def _of_layers(groups: Sequence[Group]) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Units of each group; and the positions that one has among each layer's outputs, and among its inputs."""
    dense = {group.root: group.channels // group.unit for group in groups}
    makes: dict[str, dict[str, int]] = {}
    reads: dict[str, dict[str, int]] = {}
    for group in groups:
        for member in group.members:
            here = (makes if member.makes else reads).setdefault(member.name, {})
            here[group.root] = here.get(group.root, 0) + len(member.positions) // dense[group.root]
    return dense, makes, reads


def _size(whole: int, shares: Mapping[str, int], dense: Mapping[str, int], lanes: int) -> Size:
    left = whole - sum(share * dense[group] for group, share in shares.items())
    return Size(left // lanes, {group: share // lanes for group, share in shares.items()})


METHODS = ("uniform", "non_uniform")
Scores = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Target:
    """The target of a pruning: method, ratio, and the quantity that the ratio is a part of.

    Attributes:
        method: "uniform" (the same share in every layer) or "non_uniform" (one ranking over all layers).
        ratio: F_pruned / F_original, in (0, 1), or of what else is the target.
        settings: ranking, target and tolerance.
        dense: the architecture that the ratio is a part of.
        exact: whether it is an error to miss the ratio; it is none on the way to another ratio.
    """

    method: str
    ratio: float
    settings: PruningSettings
    dense: Architecture
    exact: bool = True


def widths_by_cost(target: Target, cost: Cost, scores: Scores, whole: float) -> Solution:
    """The units that each group keeps to meet a target of FLOPs or parameters.

    Args:
        target: what is asked for.
        cost: prices the widths of the network as it is.
        scores: one score a unit, by group.
        whole: the dense network's cost, which the ratio is a part of.

    Raises:
        UserError: the target cannot be met closely enough; the message names the nearest one that can.
    """
    settings = target.settings
    limit, least = target.ratio * whole, settings.minimum_channels
    if target.method == "uniform":
        widths = uniform_widths(cost, limit, least, whole)
    else:
        tolerance = settings.tolerance_points / 100 * whole
        widths = non_uniform_widths(cost, _comparable(scores, settings), limit, tolerance, least, whole)
    solution = Solution(widths, cost.total(widths) / whole)
    if target.exact:
        _check(target, cost, solution, whole)
    return solution


def widths_by_latency(
    target: Target,
    architecture: Architecture,
    scores: Scores,
    stopwatch: Stopwatch,
    candidate: Callable[[Widths], nn.Module],
) -> Solution:
    """The units that each group keeps to meet a target of latency.

    Args:
        target: what is asked for.
        architecture: of the network as it is.
        scores: one score a unit, by group.
        stopwatch: measures.
        candidate: builds a network of some widths.

    Raises:
        UserError: the target cannot be met closely enough; the message names the nearest one that can.
    """
    least, dense = target.settings.minimum_channels, target.dense
    if target.method == "uniform":
        path = uniform_path({name: len(values) for name, values in scores.items()}, least)
    else:
        path = non_uniform_path(_comparable(scores, target.settings), least)
    question = [target.method, architecture.to_json(), dense.to_json(), [list(widths.values()) for widths in path]]
    label = f"{target.method}-{target.ratio:g}"
    solution = stopwatch.search(path, candidate, build(dense), dense.input_shape, target.ratio, label, question)
    if target.exact:
        _check_latency(target, solution)
    return solution


def _comparable(scores: Scores, settings: PruningSettings) -> dict[str, torch.Tensor]:
    """Scores that may be ranked over all layers; LAMP is a share of the layer already."""
    alike = settings.normalise == "mean" and settings.criterion != LAMP
    return {group: values / values.mean() if alike else values for group, values in scores.items()}


def uniform_widths(cost: Cost, target: float, minimum: int = 1, whole: float | None = None) -> dict[str, int]:
    """Widths with one share of channels in every group; none is a whole channel or more away from that share.

    Args:
        cost: prices the widths.
        target: cost not to exceed.
        minimum: channels that every group keeps at least.
        whole: cost that ratios in messages are parts of; None, that of the widths before.

    Raises:
        UserError: the target cannot be met with `minimum` channels a group.
    """
    _check_reachable(cost, target, minimum, whole)

    def shared(keep: float) -> dict[str, int]:
        return {group: max(minimum, int(width * keep)) for group, width in cost.dense.items()}

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if cost.total(shared(middle)) <= target:
            low = middle
        else:
            high = middle
    widths = shared(low)
    # The floors leave a little unspent: the groups that lost most to rounding get one channel back while that fits.
    by_remainder = sorted(cost.dense, key=lambda group: widths[group] - cost.dense[group] * low)
    for group in by_remainder:
        exact = cost.dense[group] * low
        if widths[group] < exact and cost.total(widths) + cost.step(widths, group) <= target:
            widths[group] += 1
    return widths


def non_uniform_widths(
    cost: Cost,
    scores: Mapping[str, torch.Tensor],
    target: float,
    tolerance: float,
    minimum: int = 1,
    whole: float | None = None,
) -> dict[str, int]:
    """Channels left when the globally weakest are removed until the target is met.

    What the last removal overshot is given back to the strongest removed channels that still fit; while the target is
    then still missed by more than `tolerance`, channels at the threshold are exchanged between groups.

    Args:
        cost: prices the widths.
        scores: one score a channel, by group, comparable between groups.
        target: cost not to exceed.
        tolerance: cost by which the result may stay below the target.
        minimum: channels that every group keeps at least.
        whole: cost that ratios in messages are parts of; None, that of the widths before.

    Raises:
        UserError: the target cannot be met with `minimum` channels a group.
    """
    _check_reachable(cost, target, minimum, whole)
    ranked = {group: sorted(values.tolist(), reverse=True) for group, values in scores.items()}
    widths = dict(cost.dense)
    for _, group in _weakest_first(scores, minimum):
        if cost.total(widths) <= target:
            break
        widths[group] -= 1
    _give_back(cost, ranked, widths, target)
    while target - cost.total(widths) > tolerance:
        better = _best_exchange(cost, ranked, widths, target, minimum)
        if better is None:
            break
        widths = better
    return widths


def _give_back(cost: Cost, ranked: Mapping[str, list[float]], widths: dict[str, int], target: float) -> None:
    """Widen groups in place, strongest removed channel first, while any fits."""
    spare = target - cost.total(widths)
    while True:
        fitting = [
            (ranked[group][width], group)
            for group, width in widths.items()
            if width < cost.dense[group] and cost.step(widths, group) <= spare
        ]
        if not fitting:
            return
        _, group = max(fitting)
        spare -= cost.step(widths, group)
        widths[group] += 1


def _best_exchange(
    cost: Cost,
    ranked: Mapping[str, list[float]],
    widths: Mapping[str, int],
    target: float,
    minimum: int,
) -> dict[str, int] | None:
    """Take up to three channels out of one group, give back elsewhere; None if nothing comes closer to the target."""
    nearest, best = target - cost.total(widths), None
    for source in widths:
        for taken in (1, 2, 3):
            if widths[source] - taken < minimum:
                break
            for receiver in widths:
                if receiver == source:
                    continue
                trial = {**widths, source: widths[source] - taken}
                spare = target - cost.total(trial)
                room = cost.dense[receiver] - trial[receiver]
                trial[receiver] += min(room, int(spare // cost.step(trial, receiver)))
                _give_back(cost, ranked, trial, target)
                miss = target - cost.total(trial)
                if miss < nearest:
                    nearest, best = miss, trial
    return best


def uniform_path(dense: Mapping[str, int], minimum: int = 1) -> list[dict[str, int]]:
    """Widths with one share of channels in every group, rounded down: a path from those before to the least."""
    check_minimum(dense, minimum)
    shares = {Fraction(kept, width) for width in dense.values() for kept in range(1, width + 1)}
    path: list[dict[str, int]] = []
    for share in sorted(shares, reverse=True):
        widths = {group: max(minimum, int(width * share)) for group, width in dense.items()}
        if not path or widths != path[-1]:
            path.append(widths)
    return path


def non_uniform_path(scores: Mapping[str, torch.Tensor], minimum: int = 1) -> list[dict[str, int]]:
    """Widths as the globally weakest channel is removed, again and again: a path from those before to the least."""
    path = [{group: len(values) for group, values in scores.items()}]
    check_minimum(path[0], minimum)
    for _, group in _weakest_first(scores, minimum):
        path.append({**path[-1], group: path[-1][group] - 1})
    return path


def _weakest_first(scores: Mapping[str, torch.Tensor], minimum: int) -> list[tuple[float, str]]:
    """The score and group of each channel but the `minimum` strongest of its group."""
    ranked = {group: sorted(values.tolist(), reverse=True) for group, values in scores.items()}
    return sorted((score, group) for group, values in ranked.items() for score in values[minimum:])


def check_minimum(dense: Mapping[str, int], minimum: int) -> None:
    """Make sure that every group has `minimum` channels.

    Raises:
        UserError: one has fewer.
    """
    too_small = [group for group, width in dense.items() if width < minimum]
    if too_small:
        raise UserError(f"pruning.minimum_channels is {minimum}, but {too_small[0]} has only {dense[too_small[0]]}")


def _check_reachable(cost: Cost, target: float, minimum: int, whole: float | None) -> None:
    check_minimum(cost.dense, minimum)
    dense = cost.total(cost.dense) if whole is None else whole
    least = cost.total(dict.fromkeys(cost.dense, minimum))
    if least > target:
        raise UserError(
            f"ratio {target / dense:.4g} cannot be reached: with {minimum} channel(s) left in every prunable layer"
            f" {least / dense:.4f} of the {cost.unit} remain; choose a larger ratio"
        )


def _check(target: Target, cost: Cost, solution: Solution, whole: float) -> None:
    """A miss is an error, not a warning: landscapes of networks of unlike cost must not be compared unawares."""
    method, ratio, widths = target.method, target.ratio, solution.widths
    if method == "uniform":
        allowed, what = max(cost.step(widths, group) for group in widths) / whole, "one channel"
        before = cost.total(cost.dense)
        here = ratio if before == whole else ratio * whole / before
        left_whole = [group for group, width in widths.items() if width == cost.dense[group]]
        stuck = [group for group in left_whole if cost.dense[group] * (1 - here) >= 2]
        if stuck:
            raise UserError(f"uniform pruning to {ratio:g} left {', '.join(stuck)} whole; choose a smaller ratio")
    else:
        allowed, what = target.settings.tolerance_points / 100, "pruning.tolerance_points"
    if not ratio - allowed <= solution.ratio <= ratio:
        raise UserError(
            f"{method} pruning to {ratio:g} of the {cost.unit} comes no nearer than {solution.ratio:.5f}, and {what}"
            f" allows {100 * allowed:.2f} points; ask for {solution.ratio + 5e-6:.5f} instead, or raise"
            " pruning.tolerance_points"
        )


def _check_latency(target: Target, solution: Solution) -> None:
    allowed = target.settings.clock.tolerance_points
    if solution.ratio < target.ratio - allowed / 100:
        raise UserError(
            f"{target.method} pruning to {target.ratio:g} of the latency comes no nearer than {solution.ratio:.3f} (it"
            f" falls in steps, and busy machines blur it); ask for {solution.ratio:.2f} instead, or raise"
            f" pruning.latency.tolerance_points above {allowed:g}"
        )
