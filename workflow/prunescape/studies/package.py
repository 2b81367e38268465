"""The dictionary of tables, written as a Data Package: the meaning of each row and column, with units.

A Data Package (https://datapackage.org, version 1 of the standard) is a JSON file that names CSV files and describes
their columns; libraries of many languages read it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prunescape.studies.columns import TRUTH, Column
from prunescape.studies.study import Study, Table

PACKAGE = "datapackage.json"


def data_package(run: str, study: str, tables: Iterable[Table], columns: Mapping[str, Column]) -> dict[str, Any]:
    """The package of the tables of a study, as JSON values.

    The standard knows tables by their paths alone; those of which there are many are described in the same way under
    `parts`, with fields in braces in their paths.

    Args:
        run, study: their names.
        tables: those that the run has; paths are relative to the package's folder.
        columns: of all of them, by name.
    """
    described = [_resource(name, path, table, columns) for table in tables for name, path in table.paths.items()]
    return {
        "profile": "tabular-data-package",
        "name": f"prunescape-{run}-{study}".lower(),
        "title": f"prunescape: tables of the study {study} of the run {run}",
        "description": "What pruning did to the networks of this run. Accuracies are in percent.",
        "resources": [entry for entry in described if "{" not in entry["path"]],
        "parts": [entry for entry in described if "{" in entry["path"]],
    }


def _resource(name: str, path: str, table: Table, columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": name.replace("_", "-"),
        "path": path,
        "description": f"One row: {table.row}.",
        "encoding": "utf-8",
        "schema": {"fields": [_field(name, {**columns, **table.own}[name]) for name in table.columns]},
    }


def _field(name: str, column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": column.type, "description": column.meaning}
    if column.unit is not None:
        field["unit"] = column.unit
    if column.type == TRUTH:
        field |= {"trueValues": ["True"], "falseValues": ["False"]}
    return field


def schemas(folder: str, study: Study, tables: Iterable[Table]) -> list[dict[str, Any]]:
    """The columns that each table of a study must have when it is read, see `prunescape.io.schema.expect`.

    Args:
        folder: the one that paths of the tables start from.
        study: the entry.
        tables: those that the run has.
    """
    return [
        {
            "path": f"{folder}/{path}",
            "fields": {name: {**study.columns, **table.own}[name].type for name in table.columns},
            "key": [name for name in study.key if name in table.columns],
        }
        for table in tables
        for path in table.paths.values()
    ]
