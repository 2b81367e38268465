"""Layers for K lanes: K variants of one network side by side in one program.

Activations hold the lanes' channels one lane after the other, (N, K*C, H, W) or (N, K*F); parameters and batch-norm
statistics are stacked, (K, ...). Every operation treats each lane by itself, so no lane can touch another's numbers,
not even with a NaN. On a CPU a lane's bits do not depend on its position either, as long as K is 1 or a multiple of
`prunescape.lanes.LANE_ALIGNMENT`.
"""

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.errors import UserError


def _stack(tensors: list[torch.Tensor]) -> nn.Parameter:
    return nn.Parameter(torch.stack([tensor.detach() for tensor in tensors]))


class LaneConv2d(nn.Module):
    """K convolutions as one grouped convolution; as one dense convolution where the lanes share their input."""

    def __init__(self, layers: list[nn.Conv2d]) -> None:
        super().__init__()
        first = layers[0]
        self.lanes = len(layers)
        self.in_channels, self.groups = first.in_channels, first.groups
        self.stride, self.padding, self.dilation = first.stride, first.padding, first.dilation
        self.weight = _stack([layer.weight for layer in layers])
        biases = [layer.bias for layer in layers if layer.bias is not None]
        self.bias = _stack(biases) if biases else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W), shared by all lanes, or (N, K*C, H, W) to (N, K*C', H', W')."""
        shared = x.shape[1] == self.in_channels
        if shared and self.groups > 1 and self.lanes > 1:
            raise ValueError("a grouped convolution cannot read an input that lanes share")
        groups = self.groups if shared else self.lanes * self.groups
        bias = None if self.bias is None else self.bias.flatten()
        weight = self.weight.flatten(0, 1)
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, groups)


class LaneBatchNorm2d(nn.Module):
    """K batch norms over K*C channels; running statistics are (K, C)."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, layers: list[nn.BatchNorm2d]) -> None:
        super().__init__()
        if layers[0].momentum is None:
            raise UserError(
                "a batch norm with momentum None, a running mean, cannot be trained in lanes; give it a number"
            )
        self.eps, self.momentum = layers[0].eps, layers[0].momentum
        self.weight = _stack([layer.weight for layer in layers])
        self.bias = _stack([layer.bias for layer in layers])
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, torch.stack([getattr(layer, name) for layer in layers]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (N, K*C, H, W) to (N, K*C, H, W)."""
        mean, variance = self.running_mean.view(-1), self.running_var.view(-1)
        weight, bias = self.weight.flatten(), self.bias.flatten()
        return F.batch_norm(x, mean, variance, weight, bias, self.training, self.momentum, self.eps)


class LaneLinear(nn.Module):
    """K fully connected layers as one grouped 1x1 convolution; as one dense one where the lanes share their input.

    A batched matrix product would be the obvious way, but its rounding depends on where in memory a lane's matrices
    lie.
    """

    def __init__(self, layers: list[nn.Linear]) -> None:
        super().__init__()
        self.lanes, self.in_features = len(layers), layers[0].in_features
        self.weight = _stack([layer.weight for layer in layers])
        self.bias = _stack([layer.bias for layer in layers])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, F), shared by all lanes, or (N, K*F) to (N, K*F')."""
        groups = 1 if x.shape[1] == self.in_features else self.lanes
        weight = self.weight.flatten(0, 1)[:, :, None, None]
        return F.conv2d(x[:, :, None, None], weight, self.bias.flatten(), groups=groups).flatten(1)
