"""A user's own code is found without running it, and its digest changes with its meaning and nothing else."""

import importlib.util
import runpy
from pathlib import Path

import pytest

from prunescape.errors import UserError
from prunescape.models import external_code
from prunescape.models.external_code import check_import, distributions_of, external_packages, module_files, not_seen
from prunescape.models.opened import opened, undeclared
from prunescape.plan.identity import file_digest

BLOCKS = "from importlib import import_module\nfrom torch import nn\n\nclass Block(nn.Module):\n    width = 8\n"
BLOCKS += "    other = import_module('.relative', __package__)\n"
NETS = """raise SystemExit("not to be run")
from .parts.blocks import Block
import beside
import importlib

def build(num_classes):
    importlib.import_module("mine.late")
    return Block()
"""
FILES = {
    "mine/__init__.py": "",
    "mine/nets.py": NETS,
    "mine/parts/__init__.py": "",
    "mine/parts/blocks.py": BLOCKS,
    "mine/other.py": "x = 1\n",
    "mine/late.py": "z = 1\n",
    "mine/parts/relative.py": "z = 1\n",
    "beside.py": "y = 1\n",
    "alone.py": "from mine.nets import *\n",
    "reach.py": """import os, subprocess as sp
from subprocess import run
from beside import y as taken
try:
    from timm import mend
except ImportError:
    mend = None
""",
}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A working directory with a package of networks."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digest(module: str = "mine.nets") -> str:
    for function in (external_code.external_digest, external_code._own_modules, external_code._distributions):
        function.cache_clear()
    return external_code.external_digest(module)


def test_modules_are_found_and_not_run(here: Path) -> None:
    assert module_files("mine.nets") == [here / "mine" / "__init__.py", here / "mine" / "nets.py"]
    check_import("mine.nets:build")
    check_import("alone:anything")  # it imports everything there is
    check_import("torchvision:resnet18")
    with pytest.raises(UserError, match=r"mine.nets:bild: .*nets.py defines no 'bild'; did you mean 'build'\?"):
        check_import("mine.nets:bild")
    for name in ("mine.missing", "nowhere", "beside.inside"):
        with pytest.raises(UserError, match=f"no module '{name}'; .*it is looked for in the directory"):
            check_import(f"{name}:build")
    with pytest.raises(
        UserError, match=r"no module 'transformers'; .*a function of yours whose network returns the logits"
    ):
        check_import("transformers:ViTForImageClassification")
    mistyped = {"besides": "beside", "beside.py": "beside", "mine.net": "mine.nets", "mine.nets.py": "mine.nets"}
    for name, meant in mistyped.items():
        with pytest.raises(UserError, match=f"no module '{name}'; did you mean '{meant}'\\? it is looked for in"):
            check_import(f"{name}:build")
    (here / "beside.py").write_text("def (:\n")
    with pytest.raises(UserError, match=r"beside.py, line 1: is no Python \(.*\); mend it"):
        digest()


