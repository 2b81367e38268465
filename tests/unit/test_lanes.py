"""Lanes: equal to plain networks trained alone, and blind to their neighbours."""

import pytest
import torch
import torch.nn.functional as F

from network_samples import cut_to
from prunescape.errors import UserError
from prunescape.lanes import LANE_ALIGNMENT
from prunescape.lanes.fuse import check_lanes, fuse, lane_state
from prunescape.lanes.loss import lane_losses
from prunescape.lanes.optimiser import LaneSGD
from prunescape.models.architecture import Architecture
from prunescape.models.build import build

DIGITS = (1, 8, 8)
BATCH = 8
ODD_WIDTHS = {"blocks.0.conv1": 11, "blocks.1.conv1": 5}


def batches(shape: tuple[int, int, int], steps: int, dtype: torch.dtype) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(BATCH, *shape, generator=generator).to(dtype), torch.randint(0, 10, (BATCH,), generator=generator))
        for _ in range(steps)
    ]


def train_fused(
    architecture: Architecture, lanes: list[tuple[int, float, float]], steps: int, dtype: torch.dtype = torch.float32
) -> list[dict[str, torch.Tensor]]:
    """Train lanes (init seed, learning rate, weight decay) together; their weights."""
    fused = fuse([build(architecture, seed) for seed, _, _ in lanes]).to(dtype).train()
    rates = torch.tensor([rate for _, rate, _ in lanes], dtype=torch.float64)
    decays = torch.tensor([decay for _, _, decay in lanes], dtype=torch.float64)
    optimiser = LaneSGD(fused, rates, decays, 0.9)
    for images, labels in batches(architecture.input_shape, steps, dtype):
        images = images.contiguous(memory_format=torch.channels_last)
        lane_losses(fused(images), labels, len(lanes)).sum().backward()
        optimiser.step()
    return [lane_state(fused, k) for k in range(len(lanes))]


def train_alone(
    architecture: Architecture, lane: tuple[int, float, float], steps: int, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """The reference: a plain network and torch's own SGD."""
    seed, rate, decay = lane
    network = build(architecture, seed).to(dtype).train()
    optimiser = torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=decay)
    for images, labels in batches(architecture.input_shape, steps, dtype):
        optimiser.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimiser.step()
    return network.state_dict()


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture("small_resnet", DIGITS, 10),
        cut_to(Architecture("small_resnet", DIGITS, 10), ODD_WIDTHS),
        cut_to(Architecture("vanilla_cnn", DIGITS, 10), {"features.2": 5}),
        Architecture("resnet20", (3, 16, 16), 10),
        pytest.param(
            cut_to(Architecture("mobilenetv2", (3, 16, 16), 10), {"features.2.conv.0.0": 7}), marks=pytest.mark.full
        ),
        pytest.param(Architecture("resnet50", (3, 64, 64), 10), marks=pytest.mark.full),
    ],
    ids=lambda architecture: architecture.name,
)
def test_a_lane_equals_the_plain_network_trained_with_torch(architecture: Architecture) -> None:
    lanes = [(0, 0.01, 1e-3), (1, 0.003, 1e-2), (2, 0.02, 0.0)]
    steps = 5 if architecture.input_shape == DIGITS else 1
    fused = train_fused(architecture, lanes, steps, torch.float64)
    for lane, state in zip(lanes, fused, strict=True):
        alone = train_alone(architecture, lane, steps, torch.float64)
        for name, tensor in alone.items():
            if not name.endswith("num_batches_tracked"):
                torch.testing.assert_close(state[name], tensor, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("widths", [{}, ODD_WIDTHS, {"blocks.0.conv1": 3, "blocks.1.conv1": 1}])
def test_neighbours_and_position_do_not_change_a_bit(widths: dict[str, int]) -> None:
    torch.set_num_threads(1)
    architecture = cut_to(Architecture("small_resnet", DIGITS, 10), widths)
    lanes = [(k % 3, 0.1 * 10 ** (-0.3 * (k % 7)), 0.005) for k in range(LANE_ALIGNMENT)]
    reference = train_fused(architecture, lanes, 20)

    turned = train_fused(architecture, lanes[5:] + lanes[:5], 20)
    hopeless = [lane if k % 4 else (9, 1e12, 0.1) for k, lane in enumerate(lanes)]
    beside_nan = train_fused(architecture, hopeless, 20)
    assert any(not torch.isfinite(tensor).all() for tensor in beside_nan[0].values())
    for k in range(LANE_ALIGNMENT):
        for name, tensor in reference[k].items():
            assert torch.equal(tensor, turned[(k - 5) % LANE_ALIGNMENT][name])
            if k % 4:
                assert torch.equal(tensor, beside_nan[k][name])


def test_a_layer_without_lane_version_is_refused_by_name() -> None:
    network = torch.nn.Sequential(torch.nn.LayerNorm(4))
    with pytest.raises(UserError, match=r"0: LayerNorm has no version for lanes; set engine.strategy to 'vmap'"):
        fuse([network, network])


class Joined(torch.nn.Module):
    """A forward method that joins channels, which lanes cannot follow."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(1, 2, 3)
        self.head = torch.nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.cat([self.left(x), self.right(x)], 1).mean((2, 3)))


def test_networks_that_would_mix_lanes_are_found_out() -> None:
    images = torch.rand(4, 1, 8, 8)
    with pytest.raises(UserError, match=r"mixes the channels of lanes.*set engine.strategy to 'vmap'"):
        check_lanes([Joined(), Joined()], images)
    small = Architecture("small_resnet", DIGITS, 10)
    check_lanes([build(small, 0), build(small, 1)], images)


@pytest.mark.parametrize("name", ["resnet18_cifar", "resnet50_cifar", "vgg19_cifar"])
def test_networks_adapted_to_small_images_keep_lanes_apart(name: str) -> None:
    architecture = Architecture(name, (3, 16, 16), 10)
    check_lanes([build(architecture, 0), build(architecture, 1)], torch.rand(4, 3, 16, 16))
