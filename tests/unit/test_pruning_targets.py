"""Targets of pruning beside FLOPs: parameters against counting them, latency with a clock that says what it is told."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from network_samples import cut_to
from own_samples import of_torchvision, own
from prunescape.errors import UserError
from prunescape.io.files import read_json
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.pruning.graph import Graph
from prunescape.pruning.latency import Stopwatch, forward_seconds
from prunescape.pruning.settings import Latency, PruningSettings
from prunescape.pruning.structured import prune
from prunescape.pruning.widths import non_uniform_path, parameters_cost, uniform_path
from prunescape.training.preflight import preflight, words_of_check

SMALL = Architecture("small_resnet", (1, 8, 8), 10)
NAMES = ("blocks.0.conv1", "blocks.1.conv1")
WHOLE = dict(zip(NAMES, (16, 32), strict=True))


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_the_target_of_parameters_is_met_as_well_as_can_be(method: str) -> None:
    dense = count_parameters(build(SMALL))
    every = [
        dense - (16 - a) * (9 * 16 + 2 + 9 * 16) - (32 - b) * (9 * 16 + 2 + 9 * 32)  # two layers and a batch norm
        for a in range(1, 17)
        for b in range(1, 33)
    ]
    nearest = max(count for count in every if count <= 0.5 * dense) / dense
    pruned = prune(build(SMALL, 0), SMALL, method, 0.5, PruningSettings(target="parameters", tolerance_points=2.0))
    found = count_parameters(pruned.model)
    assert pruned.ratio == found / dense <= nearest <= 0.5
    one_channel = (dense - min(every)) / dense / 15
    assert pruned.ratio > nearest - one_channel
    if method == "uniform":
        shares = [pruned.widths[name] / WHOLE[name] for name in NAMES]
        assert abs(shares[0] - shares[1]) < 1 / 16


@pytest.mark.parametrize("network", ["net", "regnet_x_400mf", "mobilenet_v3_small"])
def test_parameters_of_imported_networks_are_those_of_what_is_cut(network: str, nets: str) -> None:
    architecture = own(f"{nets}:net", {"width": 16}) if network == "net" else of_torchvision(network, 32, {})
    model = build(architecture, 0)
    cost = parameters_cost(model, Graph(model, architecture).groups)
    assert cost.total(cost.dense) == count_parameters(model)
    settings = PruningSettings(target="parameters", tolerance_points=5.0, criterion="random")
    dense = count_parameters(model)
    pruned = prune(model, architecture, "non_uniform", 0.8, settings)  # it checks the count
    assert count_parameters(build(pruned.architecture)) == count_parameters(pruned.model) == round(pruned.ratio * dense)
    with pytest.raises(UserError, match="of the parameters remain; choose a larger ratio"):
        prune(build(architecture, 0), architecture, "uniform", 0.001, settings)


def times(models: Sequence[nn.Module], shape: tuple[int, int, int], how: Latency) -> list[float]:
    return [clock(model, shape, how) for model in models]


def clock(model: nn.Module, shape: tuple[int, int, int], how: Latency) -> float:
    """Seconds of a machine that works off whole blocks of four channels."""
    assert (shape, how.batch_size) == ((1, 8, 8), 7)
    widths = [model.get_submodule(name).out_channels for name in NAMES]
    return 0.1 + sum(-(-width // 4) for width in widths) / 8


HOW: Mapping[str, object] = {"target": "latency", "latency": {"batch_size": 7, "tolerance_points": 12.0}}


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_the_largest_network_that_is_fast_enough_is_found(method: str) -> None:
    how = PruningSettings(**HOW)
    pruned = prune(build(SMALL, 0), SMALL, method, 0.6, how, stopwatch=Stopwatch(how.clock, timer=times))
    scores = {
        name: (norms := build(SMALL, 0).get_parameter(f"{name}.weight").detach().abs().sum((1, 2, 3)).double())
        / norms.mean()
        for name in NAMES
    }
    path = uniform_path(WHOLE) if method == "uniform" else non_uniform_path(scores)
    assert path[0] == WHOLE
    assert path[-1] == dict.fromkeys(NAMES, 1)
    whole = clock(build(SMALL), (1, 8, 8), how.clock)
    seconds = [clock(build(cut_to(SMALL, of)), (1, 8, 8), how.clock) / whole for of in path]
    first = next(place for place, ratio in enumerate(seconds) if ratio <= 0.6)
    assert pruned.widths == path[first]
    assert pruned.ratio == pytest.approx(seconds[first])
    assert pruned.latency is not None
    assert pruned.latency["dense_ms"] == pytest.approx(1000 * whole)
    assert pruned.latency["ms"] == pytest.approx(1000 * whole * seconds[first])
    assert pruned.latency["machine"]
    assert count_parameters(pruned.model) == count_parameters(build(pruned.architecture))


def test_paths_go_down_channel_by_channel() -> None:
    path = uniform_path({"a": 4, "b": 2}, minimum=1)
    assert path == [{"a": 4, "b": 2}, {"a": 3, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 1}]
    scores = {"a": torch.tensor([0.5, 0.1, 0.9]), "b": torch.tensor([0.2, 0.3])}
    assert [tuple(of.values()) for of in non_uniform_path(scores)] == [(3, 2), (2, 2), (2, 1), (1, 1)]
    with pytest.raises(UserError, match="minimum_channels is 3, but b has only 2"):
        uniform_path({"a": 4, "b": 2}, minimum=3)


def test_what_was_measured_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    how, calls = PruningSettings(**HOW), []

    def counted(models: Sequence[nn.Module], shape: tuple[int, int, int], latency: Latency) -> list[float]:
        calls.append(1)
        return [seconds * (1 + 0.01 * len(calls)) for seconds in times(models, shape, latency)]  # never the same twice

    watch = Stopwatch(how.clock, tmp_path, counted)
    first = prune(build(SMALL, 0), SMALL, "uniform", 0.6, how, stopwatch=watch)
    needed = len(calls)
    assert 2 <= needed <= 8
    again = prune(build(SMALL, 1), SMALL, "uniform", 0.6, how, stopwatch=watch)  # other weights, the same question
    assert len(calls) == needed
    assert (again.architecture, again.ratio, again.latency) == (first.architecture, first.ratio, first.latency)
    prune(build(SMALL, 0), SMALL, "uniform", 0.7, how, stopwatch=watch)
    assert len(calls) > needed
    needed = len(calls)
    (file,) = tmp_path.glob("uniform-0.7-*.json")
    file.write_text("{")
    prune(build(SMALL, 0), SMALL, "uniform", 0.7, how, stopwatch=watch)
    assert len(calls) > needed
    assert read_json(file)["ratio"] <= 0.7


def test_latency_that_cannot_be_met_is_told() -> None:
    how = PruningSettings(**HOW)
    watch = Stopwatch(how.clock, timer=times)
    with pytest.raises(UserError, match=r"ratio 0.2 of the latency cannot be reached: .* takes 0.219 of the dense"):
        prune(build(SMALL, 0), SMALL, "uniform", 0.2, how, stopwatch=watch)
    narrow = PruningSettings(target="latency", latency=Latency(batch_size=7, tolerance_points=2.0))
    with pytest.raises(UserError, match=r"comes no nearer than .* ask for .* pruning.latency.tolerance_points above 2"):
        prune(build(SMALL, 0), SMALL, "uniform", 0.65, narrow, stopwatch=Stopwatch(narrow.clock, timer=times))


def test_imported_networks_are_checked_without_a_clock(nets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prunescape.pruning.latency.time.perf_counter", None)
    variant = {"method": "uniform", "criterion": "norm", "ratio": 0.1}
    architecture = own(f"{nets}:net", {"width": 16})
    found = preflight(architecture, {"x": variant}, PruningSettings(**HOW), "serial", lambda line: None)
    assert 0.7 < found["ratios"]["x"] <= 0.9


def test_a_real_clock_runs_and_leaves_no_trace() -> None:
    model, threads = build(SMALL, 0).train(), torch.get_num_threads()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = forward_seconds([model, build(SMALL, 1)], SMALL.input_shape, Latency(batch_size=4, threads=1, repeats=3))
    assert len(found) == 2
    assert all(0 < seconds < 10 for seconds in found)
    assert torch.get_num_threads() == threads
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="this job sees no GPU; on a cluster give one to the rules that prune"):
            forward_seconds([model], SMALL.input_shape, Latency(device="cuda"))


def test_a_ratio_that_an_imported_network_cannot_reach_names_it(nets: str) -> None:
    variants = {"uniform-0.01": {"method": "uniform", "criterion": "norm", "ratio": 0.01}}
    architecture = own(f"{nets}:net", {"width": 16})
    with pytest.raises(
        UserError, match=r"^models\.\w+, uniform-0.01: ratio 0.01 cannot be reached: .* choose a larger"
    ):
        preflight(architecture, variants, PruningSettings(), "serial", lambda line: None)


def test_what_was_found_of_an_imported_network_is_told_in_a_line(nets: str) -> None:
    variants = {"uniform-0.5": {"method": "uniform", "criterion": "norm", "ratio": 0.5}}
    architecture = own(f"{nets}:net", {"width": 16})
    found = preflight(architecture, variants, PruningSettings(), "serial", lambda line: None)
    words = words_of_check("mine", found)
    assert "\n" not in words
    assert f"{sum(found['groups'].values())} channels in {len(found['groups'])} groups" in words
    assert f"uniform-0.5 comes to {found['ratios']['uniform-0.5']:.3f}" in words
    assert "one after the other" in words_of_check("mine", found | {"alone": "it flattens"})
