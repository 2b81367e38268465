"""The digest changes with the meaning of code and with nothing else; rooms import from rooms before, scripts little."""

import ast
import hashlib
import importlib
import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from prunescape.errors import UserError
from prunescape.runtime import fingerprint
from prunescape.studies.registry import STUDIES
from prunescape.studies.study import Study

WORKFLOW = Path(fingerprint.__file__).parents[2]
ROOMS = [
    "errors", "io", "runtime", "data", "models", "pruning", "lanes", "training", "statistics", "claims",
    "hpspace", "api", "stochastic",
    "mechanism", "coherence", "studies", "plan", "export", "overview", "figures", "pages", "first_config", "command",
]  # fmt: skip
PEERS = {study.name for study in STUDIES}  # none of which imports another one
SLOW = {"torch", "torchvision", "torch_pruning", "ptflops"}  # two seconds of a core and more
# Scripts that train, evaluate or describe networks. A new script stands here only if it does so, too.
OF_NETWORKS = {
    *(
        "coherence/measure_runs",
        "coherence/prepare_gaussian",
        "coherence/prune_parents",
        "coherence/retrain_masks",
        "coherence/choose_masks",
        "coherence/retrain_children",
    ),
    *("coherence/train_run", "coherence/train_widths"),
    *("export/export_network", "export/train_chosen"),
    *("hpspace/train_again", "hpspace/train_tile"),
    *("mechanism/ablate_channels", "mechanism/ablate_epochs", "mechanism/ablate_pruned", "mechanism/ablate_sizes"),
    *("mechanism/connect_cycles", "mechanism/connect_seeds", "mechanism/map_surfaces", "mechanism/pretrain_sizes"),
    *("mechanism/prune_in_cycles", "mechanism/retrain_pruned", "mechanism/retrain_channel_sets"),
    *("models/calibrate", "models/check_network", "models/describe_dense", "models/prune", "models/train_dense"),
    "studies/measure",
    *("stochastic/confirm_noise", "stochastic/confirm_structured", "stochastic/fine_tune"),
    *("stochastic/evaluate", "stochastic/evaluate_structured", "stochastic/search"),
    "stochastic/measure_feature_variance",
}


def forget() -> None:
    for function in (
        fingerprint.digest,
        fingerprint.packages,
        fingerprint._reached,
        fingerprint._code,
        fingerprint._kept,
        fingerprint._module_files,
    ):
        function.cache_clear()


@pytest.fixture(scope="module")
def memory() -> str:
    """What the files of the library say, as `remember` keeps it."""
    files = [file for room in ("prunescape", "scripts") for file in (WORKFLOW / room).rglob("*.py")]
    read = {hashlib.sha256(content).hexdigest(): (file, content) for file in files for content in [file.read_bytes()]}
    said = {own: fingerprint._to_json(fingerprint._read(*of)) for own, of in read.items()}
    return json.dumps(said)


@pytest.fixture
def fresh(memory, tmp_path, monkeypatch):
    """A copy of the library and scripts whose digests are computed anew at every call; changed files are read anew."""
    shutil.copytree(WORKFLOW / "prunescape", tmp_path / "prunescape", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(WORKFLOW / "scripts", tmp_path / "scripts")
    monkeypatch.setattr(fingerprint, "LIBRARY", tmp_path / "prunescape")
    monkeypatch.setattr(fingerprint, "SCRIPTS", tmp_path / "scripts")
    fingerprint._keep().parent.mkdir()
    fingerprint._keep().write_text(memory)

    def digest(*sources: str) -> str:
        forget()
        return fingerprint.digest(*sources)

    yield tmp_path, digest
    forget()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_module_in_a_folder_without_a_file_of_its_own_counts(fresh) -> None:
    """Python imports such a package all the same."""
    folder, digest = fresh
    module = folder / "prunescape" / "figures" / "rounding" / "bits.py"
    module.parent.mkdir()
    module.write_text("def draw():\n    return 1\n")
    before = digest("prunescape.figures.rounding.bits")
    module.write_text("def draw():\n    return 2\n")
    assert digest("prunescape.figures.rounding.bits") != before


@pytest.mark.parametrize("name", ["prunescape.figures.rounding.bits", "prunescape.figure"])
def test_a_module_that_is_not_there_is_told(name: str, fresh) -> None:
    with pytest.raises(UserError, match=f"{name}: there is no such module"):
        fresh[1](name)


def test_what_files_say_is_remembered_until_they_change(fresh, monkeypatch) -> None:
    folder, digest = fresh
    fingerprint._keep().unlink()
    before = digest("hpspace/train_tile.py")
    fingerprint.remember()
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda *_, **options: pytest.fail(f"{options} read again"))
    assert digest("hpspace/train_tile.py") == before
    edit(folder / "prunescape" / "lanes" / "optimiser.py", "momentum", "inertia")
    read = []
    monkeypatch.setattr(ast, "parse", lambda *given, **options: read.append(options["filename"]) or parse(*given))
    assert digest("hpspace/train_tile.py") != before
    assert [Path(name).name for name in read] == ["optimiser.py"]


