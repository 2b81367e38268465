"""The utility of subsets of weights: what their ablation does to a network's outputs (utility paper, definition 1)."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.lanes.vectors import Layout
from prunescape.mechanism.folding import Folding
from prunescape.mechanism.subsets import Subset, channels
from prunescape.pruning.graph import Group
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Labelled, lane_logits, validation_batches
from prunescape.training.points import Measure, Points

MEASURED = ("utility", "top1", "loss")
PROBED = 4  # images on which it is seen whether batch norm may be folded
Draw = Callable[[int], np.ndarray]  # a subset's number to its positions


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
        images: how many there are, of those that the mean is taken over.
    """

    def __init__(self, network: nn.Module, data: PreparedData, engine: Engine, split: str = "train") -> None:
        """Evaluate the whole network, once.

        Args:
            network: a plain network; it is not changed. Batch norm keeps its running statistics.
            data: prepared data; nothing is augmented.
            split: whose images the mean is taken over; the utility paper takes all training images (2.1.2).
        """
        self.network, self.images = network, data.sizes[split]
        self._data, self._engine, self._split = data, engine, split
        self._batches: Batches = validation_batches(data, engine, split)
        self._folding = Folding.of(network, next(iter(self._batches))[0][:PROBED])
        self._points = Points(self._folding.network, engine)
        self._weights = Layout.of(network).vector(network.state_dict()).to(engine.device, engine.dtype)
        alone = self._points.alone(self._folding.vectors(self._weights[None])[0])
        outputs = list(lane_logits(alone, 1, self._batches, engine))
        self._reference = [logits[:, 0].double().log_softmax(1) for logits, _ in outputs]
        self._whole = self._summed(outputs, 1)[0]

    def on(self, images: int) -> "Ablations":
        """Ablations of the network on fewer images, each class in proportion to its share; itself on all of them."""
        if images >= self.images:
            return self
        seed, split = derive_seed(0, "images of sample sets"), self._split
        chosen = stratified_choice(self._data.labels(split), images, seed)
        return Ablations(self.network, self._data.only(split, chosen), self._engine, split)

    def measure(self, subsets: Sequence[Subset]) -> pd.DataFrame:
        """Ablate each subset in turn, all as lanes.

        Returns:
            One row a subset: its labels, and utility (mean KL divergence in nats), top1 (percent) and loss (mean
            cross-entropy) of the ablated network; NaN where its outputs are not finite.

        Raises:
            Interrupted: the process was asked to stop.
        """
        return self._measured(self._points, subsets)

    def scores(self, count: int, draw: Draw) -> np.ndarray:
        """The columns of `MEASURED`, (count, 3), of subsets drawn when their turn comes; see `measure`."""
        return self._run(self._points, count, draw, self._scores)

    def divergences(self, count: int, draw: Draw) -> np.ndarray:
        """The KL divergence of each image, in nats: (count, images); their means are utilities."""
        return self._run(self._points, count, draw, self._divergences)

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
            points = Points(self._folding.network, self._engine, changed=group.root)
            tables.append(self._measured(points, channels(self.network, [group])))
        return pd.concat(tables, ignore_index=True)

    def whole(self) -> dict[str, float]:
        """Accuracy and loss of the whole network: whole_top1 (percent) and whole_loss."""
        row = dict(zip(MEASURED, self._whole.tolist(), strict=True))
        return {f"whole_{name}": row[name] for name in ("top1", "loss")}

    def _measured(self, points: Points, subsets: Sequence[Subset]) -> pd.DataFrame:
        if not subsets:
            return pd.DataFrame(columns=list(MEASURED))
        scores = self._run(points, len(subsets), lambda number: subsets[number].positions, self._scores)
        labels = pd.DataFrame([dict(subset.labels) for subset in subsets])
        return labels.assign(**dict(zip(MEASURED, scores.T, strict=True)))

    def _run(self, points: Points, count: int, draw: Draw, measure: Measure) -> np.ndarray:
        def make(first: int, number: int) -> torch.Tensor:
            vectors = self._weights.repeat(number, 1)
            for place, vector in enumerate(vectors, start=first):
                vector[torch.from_numpy(draw(place)).to(vector.device)] = 0.0
            return self._folding.vectors(vectors)

        return points.measure(count, make, measure).numpy()

    def _scores(self, array: nn.Module, lanes: int) -> torch.Tensor:
        """Scores of K lanes, (K, 3), in the order of `MEASURED`."""
        return self._summed(lane_logits(array, lanes, self._batches, self._engine), lanes)

    def _summed(self, outputs: Labelled, lanes: int) -> torch.Tensor:
        """Scores of logits (B, K, classes) and labels (B,), batch by batch."""
        sums = torch.zeros(lanes, len(MEASURED), dtype=torch.float64, device=self._engine.device)
        for (logits, labels), ln_f in zip(outputs, self._reference, strict=True):
            targets = labels[:, None].expand(len(labels), lanes)
            losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(-1, lanes)
            correct = 100.0 * (logits.nan_to_num(nan=0.0).argmax(2) == targets)
            divergence = kl_divergence(ln_f, logits)
            sums += torch.stack([part.double().sum(0) for part in (divergence, correct, losses)], 1)
        return (sums / self.images).cpu()

    def _divergences(self, array: nn.Module, lanes: int) -> torch.Tensor:
        outputs = lane_logits(array, lanes, self._batches, self._engine)
        parts = [kl_divergence(ln_f, logits) for (logits, _), ln_f in zip(outputs, self._reference, strict=True)]
        return torch.cat(parts).T.cpu()
