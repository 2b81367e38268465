"""Trainings for experiment trackers: TensorBoard's own code reads the folder; tables have W&B's and MLflow's names."""

from pathlib import Path

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG, parse_session_start_info_plugin_data

from prunescape.export.trackers import all_trainings, of_mlflow, of_wandb, write_tensorboard

AXES = ["learning_rate", "weight_decay"]
NETWORK = {"model": "net", "variant": "uniform-0.5", "method": "uniform", "ratio": 0.5, "criterion": "norm"}
NETWORK |= {"pipeline": "scratch", "target": "flops"}


def row(seed: int, i: int, top1: float, **more: object) -> dict[str, object]:
    measured = {"top1": top1, "top5": float("nan"), "best_top1": top1, "best_top5": float("nan"), "train_loss": 0.5}
    setting = {"i": i, "j": 0, "learning_rate": 0.1 * 2**i, "weight_decay": 0.001, "grid_learning_rate": 0.1}
    return {**NETWORK, "seed": seed, **setting, **measured, "diverged": False, "epochs": 2, **more}


CELLS = pd.DataFrame([row(0, 0, 90.0), row(0, 1, 10.0, train_loss=float("nan"), diverged=True)])
# A finalist's training is there again as that of a setting.
AGAIN = pd.DataFrame(
    [row(7, 0, 91.0, stage="finalist", setting="tuned"), row(7, 0, 91.0, stage="finalist", setting="x")]
)
HISTORIES = pd.DataFrame(
    [
        {**{name: CELLS[name][0] for name in ("model", "variant", "seed", "i", "j")}, "epoch": epoch}
        | {"learning_rate": 0.1, "train_loss": loss, "top1": top1, "top5": float("nan")}
        for epoch, loss, top1 in ((1, 2.0, float("nan")), (2, 0.5, 90.0))
    ]
)


@pytest.fixture
def trainings() -> pd.DataFrame:
    return all_trainings(CELLS, AGAIN, AXES)


def events(folder: Path, name: str) -> EventAccumulator:
    found = EventAccumulator(str(folder / name))
    return found.Reload()


def test_each_training_is_there_once(trainings: pd.DataFrame) -> None:
    assert trainings["name"].tolist() == [
        "net/uniform-0.5/explore_seed-0_0_0",
        "net/uniform-0.5/explore_seed-0_1_0",
        "net/uniform-0.5/finalist_seed-7_0_0",
    ]
    assert all_trainings(CELLS, None, AXES)["stage"].tolist() == ["explore", "explore"]


def test_the_grids_learning_rate_stands_beside_the_one_that_was_used(trainings: pd.DataFrame) -> None:
    assert of_wandb(trainings, "run")["grid_learning_rate"].tolist() == [0.1, 0.1, 0.1]
    assert of_mlflow(trainings, "run")["params.grid_learning_rate"].tolist() == ["0.1", "0.1", "0.1"]
    assert not [name for name in all_trainings(CELLS.drop(columns="grid_learning_rate"), None, AXES) if "grid" in name]


def test_tensorboard_reads_curves_results_and_hyperparameters(trainings: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "net" / "old").mkdir(parents=True)
    write_tensorboard(tmp_path, trainings, HISTORIES)
    assert not (tmp_path / "net" / "old").exists()
    first = events(tmp_path, "net/uniform-0.5/explore_seed-0_0_0")
    assert [(of.step, of.value) for of in first.Scalars("train_loss")] == [(1, 2.0), (2, 0.5)]
    assert [(of.step, of.value) for of in first.Scalars("top1")] == [(2, 90.0)]
    assert first.Scalars("final/top1")[0].value == 90.0
    assert "top5" not in first.scalars.Keys()
    content = first.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    told = parse_session_start_info_plugin_data(content).hparams
    assert told["learning_rate"].number_value == 0.1
    assert told["variant"].string_value == "uniform-0.5"
    diverged = events(tmp_path, "net/uniform-0.5/explore_seed-0_1_0")
    assert "final/train_loss" not in diverged.scalars.Keys()
    assert diverged.Scalars("final/top1")[0].value == 10.0


def test_the_same_trainings_give_the_same_bytes(trainings: pd.DataFrame, tmp_path: Path) -> None:
    for name in "ab":
        write_tensorboard(tmp_path / name, trainings, HISTORIES)
    first, second = (sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert len(first) == 3


def test_tables_have_the_names_of_w_and_b_and_mlflow(trainings: pd.DataFrame) -> None:
    wandb = of_wandb(trainings, "run")
    assert wandb.columns.tolist()[:4] == ["Name", "State", "Tags", "model"]
    assert wandb["State"].tolist() == ["finished", "crashed", "finished"]
    assert wandb["learning_rate"].tolist() == [0.1, 0.2, 0.1]
    mlflow = of_mlflow(trainings, "run")
    assert mlflow["status"].tolist() == ["FINISHED", "FAILED", "FINISHED"]
    assert mlflow["params.learning_rate"].tolist() == ["0.1", "0.2", "0.1"]
    assert mlflow["metrics.top1"].tolist() == [90.0, 10.0, 91.0]
    assert mlflow["run_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert mlflow["run_id"].is_unique
