"""Coherence and diffs of a network over all training images, against an epoch of plain training on them.

Plain training is the usual PyTorch loop: forward, backward, and a step of SGD, in batches; the images lie ready. Both
sides have one core of the CPU (a GPU, the same one) and take turns; columns are medians of rounds, and the ratio is the
median of the rounds' ratios. `torch_func` measures the same by per-sample gradients of torch.func, for comparison.
"""

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.nn.functional as F
from common import architecture_of, generated, options, save, synchronise, usual_precision
from torch import nn

from prunescape.coherence import samples
from prunescape.coherence.measure import affordable, measure
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

IMAGES = {"mlp": 1024, "small_resnet": 1024, "resnet20": 256, "small_vit": 256}  # on a CPU
GPU_IMAGES = {"resnet50_cifar": 4096, "vit": 4096}
BATCH = {"small_resnet": 32}  # the demo's; 128 of the others


def plain_epoch(network: nn.Module, data: PreparedData, engine: Engine, size: int) -> None:
    """Train on every image once."""
    optimiser = torch.optim.SGD(network.parameters(), 1e-3)
    batches = validation_batches(data, engine, "train")
    batches.batch_size = size
    network.train()
    for images, labels in batches:
        optimiser.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimiser.step()


def by_functions(network: nn.Module, data: PreparedData, engine: Engine) -> None:
    """What `measure` does for networks whose layers it does not know."""
    frozen = copy.deepcopy(network).requires_grad_(False).eval()
    batches = validation_batches(data, engine, "train")
    batches.batch_size = min(64, affordable(frozen, data.input_shape))
    for images, labels in batches:
        samples._by_functions(frozen, images, labels, samples._Parts(len(images), images.device, True, None))


def compare(model: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The costs of one network."""
    device = arguments.device
    counts = GPU_IMAGES if device == "cuda" else IMAGES
    architecture: Architecture = architecture_of(model)
    data = generated(folder / model, architecture, 32 if arguments.smoke else counts[model])
    engine = Engine(device, precision=usual_precision(device), channels_last=device == "cpu")
    engine.set_up()
    network = build(architecture, 0).to(device)
    if engine.channels_last:
        network.to(memory_format=torch.channels_last)
    peaks = []

    def coherence() -> None:
        peaks.append(measure(network, data, engine).peak_bytes)

    ways: dict[str, Callable[[], None]] = {
        "coherence": coherence,
        "training": lambda: plain_epoch(network, data, engine, BATCH.get(model, 128)),
        "torch_func": lambda: by_functions(network, data, engine),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds + 1):  # the first round warms up
        for name, run in ways.items():
            synchronise(device)
            start = time.perf_counter()
            run()
            synchronise(device)
            seconds[name].append(time.perf_counter() - start)
    medians = {f"{name}_seconds": statistics.median(taken[1:]) for name, taken in seconds.items()}
    ratios = {
        name: [one / other for one, other in zip(seconds[name][1:], seconds["training"][1:], strict=True)]
        for name in ("coherence", "torch_func")
    }
    spread = {"ratio_lowest": min(ratios["coherence"]), "ratio_highest": max(ratios["coherence"])}
    ratio = {"ratio": statistics.median(ratios["coherence"]), **spread}
    func = {"torch_func_ratio": statistics.median(ratios["torch_func"])}
    images = {"images": data.sizes["train"], "batch": BATCH.get(model, 128)}
    return {"model": model, **images, **medians, **ratio, **func, "peak_memory_mb": peaks[0] / 1e6}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=[*IMAGES, *GPU_IMAGES])
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    chosen = options(__doc__, add)
    models = chosen.models or list(GPU_IMAGES if chosen.device == "cuda" else IMAGES)
    # Each in a process of its own, whose peak memory is its own.
    alone = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1)
    with tempfile.TemporaryDirectory() as temporary, alone as pool:
        waiting = [pool.submit(compare, model, chosen, Path(temporary)) for model in models]
        save(chosen, "coherence", [found.result() for found in waiting])
