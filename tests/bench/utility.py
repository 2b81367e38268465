"""The utility of a network's subsets of weights, measured as lanes and one by one.

One by one is the usual loop: zero the subset in a copy of the network, evaluate it with plain PyTorch, compare its
outputs with the whole network's, go on to the next; the images lie ready on the device, in the same batches, and the
whole network is evaluated once. The other ways are the engine's: with batch norm as it is, with batch norm folded into
the convolutions before it, as the study does it, and the latter in bfloat16. All ways ablate the same subsets and have
the same cores: the loop as threads, the engine as arrays side by side. They take turns.

A row has medians of rounds: of the seconds for all subsets, of the milliseconds of a subset more, and of those spent
once whatever their number, both by a line through the seconds of a tenth of the subsets and of all. `ratio` is the
median of the rounds' ratios of the loop's seconds to the way's. Utilities agree, but in bfloat16, whose median
deviation stands in `deviation_%`.

A second table, utility_channels, has every channel's utility as lanes, with the layers before the channel's own run for
each lane and, as the engine does it, once for all lanes.
"""

import argparse
import copy
import os
import statistics
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from common import architecture_of, generated, options, save, timed, usual_precision
from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.lanes.vectors import Layout
from prunescape.mechanism import utility
from prunescape.mechanism.folding import Folding
from prunescape.mechanism.subsets import Subset, Weights, channels, random_subset
from prunescape.models.build import build
from prunescape.pruning.graph import Graph
from prunescape.pruning.unstructured import part_of
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches
from prunescape.training.strategy import Strategy

SUBSETS, RATIO = 500, 0.05
IMAGES = {"small_resnet": 300, "vanilla_cnn": 64, "resnet20": 64}  # the demo's; few of the others on a CPU
GPU_IMAGES = 50_000
LANES = {"small_resnet": 16}  # on a CPU; larger networks fill a core alone
CHANNEL_LANES, CHANNEL_IMAGES = 16, {"small_resnet": 300, "vanilla_cnn": 64, "resnet20": 16}  # on a CPU
AGREE = 1e-3  # relative; utilities of one network are sums of many roundings


def one_by_one(network: nn.Module, subsets: list[Subset], data: PreparedData, engine: Engine) -> list[float]:
    """Utilities, by plain networks, one after the other."""
    plain = replace(engine, lanes=1)  # on a GPU lanes share the images of a batch's memory
    batches, layout = validation_batches(data, plain, "train"), Layout.of(network)
    network = copy.deepcopy(network).to(engine.device).eval()
    if engine.channels_last:
        network = network.to(memory_format=torch.channels_last)
    whole = layout.vector(network.state_dict()).float().to(engine.device)
    found = []
    with torch.no_grad():
        reference = [network(images).double().log_softmax(1) for images, _ in batches]
        for subset in subsets:
            vector = whole.clone()
            vector[torch.from_numpy(subset.positions).to(vector.device)] = 0.0
            for (name, place), parameter in zip(layout.slices(), network.parameters(), strict=False):
                parameter.copy_(vector[place].view(layout.shapes[name]))
            total = torch.zeros((), dtype=torch.float64, device=engine.device)
            for (images, _), ln_f in zip(batches, reference, strict=True):
                ln_g = network(images).double().log_softmax(1)
                total += (ln_f.exp() * (ln_f - ln_g)).sum()
            found.append(total.item() / data.sizes["train"])
    return found


