"""Train lanes: K networks of one architecture on the same batches, each with its own learning rate and weight decay."""

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from functools import partial

import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.lanes.fuse import check_lanes, fuse, lane_state
from prunescape.lanes.loss import lane_losses
from prunescape.lanes.sgd import LaneSGD
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate
from prunescape.training.recipe import Recipe

VALIDATION_BATCH = 512
REPORT_SECONDS = 60
CHECKPOINT_SECONDS = 60


@dataclass(frozen=True)
class Lane:
    """One network to train."""

    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class Epoch:
    """One row of a training history; accuracies in percent, None where not measured."""

    epoch: int
    learning_rate: float
    train_loss: float
    top1: float | None
    top5: float | None


@dataclass
class LaneResult:
    """What training a lane gave.

    Attributes:
        lane: what was trained.
        history: one entry an epoch; it ends early where the lane diverged.
        diverged: the loss or a weight became NaN or infinite.
        seconds: wall time, shared evenly among the lanes trained together.
        images_per_second: training images a second, summed over the lanes trained together.
        weights: the state dict of the plain network at the end.
    """

    lane: Lane
    history: list[Epoch] = field(default_factory=list)
    diverged: bool = False
    seconds: float = 0.0
    images_per_second: float = 0.0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def last(self, metric: str) -> float | None:
        """The last measured value of a column of the history."""
        return self._measured(metric)[-1] if self._measured(metric) else None

    def best(self, metric: str) -> float | None:
        """The largest measured value of a column of the history."""
        return max(self._measured(metric), default=None)

    def _measured(self, metric: str) -> list[float]:
        return [value for entry in self.history if (value := getattr(entry, metric)) is not None]


