"""Train lanes: K networks of one architecture on the same batches, each with its own hyperparameters.

They are trained in arrays, from scratch to the end, and each has a result of its own.
"""

import gc
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.epoch import sizes_of_batches
from prunescape.data.randomness import derive_seed
from prunescape.errors import Interrupted, UserError
from prunescape.lanes.fuse import Branches, by_themselves, check_lanes, check_places, check_vmap, finite, lane_states
from prunescape.lanes.modules import LaneBatchNorm2d
from prunescape.lanes.optimiser import Apart, LaneAdam, LaneAdamW, LaneOptimiser, LaneSGD
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import load_state
from prunescape.pruning.channels import NORMS
from prunescape.training import stop
from prunescape.training.checkpoint import Checkpoint, Snapshots
from prunescape.training.context import Context
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score, validation_batches
from prunescape.training.memory import refusal
from prunescape.training.recipe import ADAM, ADAMW, FROZEN, SGD, Recipe
from prunescape.training.step import Step
from prunescape.training.strategy import FUSED, VMAP
from prunescape.training.workers import run_all


@dataclass(frozen=True)
class Lane:
    """A network to train, with its hyperparameters and its start.

    Attributes:
        learning_rate: initial; the recipe says how it falls.
        weight_decay: coupled, as in SGD; decoupled in AdamW.
        seed: of the He initialisation; None takes the one that all lanes of a study share.
        mask: weights to keep, boolean, by parameter name; the others are zero throughout. None keeps all.
        start: a plain network's state dict to start from, instead of the initialisation.
        momentum, label_smoothing, batch_size, epochs: where they differ from the recipe's; None takes those.
    """

    learning_rate: float
    weight_decay: float
    seed: int | None = None
    mask: Mapping[str, torch.Tensor] | None = None
    start: Mapping[str, torch.Tensor] | None = None
    momentum: float | None = None
    label_smoothing: float | None = None
    batch_size: int | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class Epoch:
    """A row of a training history; accuracies in percent, None where not measured."""

    epoch: int
    learning_rate: float
    train_loss: float
    top1: float | None
    top5: float | None


@dataclass
class LaneResult:
    """The result of training a lane.

    Attributes:
        lane: what was trained.
        history: one entry an epoch; it ends early where the lane diverged or was stopped.
        diverged: the loss or a weight became NaN or infinite.
        stopped: its accuracy was too low to go on, see `train`.
        seconds: wall time, shared evenly among the lanes trained together.
        images_per_second: training images a second, summed over the lanes trained together.
        weights: the state dict of the plain network at the end; none of a lane that left its array before.
    """

    lane: Lane
    history: list[Epoch] = field(default_factory=list)
    diverged: bool = False
    stopped: bool = False
    seconds: float = 0.0
    images_per_second: float = 0.0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether the lane's training has diverged or has been stopped."""
        return self.diverged or self.stopped

    def last(self, metric: str) -> float | None:
        """The last measured value of a column of the history."""
        return self._measured(metric)[-1] if self._measured(metric) else None

    def best(self, metric: str) -> float | None:
        """The largest measured value of a column of the history."""
        return max(self._measured(metric), default=None)

    def _measured(self, metric: str) -> list[float]:
        return [value for entry in self.history if (value := getattr(entry, metric)) is not None]


def check_trained(results: Mapping[str, LaneResult]) -> None:
    """Make sure that the trainings of networks, by name, did not diverge.

    Raises:
        UserError: one did.
    """
    for name, result in results.items():
        if result.diverged:
            raise UserError(f"the {name} diverged after {len(result.history)} epochs; choose a smaller learning_rate")


REPORT_SECONDS = 60
CHECKPOINT_SECONDS = 10  # between two checkpoints, at least ...
CHECKPOINT_SHARE = 0.01  # ... and so much longer that writing them takes at most this part of the time

Report = Callable[[str], None]
OPTIMISERS: dict[str, Callable[..., LaneOptimiser]] = {SGD: LaneSGD, ADAM: LaneAdam, ADAMW: LaneAdamW}


@dataclass(frozen=True)
class Task(Context):
    """The context and the recipe that the arrays of one training have in common.

    The seed decides the order of the images, their augmentation, and the initialisation of the lanes that name no seed
    of their own.

    Attributes:
        recipe: how networks are trained.
        augment: whether training images are augmented; else they are cut at the centre.
    """

    recipe: Recipe
    augment: bool = True

    def identity(self) -> list[Any]:
        """Settings that decide the bits of a result beside lanes, recipe and data, as JSON values."""
        return [self.architecture.to_json(), self.engine.choices(), self.seed, self.augment, torch.__version__]


