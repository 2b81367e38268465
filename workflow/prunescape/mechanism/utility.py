"""The utility of subsets of weights: what their ablation does to a network's outputs (utility paper, definition 1)."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.mechanism.points import Points
from prunescape.mechanism.subsets import Subset, channels
from prunescape.pruning.graph import Group
from prunescape.training.engine import Engine
from prunescape.training.evaluate import lane_logits, validation_batches

MEASURED = ("utility", "top1", "loss")


def kl_divergence(reference: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """d_KL(f, g) of class probabilities, sum f ln(f / g), in nats.

    Args:
        reference: (B, C), float64, ln f.
        logits: (B, K, C); g is their softmax.

    Returns:
        (B, K), float64. What rounding makes negative is zero; NaN where logits are not finite.
    """
    other = logits.double().log_softmax(2)
    ln_f = reference[:, None]
    return torch.where(ln_f == -torch.inf, 0.0, ln_f.exp() * (ln_f - other)).sum(2).clamp(min=0.0)


class Ablations:
    """Measures what ablations do to one network.

    Attributes:
        network: the plain network, f_W.
    """

    def __init__(self, network: nn.Module, data: PreparedData, engine: Engine, split: str = "train") -> None:
        """Evaluate the whole network.

        Args:
            network: a plain network; it is not changed. Batch norm keeps its running statistics.
            data: prepared data; nothing is augmented.
            split: whose images the mean is taken over; the utility paper takes all training images (2.1.2).
        """
        self.network, self._engine = network, engine
        self._points = Points(network, engine)
        self._batches: Batches = validation_batches(data, engine, split)
        self._weights = self._points.layout.vector(network.state_dict()).to(engine.device, engine.dtype)
        whole = lane_logits(self._points.array(self._weights[None]), engine.lanes, self._batches, engine)
        self._reference = [logits[:, 0].double().log_softmax(1) for logits, _ in whole]

    def measure(self, subsets: Sequence[Subset]) -> pd.DataFrame:
        """Ablate each subset in turn, all as lanes.

        Returns:
            One row a subset: its labels, and utility (mean KL divergence in nats), top1 (percent) and loss (mean
            cross-entropy) of the ablated network; NaN where its outputs are not finite.

        Raises:
            Interrupted: the process was asked to stop.
        """
        return self._measured(self._points, subsets)

    def measure_channels(self, groups: Sequence[Group]) -> pd.DataFrame:
        """Ablate each channel by itself (beyond the utility paper).

        The layers before a channel's are the same in all lanes, and run once for all of them.

        Args:
            groups: of the network's channels.

        Returns:
            One row a channel: layer (the convolution that makes it), channel, ablated (number of parameters), and what
            `measure` gives.

        Raises:
            Interrupted: the process was asked to stop.
        """
        if self._engine.lanes == 1:  # which has nobody to share with
            return self.measure(channels(self.network, groups))
        tables = []
        for group in groups:
            points = Points(self.network, self._engine, changed=group.root)
            tables.append(self._measured(points, channels(self.network, [group])))
        return pd.concat(tables, ignore_index=True)

    def _measured(self, points: Points, subsets: Sequence[Subset]) -> pd.DataFrame:
        if not subsets:
            return pd.DataFrame(columns=list(MEASURED))
        scores = points.measure(len(subsets), partial(self._ablated, subsets), self._scores)
        labels = pd.DataFrame([dict(subset.labels) for subset in subsets])
        return labels.assign(**dict(zip(MEASURED, scores.T.numpy(), strict=True)))

    def whole(self) -> dict[str, float]:
        """Accuracy and loss of the whole network: whole_top1 (percent) and whole_loss."""
        row = self.measure([Subset({}, np.array([], dtype=np.int64))]).iloc[0]
        return {f"whole_{name}": float(row[name]) for name in ("top1", "loss")}

    def _ablated(self, subsets: Sequence[Subset], first: int, number: int) -> torch.Tensor:
        vectors = self._weights.repeat(number, 1)
        for vector, subset in zip(vectors, subsets[first : first + number], strict=True):
            vector[torch.from_numpy(subset.positions).to(vector.device)] = 0.0
        return vectors

    def _scores(self, array: nn.Module) -> torch.Tensor:
        """Scores of K lanes, (K, 3), in the order of `MEASURED`."""
        lanes, engine = self._engine.lanes, self._engine
        sums = torch.zeros(lanes, len(MEASURED), dtype=torch.float64, device=engine.device)
        whole = iter(self._reference)
        for logits, labels in lane_logits(array, lanes, self._batches, engine):
            targets = labels[:, None].expand(len(labels), lanes)
            losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(-1, lanes)
            correct = 100.0 * (logits.nan_to_num(nan=0.0).argmax(2) == targets)
            divergence = kl_divergence(next(whole), logits)
            sums += torch.stack([part.double().sum(0) for part in (divergence, correct, losses)], 1)
        return (sums / sum(map(len, self._reference))).cpu()
