"""Scores of single weights, and random ones as a control. The higher, the more worth keeping."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.errors import known
from prunescape.models.attention import plain_attention
from prunescape.pruning.settings import GRASP, LAMP, MAGNITUDE, OF_INPUTS, RANDOM, WANDA, WEIGHT_SCORES
from prunescape.pruning.surgeon import by_group, input_squares, inverse_factors, saliencies
from prunescape.pruning.unstructured import NO_LAYER, Tensors, prunable

Labelled = Iterable[tuple[torch.Tensor, torch.Tensor]]
RUNNING, BATCH = "running", "batch"  # statistics of batch norm


@dataclass(frozen=True)
class GraspSettings:
    """Settings of the loss that GraSP takes.

    Attributes:
        temperature: what logits are divided by; 200 in Wang et al. (2020) and in the code of the SP paper's authors.
        batch_norm: which statistics batch norm uses, "running" or those of each "batch", as there.
    """

    temperature: float = 1.0
    batch_norm: str = RUNNING


def score(
    method: str,
    network: nn.Module,
    *,
    batches: Labelled | None = None,
    seed: int | None = None,
    exclude: str = NO_LAYER,
    of_grasp: GraspSettings | None = None,
) -> Tensors:
    """The score of each prunable weight.

    Args:
        method: one of `WEIGHT_SCORES`.
        network: a plain network; it is not changed.
        batches: what "grasp" differentiates on, and what "wanda" and "sparsegpt" see the layers' inputs of.
        seed: of "random".
        exclude: layers that are left out, see `prunescape.pruning.unstructured.prunable`.
        of_grasp: how "grasp" takes the loss; None as `GraspSettings` has it.

    Returns:
        By parameter name, shaped as the weights.

    Raises:
        UserError: there is no such method, or the inputs of a layer, which it needs, cannot be seen.
        ValueError: the method lacks batches or a seed.
    """
    known(dict.fromkeys(WEIGHT_SCORES), "pruning method", method)
    if method == GRASP or method in OF_INPUTS:
        if batches is None:
            raise ValueError(f"scores by {method} need batches of images")
        if method == GRASP:
            return grasp(network, batches, of_grasp or GraspSettings(), exclude)
        if method == WANDA:
            return wanda(network, batches, exclude)
        return saliencies(network, inverse_factors(network, batches, exclude))
    weights = prunable(network, exclude=exclude)
    if method == RANDOM:
        if seed is None:
            raise ValueError("random scores need a seed")
        return random_scores(weights, seed)
    return {MAGNITUDE: magnitude, LAMP: lamp}[method](weights)


def magnitude(weights: Mapping[str, torch.Tensor]) -> Tensors:
    """|w| (SP paper, section I: global magnitude pruning, if ranked over all layers)."""
    return {name: weight.abs() for name, weight in weights.items()}


def lamp(weights: Mapping[str, torch.Tensor]) -> Tensors:
    """Layer-adaptive magnitude (Lee et al., 2021), float64.

    w_u^2 / sum of w_v^2 over those v in the layer of u with |w_v| >= |w_u|. So equal weights have equal scores, and the
    largest of a layer has 1, whatever its size. A weight of zero has the score 0.
    """
    return {name: _lamp(weight) for name, weight in weights.items()}


def _lamp(weight: torch.Tensor) -> torch.Tensor:
    squares, order = weight.flatten().double().square().sort()
    rest = squares.flip(0).cumsum(0).flip(0)  # of each weight and all after it
    places = torch.arange(len(squares), device=squares.device)
    starts = torch.ones_like(places, dtype=torch.bool)
    starts[1:] = squares[1:] != squares[:-1]
    first_equal = torch.where(starts, places, 0).cummax(0).values
    scores = torch.where(squares > 0, squares / rest[first_equal], 0.0)
    return torch.empty_like(scores).scatter_(0, order, scores).view_as(weight)


def grasp(
    network: nn.Module, batches: Labelled, settings: GraspSettings = GraspSettings(), exclude: str = NO_LAYER
) -> Tensors:
    """Gradient signal preservation (Wang et al., 2020), negated: w * (H g).

    g is the gradient and H the Hessian of the mean cross-entropy over all images, by the prunable weights. Removing a
    weight changes the squared norm of g by -2 w (H g), to first order. Wang et al. remove the weights with the largest
    -w (H g), whose removal raises the gradient flow most, or lowers it least; so these score lowest here, and what
    remains is what the gradient flow would miss. With batch norm's running statistics the loss of a pretrained network
    is a function of its weights, however the images are batched; with those of each batch, as Wang et al. have it, it
    is not.

    Args:
        network: a plain network; it is not changed.
        batches: images (B, C, H, W) and labels (B,), on the network's device; gone through twice. Their size bounds the
            memory.
        settings: temperature, which weighs images anew by how sure the network is of them, and batch norm's statistics.
        exclude: layers that are left out, see `prunescape.pruning.unstructured.prunable`.
    """
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train(settings.batch_norm == BATCH)
    weights = {name: network.get_parameter(name).requires_grad_() for name in prunable(network, exclude=exclude)}
    images = 0
    gradient = [torch.zeros_like(weight) for weight in weights.values()]
    for x, labels in batches:
        images += len(labels)
        loss = _loss(network, x, labels, settings.temperature)
        _add(gradient, torch.autograd.grad(loss, list(weights.values())))
    gradient = [part / images for part in gradient]
    product = [torch.zeros_like(weight) for weight in weights.values()]
    for x, labels in batches:
        loss = _loss(network, x, labels, settings.temperature)
        first = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        along = torch.stack([(mine * fixed).sum() for mine, fixed in zip(first, gradient, strict=True)]).sum()
        _add(product, torch.autograd.grad(along, list(weights.values())))
    return {
        name: weight.detach() * part / images for (name, weight), part in zip(weights.items(), product, strict=True)
    }


def _loss(network: nn.Module, x: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
    """The summed cross-entropy, of operations that can be differentiated twice."""
    with plain_attention():
        return F.cross_entropy(network(x) / temperature, labels, reduction="sum")


def _add(sums: list[torch.Tensor], parts: Iterable[torch.Tensor]) -> None:
    for total, part in zip(sums, parts, strict=True):
        total += part


def wanda(network: nn.Module, batches: Labelled, exclude: str = NO_LAYER) -> Tensors:
    """Magnitude times the norm of what the weight is multiplied by (Sun et al., 2024, arXiv 2306.11695), float64.

    |w| ||x||, x over all images, and of a convolution over all places of its kernel; of patches, tokens.

    Args:
        network, batches, exclude: see `prunescape.pruning.surgeon.input_squares`.
    """
    scores = {}
    for name, squares in input_squares(network, batches, exclude).items():
        weight = network.get_parameter(name).detach()
        of_groups = by_group(network.get_submodule(name.removesuffix(".weight")), weight.abs().double())
        scores[name] = (of_groups * squares.sqrt()[:, None]).view(weight.shape)
    return scores


def random_scores(weights: Mapping[str, torch.Tensor], seed: int) -> Tensors:
    """Uniform in [0, 1), float64; only `seed` and the weights' names and shapes decide them."""
    scores = {}
    for name, weight in weights.items():
        generator = torch.Generator().manual_seed(derive_seed(seed, f"random scores of {name}"))
        scores[name] = torch.rand(weight.shape, generator=generator, dtype=torch.float64).to(weight.device)
    return scores
