"""Networks that are not in the catalogue: pruned over torchvision's families, built again, and refused in one line."""

import copy
import sys

import pytest
import torch
from torch import nn

from config_samples import DATA, MODELS, changed
from prunescape.config import validated
from prunescape.errors import Interrupted, UserError
from prunescape.flops import count_flops
from prunescape.lanes.alone import Alone
from prunescape.lanes.fuse import check_lanes, fuse, lane_states
from prunescape.models import cifar_adapted, imagenet_resnet
from prunescape.models.architecture import Architecture, Origin, load_architecture
from prunescape.models.build import build
from prunescape.models.probe import probe
from prunescape.pruning.graph import Graph
from prunescape.pruning.own import prunable, unit_norms
from prunescape.pruning.structured import PruningSettings, prune
from prunescape.training import stop
from prunescape.training.array import Task
from prunescape.training.calibrate import calibrate
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.lane import Lane
from prunescape.training.recipe import Recipe
from prunescape.training.train import train

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
    ("vgg11_bn", 32, {}),
    ("vit_b_16", 32, {"image_size": 32}),
]
# Those that cannot, and what the error says; docs/own-network.md lists them.
REFUSED = [
    ("maxvit_t", 224, "folds images into windows"),
    ("shufflenet_v2_x0_5", 32, "cannot follow this network's channels"),
    ("swin_t", 32, "cannot follow this network's channels"),
    ("swin_v2_t", 32, "folds images into windows"),
]


def of_torchvision(name: str, size: int, kwargs: dict, mode: str = "inside-blocks", channels: int = 3) -> Architecture:
    return Architecture("own", (channels, size, size), 10, origin=Origin(f"torchvision:{name}", kwargs, mode))


HEAVY = {"densenet121", "efficientnet_v2_s", "vgg11_bn", "vit_b_16"}  # once is enough
CASES = [(*family, "all", "non_uniform") for family in FAMILIES]
CASES += [(*family, "inside-blocks", "uniform") for family in FAMILIES if family[0] not in HEAVY]


@pytest.mark.parametrize(
    ("name", "size", "kwargs", "mode", "method"), CASES, ids=[f"{case[0]}-{case[3]}" for case in CASES]
)
def test_families_meet_the_target_and_rebuild_to_equal_outputs(
    name: str, size: int, kwargs: dict, mode: str, method: str, tmp_path
) -> None:
    architecture = of_torchvision(name, size, kwargs, mode)
    shape = architecture.input_shape
    model = build(architecture, 0)
    dense_flops = count_flops(model, shape)
    masked = copy.deepcopy(model).double().eval()
    _, groups, _ = prunable(copy.deepcopy(model), architecture)
    norms = unit_norms(model, groups, "l1")

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
            silence(masked, group, norms[group.root], pruned.architecture.widths[group.root])
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
        for name in ("weight", "bias", "running_mean"):
            tensor = getattr(layer, name, None)
            if tensor is not None:
                tensor[rows] = 0.0


@pytest.mark.parametrize(("name", "size", "words"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_families_that_cannot_be_pruned_say_so(name: str, size: int, words: str) -> None:
    architecture = of_torchvision(name, size, {})
    with pytest.raises(UserError, match=words) as caught:
        prune(build(architecture, 0), architecture, "uniform", 0.6, PruningSettings())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "catalogue"), [("resnet18", cifar_adapted), ("resnet50", imagenet_resnet)])
def test_inside_blocks_are_the_groups_that_the_catalogue_names(name: str, catalogue) -> None:
    model = build(of_torchvision(name, 64, {}), 0)
    groups, _ = Graph(model, (3, 64, 64)).groups("inside-blocks")
    named = catalogue.channel_groups(model)
    assert [group.root for group in groups] == [group.producer for group in named]
    for found, expected in zip(groups, named, strict=True):
        assert {member.name for member in found.members} == {expected.producer, *expected.norms, expected.consumer}


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
        assert ours.architecture.widths == theirs.architecture.widths
        weights = theirs.model.state_dict()
        assert all(torch.equal(tensor, weights[name]) for name, tensor in ours.model.state_dict().items())


def test_images_of_one_channel_reach_torchvision_networks() -> None:
    architecture = of_torchvision("mobilenet_v3_small", 32, {}, channels=1)
    probe(architecture)
    assert build(architecture).features[0][0].in_channels == 1


NETS = """
import torch
from torch import nn

def net(num_classes, in_channels, width=8):
    return nn.Sequential(nn.Conv2d(in_channels, width, 3), nn.PReLU(width), nn.Conv2d(width, width, 3), nn.ReLU(),
        nn.Dropout(0.3), nn.Conv2d(width, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(width, num_classes))

class Plain(nn.Module):
    def __init__(self, num_classes, image_size):
        super().__init__()
        self.head = nn.Linear(image_size * image_size, num_classes)
    def forward(self, x):
        return self.head(x.mean(1).flatten(1))

def not_a_network(num_classes):
    return num_classes

def wrong_classes():
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 3))

def pair(num_classes, in_channels):
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(in_channels, num_classes)
        def forward(self, x):
            y = self.head(x.mean((2, 3)))
            return y, y
    return Pair()

def unused(num_classes, in_channels):
    network = net(num_classes, in_channels)
    network.extra = nn.Parameter(torch.zeros(1))
    return network

def written_out(num_classes, in_channels):
    class WrittenOut(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(in_channels, 8, 3), nn.Conv2d(8, 8, 3)
            self.third, self.head = nn.Conv2d(8, 8, 1), nn.Linear(8, num_classes)
        def forward(self, x):
            y = torch.relu(self.second(torch.relu(self.first(x))))
            return self.head(self.third(y.reshape(len(y), 8, -1, 1)).mean((2, 3)))
    return WrittenOut()

table = {}
"""


