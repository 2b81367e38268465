"""What a GPU is asked, by worth, in eight minutes: parts under a time limit, each row written as soon as it is known.

exactness   graphs against none, two runs, a stop and a resume, a lane of NaNs: equal to the bit? (small networks)
strategies  ResNet-56 in batches of 128 by every strategy, layout and precision, beside plain scripts
bandwidth   copies of a large tensor, and how fast a lane's step of ResNet-56 could be at the most if it moved each
            number that it keeps for the backward pass but three times: written, read again, and its gradient
kernels     what runs in a step of one lane as a graph, and of nine fused ones
throughput  the strategy that `auto` chooses, for ResNet-56 and MobileNetV2
then populations, utility, coherence, streaming and study_cost, each a file here, with little to do

Each part is a process of its own; one that fails or takes too long leaves its rows, and the next one begins.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from common import Row, architecture_of, generated, options, synchronise, write
from plain import PlainProcess

from prunescape.config.engine import Engine as Section
from prunescape.data.prepared import PreparedData
from prunescape.errors import Interrupted
from prunescape.models.build import build
from prunescape.training import stop
from prunescape.training.calibrate import calibrate
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.memory import Needs, refusal
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy
from prunescape.training.train import Array, Lane, LaneResult, Task, train

LIMITS = {"exactness": 60, "strategies": 150, "bandwidth": 10, "kernels": 40, "throughput": 100}  # seconds of each part
OTHERS = {  # parts that are files of their own, with their arguments
    "populations": (25, ["--models", "resnet20", "--rounds", "1"]),
    "utility": (25, ["--models", "resnet20", "--rounds", "1"]),
    "coherence": (25, ["--models", "resnet20", "--rounds", "1"]),
    "streaming": (30, []),
    "study_cost": (10, []),
}
BATCH = 128
LANES = [Lane(0.05, 1e-3), Lane(0.02, 5e-3), Lane(0.01, 1e-4)]
CELLS = 9  # of a tile in the thesis' preset

Part = Callable[[argparse.Namespace, Path], Iterator[Row]]


def precisions(device: str) -> list[str]:
    return ["tf32", "bfloat16"] if device == "cuda" else ["float32", "bfloat16"]


def exactness(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Whether results agree bit for bit that should."""
    device = arguments.device
    data = generated(folder, architecture_of("small_resnet"), 64)
    for model, precision, layout in itertools.product(
        ["small_resnet"] if arguments.smoke else ["small_resnet", "small_vit"],
        ["float64", *precisions(device)],
        [True] if arguments.smoke else [False, True],
    ):
        together = "vmap" if model == "small_vit" else "fused"
        engine = Engine(device, precision=precision).using(Strategy(together, 16, layout))
        recipe = Recipe(1 if arguments.smoke else 3, 16, 0.9)
        task = Task(architecture_of(model), data, engine, 0, recipe)
        graph = replace(task, engine=replace(engine, strategy="graphed" if device == "cuda" else together))
        alone = replace(task, engine=engine.using(Strategy("serial", 1, layout)))
        beside = Strategy("branches", len(LANES), layout) if device == "cuda" else Strategy("serial", 1, layout)
        first = train(task, LANES)
        yield {
            "model": model,
            "precision": precision,
            "channels_last": layout,
            "graph_equals_none": _same(first, train(graph, LANES)),
            "branches_equal_serial": _same(
                train(alone, LANES), train(replace(task, engine=engine.using(beside)), LANES)
            ),
            "second_run_equals_first": _same(first, train(task, LANES)),
            "resumed_equals_whole": _same(first, _resumed(graph, folder / f"{model}-{precision}-{layout}")),
            "beside_nan_equals": _same(first[:2], train(graph, [*LANES[:2], Lane(1e30, 0.0)])[:2]),
        }


def _same(one: list[LaneResult], other: list[LaneResult]) -> bool:
    return all(
        torch.equal(tensor, theirs.weights[name])
        for mine, theirs in zip(one, other, strict=True)
        for name, tensor in mine.weights.items()
    )


def _resumed(task: Task, folder: Path) -> list[LaneResult]:
    """A training that was stopped in its second step."""
    asked, before = iter([None, "SIGTERM"]), stop.asked
    checkpoint = Checkpoint.of(folder, {})
    stop.asked = lambda: next(asked, None)
    try:
        train(task, LANES, checkpoint=checkpoint)
    except Interrupted:
        return train(task, LANES, checkpoint=checkpoint)
    finally:
        stop.asked = before
    raise AssertionError("the training was not stopped")


