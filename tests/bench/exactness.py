"""How far strategies drift apart: the same lanes after one step and after 20, in float64 and float32.

The reference is `serial` in float64 on a CPU, which unit tests hold against torch.optim.SGD. Each figure is the largest
difference of any weight of any lane, as a share of the largest weight of its tensor. Learning rates are moderate: with
large ones training itself is chaotic, and multiplies any last bit by ten every few steps.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from common import architecture_of, generated, options, save

from prunescape.lanes.fuse import has_lane_layers, lane_state
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy
from prunescape.training.train import Array, Lane, Task

LANES = [Lane(0.01, 5e-4), Lane(0.003, 5e-3), Lane(0.001, 1e-4)]
BATCH = 32
Weights = list[dict[str, torch.Tensor]]


def trained(task: Task, steps: int) -> tuple[Weights, Weights]:
    """The weights of all lanes after the first step, and after all of them."""
    assert task.data.sizes["train"] == steps * BATCH
    task.engine.set_up()
    first: Weights = []
    last: Weights = []
    for start in range(0, len(LANES), task.engine.lanes):
        lanes = LANES[start : start + task.engine.lanes]
        array = Array(task, lanes)
        array.network.train()
        for step, pick in enumerate(array.training.picks(1)):
            array.step(pick)
            if step == 0:
                first += [lane_state(array.network, lane) for lane in range(len(lanes))]
        last += [lane_state(array.network, lane) for lane in range(len(lanes))]
    return first, last


def difference(found: Weights, reference: Weights) -> float:
    return max(
        float((one[name].double() - other[name].double()).abs().max() / other[name].double().abs().max())
        for one, other in zip(found, reference, strict=True)
        for name in other
        if not name.endswith("num_batches_tracked")
    )


def engines(device: str, has_lane_layers: bool) -> list[Engine]:
    """Every strategy in every precision; `fused` where all layers have versions for lanes."""
    together = ["fused", "vmap"] if has_lane_layers else ["vmap"]
    ways = [("cpu", Strategy("serial", 1, True)), ("cpu", Strategy("serial", 1, False))]
    ways += [("cpu", Strategy(name, 16, True)) for name in together]
    if device == "cuda":
        sizes = {"serial": 1, **dict.fromkeys([*together, "graphed", "branches"], 3)}
        ways += [("cuda", Strategy(name, lanes, False)) for name, lanes in sizes.items()]
    precisions = {"cpu": ["float64", "float32"], "cuda": ["float64", "float32", "tf32"]}
    return [Engine(place, precision=precision).using(way) for place, way in ways for precision in precisions[place]]


def main(arguments: argparse.Namespace) -> None:
    steps, rows = 2 if arguments.smoke else 20, []
    torch.set_num_threads(1)
    for model in ["small_resnet"] if arguments.smoke else arguments.models:
        architecture = architecture_of(model)
        with tempfile.TemporaryDirectory() as folder:
            data = generated(Path(folder), architecture, steps * BATCH)
            reference: tuple[Weights, Weights] | None = None
            for engine in engines(arguments.device, has_lane_layers(build(architecture))):
                weights = trained(Task(architecture, data, engine, 0, Recipe(1, BATCH, 0.9, 0.1, ())), steps)
                reference = reference or weights
                way = Strategy(engine.strategy, engine.lanes, engine.channels_last)
                rows.append(
                    {
                        "model": model,
                        "device": engine.device,
                        "strategy": str(way),
                        "precision": engine.precision,
                        "difference_after_one_step": difference(weights[0], reference[0]),
                        f"difference_after_{steps}_steps": difference(weights[1], reference[1]),
                    }
                )
    save(arguments, "exactness", rows)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", default=["small_resnet", "small_vit", "resnet20"])


if __name__ == "__main__":
    main(options(__doc__, add))