class Array:
    """Exactly `engine.lanes` lanes that are trained together; idle copies of the last one fill up what lacks.

    They all have the batch size and the epochs of the task's recipe. Lanes that have ended may leave the array: it
    becomes smaller then, where a smaller one holds those that go on.

    Args:
        task: what they have in common.
        lanes: what sets them apart.
        below: the accuracies below which lanes are stopped, by epoch, and that lanes leave; None, all stay to the end.
    """

    def __init__(self, task: Task, lanes: Sequence[Lane], below: Mapping[int, float] | None = None) -> None:
        self.task, self.below = task, below
        self.recipe, self.engine, self.seed = task.recipe, task.engine, task.seed
        self.results = [LaneResult(lane) for lane in lanes]
        self.training = Batches(
            task.data,
            "train",
            self.engine.device,
            self.recipe.batch_size,
            seed_order=derive_seed(task.seed, "order"),
            seed_augment=derive_seed(task.seed, "augmentation") if task.augment else None,
            dtype=self.engine.dtype,
            channels_last=self.engine.channels_last,
            drop_last=self.recipe.drop_last,
        )
        self.validation = validation_batches(task.data, self.engine)
        self._hold(list(range(len(lanes))))
        self.epoch = 1  # under way
        self.steps = 0  # done in this epoch
        self.seconds = 0.0  # spent before this process took over

    def _hold(self, places: list[int]) -> None:
        """Make the array of the lanes with these numbers, at their beginning."""
        self.places = places
        chosen = [self.results[place].lane for place in places]
        lanes = [*chosen, *[chosen[-1]] * (self.engine.lanes - len(chosen))]
        self.network = _networks(replace(self.task, engine=self.engine), lanes)
        # Networks of the catalogue draw nothing; others may (dropout), and go on as if they had never been stopped.
        self.draws = bool(getattr(self.network, "arbitrary", False))
        self.rates = _vector(lane.learning_rate for lane in lanes)
        decays = _vector(lane.weight_decay for lane in lanes)
        momenta = _vector(_or(lane.momentum, self.recipe.momentum) for lane in lanes)
        smoothing = _vector(_or(lane.label_smoothing, self.recipe.label_smoothing) for lane in lanes)
        masks = [lane.mask for lane in lanes]
        more = self.recipe.clip, self.engine.channels_last, self.recipe.clip_by
        for norm in self._frozen():
            norm.requires_grad_(False)
        make = OPTIMISERS[self.recipe.optimiser]
        optimisers = [
            make(array, self.rates[part], decays[part], momenta[part], masks[part], *more)
            for array, part in by_themselves(self.network, len(lanes))
        ]
        optimiser = Apart(optimisers) if isinstance(self.network, Branches) else optimisers[0]
        self.step = Step(self.network, len(lanes), self.training, optimiser, self.engine, smoothing)

    def _let_go(self) -> None:
        """Go on in a smaller array, where one holds the lanes that have not ended."""
        going_on = [at for at, place in enumerate(self.places) if not self.results[place].has_ended]
        smaller = self.engine.sized(max(len(going_on), 1))
        if self.below is None or not going_on or smaller.lanes == self.engine.lanes:
            return
        before, self.engine = self.step, smaller
        before.release()  # a GPU may have no room for both
        self._hold([self.places[at] for at in going_on])
        self.step.take(before, [*going_on, *[going_on[-1]] * (smaller.lanes - len(going_on))])

    def train(
        self, report: Report, checkpoint: Checkpoint | None = None, snapshots: Snapshots | None = None
    ) -> list[LaneResult]:
        """Train to the end, or until every lane has ended; go on from the checkpoint, if there is one.

        It is not used where a snapshot of an epoch before it lacks: training starts anew, to have them all.

        Raises:
            Interrupted: the process was asked to stop; the state has been saved.
        """
        clock = _Clock()
        self._restore(checkpoint, snapshots, report)
        if self.epoch == 1 and self.steps == 0:
            self._keep(snapshots, 0)
        while self.epoch <= self.recipe.epochs and not all(result.has_ended for result in self.results):
            self._train_epoch(clock, report, checkpoint)
            self._finish_epoch()
            self._keep(snapshots, self.epoch)
            if self.recipe.evaluates(self.epoch) or clock.due("report", REPORT_SECONDS):
                clock.done("report")
                report(self._progress(clock))
            self.epoch, self.steps = self.epoch + 1, 0
            self._let_go()
        self.seconds += clock.elapsed()
        if checkpoint is not None:
            self._save(checkpoint, self.seconds)  # the other arrays of a job may be killed yet
        images = sum(len(result.history) for result in self.results) * self.training.images_per_epoch
        for result in self.results:
            result.seconds = self.seconds / len(self.results)
            result.images_per_second = images / self.seconds
        for place, state in zip(self.places, lane_states(self.network, len(self.places)), strict=True):
            if self.below is None or not self.results[place].has_ended:  # whether it is still in the array or not
                self.results[place].weights = state
        return self.results

    def _train_epoch(self, clock: "_Clock", report: Report, checkpoint: Checkpoint | None) -> None:
        """Train on the remaining batches of an epoch."""
        self.network.train()
        for norm in self._frozen():
            norm.eval()
        self.step.optimiser.set_learning_rate(self.rates * self.recipe.learning_rate_factor(self.epoch))
        for pick in self.training.picks(self.epoch, self.steps):
            if self.draws:
                torch.manual_seed(derive_seed(self.seed, "forward", self.epoch, self.steps))
            self.step(pick)
            self.steps += 1
            reason = stop.asked()
            if checkpoint is not None and (reason or clock.due("checkpoint", CHECKPOINT_SECONDS, CHECKPOINT_SHARE)):
                if self.engine.device == "cuda":
                    torch.cuda.synchronize()
                start = time.perf_counter()
                self._save(checkpoint, self.seconds + clock.elapsed())
                clock.done("checkpoint", time.perf_counter() - start)
            if reason:
                then = "to start anew" if checkpoint is None else "to go on from there"
                raise Interrupted(f"stopped by {reason} in epoch {self.epoch}/{self.recipe.epochs}; run again {then}")
            if clock.due("report", REPORT_SECONDS):
                clock.done("report")
                report(self._progress(clock))

    def _frozen(self) -> list[nn.Module]:
        """The batch norms that training leaves as they are."""
        kinds = (LaneBatchNorm2d, nn.BatchNorm2d)
        found: list[nn.Module] = [module for module in self.network.modules() if isinstance(module, kinds)]
        return found if self.recipe.batch_norm == FROZEN else []

    def _finish_epoch(self) -> None:
        losses = (self.step.losses / self.training.images_per_epoch).cpu()
        self.step.losses.zero_()
        sound = torch.isfinite(losses) & finite(self.network).cpu()
        held = [self.results[place] for place in self.places]
        fresh = [not result.has_ended and not bool(ok) for result, ok in zip(held, sound, strict=False)]
        evaluates = self.recipe.evaluates(self.epoch)
        scores = None
        if evaluates or any(fresh):
            scores = score(self.network, len(self.rates), self.validation.epoch(0), self.engine)
        factor = self.recipe.learning_rate_factor(self.epoch)
        for index, result in enumerate(held):
            if result.has_ended:
                continue
            result.diverged = fresh[index]
            top1 = top5 = None
            if scores is not None and (evaluates or result.diverged):
                top1 = scores.top1[index].item()
                top5 = None if scores.top5 is None else scores.top5[index].item()
            rate = result.lane.learning_rate * factor
            result.history.append(Epoch(self.epoch, rate, losses[index].item(), top1, top5))
            if not result.diverged and top1 is not None and self.epoch < self.recipe.epochs:
                result.stopped = top1 < (self.below or {}).get(self.epoch, -math.inf)

    def _progress(self, clock: "_Clock") -> str:
        done = (self.epoch - 1) * len(self.training) + self.steps
        remaining = (self.seconds + clock.elapsed()) * (self.recipe.epochs * len(self.training) / done - 1)
        best = max((result.best("top1") or 0.0 for result in self.results), default=0.0)
        step = "" if self.steps == len(self.training) else f", step {self.steps}/{len(self.training)}"
        return f"epoch {self.epoch}/{self.recipe.epochs}{step}, best top-1 {best:.2f} %, {remaining:.0f} s to go"

    def _save(self, checkpoint: Checkpoint, seconds: float) -> None:
        lanes = [
            (result.diverged, result.stopped, [astuple(entry) for entry in result.history]) for result in self.results
        ]
        progress = {"epoch": self.epoch, "steps": self.steps, "seconds": seconds, "lanes": lanes, "held": self.places}
        checkpoint.save(self.step.state(), progress)

    def _keep(self, snapshots: Snapshots | None, epoch: int) -> None:
        if snapshots is not None and epoch in snapshots.epochs:
            snapshots.keep(epoch, lane_states(self.network, len(self.results)))

    def _restore(self, checkpoint: Checkpoint | None, snapshots: Snapshots | None, report: Report) -> None:
        saved = None if checkpoint is None else checkpoint.load()
        if saved is None:
            return
        tensors, progress = saved
        whole, places = self.engine, list(range(len(self.results)))
        if progress["held"] != places:
            self.engine = whole.sized(len(progress["held"]))
            self._hold(progress["held"])
        if any(
            name not in tensors or tensor.shape != tensors[name].shape for name, tensor in self.step.state().items()
        ):
            report("the checkpoint is of an array of another size; training starts anew")
            if self.places != places:
                self.engine = whole
                self._hold(places)
            return
        missing = [] if snapshots is None else snapshots.missing(progress["epoch"], len(self.results))
        if missing:
            report(f"the snapshot of epoch {missing[0]} is missing; training starts anew")
            return
        self.step.load(tensors)
        self.epoch, self.steps, self.seconds = progress["epoch"], progress["steps"], progress["seconds"]
        for result, (diverged, stopped, history) in zip(self.results, progress["lanes"], strict=True):
            result.diverged, result.stopped = diverged, stopped
            result.history = [Epoch(*entry) for entry in history]
        report(f"going on after step {self.steps} of epoch {self.epoch}")


