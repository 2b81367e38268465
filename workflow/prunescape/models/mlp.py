"""Fully connected networks of equal width (thesis on gradient coherence, Z. Yauney, BYU 2024, chapters 4 and 5).

The thesis speaks of three hidden layers. Its formula for the parent's width (section 5.3) and its count of 2.3 million
parameters at width 512 both have three square matrices between the layer that reads the pixels and the classifier, so
that is what is built: n x w, three times w x w, w x c, each with a bias and, but for the last, a ReLU.
"""

import math
from collections import OrderedDict
from itertools import pairwise

from torch import nn

WIDTH, SQUARES = 512, 3


def build(name: str, input_shape: tuple[int, int, int], classes: int, width: int = WIDTH) -> nn.Module:
    """The dense network with layers of `width` neurons."""
    del name
    layers: list[tuple[str, nn.Module]] = [("flatten", nn.Flatten())]
    sizes = [math.prod(input_shape), *[width] * (SQUARES + 1)]
    for number, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        layers += [(f"fc{number}", nn.Linear(inputs, outputs)), (f"relu{number}", nn.ReLU())]
    return nn.Sequential(OrderedDict([*layers, ("classifier", nn.Linear(width, classes))]))
