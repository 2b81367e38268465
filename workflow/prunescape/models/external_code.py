"""The code behind a user's own network: where it lies, and a digest of what it means; nothing of it is imported.

Light: used while the Snakefile is parsed.
"""

import ast
import difflib
import hashlib
import importlib.metadata
import os
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from prunescape.errors import UserError, in_a_line
from prunescape.runtime.fingerprint import meaning

INSTALLED = ("site-packages", "dist-packages")
NAMED_BY_LIBRARY = ("torchvision", "timm")  # what follows the colon is a name of theirs, no attribute of the module
# Libraries whose networks do not give logits, by name: what to import instead.
NOT_ITSELF = {
    "transformers": "; its networks give a ModelOutput, so install it, and import a function of yours whose network"
    " returns the logits"
}
OURS = Path(__file__).parents[1]
IMPORTING = {"import_module", "__import__", "run_module", "spec_from_file_location", "SourceFileLoader", "run_path"}
PYTHONS_OWN = sys.stdlib_module_names | {"__main__"}


def check_import(target: str) -> None:
    """Make sure that the code of `package.module:function` is there, as far as can be told without running it.

    Raises:
        UserError: there is no such module, or no network can come from it; or it defines no such name, or has it from
            elsewhere; one line.
    """
    module, _, name = target.partition(":")
    files = importable_files(module)
    if module in NAMED_BY_LIBRARY or _is_installed(files[-1]):
        return
    origins = _top_level_names(files[-1])
    if origins is None:
        return
    first = name.split(".")[0]
    if first not in origins:
        near = difflib.get_close_matches(first, origins, 1)
        hint = f"did you mean {near[0]!r}?" if near else "define it there, or name another"
        raise UserError(f"{target}: {files[-1]} defines no {first!r}; {hint}")
    package = top_level(module)
    if all(origin and top_level(origin) != package for origin in origins[first]):
        raise foreign(target, origins[first][0])


def importable_files(module: str) -> list[Path]:
    """`module_files` of a module that a config may name.

    Raises:
        UserError: there is no such module; or it is of Python or of prunescape itself.
    """
    package = top_level(module)
    if package == "prunescape":
        raise UserError(f"{module}: is prunescape itself; its networks are used by their names, without import")
    if package not in PYTHONS_OWN:
        files = module_files(module)
        if not _is_pythons_own(files[-1]):
            return files
    raise UserError(f"{module}: is of Python itself, where no networks are; name a module of your own")


def top_level(module: str) -> str:
    """The package in which a module lies, or the module itself."""
    return module.split(".")[0]


def foreign(target: str, origin: str) -> UserError:
    """The error where a module has a name from another package: a config could call anything that way."""
    package = top_level(target.partition(":")[0])
    return UserError(f"{target}: comes from {origin}; name a function or a class that {package} itself defines")


def is_installed(module: str) -> bool:
    """Whether a module belongs to an installed package, and not to the user."""
    return _is_installed(module_files(module)[-1])


def in_own_code(error: BaseException) -> str:
    """An error that the user's code gave, as one short line, with the innermost line of that code it went through."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = Path(frame.f_code.co_filename)
        if file.is_file() and not _is_installed(file) and not file.is_relative_to(OURS):
            near = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
            return f"{in_a_line(error)}; {near}, line {line}"
    return in_a_line(error)


@cache
def external_digest(module: str) -> str:
    """A digest of a module and of the user's own modules that it imports, directly or not, also by name.

    Comments, docstrings and white space do not count. Of an installed package its version counts instead, see
    `external_packages`.

    Raises:
        UserError: there is no such module, or a file of it is no Python.
    """
    lines = [f"{name} {of.meaning}" for name, of in sorted(_own_modules(module).items())]
    if _is_installed(module_files(module)[-1]):
        lines.append(f"{module} {_version(top_level(module))}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def external_packages(module: str) -> set[str]:
    """Names of the installed packages that a module and the user's own modules behind it import."""
    names = {name for of in _own_modules(module).values() for name in of.packages}
    return names | ({top_level(module)} if _is_installed(module_files(module)[-1]) else set())