class _Clock:
    """A clock that knows when something was last done, and whether it is due again."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self._last: dict[str, float] = {}
        self._cost: dict[str, float] = {}

    def elapsed(self) -> float:
        return time.perf_counter() - self.start

    def due(self, what: str, seconds: float, share: float = 1.0) -> bool:
        """Whether `what` was last done `seconds` ago, and so long that it takes at most `share` of the time."""
        return self.elapsed() - self._last.get(what, 0.0) >= max(seconds, self._cost.get(what, 0.0) / share)

    def done(self, what: str, cost: float = 0.0) -> None:
        self._last[what], self._cost[what] = self.elapsed(), cost


def _vector(values: Iterable[float]) -> torch.Tensor:
    """A value for each lane as a tensor, (K,)."""
    return torch.tensor(list(values), dtype=torch.float64)


def _or(own: float | None, shared: float) -> float:
    return shared if own is None else own


def _networks(task: Task, lanes: Sequence[Lane]) -> nn.Module:
    """The lanes' networks, initialised, as one."""
    made: dict[tuple[int, int], nn.Module] = {}  # lanes that begin alike, idle ones above all, share a network here
    for lane in lanes:
        if _beginning(task, lane) not in made:
            network = build(task.architecture, derive_seed(_beginning(task, lane)[0], "initialisation"))
            if lane.start is not None:
                load_state(network, lane.start)
            made[_beginning(task, lane)] = network
    return task.engine.array([made[_beginning(task, lane)] for lane in lanes])


