"""Networks of the shapes that people write: each is pruned and trains, or is refused in one line that says why."""

import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from field_samples import field
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.io.tensors import load_tensors, save_tensors
from prunescape.lanes.fuse import check_lanes, fuse, lane_state
from prunescape.lanes.optimiser import LaneSGD
from prunescape.models.build import build
from prunescape.models.probe import probe
from prunescape.models.weights import load_state
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.training.engine import Engine
from prunescape.training.preflight import preflight
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

# Layers whose channels are spared, and a part of the reason; None where none are but the usual ones.
TRAINS = {
    "Plain": None,
    "RandomDepth": ("a.0", "addition"),
    "StochasticDepth": ("a.0", "addition"),
    "Lazy": None,
    "spectral": ("e.0", "the weights of e.0 are computed from others"),
    "weight_norm": ("e.0", "the weights of e.0 are computed from others"),
    "centred": ("a.0", "the weights of e.0 are computed from others"),
    "gained": ("e.0", "e.0 has gain beside its weights"),
    "Pixels": ("e.0", "a PixelShuffle"),
    "Unshuffled": ("e.0", "a PixelUnshuffle"),
    "Gated": ("e.0", "a GLU"),
    "Queried": None,
    "Pooled": ("c.0", ""),
    "Tied": ("e.0", "shares a weight"),
    "TiedTurned": ("code", "the weights of code are used outside of it, too"),
    "Functional": ("e.0", "a bare parameter"),
    "Recurrent": ("a.0", ""),
    "RecurrentResidual": ("a.0", ""),
    "TwoNames": ("a.0", ""),
    "Reused": None,
    "Checkpointed": None,
    "CheckpointedReentrant": None,
    "CheckpointedRandom": None,
    "PartlyGrouped": None,
    "Scaled": ("e.0", "a bare parameter"),
    "Normed": ("e.0", "a GroupNorm"),
    "Up": ("e.0", "a ConvTranspose2d"),
    "Conditional": None,
    "Dynamic": ("e.0", "product of two tensors"),
    "Experts": ("e.0", ""),
    "HalfPrecision": None,
    "Windows": None,
    "CopiedOften": ("e.0", "nothing reads them"),
    "Halves": ("e.0", "a SplitOp"),
    "Maxout": ("e.0", "b.0 reads several of them as one"),
    "Product": None,
    "Steps": ("c.0", "a LSTM"),
    "GatedSteps": ("c.0", "go through something that torch-pruning does not follow"),
    "CellSteps": ("c.0", "go through something that torch-pruning does not follow"),
    "ConvolutionalSteps": ("e.0", "addition"),
    "Remembering": None,
    "Signs": None,
    "Noisy": None,
    "parallel": None,
    "orthogonal": ("e.0", "the weights of e.0 are computed from others"),
    "Interleaved": None,
    "Standardised": None,
    "Generated": ("e.0", ""),
    "Tokens": None,
    "GroupedQueries": ("queries", "attention, or another product of two tensors"),
    "RecurrentTokens": None,
    "TiedHeads": ("attention", "attention shares a weight with other"),
    "LentHeads": ("attention", "the weights of attention are used outside of it, too"),
    "OwnAttention": ("attention", "an nn.MultiheadAttention of two widths, with more keys, or changed"),
}
REFUSED = {
    "Flipped": "without some channels of e.0 it does not compute .* ignored_layers: .e.0.",
    "DroppedAlways": "gives other logits for the same images each time, in evaluation too",
    "InPlace": "its forward method changes the images",
    "PythonsDepth": "draws random numbers by Python's random or numpy",
    "NeverReached": "does not reach unused.weight, of a lazy layer; remove that layer",
    "old_weight_norm": "a step of training fails .*; e.0.weight is computed by a hook: .*parametrizations.weight_norm",
    "Counting": "does not work with fewer channels of e.0 .* ignored_layers: .e.0.",
    "Reassigned": "does not work with fewer channels of e.0 .* ignored_layers: .e.0.",
    "Repeated": "does not work with fewer channels of e.0 .* ignored_layers: .e.0.",
    "OneDimension": "no channels can be pruned",
    "Rows": "no channels can be pruned",
    "Frozen": r"no gradient reaches e.0.weight, so it cannot be trained; .*frozen weights",
    "Hidden": "learns e.0.weight otherwise once it is copied; keep layers in modules",
    "scripted": "has parts of TorchScript",
    "compiled": "is compiled; give the network as it is before torch.compile",
    "Shuffled": "without some channels of e.0 it does not compute .* ignored_layers: .e.0.",
    "Rolled": "without some channels of e.0 it does not compute .* ignored_layers: .e.0.",
    "PixelsFirst": "without some channels of c.0 it does not compute .* ignored_layers: .c.0.",
    "WeightedHeads": "does not work with fewer channels of attention .* ignored_layers: .attention.",
    "LowRank": r"cannot be reached.*; spared: .*up \(the weights of up are used outside of it, too\)",
    "FlippedByFunction": "without some channels of e.0 it does not compute .* ignored_layers: .e.0.",
    "masked": "a step of training fails .*; e.0.weight is computed by a hook: .* by prune.remove",
    "AddedInPlace": r"has no gradient, .* write x = x \+ y for x \+= y",
    "MakesLayers": "its forward method makes the layer late; make all layers in __init__",
    "Exits": r"does not take images of 1 x 8 x 8 \(SystemExit: 3; .*field_samples.py, line \d+\)$",
    "Named": "gives a dict in evaluation, .*; name a network of your own whose forward method returns the logits alone",
    "Auxiliary": "gives a tuple in training, .* returns the logits alone",
    "OtherSize": "does not take images of 1 x 8 x 8 .*; it takes images of 1 x 28 x 28: choose data",
    "OtherSizeAndColour": "does not take images of 1 x 8 x 8 .*; it takes images of 3 x 28 x 28: choose data",
    "Colour": "does not take images of 1 x 8 x 8 .*; it takes images of three channels, .* data.color_mode: rgb",
    "ManySteps": "too many operations one after the other.*; let recurrent layers go over fewer steps",
    "Routed": r"no gradient reaches experts.[0-2].0.weight, .* let layers among which numbers choose.* all take",
}
SLOW = {"compiled", "GatedSteps", "ManySteps"}
LITTLE = {
    "TwoNames",
    "Recurrent",
    "RecurrentResidual",
    "Normed",
    "Tied",
    "CellSteps",
    "ConvolutionalSteps",
}  # of which little can be pruned


