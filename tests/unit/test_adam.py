"""Adam and AdamW for lanes against torch's; networks that lanes do not know, alone."""

import pytest
import torch
import torch.nn.functional as F

from prunescape.errors import UserError
from prunescape.lanes.fuse import fuse, lane_state
from prunescape.lanes.loss import lane_losses
from prunescape.lanes.optimiser import LaneAdam, LaneAdamW
from prunescape.models.architecture import Architecture
from prunescape.models.build import build

DIGITS = (1, 8, 8)
NETWORKS = [
    (Architecture("small_vit", DIGITS, 10), 1),
    (Architecture("mlp", DIGITS, 10, width=12), 3),
    (Architecture("small_resnet", DIGITS, 10), 2),
]


def batches(steps: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    shape = (8, *DIGITS)
    return [
        (torch.randn(shape, generator=generator).double(), torch.randint(0, 10, (8,), generator=generator))
        for _ in range(steps)
    ]


@pytest.mark.parametrize(("architecture", "lanes"), NETWORKS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize(("ours", "theirs"), [(LaneAdam, torch.optim.Adam), (LaneAdamW, torch.optim.AdamW)])
def test_lanes_equal_networks_trained_with_torchs_adam(
    architecture: Architecture, lanes: int, clip: float | None, ours: type, theirs: type
) -> None:
    fused = fuse([build(architecture, lane) for lane in range(lanes)]).double().train()
    rates = torch.tensor([1e-3 * (lane + 1) for lane in range(lanes)], dtype=torch.float64)
    decays = torch.tensor([1e-2 * lane for lane in range(lanes)], dtype=torch.float64)
    optimiser = ours(fused, rates, decays, clip=clip, channels_last=True)
    for step, (images, labels) in enumerate(batches(5)):
        optimiser.set_learning_rate(rates * (0.1 if step > 2 else 1.0))
        images = images.contiguous(memory_format=torch.channels_last)
        lane_losses(fused(images), labels, lanes).sum().backward()
        optimiser.step()
    for lane in range(lanes):
        network = build(architecture, lane).double().train()
        reference = theirs(network.parameters(), float(rates[lane]), weight_decay=float(decays[lane]))
        for step, (images, labels) in enumerate(batches(5)):
            reference.param_groups[0]["lr"] = float(rates[lane]) * (0.1 if step > 2 else 1.0)
            reference.zero_grad()
            F.cross_entropy(network(images), labels).backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
            reference.step()
        state = lane_state(fused, lane)
        for name, tensor in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                torch.testing.assert_close(state[name], tensor, rtol=1e-7, atol=1e-8, msg=name)


@pytest.mark.parametrize(("ours", "theirs"), [(LaneAdam, torch.optim.Adam), (LaneAdamW, torch.optim.AdamW)])
@pytest.mark.parametrize(("architecture", "lanes"), NETWORKS[:2], ids=lambda value: getattr(value, "name", value))
def test_a_step_is_torchs_bit_for_bit(architecture: Architecture, lanes: int, ours: type, theirs: type) -> None:
    """In float32, by the same gradients; Adam adds weight decay to them in another order of rounding."""
    plain = [build(architecture, lane) for lane in range(lanes)]
    fused, generator = fuse(plain), torch.Generator().manual_seed(0)
    rates = torch.tensor([1e-3 * (lane + 1) for lane in range(lanes)], dtype=torch.float64)
    decays = torch.tensor([0.05 * (lane + 1) * (ours is LaneAdamW) for lane in range(lanes)], dtype=torch.float64)
    optimiser = ours(fused, rates, decays)
    references = [theirs(n.parameters(), weight_decay=float(decay)) for n, decay in zip(plain, decays, strict=True)]
    for step in range(20):
        now = rates * (0.3 if step > 10 else 1.0)
        optimiser.set_learning_rate(now)
        for together, *alone in zip(fused.parameters(), *[network.parameters() for network in plain], strict=True):
            together.grad = torch.randn(together.shape, generator=generator)
            for parameter, gradient in zip(alone, together.grad, strict=True):
                parameter.grad = gradient.clone()
        for reference, rate in zip(references, now, strict=True):
            reference.param_groups[0]["lr"] = float(rate)
            reference.step()
        optimiser.step()
    for lane, network in enumerate(plain):
        state = lane_state(fused, lane)
        assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())


def test_masked_weights_stay_zero() -> None:
    architecture = Architecture("mlp", DIGITS, 10, width=12)
    mask = {"fc2.weight": torch.rand(12, 12, generator=torch.Generator().manual_seed(0)) < 0.3}
    fused = fuse([build(architecture, 0)] * 2).double()
    rates = torch.full((2,), 1e-2, dtype=torch.float64)
    optimiser = LaneAdam(fused, rates, torch.zeros(2), masks=[mask, None])
    for images, labels in batches(3):
        lane_losses(fused(images), labels, 2).sum().backward()
        optimiser.step()
    masked, whole = (lane_state(fused, lane)["fc2.weight"] for lane in range(2))
    assert not masked[~mask["fc2.weight"]].any()
    assert masked[mask["fc2.weight"]].all()
    assert whole.all()


def test_a_vision_transformer_is_an_array_of_one_lane_and_no_more() -> None:
    architecture = Architecture("small_vit", DIGITS, 10)
    network = build(architecture, 0)
    alone = fuse([network])
    images = torch.rand(4, *DIGITS)
    torch.testing.assert_close(alone(images), network(images))
    state = lane_state(alone, 0)
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    with pytest.raises(UserError, match=r"^VisionTransformer has no version for lanes; set engine.strategy to 'vmap'"):
        fuse([network, network])


def test_initialisation_depends_on_the_seed_alone() -> None:
    for name in ("mlp", "small_vit"):
        torch.manual_seed(5)
        one = build(Architecture(name, DIGITS, 10), 3).state_dict()
        torch.manual_seed(6)
        again, other = (build(Architecture(name, DIGITS, 10), seed).state_dict() for seed in (3, 4))
        assert all(torch.equal(tensor, again[key]) for key, tensor in one.items())
        assert any(not torch.equal(tensor, other[key]) for key, tensor in one.items())


def test_patches_that_do_not_divide_the_image_are_told() -> None:
    with pytest.raises(UserError, match="patches of 4 pixels do not divide images of 10"):
        build(Architecture("vit", (1, 10, 10), 10))
