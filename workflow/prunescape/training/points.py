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
Measure = Callable[[nn.Module, int], torch.Tensor]


class Points:
    """Networks given as vectors, made and measured array by array, as many side by side as the engine has threads.

    An array is fused once for each size that is needed, and each point's weights are written into it. None has more
    lanes than what there is to measure needs, see `Engine.sized`.
    """

    def __init__(self, network: nn.Module, engine: Engine, changed: str | None = None) -> None:
        """Prepare for points of an architecture.

        Args:
            network: a plain network of the architecture; it is not changed.
            changed: the first layer in which points differ from the network; lanes share the stages before it. None
                lets them differ everywhere.
        """
        engine.set_up()
        self.engine, self.layout = engine, Layout.of(network)
        self._plain = copy.deepcopy(network).cpu()
        self._stage = None if changed is None else stage_of(self._plain, changed)
        self._arrays: dict[int, nn.Module] = {}

    def alone(self, vector: torch.Tensor) -> nn.Module:
        """The array of one lane at a point (S,), whose bits may differ from those of several lanes."""
        return self._at(vector[None], 1)

    def _of(self, lanes: int) -> nn.Module:
        """The array of so many lanes."""
        if lanes not in self._arrays:
            array = self.engine.array([self._plain] * lanes)
            if self._stage is not None:
                share_before(array, self._plain, self._stage, lanes)
            self._arrays[lanes] = array.to(self.engine.device, self.engine.dtype).eval()
        return self._arrays[lanes]

    def _at(self, vectors: torch.Tensor, lanes: int) -> nn.Module:
        """The array of so many lanes at the points (k, S), at most as many; copies of the last one fill it up."""
        array, idle = self._of(lanes), vectors[-1:].expand(lanes - len(vectors), -1)
        set_lanes(array, self.layout, torch.cat([vectors, idle]))
        return array

    def measure(self, count: int, make: Make, measure: Measure) -> torch.Tensor:
        """Measure `count` points, array by array.

        Args:
            count: how many points there are, at least one.
            make: (first, number) to the vectors of so many points from a point's number on, (number, S), on any device.
            measure: an array, and its number of lanes K, to a tensor (K, ...), on the CPU.

        Returns:
            (count, ...), what was measured.

        Raises:
            Interrupted: the process was asked to stop.
        """
        starts, whole = range(0, count, self.engine.lanes), min(count, self.engine.lanes)
        for networks in {whole, count % whole or whole}:
            self._of(self.engine.sized(networks).lanes)  # here, once for all workers and calls
        pieces = [partial(self._piece, start, count, make, measure) for start in starts]
        workers = min(self.engine.threads, len(pieces)) if self.engine.device == "cpu" else 1
        return torch.cat(run_all(pieces, workers))

    def _piece(self, start: int, count: int, make: Make, measure: Measure) -> torch.Tensor:
        if reason := stop.asked():
            raise Interrupted(f"stopped by {reason} after {start} of {count} points; run again")
        vectors = make(start, min(self.engine.lanes, count - start))
        lanes = self.engine.sized(len(vectors)).lanes
        return measure(self._at(vectors, lanes), lanes)[: len(vectors)]