def checked(name: str, digits: PreparedData, mode: str = "inside-blocks", **more) -> dict:
    """What `snakemake check` finds, a step of training included."""
    architecture = replace(field(name, mode), **more)
    probe(architecture)
    task = Task(architecture, digits, Engine(), 0, Recipe(2, 25, 0.9))
    ratio = 0.8 if name in LITTLE else 0.6
    variants = {
        "uniform": {"method": "uniform", "ratio": ratio, "criterion": "norm"},
        "non_uniform_random": {"method": "non_uniform", "ratio": ratio, "criterion": "random"},
    }
    settings = PruningSettings(tolerance_points=10)
    return preflight(architecture, variants, settings, "auto", lambda line: None, task)


def marked(names: Iterable[str]) -> list:
    """Names of networks, of which a few take seconds."""
    return [pytest.param(name, marks=[pytest.mark.full] * (name in SLOW)) for name in names]


@pytest.mark.parametrize("name", marked(TRAINS))
def test_networks_are_pruned_and_train(name: str, digits: PreparedData) -> None:
    found = checked(name, digits)
    if TRAINS[name] is not None:
        layer, reason = TRAINS[name]
        assert reason in found["spared"][layer]


@pytest.mark.parametrize("name", marked(REFUSED))
def test_others_are_refused_in_one_line(name: str, digits: PreparedData) -> None:
    with pytest.raises(UserError, match=REFUSED[name]) as caught:
        checked(name, digits)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Flipped", "Counting", "Reassigned", "Repeated"])
def test_ignoring_the_named_layer_helps(name: str, digits: PreparedData) -> None:
    assert "e.0" not in checked(name, digits, ignored_layers=("e.0",))["groups"]


