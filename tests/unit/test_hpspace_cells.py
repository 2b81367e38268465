"""Tables of cells and plans of extension that are not what was written, with and without their checksums."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from prunescape.errors import UserError
from prunescape.hpspace.cells import KEY, collect, collect_batches, read_cells, trial_timing
from prunescape.hpspace.lattice import Cell
from prunescape.io.files import write_json
from prunescape.io.seals import seal
from prunescape.plan.hpspace import read_plan

ORDER = ["b", "a"]  # models as the config has them
PLACES = list(itertools.product((-1, 0), (0, 1, 2)))


def whole() -> pd.DataFrame:
    """Two models, one of them with a smaller grid, with two variants and two seeds each."""
    keys = [
        (model, variant, seed, *place)
        for model in ORDER
        for variant in ("dense", "uniform-0.4")
        for seed in (0, 7)
        for place in (PLACES if model == "b" else PLACES[:3])
    ]
    return pd.DataFrame(keys, columns=KEY).assign(top1=90.0)


def without(**key) -> pd.DataFrame:
    """The table without the rows of a key."""
    cells = whole()
    return cells[~(cells[list(key)] == pd.Series(key)).all(axis="columns")]


def with_row(*key, top1: float = 99.67) -> pd.DataFrame:
    """The table with one more row."""
    return pd.concat([whole(), pd.DataFrame([[*key, top1]], columns=[*KEY, "top1"])], ignore_index=True)


def changed(row: int, **values) -> pd.DataFrame:
    cells = whole()
    cells.loc[row, list(values)] = list(values.values())
    return cells


def told(read: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)  # without a checksum, as if the hidden files had been left behind
    return path


def test_a_whole_table_is_read_as_it_is(tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(read_cells(written(tmp_path / "cells.csv", whole())), whole())
    assert not seal(tmp_path / "cells.csv").exists()


@pytest.mark.parametrize(
    ("table", "where"),
    [
        (
            with_row("b", "uniform-0.4", 7, 0, 2),
            "line 38: model b, variant uniform-0.4, seed 7, i 0, j 2: this training is",
        ),
        (changed(1, j=0), "line 3: model b, variant dense, seed 0, i -1, j 0: this training is there twice, see"),
        (
            with_row("b", "dense", 0, 5, 0),
            "line 38: model b, variant dense, seed 0, i 5, j 0: this cell is missing for",
        ),
        (
            with_row("b", "dense", 8, 0, 0),
            "variant dense, seed 0, i -1, j 0: this cell is missing for variant dense, seed 8",
        ),
        (
            without(model="b", variant="dense", seed=7, i=0, j=1),
            "i 0, j 1: this cell is missing for variant dense, seed 7",
        ),
        (
            without(model="a", variant="dense", seed=7),
            "model a, variant dense, seed 0, i -1, j 0: this cell is missing",
        ),
        (without(model="b", seed=0, variant="dense", i=0), "this cell is missing for variant dense, seed 0"),
        (
            without(model="b", j=1),
            "model b, i -1, j 2: this cell lies apart from others for all variants and seeds, and",
        ),
        (changed(0, seed=1), "this cell is missing for"),
        (
            changed(0, variant="dens"),
            "line 2: model b, variant dens, seed 0, i -1, j 0: this cell is missing for variant dens, seed 7",
        ),
        (changed(0, i=10**15), "this cell is missing for"),
        (changed(0, model=None), "column model: a field is empty"),
        (whole().astype({"i": float}), "column i: a field is empty or no whole number"),
        (whole().drop(columns="seed"), "no table of cells, the column seed is missing"),
        (whole()[:0], "no table of cells, it has no rows"),
    ],
    ids=itertools.count(),
)
def test_a_table_with_other_rows_is_told(table: pd.DataFrame, where: str, tmp_path: Path) -> None:
    path = written(tmp_path / "cells.csv", table)
    line = told(lambda: read_cells(path))
    assert line.startswith(str(path))
    assert where in line
    assert line.endswith(f"make it anew by itself, `snakemake --force {path}`, and go on")


@pytest.fixture
def tiles(tmp_path: Path) -> list[Path]:
    """The tables of tiles of one row of cells."""
    return [
        written(tmp_path / "-".join(map(str, key)), tile)
        for key, tile in whole().groupby(["model", "variant", "seed", "i"], sort=False)
    ]


def test_tiles_are_put_together_in_the_order_of_the_table(tiles: list[Path]) -> None:
    pd.testing.assert_frame_equal(collect([*tiles[:1], *reversed(tiles[1:8]), *tiles[8:]]), whole())


def test_the_tables_that_are_in_the_way_are_named(tiles: list[Path]) -> None:
    first, other = tiles[0], tiles[5]
    good = other.read_bytes()
    other.write_bytes(first.read_bytes())
    line = told(lambda: collect(tiles))
    assert line.startswith(f"{other}: line 2: model b, variant dense, seed 0, i -1, j 0: this training is there twice")
    assert f"see {first}: line 2; make it anew by itself, `snakemake --force {first} {other}`" in line
    other.write_bytes(good.rpartition(b"b,")[0])  # a row less
    line = told(lambda: collect(tiles))
    assert "this cell is missing for variant uniform-0.4, seed 0" in line
    assert f" {other}`" in line


def test_plans_that_left_out_a_tile_are_named(tiles: list[Path], tmp_path: Path) -> None:
    plans = [tmp_path / "extension" / model / f"round-{number}.json" for model in ORDER for number in (1, 2)]
    moved = [tile for tile in tiles if tile.name.startswith("b-") and tile.name.endswith("-0")]
    for tile in moved:
        written(tile, pd.read_csv(tile).assign(i=1))
    line = told(lambda: collect(tiles, plans))
    assert "model b, i 1, j 0: this cell lies apart from others for all variants and seeds" in line
    assert line.endswith(f"`snakemake --force {plans[0]} {plans[1]}`, and go on")


def test_a_tile_that_lacks_a_cell_for_all_networks_is_named(tiles: list[Path]) -> None:
    for tile in tiles[:8:2]:  # those of i = -1
        written(tile, pd.read_csv(tile).drop(index=1))
    line = told(lambda: collect(tiles))
    assert line.startswith(
        f"{tiles[0]}: model b, tile -1, 0: it has 2 cells, and others have 3; make it anew by itself"
    )


def test_tiles_may_have_any_shape_together(tiles: list[Path]) -> None:
    """Corner to corner, with a hole, and of another number for another model."""
    for tile in tiles[:8]:
        written(tile, pd.read_csv(tile).assign(j=lambda cells: cells["j"] + 3 * (cells["i"] == 0)))
    cells = collect(tiles)
    assert set(cells[cells["model"] == "b"][["i", "j"]].itertuples(index=False, name=None)) == {
        *((-1, j) for j in range(3)),
        *((0, j) for j in range(3, 6)),
    }


def test_a_plan_is_read_and_every_changed_bit_of_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "round-1.json"
    write_json(path, {"tiles": [[-1, 2], [2, 2]], "touched": {}, "blocked": []})
    assert read_plan(path) == [Cell(-1, 2), Cell(2, 2)]
    good = path.read_bytes()
    for position, bit in itertools.product(range(len(good)), range(8)):
        content = bytearray(good)
        content[position] ^= 1 << bit
        path.write_bytes(content)
        assert f"snakemake --force {path}" in told(lambda: read_plan(path))


@pytest.mark.parametrize(
    "plan",
    [{}, [], None, 3, {"tiles": 3}, {"tiles": [[1]]}, {"tiles": [[1, 2.5]]}, {"tiles": [["a", 1]]}, {"tiles": ["ab"]}],
)
def test_a_json_file_that_is_no_plan_is_told(plan: object, tmp_path: Path) -> None:
    write_json(tmp_path / "round-1.json", plan)
    assert "round-1.json: no plan of tiles" in told(lambda: read_plan(tmp_path / "round-1.json"))


def test_a_trial_costs_what_trainings_took() -> None:
    variant = {"method": "dense", "ratio": 1.0, "criterion": "none", "pipeline": "scratch", "target": "none"}
    row = {"model": "m", "variant": "dense", **variant, "device": "gpu"}
    table = trial_timing(pd.DataFrame([{**row, "seconds": seconds} for seconds in (1800.0, 5400.0)]))
    assert table[["trainings", "device_hours", "device_hours_each"]].iloc[0].tolist() == [2, 2.0, 1.0]


def test_networks_have_cells_of_their_own_where_rounds_explored(tmp_path: Path) -> None:
    batches = {"0.csv": [(0, 0), (1, 1)], "1.csv": [(4, 4)]}
    paths = []
    for variant, names in {"dense": ["0.csv", "1.csv"], "uniform-0.4": ["0.csv"]}.items():
        for name in names:
            table = pd.DataFrame([("b", variant, 0, *cell) for cell in batches[name]], columns=KEY).assign(top1=90.0)
            (tmp_path / variant).mkdir(exist_ok=True)
            paths.append(written(tmp_path / variant / name, table))
    cells = collect_batches(paths)
    assert cells["round"].tolist() == [0, 0, 1, 0, 0]
    assert cells["variant"].tolist() == ["dense"] * 3 + ["uniform-0.4"] * 2
    path = written(tmp_path / "cells.csv", cells)
    pd.testing.assert_frame_equal(read_cells(path), cells)
    assert "this cell is missing for variant" in told(
        lambda: read_cells(written(tmp_path / "grid.csv", cells.drop(columns="round")))
    )
    written(paths[1], pd.DataFrame([("b", "dense", 0, 1, 1)], columns=KEY).assign(top1=91.0))
    assert "this training is there twice" in told(lambda: collect_batches(paths))
