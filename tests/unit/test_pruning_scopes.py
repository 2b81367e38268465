"""Masks by layer, by output and by groups of inputs, each against a count of its own."""

import itertools

import pytest
import torch

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.scores import magnitude, random_scores
from prunescape.pruning.settings import USUAL, WAYS, WEIGHT_SCOPES, Way, way_names
from prunescape.pruning.unstructured import SCOPES, kept_count, left_dense, masks, prunable
from prunescape.training.preflight import not_in_groups

SMALL = build(Architecture("small_resnet", (1, 8, 8), 10), 0)
SCORES = random_scores(prunable(SMALL), 0)
GAMMAS = (0.0, 0.31, 0.5, 0.83, 0.97, 1.0)
TIED = {"a": torch.tensor([[1.0, 1, 1, 0], [2, 1, 1, 2], [0, 0, 0, 0]]), "b": torch.tensor([[3.0, 1], [1, 1]])}


def counts(kept: dict[str, torch.Tensor]) -> list[int]:
    return [int(mask.sum()) for mask in kept.values()]


@pytest.mark.parametrize("scope", ["global", "uniform", "erk", "output"])
def test_as_many_weights_remain_in_each_scope(scope: str) -> None:
    for scores, gamma in itertools.product((SCORES, TIED), GAMMAS):
        total = sum(layer.numel() for layer in scores.values())
        assert sum(counts(masks(scores, gamma, scope))) == kept_count(total, gamma)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_uniform_layers_have_one_density_and_keep_their_highest(gamma: float) -> None:
    for name, mask in masks(SCORES, gamma, "uniform").items():
        scores, size = SCORES[name], mask.numel()
        assert abs(int(mask.sum()) - (1 - gamma) * size) <= 1
        assert scores[mask].min() > scores[~mask].max() if 0 < mask.sum() < size else True


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.9, 0.97])
def test_densities_of_a_random_graph_by_bisection(gamma: float) -> None:
    """min(1, e r) with r = (inputs + outputs + sides) / (inputs x outputs x sides), e by halving an interval."""
    sizes = [layer.numel() for layer in SCORES.values()]
    raw = [sum(layer.shape) / layer.numel() for layer in SCORES.values()]
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        kept = sum(size * min(1.0, middle * r) for size, r in zip(sizes, raw, strict=True))
        low, high = (low, middle) if kept > (1 - gamma) * sum(sizes) else (middle, high)
    found = masks(SCORES, gamma, "erk")
    for mask, size, r in zip(found.values(), sizes, raw, strict=True):
        assert int(mask.sum()) == pytest.approx(size * min(1.0, low * r), abs=1.5)
    assert any(int(mask.sum()) == size for mask, size in zip(found.values(), sizes, strict=True)) == (gamma < 0.95)
    assert all(SCORES[name][mask].min() > SCORES[name][~mask].max() for name, mask in found.items() if not mask.all())


@pytest.mark.parametrize("scores", [SCORES, TIED], ids=["network", "ties"])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_each_output_keeps_its_highest(scores: dict[str, torch.Tensor], gamma: float) -> None:
    found = masks(scores, gamma, "output")
    assert counts(found) == counts(masks(scores, gamma, "uniform"))
    for name, mask in found.items():
        rows = [row.flatten().tolist() for row in scores[name]]
        each, more = divmod(int(mask.sum()), len(rows))
        orders = [sorted(range(len(row)), key=lambda place, row=row: (-row[place], place)) for row in rows]
        following = (
            [(-row[order[each]], place) for place, (row, order) in enumerate(zip(rows, orders, strict=True))]
            if (each < len(rows[0]))
            else []
        )
        lucky = {place for _, place in sorted(following)[:more]}
        for place, (row, order) in enumerate(zip(mask.flatten(1), orders, strict=True)):
            assert sorted(order[: each + (place in lucky)]) == row.nonzero().flatten().tolist()


@pytest.mark.parametrize(("scope", "kept", "group"), [("2of4", 2, 4), ("4of8", 4, 8)])
def test_groups_of_inputs_keep_their_highest(scope: str, kept: int, group: int) -> None:
    scores = {name: layer.round(decimals=1) for name, layer in SCORES.items()}  # so that there are ties
    found = masks(scores, 0.5, scope)
    assert left_dense({name: layer.shape for name, layer in scores.items()}, scope) == ["conv1.weight"]
    assert found["conv1.weight"].all()
    for name, mask in list(found.items())[1:]:
        layer = scores[name] if mask.ndim == 4 else scores[name][..., None, None]
        mask = mask.view(layer.shape)
        outputs, inputs, *sides = layer.shape
        places = [range(outputs), range(0, inputs, group), *map(range, sides)]
        for o, first, x, y in itertools.product(*places):
            values = layer[o, first : first + group, x, y].tolist()
            best = sorted(range(group), key=lambda place, values=values: (-values[place], place))[:kept]
            assert mask[o, first : first + group, x, y].nonzero().flatten().tolist() == sorted(best)


def test_what_groups_cannot_do_is_told() -> None:
    with pytest.raises(
        UserError, match="4of8 masks need layers whose inputs are a multiple of 8, and this network has"
    ):
        masks({"fc.weight": torch.ones(10, 12)}, 0.5, "4of8")
    lines = not_in_groups(Architecture("small_resnet", (1, 8, 8), 10), ["2of4"])
    assert lines == ["2:4 masks leave dense what has inputs that 4 does not divide: conv1"]
    assert not_in_groups(Architecture("mlp", (1, 8, 8), 10), ["2of4", "4of8"]) == []
    with pytest.raises(ValueError, match=r"the pruning rate 0\.5, not 0\.9"):
        masks(SCORES, 0.9, "2of4")
    with pytest.raises(UserError, match="scope"):
        masks(SCORES, 0.5, "local")
    for scope in SCOPES:
        with pytest.raises(ValueError, match="NaN"):
            masks({"fc.weight": torch.full((4, 8), torch.nan)}, 0.5, scope)


def test_ways_have_names_of_their_own() -> None:
    assert tuple(SCOPES) == WEIGHT_SCOPES
    assert len(WAYS) == 6 * 6
    assert [WAYS[name].scope for name in ("magnitude", "wanda", "sparsegpt")] == ["global", "output", "uniform"]
    assert way_names(["magnitude", "wanda"], [USUAL, "output", "2of4"]) == [
        *("magnitude", "magnitude_output", "magnitude_2of4", "wanda", "wanda_2of4")
    ]
    assert Way("lamp", "erk").rate(0.9) == 0.9
    assert WAYS["wanda_4of8"].rate(0.9) == 0.5
    assert [name for name, way in WAYS.items() if way.updates] == [name for name in WAYS if name[:9] == "sparsegpt"]


def test_scaling_a_layer_changes_no_mask_but_the_global_one() -> None:
    weights = magnitude(prunable(SMALL))
    scaled = {**weights, "blocks.0.conv1.weight": weights["blocks.0.conv1.weight"] * 7}
    for scope in WEIGHT_SCOPES:
        one, other = (masks(scores, 0.5, scope) for scores in (weights, scaled))
        assert all(torch.equal(one[name], other[name]) for name in one) == (scope != "global")
