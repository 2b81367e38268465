"""All .smk files share one namespace, in which the later of two meanings of a name would win."""

import ast
import builtins
import importlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api
import snakemake.workflow
from snakemake.parser import parse

PROJECT = Path(__file__).parents[2]
FILES = [PROJECT / "Snakefile", *sorted((PROJECT / "workflow" / "rules").glob("*.smk"))]
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)  # their variables are their own
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Meaning = tuple[Any, ...]


def compiled(path: Path) -> ast.Module:
    """A Snakefile as the Python code that Snakemake makes of it."""
    file = SimpleNamespace(get_path_or_uri=lambda secret_free: str(path))
    workflow = SimpleNamespace(sourcecache=SimpleNamespace(open=lambda _: path.open(encoding="utf-8")))
    code, _ = parse(file, workflow, {})
    return ast.parse(code)


def meanings(node: ast.AST, file: str) -> Iterator[tuple[str, Meaning]]:
    """The names that code binds at its top level, each with its meaning; equal ones do no harm."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            for alias in child.names:
                module = getattr(child, "module", None)
                yield alias.asname or alias.name.split(".")[0], ("imported", module, alias.name)
        elif isinstance(child, FUNCTIONS):
            if not child.name.startswith("__"):  # what Snakemake makes of rules, which it knows by other names
                yield child.name, ("defined", file, child.lineno)
        elif isinstance(child, ast.For):
            yield from ((name.id, ("loop",)) for name in ast.walk(child.target) if isinstance(name, ast.Name))
            yield from meanings(ast.Module([*child.body, *child.orelse], []), file)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id, ("set", file)
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name, ("loop",)
            yield from meanings(child, file)
        elif not isinstance(child, SCOPES):
            yield from meanings(child, file)


def in_conflict(trees: dict[str, ast.Module]) -> dict[str, set[Meaning]]:
    """The names that several statements bind to different things."""
    found = defaultdict(set)
    for file, tree in trees.items():
        for name, meaning in meanings(tree, file):
            found[name].add(meaning)
    return {name: of for name, of in found.items() if len(of) > 1}


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {path.name: compiled(path) for path in FILES}


def test_a_name_has_one_meaning_in_all_rule_files(trees: dict[str, ast.Module]) -> None:
    assert in_conflict(trees) == {}


def test_no_name_of_python_or_snakemake_means_something_else(trees: dict[str, ast.Module]) -> None:
    known = vars(builtins) | vars(snakemake.workflow)
    for file, tree in trees.items():
        for name, (kind, *where) in meanings(tree, file):
            if name in known:
                assert kind == "imported", (file, name)
                module, attribute = where
                found = getattr(importlib.import_module(module), attribute) if module else importlib.import_module(name)
                assert found is known[name], (file, name)


@pytest.mark.parametrize(
    "second",
    [
        "def one(model): pass",
        "class one: pass",
        "one = 1",
        "one: int = 1",
        "other, (one, *rest) = 1, (2, 3)",
        "for one in (): pass",
        "if True:\n    from a import two as one",
        "import one",
        "with open('x') as one: pass",
        "print(one := 1)",
        "try:\n    pass\nexcept ValueError as one:\n    pass",
        "for k in ():\n    def one(): pass",
    ],
)
def test_a_second_meaning_is_found(second: str) -> None:
    assert set(in_conflict({"a": ast.parse("from a import one"), "b": ast.parse(second)})) == {"one"}


@pytest.mark.parametrize(
    "second", ["from a import one", "two = [one for one in ()]", "def f(one): one = 1", "two = lambda one: one"]
)
def test_the_same_meaning_and_names_of_functions_are_left_alone(second: str) -> None:
    assert in_conflict({"a": ast.parse("from a import one"), "b": ast.parse(second)}) == {}