def test_a_damaged_memory_is_done_without(fresh) -> None:
    _, digest = fresh
    before = digest("hpspace/train_tile.py")
    fingerprint.remember()
    for content in ("", "[1]", '{"a": 1}', '{"a": ["b"]}'):
        fingerprint._keep().write_text(content)
        assert digest("hpspace/train_tile.py") == before


def test_comments_docstrings_and_white_space_do_not_count(fresh) -> None:
    folder, digest = fresh
    before = digest("hpspace/train_tile.py")
    target = folder / "prunescape" / "lanes" / "optimiser.py"
    edit(target, '"""Update the velocity V and the weights once."""', '"""Other words."""  # why not')
    edit(
        target,
        "self.velocity.mul_(self.momentum).add_(gradient)",
        "(self.velocity.mul_(  self.momentum )\n  .add_(gradient))",
    )
    assert digest("hpspace/train_tile.py") == before


def test_a_change_deep_below_a_script_counts_there_and_not_elsewhere(fresh) -> None:
    folder, digest = fresh
    training, ellipse = digest("hpspace/train_tile.py"), digest("prunescape.hpspace.ellipse")
    edit(folder / "prunescape" / "lanes" / "optimiser.py", "mul_(self.momentum)", "mul_(2 * self.momentum)")
    assert digest("hpspace/train_tile.py") != training
    assert digest("prunescape.hpspace.ellipse") == ellipse


@pytest.mark.parametrize("name", sorted(path.name for path in (WORKFLOW / "prunescape" / "pages").glob("*.[!p]*")))
def test_the_parts_of_a_page_count_for_that_page_alone(name: str, fresh) -> None:
    folder, digest = fresh
    module = "prunescape.pages.companion" if name.startswith(("planes.", "charts.")) else "prunescape.pages.explore"
    page, ellipse = digest(module), digest("prunescape.hpspace.ellipse")
    target = folder / "prunescape" / "pages" / name
    target.write_text(target.read_text() + "\n")
    assert digest(module) != page
    assert digest("prunescape.hpspace.ellipse") == ellipse


def test_a_models_code_counts_for_that_model_alone(fresh) -> None:
    folder, digest = fresh
    sources = [("hpspace/train_tile.py", f"prunescape.models.{name}") for name in ("cifar_resnet", "mobilenet")]
    before = [digest(*source) for source in sources]
    edit(folder / "prunescape" / "models" / "mobilenet.py", "(6, 24, 2, 2, 1)", "(6, 24, 2, 2, 2)")
    assert [digest(*source) == old for source, old in zip(sources, before, strict=True)] == [True, False]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("def not_used(x):\n    return x\n", False),
        ("class NotUsed:\n    x = 1\n", False),
        ("def train(x):\n    return x\n", True),  # some code says this name, which may mean this function
        ("NOT_USED = 1\n", True),
        ("print('imported')\n", True),
        ("def not_used(x):\n    return x\n\nnot_used(1)\n", True),
        ("@registered\ndef not_used(x):\n    return x\n", True),
        ("class NotUsed(metaclass=M):\n    pass\n", True),
        ("ENTRIES = {'a': 'prunescape.lanes.optimiser:not_used'}\ndef not_used(x):\n    return x\n", True),
    ],
)
def test_a_definition_counts_where_anything_that_counts_says_its_name(text: str, counts: bool, fresh) -> None:
    folder, digest = fresh
    before, other = digest("hpspace/train_tile.py"), digest("prunescape.lanes.optimiser")
    target = folder / "prunescape" / "lanes" / "optimiser.py"
    target.write_text(target.read_text() + "\n\n" + text)
    assert (digest("hpspace/train_tile.py") != before) == counts
    assert digest("prunescape.lanes.optimiser") != other  # the source itself counts as a whole