def train(
    architecture: Architecture,
    lanes: Sequence[Lane],
    data: PreparedData,
    recipe: Recipe,
    engine: Engine,
    seed: int,
    report: Callable[[str], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[LaneResult]:
    """Train every lane from scratch.

    All lanes share the He initialisation, the order of the images and their augmentation, each drawn from a generator
    of its own that only `seed` decides. They are trained in arrays of exactly `engine.lanes`, filled up with idle
    copies; on a CPU a lane's result does not depend on the others, bit for bit.

    Args:
        architecture: the network.
        lanes: learning rate and weight decay of each.
        data: prepared training and validation splits.
        recipe: everything else about training.
        engine: where it runs.
        seed: the study seed.
        report: is given one line of progress at a time.
        checkpoint: where the state of this very training is kept about once a minute, and found again; None keeps none.
    """
    engine.set_up()
    if engine.lanes > 1:
        images = torch.rand(4, *architecture.input_shape, generator=torch.Generator().manual_seed(0))
        check_lanes([build(architecture, 0), build(architecture, 1)], images)
    results: list[LaneResult] = []
    for start in range(0, len(lanes), engine.lanes):
        active = lanes[start : start + engine.lanes]
        idle = [active[-1]] * (engine.lanes - len(active))
        label = f"cells {start + 1}-{start + len(active)} of {len(lanes)}"
        arrays_left = (len(lanes) - start - 1) // engine.lanes
        array = _Array(architecture, [*active, *idle], len(active), data, recipe, engine, seed)
        array.checkpoint = None if checkpoint is None else checkpoint.part(start // engine.lanes)
        results += array.run(partial(_report, report, label), arrays_left)
    return results


def _report(report: Callable[[str], None] | None, label: str, line: str) -> None:
    if report is not None:
        report(f"{label}: {line}")


class _Array:
    """Lanes that are trained together; only the first `active` of them count."""

    def __init__(
        self,
        architecture: Architecture,
        lanes: Sequence[Lane],
        active: int,
        data: PreparedData,
        recipe: Recipe,
        engine: Engine,
        seed: int,
    ) -> None:
        self.recipe, self.engine, self.lanes, self.active = recipe, engine, lanes, active
        network = build(architecture, derive_seed(seed, "initialisation"))
        self.network: nn.Module = fuse([network] * len(lanes)).to(engine.device)
        self.rates = torch.tensor([lane.learning_rate for lane in lanes], dtype=torch.float64)
        decays = torch.tensor([lane.weight_decay for lane in lanes], dtype=torch.float64)
        self.optimiser = LaneSGD(self.network.parameters(), self.rates, decays, recipe.momentum)
        self.training = Batches(
            data,
            "train",
            engine.device,
            recipe.batch_size,
            seed_order=derive_seed(seed, "order"),
            seed_augment=derive_seed(seed, "augmentation"),
        )
        self.validation = Batches(data, "validation", engine.device, VALIDATION_BATCH)
        self.results = [LaneResult(lane) for lane in lanes[:active]]
        self.checkpoint: Checkpoint | None = None

    def run(self, report: Callable[[str], None], arrays_left: int) -> list[LaneResult]:
        done, earlier, images = self._restore(report)
        start = time.perf_counter() - earlier
        reported = saved = time.perf_counter()
        for epoch in range(done + 1, self.recipe.epochs + 1):
            if self._running() == 0:
                report(f"epoch {epoch - 1}/{self.recipe.epochs}: every cell has diverged, stopping")
                break
            losses, seen = self._train_epoch(epoch)
            images += seen
            self._record(epoch, losses)
            now = time.perf_counter()
            seconds = now - start
            if now - saved >= CHECKPOINT_SECONDS:
                saved = now
                self._save(epoch, seconds, images)
            if self.recipe.evaluates(epoch) or now - reported > REPORT_SECONDS:
                reported = now
                remaining = seconds / epoch * (self.recipe.epochs * (1 + arrays_left) - epoch)
                best = max(result.last("top1") or 0.0 for result in self.results)
                report(f"epoch {epoch}/{self.recipe.epochs}, best top-1 {best:.2f} %, {remaining:.0f} s to go")
        seconds = time.perf_counter() - start
        for index, result in enumerate(self.results):
            result.seconds = seconds / self.active
            result.images_per_second = self.active * images / seconds
            result.weights = lane_state(self.network, index)
        return self.results

    def _save(self, epoch: int, seconds: float, images: int) -> None:
        if self.checkpoint is None:
            return
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"velocity.{k}": velocity for k, velocity in enumerate(self.optimiser.velocities)}
        lanes = [(result.diverged, [astuple(entry) for entry in result.history]) for result in self.results]
        self.checkpoint.save(tensors, {"epoch": epoch, "seconds": seconds, "images": images, "lanes": lanes})

    def _restore(self, report: Callable[[str], None]) -> tuple[int, float, int]:
        """Go back to the checkpoint, if there is one: epochs done, seconds spent, and images seen."""
        found = None if self.checkpoint is None else self.checkpoint.load()
        if found is None:
            return 0, 0.0, 0
        tensors, progress = found
        self.network.load_state_dict({name: tensors[f"network.{name}"] for name in self.network.state_dict()})
        for k, velocity in enumerate(self.optimiser.velocities):
            velocity.copy_(tensors[f"velocity.{k}"])
        for result, (diverged, history) in zip(self.results, progress["lanes"], strict=True):
            result.diverged, result.history = diverged, [Epoch(*entry) for entry in history]
        report(f"going on after epoch {progress['epoch']}")
        return progress["epoch"], progress["seconds"], progress["images"]

    def _running(self) -> int:
        return sum(not result.diverged for result in self.results)

    def _train_epoch(self, epoch: int) -> tuple[torch.Tensor, int]:
        """The mean training loss of every lane, (K,), and the number of images."""
        self.network.train()
        self.optimiser.set_learning_rate(self.rates * self.recipe.learning_rate_factor(epoch))
        total, images = torch.zeros(len(self.lanes), device=self.engine.device), 0
        for x, labels in self.training.epoch(epoch):
            with self.engine.autocast():
                logits = self.network(x)
            losses = lane_losses(logits.float(), labels, len(self.lanes))
            losses.sum().backward()
            self.optimiser.step()
            total += losses.detach() * len(x)
            images += len(x)
        return total.cpu() / images, images

    def _record(self, epoch: int, losses: torch.Tensor) -> None:
        finite = torch.isfinite(losses)
        for tensor in self.network.state_dict().values():
            finite &= torch.isfinite(tensor).flatten(1).all(1).cpu()
        newly_diverged = [not result.diverged and not bool(finite[index]) for index, result in enumerate(self.results)]
        top1 = top5 = None
        if self.recipe.evaluates(epoch) or any(newly_diverged):
            top1, top5 = evaluate(self.network, len(self.lanes), self.validation.epoch(0), self.engine)
        factor = self.recipe.learning_rate_factor(epoch)
        for index, result in enumerate(self.results):
            if result.diverged:
                continue
            result.diverged = newly_diverged[index]
            measured = self.recipe.evaluates(epoch) or result.diverged
            result.history.append(
                Epoch(
                    epoch,
                    result.lane.learning_rate * factor,
                    losses[index].item(),
                    top1[index].item() if measured and top1 is not None else None,
                    top5[index].item() if measured and top5 is not None else None,
                )
            )
