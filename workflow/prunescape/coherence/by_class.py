"""Gradients class by class: whether images of one class agree, where all images together do not.

Where the images of a class agree, and each class pulls a weight its own way, there are as many voters as classes, and
not as many as images: the mean gradient may vanish, as it does where training ends, while its signs do not balance.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from prunescape.coherence.diff_spread import ALL
from prunescape.coherence.layers import Layer
from prunescape.coherence.measure import batches_of, chosen_images, on_device, size_by_chance, summed, unbiased_square
from prunescape.coherence.samples import Tensors
from prunescape.data.randomness import derive_seed
from prunescape.models.weights import State
from prunescape.training.context import Context


def class_table(context: Context, layers: Sequence[Layer], state: State, samples: int | None = None) -> pd.DataFrame:
    """Coherence and diffs of the images of each class alone, and of all of them.

    Args:
        context: what the network is measured with; its seed draws the random signs of classes.
        layers: those that are pruned, whose diffs count.
        state: its weights.
        samples: how many training images; see `prunescape.coherence.measure.measure`.

    Returns:
        One row a class of which images are measured, and a last one of all: label (the class's name, or "all"), images,
        coherence, coherence_by_chance (of orthogonal gradients), diff_size, diff_size_by_chance (with a random sign for
        each image) and, of all images, diff_size_by_classes: the mean |diff| if each class pulled each weight as hard
        as it does, and either way by chance. That is drawn once for each weight.
    """
    network, whole = on_device(context.network(state), context.engine), np.asarray(context.data.labels("train"))
    data = chosen_images(context.data, samples, context.seed)
    labels = np.asarray(data.labels("train"))
    generator = torch.Generator().manual_seed(derive_seed(context.seed, "signs of classes"))
    both, drawn = _Sums(), {layer.name: torch.zeros(()) for layer in layers}
    rows = []
    for label in np.unique(labels):
        own = data.only("train", np.flatnonzero(labels == label))
        totals, squares, _, _ = summed(network, batches_of(network, own, context.engine))
        part = _Sums(totals.gradients, _of(layers, totals.signs), _of(layers, totals.moved), squares)
        rows.append(part.row(context.data.classes[label], int((whole == label).sum())))
        for name, votes in part.signs.items():
            drawn[name] = drawn[name] + votes * (2 * torch.randint(2, votes.shape, generator=generator) - 1)
        both.add(part)
    size = _mean([votes.abs() for votes in drawn.values()]) / len(labels)
    rows.append(both.row(ALL, len(whole)) | {"diff_size_by_classes": size})
    return pd.DataFrame(rows)


def _of(layers: Sequence[Layer], tensors: Tensors) -> Tensors:
    return {layer.name: tensors[layer.name].cpu() for layer in layers}


class _Sums:
    """Sums over the images of a class, or of several."""

    def __init__(
        self,
        gradients: Mapping[str, torch.Tensor] | None = None,
        signs: Mapping[str, torch.Tensor] | None = None,
        moved: Mapping[str, torch.Tensor] | None = None,
        squares: torch.Tensor | None = None,
    ) -> None:
        self.gradients, self.signs, self.moved = dict(gradients or {}), dict(signs or {}), dict(moved or {})
        self.squares = torch.zeros(0, dtype=torch.float64) if squares is None else squares

    def add(self, other: "_Sums") -> None:
        for mine, theirs in ((self.gradients, other.gradients), (self.signs, other.signs), (self.moved, other.moved)):
            for name, part in theirs.items():
                mine[name] = mine[name] + part if name in mine else part
        self.squares = torch.cat([self.squares, other.squares])

    def row(self, label: str, population: int) -> dict[str, Any]:
        count, size = len(self.squares), float(self.squares.mean())
        square = sum(float((part / count).square().sum()) for part in self.gradients.values())
        if count < population:
            square = unbiased_square(square, self.squares, population)
        weights = sum(part.numel() for part in self.moved.values())
        chance = sum(part.numel() * size_by_chance(part, count) for part in self.moved.values()) / weights
        return {
            "label": label,
            "images": count,
            "coherence": square / size if size > 0 else np.nan,
            "coherence_by_chance": 1 / population,
            "diff_size": _mean([part.abs() for part in self.signs.values()]) / count,
            "diff_size_by_chance": chance,
        }


def _mean(parts: Sequence[torch.Tensor]) -> float:
    return sum(float(part.double().sum()) for part in parts) / sum(part.numel() for part in parts)