MODULE = """
import functools

from prunescape.errors import UserError
from prunescape.lanes.optimiser import LaneSGD as Steps, LaneOptimiser

LEVEL = 1
TABLES = {"a": "prunescape.hpspace.several:by_name"}


def doubled(function):
    return lambda table: 2 * function(table)


class Kept:
    value = 1

    def told(self):
        return self.value


class Child(Kept):
    pass


def helper(table):
    return deeper(table)


def deeper(table):
    return table + 1


def by_name(table):
    return table + 5


def default():
    return 3


def annotated(table):
    return 8


@functools.cache
def first(table, more=default()):
    return helper(table) + LEVEL + Child().told() + len(TABLES) + Steps(more)


def second(table):
    return table + 2


@doubled
def third(table):
    return table + 3


def __getattr__(name):
    return 7
"""


EDITS = [  # of it: before, after, and whether the function `first` depends on it
    ("+ LEVEL", "- LEVEL", True),
    ("LEVEL = 1", "LEVEL = 2", True),
    ("2 * function", "3 * function", True),  # of the module: a decorator may do anything
    ("@functools.cache", "@doubled", True),
    ("value = 1", "value = 2", True),
    ("class Child(Kept)", "class Child(Kept, dict)", True),
    ("return deeper(table)", "return deeper(table + 1)", True),
    ("table + 1", "table + 1.0", True),
    ("table + 5", "table + 6", True),
    ("return 3\n", "return 4\n", True),
    ("optimiser import LaneSGD as Steps", "optimiser import LaneAdam as Steps", True),
    ("table + 3", "table + 4", True),
    ("return 7", "return 8", True),
    ("return table + 2", "return table - 2", False),
    ("return 8", "return 9", False),
]


def test_a_function_counts_with_what_it_may_use_and_its_neighbours_do_not(fresh) -> None:
    folder, digest = fresh
    module = folder / "prunescape" / "hpspace" / "several.py"
    module.write_text(MODULE)
    before, whole = digest("prunescape.hpspace.several:first"), digest("prunescape.hpspace.several")
    for old, new, counts in EDITS:
        module.write_text(MODULE)
        edit(module, old, new)
        assert (digest("prunescape.hpspace.several:first") != before) == counts, new
        assert digest("prunescape.hpspace.several") != whole, new


def test_the_code_that_a_function_imports_counts(fresh) -> None:
    folder, digest = fresh
    (folder / "prunescape" / "hpspace" / "several.py").write_text(MODULE)
    before = digest("prunescape.hpspace.several:second")
    edit(folder / "prunescape" / "lanes" / "optimiser.py", "mul_(self.momentum)", "mul_(2 * self.momentum)")
    assert digest("prunescape.hpspace.several:second") != before  # the module imports it, whatever `second` does


def test_a_function_that_is_not_there_is_told(fresh) -> None:
    with pytest.raises(UserError, match=r"prunescape\.hpspace\.risk:misspelt: there is no such function in .*risk\.py"):
        fresh[1]("prunescape.hpspace.risk:misspelt")


def test_what_is_used_of_a_definition_that_is_new_counts_from_then_on(fresh) -> None:
    folder, digest = fresh
    digest("hpspace/train_tile.py")
    target = folder / "prunescape" / "lanes" / "optimiser.py"
    target.write_text(
        target.read_text() + "\n\ndef first_(x):\n    return second_(x)\n\n\ndef second_(x):\n    return x\n"
    )
    edit(folder / "prunescape" / "hpspace" / "tile.py", "import", "import")
    tile = folder / "prunescape" / "hpspace" / "tile.py"
    tile.write_text(tile.read_text() + "\n\nfrom prunescape.lanes.optimiser import first_\n")
    before = digest("hpspace/train_tile.py")
    edit(target, "return x\n", "return 2 * x\n")
    assert digest("hpspace/train_tile.py") != before


