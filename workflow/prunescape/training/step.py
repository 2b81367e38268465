"""One training step of an array of lanes: data, forward, backward and update.

Nothing inside a step waits for the device, so that a GPU is never left without work, and so that a step can be captured
as a CUDA graph and replayed with hardly any work for the CPU.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from prunescape.data.batches import Batches, Pick
from prunescape.lanes.loss import lane_losses
from prunescape.lanes.optimiser import LaneOptimiser
from prunescape.training.engine import Engine
from prunescape.training.strategy import GRAPHED

AHEAD = 4  # steps that may wait for the GPU
WARM_UP = 3  # steps before a capture, in which libraries allocate what a captured step may not


class Step:
    """A training step on all lanes of an array.

    Attributes:
        network: made by `fuse`.
        optimiser: of its parameters.
        smoothing: of each lane's labels, (K,); None where no lane smooths.
        losses: (K,), float64; the sum of the batches' mean losses since it was last set to zero.
    """

    def __init__(
        self,
        network: nn.Module,
        lanes: int,
        batches: Batches,
        optimiser: LaneOptimiser,
        engine: Engine,
        smoothing: torch.Tensor | None = None,
    ) -> None:
        self.network, self.lanes, self.batches, self.optimiser, self.engine = network, lanes, batches, optimiser, engine
        if smoothing is not None:
            smoothing = smoothing.to(engine.device, engine.dtype) if bool(smoothing.any()) else None
        self.smoothing = smoothing
        self.losses = torch.zeros(lanes, dtype=torch.float64, device=engine.device)
        self._forward: Callable[[torch.Tensor], torch.Tensor] = network
        if engine.compile:
            self._forward = torch.compile(network, dynamic=False)
        self._replay: Callable[[Pick], None] | None = None
        self._queued: deque[torch.cuda.Event] = deque()

    def __call__(self, pick: Pick) -> None:
        """Train on one batch; the pick of every batch must have the same shapes."""
        if self.engine.strategy == GRAPHED:
            self._replay = self._replay or self._captured(pick)
            self._replay(pick)
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
        """Every tensor that a step changes."""
        network = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        return {**network, **self.optimiser.state(), "losses": self.losses}

    @torch.no_grad()
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Go back to a state that `state` gave."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def _eager(self, pick: Pick) -> None:
        images, labels = self.batches.batch(pick)
        size = self.engine.micro_batch or len(images)
        for part, part_labels in zip(images.split(size), labels.split(size), strict=True):
            with self.engine.autocast():
                logits = self._forward(part)
            losses = lane_losses(logits.to(self.engine.dtype), part_labels, self.lanes, self.smoothing)
            losses = losses * (len(part) / len(images))
            losses.sum().backward()
            self.losses += losses.detach()
        self.optimiser.step()

    def _captured(self, pick: Pick) -> Callable[[Pick], None]:
        """A step as one CUDA graph, which reads its pick from fixed places."""
        fixed = pick.clone()
        with self._unchanged():
            replay = _graph(partial(self._eager, fixed))

        def run(pick: Pick) -> None:
            fixed.copy(pick)
            replay()

        return run

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Restore on leaving the state from before the steps inside."""
        before = {name: tensor.clone() for name, tensor in self.state().items()}
        try:
            yield
        finally:
            self.load(before)


def _graph(run: Callable[[], None]) -> Callable[[], None]:
    """A CUDA graph of what `run` does on the GPU; `run` is called a few times to capture it."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            run()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads go on reading images meanwhile; and if capturing fails, the stream around it becomes current again.
    with torch.cuda.stream(aside), torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
        run()
    return graph.replay
