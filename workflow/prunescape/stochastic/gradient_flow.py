"""Gradient flow: how far one step of gradient descent would lower the loss, for networks that are sparse."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from prunescape.lanes.loss import lane_losses
from prunescape.lanes.modules import LaneConv2d, LaneLinear
from prunescape.pruning.unstructured import LAYERS, prunable
from prunescape.stochastic.variants import Pretrained, Variant, variant_table
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Labelled, arrays


def gradient_flow(networks: Iterable[nn.Module], batches: Labelled, engine: Engine) -> torch.Tensor:
    """The squared norm of the loss's gradient by the weights that are kept.

    To first order, a step of gradient descent with rate r lowers the loss by r times this (Evci et al., 2022). The loss
    is the mean cross-entropy over all images of `batches` together, not over each; kept are the prunable weights (see
    `prunescape.pruning.unstructured`) that are not zero; batch norm uses its running statistics.

    Args:
        networks: plain networks of one architecture, which may be made one by one; they are not changed.
        batches: images (B, C, H, W) and labels (B,), not augmented; gone through once an array.

    Returns:
        (K,), float64, on the CPU.
    """
    flows = []
    for found in _gradients(networks, batches, engine):
        kept = [gradient * (weight != 0) for weight, gradient in zip(found.weights, found.gradients, strict=True)]
        flows.append(_squares(kept)[: found.asked].cpu())
    return torch.cat(flows)


def gradient_norm(networks: Iterable[nn.Module], batches: Labelled, engine: Engine) -> torch.Tensor:
    """Gradient flow as the code of the SP paper's authors computes it, the quantity of its Table II.

    It is the norm, not squared, of the gradient by all prunable weights but those of the first and the last layer;
    those that are pruned count, though no training changes them. There the images are those that are held out.

    Args:
        networks, batches: see `gradient_flow`; of fewer than three layers all count.

    Returns:
        (K,), float64, on the CPU.
    """
    norms = []
    for found in _gradients(networks, batches, engine):
        norms.append(_squares(found.gradients[1:-1] or found.gradients).sqrt()[: found.asked].cpu())
    return torch.cat(norms)


def _squares(gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """Squared norms of K lanes, (K,)."""
    return torch.stack([gradient.square().flatten(1).sum(1) for gradient in gradients]).sum(0)


class _Gradients(NamedTuple):
    """Gradients of an array's mean loss by its prunable weights.

    Attributes:
        weights: one tensor a layer, (K, ...).
        gradients: likewise, float64.
        asked: how many of the K lanes are asked for; copies fill the array up.
    """

    weights: list[torch.Tensor]
    gradients: list[torch.Tensor]
    asked: int


def _gradients(networks: Iterable[nn.Module], batches: Labelled, engine: Engine) -> Iterator[_Gradients]:
    """The gradients of each array in turn."""
    engine.set_up()
    for array, lanes, count in arrays(networks, engine):
        array.eval().requires_grad_(False)
        weights = [array.get_parameter(name) for name in prunable(array, (LaneConv2d, LaneLinear, *LAYERS))]
        for weight in weights:
            weight.requires_grad_()
        images = 0
        for x, labels in batches:
            images += len(labels)
            with engine.autocast():
                logits = array(x)
            (lane_losses(logits.to(engine.dtype), labels, lanes).sum() * len(labels)).backward()
        gradients = [weight.grad.double() / images for weight in weights if weight.grad is not None]
        yield _Gradients([weight.detach() for weight in weights], gradients, count)


def gradient_flow_table(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    batches: Labelled,
    engine: Engine,
    networks: Iterable[nn.Module] | None = None,
) -> pd.DataFrame:
    """The gradient flow of variants (beside SP paper, Table II; see `gradient_norm`).

    Args:
        pretrained: w*.
        variants: of it.
        batches: see `gradient_flow`.
        networks: what the variants became by fine-tuning, in their order; None takes them as they are made.

    Returns:
        One row a variant: model, seed, method, gamma, sigma, kind, draw, gradient_flow.
    """
    flows = gradient_flow(map(pretrained.make, variants) if networks is None else networks, batches, engine)
    return variant_table(pretrained, variants).assign(gradient_flow=flows.numpy())
