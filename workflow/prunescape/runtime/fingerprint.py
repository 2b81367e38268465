"""A digest of the code that a rule depends on: it changes when the code's meaning does, and only then.

Snakemake itself sees the text of a script but not the modules it imports. The digest covers a script, or a module, and
every module of this library that it imports, directly or not, and the templates, scripts and styles of pages beside a
module that names them. Comments, docstrings, white space and file times do not count (in those of pages, only file
times do not). Light: used while the Snakefile is parsed; what a file says is kept beside Python's own compiled modules,
under the hash of its content, so that only files that changed are read as code again.
"""

import ast
import contextlib
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from prunescape.io.files import write_text

# What these say, look up or arrange cannot change a result: messages, logs, progress, where and when jobs run and whose
# turn it is, the config, whose values jobs take as settings, and the tables of names, of which each rule takes its own
# entry as a setting. Else a new model in the catalogue would train all the others again.
NO_MEANING = {
    "config/",
    "errors.py",
    "runtime/job_lock.py",
    "runtime/logs.py",
    "data/catalogue.py",
    "data/progress.py",
    "data/sources/download.py",
    "models/catalogue.py",
    "training/checkpoint.py",
    "training/stop.py",
    "training/workers.py",
}
MOST = 2000  # files of which it is kept what they say: those of several versions
ASSETS = (".js", ".css", ".jinja")
LIBRARY = Path(__file__).resolve().parents[1]
SCRIPTS = LIBRARY.parent / "scripts"
_news: set[str] = set()  # what this run has read, by the hash of its content


@cache
def digest(*sources: str) -> str:
    """The digest of `sources`: scripts ("hpspace/train_tile.py") or modules ("prunescape.models.cifar_resnet")."""
    files = sorted({file for source in sources for file in _closure(_locate(source))})
    lines = [f"{file.relative_to(LIBRARY.parent).as_posix()} {_scan(file)[0]}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _locate(source: str) -> Path:
    if source.endswith(".py"):
        return SCRIPTS / source
    return _module_files(source)[-1]


@cache
def _closure(start: Path) -> frozenset[Path]:
    seen: set[Path] = set()
    pending = [start]
    while pending:
        file = pending.pop()
        if file not in seen and not _is_plumbing(file):
            seen.add(file)
            pending += _scan(file)[1]
    return frozenset(seen)


def _is_plumbing(file: Path) -> bool:
    name = file.relative_to(LIBRARY).as_posix() if file.is_relative_to(LIBRARY) else ""
    return name in NO_MEANING or f"{name.partition('/')[0]}/" in NO_MEANING


@cache
def _scan(file: Path) -> tuple[str, tuple[Path, ...]]:
    """A file's own digest, and the files of the library that it imports or takes in."""
    content = file.read_bytes()
    own = hashlib.sha256(content).hexdigest()
    if file.suffix in ASSETS:
        return own, ()
    kept = _kept()
    if own not in kept:
        kept[own] = _read(file, content)
        _news.add(own)
    code = kept[own]
    assets = [path for name in code.assets if (path := file.parent / name).is_file()]
    modules = dict.fromkeys(path for name in code.imported for path in _module_files(name))
    return code.meaning, (*modules, *assets)


class _Code(NamedTuple):
    """The content of a file of code: the digest of its meaning, names that it imports, and names of parts of pages."""

    meaning: str
    imported: list[str]
    assets: list[str]


def _read(file: Path, content: bytes) -> _Code:
    tree = ast.parse(content, filename=str(file))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{file}: relative imports hide what a rule depends on; name the module in full")
            imported += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assets = [text for text in texts if text.endswith(ASSETS) and "\n" not in text]
    return _Code(meaning(tree), [name for name in imported if name.split(".")[0] == LIBRARY.name], assets)


@cache
def _kept() -> dict[str, _Code]:
    """The files that earlier runs have read, by the hash of their content; none of another version of this module."""
    try:
        kept = json.loads(_keep().read_text(encoding="utf-8"))
        return {own: _Code(*code) for own, code in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep() -> Path:
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    return LIBRARY / "__pycache__" / f"fingerprint-{version}.json"


def remember() -> None:
    """Keep what was read for the next run; where nothing can be written, it is read again then."""
    if _news:
        with contextlib.suppress(OSError):
            write_text(_keep(), json.dumps(dict(list(_kept().items())[-MOST:])))
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
        else:
            break  # a name inside the module found so far
    return files
