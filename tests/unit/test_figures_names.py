"""What figures call networks, variants, methods and numbers, in which order, and in which colours."""

import pandas as pd
import pytest

from figure_samples import VARIANTS
from prunescape.figures.names import (
    method_title,
    model_title,
    narrow_title,
    panel_title,
    points,
    short,
    short_title,
    variant_title,
    variants_in,
)
from variant_samples import KNOWN, with_columns


@pytest.mark.parametrize(
    ("title", "words", "expected"),
    [
        (model_title, "resnet56", "ResNet-56"),
        (model_title, "resnet18_cifar", "ResNet-18 (CIFAR)"),
        (model_title, "vgg19_cifar", "VGG-19 (CIFAR)"),
        (model_title, "mobilenetv2", "MobileNetV2"),
        (model_title, "small_resnet", "Small ResNet"),
        (model_title, "my_net", "my_net"),
        (model_title, "firedw", "firedw"),
        (model_title, "vanilla_cnn", "Vanilla CNN"),
        (method_title, "lamp", "LAMP"),
        (method_title, "grasp", "GraSP"),
        (method_title, "my_own", "My own"),
        (variant_title, KNOWN["dense"], "Dense"),
        (variant_title, KNOWN["non_uniform-0.2"], "Non-uniform, 20 % of FLOPs"),
        (variant_title, KNOWN["uniform-0.125"], "Uniform, 12.5 % of FLOPs"),
        (variant_title, KNOWN["uniform_rate_rewinding-0.4"], "Uniform (rate rewound), 40 % of FLOPs"),
        (variant_title, KNOWN["uniform_lamp_fine_tuning-0.4"], "Uniform (LAMP, fine-tuned), 40 % of FLOPs"),
        (variant_title, KNOWN["non_uniform_bn_scale-0.4"], "Non-uniform (batch-norm scale), 40 % of FLOPs"),
        (variant_title, KNOWN["uniform_random-0.4"], "Uniform (random, the control), 40 % of FLOPs"),
        (variant_title, KNOWN["uniform_weight_rewinding-0.4"], "Uniform (weights rewound), 40 % of FLOPs"),
        (
            *(variant_title, KNOWN["non_uniform_taylor_prune_at_init_parameters-0.25"]),
            "Non-uniform (Taylor, pruned at initialisation), 25 % of parameters",
        ),
        (variant_title, KNOWN["uniform_latency-0.5"], "Uniform, 50 % of latency"),
        (short_title, KNOWN["uniform_latency-0.5"], "Uniform, 50 %"),
        (short_title, KNOWN["dense"], "Dense"),
        (panel_title, KNOWN["non_uniform_taylor-0.5"], "Non-uniform (Taylor),\n50 % of FLOPs"),
        (narrow_title, KNOWN["uniform-0.5"], "Uniform\n50 %"),
        (narrow_title, KNOWN["dense"], "Dense"),
        (narrow_title, KNOWN["non_uniform_random-0.5"], "Non-uniform (random,\nthe control)\n50 %"),
        (short, 64, "64"),
        (short, 206_000, "206 k"),
        (short, 23_500_000, "23.5 M"),
        (short, 1.5e9, "1.5 G"),
        (points, 51.94, "+51.9"),
        (points, -3.06, "−3.1"),
        (points, 0.0, "+0.0"),
    ],
)
def test_names_and_numbers_in_words(title, words, expected) -> None:
    assert title(words) == expected


def ordered(variants: list[str]) -> list[str]:
    """Names in the order of figures, of two tables that share the first one."""
    table = with_columns(pd.DataFrame({"variant": variants}))
    return list(variants_in(table[:1], table))


def test_what_is_left_stands_in_the_last_line_of_a_title() -> None:
    assert panel_title(KNOWN["non_uniform_random_prune_at_init_parameters-0.5"]).endswith("\n50 % of parameters")


def test_variants_are_ordered_from_mild_to_hard() -> None:
    assert ordered([*reversed(VARIANTS), "dense"]) == VARIANTS


def test_criteria_and_pipelines_have_their_order_with_chance_last() -> None:
    order = [
        "dense", "uniform-0.5", "uniform_taylor-0.5", "uniform_random-0.5", "non_uniform-0.5", "non_uniform-0.2",
        "non_uniform_bn_scale-0.5", "non_uniform_random-0.5", "non_uniform_weight_rewinding-0.5",
        "non_uniform_random_weight_rewinding-0.5", "non_uniform_random_prune_at_init-0.5",
    ]  # fmt: skip
    assert ordered(sorted(order)) == order
    targets = ["uniform_parameters-0.5", "uniform_fpgm_parameters-0.5", "non_uniform_parameters-0.5"]
    assert ordered(sorted(targets)) == targets
