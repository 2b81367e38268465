"""Measured latency as the target of pruning: how it is measured, how widths are found by it, and how they are kept.

No two measurements agree to the last digit. So what was found is a result that is kept in a file of its own, and is the
answer to the same question ever after; only without the file it is measured anew. Uniformly pruned networks of all
criteria and pipelines ask the same, and so have the same widths.
"""

import hashlib
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.io.files import read_json, write_json
from prunescape.pruning.settings import Latency
from prunescape.runtime.hardware import processor

Widths = Mapping[str, int]
Timer = Callable[[Sequence[nn.Module], tuple[int, int, int], Latency], list[float]]
WARM_UP = 5


def forward_seconds(models: Sequence[nn.Module], input_shape: tuple[int, int, int], settings: Latency) -> list[float]:
    """Median seconds of a forward pass of one batch, with running statistics and without gradients.

    Networks take turns, pass by pass, so that whatever else the machine does meanwhile meets them alike.

    Args:
        models: networks on the processor; they go back there.
        input_shape: (C, H, W) of an image, in pixels.
        settings: device, batch size, threads and repeats.

    Raises:
        UserError: there is no such device.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "pruning.latency.device is cuda, and this job sees no GPU; on a cluster give one to the rules that prune"
            " (see profiles/), or write cpu"
        )
    threads, were_training = torch.get_num_threads(), [model.training for model in models]
    images = torch.rand(settings.batch_size, *input_shape, generator=torch.Generator().manual_seed(0))
    images = images.to(settings.device)
    seconds: list[list[float]] = [[] for _ in models]
    try:
        torch.set_num_threads(settings.threads)
        for model in models:
            model.to(settings.device).eval()
        with torch.inference_mode():
            for _ in range(WARM_UP + settings.repeats):
                for model, own in zip(models, seconds, strict=True):
                    _wait(settings.device)
                    start = time.perf_counter()
                    model(images)
                    _wait(settings.device)
                    own.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
        for model, was_training in zip(models, were_training, strict=True):
            model.to("cpu").train(was_training)
    return [statistics.median(own[WARM_UP:]) for own in seconds]


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


@dataclass(frozen=True)
class Solution:
    """Widths that meet a target.

    Attributes:
        widths: units that every group keeps.
        ratio: the pruned network's FLOPs, parameters or latency, whatever the target is, over the dense one's.
        record: dense_ms and ms (what was measured), and how and on which machine; None where nothing was.
    """

    widths: Widths
    ratio: float
    record: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Stopwatch:
    """A stopwatch for latency, and the folder in which the widths that it found are kept.

    Attributes:
        settings: how.
        saved: the folder in which widths that were found are kept, a file a question; None keeps none.
        timer: gives seconds of networks.
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
        label: str,
        question: Any,
    ) -> Solution:
        """The largest network of a path that takes at most `ratio` of the dense network's time, by bisection.

        The dense network is measured again beside each candidate, in turns, so that a machine that becomes slower or
        faster meanwhile does not count.

        Args:
            path: widths from the largest network to the smallest.
            candidate: builds a network of the path.
            dense: the network that `ratio` is a part of.
            input_shape: (C, H, W) of an image, in pixels.
            ratio: of the latency, in (0, 1).
            label: begins the name of the file in which the answer is kept.
            question: JSON values, beside ratio and settings, that decide what is asked.

        Raises:
            UserError: even the smallest network takes longer.
        """
        text = json.dumps([question, ratio, self.how(), list(input_shape)], sort_keys=True)
        asked = hashlib.sha256(text.encode()).hexdigest()[:16]
        file = None if self.saved is None else self.saved / f"{label}-{asked}.json"
        kept = _kept(file)
        if kept is not None:
            return kept
        measured: dict[int, Solution] = {}

        def fast_enough(place: int) -> bool:
            seconds = self.timer([dense, candidate(path[place])], input_shape, self.settings)
            record = {"dense_ms": 1000 * seconds[0], "ms": 1000 * seconds[1], **self.describe()}
            measured[place] = Solution(dict(path[place]), seconds[1] / seconds[0], record)
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
        solution = measured[fast]
        if file is not None:
            write_json(file, asdict(solution))
        return solution

    def how(self) -> dict[str, Any]:
        """The settings on which a measurement depends."""
        return {name: value for name, value in asdict(self.settings).items() if name != "tolerance_points"}

    def describe(self) -> dict[str, Any]:
        """The settings of the measurement, and the machine."""
        return {**self.how(), "machine": hardware(self.settings.device), "torch": torch.__version__}


def _kept(file: Path | None) -> Solution | None:
    """The widths that were found before; None where there are none, or the file is damaged."""
    try:
        return None if file is None or not file.is_file() else Solution(**read_json(file))
    except (UserError, TypeError):
        return None


def hardware(device: str) -> str:
    """The GPU, or the processor and its number of cores, in words."""
    return torch.cuda.get_device_name() if device == "cuda" else f"{processor()}, {os.cpu_count()} cores"
