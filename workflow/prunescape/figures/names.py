"""Names and numbers as people write them: networks, data sets, metrics, pruned variants and their order, points."""

import re
import textwrap
from collections.abc import Iterable

from prunescape.printable import printable

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
TARGETS = {"": "FLOPs", "_parameters": "parameters", "_latency": "latency"}
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


def method_title(method: str) -> str:
    """A way of pruning as people write it: `lamp` -> `LAMP`, `uniform_bn_scale` -> `Uniform (batch-norm scale)`.

    The scope in which weights' scores are compared stands likewise: `wanda_2of4` -> `Wanda (2:4)`.
    """
    method = method.removesuffix(_target(method))
    scope, criterion, pipeline = _parts(method)
    if criterion or pipeline:
        words = [CRITERIA.get(criterion), PIPELINES.get(pipeline)]
        return f"{METHODS[scope]} ({', '.join(filter(None, words))})"
    score, _, of_weights = method.partition("_")
    if score in METHODS and of_weights in SCOPES:
        return f"{METHODS[score]} ({SCOPES[of_weights]})"
    return METHODS.get(method, method.replace("_", " ").capitalize())


def _parts(method: str) -> tuple[str, str, str]:
    """Scope, criterion and pipeline of a way of pruning without its target; empty what is the default, or unknown."""
    before, _, rest = method.partition("uniform_")
    if rest and before in ("", "non_"):
        pipeline = next((word for word in PIPELINES if rest.endswith(word)), "")
        criterion = rest.removesuffix(pipeline).rstrip("_")
        if not criterion or criterion in CRITERIA:
            return f"{before}uniform", criterion, pipeline
    return method, "", ""


def _target(method: str) -> str:
    """The end of a method's name that says what its ratios are parts of; none for FLOPs."""
    return next((end for end in TARGETS if end and method.endswith(end)), "")


def is_non_uniform(variant: str) -> bool:
    """Whether a variant is pruned non-uniformly, its layers keeping unlike shares."""
    return variant.startswith("non_uniform")


def data_title(name: str) -> str:
    """A data set's name as people write it: `cifar10` -> `CIFAR-10`."""
    return DATA.get(name, name.replace("_", " ").capitalize())


def metric_title(metric: str) -> str:
    """A metric's name as people write it: `top1` -> `top-1 accuracy`."""
    return METRICS.get(metric, metric.replace("_", " "))


def split_variant(variant: str) -> tuple[str, float]:
    """Method and ratio of a variant: `non_uniform-0.2` -> (`non_uniform`, 0.2); dense keeps all: (`dense`, 1.0)."""
    method, _, ratio = variant.rpartition("-")
    try:
        return (method, float(ratio)) if method else (variant, 1.0)
    except ValueError:
        return variant, 1.0


def variant_title(variant: str) -> str:
    """A variant's title: `non_uniform-0.2` -> `Non-uniform, 20 % of FLOPs`."""
    return short_title(variant) + ("" if split_variant(variant)[0] == variant else f" of {target_title(variant)}")


def panel_title(variant: str, more: str = "", width: int = 26) -> str:
    """A variant's title and what follows it, in lines that fit above a panel."""
    whole = f"{variant_title(variant)}{more}".replace(" %", "\u00a0%").replace(" of ", "\u00a0of\u00a0")
    return "\n".join(textwrap.wrap(whole, width)).replace("\u00a0", " ")


def short_title(variant: str) -> str:
    """A variant's short title: `non_uniform-0.2` -> `Non-uniform, 20 %`."""
    method, ratio = split_variant(variant)
    return method_title(method) if method == variant else f"{method_title(method)}, {100 * ratio:g} %"


def narrow_title(variant: str) -> str:
    """A variant's short title in as many lines as it has parts: `Uniform (Taylor,`, `fine-tuned)`, `20 %`."""
    *first, last = short_title(variant).split(", ")
    return "\n".join([",\n".join(first), last] if first else [last])


def target_title(variant: str) -> str:
    """The quantity that a variant's ratio is a part of: `uniform_latency-0.2` -> `latency`."""
    return TARGETS[_target(split_variant(variant)[0])]


def variant_order(variants: Iterable[str]) -> list[str]:
    """Variants in order, without repetition: dense, uniform, non-uniform.

    Within these pipeline by pipeline, criterion by criterion, with chance last, and the mildest pruning first.
    """
    ranks = {"dense": 0, "uniform": 1, "non_uniform": 2}
    criteria, pipelines = ["", *CRITERIA], ["", *PIPELINES]

    def key(variant: str) -> tuple[int, int, int, str, float]:
        method, ratio = split_variant(variant)
        scope, criterion, pipeline = _parts(method.removesuffix(_target(method)))
        place = criteria.index(criterion), pipelines.index(pipeline)
        return ranks.get(scope, 3), place[1], place[0], method, -ratio

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
