"""Optimal Brain Surgeon on layers: remaining weights make up for those that are removed, as in SparseGPT.

Each output of a layer is a weighted sum over a patch of its input: the inputs of a fully connected layer, or what a
convolution's kernel sees at one place, by the weights of its group. With patches x the output's squared error is
(w - v)' H (w - v), H the sum of x x'. SparseGPT (Frantar and Alistarh, 2023, arXiv 2301.00774) goes through the columns
of the weights from left to right, and for each one that is removed changes those to its right so that the error is
least. Its scores are w^2 / u^2, u being the diagonal of the upper Cholesky factor U of the inverse of H, U'U = 1 / H.

What differs from its code: all layers take the inputs of the network as it was before pruning; masks are chosen at once
and not in blocks of 128 columns, which is SparseGPT with a block as wide as the layer. Everything is float64.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.errors import UserError
from prunescape.pruning.unstructured import NO_LAYER, Tensors, prunable

Labelled = Iterable[tuple[torch.Tensor, torch.Tensor]]
BLOCK = (
    128  # columns whose changes reach those to the right of them all at once, which is faster and changes nothing else
)
DAMPING = 0.01  # of the mean diagonal of H, as in the code of SparseGPT


def patches(layer: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The inputs that the outputs of a layer are weighted sums of.

    Args:
        layer: a linear layer or a convolution padded with zeros.
        inputs: (images, ..., features), or (images, channels, height, width).

    Returns:
        (groups, places, columns): a row an image and place, a column a weight of an output.
    """
    if isinstance(layer, nn.Linear):
        return inputs.reshape(1, -1, layer.in_features)
    assert isinstance(layer, nn.Conv2d)
    assert not isinstance(layer.padding, str)
    unfolded = F.unfold(inputs, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    return unfolded.unflatten(1, (layer.groups, -1)).permute(1, 0, 3, 2).flatten(1, 2)


def by_group(layer: nn.Module, weight: torch.Tensor) -> torch.Tensor:
    """The weights of a layer, or what is shaped as they are, as a view: (groups, outputs of a group, columns)."""
    groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
    return weight.unflatten(0, (groups, -1)).flatten(2)


@torch.no_grad()
def _summed(network: nn.Module, batches: Labelled, exclude: str, of: Callable[[torch.Tensor], torch.Tensor]) -> Tensors:
    """Sums over all images of a function of the patches of each prunable layer, by parameter name."""
    network = copy.deepcopy(network).eval()
    sums: Tensors = {}

    def measure(name: str, layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        part = of(patches(layer, inputs[0]).double())
        sums[name] = sums[name] + part if name in sums else part

    wanted = list(prunable(network, exclude=exclude))
    for name in wanted:
        if name.endswith(".weight"):  # else it is of torch's attention, which calls no layer for it
            _layer(network, name).register_forward_pre_hook(partial(measure, name))
    for images, _ in batches:
        network(images)
    unseen = [name for name in wanted if name not in sums]
    if unseen:
        raise UserError(
            f"the inputs of {unseen[0]} cannot be seen, as torch's attention does not call that layer; score weights by"
            " something else than wanda and sparsegpt, or choose another network"
        )
    return {name: sums[name] for name in wanted}


def input_squares(network: nn.Module, batches: Labelled, exclude: str = NO_LAYER) -> Tensors:
    """Sums of the squares of what each weight is multiplied by: (groups, columns), float64, by parameter name.

    Args:
        network: a plain network, whose batch norm uses its running statistics; it is not changed.
        batches: images (B, C, H, W), and labels, which are not used.
        exclude: layers that are left out, see `prunescape.pruning.unstructured.prunable`.

    Raises:
        UserError: a layer's inputs cannot be seen.
    """
    return _summed(network, batches, exclude, lambda rows: rows.square().sum(1))


def inverse_factors(network: nn.Module, batches: Labelled, exclude: str = NO_LAYER) -> Tensors:
    """Upper Cholesky factors U of the inverses of H, (groups, columns, columns), float64, by parameter name.

    H is damped: `DAMPING` of its mean diagonal is added to it. An input that is always zero counts as 1.

    Args:
        network, batches, exclude: see `input_squares`.

    Raises:
        UserError: a layer's inputs cannot be seen.
    """
    return {
        name: _inverse_factor(gram)
        for name, gram in _summed(network, batches, exclude, lambda rows: rows.transpose(1, 2) @ rows).items()
    }


def _inverse_factor(gram: torch.Tensor) -> torch.Tensor:
    diagonal = gram.diagonal(dim1=1, dim2=2)
    damping = DAMPING * diagonal.mean(1, keepdim=True) + (diagonal == 0)
    lower = torch.linalg.cholesky(gram + torch.diag_embed(damping))
    factor: torch.Tensor = torch.linalg.cholesky(torch.cholesky_inverse(lower), upper=True)
    return factor


def saliencies(network: nn.Module, factors: Mapping[str, torch.Tensor]) -> Tensors:
    """w^2 / u^2 of each weight, float64: by how much the squared error grows at least if it is removed.

    Those to its left count as settled and those to its right as free.

    Args:
        network: a plain network.
        factors: of it, see `inverse_factors`.
    """
    scores = {}
    for name, factor in factors.items():
        layer = _layer(network, name)
        columns = factor.diagonal(dim1=1, dim2=2)[:, None]
        weight = layer.weight.detach()
        scores[name] = (by_group(layer, weight.double()) / columns).square().view(weight.shape)
    return scores


@torch.no_grad()
def compensate(network: nn.Module, kept: Mapping[str, torch.Tensor], factors: Mapping[str, torch.Tensor]) -> nn.Module:
    """Remove weights and change those to their right, in place, so that outputs change least; returns the network.

    Args:
        network: a plain network.
        kept: masks, by parameter name.
        factors: see `inverse_factors`.
    """
    for name, mask in kept.items():
        layer = _layer(network, name)
        weight = by_group(layer, layer.weight.detach().double()).clone()
        removed, upper = ~by_group(layer, mask), factors[name]
        columns = weight.shape[2]
        for first in range(0, columns, BLOCK):
            last = min(first + BLOCK, columns)
            errors = torch.zeros_like(weight[:, :, first:last])
            for column in range(first, last):
                error = weight[:, :, column] * removed[:, :, column] / upper[:, None, column, column]
                weight[:, :, column:last] -= error[..., None] * upper[:, None, column, column:last]
                errors[:, :, column - first] = error
            weight[:, :, last:] -= errors @ upper[:, first:last, last:]
        layer.weight.copy_((weight * ~removed).view(layer.weight.shape))
    return network


def _layer(network: nn.Module, name: str) -> Any:
    return network.get_submodule(name.removesuffix(".weight"))
