"""Functions that the entries of studies name, and what a job calls them with."""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Any

from prunescape.io.files import read_csv

OF_JOB = ("function", "script", "code", "external_code", "dpi", "published")  # settings that are no arguments


def call(snakemake: Any) -> Any:
    """Call the function that a job's settings name, and give its result.

    It is called by keyword: with inputs by their names, a table of each CSV file and the path or list of paths of
    others; with those wildcards that it takes; and with the settings.
    """
    settings = snakemake.params.settings
    function = named(settings["function"])
    given = {name: value for name, value in settings.items() if name not in OF_JOB}
    wildcards = {name: value for name, value in snakemake.wildcards.items() if name in signature(function).parameters}
    return function(**_inputs(snakemake.input), **wildcards, **given)


def named(function: str) -> Callable[..., Any]:
    """The function of a name, "module:function"."""
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def _inputs(files: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: read_csv(of) if isinstance(of, str) and of.endswith(".csv") else of if isinstance(of, str) else list(of)
        for name, of in files.items()
    }
