"""Accuracy of lanes on a validation split."""

from collections.abc import Iterable

import torch
from torch import nn

from prunescape.training.engine import Engine
from prunescape.training.recipe import TOP5_CLASSES


@torch.no_grad()
def evaluate(
    fused: nn.Module, lanes: int, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], engine: Engine
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Top-1 and, from 100 classes on, top-5 accuracy of every lane in percent, (K,) on the CPU (thesis, eq. 3.1,
    3.2).

    Uses the running batch-norm statistics. A network of NaNs predicts class 0.
    """
    was_training = fused.training
    fused.eval()
    images = 0
    top1 = torch.zeros(lanes, dtype=torch.float64)
    top5: torch.Tensor | None = None
    for x, labels in batches:
        with engine.autocast():
            logits = fused(x)
        logits = logits.float().view(len(x), lanes, -1).nan_to_num(nan=0.0)
        images += len(x)
        top1 += (logits.argmax(2) == labels[:, None]).sum(0).double().cpu()
        if logits.shape[2] >= TOP5_CLASSES:
            hits = (logits.topk(5, 2).indices == labels[:, None, None]).any(2).sum(0).double().cpu()
            top5 = hits if top5 is None else top5 + hits
    fused.train(was_training)
    return 100.0 * top1 / images, None if top5 is None else 100.0 * top5 / images
