"""Gradient flow: how far one step of gradient descent would lower the loss, for networks that are sparse."""

from collections.abc import Iterable, Sequence

import pandas as pd
import torch
from torch import nn

from prunescape.lanes.loss import lane_losses
from prunescape.lanes.modules import LaneConv2d, LaneLinear
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
    engine.set_up()
    flows = []
    for array, lanes, count in arrays(networks, engine):
        array.eval().requires_grad_(False)
        weights = [module.weight for module in array.modules() if isinstance(module, LaneConv2d | LaneLinear)]
        for weight in weights:
            weight.requires_grad_()
        images = 0
        for x, labels in batches:
            images += len(labels)
            with engine.autocast():
                logits = array(x)
            (lane_losses(logits.to(engine.dtype), labels, lanes).sum() * len(labels)).backward()
        flow = torch.zeros(lanes, dtype=torch.float64, device=engine.device)
        for weight in weights:
            assert weight.grad is not None
            kept = weight.grad.double() * (weight.detach() != 0)
            flow += (kept / images).square().flatten(1).sum(1)
        flows.append(flow[:count].cpu())
    return torch.cat(flows)


def gradient_flow_table(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    batches: Labelled,
    engine: Engine,
    networks: Iterable[nn.Module] | None = None,
) -> pd.DataFrame:
    """The gradient flow of variants (SP paper, Table II).

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