def test_no_code_makes_up_the_names_of_what_it_uses() -> None:
    """Else a function might be used whose name nobody says, and its changes would not count."""
    modules = {  # where attributes of modules are looked up by names that are data: whole modules are sources there
        "runtime/named.py", "models/external.py", "models/cifar_adapted.py", "models/imagenet_resnet.py",
    }  # fmt: skip
    for file in [*(WORKFLOW / "prunescape").rglob("*.py"), *(WORKFLOW / "scripts").rglob("*.py")]:
        name = file.relative_to(WORKFLOW).as_posix().removeprefix("prunescape/")
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        for node in calls if not name.startswith("config/") else []:  # which reads settings and makes no numbers
            called = ast.unparse(node.func)
            assert called not in ("globals", "locals", "vars", "eval", "exec"), f"{name}, line {node.lineno}"
            assert not called.endswith(("__subclasses__", "attrgetter", "methodcaller")), f"{name}, line {node.lineno}"
            if called == "getattr" and not isinstance(node.args[1], ast.Constant) and name not in modules:
                looked = ast.unparse(node.args[0])
                assert "import" not in looked, f"{name}, line {node.lineno}"
                assert not looked.endswith("module") or name == "models/build.py", f"{name}, line {node.lineno}"


@cache
def library_files(file: Path) -> list[Path]:
    """The modules of the library that a file imports, anywhere in it."""
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    found = [importlib.util.find_spec(name) for node in nodes if (name := node.module or "").startswith("prunescape.")]
    return [Path(spec.origin) for spec in found]


def test_every_import_of_the_library_is_followed() -> None:
    for script in (WORKFLOW / "scripts").rglob("*.py"):
        assert fingerprint.digest(script.relative_to(WORKFLOW / "scripts").as_posix())
    for file in [*(WORKFLOW / "scripts").rglob("*.py"), *(WORKFLOW / "prunescape").rglob("*.py")]:
        followed = {path for part in fingerprint._code(file).parts.values() for path in part.files(file)}
        for origin in library_files(file):
            assert origin in followed or fingerprint._is_plumbing(origin), f"{file} imports {origin}"


def test_rooms_import_only_from_rooms_before_them() -> None:
    for position, room in enumerate(ROOMS):
        later = {f"prunescape.{name}" for name in ROOMS[position + 1 :]}
        if room in PEERS:
            later |= {f"prunescape.{name}" for name in PEERS - {room}}
        folder = WORKFLOW / "prunescape"
        for file in [folder / f"{room}.py", *(folder / room).rglob("*.py")]:
            if not file.is_file():
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                names = []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                for name in names:
                    assert ".".join(name.split(".")[:2]) not in later, f"{file} imports {name}"


def test_plumbing_and_catalogues_do_not_count(fresh) -> None:
    folder, digest = fresh
    scripts = [
        "data/prepare.py",
        "models/train_dense.py",
        "hpspace/train_tile.py",
        "studies/figure.py",
        "studies/table.py",
    ]
    before = [digest(script) for script in scripts]
    for name in {*fingerprint.NO_MEANING, "config/recipe.py"}:
        place = folder / "prunescape" / name
        for path in place.glob("*.py") if place.is_dir() else [place]:
            path.write_text(path.read_text() + "\nCHANGED = True\n")
    assert [digest(script) for script in scripts] == before


def imported(file: Path) -> set[str]:
    """Names of all modules that importing a file imports at once, those of the library with what they import."""
    names: set[str] = set()
    seen: set[Path] = set()
    pending = [file]
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        found, files = imported_by(path)
        names |= found
        pending += files
    return {name.split(".")[0] for name in names}


@cache
def imported_by(file: Path) -> tuple[set[str], list[Path]]:
    """What a file itself imports at once: names, and files of the library."""
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names, [path for name in names for path in fingerprint._module_files(name)]


def test_scripts_that_only_read_tables_start_without_torch() -> None:
    files = fingerprint.SCRIPTS.rglob("*.py")
    scripts = {path.relative_to(fingerprint.SCRIPTS).with_suffix("").as_posix(): path for path in files}
    slow = {name for name, path in scripts.items() if imported(path) & SLOW}
    assert slow == OF_NETWORKS


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_functions_that_studies_name_start_without_torch(study: Study) -> None:
    functions = [*(figure.draw for figure in study.figures), *(analysis.function for analysis in study.analyses)]
    modules = {fingerprint._locate(function) for function in functions}
    assert modules
    assert not [path for path in modules if imported(path) & SLOW]


@pytest.mark.parametrize(
    "module",
    ["plan.plan", "config.reading", "runtime.fingerprint", *(f"studies.{study.name}" for study in STUDIES)],
)
def test_the_workflow_is_parsed_without_anything_heavy(module: str) -> None:
    """As every job on a cluster parses it."""
    heavy = SLOW | {"numpy", "pandas", "scipy", "sklearn", "matplotlib", "snakemake"}
    assert not imported(fingerprint._locate(f"prunescape.{module}")) & heavy
