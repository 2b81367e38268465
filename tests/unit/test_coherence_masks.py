"""Masks: exact numbers, scopes, ties; which layers are pruned; how wide parents are."""

import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from project_copy import PROJECT
from prunescape.coherence.layers import CONVOLUTION, FEEDFORWARD, LINEAR, PROJECTION, QKV, SHORTCUT, prunable_layers
from prunescape.coherence.masks import (
    FLOOR,
    GLOBAL,
    LOCAL,
    SCOPES,
    Choice,
    choices,
    floor_of,
    floors,
    keep,
    mask,
    matched,
    ranks,
    scored,
    shares,
)
from prunescape.coherence.mlps import parent_width, weights_of
from prunescape.data.randomness import derive_seed
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_parameters
from prunescape.plan.coherence import RANKING

SIZES = {"a": (40,), "b": (10, 20), "c": (5, 5, 12)}


def tensors(seed: int, levels: int | None = None) -> dict[str, torch.Tensor]:
    """Of three layers; with few levels, many are equal."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for scale, (name, shape) in zip((3.0, 1.0, 0.2), SIZES.items(), strict=True):
        values = torch.randn(shape, generator=generator) * scale
        found[name] = values if levels is None else (values.clamp(-1, 1) * levels).round() / levels
    return found


@pytest.mark.parametrize("choice", choices(["diff", "magnitude", "random"], ["best", "worst"], [GLOBAL, FLOOR, LOCAL]))
@pytest.mark.parametrize("count", [57, 200])
def test_masks_keep_exactly_what_their_scope_says(choice: Choice, count: int) -> None:
    diffs, weights = tensors(0, 10), tensors(1)
    kept = mask(choice, scored(choice.score, diffs if choice.score == "diff" else weights, 3), count)
    assert sum(int(part.sum()) for part in kept.values()) == count
    assert {name: part.shape for name, part in kept.items()} == {name: torch.Size(size) for name, size in SIZES.items()}
    sizes = [part.numel() for part in kept.values()]
    counts = [int(part.sum()) for part in kept.values()]
    if choice.scope == LOCAL:
        assert all(abs(count * size / 540 - found) < 1 for size, found in zip([40, 200, 300], counts, strict=True))
    if choice.scope == FLOOR:
        assert all(found >= math.ceil(Fraction("0.02") * size) for size, found in zip(sizes, counts, strict=True))
    if choice.score == "random":
        return
    scores = {name: part.abs() for name, part in (diffs if choice.score == "diff" else weights).items()}
    groups = scores.values() if choice.scope == LOCAL else [torch.cat([part.flatten() for part in scores.values()])]
    marks = kept.values() if choice.scope == LOCAL else [torch.cat([part.flatten() for part in kept.values()])]
    for values, marked in zip(groups, marks, strict=True):
        inside, outside = values[marked], values[~marked]
        if choice.scope != FLOOR:  # there, layers at their floor break the order
            assert inside.min() >= outside.max() if choice.end == "best" else inside.max() <= outside.min()


def test_a_floor_raises_layers_and_lowers_all_others_alike() -> None:
    weights = tensors(1)
    plain, raised = (
        mask(Choice("magnitude", "best", scope), scored("magnitude", weights, 0), 30) for scope in (GLOBAL, FLOOR)
    )
    assert int(plain["c"].sum()) < floor_of(300) == int(raised["c"].sum())
    for name in ("a", "b"):
        assert not (raised[name] & ~plain[name]).any()


SOME_SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=6)


@given(SOME_SIZES, st.data())
def test_masks_of_every_scope_keep_exactly_what_is_asked(sizes: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, sum(sizes)) | st.integers(0, min(sum(sizes), 2 + sum(sizes) // 30)))
    layers = {str(place): torch.zeros(size) for place, size in enumerate(sizes)}
    scores = ranks(layers, data.draw(st.integers(0, 5)))
    for scope in SCOPES:
        counts = [int(layer.sum()) for layer in keep(scores, count, scope).values()]
        assert sum(counts) == count
        if scope == FLOOR:
            wanted = [floor_of(size) for size in sizes]
            kept = floors(sizes, count)
            assert all(found >= least for found, least in zip(counts, kept, strict=True))
            if sum(wanted) <= count:
                assert kept == wanted
            else:
                assert counts == kept
                exact = [count * size / sum(wanted) for size in wanted]
                assert all(abs(found - share) < 1 for found, share in zip(counts, exact, strict=True))


def test_floors_that_are_too_high_together_are_lowered_in_proportion() -> None:
    """Small layers keep what there is; of equal remainders the earlier layer's is rounded up."""
    assert floors([1, 1, 1, 1000], 23) == [1, 1, 1, 20]
    assert floors([1, 1, 1, 1000], 20) == [1, 1, 1, 17]
    assert floors([100, 100, 100], 4) == [2, 1, 1]
    assert floors([100, 100, 100], 1) == [1, 0, 0]
    assert floors([100, 100, 100], 0) == [0, 0, 0]


