"""One network as an array of one lane: for networks with layers that have no version for lanes, such as attention."""

import copy
from collections.abc import Iterator
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.func import functional_call


class Alone(nn.Module):
    """A plain network whose parameters and buffers are stacked, (1, ...), as those of any array of lanes.

    Their names stay those of the plain network, which is not changed and shares no memory with this.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        for module in self.network.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    module._parameters[name] = nn.Parameter(parameter.detach()[None])
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = buffer[None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, C, H, W) to logits (N, classes)."""
        tensors = chain(self.network.named_parameters(), self.network.named_buffers())
        logits: torch.Tensor = functional_call(self.network, {name: tensor[0] for name, tensor in tensors}, (x,))
        return logits

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """By the plain network's names."""
        return self.network.named_parameters(*args, **kwargs)

    def named_buffers(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, torch.Tensor]]:
        """By the plain network's names."""
        return self.network.named_buffers(*args, **kwargs)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """By the plain network's names."""
        return self.network.state_dict(*args, **kwargs)
