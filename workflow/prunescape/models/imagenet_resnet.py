"""ResNet-50 (K. He et al., 2015b; thesis, Table 2.1) as torchvision builds it."""

from torch import nn

from prunescape.models.channel_groups import ChannelGroup
from prunescape.torchvision_compat import torchvision


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network."""
    model = getattr(torchvision.models, name)(num_classes=classes)
    if input_shape[0] != 3:
        model.conv1 = nn.Conv2d(input_shape[0], 64, 7, 2, 3, bias=False)
    return model


def channel_groups(model: nn.Module) -> list[ChannelGroup]:
    """Two groups a bottleneck block: the channels after its first and after its second convolution."""
    groups = []
    for name, block in model.named_modules():
        if isinstance(block, torchvision.models.resnet.Bottleneck):
            groups.append(ChannelGroup(f"{name}.conv1", (f"{name}.bn1",), f"{name}.conv2"))
            groups.append(ChannelGroup(f"{name}.conv2", (f"{name}.bn2",), f"{name}.conv3"))
    return groups