@contextmanager
def _cudnn(**settings: bool) -> Iterator[None]:
    before = {name: getattr(torch.backends.cudnn, name) for name in settings}
    try:
        for name, value in settings.items():
            setattr(torch.backends.cudnn, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(torch.backends.cudnn, name, value)


def _milliseconds(step: Callable[[], None], arguments: argparse.Namespace, seconds: float = 1.5) -> float:
    """Median time of a step."""
    step()
    times: list[float] = []
    while len(times) < (1 if arguments.smoke else 3) or (sum(times) < seconds and not arguments.smoke):
        synchronise(arguments.device)
        start = time.perf_counter()
        step()
        synchronise(arguments.device)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _copy(target: torch.Tensor, source: torch.Tensor) -> None:
    target.copy_(source)


def _array(task: Task, lanes: int) -> Callable[[], None]:
    array = Array(task, [Lane(0.01, 1e-4)] * lanes)
    array.network.train()
    picks = itertools.chain.from_iterable(array.training.picks(epoch) for epoch in itertools.count(1))
    return lambda: array.step(next(picks))


def _plain(task: Task) -> Callable[[], None]:
    """A step of a plain loop whose images lie ready on the device."""
    device = task.engine.device
    network = build(task.architecture, 0).to(device).train()
    optimiser = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    images = torch.rand(task.recipe.batch_size, *task.architecture.input_shape, device=device)
    labels = torch.zeros(len(images), dtype=torch.int64, device=device)

    def step() -> None:
        optimiser.zero_grad()
        with task.engine.autocast():
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimiser.step()

    return step


def strategies(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Time and memory of a lane's step by every strategy, the plain ones first."""
    device, smoke = arguments.device, arguments.smoke
    model, batch = ("small_resnet", 16) if smoke else ("resnet56", BATCH)
    data = generated(folder, architecture_of(model), 4 * batch)
    base = Engine(device, precision=precisions(device)[0], channels_last=False)
    task = Task(architecture_of(model), data, base, 0, Recipe(1, batch, 0.9))

    def row(name: str, engine: Engine, make: Callable[[], Callable[[], None]], deterministic: bool = True) -> Row:
        engine.set_up()
        found: Row = {
            "model": model,
            "strategy": name,
            "lanes": engine.lanes,
            "channels_last": engine.channels_last,
            "precision": engine.precision,
            "deterministic": deterministic,
        }
        if device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            with _cudnn(deterministic=deterministic):
                found["ms_a_lane_step"] = _milliseconds(make(), arguments) / engine.lanes
        except RuntimeError as error:
            found["ms_a_lane_step"] = None
            if refusal(error) is None:
                raise
        known = found["ms_a_lane_step"]
        found["lane_images_per_second"] = known and 1000 * batch / known
        found["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None
        return found

    script = PlainProcess(task.architecture, data, batch, device, 2)
    try:
        rate = [script.epoch() for _ in range(2)][-1]
    finally:
        script.close()
    first = row("plain loop, images ready", base, lambda: _plain(task))
    yield {**first, "strategy": "plain script", "ms_a_lane_step": 1000 * batch / rate, "lane_images_per_second": rate}
    yield first

    def tuned() -> Callable[[], None]:
        torch.backends.cudnn.benchmark = True
        return _plain(task)

    yield row("plain loop, cudnn.benchmark", base, tuned, deterministic=False)
    captured = ["graphed"] if device == "cuda" else []
    ways = [("serial", 1), *((name, 1) for name in captured)]
    ways += [(name, lanes) for lanes in ([2] if smoke else [4, 9, 27]) for name in ["fused", *captured]]
    ways += [("branches", lanes) for lanes in (4, 8)] if device == "cuda" else []
    for precision, layout, deterministic in [
        (precisions(device)[0], False, True),
        (precisions(device)[0], True, True),
        (precisions(device)[1], True, True),
        (precisions(device)[0], False, False),
    ]:
        for name, lanes in ways:
            engine = replace(base, precision=precision).using(Strategy(name, lanes, layout))
            of_way = replace(task, engine=engine)
            yield row(name, engine, lambda of_way=of_way, lanes=lanes: _array(of_way, lanes), deterministic)  # type: ignore[misc]


def bandwidth(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """The speed of copies, and the roof that it is over a lane's step."""
    device, smoke = arguments.device, arguments.smoke
    model, batch = ("small_resnet", 16) if smoke else ("resnet56", BATCH)
    source = torch.rand(1 << (18 if smoke else 28), device=device)  # a GiB
    target = torch.empty_like(source)
    milliseconds = _milliseconds(partial(_copy, target, source), arguments)
    speed = 2 * source.nbytes / milliseconds * 1000
    moved = 3 * batch * Needs.of(architecture_of(model)).kept_bytes
    yield {
        "copy_gb_a_second": speed / 1e9,
        "model": model,
        "precision": "float32",
        "moved_gb_a_lane_step": moved / 1e9,
        "ms_a_lane_step_at_least": 1000 * moved / speed,
        "lane_images_per_second_at_most": batch * speed / moved,
    }


def kernels(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """The operations in which a step spends most time on the device."""
    device, smoke = arguments.device, arguments.smoke
    model, batch = ("small_resnet", 16) if smoke else ("resnet56", BATCH)
    data = generated(folder, architecture_of(model), 4 * batch)
    alone = "graphed" if device == "cuda" else "serial"
    activity = torch.profiler.ProfilerActivity
    for name, lanes in [(alone, 1), ("fused", 2 if smoke else 9)]:
        engine = Engine(device, precision=precisions(device)[0]).using(Strategy(name, lanes, False))
        engine.set_up()
        step = _array(Task(architecture_of(model), data, engine, 0, Recipe(1, batch, 0.9)), lanes)
        step()
        with torch.profiler.profile(activities=[activity.CUDA if device == "cuda" else activity.CPU]) as profile:
            step()
            synchronise(device)
        spent = [
            (event.self_device_time_total if device == "cuda" else event.self_cpu_time_total, event)
            for event in profile.key_averages()
        ]
        total = sum(time for time, _ in spent) or 1.0
        for microseconds, event in sorted(spent, key=lambda pair: -pair[0])[:8]:
            yield {
                "strategy": name,
                "lanes": lanes,
                "kernels_a_lane_step": sum(event.count for _, event in spent) / lanes,
                "kernel": event.key[:80],
                "calls": event.count,
                "percent": 100 * microseconds / total,
            }


def throughput(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """What `auto` chooses, and how fast that is."""
    device, smoke = arguments.device, arguments.smoke
    section = Section(device=device)
    for model in ["small_resnet"] if smoke else ["resnet56", "mobilenetv2"]:
        batch = 16 if smoke else BATCH
        data: PreparedData = generated(folder / model, architecture_of(model), 4 * batch)
        chosen = calibrate(architecture_of(model), data, Recipe(1, batch, 0.9), section, CELLS)
        way = Strategy(chosen["strategy"], chosen["lanes"], chosen["channels_last"])
        places = {"name": way.name, "lanes": way.lanes, "channels_last": way.channels_last}
        tile = next(one["tile_ms"] for one in chosen["measured"] if places.items() <= one.items())
        yield {
            "model": model,
            "batch": batch,
            "strategy": str(way),
            "engine_lane_images_per_second": 1000 * CELLS * batch / tile,
            "reason": chosen["reason"],
        }


PARTS: dict[str, Part] = {
    "exactness": exactness,
    "strategies": strategies,
    "bandwidth": bandwidth,
    "kernels": kernels,
    "throughput": throughput,
}


def run_part(arguments: argparse.Namespace) -> None:
    """Run a part here; its table is written anew with each row."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for row in PARTS[arguments.part](arguments, Path(temporary)):
            rows.append(row)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            write(arguments, arguments.part, rows)


def run_all(arguments: argparse.Namespace) -> int:
    """Run every part in a process of its own; how many did not come to their end."""
    here, common = Path(__file__), ["--device", arguments.device, "--output", str(arguments.output)]
    common += ["--smoke"] if arguments.smoke else []
    commands = {name: (limit, [str(here), "--part", name]) for name, limit in LIMITS.items()}
    commands |= {name: (limit, [str(here.with_name(f"{name}.py")), *more]) for name, (limit, more) in OTHERS.items()}
    if arguments.smoke:  # small networks, and none of the preset's
        commands.pop("study_cost")
        commands = {
            name: (limit, ["small_resnet" if word == "resnet20" else word for word in command])
            for name, (limit, command) in commands.items()
        }
    unfinished, begun = 0, time.perf_counter()
    for name, (limit, command) in commands.items():
        print(f"== {name}, at most {limit} s", flush=True)
        try:
            ended = subprocess.run(
                [sys.executable, *command, *common], timeout=None if arguments.smoke else limit, check=False
            )
            words = "" if ended.returncode == 0 else f"failed with status {ended.returncode}"
        except subprocess.TimeoutExpired:
            words = f"was stopped after {limit} s"
        unfinished += bool(words)
        print(f"== {name} {words or 'done'}, {time.perf_counter() - begun:.0f} s in all", flush=True)
    return unfinished


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part", choices=list(PARTS), help="one part, in this process (default: all, one after the other)"
    )


if __name__ == "__main__":
    chosen = options(__doc__, add)
    if chosen.part:
        run_part(chosen)
    else:
        sys.exit(min(1, run_all(chosen)))
