"""Training throughput against a plain script and against the machine's matrix products.

All three take turns in one run, so that a machine that slows down slows all of them; the columns are medians of rounds,
and the ratio is the median of the rounds' ratios. On a CPU both sides get all cores: the plain script as threads, this
engine as arrays of one network, one core each. On a GPU the plain script trains one network, this engine an array.
"""

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from common import architecture_of, generated, options, save, synchronise, training_flops, usual_precision
from plain import PlainProcess

from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy
from prunescape.training.train import Array, Lane, Task, train

# So many that the first steps, in which memory is still being claimed, weigh little.
IMAGES = {"small_resnet": 4096, "small_vit": 1280, "resnet20": 2048, "resnet56": 1024, "mobilenetv2": 384}
BATCH = {"small_resnet": 32, "small_vit": 32}
TOGETHER = {"small_resnet": "fused", "small_vit": "vmap"}  # the small ones
GPU_IMAGES = 100 * 128


def roofline(device: str) -> float:
    """GFLOP/s of a large float32 matrix product; TF32 on a GPU."""
    side, times = (8192 if device == "cuda" else 2048), []
    torch.backends.cuda.matmul.allow_tf32 = True  # the engine's choice on a GPU
    matrix = torch.rand(side, side, device=device)
    for _ in range(4):
        synchronise(device)
        start = time.perf_counter()
        matrix @ matrix
        synchronise(device)
        times.append(time.perf_counter() - start)
    return 2 * side**3 / min(times) / 1e9


def engine_rate(task: Task, lanes: int) -> float:
    """Lane-images a second of one epoch of training, on a CPU in as many processes as the engine has threads."""
    size = task.engine.lanes
    results = train(task, [Lane(0.1, 1e-4)] * lanes)
    rates = [results[start].images_per_second for start in range(0, lanes, size)]
    side_by_side = min(task.engine.threads, len(rates))
    return side_by_side * statistics.mean(rates)


class WarmArray:
    """An array of lanes that stays on the GPU, so that its graph is captured but once."""

    def __init__(self, task: Task, lanes: int) -> None:
        self.array = Array(task, [Lane(0.1, 1e-4)] * lanes)

    def epoch(self) -> float:
        """Train one epoch more; lane-images a second."""
        array = self.array
        array.recipe = replace(array.recipe, epochs=array.epoch)
        torch.cuda.synchronize()
        start = time.perf_counter()
        array.train(lambda line: None)
        torch.cuda.synchronize()
        return len(array.results) * array.training.images_per_epoch / (time.perf_counter() - start)


def engine_for(device: str, strategy: str, lanes: int, cores: int) -> Engine:
    engine = Engine(device, threads=cores, precision=usual_precision(device))
    return engine.using(Strategy(strategy, lanes, device == "cpu"))


def compare(model: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    device, cores = arguments.device, os.cpu_count() or 1
    architecture, batch = architecture_of(model), BATCH.get(model, 128)
    images = 2 * batch if arguments.smoke else GPU_IMAGES if device == "cuda" else IMAGES[model]
    data = generated(folder / model, architecture, images)
    if device == "cuda":
        lanes, engine = arguments.lanes, engine_for(device, arguments.strategy, arguments.lanes, 1)
    else:  # small networks are trained in arrays; larger ones fill a core alone
        per_array = 16 if model in TOGETHER else 1
        strategy = TOGETHER.get(model, "serial")
        lanes, engine = per_array * cores, engine_for(device, strategy, per_array, cores)
    task = Task(architecture, data, engine, 0, Recipe(1, batch, 0.9, 0.1, ()))
    if device == "cuda":
        engine.set_up()
        engine_epoch = WarmArray(task, lanes).epoch
    else:
        engine_epoch = partial(engine_rate, task, lanes)
    plain = PlainProcess(architecture, data, batch, device, cores)
    rates: dict[str, list[float]] = {"plain": [], "engine": [], "roofline": []}
    try:
        for _ in range(arguments.rounds + 1):  # the first round warms up
            torch.set_num_threads(cores)
            rates["roofline"].append(roofline(device))
            rates["plain"].append(plain.epoch())
            rates["engine"].append(engine_epoch())
    finally:
        plain.close()
    rates = {name: values[1:] for name, values in rates.items()}
    flops = training_flops(architecture) / 1e9
    ratios = [ours / theirs for ours, theirs in zip(rates["engine"], rates["plain"], strict=True)]
    shares = [100 * ours * flops / peak for ours, peak in zip(rates["engine"], rates["roofline"], strict=True)]
    return {
        "model": model,
        "batch": batch,
        "strategy": f"{engine.strategy}, {engine.lanes} lanes" if engine.lanes > 1 else "serial",
        "plain_images_per_second": statistics.median(rates["plain"]),
        "engine_lane_images_per_second": statistics.median(rates["engine"]),
        "ratio": statistics.median(ratios),
        "ratio_lowest": min(ratios),
        "ratio_highest": max(ratios),
        "engine_gflops": statistics.median(rates["engine"]) * flops,
        "matrix_product_gflops": statistics.median(rates["roofline"]),
        "percent_of_matrix_product": statistics.median(shares),
    }


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=list(IMAGES), default=list(IMAGES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lanes", type=int, default=27, help="networks trained together on a GPU")
    parser.add_argument("--strategy", choices=["fused", "graphed"], default="graphed", help="on a GPU")


if __name__ == "__main__":
    chosen = options(__doc__, add)
    with tempfile.TemporaryDirectory() as temporary:
        rows = []
        for model in chosen.models:  # saved one by one: a long run that is stopped leaves what it has
            rows.append(compare(model, chosen, Path(temporary)))
            save(chosen, "throughput", rows)