def distributions_of(packages: Iterable[str]) -> list[str]:
    """Names of the distributions that installed packages come from: pillow for PIL."""
    known = _distributions()
    return sorted({name for package in packages for name in known.get(package, [])})


def not_seen(module: str, declared: Sequence[str]) -> list[str]:
    """Lines on code that a network may depend on and its digest does not see.

    Args:
        module: the network's.
        declared: files and folders that the config names as what it depends on.
    """
    told: dict[str, None] = {}
    for of in _own_modules(module).values():
        for line, path in of.files:
            found = next((place for folder in (Path.cwd(), of.path.parent) if (place := folder / path).is_file()), None)
            if found is not None and not is_declared(found, declared):
                told[f"{of.path}, line {line}: names {path}, and no change of its content would be seen"] = None
        told |= {
            f"{of.path}, line {line}: imports a module whose name is made up as it runs, which is not looked into": None
            for line in of.hidden
        }
    return list(told)


def is_declared(path: Path, declared: Iterable[str | Path]) -> bool:
    """Whether a file is one of those that a config names as what a network depends on, or in such a folder."""
    found = path.resolve()
    return not {Path(of).resolve() for of in declared}.isdisjoint([found, *found.parents])


@dataclass(frozen=True)
class _Own:
    """A module of the user's own.

    Attributes:
        path: its file.
        meaning: a digest.
        imported: names of modules that it may import.
        packages: those among them that are installed.
        files: texts that may be names of files, with their lines.
        hidden: lines in which modules are imported whose names cannot be told.
    """

    path: Path
    meaning: str
    imported: Sequence[str]
    packages: frozenset[str]
    files: Sequence[tuple[int, str]]
    hidden: Sequence[int]


@cache
def _own_modules(module: str) -> dict[str, _Own]:
    """The user's own modules behind a module, by name, itself included."""
    seen: dict[str, _Own] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        files = module_files(name)
        if name in seen or _is_installed(files[-1]):
            continue
        package = name if files[-1].name == "__init__.py" else name.rpartition(".")[0]
        seen[name] = _own(files[-1], package)
        pending += [part for part in _parents(name) if part not in seen]
        pending += [found for found in seen[name].imported if found not in seen and _is_own(found)]
    return seen


def _own(path: Path, package: str) -> _Own:
    tree = _parsed(path)
    by_name, hidden = _imports_by_name(tree, package)
    imported = [*_imports(tree, package), *by_name]
    texts = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 1000
    ]
    files = [(line, text) for line, text in texts if not text.endswith(".py") and "\0" not in text and "\n" not in text]
    tops = {top_level(name) for name in imported} - PYTHONS_OWN
    return _Own(path, meaning(tree), imported, frozenset(name for name in tops if not _is_own(name)), files, hidden)


def _imports_by_name(tree: ast.AST, package: str) -> tuple[list[str], list[int]]:
    """Names of modules that are imported by functions, and the lines of those whose names cannot be told."""
    names, hidden = [], []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] not in IMPORTING:
            continue
        name = node.args[0] if node.args else None
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            hidden.append(node.lineno)
        elif name.value.startswith("."):
            level = len(name.value) - len(name.value.lstrip("."))
            parts = package.split(".")
            names.append(".".join([*parts[: len(parts) - (level - 1)], name.value.lstrip(".")]))
        else:
            names += [name.value, *_parents(name.value)]
    return names, hidden


def module_files(module: str) -> list[Path]:
    """The files that importing a module runs, itself last; looked for on Python's path, then in the working directory.

    Raises:
        UserError: there is no such module.
    """
    files = _found(module, str(Path.cwd()))
    if files is None:
        near = difflib.get_close_matches(module.removesuffix(".py"), _modules_here(), 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"no module {module!r}; {hint}it is looked for in the directory where snakemake is started, in PYTHONPATH,"
            f" and among the installed packages{NOT_ITSELF.get(module.partition('.')[0], '')}"
        )
    return list(files)


