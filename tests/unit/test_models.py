"""Networks against Table 3.2 of the thesis, He initialisation, widths, and weights on disk."""

from collections.abc import Callable

import pytest
import torch

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build, he_initialise
from prunescape.models.flops import count_flops, count_flops_with_norms, count_parameters
from prunescape.models.weights import load_weights, save_weights

CIFAR, IMAGENET, DIGITS = (3, 32, 32), (3, 224, 224), (1, 8, 8)


def resnet56_by_hand() -> tuple[int, int, int]:
    """Multiply-accumulates, and elements that batch norms and rectifiers give, by Table 2.1 of the thesis."""
    elements = 16 * 32**2 + 18 * sum(width * side**2 for width, side in ((16, 32), (32, 16), (64, 8)))
    inside = 17 * (16**2 * 32**2 + 32**2 * 16**2 + 64**2 * 8**2) + 16**2 * 32**2 + 16 * 32 * 16**2 + 32 * 64 * 8**2
    return 9 * (3 * 16 * 32**2 + inside) + 640, elements, elements


def mobilenetv2_by_hand() -> tuple[int, int, int]:
    """The same by Table 2.2, with the strides for images of 32 pixels; every block expands, the first one, too."""
    side, inputs, macs, normed, rectified = 32, 32, 27 * 32 * 32**2, 32 * 32**2, 32 * 32**2
    for factor, outputs, blocks, first in (
        *((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 1), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
    ):
        for stride in (first, *[1] * (blocks - 1)):
            inner, after = factor * inputs, side // stride
            macs += inputs * inner * side**2 + 9 * inner * after**2 + inner * outputs * after**2
            rectified += inner * (side**2 + after**2)
            normed += inner * (side**2 + after**2) + outputs * after**2
            side, inputs = after, outputs
    last = 1280 * side**2
    return macs + 320 * last + 1280 * 10, normed + last, rectified + last


def resnet50_by_hand() -> tuple[int, int, int]:
    """The same by Table 2.1, with the strides in the 3x3 convolutions and projections beside the first blocks."""
    inputs, side, macs, normed = 64, 56, 147 * 64 * 112**2, 64 * 112**2
    rectified = normed
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            after = side // 2 if stage > 0 and block == 0 else side
            macs += inputs * width * side**2 + (9 + 4) * width**2 * after**2
            normed += width * side**2 + 5 * width * after**2
            rectified += width * side**2 + 5 * width * after**2
            if block == 0:
                macs += inputs * 4 * width * after**2
                normed += 4 * width * after**2
            inputs, side = 4 * width, after
    return macs + 2048 * 1000, normed, rectified


@pytest.mark.parametrize(
    ("name", "shape", "classes", "millions", "published", "digits", "by_hand"),
    [
        ("resnet56", CIFAR, 10, 0.85, 2.5e8, -7, resnet56_by_hand),
        ("mobilenetv2", CIFAR, 10, 2.2, 6.1e8, -7, mobilenetv2_by_hand),
        ("resnet50", IMAGENET, 1000, 25.6, 8.2e9, -8, resnet50_by_hand),
    ],
)
def test_sizes_agree_with_table_3_2(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    millions: float,
    published: float,
    digits: int,
    by_hand: Callable[[], tuple[int, int, int]],
) -> None:
    """All rows, to the digits printed, where batch norm (2 an element) and rectifiers (1) are counted."""
    model = build(Architecture(name, shape, classes))
    macs, normed, rectified = by_hand()
    assert count_parameters(model) / 1e6 == pytest.approx(millions, rel=0.02)
    assert count_flops(model, shape) == 2 * macs == pytest.approx(published, rel=0.03)
    assert count_flops_with_norms(model, shape) == 2 * macs + 2 * normed + rectified
    assert round(count_flops_with_norms(model, shape), digits) == published


def test_mobilenetv2_is_that_of_the_thesis_source() -> None:
    """Chen, 2018: 53 convolutions, initialised by fan-out; a classifier as torch initialises it."""
    model = build(Architecture("mobilenetv2", CIFAR, 10), 3)
    convolutions = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 53
    normal = torch.cat([m.weight.flatten() * (m.kernel_size[0] ** 2 * m.out_channels / 2) ** 0.5 for m in convolutions])
    assert (normal.mean().item(), normal.var().item()) == pytest.approx((0, 1), abs=5e-3)
    for layer in convolutions[1:4]:  # by themselves, too: 1x1, depthwise, 1x1
        spread = layer.weight.std().item()
        assert spread == pytest.approx((2 / (layer.kernel_size[0] ** 2 * layer.out_channels)) ** 0.5, rel=0.15)
    classifier = model.get_submodule("classifier.1")
    for tensor in (classifier.weight, classifier.bias):
        bound = 1280**-0.5
        assert tensor.abs().max() <= bound
        assert tensor.std().item() == pytest.approx(bound / 3**0.5, rel=0.5 if tensor.dim() == 1 else 0.02)
    again, other = build(Architecture("mobilenetv2", CIFAR, 10), 3), build(Architecture("mobilenetv2", CIFAR, 10), 4)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name))
    assert not torch.equal(classifier.bias, other.get_parameter("classifier.1.bias"))


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("resnet18_cifar", 11_173_962, 0.556e9),
        ("resnet50_cifar", 23_520_842, 1.298e9),
        ("vgg19_cifar", 20_040_522, 0.398e9),
    ],
)
def test_adapted_networks_have_the_sizes_of_their_source(name: str, parameters: int, macs: float) -> None:
    """Of the networks in the repository that the SP paper names (its footnote), for ten classes."""
    model = build(Architecture(name, CIFAR, 10))
    assert count_parameters(model) == parameters
    assert count_flops(model, CIFAR) == pytest.approx(2 * macs, rel=2e-3)


