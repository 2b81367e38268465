"""Functions that are given by name, as in the entries of studies, and what a job calls them with."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any

from prunescape.io.files import read_csv

# Settings that are no arguments.
OF_JOB = (
    *("function", "study", "readers", "script", "code", "external_code", "external_files", "libraries", "published"),
    *("dpi", "titles", "paper"),
)


def bound(snakemake: Any) -> Callable[[], Any]:
    """The function that a job's settings name, with its arguments.

    It takes by keyword: inputs by their names, a table of each CSV file, read by the reader that the settings name for
    it, and the path or list of paths of others; those wildcards that it takes; and the settings.
    """
    settings = snakemake.params.settings
    function = named(settings["function"])
    wildcards = {name: value for name, value in snakemake.wildcards.items() if name in signature(function).parameters}
    return partial(
        function, **_inputs(snakemake.input, settings.get("readers", {})), **wildcards, **arguments(settings)
    )


def arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are arguments of the function."""
    return {name: value for name, value in settings.items() if name not in OF_JOB}


def named(function: str) -> Any:
    """The function, or what else has a name, of "module:function"."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)


def _inputs(files: Mapping[str, Any], readers: Mapping[str, str]) -> dict[str, Any]:
    return {name: _input(of, named(readers[name]) if name in readers else read_csv) for name, of in files.items()}


def _input(of: Any, read: Callable[[str], Any]) -> Any:
    if not isinstance(of, str):
        return list(of)
    return read(of) if of.endswith(".csv") else of
