"""The weights of networks as vectors: points of a weight space, of which many are set into lanes at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import nn

COUNTER = "num_batches_tracked"  # of a batch norm; no weight, and not kept by lanes
VARIANCE = "running_var"


@dataclass(frozen=True)
class Layout:
    """Places of the tensors of an architecture's state dict in one vector of S numbers.

    The P parameters come first, in the network's order, and span the weight space; batch norm's running means and
    variances follow.

    Attributes:
        shapes: of each tensor, by name, in the vector's order.
        parameters: P.
    """

    shapes: Mapping[str, torch.Size]
    parameters: int

    @classmethod
    def of(cls, network: nn.Module) -> "Layout":
        """The layout of a plain network."""
        parameters = {name: parameter.shape for name, parameter in network.named_parameters()}
        statistics = {name: buffer.shape for name, buffer in network.named_buffers() if not name.endswith(COUNTER)}
        return cls(parameters | statistics, sum(map(prod, parameters.values())))

    def slices(self) -> Iterator[tuple[str, slice]]:
        """Name and place of each tensor."""
        start = 0
        for name, shape in self.shapes.items():
            yield name, slice(start, start + prod(shape))
            start += prod(shape)

    def vector(self, state: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """A plain network's state dict as a vector: (S,), float64, on the CPU."""
        return torch.cat([state[name].detach().cpu().double().flatten() for name in self.shapes])

    def state(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        """The inverse of `vector`: a state dict, float32, on the CPU."""
        tensors = {name: vector[place].cpu().float().view(self.shapes[name]) for name, place in self.slices()}
        counters = [name.replace(VARIANCE, COUNTER) for name in tensors if name.endswith(VARIANCE)]
        return tensors | {name: torch.tensor(0) for name in counters}

    def positions(self, masks: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The places of the marked weights in the vector, int64, increasing.

        Args:
            masks: boolean, by parameter name; nothing is marked in what is not named.
        """
        places = dict(self.slices())
        positions = [masks[name].flatten().nonzero().flatten().cpu() + places[name].start for name in masks]
        return torch.cat(positions).sort().values


@torch.no_grad()
def set_lanes(fused: nn.Module, layout: Layout, vectors: torch.Tensor) -> None:
    """Give lane k the weights and statistics of row k, in place.

    A running variance below zero, which a point outside a triangle of networks may have, becomes zero. What lanes share
    (see `prunescape.lanes.shared_layers`) stays as it is.

    Args:
        fused: K lanes, made by `fuse`.
        layout: of the plain network.
        vectors: (K, S).
    """
    tensors = fused.state_dict()
    for name, place in layout.slices():
        if tensors[name].dim() == len(layout.shapes[name]):
            continue
        part = vectors[:, place].view(tensors[name].shape)
        tensors[name].copy_(part.clamp(min=0) if name.endswith(VARIANCE) else part)
