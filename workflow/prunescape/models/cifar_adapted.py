"""ResNet-18, ResNet-50 and VGG-19 for small images, of torchvision's blocks.

The SP paper (Stochastic Pruning for Neural Networks, Avendano Munoz et al., 2025, section IV) names
https://github.com/kuangliu/pytorch-cifar as the source of its networks: the ResNets begin with a 3x3 convolution of
stride 1 and without max pooling, so that four stages of 64 to 512 channels run at 32, 16, 8 and 4 pixels; VGG-19 has
batch norm, five max poolings down to one pixel, and a single fully connected layer.
"""

from collections import OrderedDict

from torch import nn

from prunescape.runtime.torchvision_compat import torchvision

FEATURES = "features"


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network called `name`."""
    channels = input_shape[0]
    base = name.removesuffix("_cifar")
    return _vgg(channels, classes) if base == "vgg19" else _resnet(base, channels, classes)


def _resnet(base: str, channels: int, classes: int) -> nn.Module:
    model: nn.Module = getattr(torchvision.models, base)(num_classes=classes)
    model.conv1 = nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
    model.maxpool = nn.Identity()
    return model


def _vgg(channels: int, classes: int) -> nn.Module:
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["E"], batch_norm=True)
    features[0] = nn.Conv2d(channels, 64, 3, 1, 1)
    for layer in features:
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = True  # no change at 32 pixels, and images of 28 pixels pass too
    pool = nn.AdaptiveAvgPool2d(1)  # one pixel is left of 32; of larger images it takes the mean
    layers = {FEATURES: features, "pool": pool, "flatten": nn.Flatten(), "classifier": nn.Linear(512, classes)}
    return nn.Sequential(OrderedDict(layers))
