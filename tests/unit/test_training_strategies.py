"""Ways to train lanes: they agree with plain torch and with each other."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch._inductor.utils import run_and_get_code
from torch.nn.utils import prune

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training import step
from prunescape.training import train as train_module
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy
from prunescape.training.train import Lane, LaneResult, Task, train
from training_samples import ARCHITECTURE, LANES, check_close, plain_training, same

SHORT = Recipe(epochs=2, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(1,))
KEPT = replace(SHORT, batch_size=30)  # of 100 images, 10 are left in the last batch


def exactly(task: Task, **engine: Any) -> Task:
    """The task in double precision, shortened."""
    return replace(task, recipe=SHORT, engine=replace(task.engine, precision="float64", **engine))


@pytest.mark.parametrize("recipe", [SHORT, KEPT, replace(KEPT, drop_last=True)], ids=["whole", "kept", "dropped"])
@pytest.mark.parametrize("strategy", [Strategy("serial", 1, True), Strategy("fused", 16, False)], ids=str)
def test_strategies_agree_with_a_plain_script(strategy: Strategy, recipe: Recipe, task: Task) -> None:
    task = replace(exactly(task), recipe=recipe)
    results = train(replace(task, engine=task.engine.using(strategy)), LANES[:3])
    for lane, result in zip(LANES, results, strict=False):
        check_close(result.weights, plain_training(task, lane), 1e-9)


def test_a_lane_may_have_an_initialisation_of_its_own(task: Task, together: list[LaneResult]) -> None:
    own, shared = train(task, [replace(LANES[0], seed=11), LANES[0]])
    assert same(shared, together[0])
    again, third = train(task, [replace(LANES[0], seed=task.seed), replace(LANES[0], seed=12)])
    assert same(again, together[0])
    assert len({own.history[-1].train_loss, shared.history[-1].train_loss, third.history[-1].train_loss}) == 3
    exact = exactly(task)
    (result,) = train(exact, [replace(LANES[1], seed=11)])
    check_close(result.weights, plain_training(exact, replace(LANES[1], seed=11)), 1e-9)


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
    expected = plain_training(exact, LANES[0], masked)
    for name in layers:
        expected[f"{name}.weight"] = expected[f"{name}.weight_orig"] * mask[f"{name}.weight"]
        assert torch.equal(result.weights[f"{name}.weight"] != 0, mask[f"{name}.weight"])
    check_close(result.weights, expected, 1e-9)
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
        network.clip = 0.5  # for `plain_training`

    check_close(clipped.weights, plain_training(exact, LANES[0], clip), 1e-9)
    check_close(other.weights, plain_training(exact, LANES[2], clip), 1e-9)
    free = train(replace(exact, recipe=SHORT), LANES[:1])[0]
    assert not torch.allclose(free.weights["fc.weight"], clipped.weights["fc.weight"], atol=1e-4)

    def masked_and_clipped(network: torch.nn.Module) -> None:
        prune.custom_from_mask(network.fc, "weight", mask["fc.weight"])
        clip(network)

    expected = plain_training(exact, LANES[0], masked_and_clipped)
    expected["fc.weight"] = expected["fc.weight_orig"] * mask["fc.weight"]
    check_close(masked.weights, expected, 1e-9)


def test_gradients_are_clipped_by_value_and_batch_norm_stays_as_it_is(task: Task) -> None:
    exact = exactly(task)
    exact = replace(exact, recipe=replace(SHORT, clip=0.01, clip_by="value", batch_norm="frozen"))
    found, other = train(exact, [LANES[0], LANES[2]])

    def frozen(network: torch.nn.Module) -> None:
        network.clip_value = 0.01  # for `plain_training`
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval().requires_grad_(False)

    check_close(found.weights, plain_training(exact, LANES[0], frozen), 1e-9)
    check_close(other.weights, plain_training(exact, LANES[2], frozen), 1e-9)
    assert (found.weights["bn1.running_mean"] == 0).all()
    assert (found.weights["bn1.weight"] == 1).all()


def test_arrays_are_no_larger_than_what_there_is_to_train(
    task: Task, together: list[LaneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a lane's bits are those of full arrays, also where lanes of other batches are trained beside."""
    sizes: list[int] = []
    array = train_module.Array

    def made(task: Task, lanes: list[Lane], below: Any) -> train_module.Array:
        sizes.append(task.engine.lanes)
        return array(task, lanes, below)

    monkeypatch.setattr(train_module, "Array", made)
    large = replace(task, engine=replace(task.engine, lanes=64))
    several = train(large, [*LANES, *LANES, *LANES, *LANES[:2], replace(LANES[0], batch_size=50)])
    assert sizes == [32, 16]
    assert all(same(one, other) for one, other in zip(several, [*together, *together], strict=False))
    assert [replace(large.engine, device="cuda").sized(networks).lanes for networks in (1, 5, 64)] == [1, 5, 64]
    assert [large.engine.sized(networks).lanes for networks in (1, 16, 17, 64)] == [16, 16, 32, 64]
    assert replace(task.engine, lanes=1).sized(1).lanes == 1


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
    check_close(tuned.weights, plain_training(exact, LANES[2], lambda network: network.load_state_dict(start)), 1e-9)
    check_close(fresh.weights, plain_training(exact, LANES[2]), 1e-9)