@pytest.fixture
def nets(tmp_path, monkeypatch) -> str:
    """The name of a module of networks in the working directory."""
    (tmp_path / "own_nets_of_a_test.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "own_nets_of_a_test"
    sys.modules.pop("own_nets_of_a_test", None)


def own(target: str, kwargs: dict | None = None, mode: str = "inside-blocks") -> Architecture:
    return Architecture("own", (1, 8, 8), 10, origin=Origin(target, kwargs or {}, mode))


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
        ("wrong_classes", {}, r"gives \(4, 3\) for 4 images, and must give logits of 10 classes"),
        ("pair", {}, "gives a tuple in evaluation, and must give one tensor of logits"),
        ("unused", {}, "no gradient reaches extra"),
    ],
)
def test_what_is_no_network_is_told_in_one_line(nets: str, name: str, kwargs: dict, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        probe(own(f"{nets}:{name}", kwargs))
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize("training", [True, False])
def test_an_array_of_one_is_the_network_itself(nets: str, training: bool) -> None:
    """Outputs, gradients and running statistics, of a network with layers that lanes do not know."""
    network = build(of_torchvision("convnext_tiny", 32, {}), 0) if not training else build(own(f"{nets}:net"), 0)
    shape = (1, 8, 8) if training else (3, 32, 32)
    array = fuse([network])
    assert isinstance(array, Alone)
    images = torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
    outputs = []
    for each in (network, array):
        each.train(training)
        torch.manual_seed(5)
        logits = each(images)
        logits.square().sum().backward()
        outputs.append(logits)
    assert torch.equal(*outputs)
    plain, stacked = dict(network.named_parameters()), dict(array.named_parameters())
    assert list(plain) == list(stacked)
    for name, parameter in plain.items():
        assert torch.equal(parameter.grad, stacked[name].grad[0])
    (state,) = lane_states(array, 1)
    assert {name: tensor.shape for name, tensor in state.items()} == {
        name: tensor.shape for name, tensor in network.state_dict().items()
    }


def test_running_statistics_of_an_array_of_one_are_its_own() -> None:
    network = build(of_torchvision("mobilenet_v3_small", 32, {}), 0)
    array, before = fuse([network]), copy.deepcopy(network.state_dict())
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    array.train()(images)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    torch.manual_seed(1)
    network.train()(images)
    name = "features.0.1.running_mean"
    assert torch.equal(lane_states(array, 1)[0][name], network.state_dict()[name])


def test_lanes_are_refused_where_a_network_allows_none(nets: str) -> None:
    images = torch.rand(2, 1, 8, 8)
    with pytest.raises(UserError, match=r"PReLU cannot be trained in lanes; set engine.strategy to 'serial'"):
        check_lanes([build(own(f"{nets}:net"), seed) for seed in (0, 1)], images)
    dropping = nn.Sequential(nn.Conv2d(1, 4, 8), nn.Dropout(0.5), nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(UserError, match="drops at random"):
        check_lanes([dropping, copy.deepcopy(dropping)], images)
    resnets = [build(of_torchvision("resnet18", 32, {}), seed) for seed in (0, 1)]
    check_lanes(resnets, torch.rand(4, 3, 32, 32))


def test_own_networks_train_the_same_each_time_and_after_a_stop(nets: str, digits, tmp_path, monkeypatch) -> None:
    """With dropout, whose random numbers are the step's own."""
    recipe = Recipe(epochs=2, batch_size=25, momentum=0.9)
    task = Task(own(f"{nets}:net"), digits, recipe, Engine(), seed=3)
    lanes = [Lane(0.05, 1e-3), Lane(0.1, 1e-3)]
    first, (second,) = train(task, lanes), train(task, lanes[1:])
    assert first[1].history == second.history
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in first[1].weights.items())
    assert second.history[-1].train_loss < second.history[0].train_loss

    checkpoint = Checkpoint.of(tmp_path / "state", {}, task.identity(), {})
    asked = iter([None, None, None, None, None, "SIGTERM"])  # in the second epoch
    monkeypatch.setattr(stop, "asked", lambda: next(asked, None))
    with pytest.raises(Interrupted):
        train(task, lanes[1:], checkpoint=checkpoint)
    (resumed,) = train(task, lanes[1:], checkpoint=checkpoint)
    assert resumed.history == second.history
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in resumed.weights.items())


def test_calibration_takes_what_a_network_allows(nets: str, digits) -> None:
    engine = validated(changed(("engine.device", "cpu")), MODELS, DATA)["engine"]
    lines: list[str] = []
    chosen = calibrate(own(f"{nets}:net"), digits, Recipe(1, 25, 0.9), engine, 3, report=lines.append)
    assert chosen["strategy"] == "serial"
    assert any("only one network at a time: " in line and "PReLU" in line for line in lines)
