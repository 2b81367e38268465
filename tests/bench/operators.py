"""Where a training step's time goes on one core: convolutions, and how near they come to a matrix product; the rest.

Convolutions' own FLOPs over their own time, against a large matrix product on the same core in the same run.
"""

import argparse
import tempfile
from pathlib import Path

from common import architecture_of, generated, options, save, training_flops
from throughput import BATCH, engine_for, roofline
from torch.profiler import ProfilerActivity, profile

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
        data = generated(Path(folder), architecture, (steps + 1) * batch)
        task = Task(architecture, data, engine, 0, Recipe(1, batch, 0.9, 0.1, ()))
        array = Array(task, [Lane(0.1, 1e-4)] * engine.lanes)
        array.network.train()
        peak = roofline("cpu")
        picks = array.training.picks(1)
        array.step(next(picks))
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for pick in picks:
                array.step(pick)
        peak = max(peak, roofline("cpu"))
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
    }


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", default=["small_resnet", "resnet20", "resnet56"])


if __name__ == "__main__":
    chosen = options(__doc__, add)
    models = ["small_resnet"] if chosen.smoke else chosen.models
    save(chosen, "operators", [split(model, 1 if chosen.smoke or model != "small_resnet" else 9) for model in models])
