"""FLOPs, or parameters, of a network as an exact function of how many units each of its groups keeps.

Each convolution or fully connected layer costs something for each pair of an output and an input, and both are sums of
what is fixed and of what the groups keep. One forward pass tells the rest; then any widths can be priced without
building.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import nn

from prunescape.models.flops import count_flops, count_parameters
from prunescape.pruning.graph import Group


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
    pixels, flops = _counted(model, input_shape)
    terms = []
    for name, count in pixels.items():
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        terms.append(_term(layer, 2 * count, makes.get(name, {}), reads.get(name, {}), dense))
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
        elif sum(share * dense[group] for group, share in made.items()) <= parameter.numel():
            terms.append(Term(1, _size(parameter.numel(), made, dense, 1), Size(1)))
    return _with_rest(Cost(dense, tuple(terms), unit="parameters"), count_parameters(model))


def _with_rest(cost: Cost, counted: int) -> Cost:
    """The cost with what no term counts as its fixed part; terms without a width are fixed, too."""
    moving = tuple(term for term in cost.terms if term.outputs.shares or term.inputs.shares)
    return Cost(cost.dense, moving, counted - Cost(cost.dense, moving).total(cost.dense), cost.unit)


def _counted(model: nn.Module, input_shape: tuple[int, int, int]) -> tuple[dict[str, int], int]:
    """Positions at which each convolution or fully connected layer is applied to one image, and all FLOPs."""
    pixels: dict[str, int] = {}
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            width = module.out_channels if isinstance(module, nn.Conv2d) else module.out_features

            def count(_: nn.Module, __: object, output: torch.Tensor, name: str = name, width: int = width) -> None:
                pixels[name] = pixels.get(name, 0) + output.numel() // width

            hooks.append(module.register_forward_hook(count))
    try:
        return pixels, count_flops(model, input_shape)
    finally:
        for hook in hooks:
            hook.remove()


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
