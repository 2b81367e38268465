"""Points of one architecture's weight space, measured as lanes: ablated networks, points of a plane or of a line."""

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from prunescape.errors import Interrupted
from prunescape.lanes.shared_layers import share_before, stage_of
from prunescape.lanes.vectors import Layout, set_lanes
from prunescape.training import stop
from prunescape.training.engine import Engine
from prunescape.training.workers import run_all

Make = Callable[[int, int], torch.Tensor]
Measure = Callable[[nn.Module], torch.Tensor]


class Points:
    """Networks given as vectors, made and measured array by array, as many side by side as the engine has threads.

    One array is fused for all of them, and each point's weights are written into it.
    """

    def __init__(self, network: nn.Module, engine: Engine, changed: str | None = None) -> None:
        """Prepare an array of lanes for the points.

        Args:
            network: a plain network of the architecture; it is not changed.
            changed: the first layer in which points differ from the network; lanes share the stages before it. None
                lets them differ everywhere.
        """
        engine.set_up()
        self.engine, self.layout = engine, Layout.of(network)
        plain = copy.deepcopy(network).cpu()
        array = engine.array([plain] * engine.lanes)
        stage = None if changed is None else stage_of(plain, changed)
        if stage is not None:
            share_before(array, plain, stage, engine.lanes)
        self._array = array.to(engine.device, engine.dtype).eval()

    def array(self, vectors: torch.Tensor) -> nn.Module:
        """The array, its lanes at up to `engine.lanes` points, (k, S); copies of the last one fill it up."""
        idle = vectors[-1:].expand(self.engine.lanes - len(vectors), -1)
        set_lanes(self._array, self.layout, torch.cat([vectors, idle]))
        return self._array

    def measure(self, count: int, make: Make, measure: Measure) -> torch.Tensor:
        """Measure `count` points, array by array.

        Args:
            count: how many points there are, at least one.
            make: (first, number) to the vectors of so many points from a point's number on, (number, S), on any device.
            measure: an array of K lanes to a tensor (K, ...), on the CPU.

        Returns:
            (count, ...), what was measured.

        Raises:
            Interrupted: the process was asked to stop.
        """
        starts = range(0, count, self.engine.lanes)
        pieces = [partial(self._piece, start, count, make, measure) for start in starts]
        workers = min(self.engine.threads, len(pieces)) if self.engine.device == "cpu" else 1
        return torch.cat(run_all(pieces, workers))

    def _piece(self, start: int, count: int, make: Make, measure: Measure) -> torch.Tensor:
        if reason := stop.asked():
            raise Interrupted(f"stopped by {reason} after {start} of {count} points; run again")
        vectors = make(start, min(self.engine.lanes, count - start))
        return measure(self.array(vectors))[: len(vectors)]
