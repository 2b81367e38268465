"""The training loss of lanes."""

import torch
import torch.nn.functional as F


def lane_losses(logits: torch.Tensor, labels: torch.Tensor, lanes: int) -> torch.Tensor:
    """Mean cross-entropy of every lane, (K,), from logits (N, K * classes) and labels (N,)."""
    targets = labels[:, None].expand(len(labels), lanes).flatten()
    per_image = F.cross_entropy(logits.view(len(targets), -1), targets, reduction="none")
    return per_image.view(len(labels), lanes).sum(0) / len(labels)
