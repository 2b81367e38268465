"""FLOPs, or parameters, of any network as an exact function of how many units each of its groups keeps.

As `prunescape.pruning.cost`, for groups that the dependency graph found: a layer may then read several groups side by
side, and make or read several numbers a channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from prunescape.flops import count_flops, count_parameters
from prunescape.pruning.cost import positions
from prunescape.pruning.graph import Group


@dataclass(frozen=True)
class Size:
    """A dimension of a layer: what is fixed, and what each unit of a group adds."""

    fixed: int
    shares: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, widths: Mapping[str, int]) -> int:
        return self.fixed + sum(share * widths[group] for group, share in self.shares.items())


@dataclass(frozen=True)
class GraphTerm:
    """One layer: `unit` FLOPs, or parameters, for each pair of an output and an input."""

    unit: int
    outputs: Size
    inputs: Size

    def __call__(self, widths: Mapping[str, int]) -> int:
        return self.unit * self.outputs(widths) * self.inputs(widths)


@dataclass(frozen=True)
class GraphCost:
    """FLOPs of one image, or parameters, for any widths, in units of the groups (see `prunescape.pruning.graph.Group`).

    Attributes:
        dense: units of every group in the unpruned network.
        terms: one a layer whose cost depends on widths, or not.
        fixed: of what depends on no width, or is no layer, such as attention.
        unit: what is counted, in words.
    """

    dense: Mapping[str, int]
    terms: tuple[GraphTerm, ...]
    fixed: int
    unit: str = "FLOPs"

    def total(self, widths: Mapping[str, int]) -> int:
        """FLOPs, or parameters, of the network with these widths, which name every group."""
        return self.fixed + sum(term(widths) for term in self.terms)

    def step(self, widths: Mapping[str, int], group: str) -> int:
        """What one more unit of `group` adds."""
        terms = [term for term in self.terms if group in term.outputs.shares or group in term.inputs.shares]
        wider = {**widths, group: widths[group] + 1}
        return sum(term(wider) - term(widths) for term in terms)


def graph_cost(model: nn.Module, groups: Sequence[Group], input_shape: tuple[int, int, int]) -> GraphCost:
    """The cost model of a dense network, read off one forward pass of one image of `input_shape` (C, H, W)."""
    dense = {group.root: group.channels // group.unit for group in groups}
    makes, reads = _shares(groups, True, dense), _shares(groups, False, dense)
    terms = []
    for name, pixels in positions(model, input_shape).items():
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        terms.append(_term(layer, 2 * pixels, makes.get(name, {}), reads.get(name, {}), dense))
    cost = GraphCost(dense, tuple(terms), 0)
    return GraphCost(dense, cost.terms, count_flops(model, input_shape) - cost.total(dense))


def graph_parameters(model: nn.Module, groups: Sequence[Group]) -> GraphCost:
    """The cost model of a dense network by its trainable parameters."""
    dense = {group.root: group.channels // group.unit for group in groups}
    makes, reads = _shares(groups, True, dense), _shares(groups, False, dense)
    terms = []
    for name, parameter in model.named_parameters():
        layer_name, _, kind = name.rpartition(".")
        layer, made = model.get_submodule(layer_name), makes.get(layer_name, {})
        if not parameter.requires_grad:
            continue
        if isinstance(layer, nn.Conv2d | nn.Linear) and kind == "weight":
            terms.append(_term(layer, 1, made, reads.get(layer_name, {}), dense))
        elif sum(share * dense[group] for group, share in made.items()) <= parameter.numel():
            terms.append(GraphTerm(1, _size(parameter.numel(), made, dense, 1), Size(1)))
    cost = GraphCost(dense, tuple(terms), 0)
    return GraphCost(dense, cost.terms, count_parameters(model) - cost.total(dense), "parameters")


def _term(
    layer: nn.Conv2d | nn.Linear,
    each: int,
    made: Mapping[str, int],
    read: Mapping[str, int],
    dense: Mapping[str, int],
) -> GraphTerm:
    """The term of a layer that costs `each` for every weight."""
    if isinstance(layer, nn.Conv2d):
        kernel, lanes = layer.kernel_size[0] * layer.kernel_size[1], layer.groups
        outputs, inputs = layer.out_channels, layer.in_channels
    else:
        kernel, lanes, outputs, inputs = 1, 1, layer.out_features, layer.in_features
    if lanes == inputs == outputs > 1:  # each channel for itself
        read, inputs = {}, lanes
    return GraphTerm(each * kernel, _size(outputs, made, dense, 1), _size(inputs, read, dense, lanes))


def _shares(groups: Sequence[Group], makes: bool, dense: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """How many positions of each layer's outputs, or inputs, a unit of each group has."""
    shares: dict[str, dict[str, int]] = {}
    for group in groups:
        for member in group.members:
            if member.makes == makes:
                here = shares.setdefault(member.name, {})
                here[group.root] = here.get(group.root, 0) + len(member.positions) // dense[group.root]
    return shares


def _size(whole: int, shares: Mapping[str, int], dense: Mapping[str, int], lanes: int) -> Size:
    left = whole - sum(share * dense[group] for group, share in shares.items())
    return Size(left // lanes, {group: share // lanes for group, share in shares.items()})