def test_vgg19_pools_to_one_pixel_and_resnets_to_four() -> None:
    sizes = {}
    for name, last in [("resnet18_cifar", "layer4"), ("vgg19_cifar", "features")]:
        model = build(Architecture(name, CIFAR, 10)).eval()
        model.get_submodule(last).register_forward_hook(lambda _, __, y, name=name: sizes.update({name: y.shape[1:]}))
        model(torch.zeros(1, *CIFAR))
        grey = build(Architecture(name, (1, 28, 28), 100)).eval()
        assert grey(torch.zeros(1, 1, 28, 28)).shape == (1, 100)
    assert sizes == {"resnet18_cifar": (512, 4, 4), "vgg19_cifar": (512, 1, 1)}


def test_the_vanilla_cnn_is_that_of_a_2_1() -> None:
    """Of the utility paper (An empirical study of a pruning mechanism, 2021)."""
    model = build(Architecture("vanilla_cnn", CIFAR, 10), 0)
    weights = [
        (module.in_channels, module.out_channels) if isinstance(module, torch.nn.Conv2d) else type(module).__name__
        for module in model.get_submodule("features")
        if not isinstance(module, torch.nn.ReLU)
    ]
    pool = "MaxPool2d"
    assert weights == [(3, 16), (16, 16), (16, 16), pool, (16, 32), (32, 32), pool, (32, 64), (64, 64)]
    assert count_parameters(model) == 9 * (3 * 16 + 2 * 16**2 + 16 * 32 + 32**2 + 32 * 64 + 64**2) + 240 + 650
    assert count_flops(model, CIFAR) == 2 * (
        9 * (1024 * (48 + 2 * 256) + 256 * (512 + 1024) + 64 * (2048 + 4096)) + 640
    )
    assert model(torch.zeros(2, *CIFAR)).shape == (2, 10)


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_depth_counts_the_layers_with_weights(depth: int) -> None:
    model = build(Architecture(f"resnet{depth}", CIFAR, 10))
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == depth  # shortcuts have no parameters