def in_turn(
    ways: dict[str, Callable[[], list[float]]], arguments: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    """The median seconds of two ways that must agree, and the ratio of the first to the second."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds + 1):  # the first round warms up
        found = []
        for name, run in ways.items():
            taken, values = timed(arguments.device, run)
            seconds[name].append(taken)
            found.append(values)
        np.testing.assert_allclose(*found, rtol=AGREE, atol=1e-9, err_msg="utilities differ")
    first, second = (values[1:] for values in seconds.values())
    ratios = [one / other for one, other in zip(first, second, strict=True)]
    medians = {f"{name}_seconds": statistics.median(values[1:]) for name, values in seconds.items()}
    spread = {"ratio": statistics.median(ratios), "ratio_lowest": min(ratios), "ratio_highest": max(ratios)}
    return medians, spread


def prepared(
    model: str, arguments: argparse.Namespace, folder: Path, images: int, lanes: int
) -> tuple[nn.Module, PreparedData, Engine]:
    """A network with statistics of its own, images, and an engine that is set up."""
    device, architecture = arguments.device, architecture_of(model)
    data = generated(folder / f"{model}-{images}", architecture, images)
    engine = Engine(device, threads=arguments.cores, precision=usual_precision(device))
    engine = engine.using(Strategy("fused" if lanes > 1 else "serial", lanes, device == "cpu"))
    engine.set_up()
    network = build(architecture, 0)
    with torch.no_grad():
        for batch, _ in validation_batches(data, engine, "validation"):
            network(batch.cpu())
    return network.eval(), data, engine


def compare(model: str, arguments: argparse.Namespace, folder: Path) -> list[dict[str, object]]:
    """Random subsets as lanes, against the loop: a row for each way."""
    device, cores = arguments.device, arguments.cores
    count, images = (10, 32) if arguments.smoke else (SUBSETS, GPU_IMAGES if device == "cuda" else IMAGES[model])
    lanes = arguments.lanes if device == "cuda" else LANES.get(model, 1)
    network, data, engine = prepared(model, arguments, folder, images, lanes)
    weights = Weights.of(network)
    subsets = [random_subset(weights, part_of(len(weights), RATIO), 0, number) for number in range(count)]

    def plain(subsets: list[Subset]) -> list[float]:
        torch.set_num_threads(cores)
        return one_by_one(network, subsets, data, engine)

    def as_lanes(precision: str, fold: bool) -> Callable[[list[Subset]], list[float]]:
        def run(subsets: list[Subset]) -> list[float]:
            with nullcontext() if fold else patch.object(utility.Folding, "of", unfolded):
                ablations = utility.Ablations(network, data, replace(engine, precision=precision))
            return ablations.measure(subsets)["utility"].tolist()

        return run

    ways = {
        "one by one": plain,
        "batch norm as it is": as_lanes(engine.precision, fold=False),
        "batch norm folded": as_lanes(engine.precision, fold=True),
        "folded, bfloat16": as_lanes("bfloat16", fold=True),
    }
    few, seconds = count // 10, {name: np.zeros((arguments.rounds + 1, 2)) for name in ways}
    found: dict[str, np.ndarray] = {}
    for turn in range(arguments.rounds + 1):  # the first one warms up
        for at, some in enumerate((subsets[:few], subsets)):
            for name, run in ways.items():
                seconds[name][turn, at], values = timed(device, partial(run, some))
                found[name] = np.array(values)
        np.testing.assert_allclose(found["batch norm as it is"], found["one by one"], rtol=AGREE, atol=1e-9)
        np.testing.assert_allclose(found["batch norm folded"], found["one by one"], rtol=AGREE, atol=1e-9)
    size = {"subsets": count, "images": images, "cores": cores, "lanes": lanes}
    rows = []
    for name, taken in seconds.items():
        fewer, all_of_them = taken[1:].T
        each = (all_of_them - fewer) / (count - few)
        ratios = seconds["one by one"][1:, 1] / all_of_them
        rows.append(
            {"model": model, "way": name, **size}
            | {"seconds": float(np.median(all_of_them)), "each_ms": float(np.median(1000 * each))}
            | {"once_ms": float(np.median(1000 * (all_of_them - count * each)))}
            | {"ratio": float(np.median(ratios)), "ratio_lowest": ratios.min(), "ratio_highest": ratios.max()}
            | {"deviation_%": float(100 * np.median(np.abs(found[name] / found["one by one"] - 1)))}
        )
    return rows


def unfolded(network: nn.Module, images: torch.Tensor) -> Folding:
    """A network with its batch norm as it is, in the place of a folded one."""
    layout = Layout.of(network)
    return Folding(copy.deepcopy(network), layout, layout, {}, {})


def compare_channels(model: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Channels as lanes that share the layers before, against lanes that share nothing."""
    device = arguments.device
    images = 8 if arguments.smoke else GPU_IMAGES if device == "cuda" else CHANNEL_IMAGES[model]
    lanes = arguments.lanes if device == "cuda" else CHANNEL_LANES
    network, data, engine = prepared(model, arguments, folder, images, lanes)
    groups = Graph(network, architecture_of(model)).groups[: 1 if arguments.smoke else None]
    subsets, ablations = channels(network, groups), utility.Ablations(network, data, engine)

    def apart() -> list[float]:
        return ablations.measure(subsets)["utility"].tolist()

    def shared() -> list[float]:
        return ablations.measure_channels(groups)["utility"].tolist()

    seconds, ratios = in_turn({"apart": apart, "shared": shared}, arguments)
    size = {"channels": len(subsets), "images": images, "cores": arguments.cores, "lanes": lanes}
    return {"model": model, **size, **seconds, **ratios}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=list(IMAGES), default=list(IMAGES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="of the CPU (default: all)")
    parser.add_argument("--lanes", type=int, default=48, help="networks evaluated together on a GPU")


if __name__ == "__main__":
    chosen = options(__doc__, add)
    with tempfile.TemporaryDirectory() as temporary:
        save(chosen, "utility", [row for model in chosen.models for row in compare(model, chosen, Path(temporary))])
        rows = [compare_channels(model, chosen, Path(temporary)) for model in chosen.models]
        save(chosen, "utility_channels", rows)
