"""The registry of studies: complete, and its dictionaries of tables well-formed by the standard."""

import re
from typing import Any

import pytest

from prunescape.studies.package import data_package
from prunescape.studies.registry import STUDIES
from prunescape.studies.study import Study, by_name

every_study = pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)


def package_of(study: Study, run: str = "x") -> dict[str, Any]:
    return data_package(run, study.name, study.tables, study.columns)


@every_study
def test_every_table_and_column_is_described(study: Study) -> None:
    package = package_of(study)
    entries = package["resources"] + package["parts"]
    assert len({entry["path"] for entry in entries}) == len(entries)
    for entry in entries:
        assert entry["description"].startswith("One row: ")
        for field in entry["schema"]["fields"]:
            assert set(field) >= {"name", "type", "description"}
            assert field["type"] in {"string", "integer", "number", "boolean"}
            assert len(field["description"]) >= 7, field
    used = {name for table in study.tables for name in table.columns}
    assert set(study.columns) <= used
    for table in study.tables:
        assert set(table.own) <= {*table.columns}, table.name


@every_study
def test_figures_and_analyses_read_and_give_tables_of_their_study(study: Study) -> None:
    known = {table.name for table in study.tables}
    for entry in (*study.figures, *study.analyses):
        assert set(by_name(entry.tables).values()) <= known, entry
    assert study.claims is not None
    assert {*study.claims.tables} <= known
    for left_out in ("grid", "adaptive"):  # the main job explores by one of them
        given = [name for analysis in study.analyses if left_out not in analysis.when for name in analysis.gives]
        assert set(given) <= known
        assert len(set(given)) == len(given)


@pytest.mark.parametrize("run", ["Demo_2.x-y", "demo"])
def test_names_are_those_that_the_standard_allows(run: str) -> None:
    for package in (package_of(study, run) for study in STUDIES):
        entries = package["resources"] + package["parts"]
        names = [package["name"], *(entry["name"] for entry in entries)]
        assert len(set(names)) == len(names)
        for name in names:
            assert re.fullmatch(r"[a-z0-9._/-]+", name), name


def test_a_column_may_mean_something_else_in_one_table() -> None:
    package = package_of(STUDIES[0])
    entries = {entry["name"]: entry for entry in package["parts"] + package["resources"]}
    meaning = {
        name: next(field for field in entries[name]["schema"]["fields"] if field["name"] == "learning_rate")
        for name in ("cells", "tile-history")
    }
    assert meaning["cells"]["description"] != meaning["tile-history"]["description"]
