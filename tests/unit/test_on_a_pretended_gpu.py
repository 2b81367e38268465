"""What runs on a GPU, on a pretended one: no tensor on the wrong device, no wait in a step, graphs that replay."""

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pretended_gpu import CaptureError, DeviceError, PretendedGPU, pretended
from prunescape.coherence.by_class import class_table
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.measure import measure
from prunescape.coherence.scores import weight_scores
from prunescape.config.engine import Engine as Section
from prunescape.config.stochastic import Search
from prunescape.data.batches import Pick
from prunescape.data.prepared import PreparedData
from prunescape.errors import Interrupted, UserError
from prunescape.io.files import write_json
from prunescape.lanes.fuse import lane_states
from prunescape.lanes.optimiser import LaneSGD
from prunescape.mechanism.basins import Plane, grid, marks_table, surface
from prunescape.mechanism.explained import fisher
from prunescape.mechanism.prediction import scores_of
from prunescape.mechanism.sharpness import sharpness_over_epochs
from prunescape.mechanism.subsets import Weights, random_subset
from prunescape.mechanism.symmetries import matched
from prunescape.mechanism.utility import Ablations
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.graph import Graph
from prunescape.pruning.latency import forward_seconds
from prunescape.pruning.settings import Latency, PruningSettings
from prunescape.pruning.unstructured import prunable
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.controls import measure_controls
from prunescape.stochastic.feature_variance import feature_variance
from prunescape.stochastic.fine_tuning import fine_tune
from prunescape.stochastic.gradient_flow import gradient_flow_table
from prunescape.stochastic.names import CONTROLS
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.searches import run_searches
from prunescape.stochastic.structured import evaluate_structured
from prunescape.stochastic.variants import Pretrained, variants
from prunescape.training import calibrate as calibration
from prunescape.training import stop
from prunescape.training.barriers import line
from prunescape.training.calibrate import calibrate
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context, chosen_strategy
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate, validation_batches
from prunescape.training.memory import Needs
from prunescape.training.recalibration import recalibration_batches
from prunescape.training.recipe import FROZEN, Recipe
from prunescape.training.step import Step
from prunescape.training.strategy import Strategy
from prunescape.training.train import Array, Lane, LaneResult, Task, train
from training_samples import ARCHITECTURE, same

GPU = Engine("cuda", "serial", precision="float64", channels_last=False)
RECIPE = Recipe(epochs=2, batch_size=8, momentum=0.9, decay_epochs=(1,))
LANES = [Lane(0.1, 1e-3), Lane(0.05, 1e-2)]
VIT = Architecture("small_vit", (1, 8, 8), 10)


@pytest.fixture
def gpu() -> Iterator[PretendedGPU]:
    with pretended() as device:
        yield device


@pytest.fixture(scope="module")
def few(digits: PreparedData) -> PreparedData:
    """12 training images, of which 4 are left in the last batch, and 6 validation images."""
    return digits.only("train", np.arange(12)).only("validation", np.arange(6))


def task(few: PreparedData, name: str = "serial", lanes: int = 1, architecture: Architecture = ARCHITECTURE) -> Task:
    return Task(architecture, few, GPU.using(Strategy(name, lanes, False)), 3, RECIPE)


