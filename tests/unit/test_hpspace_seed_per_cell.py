"""Grids whose cells have a seed each: what they are trained with, and what says so."""

from dataclasses import replace

import pandas as pd
import pytest

from project_copy import TINY, merged
from prunescape.config.reading import ConfigError
from prunescape.hpspace.tile import train_tile
from prunescape.plan.plan import Plan
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.train import Task

PER_CELL = merged(TINY, {"seeds": [5, 6], "grid": {"seeds": "per_cell"}})
CELLS = [{"i": i, "j": 0, "learning_rate": 0.01 * 10**i, "weight_decay": 5e-4} for i in (-1, 0, 1)]
LABELS = {"model": "m", "variant": "v"}


def test_each_cell_is_trained_as_by_itself_with_its_own_seed(task: Task, tmp_path) -> None:
    seeds = [11, 12, 13]
    cells = [{**cell, "cell_seed": seed} for cell, seed in zip(CELLS, seeds, strict=True)]
    made = train_tile(
        task, cells, LABELS, lambda line: None, part=lambda name: Checkpoint.of(f"{tmp_path}/{name}", "x")
    ).cells
    alone = [
        train_tile(
            replace(task, seed=seed, engine=replace(task.engine, lanes=1)), [cell], LABELS, lambda line: None
        ).cells
        for cell, seed in zip(CELLS, seeds, strict=True)
    ]
    assert made["cell_seed"].tolist() == seeds
    assert set(made["seed"]) == {task.seed}
    same = [name for name in made if name not in ("seed", "cell_seed")]
    pd.testing.assert_frame_equal(made[same], pd.concat(alone, ignore_index=True)[same])
    together = train_tile(task, CELLS, LABELS, lambda line: None).cells
    assert "cell_seed" not in together
    assert made["train_loss"].tolist() != together["train_loss"].tolist()


def test_cells_differ_in_seed_and_networks_do_not() -> None:
    hpspace = Plan(PER_CELL, 2).hpspace
    jobs = hpspace.train_tile.all_jobs()
    assert {job.wildcards["seed"] for job in jobs} == {"5"}
    seeds = [{(cell["i"], cell["j"]): cell["cell_seed"] for cell in hpspace.cells(job.wildcards)} for job in jobs]
    assert len(jobs) == 3  # the dense network and two pruned ones, of a tile each
    assert all(of == seeds[0] for of in seeds)
    assert len(set(seeds[0].values())) == 9
    assert all(0 <= seed < 2**32 for seed in seeds[0].values())
    # Grids that grow keep the seeds of the cells that they had.
    wider = Plan(merged(PER_CELL, {"grid": {"size": [3, 9]}}), 2).hpspace
    more = {
        (cell["i"], cell["j"]): cell["cell_seed"]
        for job in wider.train_tile.all_jobs()
        for cell in wider.cells(job.wildcards)
    }
    assert len(set(more.values())) == 27
    assert seeds[0].items() <= more.items()
    other = Plan(TINY, 2)
    config = other.run.config
    assert jobs[0].memory(100, 100, config) < other.hpspace.train_tile.all_jobs()[0].memory(100, 100, config)


@pytest.mark.parametrize(("config", "there"), [(PER_CELL, True), (TINY, False)])
def test_the_column_is_described_where_it_is(config: dict, there: bool) -> None:
    tables = {table.name: table.columns for table in Plan(config, 2).hpspace.made}
    assert ("cell_seed" in tables["cells"]) is there
    assert ("cell_seed" in tables["tile"]) is there


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"grid\.seeds: is 'per_cel', not a whole number, per_cell or null; write "):
        Plan(merged(TINY, {"grid": {"seeds": "per_cel"}}), 2)