@pytest.mark.parametrize(("shape", "child"), [((3, 32, 32), 512), ((3, 32, 32), 100), ((1, 8, 8), 12)])
def test_children_of_large_parents_are_as_large_as_their_dense_network(shape: tuple[int, int, int], child: int) -> None:
    """Among them the thesis' own, of width 512 with parents of up to 62 times its weights (5.4), and the demo's."""
    inputs = math.prod(shape)
    for ratio in (2, 5, 10, 20, 40, 62):
        width = parent_width(child, ratio, inputs, 10)
        sizes = [inputs * width, *[width**2] * 3]
        count = weights_of(child, inputs, 10) - 10 * width  # the classifier is not pruned
        kept = floors(sizes, count)
        assert sum(kept) <= count
        if sum(map(floor_of, sizes)) > count:
            assert sum(kept) == count
            assert all(abs(one - other) <= 1 for one, other in zip(kept, shares(sizes, count), strict=True))
    if child == 512:
        assert (width, count, sum(map(floor_of, sizes))) == (6496, 2_299_456, 2_930_998)


def test_equal_scores_are_told_apart_by_the_seed_alone() -> None:
    alike = {name: torch.zeros(size) for name, size in SIZES.items()}
    choice = Choice("diff", "best", GLOBAL)
    one, again, other = (mask(choice, scored("diff", alike, seed), 270) for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in SIZES)
    assert any(not torch.equal(one[name], other[name]) for name in SIZES)
    assert 0.3 < one["c"].float().mean() < 0.7  # not the first ones


@given(st.integers(0, 100), st.integers(1, 8), st.booleans())
def test_ranks_are_an_order_of_the_scores(seed: int, levels: int, is_double: bool) -> None:
    scores = tensors(seed, levels)
    if is_double:  # apart by less than single precision tells
        fine = tensors(seed + 1)
        scores = {name: 1 + 1e-13 * part.double() + 1e-15 * fine[name].double() for name, part in scores.items()}
    placed = torch.cat([part.flatten() for part in ranks(scores, seed).values()])
    flat = torch.cat([part.flatten() for part in scores.values()])
    assert sorted(placed.tolist()) == list(range(540))
    ordered = flat[placed.argsort()]
    assert (ordered[1:] >= ordered[:-1]).all()
    shuffled = torch.randperm(540, generator=torch.Generator().manual_seed(derive_seed(seed, "among equal scores")))
    assert torch.equal(placed.argsort(), shuffled[flat[shuffled].argsort(stable=True)])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_shares_add_up_and_miss_proportion_by_less_than_one(sizes: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, sum(sizes)))
    found = shares(sizes, count)
    assert sum(found) == count
    assert all(abs(part - count * size / sum(sizes)) < 1 for part, size in zip(found, sizes, strict=True))


