"""Which way to train lanes is chosen by measuring; each way knows its limits."""

from typing import Any

import pytest
import torch

from prunescape.config.engine import Engine as EngineSection
from prunescape.errors import UserError
from prunescape.lanes import LANE_ALIGNMENT
from prunescape.models.architecture import Architecture
from prunescape.training import calibrate as calibration
from prunescape.training.calibrate import Measurement, calibrate, choose
from prunescape.training.engine import Engine
from prunescape.training.strategy import Strategy, candidates, needs_calibration
from prunescape.training.train import Array, Task, train
from prunescape.training.workers import claim
from training_samples import ARCHITECTURE, ENGINE, LANES

SECTION: dict[str, Any] = {**ENGINE, "strategy": "auto", "lanes": None, "precision": "auto"}


def test_candidates_fit_the_device_and_the_tile() -> None:
    assert candidates(SECTION, "cpu", 9) == [Strategy("serial", 1, True), Strategy("fused", 16, True)]
    fused = [strategy.lanes for strategy in candidates({**SECTION, "strategy": "fused"}, "cpu", 121)]
    assert fused == [16, 32, 48, 64]
    assert all(lanes % LANE_ALIGNMENT == 0 for lanes in fused)
    on_gpu = candidates(SECTION, "cuda", 9)
    assert {strategy.name for strategy in on_gpu} == {"serial", "fused", "graphed"}
    assert {strategy.lanes for strategy in on_gpu} == {1, 4, 9}
    assert {strategy.channels_last for strategy in on_gpu} == {True, False}
    fixed = {**SECTION, "strategy": "fused", "lanes": 27, "channels_last": True}
    assert candidates(fixed, "cuda", 9) == [Strategy("fused", 27, True)]
    assert candidates({**SECTION, "strategy": "serial", "lanes": 5}, "cuda", 9) == [Strategy("serial", 1, False)]


def test_only_what_is_left_open_is_calibrated() -> None:
    assert needs_calibration(EngineSection())
    assert needs_calibration(EngineSection(strategy="graphed"))
    assert not needs_calibration(EngineSection(strategy="fused", lanes=16))
    assert not needs_calibration(EngineSection(strategy="serial"))


def test_calibration_measures_here_and_says_why(task: Task) -> None:
    lines: list[str] = []
    found = calibrate(ARCHITECTURE, task.data, task.recipe, SECTION, cells=20, report=lines.append)
    assert {entry["name"] for entry in found["measured"]} == {"serial", "fused"}
    assert found["reason"] == lines[-1]
    assert lines[-1].startswith(f"chose {found['strategy']}")
    best = min(entry["tile_ms"] for entry in found["measured"])
    kept = [entry["tile_ms"] for entry in found["measured"] if entry["lanes"] == found["lanes"]]
    assert kept[0] <= best * 1.05
    engine = Engine.from_config(SECTION, 1, found)
    assert (engine.strategy, engine.lanes, engine.channels_last) == (found["strategy"], found["lanes"], True)


def measured(name: str, lanes: int, step_ms: float | None, cells: int = 9) -> Measurement:
    strategy = Strategy(name, lanes, True)
    return Measurement(strategy, step_ms, None if step_ms is None else step_ms * strategy.arrays(cells))


def test_the_fastest_for_a_whole_tile_is_chosen_unless_a_simpler_one_is_as_good() -> None:
    serial = measured("serial", 1, 1.0)
    assert choose([serial, measured("fused", 16, 8.8)]) == serial
    assert choose([serial, measured("fused", 16, 8.0)]).strategy.name == "fused"
    assert choose([serial, measured("fused", 4, 2.0), measured("fused", 9, 5.0)]).strategy.lanes == 9
    assert choose([serial, measured("fused", 4, 2.0), measured("fused", 9, 5.9)]).strategy.lanes == 4
    assert choose([measured("fused", 9, None), serial]) == serial
    with pytest.raises(UserError, match=r"too little memory for a single training step; set engine.micro_batch"):
        choose([measured("serial", 1, None)])


def test_calibration_survives_what_does_not_fit_and_does_not_try_more_of_it(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def times(array: Array) -> list[float]:
        tried.append(len(array.rates))
        if len(array.rates) > 16:
            raise torch.OutOfMemoryError
        return [1.0 if len(array.rates) == 1 else 2.0]

    monkeypatch.setattr(calibration, "_time_steps", times)
    found = calibrate(ARCHITECTURE, task.data, task.recipe, SECTION, cells=64)
    assert (found["strategy"], found["lanes"]) == ("fused", 16)
    assert tried == [1, 16, 32]
    assert found["measured"][-1]["step_ms"] is None


def test_a_network_that_cannot_be_fused_is_calibrated_alone(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(architecture: Architecture) -> None:
        raise UserError("mixes channels")

    monkeypatch.setattr(calibration, "check_architecture", refuse)
    found = calibrate(ARCHITECTURE, task.data, task.recipe, SECTION, cells=9)
    assert found["strategy"] == "serial"
    with pytest.raises(UserError, match="mixes channels"):
        calibrate(ARCHITECTURE, task.data, task.recipe, {**SECTION, "strategy": "fused"}, cells=9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asking_for_a_gpu_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match=r"sees no GPU.*set engine.device to 'auto'"):
        Engine.from_config({**SECTION, "device": "cuda"})
    with pytest.raises(UserError, match=r"'graphed' needs a GPU.*set it to 'auto', 'fused' or 'serial'"):
        Engine.from_config({**SECTION, "strategy": "graphed", "lanes": 4})
    chosen = {"strategy": "graphed", "lanes": 27, "channels_last": False, "device": "Some GPU"}
    with pytest.raises(UserError, match=r"measured on Some GPU, and this job runs on a cpu.*--forcerun calibrate"):
        Engine.from_config(SECTION, 1, chosen)
    assert Engine.from_config({**SECTION, "device": "auto"}).device == "cpu"
    assert Engine.from_config(SECTION).precision == "float32"


def test_running_out_of_gpu_memory_is_one_line(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Array, *arguments: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Array, "train", fail)
    with pytest.raises(UserError, match="too little memory for 16 networks on batches of 25"):
        train(task, LANES)


def test_jobs_spread_over_gpus(tmp_path) -> None:
    """Each open file holds a lock of its own, so one process can stand for many."""
    assert [claim(["GPU-a", "GPU-b", "GPU-c"], str(tmp_path)) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]
