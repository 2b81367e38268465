"""Lanes of networks with layers of any kind, by vmap: as one by one, and blind to their neighbours."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from own_samples import own
from prunescape.config.engine import Engine as Section
from prunescape.data.prepared import PreparedData
from prunescape.errors import Interrupted, UserError
from prunescape.lanes import any_network
from prunescape.lanes.fuse import check_places, check_vmap, fuse, lane_states
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.runtime.torchvision_compat import torchvision
from prunescape.training import stop
from prunescape.training.calibrate import calibrate
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, LaneResult, Task, train
from training_samples import check_close, same

VIT = Architecture("small_vit", (1, 8, 8), 10)
TOGETHER = Engine(strategy="vmap", lanes=16, channels_last=False)
EXACT = Engine(precision="float64", channels_last=False)
ONE_EPOCH = Recipe(epochs=1, batch_size=16, momentum=0.9)
ADAM = replace(ONE_EPOCH, optimiser="adam", clip=1.0)
LANES = [Lane(0.1 * 2.0**-k, 0.005 * 2.0**k, seed=k % 3) for k in range(5)]


@pytest.fixture(scope="module")
def few(digits: PreparedData) -> PreparedData:
    """Images of which 10 are left in the last batch."""
    return digits.only("train", np.arange(26))


@pytest.mark.parametrize(("name", "recipe"), [("small_vit", ONE_EPOCH), ("net", ONE_EPOCH), ("net", ADAM)])
def test_lanes_by_vmap_train_as_one_by_one(name: str, recipe: Recipe, nets: str, few: PreparedData) -> None:
    """A vision transformer; and a network with PReLU and dropout, whose lanes drop what each would drop alone."""
    task = Task(VIT if name == "small_vit" else own(f"{nets}:net"), few, EXACT, 3, recipe)
    alone = train(task, LANES[:3])
    together = train(replace(task, engine=replace(EXACT, strategy="vmap", lanes=16)), LANES[:3])
    for one, other in zip(together, alone, strict=True):
        check_close(one.weights, other.weights, 1e-9)


def test_single_precision_drifts_by_rounding_alone(few: PreparedData) -> None:
    task = Task(VIT, few, Engine(channels_last=False), 3, ONE_EPOCH)
    for one, other in zip(train(replace(task, engine=TOGETHER), LANES), train(task, LANES), strict=True):
        check_close(one.weights, other.weights, 1e-5)


@pytest.fixture(scope="module")
def in_order(few: PreparedData) -> tuple[Task, list[LaneResult]]:
    task = Task(VIT, few, TOGETHER, 3, ONE_EPOCH)
    return task, train(task, LANES)


def test_neighbours_and_place_do_not_change_a_bit(in_order: tuple[Task, list[LaneResult]]) -> None:
    task, results = in_order
    turned = train(task, [*LANES[2:], Lane(1e9, 0.1), *LANES[:2]])
    assert turned[3].diverged
    assert all(same(one, other) for one, other in zip(results, [*turned[4:], *turned[:3]], strict=True))
    (alone,) = train(task, LANES[3:4])
    assert same(alone, results[3])


def test_a_stop_changes_no_bit(in_order: tuple[Task, list[LaneResult]], tmp_path, monkeypatch) -> None:
    task, results = in_order
    checkpoint = Checkpoint.of(tmp_path / "state", {})
    asked = iter(["SIGTERM"])
    monkeypatch.setattr(stop, "asked", lambda: next(asked, None))
    with pytest.raises(Interrupted):
        train(task, LANES, checkpoint=checkpoint)
    assert all(map(same, train(task, LANES, checkpoint=checkpoint), results))


@pytest.mark.parametrize("filled", [True, False])
def test_features_that_fill_no_register_keep_their_place_for_bits(filled: bool, monkeypatch) -> None:
    """Of 7 and 10 features and 25 images; without zeros beside them, places show where matrix products look at them."""
    torch.set_num_threads(1)
    network = nn.Sequential(nn.Flatten(), nn.LayerNorm(64), nn.Linear(64, 7), nn.GELU(), nn.Linear(7, 10))
    if filled:
        check_places(network, torch.rand(25, 1, 8, 8), 16)
        return
    monkeypatch.setattr(any_network, "_filled", lambda tensor, dimension: tensor)
    places = fuse([network] * 16, by_vmap=True).train()(torch.rand(25, 1, 8, 8)).view(25, 16, 10)
    if torch.equal(places, places[:, :1].expand_as(places)):
        pytest.skip("matrix products do not look at the place of a matrix here")
    with pytest.raises(UserError, match=r"batches of 25 images.*neighbours.*multiple of 16 and set recipe.drop_last"):
        check_places(network, torch.rand(25, 1, 8, 8), 16)


class Deep(nn.Module):
    """Blocks that are skipped at random, with batch norm, joined channels and a weight that two layers share."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(1, 4, 3, padding=1)
        self.norm, self.body = nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, padding=1)
        self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.again.weight = self.body.weight
        self.depth, self.head = torchvision.ops.StochasticDepth(0.5, "row"), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(torch.cat([self.left(x), self.right(x)], 1))
        x = x + self.depth(self.body(x))
        return self.head((x + self.depth(self.again(x))).mean((2, 3)))


def test_stochastic_depth_batch_norm_and_shared_weights_are_those_of_a_network_alone() -> None:
    torch.manual_seed(0)
    networks, images = [Deep().double() for _ in range(3)], torch.rand(6, 1, 8, 8).double()
    check_vmap([network.float() for network in networks], images.float())
    array = fuse([network.double() for network in networks], by_vmap=True)
    for training in (True, False):
        torch.manual_seed(7)
        together = array.train(training)(images).view(6, 3, 10)
        for lane, network in enumerate(networks):
            torch.manual_seed(7)
            torch.testing.assert_close(together[:, lane], network.train(training)(images))
    for network, state in zip(networks, lane_states(array, 3), strict=True):
        check_close(state, network.state_dict(), 1e-12)


class Decides(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = self.head(x.flatten(1))
        return logits if logits.mean() > 0 else -logits


class Keeps(Decides):
    """Assigns its buffer anew, which lanes would lose."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = self.head(x.flatten(1))
        self.seen = self.seen + logits.detach().mean(0)
        return logits + 0 * self.seen


@pytest.mark.parametrize(
    ("network", "reason"), [(Decides, "vmap does not run this network"), (Keeps, "vmap keeps seen")]
)
def test_what_vmap_cannot_do_is_told_in_a_line(network: type[nn.Module], reason: str) -> None:
    with pytest.raises(UserError, match=rf"{reason}.*set engine.strategy to 'serial'"):
        check_vmap([network(), network()], torch.rand(4, 1, 8, 8))


def test_evaluation_by_vmap_is_that_of_each_network(digits: PreparedData) -> None:
    networks = [build(VIT, seed) for seed in range(3)]
    exactly = replace(TOGETHER, precision="float64")
    together, alone = (evaluate(networks, digits, engine) for engine in (exactly, Engine(precision="float64")))
    assert torch.equal(together.top1, alone.top1)
    torch.testing.assert_close(together.loss, alone.loss)


def test_what_has_no_lane_layers_is_measured_by_vmap(digits: PreparedData) -> None:
    section = Section(device="cpu")
    found = calibrate(VIT, digits, ONE_EPOCH, section, cells=16)
    assert [entry["name"] for entry in found["measured"]] == ["serial", "vmap"]
    with pytest.raises(UserError, match=r"has no version for lanes; set engine.strategy to 'vmap'"):
        calibrate(VIT, digits, ONE_EPOCH, section.changed(strategy="fused"), cells=16)
