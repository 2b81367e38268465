"""A whole tile: K networks trained at once by each strategy; lane-images a second and peak memory.

Each measurement runs in a process of its own. On a CPU arrays hold a multiple of 16 lanes, idle ones included, and only
the K networks asked for count; memory is the process's largest resident set. On a GPU it is what CUDA allocated.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from common import architecture_of, generated, options, save
from throughput import BATCH, WarmArray, engine_for, engine_rate

from prunescape.lanes import LANE_ALIGNMENT
from prunescape.training.memory import refusal
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

DEFAULT_MODELS = {"cpu": ["small_resnet", "resnet20"], "cuda": ["resnet56", "mobilenetv2"]}
CPU_BATCHES = {"small_resnet": 60, "resnet20": 2}  # a larger network is slow enough to be timed over few


def strategies(device: str) -> list[str]:
    return ["serial", "fused", "graphed", "branches"] if device == "cuda" else ["serial", "fused"]


def measure(device: str, model: str, strategy: str, lanes: int, batches: int) -> dict[str, object]:
    """One line of the table, measured in this process."""
    size = 1 if strategy == "serial" else lanes if device == "cuda" else -(-lanes // LANE_ALIGNMENT) * LANE_ALIGNMENT
    architecture, batch = architecture_of(model), BATCH.get(model, 128)
    with tempfile.TemporaryDirectory() as folder:
        data = generated(Path(folder), architecture, batches * batch)
        task = Task(architecture, data, engine_for(device, strategy, size, 1), 0, Recipe(1, batch, 0.9, 0.1, ()))
        try:
            if device == "cuda":
                task.engine.set_up()
                array = WarmArray(task, size)
                array.epoch()
            rate: float | None = array.epoch() if device == "cuda" else engine_rate(task, lanes)
        except RuntimeError as error:
            if refusal(error) is None:
                raise
            rate = None
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else _peak_memory()
    return {
        "model": model,
        "lanes": lanes,
        "strategy": strategy,
        "lane_images_per_second": rate,
        "peak_memory_mb": round(peak / 1e6),
    }


def _peak_memory() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def in_a_process(*words: object) -> dict[str, object]:
    result = subprocess.run(
        [sys.executable, __file__, "--one", *map(str, words)], capture_output=True, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"measuring {words} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def main(arguments: argparse.Namespace) -> None:
    device, rows = arguments.device, []
    for model in arguments.models or DEFAULT_MODELS[device]:
        batches = 1 if arguments.smoke else 20 if device == "cuda" else CPU_BATCHES.get(model, 1)
        for lanes in [2] if arguments.smoke else arguments.lanes:
            for strategy in strategies(device):
                rounds = [in_a_process(device, model, strategy, lanes, batches) for _ in range(arguments.rounds)]
                rates = sorted(row["lane_images_per_second"] or 0.0 for row in rounds)
                rows.append({**rounds[0], "lane_images_per_second": rates[len(rates) // 2] or None})
    save(arguments, "tile", rows)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--lanes", nargs="+", type=int, default=[1, 4, 9, 27])
    parser.add_argument("--rounds", type=int, default=3)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        place, network, way, number, count = sys.argv[2:]
        print(json.dumps(measure(place, network, way, int(number), int(count))))
    else:
        main(options(__doc__, add))
