"""The training loss of lanes."""

import torch
import torch.nn.functional as F


def lane_losses(
    logits: torch.Tensor, labels: torch.Tensor, lanes: int, smoothing: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean cross-entropy of every lane, (K,), from logits (N, K * classes) and labels (N,).

    Args:
        logits: of N images, lane by lane.
        labels: of the images.
        lanes: K.
        smoothing: of the labels, (K,): the part of the target that is spread evenly over all classes (Szegedy et al.,
            2016, section 7; `torch.nn.CrossEntropyLoss(label_smoothing=...)`). None smooths nowhere; a lane of 0 has
            the same bits either way.
    """
    targets = labels[:, None].expand(len(labels), lanes).flatten()
    of_lanes = logits.view(len(targets), -1)
    per_image = F.cross_entropy(of_lanes, targets, reduction="none").view(len(labels), lanes)
    if smoothing is not None:
        evenly = -F.log_softmax(of_lanes, dim=1).mean(1).view(len(labels), lanes)
        per_image = (1 - smoothing) * per_image + smoothing * evenly
    # Lane by lane in memory, so that the order of a sum does not depend on how many lanes there are.
    return per_image.T.contiguous().sum(1) / len(labels)
