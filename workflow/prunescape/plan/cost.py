"""Costs of training, before it is done, and on what. Light: read while the Snakefile is parsed, so no torch here."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunescape.config.engine import Cluster
from prunescape.config.recipe import Recipe
from prunescape.data.epoch import images_used
from prunescape.stochastic.chosen import rate

# A backward pass costs twice a forward pass.
TRAINING_PASSES, VALIDATION_PASSES = 3, 1

# Of known networks, before they are described: numbers that they learn, and that their layers give for an image by its
# pixels; at the sizes of images for which `prunescape.overview.cost` has their FLOPs. Tests count both.
NUMBERS = {
    "small_resnet": (19_130, 38),
    "resnet20": (269_722, 452),
    "resnet32": (464_154, 732),
    "resnet44": (658_586, 1_012),
    "resnet56": (853_018, 1_292),
    "resnet110": (1_727_962, 2_552),
    "vanilla_cnn": (75_050, 150),
    "mobilenetv2": (2_237_770, 12_201),
    "resnet50": (25_557_032, 639),
    "mlp": (2_366_474, 7),
    "vit": (9_532_938, 1_657),
    "small_vit": (14_058, 161),
    "vit_small": (1_806_538, 682),
    "resnet18_cifar": (11_173_962, 1_809),
    "resnet50_cifar": (23_520_842, 9_642),
    "vgg19_cifar": (20_040_522, 920),
}


def training_flops(
    flops: int, cells: int, sizes: Mapping[str, int], recipe: Recipe, epochs: float | None = None
) -> int:
    """FLOPs of training one network at a number of cells.

    Args:
        flops: of one forward pass of one image.
        cells: trainings.
        sizes: images of each split.
        recipe: a section `recipe`.
        epochs: the length, where it is not the recipe's.
    """
    length = recipe.epochs if epochs is None else int(epochs)
    validations = math.ceil(length / recipe.evaluate_every)
    images = images_used(sizes["train"], recipe.batch_size, recipe.drop_last)
    passes = TRAINING_PASSES * length * images + VALIDATION_PASSES * validations * sizes["validation"]
    return flops * cells * passes


def run_time_minutes(flops: int, attempt: int, cluster: Cluster) -> int:
    """Run time to ask for: the estimate and the time to start, once more with every attempt, within the limit.

    Args:
        flops: of the whole job.
        attempt: 1, 2, ...
        cluster: the config's section `cluster`.
    """
    minutes = attempt * (cluster.startup_minutes + flops / (60e12 * cluster.teraflops))
    longest = math.inf if cluster.longest_hours is None else 60 * cluster.longest_hours
    return math.ceil(minutes) if minutes <= longest else max(1, math.floor(longest))


def visible_gpus() -> int:
    """NVIDIA GPUs that CUDA would see on this machine, told without CUDA."""
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if chosen is None else min(there, len([name for name in chosen.split(",") if name.strip()]))


def population(wanted: Mapping[str, Any]) -> int:
    """Number of networks that `prunescape.stochastic.variants.variants_of` makes; a list that is None has one entry."""
    kinds = wanted["kinds"]
    noises = len(wanted["sigmas"] or [None]) * wanted["draws"]
    rates = sum(len({rate(method, gamma) for gamma in wanted["gammas"] or [0.0]}) for method in wanted["methods"])
    dense = ("dense" in kinds) + ("dense_stochastic" in kinds) * noises
    noisy = sum(kind in kinds for kind in ("stochastic", "mask_s_to_d", "mask_d_to_s")) * noises
    return dense + rates * (("deterministic" in kinds) + noisy)
