"""MobileNetV2 (Sandler et al., 2019), built from torchvision's blocks, as the thesis' source has it (Chen, 2018).

For images up to 64 pixels three down-samplings are switched off: the first convolution and the stages of 24 and 32
channels take stride 1 (thesis, Table 2.2). The first block, whose expansion factor is 1, has its 1x1 convolution like
all others, so that there are 53 convolutions; torchvision's own network (`import: torchvision:mobilenet_v2`) has none.
"""

import math

import torch
from torch import nn

from prunescape.runtime.torchvision_compat import torchvision

SMALL_IMAGE = 64
WIDTH = 32  # channels of the first convolution
# (expansion factor, output channels, blocks, stride, stride for small images), Table 2.2
STAGES = [
    (1, 16, 1, 1, 1),
    (6, 24, 2, 2, 1),
    (6, 32, 3, 2, 1),
    (6, 64, 4, 2, 2),
    (6, 96, 3, 1, 1),
    (6, 160, 3, 2, 2),
    (6, 320, 1, 1, 1),
]


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network; dropout is off, since the recipe (thesis, Table 3.3) names none."""
    del name
    channels, height, _ = input_shape
    small = height <= SMALL_IMAGE
    setting = [[t, c, n, small_stride if small else stride] for t, c, n, stride, small_stride in STAGES]
    model = torchvision.models.MobileNetV2(num_classes=classes, inverted_residual_setting=setting, dropout=0.0)
    model.features[0][0] = nn.Conv2d(channels, WIDTH, 3, 1 if small else 2, 1, bias=False)
    expansion = torchvision.ops.Conv2dNormActivation(WIDTH, WIDTH, 1, activation_layer=nn.ReLU6)
    model.features[1].conv.insert(0, expansion)
    return model


def initialise(model: nn.Module, seed: int) -> None:
    """He initialisation by fan-out, N(0, 2 / (k^2 outputs)) for convolutions, in place, as the thesis' source has it.

    Batch norms are the identity; weights and biases of the classifier are uniform within 1 / sqrt(inputs), as torch's
    are by default. Only `seed` decides the numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
