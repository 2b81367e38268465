"""Where a training step's time goes on one core: convolutions, how near they come to what a core can do, and the rest.

Convolutions' own FLOPs over their own time, against a large matrix product and against fused multiply-adds in
registers on the same core in the same run; and the whole step against the time that the network's convolutions take
each by itself in their faster memory layout, with nothing between them.
"""

import argparse
import tempfile
import time
from pathlib import Path

from ceiling import alone, multiply_adds
from common import architecture_of, generated, options, save, training_flops
from throughput import BATCH, engine_for, roofline
from torch.profiler import ProfilerActivity, profile

from prunescape.models.build import build
from prunescape.training.recipe import Recipe
from prunescape.training.train import Array, Lane, Task

GROUPS = {
    "convolutions": ("conv",),
    "batch norm": ("batch_norm",),
    "ReLU": ("threshold", "clamp", "relu"),
    "update": ("addcmul", "cat", "mul_"),
    "copies": ("copy_",),
}


def group_of(operator: str) -> str:
    return next((group for group, words in GROUPS.items() if any(word in operator for word in words)), "other")


def split(model: str, steps: int) -> dict[str, object]:
    architecture, batch = architecture_of(model), BATCH.get(model, 128)
    engine = engine_for("cpu", "fused", 16 if model == "small_resnet" else 1, 1)
    engine.set_up()
    with tempfile.TemporaryDirectory() as folder:
        data = generated(Path(folder), architecture, (steps + 2) * batch)
        task = Task(architecture, data, engine, 0, Recipe(1, batch, 0.9, 0.1, ()))
        array = Array(task, [Lane(0.1, 1e-4)] * engine.lanes)
        array.network.train()
        peak = roofline("cpu")
        picks = array.training.picks(1)
        array.step(next(picks))
        start = time.perf_counter()
        array.step(next(picks))
        step = time.perf_counter() - start
        separate = alone(build(architecture), (batch, *architecture.input_shape)) * engine.lanes
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for pick in picks:
                array.step(pick)
        peak, registers = max(peak, roofline("cpu")), multiply_adds()
    times = dict.fromkeys([*GROUPS, "other"], 0.0)
    for event in profiler.key_averages():
        times[group_of(event.key)] += event.self_cpu_time_total / 1e6
    total = sum(times.values())
    gflop = training_flops(architecture) * engine.lanes * batch * steps / 1e9
    return {
        "model": model,
        "lanes": engine.lanes,
        **{f"{group}_percent".replace(" ", "_"): 100 * time / total for group, time in times.items()},
        "convolution_gflops": gflop / times["convolutions"],
        "matrix_product_gflops": peak,
        "convolutions_percent_of_matrix_product": 100 * gflop / times["convolutions"] / peak,
        "multiply_add_gflops": registers,
        "convolutions_percent_of_multiply_adds": registers and 100 * gflop / times["convolutions"] / registers,
        "step_percent_of_convolutions_alone": 100 * separate / step,
    }


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", default=["small_resnet", "resnet20", "resnet56", "mobilenetv2"])


if __name__ == "__main__":
    chosen = options(__doc__, add)
    models = ["small_resnet"] if chosen.smoke else chosen.models
    save(chosen, "operators", [split(model, 1 if chosen.smoke or model != "small_resnet" else 9) for model in models])
