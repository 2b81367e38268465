"""MobileNetV2 (Sandler et al., 2019), built from torchvision's blocks, with the strides for small images.

For images up to 64 pixels three down-samplings are switched off: the first convolution and the stages of 24 and 32
channels take stride 1 (thesis, Table 2.2; the choice that its FLOPs in Table 3.2 fit).
"""

from torch import nn

from prunescape.runtime.torchvision_compat import torchvision

SMALL_IMAGE = 64
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
    stride = 1 if small else 2
    model.features[0][0] = nn.Conv2d(channels, 32, 3, stride, 1, bias=False)
    return model
