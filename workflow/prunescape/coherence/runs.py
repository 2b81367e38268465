"""Trainings that are watched: networks at chosen epochs, and what their gradients say there."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from prunescape.coherence.measure import Measured, measure
from prunescape.data.prepared import PreparedData
from prunescape.mechanism.networks import State
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate

Report = Callable[[str], None]


@dataclass(frozen=True)
class Watch:
    """Architecture, data and engine with which the networks of one training are measured.

    Attributes:
        architecture: the network's.
        data: prepared data.
        engine: where it runs.
        samples: how many training images gradients are taken of; None, of all.
        seed: decides which.
    """

    architecture: Architecture
    data: PreparedData
    engine: Engine
    samples: int | None = None
    seed: int = 0

    def network(self, state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
        """A plain network with the weights of a state dict."""
        network = build(self.architecture)
        network.load_state_dict(dict(state))
        return network

    def measure(
        self, states: Mapping[int, State], report: Report | None = None, kept: Checkpoint | None = None
    ) -> dict[int, Measured]:
        """Coherence and diffs after each epoch.

        Args:
            states: networks by epoch.
            report: is given a line for each.
            kept: where what was measured is kept, and found again by a job that was killed.
        """
        found = {}
        for epoch, state in states.items():
            place = None if kept is None else _of_epoch(kept, epoch)
            known = None if place is None else place.load()
            if known is not None:
                found[epoch] = Measured(**known[1], diffs=known[0])
                continue
            measured = measure(self.network(state), self.data, self.engine, samples=self.samples, seed=self.seed)
            found[epoch] = measured
            if report is not None:
                memory = f"{measured.peak_bytes / 1e6:.0f} MB"
                report(f"epoch {epoch}: coherence {measured.coherence:.4g}, at most {memory} in use")
            if place is not None:
                values = {name: value for name, value in asdict(measured).items() if name != "diffs"}
                place.save(measured.diffs, values)
        return found


def _of_epoch(kept: Checkpoint, epoch: int) -> Checkpoint:
    return Checkpoint(Path(kept.path).with_name(f"measured-{epoch}.safetensors"), f"{kept.identity}-{epoch}")


def epochs_table(watch: Watch, states: Mapping[int, State], measured: Mapping[int, Measured]) -> pd.DataFrame:
    """Coherence, loss and accuracy of a network after each epoch.

    Returns:
        One row an epoch: epoch, train_loss (nats), train_top1 (percent), validation_loss, validation_top1, coherence,
        coherence_standard_error, samples.
    """
    networks = [watch.network(state) for state in states.values()]
    validation = evaluate(networks, watch.data, watch.engine)
    rows: list[dict[str, Any]] = []
    sampled = any(one.samples < watch.data.sizes["train"] for one in measured.values())
    train = evaluate(networks, watch.data, watch.engine, "train") if sampled else None
    for place, (epoch, one) in enumerate(measured.items()):
        rows.append(
            {
                "epoch": epoch,
                "train_loss": one.loss if train is None else train.loss[place].item(),
                "train_top1": one.top1 if train is None else train.top1[place].item(),
                "validation_loss": validation.loss[place].item(),
                "validation_top1": validation.top1[place].item(),
                "coherence": one.coherence,
                "coherence_standard_error": one.standard_error,
                "samples": one.samples,
            }
        )
    return pd.DataFrame(rows)


def highest_epoch(coherence: Mapping[int, float]) -> int:
    """The epoch of highest coherence, of equal ones the first; the initialisation counts where there is nothing else.

    The thesis measures at the end of epochs. An untrained network's coherence may be higher than all that follows, and
    a mask of its diffs would be one at initialisation.
    """
    trained = _trained(coherence)
    return max(trained, key=lambda epoch: (coherence[epoch], -epoch))


def lowest_epoch(coherence: Mapping[int, float]) -> int:
    """The epoch of lowest coherence; see `highest_epoch`."""
    trained = _trained(coherence)
    return min(trained, key=lambda epoch: (coherence[epoch], epoch))


def by_epoch(measured: Mapping[int, Measured]) -> dict[int, float]:
    """The coherence after each epoch, 0 where all gradients vanish."""
    return {epoch: 0.0 if math.isnan(one.coherence) else one.coherence for epoch, one in measured.items()}


def _trained(coherence: Mapping[int, float]) -> list[int]:
    return [epoch for epoch in coherence if epoch > 0] or list(coherence)
