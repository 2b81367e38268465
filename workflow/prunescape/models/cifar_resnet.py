"""Residual networks for small images, with parameter-free shortcuts (K. He et al., 2015b; thesis, Table 2.1)."""

import torch
import torch.nn.functional as F
from torch import nn

# name -> (widths of the stages, blocks of each stage, stride of the first convolution)
SETTINGS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "small_resnet": ((16, 32), 1, 2),
    **{f"resnet{6 * n + 2}": ((16, 32, 64), n, 1) for n in (3, 5, 7, 9, 18)},
}


class PadShortcut(nn.Module):
    """The parameter-free shortcut: every `stride`-th pixel, and zero channels for the missing ones.

    Channels may be those of K lanes side by side (`lanes`); each lane is padded for itself.
    """

    def __init__(self, stride: int, extra_channels: int) -> None:
        super().__init__()
        self.stride = stride
        self.extra_channels = extra_channels
        self.lanes = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, K*C, H, W) to (N, K*(C + extra_channels), H/stride, W/stride)."""
        if self.stride == 1 and self.extra_channels == 0:
            return x
        x = x[:, :, :: self.stride, :: self.stride]
        images, channels, height, width = x.shape
        x = x.reshape(images, self.lanes, channels // self.lanes, height, width)
        before = self.extra_channels // 2
        x = F.pad(x, (0, 0, 0, 0, before, self.extra_channels - before))
        return x.flatten(1, 2)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm beside a parameter-free shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = PadShortcut(stride, outputs - inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H/stride, W/stride)."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


class CifarResNet(nn.Module):
    """A 3x3 convolution, stages of basic blocks (each after the first halves the image), pooling, a classifier."""

    def __init__(self, channels: int, classes: int, widths: tuple[int, ...], blocks: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        stages, inputs = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                stages.append(BasicBlock(inputs, width, 2 if stage > 0 and block == 0 else 1))
                inputs = width
        self.blocks = nn.Sequential(*stages)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, C, H, W) to logits (N, classes)."""
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return self.fc(self.blocks(x).mean((2, 3)))


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network called `name`."""
    widths, blocks, stride = SETTINGS[name]
    return CifarResNet(input_shape[0], classes, widths, blocks, stride)