def _modules_here() -> list[str]:
    """Names of the modules in the working directory and in its packages, a level deep."""
    files = [path.relative_to(Path.cwd()) for pattern in ("*.py", "*/*.py") for path in Path.cwd().glob(pattern)]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    return sorted(name for name in names if all(part.isidentifier() for part in name.split(".")))


def search_path() -> list[str]:
    """Folders in which own code is looked for: Python's path, then the working directory."""
    here = str(Path.cwd())
    return [*sys.path, *([] if here in sys.path else [here])]


@cache
def _found(module: str, here: str) -> tuple[Path, ...] | None:
    del here  # the working directory, which decides the answer
    top, *rest = module.split(".")
    spec = PathFinder.find_spec(top, search_path())
    if spec is None:
        return None
    if spec.origin is None:  # a package without __init__.py
        folders = list(spec.submodule_search_locations or [])
        if not rest or not folders:
            return None
        files: list[Path] = []
        folder = Path(folders[0])
    else:
        files, folder = [Path(spec.origin)], Path(spec.origin).parent
        if rest and spec.submodule_search_locations is None:
            return None
    for position, part in enumerate(rest):
        last = position == len(rest) - 1
        folder = folder / part
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
        elif folder.with_suffix(".py").is_file() and last:
            files.append(folder.with_suffix(".py"))
        elif last or not folder.is_dir():
            return None
    return tuple(files)


def _is_installed(file: Path) -> bool:
    return any(part in INSTALLED for part in file.parts) or _is_pythons_own(file) or file.suffix != ".py"


def _is_pythons_own(file: Path) -> bool:
    library = Path(os.__file__).parent
    return file.is_relative_to(library) and not any(part in INSTALLED for part in file.relative_to(library).parts)


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Names of distributions by the packages that they install."""
    return importlib.metadata.packages_distributions()


def _version(package: str) -> str:
    return " ".join(importlib.metadata.version(name) for name in distributions_of([package]))


def _parents(name: str) -> list[str]:
    """The packages that a module lies in, where they have code of their own."""
    parts = name.split(".")
    names = [".".join(parts[:count]) for count in range(1, len(parts))]
    return [parent for parent in names if _found(parent, str(Path.cwd())) is not None]


def _is_own(name: str) -> bool:
    """Whether a module is the user's own, neither installed nor of this library."""
    if name.split(".")[0] == "prunescape":
        return False
    files = _found(name, str(Path.cwd()))
    return files is not None and not _is_installed(files[-1])


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise UserError(f"{file}, line {error.lineno}: is no Python ({error.msg}); mend it") from None
    except ValueError as error:  # zero bytes, another encoding
        raise UserError(f"{file}: is no Python ({error}); mend it") from None
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}") from None


def _imports(tree: ast.AST, package: str) -> list[str]:
    """Names of modules that a file may import; some are names inside a module, which are found nowhere."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".") if package else []
                parts = parts[: len(parts) - (node.level - 1)]
                base = ".".join([*parts, *([base] if base else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in dict.fromkeys(names) if name]


def _top_level_names(file: Path) -> dict[str, list[str]] | None:
    """Names that a module defines or imports, with the modules they come from; None where that cannot be told.

    A name that is defined there, or comes from the same package, is from ''.
    """
    names: dict[str, list[str]] = {}
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.setdefault(node.name, []).append("")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names.setdefault(alias.asname or top_level(alias.name), []).append(alias.name)
        elif isinstance(node, ast.ImportFrom):
            origin = "" if node.level else node.module or ""
            for alias in node.names:
                names.setdefault(alias.asname or alias.name, []).append(origin)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id, []).append("")
    return None if "*" in names or "__getattr__" in names else names