def _beginning(task: Task, lane: Lane) -> tuple[int, int]:
    """The seed and the start that decide a lane's weights before training."""
    return task.seed if lane.seed is None else lane.seed, id(lane.start)


def check_architecture(architecture: Architecture, strategy: str) -> str:
    """The first strategy by which networks of an architecture can be trained as one: "fused" or "vmap".

    Args:
        architecture: the networks'.
        strategy: the one that is asked for; others than these two leave it open.

    Raises:
        UserError: they cannot, and why.
    """
    images = torch.rand(4, *architecture.input_shape, generator=torch.Generator().manual_seed(0))
    networks = [build(architecture, 0), build(architecture, 1)]
    if strategy != VMAP:
        try:
            check_lanes(networks, images)
        except UserError:
            if strategy == FUSED:
                raise
        else:
            return FUSED
    check_vmap(networks, images)
    return VMAP


def _check_together(task: Task, sizes: Iterable[int]) -> None:
    """Make sure that a task's networks can be trained as one on batches of these sizes.

    Raises:
        UserError: they cannot, and why.
    """
    engine, shape = task.engine, task.architecture.input_shape
    if check_architecture(task.architecture, engine.strategy) == VMAP and engine.device == "cpu":
        for size in {part for whole in sizes for part in _parts(whole, engine.micro_batch)}:
            images = torch.rand(size, *shape, generator=torch.Generator().manual_seed(0)).to(engine.dtype)
            check_places(build(task.architecture, 0), images, engine.lanes)


def _parts(images: int, micro_batch: int | None) -> list[int]:
    """The sizes of a batch's parts that go through a network at once."""
    part = min(micro_batch or images, images)
    return [part, *([images % part] if images % part else [])]


