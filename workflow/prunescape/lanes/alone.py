"""An array of a single lane for networks whose layers or forward method know no lanes."""

import copy

import torch
from torch import nn
from torch.func import functional_call


class Alone(nn.Module):
    """A network whose parameters and buffers have a leading dimension of 1, as an array of lanes has them.

    Their names are the plain network's. The forward method is the plain network's too, on views of the numbers here, so
    running statistics are kept here.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        tree = copy.deepcopy(model)
        for module in tree.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = buffer.detach().clone()[None]
        stacked: dict[int, nn.Parameter] = {}  # a parameter that stands in two places stays one
        for module in tree.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    if id(parameter) not in stacked:
                        stacked[id(parameter)] = nn.Parameter(parameter.detach().clone()[None])
                    module._parameters[name] = stacked[id(parameter)]
        for part in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
            setattr(self, part, getattr(tree, part))
        self.lanes = 1
        self.arbitrary = True
        # No submodule: it holds no numbers of its own, and is no part of the state.
        object.__setattr__(self, "_plain", copy.deepcopy(model).to("meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, classes)."""
        numbers = {name: tensor[0] for name, tensor in [*self.named_parameters(), *self.named_buffers()]}
        plain = self._plain
        assert isinstance(plain, nn.Module)
        plain.train(self.training)
        logits: torch.Tensor = functional_call(plain, numbers, (x,))
        return logits
