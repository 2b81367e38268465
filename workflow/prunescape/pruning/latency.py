"""Measured latency as the target of pruning: how it is measured, how widths are found by it, and how they are kept.

No two measurements agree to the last digit. So what was found is a result that is kept in a file of its own, and used
again as long as it answers the same question; only without the file it is measured anew.
"""

import hashlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.files import read_json, write_json
from prunescape.pruning.settings import Latency

Widths = Mapping[str, int]
Timer = Callable[[nn.Module, tuple[int, int, int], Latency], float]
WARM_UP = 5


def forward_seconds(model: nn.Module, input_shape: tuple[int, int, int], settings: Latency) -> float:
    """Median seconds of a forward pass of one batch, with running statistics and without gradients.

    Args:
        model: the network, on the processor; it goes back there.
        input_shape: (C, H, W) of an image, in pixels.
        settings: device, batch size, threads and repeats.

    Raises:
        UserError: there is no such device.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise UserError("pruning.latency.device is cuda, and there is no GPU here; write cpu")
    threads, was_training = torch.get_num_threads(), model.training
    images = torch.rand(settings.batch_size, *input_shape, generator=torch.Generator().manual_seed(0))
    images = images.to(settings.device)
    model.to(settings.device).eval()
    seconds = []
    try:
        torch.set_num_threads(settings.threads)
        with torch.inference_mode():
            for _ in range(WARM_UP + settings.repeats):
                _wait(settings.device)
                start = time.perf_counter()
                model(images)
                _wait(settings.device)
                seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
        model.to("cpu").train(was_training)
    return statistics.median(seconds[WARM_UP:])


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


@dataclass(frozen=True)
class Found:
    """Widths that meet a target of latency.

    Attributes:
        widths: of every group.
        ratio: the pruned network's latency over the dense one's, measured right after each other.
        record: dense_ms and ms (what was measured), and how and on which machine.
    """

    widths: Widths
    ratio: float
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Stopwatch:
    """What measures latency.

    Attributes:
        settings: how.
        saved: the file in which widths that were found are kept; None keeps none.
        timer: gives seconds of a network.
    """

    settings: Latency
    saved: Path | None = None
    timer: Timer = forward_seconds

    def search(
        self,
        path: Sequence[Widths],
        candidate: Callable[[Widths], nn.Module],
        dense: nn.Module,
        input_shape: tuple[int, int, int],
        ratio: float,
        question: Any,
    ) -> Found:
        """The largest network of a path that takes at most `ratio` of the dense network's time, by bisection.

        The dense network is measured again beside each candidate, so that a machine that becomes slower or faster
        meanwhile does not count.

        Args:
            path: widths from the largest network to the smallest.
            candidate: builds a network of the path.
            dense: the network that `ratio` is a part of.
            input_shape: (C, H, W) of an image, in pixels.
            ratio: of the latency, in (0, 1).
            question: JSON values, beside the path, ratio and settings, that decide what is asked.

        Raises:
            UserError: even the smallest network takes longer.
        """
        text = json.dumps([question, ratio, asdict(self.settings), list(input_shape)], sort_keys=True)
        question = hashlib.sha256(text.encode()).hexdigest()
        kept = self._kept(question)
        if kept is not None:
            return kept
        measured: dict[int, Found] = {}

        def fast_enough(place: int) -> bool:
            seconds = [self.timer(model, input_shape, self.settings) for model in (dense, candidate(path[place]))]
            record = {"dense_ms": 1000 * seconds[0], "ms": 1000 * seconds[1], **self.describe()}
            measured[place] = Found(dict(path[place]), seconds[1] / seconds[0], record)
            return measured[place].ratio <= ratio

        slow, fast = -1, len(path) - 1
        if not fast_enough(fast):
            raise UserError(
                f"ratio {ratio:.4g} of the latency cannot be reached: the smallest network takes"
                f" {measured[fast].ratio:.3f} of the dense one's time; choose a larger ratio, or a larger"
                " pruning.latency.batch_size"
            )
        while fast - slow > 1:
            middle = (slow + fast) // 2
            slow, fast = (slow, middle) if fast_enough(middle) else (middle, fast)
        found = measured[fast]
        if self.saved is not None:
            write_json(self.saved, {"question": question, **asdict(found)})
        return found

    def describe(self) -> dict[str, Any]:
        """How is measured, and where."""
        how = {name: value for name, value in asdict(self.settings).items() if name != "tolerance_points"}
        return {**how, "machine": machine(self.settings.device), "torch": torch.__version__}

    def _kept(self, question: str) -> Found | None:
        if self.saved is None or not self.saved.is_file():
            return None
        try:
            value = read_json(self.saved)
            if value["question"] == question:
                return Found(value["widths"], value["ratio"], value["record"])
        except (UserError, KeyError, TypeError):  # damaged: it is measured again
            pass
        return None


def machine(device: str) -> str:
    """The GPU, or the processor and its number of cores, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