@pytest.mark.parametrize(
    "target",
    [
        *("os:system", "os.path:join", "posix:system", "nt:system", "subprocess:run", "shutil:rmtree", "pathlib:Path"),
        *(
            "builtins:eval",
            "functools:partial",
            "importlib:import_module",
            "runpy:run_path",
            "pickle:loads",
            "ctypes:CDLL",
        ),
        *("__main__:build", "test.support:run_code", "_posixsubprocess:fork_exec", "antigravity:x", "this:s"),
    ],
)
def test_python_itself_has_no_networks(here: Path, target: str) -> None:
    if target.startswith("test.") and importlib.util.find_spec("test.support") is None:
        pytest.skip("this Python comes without its tests")
    with pytest.raises(UserError, match="is of Python itself, where no networks are; name a module of your own"):
        check_import(target)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("reach:os.system", "reach:os.system: comes from os; name a function or a class that reach itself defines"),
        ("reach:sp.run", "comes from subprocess;"),
        ("reach:run", "comes from subprocess;"),
        ("reach:taken", "comes from beside;"),
        ("prunescape.io.files:write_json", "is prunescape itself; its networks are used by their names"),
    ],
)
def test_what_a_module_merely_imports_is_refused(here: Path, target: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_import(target)


def test_what_comes_from_the_same_package_is_not_refused(here: Path) -> None:
    check_import("mine.nets:Block")
    check_import("reach:mend")  # where two things may be meant, whoever imports it sees which


@pytest.mark.parametrize(
    ("file", "text", "same"),
    [
        ("mine/nets.py", FILES["mine/nets.py"] + "\n# a comment\n", True),
        ("mine/nets.py", FILES["mine/nets.py"].replace("Block()", "Block( )"), True),
        ("mine/other.py", "x = 2\n", True),
        ("mine/nets.py", FILES["mine/nets.py"].replace("Block()", "Block(1)"), False),
        ("mine/parts/blocks.py", BLOCKS.replace("8", "9"), False),
        ("mine/parts/__init__.py", "print()\n", False),
        ("mine/__init__.py", "print()\n", False),
        ("beside.py", "y = 2\n", False),
        ("mine/late.py", "z = 2\n", False),  # by importlib
        ("mine/parts/relative.py", "z = 2\n", False),
    ],
)
def test_the_digest_changes_with_what_a_network_depends_on(here: Path, file: str, text: str, same: bool) -> None:
    before = digest()
    (here / file).write_text(text)
    assert (digest() == before) == same


def test_installed_packages_count_by_their_version(here: Path, monkeypatch) -> None:
    before = digest("torchvision")
    monkeypatch.setattr(external_code.importlib.metadata, "version", lambda name: "99")
    assert digest("torchvision") != before


def test_packages_are_those_of_their_distributions_whatever_these_are_called(here: Path) -> None:
    text = "import PIL.Image\nimport sklearn\nimport os\ndef build(c):\n    import yaml\n    import beside\n"
    (here / "reads.py").write_text(text)
    digest("reads")
    assert external_packages("reads") == {"PIL", "sklearn", "yaml"}
    assert distributions_of(external_packages("reads")) == ["PyYAML", "pillow", "scikit-learn"]
    assert external_packages("mine.nets") == {"torch"}
    assert external_packages("torchvision") == {"torchvision"}


def test_what_a_network_reads_and_the_digest_does_not_see_is_told(here: Path) -> None:
    (here / "mine" / "table.npy").write_bytes(b"1")
    text = """import importlib, numpy, pathlib
table = numpy.load(pathlib.Path(__file__).parent / "table.npy")
name = "mine." + "late"
importlib.import_module(name)
"nowhere.npy"
"""
    (here / "mine" / "reads.py").write_text(text)
    digest("mine.reads")
    table, hidden = not_seen("mine.reads", [])
    assert table.startswith(f"{here}/mine/reads.py, line 2: names table.npy")
    assert hidden.startswith(f"{here}/mine/reads.py, line 4: imports a module whose name is made up")
    assert not_seen("mine.reads", ["mine/table.npy"]) == not_seen("mine.reads", ["mine"]) == [hidden]
    assert not_seen("mine.nets", []) == not_seen("torchvision", []) == []


def test_declared_files_count_by_their_content(here: Path) -> None:
    (here / "folder").mkdir()
    (here / "folder" / "a.npy").write_bytes(b"1")

    def of(path: str) -> str:
        file_digest.cache_clear()
        return file_digest(path)

    before = of("folder"), of("folder/a.npy")
    (here / "folder" / "a.npy").touch()
    assert (of("folder"), of("folder/a.npy")) == before
    (here / "folder" / "a.npy").write_bytes(b"2")
    after = of("folder"), of("folder/a.npy")
    assert after[0] != before[0]
    assert after[1] != before[1]
    (here / "folder" / "a.npy").rename(here / "folder" / "b.npy")
    assert of("folder") != after[0]


def test_files_that_a_network_reads_are_seen_as_it_does(here: Path) -> None:
    """Whatever the code calls them, and not what it has written itself, nor code, nor what is installed."""
    (here / "weights").mkdir()
    (here / "weights" / "table.npy").write_bytes(b"1")
    text = """import json, os, pathlib, torch
part = "wei" + "ghts"
(pathlib.Path(part) / ("table" + ".npy")).read_bytes()
pathlib.Path("cache.txt").write_text("own")
pathlib.Path("cache.txt").read_text()
open("beside.py").close()
open(torch.__file__).close()
"""
    (here / "reads_in_a_test.py").write_text(text)
    digest("reads_in_a_test")
    assert not_seen("reads_in_a_test", []) == []  # nothing can be told before it runs
    with opened() as read:
        runpy.run_path("reads_in_a_test.py")
    (here / "beside.py").read_bytes()
    assert read == {here / "weights" / "table.npy"}
    assert undeclared(read, ["weights"]) == undeclared(read, ["weights/table.npy"]) == []
    (line,) = undeclared(read, ["wei"])
    assert line.startswith(f"{here}/weights/table.npy is read as the network is made or tried")
