"""Names and numbers as people write them: networks, data sets, metrics, pruned variants and their order, points."""

import re
import textwrap
from collections.abc import Iterable

import pandas as pd

from prunescape.printable import printable
from prunescape.variant import COLUMNS, NORM, SCRATCH, Variant

METRICS = {"top1": "top-1 accuracy", "top5": "top-5 accuracy"}
MODELS = {
    "mobilenetv2": "MobileNetV2",
    "mobilenet_v2": "MobileNetV2",
    "small_resnet": "Small ResNet",
    "mlp": "MLP",
    "vanilla_cnn": "Vanilla CNN",
    "vit": "ViT",
    "small_vit": "Small ViT",
    "vit_small": "ViT-small",
}
DATA = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "fashion_mnist": "Fashion-MNIST",
    "imagenet": "ImageNet",
}
METHODS = {
    "dense": "Dense",
    "uniform": "Uniform",
    "non_uniform": "Non-uniform",
    "magnitude": "Magnitude",
    "lamp": "LAMP",
    "grasp": "GraSP",
    "random": "Random",
    "wanda": "Wanda",
    "sparsegpt": "SparseGPT",
}
SCOPES = {
    "global": "all layers",
    "uniform": "by layer",
    "erk": "ERK",
    "output": "by output",
    "2of4": "2:4",
    "4of8": "4:8",
}
CRITERIA = {
    "l1": "L1 norm",
    "l2": "L2 norm",
    "fpgm": "FPGM",
    "bn_scale": "batch-norm scale",
    "taylor": "Taylor",
    "lamp": "LAMP",
    "random": "random, the control",
}
PIPELINES = {
    "fine_tuning": "fine-tuned",
    "rate_rewinding": "rate rewound",
    "weight_rewinding": "weights rewound",
    "prune_at_init": "pruned at initialisation",
}
TARGETS = {"flops": "FLOPs", "parameters": "parameters", "latency": "latency"}
FAMILIES = {"resnet": "ResNet", "vgg": "VGG"}


def literal(name: str) -> str:
    """A name that a user gives, for matplotlib to write as it is: `$` begins no formula, and nothing else is obeyed."""
    return printable(name).replace("\n", " ").replace("$", r"\$")


def model_title(model: str) -> str:
    """A network's name as people write it: `resnet56` -> `ResNet-56`; others as the user writes it."""
    if model in MODELS:
        return MODELS[model]
    parts = re.fullmatch(r"(resnet|vgg)(\d+)(_cifar)?", model)
    if parts is None:
        return model
    family, depth, adapted = parts.groups()
    return f"{FAMILIES[family]}-{depth}{' (CIFAR)' if adapted else ''}"


def method_title(score: str) -> str:
    """A score of weights as people write it, with the scope in which it is compared: `wanda_2of4` -> `Wanda (2:4)`."""
    name, _, scope = score.partition("_")
    if name in METHODS and scope in SCOPES:
        return f"{METHODS[name]} ({SCOPES[scope]})"
    return METHODS.get(score, score.replace("_", " ").capitalize())


def data_title(name: str) -> str:
    """A data set's name as people write it: `cifar10` -> `CIFAR-10`."""
    return DATA.get(name, name.replace("_", " ").capitalize())


def metric_title(metric: str) -> str:
    """A metric's name as people write it: `top1` -> `top-1 accuracy`."""
    return METRICS.get(metric, metric.replace("_", " "))


def variant_title(variant: Variant) -> str:
    """A variant's title: `Non-uniform, 20 % of FLOPs`."""
    return short_title(variant) + ("" if variant.is_dense else f" of {TARGETS[variant.target]}")


def panel_title(variant: Variant, more: str = "", width: int = 26) -> str:
    """A variant's title and what follows it, in lines that fit above a panel."""
    whole = f"{variant_title(variant)}{more}".replace(" %", "\u00a0%").replace(" of ", "\u00a0of\u00a0")
    return "\n".join(textwrap.wrap(whole, width)).replace("\u00a0", " ")


def short_title(variant: Variant) -> str:
    """A variant's short title: `Uniform (Taylor, fine-tuned), 20 %`."""
    words = [CRITERIA.get(variant.criterion), PIPELINES.get(variant.pipeline)]  # of defaults nothing is said
    way = f"{METHODS[variant.method]} ({', '.join(filter(None, words))})" if any(words) else METHODS[variant.method]
    return way if variant.is_dense else f"{way}, {100 * variant.ratio:g} %"


def narrow_title(variant: Variant) -> str:
    """A variant's short title in as many lines as it has parts: `Uniform (Taylor,`, `fine-tuned)`, `20 %`."""
    *first, last = short_title(variant).split(", ")
    return "\n".join([",\n".join(first), last] if first else [last])


def variants_in(*tables: pd.DataFrame) -> dict[str, Variant]:
    """The variants of tables by their names, in order.

    Args:
        tables: with the column `variant` and the five beside it, see `prunescape.variant.COLUMNS`.
    """
    rows = {row for table in tables for row in table[list(COLUMNS)].itertuples(index=False, name=None)}
    return {variant.name: variant for variant in in_order(Variant(*row) for row in rows)}


def in_order(variants: Iterable[Variant]) -> list[Variant]:
    """Variants in order, without repetition: dense, uniform, non-uniform.

    Within these pipeline by pipeline, criterion by criterion, with chance last, and the mildest pruning first.
    """
    methods, criteria, pipelines = ["dense", "uniform"], [NORM, *CRITERIA], [SCRATCH, *PIPELINES]

    def key(variant: Variant) -> tuple[int, int, int, str, float]:
        place = [
            known.index(name) if name in known else len(known)
            for known, name in (
                (methods, variant.method),
                (pipelines, variant.pipeline),
                (criteria, variant.criterion),
            )
        ]
        return place[0], place[1], place[2], variant.target, -variant.ratio

    return sorted(set(variants), key=key)


def points(value: float, decimals: int = 1) -> str:
    """A signed number of points: `+51.9`, `−3.1`."""
    return f"{value:+.{decimals}f}".replace("-", "−")


def plural(count: float, word: str) -> str:
    """A number with its noun: `1 seed`, `0.5 points`."""
    return f"{count:g} {word}{'s' * (count != 1)}"


def percent(part: float) -> str:
    """A part as people write it: 0.075 -> `7.5 %`."""
    return f"{100 * part:g} %"


def short(number: float) -> str:
    """A size as people write it: 512, 2.3 M."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e4, "")):
        if number >= unit and name:
            return f"{number / unit:.3g}{name}"
        if number >= unit:
            return f"{number / 1e3:.3g} k"
    return f"{number:g}"
