"""What the tests of the config share: a small valid config, ways to change it, and a walk over the schema."""

from collections.abc import Iterator
from typing import Any

import yaml

MODELS = {"small_resnet", "mobilenetv2", *(f"resnet{depth}" for depth in (20, 32, 44, 50, 56, 110))}
MODELS |= {"vanilla_cnn", "resnet18_cifar", "resnet50_cifar", "vgg19_cifar", "mlp", "vit", "small_vit", "vit_small"}
DATA = {"digits", "fashion_mnist", "cifar10", "cifar100", "imagenet", "image_folder", "arrays"}
SMALLEST = """
run: demo
data: {name: digits}
models: {small_resnet: {learning_rate: 0.1, weight_decay: 0.005, ratios: [0.6, 0.2]}}
"""


def changed(*edits: tuple[str, str]) -> dict[str, Any]:
    """The smallest config with values, given as YAML text, put at dotted paths."""
    config = yaml.safe_load(SMALLEST)
    for path, text in edits:
        *sections, key = path.split(".")
        part = config
        for section in sections:
            part = part.setdefault(section, {})
        part[key] = yaml.safe_load(text)
    return config


def parts(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every part of the schema below this one, with its path and whether its owner requires it."""
    for key, below in part.get("properties", {}).items():
        yield f"{path}{key}", below, key in part.get("required", ())
        yield from parts(below, f"{path}{key}.")
    if part.get("additionalProperties"):  # not those that may be anything
        yield f"{path}*", part["additionalProperties"], True
        yield from parts(part["additionalProperties"], f"{path}*.")
