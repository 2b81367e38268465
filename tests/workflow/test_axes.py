"""A study of momentum and epochs instead of learning rate and weight decay, from data to verdict and pictures."""

import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import TINY, copy_project, merged, planned, snakemake, write_config

from prunescape.variant import DENSE

pytestmark = [pytest.mark.workflow, pytest.mark.full]

AXES = [{"name": "momentum", "step": 0.2, "size": 3, "prior": 0.6}, {"name": "epochs", "step": 0.301, "size": 3}]
PRUNED = {"models": {"small_resnet": {"methods": ["uniform"]}}}
STUDY = merged({**TINY, "grid": {"axes": AXES, "tile": [3, 3]}}, PRUNED)
HPSPACE = "results/tiny/hpspace"
PICTURES = [f"{HPSPACE}/figures/small_resnet/{name}_top1.png" for name in ("landscape", "summary", "grid_dense")]
TARGETS = [
    *(f"{HPSPACE}/{name}" for name in ("verdict.txt", "intervals.csv", "shifts.csv")),
    "results/tiny/datapackage.json",
    *PICTURES,
]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("axes") / "project")
    write_config(folder, STUDY)
    snakemake(folder, *TARGETS)
    return folder


def test_every_cell_has_its_own_epochs_and_momentum(study: Path) -> None:
    cells = pd.read_csv(study / HPSPACE / "cells.csv")
    assert [*cells.columns[:12]] == ["model", *DENSE.row(), "seed", "i", "j", "momentum", "epochs"]
    assert len(cells) == 2 * 2 * 9
    assert set(cells["momentum"]) == {0.4, 0.6, 0.8}
    assert set(cells["epochs"]) == {2, 3, 6}
    assert (cells["trained_epochs"] == cells["epochs"]).all()
    (history,) = (study / HPSPACE / "tiles/small_resnet/dense/seed-0").glob("*.history.csv")
    rates = pd.read_csv(history).groupby(["j", "epoch"])["learning_rate"].first()
    # The rate falls after epoch 2 of 3, which becomes 1 of 2 and 4 of 6.
    assert {j: of.tolist().index(of.min()) for j, of in rates.groupby("j")} == {-1: 1, 0: 2, 1: 4}
    dense = pd.read_csv(study / "results/tiny/models/small_resnet/dense/history.csv")
    assert len(dense) == 3


def test_the_answer_is_about_them(study: Path) -> None:
    text = " ".join((study / HPSPACE / "verdict.txt").read_text().split())
    assert "your setting: momentum 0." in text
    assert "tables are not applicable: the axes are momentum (linear, step 0.2) and number of epochs" in text
    answer = json.loads((study / HPSPACE / "verdict.json").read_text())
    assert set(answer["models"]["small_resnet"]["prior"]) == {"momentum", "epochs"}
    for picture in PICTURES:
        assert (study / picture).stat().st_size > 10_000


def test_its_tables_are_described(study: Path) -> None:
    described = json.loads((study / "results/tiny/datapackage.json").read_text())["resources"]
    columns = {entry["path"]: [field["name"] for field in entry["schema"]["fields"]] for entry in described}
    written = {f"hpspace/{path.name}": path for path in (study / HPSPACE).glob("*.csv")}
    assert {f"hpspace/{name}.csv" for name in ("cells", "ellipses", "intervals", "shifts")} < set(written)
    for name, path in written.items():
        assert [*pd.read_csv(path).columns] == columns[name], name


def test_what_is_about_the_thesis_pair_alone_is_not_planned(study: Path) -> None:
    rules = set(planned(study))
    assert {"explore_hpspace", "figure_hpspace_curves"} <= rules
    assert not {"table_hpspace_3_4", "figure_hpspace_band", "train_tile", "give_verdict"} & rules
    assert "small_resnet" in snakemake(study, "plan")
