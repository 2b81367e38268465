"""The vanilla CNN: seven plain convolutions, without batch norm (utility paper, A.2.1).

The source is An empirical study of a pruning mechanism (under review at ICLR 2021), "the utility paper": conv3 3x16,
16x16, 16x16, max pooling, conv3 16x32, 32x32, max pooling, conv3 32x64, 64x64, global average pooling, fully connected
64x10, with a ReLU after each convolution. It does not name biases, paddings or the pooling's size; here convolutions
have biases, since no batch norm shifts their outputs, and keep the image's size, and pooling halves it.
"""

from collections import OrderedDict

from torch import nn

FEATURES = "features"
STAGES = ((16, 16, 16), (32, 32), (64, 64))  # output channels of the convolutions between the poolings


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network."""
    del name
    layers: list[nn.Module] = []
    inputs = input_shape[0]
    for stage in STAGES:
        if layers:
            layers.append(nn.MaxPool2d(2))
        for width in stage:
            layers += [nn.Conv2d(inputs, width, 3, 1, 1), nn.ReLU(inplace=True)]
            inputs = width
    whole = {FEATURES: nn.Sequential(*layers), "pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict(whole, classifier=nn.Linear(inputs, classes)))
