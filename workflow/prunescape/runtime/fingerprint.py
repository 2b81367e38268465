"""A digest of the code that a rule depends on: it changes when the code's meaning does, and only then.

Snakemake itself sees the text of a script but not the modules it imports. The digest covers a script, a module or a
function, and what it may use of its own module and of those of this library that it imports, directly or not, and the
templates, scripts and styles of pages beside a module that names them. Comments, docstrings, white space and file times
do not count (in those of pages, only file times do not). Light: used while the Snakefile is parsed; what a file says is
kept beside Python's own compiled modules, under the hash of its content, so that only files that changed are read as
code again.
"""

import ast
import atexit
import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.errors import UserError
from prunescape.io.files import write_text

# What these say, look up or arrange cannot change a result: messages, logs, progress, where and when jobs run and whose
# turn it is, digests of code, the config, whose values jobs take as settings, and the tables of names, of which each
# rule takes its own entry as a setting. Else a new model in the catalogue would train all the others again. A test
# proves it of each name that code with a meaning takes from here, tests/unit/test_no_meaning.py.
NO_MEANING = {
    "config/",
    "errors.py",
    "io/schema.py",
    "io/seals.py",
    "runtime/fingerprint.py",
    "runtime/job_lock.py",
    "runtime/logs.py",
    "data/catalogue.py",
    "data/progress.py",
    "models/catalogue.py",
    "training/stop.py",
}
MOST = 2000  # files of which it is kept what they say: those of several versions
DECORATORS = {"cache", "contextlib.contextmanager", "contextmanager", "dataclass", "functools.cache", "torch.no_grad"}
ASSETS = (".js", ".css", ".jinja")
LIBRARY = Path(__file__).resolve().parents[1]
SCRIPTS = LIBRARY.parent / "scripts"
_news: set[str] = set()  # what this run has read, by the hash of its content


