"""Rounds of adaptive exploration as the config changes: what is trained, what is kept, and what is chosen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overview_samples import made, page
from project_copy import TINY, merged
from prunescape.data.randomness import LEAST_SEED
from prunescape.errors import UserError
from prunescape.io.files import read_csv
from prunescape.io.seals import seal
from prunescape.overview.cost_page import cost_page
from prunescape.overview.status import status_page
from prunescape.plan.hpspace import read_batches
from prunescape.plan.plan import Plan
from rounds import RISE, go_on

HPSPACE = Path("results/tiny/hpspace")
ADAPTIVE: dict[str, Any] = merged(
    TINY,
    {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "grid": {"step": 0.2, "size": [9, 9]},
        "exploration": {"method": "adaptive", "trainings": 24, "worth": 0.0, "rungs": []},
        "verdict": {"confirm": 5, "margin": 1.5, "level": 1e-6},
    },
)
EXPLORED = merged(ADAPTIVE, {"verdict": {"confirm": None}})
BATCHES = 2 * 3  # of two networks


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def explored(ran: list[str]) -> list[str]:
    return [path for path in ran if "/exploration/" in path or "/batches/" in path]


def contents() -> dict[Path, bytes]:
    """Rounds, batches, and all trainings with fresh seeds."""
    return {path: path.read_bytes() for path in HPSPACE.rglob("*") if path.is_file() and path.name[0] != "."}


def slope(variant: str, i: int, j: int, seed: int) -> float:
    """Accuracies that rise towards larger learning rates, up to seven steps above the prior."""
    return 80.0 - 0.3 * abs(i - 7) - 0.3 * abs(j) + 0.1 * float(np.random.default_rng([seed, i + 99]).normal())


def test_batches_are_chosen_round_by_round_and_finalists_among_what_was_trained() -> None:
    config = merged(ADAPTIVE, {"seeds": [0, 4]})
    plan = Plan(config, 2)
    assert len(plan.hpspace.train_tile.all_jobs()) == 2  # a first batch for each network
    ran = go_on(config)
    cells = read_csv(HPSPACE / "cells.csv")
    assert cells.groupby("variant").size().to_dict() == {"dense": 24, "uniform-0.4": 24}
    assert cells.groupby(["variant", "round"]).size().tolist() == [8] * BATCHES
    assert not cells.duplicated(["variant", "seed", "i", "j"]).any()
    again = cells[cells["seed"] == 4]  # a second seed only where the first one was
    assert {*again[["variant", "i", "j"]].itertuples(index=False, name=None)} <= {
        *cells[cells["seed"] == 0][["variant", "i", "j"]].itertuples(index=False, name=None)
    }
    assert (0, 0) in {*cells[cells["round"] == 0][["i", "j"]].itertuples(index=False, name=None)}
    entries = json.loads((HPSPACE / "confirmation/small_resnet/round-0.json").read_text())
    for name, best in (("dense", (1, 0)), ("uniform-0.4", (0, -1))):
        trained = cells[cells["variant"] == name]
        places = {*trained[["i", "j"]].itertuples(index=False, name=None)}
        assert {tuple(cell) for cell in entries[name]["finalists"]} <= places
        assert entries[name]["trainings"] == 24
        assert np.abs(np.array(entries[name]["finalists"]) - best).max(axis=1).min() <= 1
        late = trained[trained["round"] > 0][["i", "j"]].to_numpy()
        early = trained[trained["round"] == 0][["i", "j"]].to_numpy()
        assert np.abs(late - best).sum(axis=1).mean() < np.abs(early - best).sum(axis=1).mean()
    assert len(explored(ran)) == 2 + len({*zip(cells["variant"], cells["seed"], cells["round"], strict=True)})
    assert all(
        seed >= LEAST_SEED for path in HPSPACE.glob("confirmation/*/*/*/?.csv") for seed in read_csv(path)["seed"]
    )


def test_hopeless_trainings_are_stopped_and_are_neither_cells_nor_finalists() -> None:
    go_on(merged(ADAPTIVE, {"exploration": {"rungs": [0.5]}}))
    cells, stopped = (read_csv(HPSPACE / f"{name}.csv") for name in ("cells", "stopped"))
    assert len(stopped) > 2
    assert len(cells) + len(stopped) == 48
    assert stopped["round"].min() > 0  # earlier trainings say what is hopeless
    for (name, number), of in stopped.groupby(["variant", "round"]):
        before = cells[(cells["variant"] == name) & (cells["round"] < number)]["top1"]
        best = before.nlargest(3).mean()
        assert of["most"].to_numpy() == pytest.approx(best - 2)
        assert (of["top1"] + RISE < best - 2).all()  # all trainings rise as much here
        late = cells[(cells["variant"] == name) & (cells["round"] == number)]["top1"]
        assert (late >= best - 2).all()
    entries = json.loads((HPSPACE / "confirmation/small_resnet/round-0.json").read_text())
    for name, entry in entries.items():
        ended = cells[cells["variant"] == name][["i", "j"]]
        assert {tuple(cell) for cell in entry["finalists"]} <= {*ended.itertuples(index=False, name=None)}
        assert entry["trainings"] == 24


def test_a_larger_budget_goes_on_and_a_smaller_one_trains_nothing() -> None:
    smaller = merged(EXPLORED, {"exploration": {"trainings": 17}})  # two whole batches
    assert len(explored(go_on(smaller))) == 4 + 1
    before = {path: text for path, text in contents().items() if "confirmation" not in str(path)}
    ran = go_on(EXPLORED)
    assert [Path(path).name for path in explored(ran)] == ["round-2.json", "2.csv", "2.csv"]
    assert {path: contents()[path] for path in before if path.name != "cells.csv"}.items() <= before.items()
    whole = contents()
    assert not explored(go_on(smaller))
    assert Plan(smaller, 2).hpspace.file("tables", {}) == [
        path for path in Plan(EXPLORED, 2).hpspace.file("tables", {}) if not path.endswith("/2.csv")
    ]
    go_on(EXPLORED)
    assert contents().items() >= {path: text for path, text in whole.items() if "round-" not in path.name}.items()


def test_what_is_deleted_comes_back_the_same() -> None:
    go_on(EXPLORED)
    whole = contents()
    names = ("exploration/small_resnet/round-1.json", "batches/small_resnet/dense/seed-0/1.csv", "cells.csv")
    for name in names:
        (HPSPACE / name).unlink()
        seal(HPSPACE / name).unlink()
    ran = go_on(EXPLORED)
    assert {str(HPSPACE / name) for name in names} == set(ran)
    assert contents() == whole
    assert go_on(EXPLORED) == []


def test_networks_stop_where_no_batch_is_worth_it() -> None:
    config = merged(EXPLORED, {"exploration": {"worth": 100.0}})
    assert len(explored(go_on(config))) == 2 + 2  # first batches alone, and rounds without any
    plans = [json.loads(Path(path).read_text()) for path in Plan(config, 2).hpspace.plans("small_resnet", 2)]
    assert all(of["trainings"] == [] and of["gain"] < 100 for of in plans[0].values())
    assert plans[1] == {}
    go_on(EXPLORED)
    assert len(read_csv(HPSPACE / "cells.csv")) == 48


@pytest.mark.parametrize("rounds", [0, 1])
def test_the_lattice_grows_where_the_best_lies_at_its_border(rounds: int) -> None:
    bounds = {"learning_rate": [0.001, 0.1 * 10**1.21]}  # six steps above the prior
    go_on(merged(EXPLORED, {"extension": {"rounds": rounds, **bounds}, "exploration": {"trainings": 32}}), slope)
    assert read_csv(HPSPACE / "cells.csv")["i"].max() == (6 if rounds else 4)


def test_a_damaged_plan_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "round-1.json"
    for text in (
        "[]",
        '{"dense": {}}',
        '{"dense": {"trainings": [[0, 1]]}}',
        '{"dense": {"trainings": [[0, 1, "x"]]}}',
        '{"dense": {"trainings": [], "stops": {"most": 3}}}',
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=r"round-1\.json: no plan of batches.*--force") as caught:
            read_batches(path)
        assert "\n" not in str(caught.value)
    plan = Plan(ADAPTIVE, 2).hpspace
    where = {"model": "small_resnet", "variant": "dense", "seed": "3", "round": "0"}
    with pytest.raises(UserError, match="no batch of dense with seed 3"):
        plan.cells(where)


def test_what_needs_the_grid_is_not_made() -> None:
    adaptive, grid = (Plan(merged(TINY, {"exploration": {"method": of}}), 2).hpspace for of in ("adaptive", "grid"))
    names = [{table.name for table in plan.made} for plan in (adaptive, grid)]
    assert names[1] - names[0] == {
        *(
            "risk",
            "risk_cells",
            "ellipses",
            "intervals",
            "shifts",
            "transfer",
            "band",
            "regret",
            "table_4_1",
            "table_4_2",
        ),
        *("tile", "tile_history", "tile_timing"),
    }
    assert {"landscape", "risk", "regret"}.isdisjoint(step.name.removeprefix("figure_") for step in adaptive.figures)
    assert {"stopped", "exploration", "estimates"} <= names[0] - names[1]
    columns = [next(table for table in plan.made if table.name == "cells").columns for plan in (adaptive, grid)]
    assert columns[0] == (*columns[1], "round")


@pytest.mark.parametrize(
    ("batch", "engine", "told"),
    [
        (8, {"strategy": "fused", "lanes": 16}, "A batch of 8 trains in arrays of 16 lanes, 8 of them idle"),
        (24, {"strategy": "fused", "lanes": 16}, "A batch of 24 trains in arrays of 32 lanes, 8 of them idle"),
        (8, {"strategy": "fused"}, "exploration.batch: 16 takes no longer"),
        (16, {"strategy": "fused", "lanes": 16}, ""),
        (8, {"strategy": "fused", "lanes": 1}, ""),
        (8, {"strategy": "serial"}, ""),
        (8, {"strategy": "fused", "device": "cuda"}, ""),
    ],
)
def test_plan_tells_how_a_batch_fills_its_arrays(batch: int, engine: dict[str, Any], told: str) -> None:
    exploration = {"method": "adaptive", "trainings": 48, "batch": batch}
    text = " ".join(page(cost_page(made({"exploration": exploration, "engine": {"device": "cpu", **engine}}))).split())
    assert told in text
    assert ("of them idle" in text) == bool(told)


def test_plan_tells_both_bills_and_status_the_round() -> None:
    grid, adaptive = (made({"exploration": {"method": of, "trainings": 20}}) for of in ("grid", "adaptive"))
    texts = [page(cost_page(study)) for study in (grid, adaptive)]
    for text in texts:
        rows = {line.split()[0]: line for line in text.splitlines() if line.split()[:1] in (["grid"], ["adaptive"])}
        numbers = {name: [float(word.replace(",", "")) for word in row.split()[-6:]] for name, row in rows.items()}
        least, most, *flops, core_hours, most_hours = numbers["adaptive"]
        assert (least, most) == (2 * 8, 2 * 16)  # whole batches
        assert numbers["grid"][0] == 2 * 27
        assert numbers["grid"][1] == 2 * 27 + 576
        each = numbers["grid"][2] / numbers["grid"][0]
        assert flops == pytest.approx([each * least, each * most], rel=0.05)
        assert most_hours == pytest.approx(2 * core_hours, rel=0.05)
    assert "adaptive   this config" in texts[1]
    assert "grid       this config" in texts[0]
    assert "resnet20 may have 16 more trainings in 1 round of batches" in texts[1]
    assert "batch 1 of at most 2 comes first (2 of 2 networks may go on)" in page(status_page(adaptive))
