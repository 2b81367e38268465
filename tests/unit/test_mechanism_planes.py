"""Planes, surfaces and barriers, against numpy and plain networks one by one."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from network_samples import ARCHITECTURE, EXACT, alone, logits_of, whole_split
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.lanes.fuse import fuse, lane_states
from prunescape.lanes.vectors import Layout, set_lanes
from prunescape.mechanism.basins import surface
from prunescape.mechanism.plane import Plane, distances, grid, marks_table
from prunescape.models.build import build
from prunescape.pruning.scores import magnitude
from prunescape.pruning.unstructured import apply_masks, masks, prunable
from prunescape.stochastic.variants import Pretrained
from prunescape.training.barriers import Line, barrier, barriers, line
from prunescape.training.recalibration import recalibrated, recalibration_batches

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def networks(pretrained: Pretrained, digits: PreparedData) -> list[torch.nn.Module]:
    """W*, a pruned copy, and one with other weights and statistics."""
    whole = pretrained.network
    pruned = apply_masks(copy.deepcopy(whole), masks(magnitude(prunable(whole)), 0.5))
    moved = copy.deepcopy(pruned)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in moved.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    (moved,) = recalibrated([moved], recalibration_batches(digits, EXACT, 25), EXACT)
    return [network.eval() for network in (whole, pruned, moved)]


@pytest.fixture(scope="module")
def states(networks: list[torch.nn.Module]) -> list[State]:
    return [network.state_dict() for network in networks]


@pytest.fixture(scope="module")
def plane(networks: list[torch.nn.Module], states: list[State]) -> Plane:
    return Plane.through(networks[0], states)


def weights(state: State) -> np.ndarray:
    """All parameters as one vector, put together by hand."""
    names = [name for name, _ in build(ARCHITECTURE).named_parameters()]
    return np.concatenate([state[name].double().numpy().ravel() for name in names])


def test_vectors_are_set_into_lanes_and_taken_out_again(networks: list[torch.nn.Module], states: list[State]) -> None:
    layout = Layout.of(networks[0])
    vectors = torch.stack([layout.vector(state) for state in states])
    assert np.array_equal(vectors[1, : layout.parameters].numpy(), weights(states[1]))
    fused = fuse([networks[0]] * 3)
    set_lanes(fused, layout, vectors)
    for state, lane, vector in zip(states, lane_states(fused, 3), vectors, strict=True):
        for name, tensor in layout.state(vector).items():
            assert torch.equal(tensor, lane[name])
            assert name.endswith("num_batches_tracked") or torch.equal(tensor, state[name])
    vectors[2, layout.parameters :] = -1.0
    set_lanes(fused, layout, vectors)
    assert all((b >= 0).all() for name, b in fused.named_buffers() if name.endswith("running_var"))


def test_axes_are_orthonormal_and_span_the_three_networks(plane: Plane, states: list[State]) -> None:
    torch.testing.assert_close(plane.axes @ plane.axes.T, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-12)
    size = plane.layout.parameters
    rebuilt = plane.corners[0, :size] + plane.marks @ plane.axes
    np.testing.assert_allclose(rebuilt.numpy(), [weights(state) for state in states], rtol=0, atol=1e-12)
    assert plane.marks[0].tolist() == [0, 0]
    assert plane.marks[1, 1] == 0
    lengths = np.linalg.norm(weights(states[1]) - weights(states[0]))
    assert plane.marks[1, 0].item() == pytest.approx(lengths)


def test_projections_are_least_squares(plane: Plane, states: list[State]) -> None:
    others = [build(ARCHITECTURE, seed).state_dict() for seed in range(3)]
    found, off_plane = plane.project([*others, *states])
    directions = np.stack([weights(state) - weights(states[0]) for state in states[1:]], 1)
    for state, coordinates, distance in zip([*others, *states], found, off_plane, strict=True):
        offset = weights(state) - weights(states[0])
        parts, *_ = np.linalg.lstsq(directions, offset, rcond=None)
        nearest = weights(states[0]) + coordinates.numpy() @ plane.axes.numpy()
        np.testing.assert_allclose(nearest, weights(states[0]) + directions @ parts, atol=1e-9)
        assert distance.item() == pytest.approx(np.linalg.norm(offset - directions @ parts), abs=1e-9)
    torch.testing.assert_close(found[3:], plane.marks, rtol=0, atol=1e-10)


@given(x=st.floats(-20, 20), y=st.floats(-20, 20))
def test_projecting_again_changes_nothing(plane: Plane, x: float, y: float) -> None:
    point = torch.tensor([[x, y]], dtype=torch.float64)
    (vector,) = plane.vectors(point)
    size = plane.layout.parameters
    expected = plane.corners[0, :size] + (point @ plane.axes)[0]
    torch.testing.assert_close(vector[:size], expected, rtol=0, atol=1e-9)
    exact = {}
    for name, place in plane.layout.slices():
        exact[name] = vector[place].view(plane.layout.shapes[name])  # float64, unlike `state`
    coordinates, off_plane = plane.project([exact])
    torch.testing.assert_close(coordinates, point, rtol=0, atol=1e-9)
    assert off_plane.item() < 1e-9


def test_networks_on_a_line_span_no_plane(networks: list[torch.nn.Module], states: list[State]) -> None:
    with pytest.raises(UserError, match="lie on a line"):
        Plane.through(networks[0], [states[0], states[1], states[1]])
    with pytest.raises(UserError, match="lie on a line"):
        Plane.through(networks[0], [states[0], states[0], states[2]])
    broken = states[2] | {"fc.bias": torch.full((10,), torch.nan)}
    with pytest.raises(UserError, match="diverged"):
        Plane.through(networks[0], [states[0], states[1], broken])


def test_a_surface_at_its_corners_is_the_networks_themselves(
    networks: list[torch.nn.Module], plane: Plane, digits: PreparedData
) -> None:
    table = surface(networks[0], plane, plane.marks, digits, EXACT)
    for row, network in zip(table.itertuples(), networks, strict=True):
        assert (row.top1, row.loss) == pytest.approx(alone(network, digits, "train"), rel=1e-9)
    np.testing.assert_array_equal(table[["x", "y"]], plane.marks.numpy())


def test_statistics_are_measured_anew_at_every_point(
    networks: list[torch.nn.Module], plane: Plane, digits: PreparedData
) -> None:
    batches = recalibration_batches(digits, EXACT, 25)
    points = torch.cat([plane.marks, torch.tensor([[1.0, 2.0], [-30.0, 50.0]], dtype=torch.float64)])
    points = points.repeat(4, 1)  # more than one array
    table = surface(networks[0], plane, points, digits, EXACT, statistics=batches, split="validation")
    made = []
    for vector in plane.vectors(points[:5]):
        network = build(ARCHITECTURE)
        network.load_state_dict(plane.layout.state(vector))
        made.append(network)
    for place, network in enumerate(recalibrated(made, batches, EXACT)):
        expected = alone(network, digits, "validation")
        for row in table.iloc[place::5].itertuples():
            assert (row.top1, row.loss) == pytest.approx(expected, rel=1e-5)
    without = surface(networks[0], plane, points[:5], digits, EXACT, split="validation")
    assert not np.allclose(without["loss"], table["loss"][:5])


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=8), st.integers(2, 9))
def test_a_grid_is_square_and_holds_its_points(points: list[tuple[float, float]], side: int) -> None:
    wanted = torch.tensor(points, dtype=torch.float64)
    found = grid(wanted, side, margin=0.25)
    assert found.shape == (side * side, 2)
    reach = (wanted.max(0).values - wanted.min(0).values).max()
    for axis in range(2):
        assert found[:, axis].min() <= wanted[:, axis].min() - 0.25 * reach + 1e-9
        assert found[:, axis].max() >= wanted[:, axis].max() + 0.25 * reach - 1e-9
    steps = found.view(side, side, 2)
    torch.testing.assert_close(steps[0, :, 0].diff(), steps[:, 0, 1].diff(), rtol=1e-6, atol=1e-6)


def test_marks_and_distances(plane: Plane, networks: list[torch.nn.Module], states: list[State]) -> None:
    named = {**dict(zip(("W*", "Wp1", "Wr1"), states, strict=True)), "other": build(ARCHITECTURE, 9).state_dict()}
    table = marks_table(plane, named).set_index("point")
    np.testing.assert_allclose(table[["x", "y"]][:3], plane.marks, atol=1e-10)
    for name, state in named.items():
        assert table["distance"][name] == pytest.approx(np.linalg.norm(weights(state) - weights(states[0])))
        assert table["norm"][name] == pytest.approx(np.linalg.norm(weights(state)))
        legs = table["x"][name] ** 2 + table["y"][name] ** 2 + table["off_plane"][name] ** 2
        assert legs == pytest.approx(table["distance"][name] ** 2, abs=1e-9)
    pairs = distances(networks[0], named)
    assert len(pairs) == 6
    (row,) = pairs[(pairs["from"] == "Wp1") & (pairs["to"] == "other")].itertuples()
    assert row.distance == pytest.approx(np.linalg.norm(weights(states[1]) - weights(named["other"])))


def test_a_line_is_evaluated_image_by_image(
    networks: list[torch.nn.Module], states: list[State], digits: PreparedData
) -> None:
    found = line(networks[0], (states[0], states[2]), digits, EXACT, points=5, split="validation")
    assert found.loss.shape == found.error.shape == (5, 200)
    images, labels = whole_split(digits, "validation")
    layout = Layout.of(networks[0])
    start, end = layout.vector(states[0]), layout.vector(states[2])
    for alpha, loss, error in zip(found.alphas, found.loss, found.error, strict=True):
        network = build(ARCHITECTURE).double()
        vector = (1 - alpha) * start + alpha * end
        exact = {name: vector[place].view(layout.shapes[name]) for name, place in layout.slices()}
        network.load_state_dict(exact, strict=False)
        logits = logits_of(network, images)
        np.testing.assert_allclose(loss, F.cross_entropy(logits, labels, reduction="none"), rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(error, 100.0 * (logits.argmax(1) != labels).numpy())
    table = found.table()
    assert list(table.columns) == ["alpha", "top1", "loss"]
    assert table["top1"].iloc[0] == pytest.approx(alone(networks[0], digits, "validation")[0])
    parallel = replace(EXACT, lanes=1, strategy="serial", threads=2)
    again = line(networks[0], (states[0], states[2]), digits, parallel, points=5, split="validation")
    np.testing.assert_allclose(again.loss, found.loss, rtol=1e-9, atol=1e-12)


def test_barriers_by_hand() -> None:
    alphas = np.array([0.0, 0.5, 1.0])
    assert barrier(np.array([1.0, 5.0, 3.0]), alphas) == 3
    assert barrier(np.array([[1.0, 1.5, 3.0], [2.0, 0.0, 4.0]]), alphas).tolist() == [0, 0]
    found = Line(alphas, np.tile([[1.0], [5.0], [3.0]], 7), np.zeros((3, 7)))
    loss, error = barriers(found).to_dict("records")
    assert (loss["barrier"], loss["low"], loss["high"], loss["alpha"]) == pytest.approx((3, 3, 3, 0.5))
    assert (loss["start"], loss["end"]) == (1, 3)
    assert (error["measure"], error["barrier"], error["low"], error["high"]) == ("error", 0, 0, 0)


def test_intervals_of_a_barrier_cover_it() -> None:
    """The middle of a line of three points lies 2 above the chord, with a spread of 1 over images."""
    rng = np.random.default_rng(0)
    alphas, hits = np.array([0.0, 0.5, 1.0]), 0
    for seed in range(60):
        loss = np.stack([np.ones(150), 3 + rng.normal(size=150), np.ones(150)])
        row = barriers(Line(alphas, loss, np.zeros_like(loss)), confidence=0.9, seed=seed).iloc[0]
        hits += row["low"] <= 2 <= row["high"]
        assert row["high"] - row["low"] == pytest.approx(2 * 1.645 / np.sqrt(150), rel=0.3)
    assert 46 <= hits <= 60
