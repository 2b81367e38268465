"""Networks that are not in the catalogue: pruned over torchvision's families, built again, and refused in one line."""

import copy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from own_samples import of_torchvision, own
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.models.flops import count_flops
from prunescape.models.probe import probe
from prunescape.pruning.criteria import filter_norms
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune

# A small one of each of torchvision's families of classification that can be pruned: name, image size, kwargs.
FAMILIES = [
    ("alexnet", 64, {}),
    ("convnext_tiny", 32, {}),
    ("densenet121", 32, {}),
    ("efficientnet_b0", 32, {}),
    ("efficientnet_v2_s", 32, {}),
    ("googlenet", 32, {"aux_logits": False, "init_weights": False}),
    ("inception_v3", 75, {"aux_logits": False, "init_weights": False}),
    ("mnasnet0_5", 32, {}),
    ("mobilenet_v2", 32, {}),
    ("mobilenet_v3_small", 32, {}),
    ("regnet_y_400mf", 32, {}),
    ("resnet18", 32, {}),
    ("resnext50_32x4d", 32, {}),
    ("squeezenet1_1", 32, {}),
    ("vit_b_16", 32, {"image_size": 32}),
]
# Those that cannot, and what the error says; docs/own-network.md lists them.
REFUSED = [
    pytest.param("maxvit_t", 224, "folds images into windows", id="maxvit_t", marks=pytest.mark.full),
    pytest.param("shufflenet_v2_x0_5", 32, "cannot follow this network's channels", id="shufflenet_v2_x0_5"),
    pytest.param("swin_t", 32, "cannot follow this network's channels", id="swin_t", marks=pytest.mark.full),
    pytest.param("swin_v2_t", 32, "folds images into windows", id="swin_v2_t"),
]


SLOW = {"densenet121", "efficientnet_v2_s", "inception_v3", "resnext50_32x4d", "vit_b_16"}
SLOW |= {"alexnet", "convnext_tiny", "regnet_y_400mf"}
CASES = [
    pytest.param(*family, "all", "non_uniform", marks=[pytest.mark.full] * (family[0] in SLOW)) for family in FAMILIES
]
# Inside blocks too: of `make test`, and one that joins channels; the others of `make zoo`, but for the heaviest.
INSIDE = {"mobilenet_v3_small": (), "resnet18": (), "googlenet": (pytest.mark.full,)}
INSIDE |= dict.fromkeys(
    ["alexnet", "convnext_tiny", "efficientnet_b0", "mnasnet0_5", "mobilenet_v2", "regnet_y_400mf", "squeezenet1_1"],
    (pytest.mark.full, pytest.mark.zoo),
)
CASES += [
    pytest.param(*family, "inside-blocks", "uniform", marks=INSIDE[family[0]])
    for family in FAMILIES
    if family[0] in INSIDE
]


@pytest.mark.parametrize(
    ("name", "size", "kwargs", "mode", "method"), CASES, ids=[f"{case.values[0]}-{case.values[3]}" for case in CASES]
)
def test_families_meet_the_target_and_rebuild_to_equal_outputs(
    name: str, size: int, kwargs: dict, mode: str, method: str, tmp_path
) -> None:
    architecture = of_torchvision(name, size, kwargs, mode)
    shape = architecture.input_shape
    model = build(architecture, 0)
    dense_flops = count_flops(model, shape)
    masked = copy.deepcopy(model).double().eval()
    groups = Graph(copy.deepcopy(model), architecture).groups
    norms = filter_norms(model, groups, "l1")

    pruned = prune(model, architecture, method, 0.6, PruningSettings())
    assert count_flops(pruned.model, shape) / dense_flops == pruned.ratio
    assert 0.595 <= pruned.ratio <= 0.6

    pruned.architecture.save(tmp_path / "architecture.json")
    assert (tmp_path / "architecture.json").stat().st_size < 100_000
    again = build(load_architecture(tmp_path / "architecture.json")).eval()
    again.load_state_dict(pruned.model.state_dict())
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(again(images), pruned.model.eval()(images))
        # The dense network with the same channels silenced computes the same: so the right ones went, everywhere.
        for group in groups:
            silence(masked, group, norms[group.root][group.units()].sum(1), pruned.widths[group.root])
        expected, found = masked(images.double()), pruned.model.double()(images.double())
        assert torch.allclose(found, expected, rtol=1e-6, atol=1e-6 * float(expected.abs().max()))