def test_a_matched_mask_has_the_same_layer_densities_and_other_weights() -> None:
    original = mask(Choice("magnitude", "best", GLOBAL), scored("magnitude", tensors(1), 0), 100)
    found = matched(original, 0)
    assert [int(part.sum()) for part in found.values()] == [int(part.sum()) for part in original.values()]
    assert any(not torch.equal(found[name], original[name]) for name in original)


@pytest.mark.parametrize(
    ("name", "shape", "counts"),
    [
        ("resnet50_cifar", (3, 32, 32), {CONVOLUTION: 48, SHORTCUT: 3}),
        ("vit", (3, 32, 32), {QKV: 6, FEEDFORWARD: 6, PROJECTION: 12}),
        ("mlp", (1, 8, 8), {LINEAR: 4}),
        ("small_resnet", (1, 8, 8), {CONVOLUTION: 4}),
        ("mobilenetv2", (3, 32, 32), {CONVOLUTION: 41}),  # of 17 depthwise ones the 6 larger
    ],
)
def test_which_layers_are_pruned(name: str, shape: tuple[int, int, int], counts: dict[str, int]) -> None:
    network = build(Architecture(name, shape, 10))
    layers = prunable_layers(network)
    assert {kind: sum(layer.kind == kind for layer in layers) for kind in {layer.kind for layer in layers}} == counts
    assert [layer.index for layer in layers] == list(range(len(layers)))
    assert all(network.get_parameter(layer.name).numel() == layer.weights for layer in layers)
    assert not any("bias" in layer.name or "bn" in layer.name or "downsample.1" in layer.name for layer in layers)
    for unpruned in ("conv1.weight", "fc.weight", "classifier.weight", "heads.head.weight", "conv_proj.weight"):
        assert unpruned not in [layer.name for layer in layers]


def test_the_thesis_formula_and_parameter_count() -> None:
    """Section 5.3 for CIFAR-10, as it is printed; section 5.4: 2.3 million parameters at width 512."""
    for width in (32, 512, 1000, 2800):
        root = math.sqrt(3 * 10 * width * (3 * width + 3082) + 2374681)
        printed = width + (root - 3 * width - 1541) / 3
        assert parent_width(width, 10, 3072, 10) == round(printed)
    network = build(Architecture("mlp", (3, 32, 32), 10, width=512))
    assert 2.3e6 < count_parameters(network) < 2.4e6


@pytest.mark.parametrize(("shape", "classes"), [((3, 32, 32), 10), ((1, 8, 8), 10), ((1, 28, 28), 47)])
def test_parents_have_as_many_times_the_weights(shape: tuple[int, int, int], classes: int) -> None:
    def counted(width: int) -> int:
        network = build(Architecture("mlp", shape, classes, width=width))
        return sum(parameter.numel() for name, parameter in network.named_parameters() if name.endswith("weight"))

    inputs = math.prod(shape)
    for width in (16, 40):
        assert counted(width) == weights_of(width, inputs, classes)
        for ratio in (1, 2.5, 10):
            found = parent_width(width, ratio, inputs, classes)
            misses = [abs(counted(near) - ratio * counted(width)) for near in (found - 1, found, found + 1)]
            assert misses[1] <= 1.1 * min(misses)


@pytest.mark.full
def test_pruning_a_parent_takes_no_more_memory_than_is_planned(tmp_path: Path) -> None:
    """By how much the most that a job holds grows with the parent: libraries and images stay the same."""
    # Freed arrays go back to the system at once, as large ones do: the C library may keep those below 32 MB.
    own = {"PYTHONPATH": str(PROJECT / "workflow"), "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    most, weights = [], []
    for width in (400, 800):
        output = subprocess.run(
            [sys.executable, PROJECT / "tests" / "parent_memory.py", tmp_path / str(width), str(width)],
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        most.append(int(output.split()[-1]))
        weights.append(weights_of(parent_width(width, 10.0, 64, 10), 64, 10))
    assert (most[1] - most[0]) / (weights[1] - weights[0]) < RANKING