@cache
def digest(*sources: str) -> str:
    """The digest of `sources`.

    Args:
        sources: scripts ("hpspace/train_tile.py"), modules ("prunescape.models.cifar_resnet"), which count as a whole,
            or functions ("prunescape.hpspace.risk:risk_table"), which count with what they may use.
    """
    lines = [f"{file} {name} {of}" for file, parts in definitions(*sources).items() for name, of in parts.items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def definitions(*sources: str) -> dict[str, dict[str, str]]:
    """Digests of what `sources` depend on: by file, below `workflow`, those of its definitions by name.

    The name of what a file does when it is imported is empty; so is that of a page's template, script or style.
    """
    reached = _reached(*sources)
    found = {file.relative_to(LIBRARY.parent).as_posix(): names for file, names in reached.items()}
    return {name: found[name] for name in sorted(found)}


@cache
def packages(*sources: str) -> frozenset[str]:
    """Names of the installed packages that `sources` import, directly or not."""
    files = [file for file in _reached(*sources) if file.suffix not in ASSETS]
    return frozenset(name for file in files for name in _code(file).packages)


def _locate(source: str) -> Path:
    if source.endswith(".py"):
        return SCRIPTS / source
    module, _, function = source.partition(":")
    *_, last = _module_files(module)
    named = last.parent if last.name == "__init__.py" else last.with_suffix("")
    if ".".join(named.relative_to(LIBRARY.parent).parts) != module:
        raise UserError(f"{module}: there is no such module, and a study names it; look at {last} and beside it")
    if function and function not in (parts := _code(last).parts) and function not in parts[""].says:
        raise UserError(f"{source}: there is no such function in {last}, and a study names it; mend its entry")
    return last


def _function(source: str) -> str:
    """The name of the function that a source is; empty of scripts and modules."""
    return source.partition(":")[2]


@cache
def _reached(*sources: str) -> dict[Path, dict[str, str]]:
    """Files behind sources, and digests of those definitions in them that may be used, by name.

    Scripts and modules that are sources count as a whole, and of any other file whatever it does when it is imported. A
    function or class there counts if it is a source itself, or if anything that counts says its name, wherever that is:
    as a name, as an attribute or as text. So none is left out that is used, as long as no code makes up names; a test
    asks the library for that.
    """
    located = {source: _locate(source) for source in sources}
    whole = {file for source, file in located.items() if not _function(source)}
    reached: dict[Path, dict[str, str]] = {}
    said = {_function(source) for source in sources} - {""}
    waiting: dict[str, list[tuple[Path, _Part]]] = {}  # definitions whose names nothing has said yet
    pending = [file for file in located.values() if not _is_plumbing(file)]

    def take(file: Path, name: str, part: _Part) -> None:
        reached[file][name] = part.meaning
        words = set(part.says)
        for path in part.files(file):
            if not _is_plumbing(path):
                pending.append(path)
            elif path.parent.name != "config":  # what it calls counts all the same
                words |= {word for of in _code(path).parts.values() for word in of.says}
        for word in words - said:
            said.add(word)
            for other, of in waiting.pop(word, []):
                take(other, word, of)

    while pending:
        file = pending.pop()
        if file in reached:
            continue
        reached[file] = {}
        if file.suffix in ASSETS:
            reached[file][""] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
            continue
        for name, part in _code(file).parts.items():
            if not name or file in whole or name in said:
                take(file, name, part)
            else:
                waiting.setdefault(name, []).append((file, part))
    return {file: dict(sorted(names.items())) for file, names in reached.items()}


def _is_plumbing(file: Path) -> bool:
    name = file.relative_to(LIBRARY).as_posix() if file.is_relative_to(LIBRARY) else ""
    return name in NO_MEANING or f"{name.partition('/')[0]}/" in NO_MEANING


class _Part(NamedTuple):
    """A definition in a file of code, or what the file does when it is imported.

    Attributes:
        meaning: a digest.
        imported: names of the library that it imports.
        assets: texts that may name parts of pages.
        says: every identifier in it, and every text that could be one.
    """

    meaning: str
    imported: frozenset[str]
    assets: frozenset[str]
    says: frozenset[str]

    def files(self, file: Path) -> list[Path]:
        """The files of the library that it imports or takes in, where it stands in `file`."""
        assets = [path for name in self.assets if (path := file.parent / name).is_file()]
        return [*dict.fromkeys(path for name in self.imported for path in _module_files(name)), *assets]


class _Code(NamedTuple):
    """The content of a file of code.

    Attributes:
        parts: its functions and classes by name, and what it does when it is imported by the empty name.
        packages: installed packages that it imports.
    """

    parts: dict[str, _Part]
    packages: list[str]


@cache
def _code(file: Path) -> _Code:
    content = file.read_bytes()
    own, kept = hashlib.sha256(content).hexdigest(), _kept()
    if own not in kept:
        kept[own] = _read(file, content)
        _news.add(own)
    return kept[own]


def _read(file: Path, content: bytes) -> _Code:
    tree = ast.parse(content, filename=str(file))
    _drop_docstrings(tree)
    by_name: dict[str, list[ast.stmt]] = {"": []}
    for statement in tree.body:
        by_name.setdefault(statement.name if _may_wait(statement) else "", []).append(statement)  # type: ignore[attr-defined]
    imported = {name: _imported(file, body) for name, body in by_name.items()}
    tops = {module.split(".")[0] for names in imported.values() for module in names}
    parts = {name: _part(body, imported[name]) for name, body in by_name.items()}
    defined = {of.name for of in by_name[""] if isinstance(of, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    parts[""] = parts[""]._replace(says=parts[""].says | defined)
    return _Code(parts, sorted(tops - {LIBRARY.name} - set(sys.stdlib_module_names)))


def _may_wait(statement: ast.stmt) -> bool:
    """Whether a statement defines something and does nothing else; some decorators register what they get."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if statement.name.startswith("__"):  # as a module's `__getattr__`, which is called without its name
        return False
    if isinstance(statement, ast.ClassDef) and statement.keywords:
        return False
    decorators = [of.func if isinstance(of, ast.Call) else of for of in statement.decorator_list]
    return all(ast.unparse(of) in DECORATORS for of in decorators)


def _imported(file: Path, body: list[ast.stmt]) -> set[str]:
    imported: set[str] = set()
    for node in _walk(body):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{file}: relative imports hide what a rule depends on; name the module in full")
            imported |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return imported


def _part(body: list[ast.stmt], imported: set[str]) -> _Part:
    nodes = list(_walk(body))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    says = {text for text in texts if text.isidentifier()} | {word for text in texts for word in text.split(":")[1:]}
    for node in nodes:
        if isinstance(node, ast.Name):
            says.add(node.id)
        elif isinstance(node, ast.Attribute):
            says.add(node.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            says |= {alias.name for alias in node.names}
    own = frozenset(name for name in imported if name.split(".")[0] == LIBRARY.name)
    assets = frozenset(text for text in texts if text.endswith(ASSETS) and "\n" not in text)
    digest = hashlib.sha256("".join(map(_serialise, body)).encode()).hexdigest()[:16]
    return _Part(digest, own, assets, frozenset(says))


def _walk(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from ast.walk(statement)


@cache
def _kept() -> dict[str, _Code]:
    """The files that earlier runs have read, by the hash of their content; none of another version of this module."""
    try:
        kept = json.loads(_keep().read_text(encoding="utf-8"))
        return {own: _from_json(*code) for own, code in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _from_json(parts: dict[str, Any], packages: list[str]) -> _Code:
    return _Code({name: _Part(of[0], *map(frozenset, of[1:])) for name, of in parts.items()}, packages)


def _to_json(code: _Code) -> list[Any]:
    return [{name: [of[0], *map(sorted, of[1:])] for name, of in code.parts.items()}, code.packages]


def _keep() -> Path:
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    return LIBRARY / "__pycache__" / f"fingerprint-{version}.json"


def remember_at_the_end() -> None:
    """Have this process `remember` when it ends: what jobs are planned for is asked long after the rules are read."""
    atexit.register(remember)


def remember() -> None:
    """Keep what was read for the next run; where nothing can be written, it is read again then."""
    if _news:
        with contextlib.suppress(OSError):
            last = list(_kept().items())[-MOST:]
            write_text(_keep(), json.dumps({own: _to_json(code) for own, code in last}))
        _news.clear()


def meaning(tree: ast.Module) -> str:
    """A digest of what a file's code means; its docstrings are dropped from `tree`, in place."""
    _drop_docstrings(tree)
    return hashlib.sha256(_serialise(tree).encode()).hexdigest()


def _serialise(node: object) -> str:
    """A syntax tree as text that does not depend on the version of Python, as `ast.dump` and `ast.unparse` do."""
    if isinstance(node, ast.AST):
        fields = ",".join(
            f"{name}={_serialise(value)}"
            for name, value in ast.iter_fields(node)
            if value is not None and value != [] and name not in ("ctx", "kind", "type_comment")
        )
        return f"{type(node).__name__}({fields})"
    if isinstance(node, list):
        return f"[{','.join(map(_serialise, node))}]"
    return repr(node)


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]


@cache
def _module_files(name: str) -> list[Path]:
    """The files that importing `name` runs: packages on the way, then the module; none if it is not of this library."""
    parts = name.split(".")
    if parts[0] != LIBRARY.name:
        return []
    files, folder = [LIBRARY / "__init__.py"], LIBRARY
    for part in parts[1:]:
        folder = folder / part
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
        elif folder.with_suffix(".py").is_file():
            return [*files, folder.with_suffix(".py")]
        elif not folder.is_dir():  # else a package without a file of its own, which is imported all the same
            break  # a name inside the module found so far
    return files