def test_flops_agree_with_a_count_by_hand_and_with_ptflops() -> None:
    from ptflops import get_model_complexity_info

    from prunescape.runtime.torchvision_compat import torchvision  # noqa: F401  (ptflops imports it)

    model = build(Architecture("resnet20", CIFAR, 10), 0)
    # stem, 6 convolutions of 16 channels at 32x32, then each stage's first and 5 others, then the classifier
    by_hand = 2 * (
        32 * 32 * 9 * 3 * 16
        + 6 * 32 * 32 * 9 * 16 * 16
        + 16 * 16 * 9 * 32 * (16 + 5 * 32)
        + 8 * 8 * 9 * 64 * (32 + 5 * 64)
        + 640
    )
    assert count_flops(model, CIFAR) == by_hand
    macs, _ = get_model_complexity_info(model, CIFAR, as_strings=False, print_per_layer_stat=False, backend="pytorch")
    assert 2 * macs == pytest.approx(by_hand, rel=0.02)  # ptflops adds batch norm and activations


def test_he_initialisation_has_the_right_variance_and_depends_on_the_seed_alone() -> None:
    architecture = Architecture("resnet56", CIFAR, 10)
    first = build(architecture, 7)
    torch.manual_seed(123)
    second = build(architecture, 7)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
    weight = first.get_submodule("blocks.20.conv2").weight
    assert weight.var().item() == pytest.approx(2 / (64 * 9), rel=0.05)
    he_initialise(second, 8)
    assert not torch.equal(weight, second.get_submodule("blocks.20.conv2").weight)


def test_small_images_are_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="images of 8 pixels are too small") as error:
        build(Architecture("resnet56", DIGITS, 10))
    assert "\n" not in str(error.value)


def test_unknown_models_and_layers_are_named() -> None:
    with pytest.raises(UserError, match="did you mean 'resnet56'"):
        build(Architecture("resnet57", CIFAR, 10))
    with pytest.raises(UserError, match=r"no layer 'conv9' with out_channels any more; prune it again"):
        build(Architecture("resnet20", CIFAR, 10, {"conv9": {"out_channels": 3}}))


def test_architecture_and_weights_survive_the_disk(tmp_path) -> None:
    layers = {"blocks.0.conv1": {"out_channels": 5}, "blocks.0.bn1": {"num_features": 5}}
    architecture = Architecture(
        "small_resnet", DIGITS, 10, {**layers, "blocks.0.conv2": {"in_channels": 5}}, ignored_layers=("blocks.1",)
    )
    model = build(architecture, 3).eval()
    architecture.save(tmp_path / "a.json")
    save_weights(tmp_path / "w.safetensors", model.state_dict())
    loaded = load_architecture(tmp_path / "a.json")
    assert loaded == architecture
    again = load_weights(tmp_path / "w.safetensors", build(loaded)).eval()
    assert again.get_submodule("blocks.0.conv2").in_channels == 5
    images = torch.randn(4, *DIGITS)
    assert torch.equal(model(images), again(images))


def test_damaged_files_are_named_in_one_line(tmp_path) -> None:
    model = build(Architecture("small_resnet", DIGITS, 10), 0)
    path = tmp_path / "w.safetensors"
    with pytest.raises(UserError, match="no such file"):
        load_weights(path, model)
    save_weights(path, model.state_dict())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged"):
        load_weights(path, model)
    save_weights(path, build(Architecture("resnet20", CIFAR, 10)).state_dict())
    with pytest.raises(UserError, match="another architecture") as error:
        load_weights(path, model)
    assert "\n" not in str(error.value)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UserError, match="not an architecture"):
        load_architecture(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('{"name": "small_resnet", "widths": {}}')
    with pytest.raises(UserError, match=r"a\.json: an architecture as an earlier version of prunescape wrote it; make"):
        load_architecture(tmp_path / "a.json")
