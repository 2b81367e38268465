"""Which way to train lanes is chosen by measuring; each way knows its limits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from prunescape.config.engine import Engine as EngineSection
from prunescape.errors import UserError
from prunescape.lanes import LANE_ALIGNMENT
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training import calibrate as calibration
from prunescape.training.calibrate import Measurement, calibrate, choose
from prunescape.training.engine import Engine
from prunescape.training.memory import Needs, refusal
from prunescape.training.strategy import Strategy, candidates, needs_calibration
from prunescape.training.train import Array, Task, train
from prunescape.training.workers import claim
from training_samples import ARCHITECTURE, ENGINE, LANES

SECTION = EngineSection.model_validate({**ENGINE, "strategy": "auto", "lanes": None, "precision": "auto"})


def test_candidates_fit_the_device_and_the_tile() -> None:
    assert candidates(SECTION, "cpu", 9) == [
        Strategy("serial", 1, True),
        Strategy("fused", 16, True),
        Strategy("vmap", 16, False),
    ]
    fused = [strategy.lanes for strategy in candidates(SECTION.changed(strategy="fused"), "cpu", 121)]
    assert fused == [16, 32, 48, 64]
    assert all(lanes % LANE_ALIGNMENT == 0 for lanes in fused)
    on_gpu = candidates(SECTION, "cuda", 9)
    assert {strategy.name for strategy in on_gpu} == {"serial", "fused", "vmap", "graphed", "branches"}
    assert [strategy.lanes for strategy in on_gpu if strategy.name == "branches"] == [2, 4, 8, 9] * 2
    assert {strategy.lanes for strategy in on_gpu if strategy.name != "branches"} == {1, 4, 9}
    assert {strategy.channels_last for strategy in on_gpu} == {True, False}
    fixed = SECTION.changed(strategy="fused", lanes=27, channels_last=True)
    assert candidates(fixed, "cuda", 9) == [Strategy("fused", 27, True)]
    assert candidates(SECTION.changed(strategy="serial", lanes=5), "cuda", 9) == [Strategy("serial", 1, False)]


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
    with pytest.raises(UserError, match=r"does not run a single training step \(no memory\); set engine.micro_batch"):
        choose([replace(measured("serial", 1, None), refused="no memory")])


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
    assert found["measured"][-1]["refused"] == "too little memory"


# Milliseconds of a step of so many lanes; the least that fusing takes, launching a graph, and a lane's own work.
LAUNCHED, GRAPH, LANE = 12.0, 2.0, 0.05
BANDWIDTH = 1.8


@pytest.mark.parametrize(
    ("cost", "best", "never"),
    [
        # Launching is what costs: a graph of many lanes is best, and is tried although a graph of one or four is not.
        (
            {
                "serial": lambda _: LAUNCHED,
                "fused": lambda lanes: max(LAUNCHED, LANE * lanes),
                "graphed": lambda lanes: GRAPH + LANE * lanes,
            },
            ("graphed", 81),
            [],
        ),
        # Memory's bandwidth is the roof, and grouped convolutions are slow: no large array is tried.
        (
            {
                "serial": lambda _: LAUNCHED,
                "fused": lambda lanes: max(LAUNCHED, 10 * BANDWIDTH * lanes),
                "graphed": lambda lanes: GRAPH + (BANDWIDTH if lanes == 1 else 10 * BANDWIDTH) * lanes,
            },
            ("graphed", 1),
            [("fused", 16), ("fused", 81), ("graphed", 9), ("graphed", 81)],
        ),
    ],
)
def test_what_could_win_is_tried_and_what_could_not_is_not(
    cost: dict[str, Callable[[int], float]], best: tuple[str, int], never: list[tuple[str, int]]
) -> None:
    done: list[Measurement] = []
    for strategy in candidates(SECTION.changed(channels_last=False), "cuda", 81):
        if strategy.name in cost and not calibration._hopeless(strategy, done):
            step_ms = cost[strategy.name](strategy.lanes)
            done.append(Measurement(strategy, step_ms, step_ms * strategy.arrays(81)))
    chosen = choose(done).strategy
    assert (chosen.name, chosen.lanes) == best
    assert not set(never) & {(one.strategy.name, one.strategy.lanes) for one in done}


@pytest.mark.parametrize(
    ("name", "shape", "megabytes"), [("resnet20", (3, 32, 32), 1.52), ("small_resnet", (1, 8, 8), 0.0086)]
)
def test_memory_is_foreseen_from_what_autograd_keeps(name: str, shape: tuple[int, int, int], megabytes: float) -> None:
    """Counted by hand for small_resnet: what convolutions and batch norms read, what rectifiers give, and the pool."""
    architecture = Architecture(name, shape, 10)
    needs = Needs.of(architecture)
    assert needs.kept_bytes / 1e6 == pytest.approx(megabytes, rel=0.01)
    assert needs.weights == sum(parameter.numel() for parameter in build(architecture).parameters())
    engine = Engine("cuda", "fused", lanes=27, precision="tf32")
    whole = needs.foreseen_bytes(engine, 128)
    assert whole == 27 * (128 * needs.kept_bytes + 4 * 4 * needs.weights)
    assert needs.foreseen_bytes(replace(engine, micro_batch=64), 128) == whole - 27 * 64 * needs.kept_bytes


def test_errors_of_a_gpu_are_told_apart() -> None:
    assert refusal(torch.OutOfMemoryError("CUDA out of memory")) == "too little memory"
    assert refusal(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")) == "too little memory"
    lacking = refusal(RuntimeError("GET was unable to find an engine to execute this computation"))
    assert lacking == "cuDNN has no kernel, for lack of memory or of a deterministic one"
    assert refusal(RuntimeError("shape mismatch")) is None
    during_capture = RuntimeError("operation failed due to a previous error during capture")
    during_capture.__context__ = torch.OutOfMemoryError()
    assert refusal(during_capture) == "too little memory"


def test_a_network_that_cannot_be_fused_is_calibrated_alone(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(architecture: Architecture, strategy: str) -> None:
        raise UserError("mixes channels")

    monkeypatch.setattr(calibration, "check_architecture", refuse)
    found = calibrate(ARCHITECTURE, task.data, task.recipe, SECTION, cells=9)
    assert found["strategy"] == "serial"
    with pytest.raises(UserError, match="mixes channels"):
        calibrate(ARCHITECTURE, task.data, task.recipe, SECTION.changed(strategy="fused"), cells=9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asking_for_a_gpu_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match=r"sees no GPU.*set engine.device to 'auto'"):
        Engine.from_config(SECTION.changed(device="cuda"))
    with pytest.raises(UserError, match=r"'graphed' needs a GPU.*set it to 'auto', 'fused' or 'serial'"):
        Engine.from_config(SECTION.changed(strategy="graphed", lanes=4))
    chosen = {"strategy": "graphed", "lanes": 27, "channels_last": False, "device": "Some GPU"}
    with pytest.raises(UserError, match=r"measured on Some GPU, and this job runs on cpu.*--forcerun calibrate"):
        Engine.from_config(SECTION, 1, chosen)
    assert Engine.from_config(SECTION.changed(device="auto")).device == "cpu"
    assert Engine.from_config(SECTION).precision == "float32"


def test_running_out_of_gpu_memory_is_one_line(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Array, *arguments: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Array, "train", fail)
    with pytest.raises(UserError, match=r"16 networks on batches of 25 \(too little memory\); set engine.lanes"):
        train(task, LANES)


def test_jobs_spread_over_gpus(tmp_path) -> None:
    """Each open file holds a lock of its own, so one process can stand for many."""
    assert [claim(["GPU-a", "GPU-b", "GPU-c"], str(tmp_path)) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]
