"""The sharpness of the loss at a network: trace and top eigenvalue of the Hessian, and the rise that SAM looks at.

Of the mean cross-entropy by the prunable weights, which utility ablates; batch norm keeps its running statistics.
"""

import copy
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.mechanism.sampling import snapshots
from prunescape.pruning.unstructured import prunable
from prunescape.training.context import Context
from prunescape.training.evaluate import Labelled, validation_batches

PROBES = 8  # of Hutchinson's estimate
STEPS = 10  # of Lanczos' iteration
RADIUS = 0.05  # of sharpness-aware minimisation (Foret et al., 2021, section 3)
SHARPNESS = ("trace", "trace_error", "top_eigenvalue", "rise")


class Curvature:
    """The loss of one network as a function of its prunable weights, all in one vector of M numbers."""

    def __init__(self, network: nn.Module, batches: Labelled) -> None:
        """Take a copy of a plain network, and images (B, C, H, W) with labels on its device."""
        self._network, self._batches = copy.deepcopy(network).eval(), batches
        self._network.requires_grad_(False)
        self._weights = [self._network.get_parameter(name).requires_grad_() for name in prunable(self._network)]
        self._images = sum(len(labels) for _, labels in batches)

    @property
    def size(self) -> int:
        """M."""
        return sum(weight.numel() for weight in self._weights)

    def _flat(self, parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return torch.cat([part.reshape(-1) for part in parts])

    def loss(self) -> float:
        """The mean cross-entropy, in nats."""
        with torch.no_grad():
            sums = [F.cross_entropy(self._network(x), labels, reduction="sum").double() for x, labels in self._batches]
        return float(torch.stack(sums).sum()) / self._images

    def gradient(self) -> torch.Tensor:
        """Its gradient, (M,)."""
        total = torch.zeros(self.size, dtype=self._weights[0].dtype, device=self._weights[0].device)
        for x, labels in self._batches:
            loss = F.cross_entropy(self._network(x), labels, reduction="sum")
            total += self._flat(torch.autograd.grad(loss, self._weights)) / self._images
        return total

    def product(self, vector: torch.Tensor) -> torch.Tensor:
        """The Hessian times a vector, (M,)."""
        total, vector = torch.zeros_like(vector), vector.to(self._weights[0])
        for x, labels in self._batches:
            loss = F.cross_entropy(self._network(x), labels, reduction="sum")
            first = self._flat(torch.autograd.grad(loss, self._weights, create_graph=True))
            total += self._flat(torch.autograd.grad(first @ vector, self._weights)) / self._images
        return total

    def _random(self, seed: int, name: str, number: int) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(seed, name, number))

    def trace(self, seed: int, probes: int = PROBES) -> tuple[float, float]:
        """The trace of the Hessian by Hutchinson's estimate with random signs, and its standard error."""
        found = []
        for number in range(probes):
            signs = torch.randint(2, (self.size,), generator=self._random(seed, "probe of the trace", number)) * 2 - 1
            vector = signs.to(self._weights[0])
            found.append(float(vector @ self.product(vector)))
        return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(probes))

    def top_eigenvalue(self, seed: int, steps: int = STEPS) -> float:
        """The largest eigenvalue of the Hessian by Lanczos' iteration, every vector orthogonal to all before it.

        It is a lower bound, and a close one where that eigenvalue stands out.
        """
        start = torch.randn(self.size, generator=self._random(seed, "start of Lanczos", 0), dtype=torch.float64)
        basis, diagonal, beside = [start / start.norm()], [], []
        for _ in range(min(steps, self.size)):
            vector = self.product(basis[-1].to(self._weights[0])).double().cpu()
            diagonal.append(float(vector @ basis[-1]))
            for one in basis + basis:  # twice, for what rounding leaves
                vector = vector - (vector @ one) * one
            length = float(vector.norm())
            if length <= 1e-10 * max(map(abs, diagonal)):
                break
            beside.append(length)
            basis.append(vector / length)
        beside = beside[: len(diagonal) - 1]
        return float(np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))[-1])

    def rise(self, radius: float = RADIUS) -> float:
        """The loss at a distance along the gradient minus the loss here: the sharpness that SAM minimises, in nats."""
        before, gradient = self.loss(), self.gradient()
        step, start = radius * gradient / gradient.norm().clamp(min=1e-30), 0
        kept = [weight.detach().clone() for weight in self._weights]
        with torch.no_grad():
            for weight in self._weights:
                weight += step[start : start + weight.numel()].view_as(weight)
                start += weight.numel()
            after = self.loss()
            for weight, old in zip(self._weights, kept, strict=True):
                weight.copy_(old)
        return after - before


def flatness(context: Context, networks: Mapping[str, Mapping[str, torch.Tensor]]) -> pd.DataFrame:
    """How flat the training loss is at some networks, by all weights that may be pruned, those that are gone included.

    Args:
        context: what is measured on.
        networks: state dicts by name.

    Returns:
        One row a network: network (its name), loss (nats), top_eigenvalue.
    """
    engine, rows = context.engine, []
    for name, state in networks.items():
        network = context.network(state).to(engine.device, engine.dtype)
        curvature = Curvature(network, validation_batches(context.data, engine, "train"))
        top = curvature.top_eigenvalue(context.seed)
        rows.append({"network": name, "loss": curvature.loss(), "top_eigenvalue": top})
    return pd.DataFrame(rows)


def sharpness_over_epochs(
    context: Context, states: Mapping[int, Mapping[str, torch.Tensor]], statistics: Batches | None = None
) -> pd.DataFrame:
    """The sharpness of the training loss during a training.

    Args:
        context, states, statistics: see `prunescape.mechanism.sampling.utility_over_epochs`.

    Returns:
        One row an epoch: epoch, loss (nats), trace and trace_error, top_eigenvalue, rise (nats).
    """
    rows = []
    for epoch, network in snapshots(context, states, statistics):
        curvature = Curvature(network, validation_batches(context.data, context.engine, "train"))
        values = (*curvature.trace(context.seed), curvature.top_eigenvalue(context.seed), curvature.rise())
        rows.append({"epoch": epoch, "loss": curvature.loss(), **dict(zip(SHARPNESS, values, strict=True))})
    return pd.DataFrame(rows)