NETWORK = build(ARCHITECTURE, 3).eval()
MASK = {"fc.weight": torch.rand(10, 32, generator=torch.Generator().manual_seed(0)) < 0.5}
START = build(ARCHITECTURE, 5).state_dict()
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[Lane]]] = {
    "sgd": (
        {"channels_last": True},
        {"clip": 0.5, "label_smoothing": 0.1},
        [replace(LANES[0], mask=MASK), replace(LANES[1], start=START, momentum=0.5, label_smoothing=0.2)],
    ),
    "adamw": ({"micro_batch": 4}, {"optimiser": "adamw", "warmup_epochs": 1, "drop_last": True}, LANES),
    "adam": ({"precision": "bfloat16"}, {"optimiser": "adam"}, LANES),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_graph_trains_as_the_cpu_does(variant: str, few: PreparedData) -> None:
    engine, recipe, lanes = VARIANTS[variant]
    graphed = task(few, "graphed", 2)
    graphed = replace(graphed, engine=replace(graphed.engine, **engine), recipe=replace(RECIPE, **recipe))
    with pretended() as gpu:
        results = train(graphed, lanes)
    assert gpu.replays == (2 if recipe.get("drop_last") else 4)
    on_cpu = train(replace(graphed, engine=replace(graphed.engine, device="cpu", strategy="fused")), lanes)
    assert all(map(same, results, on_cpu))


@pytest.mark.parametrize("variant", VARIANTS)
def test_branches_have_the_bits_of_one_network_alone(variant: str, few: PreparedData) -> None:
    """Also those of clipping and smoothing, and of a lane that diverges beside another."""
    engine, recipe, lanes = VARIANTS[variant]
    beside = task(few, "branches", 3)
    beside = replace(beside, engine=replace(beside.engine, **engine), recipe=replace(RECIPE, **recipe))
    lanes = [*lanes, Lane(1e200, 0.0)]
    with pretended() as gpu:
        results = train(beside, lanes)
    assert gpu.replays == (2 if recipe.get("drop_last") else 4)
    assert [result.diverged for result in results] == [False, False, True]
    alone = train(replace(beside, engine=replace(beside.engine, device="cpu", strategy="serial", lanes=1)), lanes)
    assert all(map(same, results[:2], alone[:2]))


@pytest.mark.parametrize(
    ("architecture", "name", "lanes"),
    [
        (ARCHITECTURE, "serial", 1),
        (ARCHITECTURE, "fused", 2),
        (ARCHITECTURE, "vmap", 2),
        (ARCHITECTURE, "graphed", 1),
        (ARCHITECTURE, "graphed", 2),
        (ARCHITECTURE, "branches", 2),
        (VIT, "vmap", 2),
        (VIT, "graphed", 2),
    ],
)
def test_strategies_neither_wait_in_a_step_nor_mix_devices(
    architecture: Architecture, name: str, lanes: int, few: PreparedData, gpu: PretendedGPU
) -> None:
    array = Array(task(few, name, lanes, architecture), LANES[:lanes])
    array.network.train()
    picks = list(array.training.picks(1))
    array.step(picks[0])
    gpu.waits.clear()
    for pick in picks[1:]:
        array.step(pick)
    assert not {what: count for what, count in gpu.waits.items() if count}
    for tensor in array.step.state().values():
        assert tensor.device.type == "cuda"
    assert all(tensor.device.type == "cpu" for tensor in lane_states(array.network, 1)[0].values())


@pytest.fixture(scope="module")
def sound(few: PreparedData) -> list[LaneResult]:
    """What the CPU trains, without a graph."""
    of_gpu = task(few, "fused", 2)
    return train(replace(of_gpu, engine=replace(of_gpu.engine, device="cpu")), LANES)


def test_a_graphed_training_goes_on_after_a_stop(
    few: PreparedData, sound: list[LaneResult], gpu: PretendedGPU, tmp_path, monkeypatch
) -> None:
    checkpoint, asked = Checkpoint.of(tmp_path / "state", {}), iter([None, None, "SIGTERM"])
    monkeypatch.setattr(stop, "asked", lambda: next(asked, None))
    with pytest.raises(Interrupted):
        train(task(few, "graphed", 2), LANES, checkpoint=checkpoint)
    assert all(map(same, train(task(few, "graphed", 2), LANES, checkpoint=checkpoint), sound))


def test_a_lane_of_nans_leaves_its_neighbour(few: PreparedData, sound: list[LaneResult], gpu: PretendedGPU) -> None:
    good, bad = train(task(few, "graphed", 2), [LANES[0], Lane(1e200, 0.0)])
    assert bad.diverged
    assert same(good, sound[0])


@pytest.mark.parametrize(
    "name", ["graphed", *[pytest.param(name, marks=pytest.mark.full) for name in ("branches", "vmap")]]
)
def test_an_array_becomes_smaller_as_lanes_leave_it(
    name: str, few: PreparedData, gpu: PretendedGPU, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = [LANES[0], Lane(1e200, 0.0), LANES[1]]
    whole = train(task(few, name, 3), lanes)
    sizes, hold = [], Array._hold
    monkeypatch.setattr(Array, "_hold", lambda array, places: (sizes.append(array.engine.lanes), hold(array, places)))
    results = train(task(few, name, 3), lanes, below={1: 0.0})
    assert sizes == [3, 2]
    assert [result.diverged for result in results] == [False, True, False]
    for place in (0, 2):
        assert [entry.top1 for entry in results[place].history] == [entry.top1 for entry in whole[place].history]
        for weight, tensor in whole[place].weights.items():
            torch.testing.assert_close(results[place].weights[weight], tensor)


def test_networks_are_evaluated_and_ways_measured(
    few: PreparedData, gpu: PretendedGPU, monkeypatch, tmp_path: Path
) -> None:
    networks = [build(ARCHITECTURE, seed) for seed in range(3)]
    scores = evaluate(networks, few, replace(GPU, strategy="fused", lanes=2))
    torch.testing.assert_close(scores.loss, evaluate(networks, few, Engine(precision="float64")).loss)
    section = Section(lanes=2, channels_last=False)
    monkeypatch.setattr(calibration, "ENOUGH_SECONDS", 0.0)
    found = calibrate(ARCHITECTURE, few, RECIPE, section, cells=2)
    assert found["device"] == "Pretended GPU"
    assert {entry["name"] for entry in found["measured"]} == {"serial", "fused", "graphed", "branches"}
    assert all(0 < entry["foreseen_memory_bytes"] < 1 << 30 for entry in found["measured"])
    assert Engine.from_config(section, 1, found).lanes == found["lanes"]
    write_json(tmp_path / "strategy.json", {**found, "strategy": "branches"})
    chosen = chosen_strategy({"companion": tmp_path / "strategy.json"})
    times = {entry["name"]: entry["tile_ms"] for entry in found["measured"] if entry["name"] != "branches"}
    assert times[Engine.from_config(section, 1, chosen).strategy] <= (1 + calibration.NEGLIGIBLE) * min(times.values())
    assert chosen_strategy({"strategy": tmp_path / "strategy.json"})["strategy"] == "branches"
    assert chosen_strategy({}) is None
    with pytest.raises(UserError, match=r"measured on H100, and this job runs on Pretended GPU; let all training run"):
        Engine.from_config(section, 1, {**found, "device": "H100"})


def test_what_cannot_fit_is_not_launched(few: PreparedData, gpu: PretendedGPU, monkeypatch) -> None:
    """MobileNetV2 keeps 49 MB of an image: at batches of 128, 9 lanes fit into 80 GB, and 27 do not."""
    needs = Needs(2_236_682, 49_660_928)
    monkeypatch.setattr(calibration, "Array", None)
    lanes = replace(GPU, precision="tf32", strategy="fused", lanes=27)
    found = calibration.measure(ARCHITECTURE, few, replace(RECIPE, batch_size=128), lanes, 81, needs)
    assert found.step_ms is None
    assert found.refused == "too little memory: at least 161 GiB are needed, 80 are free"
    assert needs.foreseen_bytes(replace(lanes, lanes=9), 128) < 80e9


def _ablated(engine: Engine, data: PreparedData) -> pd.DataFrame:
    ablations = Ablations(NETWORK, data, engine)
    weights = Weights.of(NETWORK)
    subsets = [random_subset(weights, 40, 0, number) for number in range(3)]
    groups = Graph(NETWORK, ARCHITECTURE).groups[:1]
    return pd.concat([ablations.measure(subsets), ablations.measure_channels(groups)])


def _between(engine: Engine, data: PreparedData) -> pd.DataFrame:
    ends = NETWORK.state_dict(), START
    return line(NETWORK, ends, data, engine, points=3, statistics=recalibration_batches(data, engine, 4)).table()


def _noisy(engine: Engine, data: PreparedData) -> pd.DataFrame:
    pretrained = Pretrained("small_resnet", 3, copy.deepcopy(NETWORK).to(engine.device))
    sample = recalibration_batches(data, engine, 4)
    wanted = variants(["magnitude"], [0.6], [0.01], 1, ["deterministic", "stochastic"])
    scores = evaluate_variants(pretrained, wanted, data, engine, recalibration=sample)
    tuned = fine_tune(pretrained, wanted, Task(ARCHITECTURE, data, engine, 3, replace(RECIPE, epochs=1)), 0.01, 0.0)
    return pd.concat(
        [
            scores,
            tuned.table,
            gradient_flow_table(pretrained, wanted, sample, engine),
            feature_variance(pretrained, wanted, sample, engine),
        ]
    )


def _coherent(engine: Engine, data: PreparedData) -> pd.DataFrame:
    measured = [measure(NETWORK, data, engine), measure(NETWORK, data, engine, samples=6, diffs=False)]
    return pd.DataFrame([(one.coherence, one.loss, one.top1) for one in measured])


def _structured(engine: Engine, data: PreparedData) -> pd.DataFrame:
    pretrained = Pretrained("small_resnet", 3, copy.deepcopy(NETWORK).to(engine.device))
    how, settings = (["uniform", "non_uniform"], [0.5], [0.01], 1), PruningSettings(tolerance_points=5)
    sample = recalibration_batches(data, engine, 4)
    return evaluate_structured(pretrained, ARCHITECTURE, *how, settings, data, engine, recalibration=sample)


@pytest.mark.parametrize("strategy", ["serial", "fused", "graphed"])
@pytest.mark.parametrize("measurement", [_ablated, _between, _noisy, _coherent, _structured])
def test_measurements_give_what_the_cpu_gives(
    measurement: Callable[[Engine, PreparedData], pd.DataFrame], strategy: str, few: PreparedData
) -> None:
    """Whatever `calibrate` may choose for a companion study."""
    lanes = 1 if strategy == "serial" else 2
    with pretended():
        found = measurement(replace(GPU, strategy=strategy, lanes=lanes), few)
    expected = measurement(replace(GPU, device="cpu", strategy="fused", lanes=lanes), few)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


# Measurements of one network at a time, and those of planes, by what a job gives them.

STATES = {0: START, 1: NETWORK.state_dict()}
Measurement = Callable[[Context], pd.DataFrame]


def _sums(tensors: Mapping[Any, torch.Tensor]) -> pd.DataFrame:
    return pd.DataFrame([(*map(str, np.atleast_1d(name)), float(of.sum())) for name, of in tensors.items()])


def _sharpness(context: Context) -> pd.DataFrame:
    return sharpness_over_epochs(context, STATES, recalibration_batches(context.data, context.engine, 4))


def _weight_scores(context: Context) -> pd.DataFrame:
    found = weight_scores(context, STATES, 1, prunable_layers(context.network(START)), 6)
    return _sums({(score, name): of for score, tensors in found.items() for name, of in tensors.items()})


def _by_class(context: Context) -> pd.DataFrame:
    return class_table(context, prunable_layers(context.network(START)), START, 6)


def _predicted(context: Context) -> pd.DataFrame:
    generator = torch.Generator().manual_seed(0)
    weights = prunable(NETWORK)
    sets = [{name: torch.rand(of.shape, generator=generator) < 0.5 for name, of in weights.items()} for _ in range(2)]
    return scores_of(context, NETWORK.state_dict(), sets)


def _plane(context: Context) -> pd.DataFrame:
    points = {name: build(ARCHITECTURE, seed).state_dict() for name, seed in (("a", 1), ("b", 2), ("c", 3))}
    network = context.network(points["a"])
    plane = Plane.through(network, list(points.values()))
    where = grid(torch.tensor(marks_table(plane, points)[["x", "y"]].to_numpy()), 2)
    sample = recalibration_batches(context.data, context.engine, 4)
    return surface(network, plane, where, context.data, context.engine, statistics=sample)


def _matched(context: Context) -> pd.DataFrame:
    networks = {seed: build(ARCHITECTURE, seed).state_dict() for seed in (1, 2)}
    found = matched(context, networks, lambda _: None)
    order = torch.Generator().manual_seed(0)
    return _sums(
        {
            (what, one, other, name): of.double() * torch.rand(of.shape, generator=order, dtype=torch.float64)
            for what, one, other, states in found
            for name, of in states[1].items()
        }
    )


def _fisher(context: Context) -> pd.DataFrame:
    network = context.network(START).to(context.engine.device, context.engine.dtype)
    return _sums(fisher(network, validation_batches(context.data, context.engine, "train"), 0))


def _pretrained(context: Context) -> PretrainedContext:
    network = copy.deepcopy(NETWORK).to(context.engine.device, context.engine.dtype)
    own = Pretrained("small_resnet", 3, network)
    sample = recalibration_batches(context.data, context.engine, 4)
    return PretrainedContext(ARCHITECTURE, context.data, context.engine, 3, own, context.data, sample)


def _controls(context: Context) -> pd.DataFrame:
    of = _pretrained(context)
    return measure_controls(of, {"gamma": 0.6, "sigma": 0.01, "of": {}}, 1, CONTROLS, of.sample)


def _searched(context: Context) -> pd.DataFrame:
    section = Search(algorithms=["nsga2"], budget=4, population=2, draws=1, sigma=[0.001, 0.1], gamma=[0.5, 0.9])
    with TemporaryDirectory() as folder:
        found = run_searches(_pretrained(context), section, folder, {}, lambda _: None)
    return pd.concat([found.evaluations, found.fronts])


@pytest.mark.parametrize(
    ("measurement", "strategy"),
    [
        *((one, "serial") for one in (_sharpness, _weight_scores, _by_class, _predicted, _plane, _matched, _fisher)),
        *((one, way) for one in (_plane, _controls, _searched) for way in ("fused", "graphed")),
    ],
)
def test_measurements_of_a_job_give_what_the_cpu_gives(
    measurement: Measurement, strategy: str, few: PreparedData
) -> None:
    lanes = 1 if strategy == "serial" else 2
    with pretended():
        found = measurement(Context(ARCHITECTURE, few, replace(GPU, strategy=strategy, lanes=lanes), 0))
    on_cpu = replace(GPU, device="cpu", strategy="serial" if lanes == 1 else "fused", lanes=lanes)
    expected = measurement(Context(ARCHITECTURE, few, on_cpu, 0))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6)


def test_latency_is_measured_with_waits_and_networks_come_back(gpu: PretendedGPU) -> None:
    settings = Latency(device="cuda", batch_size=2, repeats=3)
    network = build(ARCHITECTURE, 3).train()
    (seconds,) = forward_seconds([network], ARCHITECTURE.input_shape, settings)
    assert seconds > 0
    assert network.training
    assert {parameter.device.type for parameter in network.parameters()} == {"cpu"}


def trained_alike(one: Task, lanes: list[Lane], reference: str = "serial") -> None:
    """Whether a training gives on the pretended GPU the weights that it gives on the CPU."""
    with pretended():
        found = train(one, lanes)
    engine = replace(one.engine, device="cpu", strategy=reference, lanes=1 if reference == "serial" else 2)
    for result, expected in zip(found, train(replace(one, engine=engine), lanes), strict=True):
        for name, weights in expected.weights.items():
            torch.testing.assert_close(result.weights[name], weights, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("strategy", ["vmap", "graphed"])
def test_a_transformer_trains_as_the_cpu_does(strategy: str, few: PreparedData) -> None:
    trained_alike(task(few, strategy, 2, VIT), LANES, "vmap")


@pytest.mark.parametrize("strategy", ["serial", "graphed", "branches"])
def test_frozen_batch_norm_and_clipped_values_train_as_on_the_cpu(strategy: str, few: PreparedData) -> None:
    one = task(few, strategy, 1 if strategy == "serial" else 2)
    trained_alike(replace(one, recipe=replace(RECIPE, batch_norm=FROZEN, clip=0.1, clip_by="value")), LANES)


@pytest.mark.parametrize("strategy", ["serial", "graphed", "branches"])
def test_lanes_of_unlike_sizes_train_as_on_the_cpu(strategy: str, few: PreparedData) -> None:
    lanes = [Lane(0.1, 1e-3, batch_size=4), Lane(0.1, 1e-3, epochs=1), Lane(0.05, 0.0)]
    trained_alike(task(few, strategy, 1 if strategy == "serial" else 2), lanes)


# Mistakes of the kinds that only a GPU shows, each planted: where they are, and what is seen of them.


def _labels_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = torch.nn.functional.cross_entropy
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", lambda x, y, **more: losses(x, y.cpu(), **more))


def _a_look_at_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    step = LaneSGD.step

    def looks(self: LaneSGD) -> None:
        self.parameters[0].grad.sum().item()
        step(self)

    monkeypatch.setattr(LaneSGD, "step", looks)


def _a_rate_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LaneSGD, "set_learning_rate", lambda self, rate: setattr(self, "_rate", self._spread(rate)))


def _a_velocity_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def update(self: LaneSGD, gradient: torch.Tensor) -> None:
        self.velocity = self.velocity * self.momentum + gradient
        self._weights.addcmul_(self.velocity, self._rate, value=-1.0)

    monkeypatch.setattr(LaneSGD, "_update", update)


def _a_pick_that_is_baked_in(monkeypatch: pytest.MonkeyPatch) -> None:
    eager, first = Step._eager, {}

    def bakes(self: Step, pick: Pick) -> None:
        eager(self, first.setdefault(len(pick.chosen), copy.deepcopy(pick)))

    monkeypatch.setattr(Step, "_eager", bakes)


def _a_warm_up_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Step, "_unchanged", lambda self: contextlib.nullcontext())


def _an_index_from_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = torch.nn.functional.cross_entropy
    monkeypatch.setattr(
        torch.nn.functional, "cross_entropy", lambda x, y, **more: losses(x[torch.arange(len(x))], y, **more)
    )


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (_labels_on_the_cpu, (DeviceError, CaptureError)),
        (_a_look_at_the_loss, CaptureError),
        (_an_index_from_the_cpu, CaptureError),
        (_a_rate_that_is_replaced, None),
        (_a_velocity_that_is_replaced, None),
        (_a_pick_that_is_baked_in, None),
        (_a_warm_up_that_counts, None),
    ],
)
def test_planted_mistakes_are_seen(
    plant: Callable[[pytest.MonkeyPatch], None], seen: Any, few: PreparedData, sound: list[LaneResult], monkeypatch
) -> None:
    """As an error, or as other numbers than without a graph."""
    plant(monkeypatch)
    with pretended():
        if seen is not None:
            with pytest.raises(seen):
                train(task(few, "graphed", 2), LANES)
        else:
            assert not any(map(same, train(task(few, "graphed", 2), LANES), sound))