def test_the_reason_stands_beside_a_ratio_that_cannot_be_reached(digits: PreparedData) -> None:
    few = {"uniform-0.3": {"method": "uniform", "ratio": 0.3, "criterion": "norm"}}
    with pytest.raises(UserError, match=r"cannot be reached.*; spared: a\.0 .*shares a weight with"):
        preflight(field("Tied"), few, PruningSettings(), "auto", lambda line: None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Tied", "share weights"),
        ("RandomDepth", "drops at random"),
        ("CheckpointedRandom", "drops at random"),
        ("Conditional", "decides by numbers"),
    ],
)
def test_what_lanes_would_mix_is_refused_in_lanes(name: str, words: str) -> None:
    """Whatever the numbers are: the outputs of these may agree by chance."""
    with pytest.raises(UserError, match=words):
        check_lanes([build(field(name), seed) for seed in (0, 1)], torch.rand(4, 1, 8, 8))


@pytest.mark.parametrize(
    "name",
    [
        "Checkpointed",
        "CheckpointedReentrant",
        "CheckpointedRandom",
        "Counting",
        "Pooled",
        "RandomDepth",
        "Reassigned",
        "Recurrent",
        "Rows",
        "spectral",
        "Tied",
        "weight_norm",
    ],
)
def test_the_engine_trains_as_torch_does(name: str) -> None:
    """Weights and buffers after some steps, of networks that do more in a step than their layers."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(6, 8, 1, 8, 8, generator=generator).double()
    labels = torch.randint(0, 10, (6, 8), generator=generator)
    plain = build(field(name), 0).double()
    alone = fuse([plain]).train()
    ours = LaneSGD(alone, *torch.tensor([[0.05], [1e-2]], dtype=torch.float64), 0.9)
    theirs = torch.optim.SGD(plain.parameters(), 0.05, 0.9, weight_decay=1e-2)
    for parameter in plain.parameters():  # so that torch, too, goes on with a block that is skipped
        parameter.grad = torch.zeros_like(parameter)
    for step in range(6):
        torch.manual_seed(step)
        F.cross_entropy(plain.train()(images[step]), labels[step]).backward()
        theirs.step()
        theirs.zero_grad(set_to_none=False)
        torch.manual_seed(step)
        F.cross_entropy(alone(images[step]), labels[step]).backward()
        ours.step()
    state = lane_state(alone, 0)
    for key, tensor in plain.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            torch.testing.assert_close(state[key], tensor, rtol=1e-9, atol=1e-11, msg=key)


def test_tied_weights_stay_tied(tmp_path: Path) -> None:
    """Once pruned, built again from sizes and weights, and trained."""
    pruned = prune(build(field("Tied"), 0), field("Tied"), "uniform", 0.8, PruningSettings(tolerance_points=10))
    assert pruned.model.c[0].out_channels < 16
    assert pruned.model.b[0].weight is pruned.model.e[0].weight
    save_tensors(tmp_path / "weights.safetensors", pruned.model.state_dict())
    again = build(pruned.architecture)
    load_state(again, load_tensors(tmp_path / "weights.safetensors")[0])
    assert again.b[0].weight is again.e[0].weight
    alone = fuse([again]).train()
    ours = LaneSGD(alone, *torch.tensor([[0.05], [1e-2]]), 0.9)
    F.cross_entropy(alone(torch.rand(8, 1, 8, 8)), torch.arange(8)).backward()
    ours.step()
    state = lane_state(alone, 0)
    assert torch.equal(state["b.0.weight"], state["e.0.weight"])
    assert not torch.equal(state["e.0.weight"], pruned.model.e[0].weight)


@pytest.mark.full
def test_memory_of_tracing_is_bounded() -> None:
    """Of a head whose every input is a product of two channels, where the search for groups takes all memory."""
    architecture = field("BilinearHead", width=64)
    tracemalloc.start()
    graph = Graph(build(architecture, 0), architecture)
    reasons = {one.root: one.reason for one in graph.spared}
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons["c.0"] == "go more ways than can be followed"
    assert {group.root for group in graph.groups} == {"e.0", "b.0"}
    assert most < 150e6


def test_a_search_that_does_not_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many places; and the next search begins anew."""
    monkeypatch.setattr("prunescape.pruning.graph.MOST_PLACES", 300)
    graph = Graph(build(field("BilinearHead"), 0), field("BilinearHead"))
    assert [one.reason for one in graph.spared if one.root == "c.0"] == ["go more ways than can be followed"]
    assert [group.root for group in graph.groups] == ["e.0", "b.0"]
    monkeypatch.undo()
    assert "b.0" in {group.root for group in Graph(build(field("CopiedOften"), 0), field("CopiedOften")).groups}
