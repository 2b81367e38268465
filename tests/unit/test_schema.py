"""Tables are checked as they are read: columns, types, finite numbers, and rows that are there once."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from project_copy import TINY, merged
from prunescape.errors import UserError
from prunescape.io.files import read_csv
from prunescape.io.schema import expect
from prunescape.plan.plan import Plan

FIELDS = {"model": "string", "seed": "integer", "top1": "number", "diverged": "boolean"}
ROWS = ["net,0,90.5,False", "net,1,,True", "other,0,91.0,False"]


@pytest.fixture(autouse=True)
def told(tmp_path: Path) -> Iterator[Path]:
    """A table that is expected to have four columns, of which model and seed tell rows apart."""
    expect([{"path": f"{tmp_path}/{{name}}.csv", "fields": FIELDS, "key": ["model", "seed"]}])
    yield tmp_path / "some.csv"
    expect([])


def written(path: Path, *rows: str, header: str = ",".join(FIELDS)) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_table_as_described_is_read(told: Path) -> None:
    assert len(read_csv(written(told, *ROWS))) == 3
    assert read_csv(written(told)).empty


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("net,2.5,90.0,False", "line 5, column seed: 2.5 is no whole number"),
        ("net,two,90.0,False", "line 5, column seed: two is no whole number"),
        ("net,2,ninety,False", "line 5, column top1: ninety is no number, or not finite"),
        ("net,2,-inf,False", "line 5, column top1: -inf is no number, or not finite"),
        ("net,2,90.0,0", "line 5, column diverged: 0 is neither True nor False"),
        ("net,1,90.0,False", "lines 3 and 5 are of the same model, seed"),
    ],
)
def test_a_row_that_is_not_as_described_is_told_with_its_line(row: str, mistake: str, told: Path) -> None:
    with pytest.raises(UserError) as error:
        read_csv(written(told, *ROWS, row))
    assert str(error.value) == f"{told}: {mistake}; make it anew by itself, `snakemake --force {told}`, and go on"


def test_rows_with_empty_keys_are_told_apart_by_what_they_have(told: Path) -> None:
    assert len(read_csv(written(told, "net,,1.0,", ",0,1.0,", ",,1.0,"))) == 3
    with pytest.raises(UserError, match="lines 3 and 4 are of the same model, seed"):
        read_csv(written(told, "net,,1.0,", ",0,1.0,", ",0,2.0,"))


def test_columns_that_are_missing_or_unknown_are_told(told: Path) -> None:
    with pytest.raises(UserError, match="the column diverged is missing"):
        read_csv(written(told, header="model,seed,top1"))
    with pytest.raises(UserError, match="the column top2 is unknown"):
        read_csv(written(told, header=f"{','.join(FIELDS)},top2"))


def test_other_files_are_no_tables_of_the_study(told: Path) -> None:
    path = told.with_suffix(".txt")
    assert list(read_csv(written(path, "1", header="anything"))) == ["anything"]


def test_every_table_of_a_run_has_a_schema_and_rows_of_its_own() -> None:
    """A key says which rows are one; without any, no row would be there twice."""
    everything = {"stochastic": {"held_out": 20}, "mechanism": {}, "coherence": {}}
    schemas = Plan(merged(TINY, everything)).schemas
    assert len(schemas) > 100
    assert [of["path"] for of in schemas if not of["key"]] == []
    longest = {of["path"]: of["fields"] for of in schemas}
    assert longest["results/tiny/hpspace/risk.csv"]["d_mean"] == "number"


def test_the_table_that_a_pattern_means_most_closely_is_expected(tmp_path: Path) -> None:
    """`{i}_{j}.csv` is no pattern of `0_0.history.csv`, though the wildcard may have dots: `uniform-0.4`."""
    tile = {"path": f"{tmp_path}/{{i}}_{{j}}.csv", "fields": {"a": "integer"}, "key": ["a"]}
    history = {"path": f"{tmp_path}/{{i}}_{{j}}.history.csv", "fields": {"b": "integer"}, "key": ["b"]}
    for order in ([tile, history], [history, tile]):
        expect(order)
        for name, column in (("0_0.csv", "a"), ("0_0.history.csv", "b")):
            path = tmp_path / name
            pd.DataFrame({column: [1]}).to_csv(path, index=False)
            assert list(read_csv(path)) == [column]
