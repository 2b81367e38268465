"""One training step of an array of lanes: data, forward, backward and update.

Nothing inside a step waits for the device, so that a GPU is never left without work, and so that a step can be captured
as a CUDA graph and replayed with hardly any work for the CPU.
"""

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from prunescape.data.batches import Batches, Pick
from prunescape.lanes.fuse import by_themselves
from prunescape.lanes.loss import lane_losses
from prunescape.lanes.optimiser import Apart, LaneOptimiser
from prunescape.training.engine import Engine
from prunescape.training.strategy import BRANCHES, CAPTURED

STREAMS = 8  # of a GPU, that branches run on
AHEAD = 4  # steps that may wait for the GPU
WARM_UP = 3  # steps before a capture, in which libraries allocate what a captured step may not


class Step:
    """A training step on all lanes of an array.

    Attributes:
        network: made by `fuse`.
        optimiser: of its parameters.
        smoothing: of each lane's labels, (K,); None where no lane smooths.
        losses: (K,), float64; the sum over images of their losses since it was last set to zero.
    """

    def __init__(
        self,
        network: nn.Module,
        lanes: int,
        batches: Batches,
        optimiser: LaneOptimiser | Apart,
        engine: Engine,
        smoothing: torch.Tensor | None = None,
    ) -> None:
        self.network, self.lanes, self.batches, self.optimiser, self.engine = network, lanes, batches, optimiser, engine
        if smoothing is not None:
            smoothing = smoothing.to(engine.device, engine.dtype) if bool(smoothing.any()) else None
        self.smoothing = smoothing
        self.losses = torch.zeros(lanes, dtype=torch.float64, device=engine.device)
        parts = optimiser.parts if isinstance(optimiser, Apart) else [optimiser]
        # What runs by itself: a forward pass, the optimiser of its network, and its lanes.
        self._branches: list[tuple[Callable[[torch.Tensor], torch.Tensor], LaneOptimiser, slice]] = [
            (torch.compile(array, dynamic=False) if engine.compile else array, part, places)
            for (array, places), part in zip(by_themselves(network, lanes), parts, strict=True)
        ]
        self._streams: list[torch.cuda.Stream] = []
        if engine.strategy == BRANCHES and engine.device == "cuda":
            self._streams = [torch.cuda.Stream() for _ in range(min(STREAMS, lanes))]
        self._replays: dict[int, Callable[[Pick], None]] = {}  # by the size of a batch
        self._queued: deque[torch.cuda.Event] = deque()

    def __call__(self, pick: Pick) -> None:
        """Train on one batch, of one of the sizes that `batches` has."""
        if self.engine.strategy in CAPTURED:
            self._replays = self._replays or self._captured(pick)
            self._replays[len(pick.chosen)](pick)
        else:
            self._eager(pick)
        if self.engine.device == "cuda":
            self._keep_near()

    def _keep_near(self) -> None:
        """Let the GPU be a few steps behind and no more, so that stopping takes moments and little waits in memory."""
        event = torch.cuda.Event(blocking=True)
        event.record()
        self._queued.append(event)
        if len(self._queued) > AHEAD:
            self._queued.popleft().synchronize()

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors that a step of training changes."""
        network = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        return {**network, **self.optimiser.state(), "losses": self.losses}

    @torch.no_grad()
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Go back to a state that `state` gave."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def release(self) -> None:
        """Give back what captured steps hold; the numbers of the lanes stay."""
        if self.engine.device == "cuda":
            torch.cuda.synchronize()
            self._replays.clear()
            gc.collect()
            torch.cuda.empty_cache()

    @torch.no_grad()
    def take(self, other: "Step", lanes: Sequence[int]) -> None:
        """Go on from lanes of another array, between two epochs; the lanes here are those, in their order."""
        if isinstance(self.optimiser, Apart):  # each lane is an array by itself
            arrays = [array for array, _ in by_themselves(other.network, other.lanes)]
            sources = [(other._branches[lane][1], arrays[lane], [0]) for lane in lanes]
        else:
            sources = [(other._branches[0][1], other.network, list(lanes))]
        mine = by_themselves(self.network, self.lanes)
        for (network, _), (_, optimiser, _), source in zip(mine, self._branches, sources, strict=True):
            before, array, chosen = source
            optimiser.take(before, chosen)
            for own, buffer in zip(network.buffers(), array.buffers(), strict=True):
                own.copy_(buffer[chosen])

    def _eager(self, pick: Pick) -> None:
        images, labels = self.batches.batch(pick)
        for place, (forward, optimiser, lanes) in enumerate(self._branches):
            with self._beside(place):
                self._train(forward, optimiser, lanes, images, labels)
        for stream in self._streams:
            torch.cuda.current_stream().wait_stream(stream)

    @contextmanager
    def _beside(self, place: int) -> Iterator[None]:
        """Run what is inside on one of the GPU's streams, if there are any, behind what waits on the current one."""
        if not self._streams:
            yield
            return
        stream = self._streams[place % len(self._streams)]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            yield

    def _train(
        self,
        forward: Callable[[torch.Tensor], torch.Tensor],
        optimiser: LaneOptimiser,
        lanes: slice,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        smoothing = None if self.smoothing is None else self.smoothing[lanes]
        size = self.engine.micro_batch or len(images)
        for part, part_labels in zip(images.split(size), labels.split(size), strict=True):
            with self.engine.autocast():
                logits = forward(part)
            losses = lane_losses(logits.to(self.engine.dtype), part_labels, lanes.stop - lanes.start, smoothing)
            losses = losses * (len(part) / len(images))
            losses.sum().backward()
            self.losses[lanes].add_(losses.detach(), alpha=len(images))
        optimiser.step()

    def _captured(self, pick: Pick) -> dict[int, Callable[[Pick], None]]:
        """A step as a CUDA graph for each size of batches, which reads its pick from fixed places."""
        fixed = {size: pick.resized(size) for size in self.batches.sizes}
        with self._unchanged():
            replays = _graphs([partial(self._eager, one) for one in fixed.values()])

        def run(pick: Pick, places: Pick, replay: Callable[[], None]) -> None:
            places.copy(pick)
            replay()

        return {
            size: partial(run, places=places, replay=replay)
            for (size, places), replay in zip(fixed.items(), replays, strict=True)
        }

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Restore on leaving the state from before the steps inside."""
        before = {name: tensor.clone() for name, tensor in self.state().items()}
        try:
            yield
        finally:
            self.load(before)


def _graphs(runs: Sequence[Callable[[], None]]) -> list[Callable[[], None]]:
    """CUDA graphs of what each of `runs` does on the GPU; each is called a few times to capture it.

    They share their memory, as each uses up what it makes: a smaller batch takes no more beside a larger one.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for run in runs:
            for _ in range(WARM_UP):
                run()
    torch.cuda.current_stream().wait_stream(aside)
    graphs: list[torch.cuda.CUDAGraph] = []
    # Other threads go on reading images meanwhile; and if capturing fails, the stream around it becomes current again.
    for run in runs:
        pool = graphs[0].pool() if graphs else None
        graphs.append(torch.cuda.CUDAGraph())
        with (
            torch.cuda.stream(aside),
            torch.cuda.graph(graphs[-1], pool=pool, stream=aside, capture_error_mode="thread_local"),
        ):
            run()
    return [graph.replay for graph in graphs]