def silence(model: nn.Module, group, scores: torch.Tensor, kept: int) -> None:
    """Set to zero all that makes the weakest channels of a group, so that they are zero after each layer."""
    weakest = torch.argsort(scores, stable=True)[: len(scores) - kept // group.unit]
    gone = set(group.units()[weakest].flatten().tolist())
    for member in group.members:
        layer = model.get_submodule(member.name)
        if not member.makes or isinstance(layer, nn.PReLU):
            continue
        rows = [at for at, root in zip(member.positions, member.roots, strict=True) if root in gone]
        for name in ("weight", "bias", "running_mean", "in_proj_weight", "in_proj_bias"):
            tensor = getattr(layer, name, None)
            if tensor is not None:
                tensor[rows] = 0.0


@pytest.mark.parametrize(("name", "size", "words"), REFUSED)
def test_families_that_cannot_be_pruned_say_so(name: str, size: int, words: str) -> None:
    architecture = of_torchvision(name, size, {})
    with pytest.raises(UserError, match=words) as caught:
        prune(build(architecture, 0), architecture, "uniform", 0.6, PruningSettings())
    assert "\n" not in str(caught.value)


@pytest.mark.full
def test_pruning_is_that_of_the_catalogue_where_groups_are_the_same() -> None:
    """The same resnet50, once from the catalogue and once imported: the same widths and weights."""
    known = Architecture("resnet50", (3, 64, 64), 10)
    imported = of_torchvision("resnet50", 64, {})
    networks = [build(known, 3), build(imported, 3)]
    assert torch.equal(*(network.get_parameter("fc.weight") for network in networks))
    for method in ("uniform", "non_uniform"):
        ours, theirs = (
            prune(copy.deepcopy(network), architecture, method, 0.5, PruningSettings())
            for network, architecture in zip(networks, (known, imported), strict=True)
        )
        assert ours.widths == theirs.widths
        assert ours.architecture.layers == theirs.architecture.layers
        weights = theirs.model.state_dict()
        assert all(torch.equal(tensor, weights[name]) for name, tensor in ours.model.state_dict().items())


def test_images_of_one_channel_reach_torchvision_networks() -> None:
    architecture = of_torchvision("mobilenet_v3_small", 32, {}, channels=1)
    probe(architecture)
    assert build(architecture).features[0][0].in_channels == 1


def test_own_networks_are_called_with_what_they_name(nets: str) -> None:
    network = build(own(f"{nets}:net", {"width": 6}), 1)
    assert (network[0].in_channels, network[0].out_channels) == (1, 6)
    assert build(own(f"{nets}:Plain")).head.in_features == 64
    assert torch.equal(network[0].weight, build(own(f"{nets}:net", {"width": 6}), 1)[0].weight)
    assert not torch.equal(network[0].weight, build(own(f"{nets}:net", {"width": 6}), 2)[0].weight)
    probe(own(f"{nets}:net"))


@pytest.mark.parametrize(
    ("name", "kwargs", "words"),
    [
        ("nothing", {}, "cannot be imported .*nothing.*; mend it"),
        ("table", {}, "is a dict, and must be a function or a class"),
        ("not_a_network", {}, "gave a int, and must give a torch.nn.Module"),
        ("net", {"width": "wide"}, "cannot be made with num_classes=10, in_channels=1, width='wide'"),
        ("net", {"num_classes": 3}, "num_classes follows from the data; remove it from kwargs"),
        ("net", {"depth": 3}, "unexpected keyword argument 'depth'"),
        ("wrong_classes", {}, r"gives \(4, 3\) for 4 images, and must give logits of 10 classes.* take num_classes"),
        ("pair", {}, "gives a tuple in evaluation, and must give one tensor of logits"),
        ("InPlace", {}, "changes the images that it is given, which others read too; write x = x - 0.5"),
        ("DropsAlways", {}, r"gives other logits for the same images each time.*F\.dropout\(x, p, self\.training\)"),
        ("unused", {}, "no gradient reaches extra"),
        ("detached", {}, "its logits have no gradient, so it cannot be trained; remove detach and no_grad"),
        ("probabilities", {}, "gives probabilities, and must give logits; remove its last softmax"),
        (
            "other_words",
            {},
            "cannot be made with no arguments, as its signature names none of num_classes, in_channels",
        ),
    ],
)
def test_what_is_no_network_is_told_in_one_line(nets: str, name: str, kwargs: dict, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        probe(own(f"{nets}:{name}", kwargs))
    assert "\n" not in str(caught.value)


FAULTY = """import torch
from torch import nn
from faulty_parts import Part

class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 4, 1)

    def forward(self, x):
        return self.layer(x)

def needs_more(depth):
    return Plain()

def raises():
    raise ValueError("no such checkpoint")  # here: raises

def raises_within(width=4):
    return Part(width).missing  # here: raises_within

class RaisesDeeper(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part("four")

class Forward(Plain):
    def forward(self, x):
        return self.layer(x).view(-1, 9999)  # here: Forward

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.LazyLinear(10)

    def forward(self, x):
        return self.layer(x.view(3, -1, 7777))  # here: Lazy
"""
PARTS = """from torch import nn

class Part(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Conv2d(1, width + 1, 1)  # here: RaisesDeeper
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Modules in a working directory, and where each of their mistakes is: its file and line."""
    places = {}
    for name, text in {"faulty_nets.py": FAULTY, "faulty_parts.py": PARTS}.items():
        (tmp_path / name).write_text(text)
        for number, line in enumerate(text.splitlines(), 1):
            if "# here: " in line:
                places[line.rpartition(" ")[2]] = f"{name}, line {number}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # which importing lengthens
    yield places
    for name in ("faulty_nets", "faulty_parts"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["raises", "raises_within", "RaisesDeeper", "Forward", "Lazy"])
def test_what_own_code_raises_is_told_with_its_file_and_line(faulty: dict[str, str], name: str) -> None:
    with pytest.raises(UserError) as caught:
        probe(own(f"faulty_nets:{name}"))
    said = str(caught.value)
    assert f"; {faulty[name]})" in said
    assert "signature" not in said  # the arguments are not at fault
    assert "\n" not in said


def test_arguments_that_do_not_fit_are_the_configs_mistake(faulty: dict[str, str]) -> None:
    for name, kwargs in [("needs_more", {}), ("needs_more", {"deep": 3}), ("raises", {"depth": 3})]:
        with pytest.raises(UserError, match=r"cannot be made with .*\); give what its signature names by kwargs$"):
            build(own(f"faulty_nets:{name}", kwargs))


def test_an_output_of_another_shape_is_told_with_what_to_do(faulty: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"gives \(4, 4, 8, 8\) .* classes, \(4, 10\); pool and flatten what its last"):
        probe(own("faulty_nets:Plain"))


def test_other_mistakes_are_told_in_one_line(nets: str) -> None:
    with pytest.raises(UserError, match="no module 'no_such_module_here'; it is looked for"):
        build(own("no_such_module_here:net"))
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        build(own("torchvision:resnet_18"))
    with pytest.raises(UserError, match=r"gives a GoogLeNetOutputs in training.*aux_logits: false"):
        probe(of_torchvision("googlenet", 32, {"init_weights": False}))
    with pytest.raises(UserError, match="does not take images of 3 x 16 x 16"):
        probe(of_torchvision("alexnet", 16, {}))
    network = own(f"{nets}:Plain")
    with pytest.raises(UserError, match="no channels can be pruned"):
        prune(build(network, 0), network, "uniform", 0.5, PruningSettings())
    network = own(f"{nets}:written_out", mode="all")
    with pytest.raises(UserError, match="does not work with fewer channels"):
        prune(build(network, 0), network, "uniform", 0.5, PruningSettings())


def test_timm_is_asked_for_where_it_lacks(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not installed
    with pytest.raises(UserError, match=r"timm is not installed; `pip install timm`"):
        build(own("timm:resnet18"))
