"""Ways to train lanes: they agree, each knows its limits, and calibration chooses among them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import prune

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.lanes import LANE_ALIGNMENT
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training import calibrate as calibration
from prunescape.training import step
from prunescape.training.array import Array, Task
from prunescape.training.calibrate import Measurement, calibrate, choose
from prunescape.training.engine import Engine
from prunescape.training.gpus import claim
from prunescape.training.lane import Lane, LaneResult
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy, candidates, needs_calibration
from prunescape.training.train import train
from training_samples import ARCHITECTURE, LANES, same

SECTION: dict[str, Any] = {
    "device": "cpu",
    "strategy": "auto",
    "lanes": None,
    "precision": "auto",
    "channels_last": None,
    "compile": False,
    "micro_batch": None,
}
SHORT = Recipe(epochs=2, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(1,))


def reference(
    task: Task, lane: Lane, change: Callable[[torch.nn.Module], None] = lambda network: None, parts: int = 1
) -> dict[str, torch.Tensor]:
    """A lane's weights as a plain training script makes them, in float64."""
    seed = task.seed if lane.seed is None else lane.seed
    network = build(task.architecture, derive_seed(seed, "initialisation")).double()
    change(network)
    optimiser = torch.optim.SGD(network.parameters(), lane.learning_rate, 0.9, weight_decay=lane.weight_decay)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, list(task.recipe.decay_epochs), task.recipe.decay)
    order, augmentation = derive_seed(task.seed, "order"), derive_seed(task.seed, "augmentation")
    batches = Batches(task.data, "train", "cpu", 25, order, augmentation, dtype=torch.float64)
    for epoch in range(1, task.recipe.epochs + 1):
        for images, labels in batches.epoch(epoch):
            optimiser.zero_grad()
            for part, part_labels in zip(images.chunk(parts), labels.chunk(parts), strict=True):
                loss = F.cross_entropy(network(part), part_labels, reduction="sum") / len(images)
                loss.backward()
            if hasattr(network, "clip"):
                torch.nn.utils.clip_grad_norm_(network.parameters(), network.clip)
            optimiser.step()
        schedule.step()
    return network.state_dict()


def assert_close(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], tolerance: float) -> None:
    for name, tensor in found.items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(tensor, expected[name].to(tensor), rtol=tolerance, atol=tolerance)


def exactly(task: Task, **engine: Any) -> Task:
    """The task in double precision, shortened."""
    return replace(task, recipe=SHORT, engine=replace(task.engine, precision="float64", **engine))


@pytest.mark.parametrize("strategy", [Strategy("serial", 1, True), Strategy("fused", 16, False)], ids=str)
def test_strategies_agree_with_a_plain_script(strategy: Strategy, task: Task) -> None:
    task = exactly(task)
    results = train(replace(task, engine=task.engine.using(strategy)), LANES[:3])
    for lane, result in zip(LANES, results, strict=False):
        assert_close(result.weights, reference(task, lane), 1e-9)


def test_a_lane_may_have_an_initialisation_of_its_own(task: Task, together: list[LaneResult]) -> None:
    own, shared = train(task, [replace(LANES[0], seed=11), LANES[0]])
    assert same(shared, together[0])
    again, third = train(task, [replace(LANES[0], seed=task.seed), replace(LANES[0], seed=12)])
    assert same(again, together[0])
    assert len({own.history[-1].train_loss, shared.history[-1].train_loss, third.history[-1].train_loss}) == 3
    exact = exactly(task)
    (result,) = train(exact, [replace(LANES[1], seed=11)])
    assert_close(result.weights, reference(exact, replace(LANES[1], seed=11)), 1e-9)


def test_masked_weights_stay_zero_and_the_rest_trains_as_torch_masks_it(task: Task, together: list[LaneResult]) -> None:
    generator = torch.Generator().manual_seed(0)
    layers = ["conv1", "blocks.0.conv1", "blocks.1.conv2", "fc"]
    weights = dict(build(ARCHITECTURE).named_parameters())
    mask = {f"{name}.weight": torch.rand(weights[f"{name}.weight"].shape, generator=generator) < 0.3 for name in layers}

    def masked(network: torch.nn.Module) -> None:
        for name in layers:
            prune.custom_from_mask(network.get_submodule(name), "weight", mask[f"{name}.weight"])

    exact = exactly(task)
    (result,) = train(exact, [replace(LANES[0], mask=mask)])
    expected = reference(exact, LANES[0], masked)
    for name in layers:
        expected[f"{name}.weight"] = expected[f"{name}.weight_orig"] * mask[f"{name}.weight"]
        assert torch.equal(result.weights[f"{name}.weight"] != 0, mask[f"{name}.weight"])
    assert_close(result.weights, expected, 1e-9)
    _, neighbour = train(task, [replace(LANES[0], mask=mask), LANES[1]])
    assert same(neighbour, together[1])


