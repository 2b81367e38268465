"""Loading never executes code, and every file is written whole or not at all: read off the source."""

import ast
from pathlib import Path

import pytest
import yaml

from prunescape.config.reading import ConfigError, validated
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.models.catalogue import CATALOGUE as MODELS
from prunescape.runtime import fingerprint

WORKFLOW = Path(fingerprint.__file__).parents[2]
SOURCES = sorted(WORKFLOW.rglob("*.py"))
PICKLES = {
    # CIFAR is published as pickles; this reader lets no name in them but those of plain arrays (see its tests).
    "prunescape/data/sources/restricted_pickle.py",
    "prunescape/data/sources/cifar.py",
    # What a process's own forked children hand back, never in a file.
    "prunescape/training/workers.py",
    # The error of torch's own unpickler, which takes plain tensors only (`weights_only=True`).
    "prunescape/models/given_weights.py",
}
NO_RESULTS = {
    "prunescape/command.py",  # makes a first config, by hand, where there is none
    "prunescape/first_config.py",  # a draft of it, that is read and thrown away
    "prunescape/config/reference.py",  # makes a page of the documentation, by hand
    "prunescape/config/schema.py",  # makes what editors read, by hand
    "prunescape/training/workers.py",  # empty files to lock
    "prunescape/runtime/job_lock.py",  # a draft that becomes the job lock by a hard link
}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_METHODS = {
    ("torch", "load"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("yaml", "full_load"),
    ("pd", "read_pickle"),
    ("os", "system"),
}
WRITING_METHODS = {"write_text", "write_bytes", "to_csv", "savefig", "dump"}
WRITING_FUNCTIONS = {"save_file"}


def name_of(path: Path) -> str:
    return path.relative_to(WORKFLOW).as_posix()


def dotted(node: ast.expr) -> tuple[str, str] | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id, node.attr
    return None


def unsafe(tree: ast.AST) -> list[str]:
    """What in a module could run code that comes out of a file."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE_MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in UNSAFE_CALLS:
                found.append(node.func.id)
            name = dotted(node.func)
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            only_weights = given.get("weights_only")
            if name in UNSAFE_METHODS and not (isinstance(only_weights, ast.Constant) and only_weights.value is True):
                found.append(".".join(name or ()))
            pickles = given.get("allow_pickle")
            if name == ("np", "load") and not (isinstance(pickles, ast.Constant) and pickles.value is False):
                found.append("np.load without allow_pickle=False")
            if "shell" in given:
                found.append("a shell")
    return found


def test_loading_never_executes_code() -> None:
    found = {name_of(path): set(unsafe(ast.parse(path.read_text()))) for path in SOURCES}
    allowed = {name: {"pickle"} if name in PICKLES else set() for name in found}
    assert {name: calls for name, calls in found.items() if calls - allowed[name]} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "yaml.load(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_check_finds_what_it_is_meant_to_find(code: str) -> None:
    assert unsafe(ast.parse(code))


def unguarded(tree: ast.AST) -> list[str]:
    """Calls that write a file outside of `with atomic(...)` or `with new_array(...)`."""
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
            if any(isinstance(call.func, ast.Name) and call.func.id in ("atomic", "new_array") for call in calls):
                guarded |= {below for statement in node.body for below in ast.walk(statement)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or node in guarded:
            continue
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        modes = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        opens = "open" in (method, function) and any(
            isinstance(mode, str) and set(mode) & set("wax") for mode in modes[-1:]
        )
        as_text = method == "to_csv" and not node.args  # gives text, and writes no file
        if (
            (method in WRITING_METHODS and not as_text)
            or function in WRITING_FUNCTIONS
            or opens
            or dotted(node.func) == ("np", "save")
        ):
            found.append(ast.unparse(node))
    return found


def test_every_write_is_atomic() -> None:
    found = {name_of(path): unguarded(ast.parse(path.read_text())) for path in SOURCES}
    assert {name: calls for name, calls in found.items() if calls and name not in NO_RESULTS} == {}


@pytest.mark.parametrize(
    "code",
    [
        "path.write_text('x')",
        "table.to_csv(path)",
        "open(path, 'w')",
        "path.open('wb')",
        "save_file(a, b)",
        "np.save(p, a)",
    ],
)
def test_the_check_of_writes_finds_what_it_is_meant_to_find(code: str) -> None:
    assert unguarded(ast.parse(code))
    assert not unguarded(ast.parse(f"with atomic(path) as temporary:\n    {code}"))


@pytest.mark.parametrize(
    "run",
    ["../out", "/tmp/out", "a/b", "..", ".", ".hidden", "a\nb", "", "a\0b", "~", "$HOME", "-rf", "a\\b", "{model}"],
)
def test_names_never_escape_the_results_folder(run: str) -> None:
    config = yaml.safe_load("{data: {name: digits}, models: {small_resnet: {learning_rate: 0.1, weight_decay: 0.01}}}")
    config["models"]["small_resnet"]["ratios"] = [0.5]
    with pytest.raises(ConfigError):
        validated({**config, "run": run}, MODELS, DATA_SETS)
    validated({**config, "run": "a..b"}, MODELS, DATA_SETS)
