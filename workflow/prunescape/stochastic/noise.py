"""Gaussian noise on the weights of a network (SP paper, eq. 2).

A draw is named by a seed, the experiment that it is for, and a number: the same name gives the same noise whatever else
is drawn, and two names give independent noise. So what one experiment chose is measured with other draws in the next.
A draw at another standard deviation is the same one scaled: comparisons of noises do not depend on luck of the draw.
Each parameter has a generator of its own, so that a weight's noise does not depend on which others are perturbed.
"""

import copy
import math
from collections.abc import Iterable

import torch
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.errors import known
from prunescape.pruning.unstructured import NO_LAYER, prunable

PRUNABLE, ALL = "prunable", "all"  # what is perturbed: convolutions' and linear layers' weights, or all parameters
PERTURBED = (PRUNABLE, ALL)


def perturbed_names(network: nn.Module, perturbed: str = PRUNABLE, exclude: str = NO_LAYER) -> list[str]:
    """The parameters that noise is added to, in the network's order.

    Args:
        network: a plain network.
        perturbed: "prunable" leaves out biases and batch norms; "all" takes every parameter. Batch norm's running
            statistics are never perturbed.
        exclude: layers that are not prunable, see `prunescape.pruning.unstructured.prunable`; "all" perturbs them, too.

    Raises:
        UserError: `perturbed` is neither.
    """
    known(dict.fromkeys(PERTURBED), "choice of perturbed parameters", perturbed)
    if perturbed == PRUNABLE:
        return list(prunable(network, exclude=exclude))
    return [name for name, _ in network.named_parameters()]


def noise(shape: torch.Size, name: str, sigma: float, seed: int, draw: int, stage: str = "") -> torch.Tensor:
    """N(0, sigma^2) for the parameter `name`: float32, on the CPU."""
    generator = torch.Generator().manual_seed(derive_seed(seed, f"noise of {stage} on {name}", draw))
    return torch.randn(shape, generator=generator) * sigma


@torch.no_grad()
def perturb(
    network: nn.Module,
    sigma: float,
    seed: int,
    draw: int,
    perturbed: str = PRUNABLE,
    stage: str = "",
    exclude: str = NO_LAYER,
    *,
    relative: bool = False,
) -> nn.Module:
    """w* + N(0, sigma^2 I), the dense stochastic network (SP paper, eq. 2), as a copy.

    Args:
        network: a plain network, w*; it is not changed.
        sigma: standard deviation of the noise, in units of the weights; 0 gives an equal copy.
        seed: names the draw ...
        draw: ... together with this number.
        perturbed: one of `PERTURBED`.
        stage: the experiment that the draw is for; it names the draw, too.
        exclude: see `perturbed_names`.
        relative: whether sigma is in units of the root mean square of each parameter instead.
    """
    noisy = copy.deepcopy(network)
    if sigma:
        for name in perturbed_names(network, perturbed, exclude):
            parameter = noisy.get_parameter(name)
            drawn = noise(parameter.shape, name, sigma, seed, draw, stage).to(parameter)
            parameter.add_(drawn * root_mean_square([parameter]) if relative else drawn)
    return noisy


def root_mean_square(weights: Iterable[torch.Tensor]) -> float:
    """The root mean square of all numbers of tensors together.

    Noise of standard deviation sigma on all of them, and noise in units of each tensor's own with the deviation sigma
    over this, are equally large on the whole.
    """
    squares, numbers = 0.0, 0
    for weight in weights:
        squares, numbers = squares + float(weight.detach().double().square().sum()), numbers + weight.numel()
    return math.sqrt(squares / numbers)