def test_gradients_of_micro_batches_add_up(task: Task) -> None:
    exact = exactly(task, micro_batch=5)
    (result,) = train(exact, LANES[:1])
    check_close(result.weights, plain_training(exact, LANES[0], parts=5), 1e-9)


@pytest.mark.parametrize(("batch", "sizes"), [(25, 1), (30, 2), (99, 1)])
def test_a_replayed_step_trains_the_same_bits(
    batch: int, sizes: int, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of `graphed` but the capture itself, which needs a GPU: fixed places, and the warm-up undone.

    A last batch that is shorter has a graph of its own.
    """
    captured: list[Callable[[], None]] = []

    def graphs(runs: list[Callable[[], None]]) -> list[Callable[[], None]]:
        for run in [*runs, *runs]:
            run()
        captured.extend(runs)
        return runs

    monkeypatch.setattr(step, "_graphs", graphs)
    task = replace(task, recipe=replace(SHORT, batch_size=batch, drop_last=batch == 99))
    results = train(replace(task, engine=replace(task.engine, strategy="graphed")), LANES)
    assert len(captured) == sizes
    assert all(same(one, other) for one, other in zip(results, train(task, LANES), strict=True))


@pytest.mark.parametrize("batch", [30, 64, 98])
def test_a_short_last_batch_leaves_lanes_their_bits(batch: int, task: Task) -> None:
    """Alone, with neighbours and in another place."""
    task = replace(task, recipe=replace(SHORT, batch_size=batch))
    together, turned = train(task, LANES), train(task, [*LANES[2:], *LANES[:2]])
    (alone,) = train(task, LANES[2:3])
    assert same(alone, together[2])
    assert all(same(one, other) for one, other in zip(together, [*turned[3:], *turned[:3]], strict=True))


def test_the_training_loss_is_the_mean_over_images_whatever_the_batches(task: Task) -> None:
    """Of a network without batch norm that stays as it is."""
    still = replace(LANES[0], learning_rate=1e-30)
    task = replace(task, architecture=Architecture("vanilla_cnn", ARCHITECTURE.input_shape, 10))
    losses = [
        train(replace(task, recipe=replace(SHORT, epochs=1, batch_size=size)), [still])[0].history[0].train_loss
        for size in (30, 98, 100)
    ]
    assert losses == pytest.approx([losses[2]] * 3, rel=1e-6)


def test_a_single_image_is_no_batch_for_batch_norm(task: Task) -> None:
    message = r"100 training images in batches of 33 leave one image by itself.*recipe.drop_last: true"
    with pytest.raises(UserError, match=message):
        train(replace(task, recipe=replace(SHORT, batch_size=33)), LANES[:1])
    with pytest.raises(UserError, match="leave one image by itself"):
        train(replace(task, engine=replace(task.engine, micro_batch=12)), LANES[:1])
    train(replace(task, recipe=replace(SHORT, epochs=1, batch_size=33, drop_last=True)), LANES[:1])
    vanilla = Architecture("vanilla_cnn", ARCHITECTURE.input_shape, 10)
    train(replace(task, architecture=vanilla, recipe=replace(SHORT, epochs=1, batch_size=33)), LANES[:1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_graphed_equals_fused_and_both_are_near_the_cpu(task: Task) -> None:
    recipe = replace(task.recipe, epochs=1)
    engine = replace(task.engine, device="cuda", channels_last=False, precision="float64")
    fused = train(replace(task, recipe=recipe, engine=engine), LANES)
    graphed = train(replace(task, recipe=recipe, engine=replace(engine, strategy="graphed")), LANES)
    exact = replace(task, recipe=recipe, engine=replace(task.engine, precision="float64"))
    for one, other, cpu in zip(fused, graphed, train(exact, LANES), strict=True):
        check_close(one.weights, other.weights, 1e-12)
        check_close(one.weights, cpu.weights, 1e-8)


def test_mixed_precision_is_near_full_precision(task: Task, together: list[LaneResult]) -> None:
    results = train(replace(task, engine=replace(task.engine, precision="bfloat16")), LANES)
    for mixed, full in zip(results, together, strict=True):
        assert not same(mixed, full)
        assert mixed.history[0].train_loss == pytest.approx(full.history[0].train_loss, rel=0.02)
        assert mixed.weights["fc.weight"].dtype == torch.float32


@pytest.mark.full
def test_compiled_lanes_train_alike_and_batch_norm_relu_and_addition_are_parts_of_compiled_loops(task: Task) -> None:
    exact = replace(exactly(task), recipe=replace(SHORT, epochs=1))
    compiled = replace(exact.engine.using(Strategy("fused", 2, True)), compile=True)
    try:
        results, code = run_and_get_code(train, replace(exact, engine=compiled), LANES[:2])
    except Exception as error:
        if "compiler" in str(error).lower():
            pytest.skip("torch.compile finds no C++ compiler")
        raise
    for result, lane in zip(results, LANES, strict=False):
        check_close(result.weights, plain_training(exact, lane), 1e-9)
    assert code  # of forward and backward pass
    called = set(re.findall(r"(?:extern_kernels|aten)\.(\w+)[\w.]*\(", re.sub("#.*|//.*", "", "\n".join(code))))
    assert not [name for name in called if re.search("batch_norm|relu|add$", name)], called
    assert any("convolution" in name for name in called)  # these stay calls
