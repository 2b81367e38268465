"""FLOPs, or parameters, as an exact function of the widths of a network's channel groups.

The residual stream keeps its width, so every convolution costs (unit cost) x (width of the group it makes, if any) x
(width of the group it reads, if any), and so has every tensor of parameters its size. One forward pass tells the unit
costs; then any widths can be priced without building.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from prunescape.attention import single_layers
from prunescape.models.channel_groups import ChannelGroup


class Cost(Protocol):
    """What the searches for widths need to know of a network."""

    @property
    def unit(self) -> str:
        """What is counted, in words."""

    @property
    def dense(self) -> Mapping[str, int]:
        """Channels, or units of them, of every group in the unpruned network."""

    def total(self, widths: Mapping[str, int]) -> int:
        """FLOPs, or parameters, of the network with these widths."""

    def step(self, widths: Mapping[str, int], group: str) -> int:
        """What one more channel, or unit, in `group` adds."""


@dataclass(frozen=True)
class _Term:
    unit: int
    makes: str | None
    reads: str | None


@dataclass(frozen=True)
class ChannelCost:
    """FLOPs of one image, or parameters, as in `prunescape.flops`, for any widths.

    Attributes:
        dense: channels of every group in the unpruned network.
        terms: one a convolution or fully connected layer, or one a tensor of parameters.
        unit: what is counted, in words.
    """

    dense: Mapping[str, int]
    terms: tuple[_Term, ...]
    unit: str = "FLOPs"

    def total(self, widths: Mapping[str, int]) -> int:
        """FLOPs, or parameters, of the network with these widths, which name every group."""
        return sum(self._cost(term, widths) for term in self.terms)

    def step(self, widths: Mapping[str, int], group: str) -> int:
        """What one more channel in `group` adds."""
        terms = [term for term in self.terms if group in (term.makes, term.reads)]
        wider = {**widths, group: widths[group] + 1}
        return sum(self._cost(term, wider) - self._cost(term, widths) for term in terms)

    @staticmethod
    def _cost(term: _Term, widths: Mapping[str, int]) -> int:
        return (
            term.unit
            * (1 if term.makes is None else widths[term.makes])
            * (1 if term.reads is None else widths[term.reads])
        )


def flops_model(model: nn.Module, groups: Sequence[ChannelGroup], input_shape: tuple[int, int, int]) -> ChannelCost:
    """The cost model of a dense network, read off one forward pass of one image of `input_shape` (C, H, W)."""
    makes = {group.producer: group.producer for group in groups}
    reads = {group.consumer: group.producer for group in groups}
    depthwise = {group.depthwise: group.producer for group in groups if group.depthwise is not None}
    terms = []
    for name, size in positions(model, input_shape).items():
        weight = model.get_submodule(name).weight
        assert isinstance(weight, torch.Tensor)
        outputs, inputs = weight.shape[0], weight.shape[1]
        kernel = weight[0, 0].numel()
        made, read = makes.get(name), reads.get(name)
        if name in depthwise:
            made, outputs = depthwise[name], 1
        unit = 2 * size * kernel * (1 if made else outputs) * (1 if read else inputs)
        terms.append(_Term(unit, made, read))
    dense = {group.producer: _width(model, group) for group in groups}
    return ChannelCost(dense, tuple(terms))


def positions(model: nn.Module, input_shape: tuple[int, int, int]) -> dict[str, int]:
    """Positions at which each convolution or fully connected layer is applied to one image, added up over its calls."""
    pixels: dict[str, int] = {}
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            width = module.out_channels if isinstance(module, nn.Conv2d) else module.out_features

            def count(_: nn.Module, __: object, output: torch.Tensor, name: str = name, width: int = width) -> None:
                pixels[name] = pixels.get(name, 0) + output.numel() // width

            hooks.append(module.register_forward_hook(count))
    was_training = model.training
    model.eval()
    with torch.no_grad(), single_layers():
        model(torch.zeros(1, *input_shape))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return pixels


def parameters_model(model: nn.Module, groups: Sequence[ChannelGroup]) -> ChannelCost:
    """The cost model of a dense network by its trainable parameters."""
    makes = {name: group.producer for group in groups for name in (group.producer, *group.norms)}
    makes |= {group.depthwise: group.producer for group in groups if group.depthwise is not None}
    reads = {group.consumer: group.producer for group in groups}
    dense = {group.producer: _width(model, group) for group in groups}
    terms = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            layer = name.rpartition(".")[0]
            made, read = makes.get(layer), reads.get(layer) if parameter.dim() > 1 else None
            shared = (dense[made] if made else 1) * (dense[read] if read else 1)
            terms.append(_Term(parameter.numel() // shared, made, read))
    return ChannelCost(dense, tuple(terms), "parameters")


def _width(model: nn.Module, group: ChannelGroup) -> int:
    producer = model.get_submodule(group.producer)
    assert isinstance(producer, nn.Conv2d)
    return producer.out_channels
