"""Widths of parents: pruned to one part in r, a parent has as many weights as a network of width w."""

import math

from prunescape.models.architecture import Architecture
from prunescape.models.mlp import SQUARES


def weights_of(width: int, inputs: int, classes: int) -> int:
    """Weights of a fully connected network, biases left out: s w^2 + (n + c) w, with s = 3 square matrices.

    Args:
        width: w.
        inputs: n, numbers that an image has.
        classes: c.
    """
    return SQUARES * width**2 + (inputs + classes) * width


def parent_width(width: int, ratio: float, inputs: int, classes: int) -> int:
    """The width w' nearest to where there are `ratio` times the weights (coherence thesis, 5.3).

    w' = w + (sqrt(3 r w (3 w + n + c) + ((n + c) / 2)^2) - 3 w - (n + c) / 2) / 3, which for CIFAR-10, n + c = 3082, is
    the thesis' formula.
    """
    half = (inputs + classes) / 2
    grown = math.sqrt(SQUARES * ratio * weights_of(width, inputs, classes) + half**2)
    return round(width + (grown - SQUARES * width - half) / SQUARES)


def mlp(architecture: Architecture, width: int) -> Architecture:
    """A fully connected network of some width for the images and classes of another network."""
    return Architecture("mlp", architecture.input_shape, architecture.classes, width=width)


def weights_in(architecture: Architecture) -> int:
    """Number of weights, as `weights_of` counts them, of a network that `mlp` gives."""
    assert architecture.width is not None
    return weights_of(architecture.width, math.prod(architecture.input_shape), architecture.classes)
