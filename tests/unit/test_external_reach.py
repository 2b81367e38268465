"""What a config names is called only where it makes networks: not whatever is within reach of a module."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from own_samples import own
from prunescape.errors import UserError
from prunescape.models.build import build
from prunescape.models.probe import probe

# What is within reach of a module, and whether a config may have it called; calling what it may not makes a file.
REACH = """
import functools, os, subprocess, types
from os import system
from subprocess import run
import torch
from torch import nn
from torch.nn import Linear
from own_nets_of_a_test import net as taken

def build(num_classes, in_channels):
    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))

class Net(nn.Sequential):
    def __init__(self, num_classes, in_channels):
        super().__init__(*build(num_classes, in_channels))
    @classmethod
    def small(cls, num_classes, in_channels):
        return cls(num_classes, in_channels)
    @staticmethod
    def other(num_classes, in_channels):
        return build(num_classes, in_channels)
    borrowed = staticmethod(subprocess.run)

class Table:
    def __init__(self, **given):
        system("touch called")
    def __call__(self, **given):
        system("touch called")

class Started(subprocess.Popen):
    pass

class Kept(dict):
    pass

lazy = lambda num_classes, in_channels: build(num_classes, in_channels)
part = functools.partial(os.system, "touch called")
of_own = functools.partial(build, in_channels=1)
lying = functools.update_wrapper(functools.partial(run, "touch called", shell=True), build)
check_call = functools.wraps(build)(subprocess.check_call)
table = Table.__new__(Table)
bound = table.__call__
module = types.SimpleNamespace(system=os.system)
"""


@pytest.fixture
def reach(nets: str, tmp_path: Path) -> Iterator[str]:
    """The name of a module from which much is within reach; what it makes of other modules is undone."""
    (tmp_path / "reach_of_a_test.py").write_text(REACH)
    before = vars(subprocess.check_call).copy(), subprocess.check_call.__module__
    yield "reach_of_a_test"
    sys.modules.pop("reach_of_a_test", None)
    vars(subprocess.check_call).clear()
    vars(subprocess.check_call).update(before[0])
    subprocess.check_call.__module__ = before[1]


@pytest.mark.parametrize("name", ["build", "Net", "Net.small", "Net.other", "lazy"])
def test_classes_and_functions_of_the_named_package_are_called(reach: str, name: str) -> None:
    probe(own(f"{reach}:{name}"))


def test_what_a_package_has_from_its_own_modules_is_called(nets: str, tmp_path: Path) -> None:
    """Wherever in the named package it is written; what its code is asked to give is a network."""
    folder = tmp_path / "package_of_a_test"
    folder.mkdir()
    (folder / "deep.py").write_text("from own_nets_of_a_test import net\n\ndef text():\n    return 'text'\n")
    (folder / "nets.py").write_text((tmp_path / "own_nets_of_a_test.py").read_text())
    (folder / "__init__.py").write_text("from .deep import net as taken, text\nfrom .nets import net, Plain\n")
    for name in ("net", "Plain"):
        probe(own(f"package_of_a_test:{name}"))
    with pytest.raises(UserError, match="comes from own_nets_of_a_test"):
        build(own("package_of_a_test:taken"))
    with pytest.raises(UserError, match=r"gave a str, and must give a torch\.nn\.Module"):
        build(own("package_of_a_test:text"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("system", "is a builtin_function_or_method, and must be a function or a class"),
        ("os.system", "is a builtin_function_or_method"),
        ("run", "comes from subprocess; name a function or a class that reach_of_a_test itself defines"),
        ("subprocess.run", "comes from subprocess;"),
        ("Net.borrowed", "comes from subprocess;"),
        ("check_call", "comes from subprocess;"),
        ("taken", "comes from own_nets_of_a_test;"),
        ("Linear", "comes from torch.nn.modules.linear;"),
        ("nn.Sequential", "comes from torch.nn.modules.container;"),
        ("torch.load", "comes from torch.serialization;"),
        ("Net.load_state_dict", "comes from torch.nn.modules.module;"),
        ("subprocess.Popen", "is a class, but of no torch.nn.Module"),
        ("Started", "is a class, but of no torch.nn.Module"),
        ("Table", "is a class, but of no torch.nn.Module"),
        ("Net.__class__", "is a class, but of no torch.nn.Module"),
        ("Kept.fromkeys", "is a builtin_function_or_method, and"),
        ("part", "is a partial, and must be"),
        ("of_own", "is a partial, and must be"),
        ("lying", "is a partial, and must be"),
        ("table", "is a Table, and must be"),
        ("bound", "is a method, and must be"),
        ("module.system", "is a builtin_function_or_method, and"),
        ("__loader__.exec_module", "is a method, and must be"),
        ("build.__call__", "is a method-wrapper, and must be"),
        ("__builtins__.get", "is a builtin_function_or_method, and"),
    ],
)
def test_what_is_merely_within_reach_is_not_called(reach: str, tmp_path: Path, name: str, words: str) -> None:
    for kwargs in ({}, {"command": "touch called"}, {"args": "touch called", "shell": True}, {"f": "weights.pt"}):
        with pytest.raises(UserError, match=words) as caught:
            build(own(f"{reach}:{name}", kwargs))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("os:system", "os: is of Python itself"),
        ("subprocess:Popen", "subprocess: is of Python itself"),
        ("torch:load", "is a function of an installed package that is not declared to return a torch.nn.Module"),
        ("torch.hub:load", "is a function of an installed package"),
        # It is declared so, and runs the text of its argument.
        ("torch.fx.graph_module:reduce_graph_module", "is a function of an installed package"),
        ("torch:Tensor", "is a class, but of no torch.nn.Module"),
        ("torch:save", "is a function of an installed package"),
        ("numpy:load", "comes from |is a function of an installed package"),
        ("pandas:read_pickle", "is a function of an installed package"),
        ("pip:main", "is a function of an installed package"),
        ("yaml:unsafe_load", "is a function of an installed package"),
        ("joblib:load", "is a function of an installed package"),
        ("torchvision.models:get_model_builder", "is a function of an installed package"),
        ("torchvision.models:resnet.torch.hub.load", "comes from torch.hub|has no attribute"),
        ("prunescape.io.files:write_json", "is prunescape itself"),
    ],
)
def test_functions_of_installed_packages_are_not_called(nets: str, target: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        build(own(target, {"f": "weights.pt", "body": {"_code": "0"}, "import_block": "raise SystemExit"}))
    assert "\n" not in str(caught.value)


def test_networks_of_installed_packages_are_called() -> None:
    """A function that is declared to return a network, and a class."""
    assert build(own("torchvision.models:resnet18")).conv1.in_channels == 3
    network = own("torchvision.models.squeezenet:SqueezeNet")
    assert build(network).num_classes == 10
    with pytest.raises(UserError, match="this network has no weights to train"):
        build(own("torch.nn:Identity", {"width": 3}))


@pytest.mark.parametrize("key", ["weights", "pretrained", "checkpoint_path"])
def test_weights_are_not_loaded(key: str) -> None:
    for target in ("torchvision:resnet18", "timm:resnet18", "torchvision.models:resnet18"):
        with pytest.raises(UserError, match=f"{key} loads weights, and training starts anew; remove it from kwargs"):
            build(own(target, {key: "evil.pt"}))
    assert build(own("torchvision:resnet18", {"weights": None}))


def test_a_module_that_exits_is_told_in_one_line(nets: str, tmp_path: Path) -> None:
    (tmp_path / "exits_in_a_test.py").write_text("raise SystemExit(0)\n")
    with pytest.raises(UserError, match=r"cannot be imported \(SystemExit: 0; exits_in_a_test.py, line 1\); mend it"):
        build(own("exits_in_a_test:net"))
