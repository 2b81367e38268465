"""Forty networks of torchvision and timm pass `check`, a step of training dense and pruned included, or say why not."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from data_samples import tiny_data
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture, Origin
from prunescape.models.probe import probe
from prunescape.pruning.settings import PruningSettings
from prunescape.training.engine import Engine
from prunescape.training.preflight import preflight
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

pytestmark = pytest.mark.full

SIDE = 64
AUX = {"aux_logits": False, "init_weights": False}
FITTED = {"img_size": SIDE}
SMALL_VIT = {"patch_size": 16, "num_layers": 3, "num_heads": 3, "hidden_dim": 192, "mlp_dim": 768}
PASS = {
    "torchvision:convnext_tiny": {},
    "torchvision:densenet121": {},
    "torchvision:efficientnet_b0": {},
    "torchvision:googlenet": AUX,
    "torchvision:mnasnet0_5": {},
    "torchvision:mobilenet_v2": {},
    "torchvision:mobilenet_v3_large": {},
    "torchvision:mobilenet_v3_small": {},
    "torchvision:regnet_x_400mf": {},
    "torchvision:regnet_x_800mf": {},
    "torchvision:regnet_y_400mf": {},
    "torchvision:resnet18": {},
    "torchvision:resnet34": {},
    "torchvision:resnet50": {},
    "torchvision:resnext50_32x4d": {},
    "torchvision:squeezenet1_1": {},
    "torchvision.models.vision_transformer:VisionTransformer": SMALL_VIT,
    "timm:edgenext_xx_small": {},
    "timm:ghostnet_050": {},
    "timm:lcnet_035": {},
    "timm:mobilenetv4_conv_small_050": {},
    "timm:test_byobnet": {},
    "timm:test_coatnet": FITTED,
    "timm:test_convnext": {},
    "timm:test_convnext2": {},
    "timm:test_convnext3": {},
    "timm:test_efficientnet": {},
    "timm:test_resnet": {},
    "timm:test_vit": FITTED,
    "timm:test_vit2": FITTED,
    "timm:test_vit3": FITTED,
    "timm:test_vit4": FITTED,
}
# Of torchvision's, whose families test_external_networks.py prunes as well, those that `make test-full` takes;
# `make zoo` takes the others.
QUICK = {"torchvision:mobilenet_v3_small", "torchvision:resnet18", "torchvision:squeezenet1_1"}


REFUSED = {
    "torchvision:shufflenet_v2_x0_5": "cannot follow this network's channels",
    "torchvision:shufflenet_v2_x1_0": "cannot follow this network's channels",
    "torchvision:swin_t": "cannot follow this network's channels",
    "torchvision:swin_v2_t": "folds images into windows",
    "timm:test_efficientnet_evos": "cannot be reached",
    "timm:test_efficientnet_gn": "cannot be reached: .*; spared: .*a GroupNormAct",
    "timm:test_efficientnet_ln": "cannot be reached: .*; spared: .*a LayerNormAct2d",
    "timm:test_mambaout": "cannot be reached: .*; spared: .*a SplitOp",
    "timm:test_nfnet": "gain beside its weights",
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """A few images of 64 x 64 pixels in three classes."""
    folder: Path = tmp_path_factory.mktemp("images")
    return tiny_data(folder, (12, 12), (3, SIDE, SIDE), pad=0)


def checked(target: str, kwargs: dict, images: PreparedData) -> dict:
    """What `check` finds of a network that is to be pruned to 80 % of its FLOPs."""
    architecture = Architecture("own", images.input_shape, len(images.classes), origin=Origin(target, kwargs))
    probe(architecture)
    variants = {"uniform": {"method": "uniform", "ratio": 0.8, "criterion": "norm"}}
    task = Task(architecture, images, Engine(), 0, Recipe(1, 10, 0.9))
    return preflight(architecture, variants, PruningSettings(tolerance_points=5), "auto", lambda line: None, task)


def marked(names: Iterable[str]) -> list:
    """Names as parameters of a test, some of them for `make zoo` alone."""
    slow = [name for name in names if name.startswith("torchvision:") and name not in QUICK]
    return [pytest.param(name, marks=[pytest.mark.zoo] * (name in slow)) for name in names]


@pytest.mark.parametrize("target", marked(PASS))
def test_they_are_pruned_and_train(target: str, images: PreparedData) -> None:
    found = checked(target, PASS[target], images)
    assert found["groups"]
    assert 0.7 < found["ratios"]["uniform"] <= 0.8


@pytest.mark.parametrize("target", marked(REFUSED))
def test_others_say_why_not(target: str, images: PreparedData) -> None:
    with pytest.raises(UserError, match=REFUSED[target]) as caught:
        checked(target, {}, images)
    assert "\n" not in str(caught.value)
