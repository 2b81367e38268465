"""The training loss of lanes."""

import torch
import torch.nn.functional as F


def lane_losses(logits: torch.Tensor, labels: torch.Tensor, lanes: int) -> torch.Tensor:
    """Mean cross-entropy of every lane, (K,), from logits (N, K * classes) and labels (N,)."""
    per_image = F.cross_entropy(logits.view(len(labels) * lanes, -1), labels.repeat_interleave(lanes), reduction="none")
    return per_image.view(len(labels), lanes).sum(0) / len(labels)