def train(
    task: Task,
    lanes: Sequence[Lane],
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
    on_epoch: Snapshots | None = None,
    below: Mapping[int, float] | None = None,
) -> list[LaneResult]:
    """Train every lane from scratch.

    All lanes share the order of the images, their augmentation and, unless they say otherwise, the He initialisation,
    each drawn from a generator of its own that only seeds decide. They are trained in arrays of at most
    `task.engine.lanes`, which share batch size and epochs; on a CPU arrays run side by side, one core each, and a
    lane's result does not depend on the others, bit for bit.

    Args:
        task: network, data, recipe, engine and seed.
        lanes: what sets the networks apart.
        checkpoint: where the state of this very training is kept, and found again; None keeps none.
        on_epoch: the epochs after which weights are kept, and where, for lanes of one batch size and length; results
            are the same with and without, bit for bit, and a training that was killed has all of them in the end.
        below: that lanes which diverge leave their array, so that it becomes smaller where it can, and so do those
            whose top-1 accuracy after an epoch is below this one, by epoch; on a CPU the others keep their bits. None
            trains all that do not diverge to the end.

    Raises:
        Interrupted: the process was asked to stop; the state has been saved.
        UserError: memory ran out, the network cannot be trained in lanes, or batch norm would be given a single image.
    """
    engine = task.engine
    engine.set_up()
    pieces: list[Callable[[], list[LaneResult]]] = []
    order: list[int] = []
    groups = _alike(task, lanes)
    for shared, _ in groups:
        _check_batches(shared)
    sized: set[Engine] = set()
    for shared, places in groups:
        for start in range(0, len(places), engine.lanes):
            active = places[start : start + engine.lanes]
            sized.add(engine.sized(len(active)))
            if below is not None and engine.device == "cpu":  # sizes that the array may come to
                sized |= {engine.sized(count) for count in range(1, len(active))}
            label = f"cells {len(order) + 1}-{len(order) + len(active)} of {len(lanes)}"
            part = None if checkpoint is None else checkpoint.part(len(pieces))
            kept = None if on_epoch is None else on_epoch.starting_at(active[0])
            chosen = [lanes[place] for place in active]
            of_array = replace(shared, engine=engine.sized(len(active)))
            pieces.append(partial(_train_array, of_array, chosen, partial(_labelled, report, label), part, kept, below))
            order += active
    for each in sized:
        if each.lanes > 1:
            _check_together(replace(task, engine=each), {size for shared, _ in groups for size in _sizes(shared)})
    workers = min(engine.threads, len(pieces)) if engine.device == "cpu" else 1
    trained = (result for results in run_all(pieces, workers) for result in results)
    by_place = dict(zip(order, trained, strict=True))
    return [by_place[place] for place in range(len(lanes))]


def _alike(task: Task, lanes: Sequence[Lane]) -> list[tuple[Task, list[int]]]:
    """The places of lanes that share batch size and epochs, and so may share an array, each with their task."""
    groups: dict[Recipe, list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault(task.recipe.resized(lane.epochs, lane.batch_size), []).append(place)
    return [(replace(task, recipe=recipe), places) for recipe, places in groups.items()]


def _sizes(task: Task) -> list[int]:
    """Sizes of a task's batches."""
    return sizes_of_batches(task.data.sizes["train"], task.recipe.batch_size, task.recipe.drop_last)


def _check_batches(task: Task) -> None:
    """Make sure that no batch, nor a part of one that is normalised by itself, is left with a single image.

    Raises:
        UserError: one is, and the network has batch norm, which takes a variance over the images of a batch.
    """
    recipe, images = task.recipe, task.data.sizes["train"]
    part = min(task.engine.micro_batch or recipe.batch_size, recipe.batch_size)
    left = [size % part for size in _sizes(task)]
    if 1 in left and any(isinstance(module, NORMS) for module in build(task.architecture).modules()):
        raise UserError(
            f"{images} training images in batches of {recipe.batch_size} leave one image by itself, which has no"
            " variance for batch norm; set recipe.drop_last: true, or another batch size or engine.micro_batch"
        )


def _train_array(
    task: Task,
    lanes: Sequence[Lane],
    report: Report,
    checkpoint: Checkpoint | None,
    snapshots: Snapshots | None,
    below: Mapping[int, float] | None,
) -> list[LaneResult]:
    if task.engine.device == "cuda":  # what an array before this one has held
        gc.collect()
        torch.cuda.empty_cache()
    try:
        return Array(task, lanes, below).train(report, checkpoint, snapshots)
    except RuntimeError as error:
        reason = refusal(error)
        if reason is None:
            raise
        raise UserError(
            f"the GPU does not train {task.engine.lanes} networks on batches of {task.recipe.batch_size} ({reason});"
            " set engine.lanes to less, or engine.micro_batch to a part of the batch"
        ) from None


def _labelled(report: Report | None, label: str, line: str) -> None:
    if report is not None:
        report(f"{label}: {line}")
