"""A population of noisy pruned copies of one network, evaluated as lanes and one by one.

One by one is the usual loop: make a network, evaluate it with plain PyTorch, go on to the next; the images lie ready on
the device, in the same batches. Both sides make the same networks, noise and masks included, and have the same cores:
the loop as threads, the engine as arrays side by side. They take turns; columns are medians of rounds, and the ratio is
the median of the rounds' ratios. Accuracies must agree.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from common import architecture_of, options, save, timed, usual_precision

from prunescape.data.prepared import PreparedData, write_prepared
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import STOCHASTIC, Pretrained, Variant
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches
from prunescape.training.strategy import Strategy

POPULATION = 80  # of the SP paper's Fig. 2 and 3 (Stochastic Pruning for Neural Networks, Avendano Munoz et al., 2025)
GAMMA, SIGMA = 0.9, 0.005
IMAGES = {"small_resnet": 1497, "resnet20": 500, "resnet18_cifar": 32}  # the demo's; few of the others on a CPU
GPU_IMAGES = 10_000
LANES = {"small_resnet": 16}  # on a CPU; larger networks fill a core alone
POINTS = 0.5  # by which accuracies may differ: rounding turns a few images over, of the last batch mostly


def noise_images(folder: Path, architecture: Architecture, images: int) -> PreparedData:
    """Images of noise, prepared, so many for validation."""
    numbers = torch.Generator().manual_seed(0)
    arrays = {}
    for split, count in (("train", 64), ("validation", images)):
        pixels = torch.randint(0, 256, (count, *architecture.input_shape), generator=numbers, dtype=torch.uint8)
        arrays[split] = (pixels.numpy(), torch.arange(count).numpy() % architecture.classes)
    classes = [str(label) for label in range(architecture.classes)]
    return write_prepared(folder, arrays, name="noise", classes=classes, crop=architecture.input_shape[1])


def one_by_one(pretrained: Pretrained, variants: list[Variant], data: PreparedData, engine: Engine) -> list[float]:
    """Accuracies in percent, by plain networks, one after the other."""
    found = []
    batches = validation_batches(data, replace(engine, lanes=1))  # on a GPU lanes share a batch's memory
    for variant in variants:
        network = pretrained.make(variant).eval()
        if engine.channels_last:
            network = network.to(memory_format=torch.channels_last)
        correct = 0
        with torch.no_grad():
            for images, labels in batches:
                correct += int((network(images).argmax(1) == labels).sum())
        found.append(100 * correct / data.sizes["validation"])
    return found


def compare(model: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    device, cores = arguments.device, arguments.cores
    architecture = architecture_of(model)
    count, images = (4, 32) if arguments.smoke else (POPULATION, GPU_IMAGES if device == "cuda" else IMAGES[model])
    data = noise_images(folder / model, architecture, images)
    lanes = arguments.lanes if device == "cuda" else LANES.get(model, 1)
    engine = Engine(device, threads=cores, precision=usual_precision(device)).using(
        Strategy("fused" if lanes > 1 else "serial", lanes, device == "cpu")
    )
    engine.set_up()
    network = build(architecture, 0).to(device)
    with torch.no_grad():
        for batch, _ in validation_batches(data, engine, "train"):
            network(batch)  # statistics
    pretrained = Pretrained(model, 0, network.eval())
    variants = [Variant(STOCHASTIC, "magnitude", GAMMA, SIGMA, draw) for draw in range(count)]

    def plain() -> list[float]:
        torch.set_num_threads(cores)
        return one_by_one(pretrained, variants, data, engine)

    def as_lanes() -> list[float]:
        return evaluate_variants(pretrained, variants, data, engine)["top1"].tolist()

    seconds: dict[str, list[float]] = {"plain": [], "lanes": []}
    for _ in range(arguments.rounds + 1):  # the first round warms up
        alone, expected = timed(device, plain)
        together, found = timed(device, as_lanes)
        difference = max(abs(one - other) for one, other in zip(found, expected, strict=True))
        assert difference <= POINTS, f"{model}: accuracies differ by {difference} points"
        seconds["plain"].append(alone)
        seconds["lanes"].append(together)
    seconds = {name: values[1:] for name, values in seconds.items()}
    ratios = [alone / together for alone, together in zip(seconds["plain"], seconds["lanes"], strict=True)]
    return {
        "model": model,
        "networks": count,
        "images": images,
        "cores": cores,
        "lanes": lanes,
        "one_by_one_seconds": statistics.median(seconds["plain"]),
        "lanes_seconds": statistics.median(seconds["lanes"]),
        "ratio": statistics.median(ratios),
        "ratio_lowest": min(ratios),
        "ratio_highest": max(ratios),
    }


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=list(IMAGES), default=list(IMAGES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="of the CPU (default: all)")
    parser.add_argument("--lanes", type=int, default=16, help="networks evaluated together on a GPU")


if __name__ == "__main__":
    chosen = options(__doc__, add)
    with tempfile.TemporaryDirectory() as temporary:
        save(chosen, "populations", [compare(model, chosen, Path(temporary)) for model in chosen.models])