def test_gradients_are_clipped_lane_by_lane(task: Task) -> None:
    generator = torch.Generator().manual_seed(0)
    mask = {"fc.weight": torch.rand(10, 32, generator=generator) < 0.5}
    exact = exactly(task)
    exact = replace(exact, recipe=replace(SHORT, clip=0.5))
    lanes = [LANES[0], LANES[2], replace(LANES[0], mask=mask)]
    clipped, other, masked = train(exact, lanes)

    def clip(network: torch.nn.Module) -> None:
        network.clip = 0.5  # for `reference`

    assert_close(clipped.weights, reference(exact, LANES[0], clip), 1e-9)
    assert_close(other.weights, reference(exact, LANES[2], clip), 1e-9)
    free = train(replace(exact, recipe=SHORT), LANES[:1])[0]
    assert not torch.allclose(free.weights["fc.weight"], clipped.weights["fc.weight"], atol=1e-4)

    def masked_and_clipped(network: torch.nn.Module) -> None:
        prune.custom_from_mask(network.fc, "weight", mask["fc.weight"])
        clip(network)

    expected = reference(exact, LANES[0], masked_and_clipped)
    expected["fc.weight"] = expected["fc.weight_orig"] * mask["fc.weight"]
    assert_close(masked.weights, expected, 1e-9)


def test_schedules_are_those_of_torch(task: Task) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], 1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=20)
    recipe = Recipe(20, 1, 0.9, schedule="cosine")
    for epoch in range(1, 21):
        assert recipe.learning_rate_factor(epoch) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-12)
        optimiser.step()
        schedule.step()
    assert Recipe(20, 1, 0.9, schedule="constant").learning_rate_factor(20) == 1.0


def test_a_lane_may_start_from_given_weights(task: Task, together: list[LaneResult]) -> None:
    """Fine-tuning: from the weights that another training ended with."""
    start = together[0].weights
    exact = exactly(task)
    tuned, fresh = train(exact, [replace(LANES[2], start=start), LANES[2]])
    assert_close(tuned.weights, reference(exact, LANES[2], lambda network: network.load_state_dict(start)), 1e-9)
    assert_close(fresh.weights, reference(exact, LANES[2]), 1e-9)


def test_gradients_of_micro_batches_add_up(task: Task) -> None:
    exact = exactly(task, micro_batch=5)
    (result,) = train(exact, LANES[:1])
    assert_close(result.weights, reference(exact, LANES[0], parts=5), 1e-9)


def test_a_replayed_step_trains_the_same_bits(
    task: Task, together: list[LaneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of `graphed` but the capture itself, which needs a GPU: fixed places, and the warm-up undone."""
    replays = []

    def graph(run: Callable[[], None]) -> Callable[[], None]:
        run()
        run()
        replays.append(run)
        return run

    monkeypatch.setattr(step, "_graph", graph)
    results = train(replace(task, engine=replace(task.engine, strategy="graphed")), LANES)
    assert len(replays) == 1
    assert all(same(one, other) for one, other in zip(results, together, strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_graphed_equals_fused_and_both_are_near_the_cpu(task: Task) -> None:
    recipe = replace(task.recipe, epochs=1)
    engine = replace(task.engine, device="cuda", channels_last=False, precision="float64")
    fused = train(replace(task, recipe=recipe, engine=engine), LANES)
    graphed = train(replace(task, recipe=recipe, engine=replace(engine, strategy="graphed")), LANES)
    exact = replace(task, recipe=recipe, engine=replace(task.engine, precision="float64"))
    for one, other, cpu in zip(fused, graphed, train(exact, LANES), strict=True):
        assert_close(one.weights, other.weights, 1e-12)
        assert_close(one.weights, cpu.weights, 1e-8)


def test_mixed_precision_is_near_full_precision(task: Task, together: list[LaneResult]) -> None:
    results = train(replace(task, engine=replace(task.engine, precision="bfloat16")), LANES)
    for mixed, full in zip(results, together, strict=True):
        assert not same(mixed, full)
        assert mixed.history[0].train_loss == pytest.approx(full.history[0].train_loss, rel=0.02)
        assert mixed.weights["fc.weight"].dtype == torch.float32


def test_a_compiled_network_trains_alike(task: Task) -> None:
    exact = replace(exactly(task), recipe=replace(SHORT, epochs=1))
    try:
        (result,) = train(replace(exact, engine=replace(exact.engine, lanes=1, compile=True)), LANES[:1])
    except Exception as error:
        if "compiler" in str(error).lower():
            pytest.skip("torch.compile finds no C++ compiler")
        raise
    assert_close(result.weights, reference(exact, LANES[0]), 1e-9)


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
    assert needs_calibration(SECTION)
    assert needs_calibration({**SECTION, "strategy": "graphed"})
    assert not needs_calibration({**SECTION, "strategy": "fused", "lanes": 16})
    assert not needs_calibration({**SECTION, "strategy": "serial"})


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
