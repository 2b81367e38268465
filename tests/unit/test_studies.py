"""The dictionary of tables: complete, and well-formed by the standard."""

import re

from prunescape.claims.columns import COLUMNS as CLAIM
from prunescape.export.columns import COLUMNS
from prunescape.export.statistics import STATISTICS
from prunescape.export.tables import TABLES, data_package


def test_every_table_and_column_is_described() -> None:
    package = data_package("Demo run")
    entries = package["resources"] + package["parts"]
    assert len(entries) == len(TABLES)
    for entry in entries:
        assert entry["description"].startswith("One row: ")
        for field in entry["schema"]["fields"]:
            assert set(field) >= {"name", "type", "description"}
            assert field["type"] in {"string", "integer", "number", "boolean"}
            assert len(field["description"]) >= 10
    used = {name for table in TABLES.values() for name in table.columns}
    assert used == {*COLUMNS, *STATISTICS, *CLAIM}


def test_names_are_those_that_the_standard_allows() -> None:
    package = data_package("Demo_2.x-y")
    for name in [package["name"], *(entry["name"] for entry in package["resources"])]:
        assert re.fullmatch(r"[a-z0-9._/-]+", name), name


def test_a_column_may_mean_something_else_in_one_table() -> None:
    entries = {entry["name"]: entry for entry in (data_package("x")["parts"] + data_package("x")["resources"])}
    meaning = {
        name: next(field for field in entries[name]["schema"]["fields"] if field["name"] == "learning_rate")
        for name in ("cells", "tile-history")
    }
    assert meaning["cells"]["description"] != meaning["tile-history"]["description"]
