"""ResNet-50 (K. He et al., 2015b; thesis, Table 2.1) as torchvision builds it."""

from torch import nn

from prunescape.runtime.torchvision_compat import torchvision


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network."""
    model = getattr(torchvision.models, name)(num_classes=classes)
    if input_shape[0] != 3:
        model.conv1 = nn.Conv2d(input_shape[0], 64, 7, 2, 3, bias=False)
    return model
