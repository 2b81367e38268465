"""Experiments of the study mechanism put together: files opened, networks retrained and measured, basins connected."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from network_samples import ARCHITECTURE, EXACT, alone
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.mechanism import basins, measures, pruned
from prunescape.mechanism.claims import claims
from prunescape.mechanism.context import open_context, statistics_batches
from prunescape.mechanism.cycles import FINE_TUNING, REWINDING, Trajectory, prune_and_retrain
from prunescape.mechanism.sampling import SampleSettings, utility_over_epochs
from prunescape.mechanism.sharpness import Curvature, flatness
from prunescape.mechanism.sparse_starts import equal_lane, sized_lane, starts_of
from prunescape.mechanism.subsets import Weights
from prunescape.models.build import build
from prunescape.models.weights import load_networks, save_networks
from prunescape.pruning.unstructured import prunable
from prunescape.stochastic.variants import Pretrained
from prunescape.training.context import Context
from prunescape.training.evaluate import validation_batches
from prunescape.training.train import Epoch, Lane, LaneResult, Task, check_trained, train
from training_samples import ENGINE

RATES = 0.1, 1e-3
SAMPLES = SampleSettings([0.05, 0.1], subsets=6, seed=3)
State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def pretraining(task: Task) -> Task:
    return replace(task, architecture=ARCHITECTURE, recipe=replace(task.recipe, epochs=2, decay_epochs=(1,)))


@pytest.fixture(scope="module")
def start(pretrained: Pretrained) -> State:
    return dict(pretrained.network.state_dict())


@pytest.fixture(scope="module")
def context(digits: PreparedData) -> Context:
    return Context(ARCHITECTURE, digits, EXACT, 3)


@pytest.fixture(scope="module")
def cycled(pretraining: Task, start: State) -> tuple[dict[str, State], object]:
    trajectories = {name: Trajectory(start, name, 0.3) for name in ("weights", "channels")}
    return basins.run_cycles(pretraining, pretraining.recipe, REWINDING, trajectories, 2, "every", *RATES)


def quiet(line: str) -> None:
    pass


def test_networks_come_back_and_damage_is_told(start: State, tmp_path: Path) -> None:
    path = tmp_path / "networks.safetensors"
    save_networks(path, {"weights/Wp1": start, "1": {name: 2 * tensor for name, tensor in start.items()}})
    found = load_networks(path)
    assert list(found) == ["1", "weights/Wp1"]
    assert all(torch.equal(found["weights/Wp1"][name], tensor) for name, tensor in start.items())
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(UserError, match=r"damaged.*make it anew"):
        load_networks(path)
    with pytest.raises(UserError, match="no such file; run the rule"):
        load_networks(tmp_path / "other.safetensors")


def test_measurements_are_on_a_balanced_choice_of_images(digits: PreparedData, tmp_path: Path) -> None:
    ARCHITECTURE.save(tmp_path / "architecture.json")
    files = {"architecture": tmp_path / "architecture.json", "data": digits.directory / "meta.json"}
    some = open_context(files, {"engine": ENGINE, "images": 20, "seed": 1}, 1)
    assert np.bincount(some.data.labels("train")).tolist() == [2] * 10
    assert open_context(files, {"engine": ENGINE, "images": 1000, "seed": 1}, 1).data.sizes["train"] == 100
    with pytest.raises(UserError, match=r"mechanism.images is 9, fewer"):
        open_context(files, {"engine": ENGINE, "images": 9, "seed": 1}, 1)
    assert statistics_batches(some, None) is None
    assert sum(len(labels) for _, labels in statistics_batches(some, {"batch_size": 10})) == 20
    assert SampleSettings.from_settings({"engine": ENGINE, "images": 20, **vars(SAMPLES)}) == SAMPLES


def test_divergence_is_told_in_one_line() -> None:
    result = LaneResult(Lane(1.0, 0.0), [Epoch(1, 1.0, float("nan"), 10.0, None)], diverged=True)
    with pytest.raises(
        UserError, match="the network of size 1 diverged after 1 epochs; choose a smaller learning_rate"
    ):
        check_trained({"network of size 1": result})


def test_sizes_by_number_lose_what_the_whole_one_loses(context: Context, start: State, pretraining: Task) -> None:
    lane = sized_lane(ARCHITECTURE, 0.25, 3, *RATES)
    table = measures.utility_of_sizes(context, {"1": start, "0.25": dict(lane.start)}, [1.0, 0.25], SAMPLES, quiet)
    total = len(Weights.of(build(ARCHITECTURE)))
    counts = table.groupby(["size", "ablation", "level"])["ablated"].first()
    assert counts[1.0, "ratio", 0.1] == counts[1.0, "number", 0.1] == counts[0.25, "number", 0.1] == total // 10
    assert counts[0.25, "ratio", 0.1] == total // 4 // 10
    whole = table[table["size"] == 1.0]
    one, other = (whole[whole["ablation"] == name]["utility"].to_numpy() for name in ("ratio", "number"))
    assert (one == other).all()
    over = utility_over_epochs(context, {8: start}, SAMPLES)
    assert over["utility"].to_numpy() == pytest.approx(one, rel=1e-12)


def test_networks_of_all_sizes_before_training_are_those_that_training_starts_from(
    context: Context, pretraining: Task
) -> None:
    """With an untrained network's batch norm measured anew, utility does not follow from what its statistics were."""
    starts, batches = starts_of(ARCHITECTURE, [1.0, 0.25], 3), statistics_batches(context, {"batch_size": 25})
    lane = sized_lane(ARCHITECTURE, 0.25, 3, 0.0, 0.0)  # of a training that changes nothing
    (result,) = train(replace(pretraining, seed=3).fitting(1), [lane])
    assert all(torch.equal(result.weights[name], starts["0.25"][name]) for name in prunable(build(ARCHITECTURE)))
    norm = next(name for name in starts["1"] if name.endswith("running_var"))
    other = {name: {**state, norm: 7 * state[norm]} for name, state in starts.items()}
    first, second = (
        measures.utility_of_sizes(context, networks, [1.0, 0.25], SAMPLES, quiet, batches)
        for networks in (starts, other)
    )
    assert first["utility"].to_numpy() == pytest.approx(second["utility"].to_numpy(), rel=1e-9)
    left = measures.utility_of_sizes(context, other, [1.0, 0.25], SAMPLES, quiet)
    assert not np.allclose(left["utility"], first["utility"], rtol=0.01)


def test_flatness_is_the_top_eigenvalue_by_all_weights_pruned_ones_included(context: Context, start: State) -> None:
    masked = {name: tensor.clone() for name, tensor in start.items()}
    masked["fc.weight"][:, ::2] = 0.0
    found = flatness(context, {"pretrained": start, "pruned_retrained": masked}).set_index("network")
    network = context.network(masked).to(context.engine.dtype)
    curvature = Curvature(network, validation_batches(context.data, context.engine, "train"))
    assert curvature.size == len(Weights.of(build(ARCHITECTURE)))
    assert found.loc["pruned_retrained", "top_eigenvalue"] == curvature.top_eigenvalue(context.seed)
    assert found.loc["pretrained", "top_eigenvalue"] != found.loc["pruned_retrained", "top_eigenvalue"]


def test_sizes_are_not_ablated_whole(context: Context, start: State) -> None:
    """A quarter of the whole network's weights is all that the network of a quarter of the size has."""
    lane, lines = sized_lane(ARCHITECTURE, 0.25, 3, *RATES), []
    samples = replace(SAMPLES, levels=[0.1, 0.25, 0.5])
    networks = {"1": start, "0.25": dict(lane.start)}
    table = measures.utility_of_sizes(context, networks, [1.0, 0.25], samples, lines.append)
    levels = table.groupby(["size", "ablation"])["level"].unique().map(list)
    assert levels[0.25, "number"] == [0.1]
    assert levels[0.25, "ratio"] == levels[1.0, "ratio"] == levels[1.0, "number"] == [0.1, 0.25, 0.5]
    assert table.groupby(["size", "ablation", "level"])["utility"].nunique().min() == SAMPLES.subsets
    assert sum("number 0.25: left out" in line for line in lines) == 1
    none = measures.utility_of_sizes(context, networks, [1.0, 0.25], replace(samples, levels=[0.5]), quiet)
    assert set(none[none["size"] == 0.25]["ablation"]) == {"ratio"}


def test_levels_that_leave_no_choice_are_told(context: Context, start: State) -> None:
    tiny = replace(SAMPLES, levels=[1e-6, 1e-5])
    with pytest.raises(UserError, match=r"mechanism.levels: at none of them .* 6 different subsets; write larger"):
        measures.does_utility_predict(context, start, pd.DataFrame(), tiny)
    with pytest.raises(UserError, match=r"mechanism.bands: at none .* 4 different bands"):
        measures.utility_of_bands(context, start, [1e-6], 4)
    assert measures.utility_of_bands(context, start, [1e-6, 0.1], 4)["ratio"].tolist() == [0.1] * 4


def test_channels_cost_what_their_removal_costs(context: Context, start: State) -> None:
    table = measures.utility_of_channels(context, start)
    network = context.network(start)
    whole = alone(network, context.data, "validation")[0]
    row = table.iloc[5]
    weights = dict(start)
    weights[f"{row['layer']}.weight"] = start[f"{row['layer']}.weight"].clone()
    norm = row["layer"].replace("conv", "bn")
    for name in (f"{norm}.weight", f"{norm}.bias"):
        weights[name] = start[name].clone()
        weights[name][row["channel"]] = 0.0
    removed = context.network(weights)
    assert row["top1_lost"] == pytest.approx(whole - alone(removed, context.data, "validation")[0])
    assert row["top1"] == pytest.approx(alone(removed, context.data, "train")[0])
    found = measures.does_utility_predict(context, start, table, SAMPLES)
    assert found["of"].tolist() == ["subsets", "subsets", "channels"]
    assert found["subsets"].tolist() == [6, 6, len(table)]
    assert found["correlation"].iloc[2] == pytest.approx(table["utility"].corr(table["top1_lost"], method="spearman"))


def test_bands_are_the_whole_networks(context: Context, start: State) -> None:
    table = measures.utility_of_bands(context, start, [0.1, 0.25], 4)
    assert table.groupby("ratio")["band"].apply(list).tolist() == [[0, 1, 2, 3]] * 2
    last = table.groupby("ratio")["utility"].last()
    assert (last > table.groupby("ratio")["utility"].first()).all()


def test_pruned_networks_are_retrained_and_measured(pretraining: Task, context: Context, start: State) -> None:
    networks, table = pruned.retrain_pruned(pretraining, pretraining.recipe, start, [0.25, 0.5], *RATES)
    assert list(networks) == [f"{ratio}/{name}" for name in ("pruned_retrained", "small") for ratio in ("0.25", "0.5")]
    pairs = table.pivot_table(index="pruning_ratio", columns="network", values="density")
    assert pairs["pruned_retrained"].to_numpy() == pytest.approx(pairs["small"].to_numpy())
    masks = pruned.pruned_masks(ARCHITECTURE, start, 0.5)
    for name, mask in masks.items():
        assert not networks["0.5/pruned_retrained"][name][~mask].any()
    measured = pruned.utility_of_pruned(context, start, networks, [0.5], SAMPLES)
    assert set(measured["network"]) == {"pretrained", "pruned_retrained", "small"}
    assert measured["ablated"].nunique() == 2  # of the same number of weights in all three
    kept = sum(int(mask.sum()) for mask in masks.values())
    kept += prunable(build(ARCHITECTURE))["fc.weight"].numel()
    assert set(measured["ablated"]) == {kept // 20, kept // 10}


def test_small_networks_train_as_long_as_the_pruned_ones(
    cycled: tuple[dict[str, State], object], pretraining: Task
) -> None:
    """The small network beside the second cycle of weights once more, by itself."""
    networks, table = cycled
    masks = {name: tensor != 0 for name, tensor in networks["weights/Wp2"].items() if tensor.dim() == 4}
    lane = equal_lane(ARCHITECTURE, masks, pretraining.seed, *RATES)
    (again,) = pruned.train_small(pretraining, pretraining.recipe, REWINDING, [lane], 2)
    rows = table.set_index(["pruning", "cycle"])
    assert rows.loc[("weights", 2), "small_top1"] == again[1].result.last("top1")
    assert rows["small_top1"].notna().all()
    assert [len(entry.result.history) for entry in again] == [2, 2]


def test_small_networks_beside_the_last_cycle_alone(pretraining: Task, start: State) -> None:
    trajectories = {"weights": Trajectory(start, "weights", 0.3)}
    _, table = basins.run_cycles(pretraining, pretraining.recipe, REWINDING, trajectories, 2, "last", *RATES)
    assert table["small_top1"].isna().tolist() == [True, False]


def test_surfaces_pass_through_their_networks(
    cycled: tuple[dict[str, State], object], context: Context, start: State
) -> None:
    points = basins.points_of(start, cycled[0], "channels", 2)
    assert list(points) == ["W*", "Wp1", "Wr1", "Wp2", "Wr2"]
    surface, marks, distances = basins.surfaces(context, points, [2], 3, [None], quiet)
    assert (len(surface), len(marks), len(distances)) == (9, 5, 3)
    assert not surface["recomputed"].any()
    mine = marks.set_index("point")
    assert mine.loc[["W*", "Wp2", "Wr2"], "off_plane"].to_numpy() == pytest.approx(0.0, abs=1e-5)
    assert mine.loc["Wr1", "off_plane"] > 0
    for axis in "xy":
        assert surface[axis].min() < marks[axis].min()
        assert surface[axis].max() > marks[axis].max()
    apart = distances.set_index(["from", "to"])["distance"]
    assert apart["W*", "Wp2"] == pytest.approx(mine.loc["Wp2", "distance"])


def test_networks_that_noise_has_ruined_are_in_no_basin(context: Context, start: State) -> None:
    """W* and growing noise: error rises steadily, so that there is no barrier."""
    network, rows = context.network(start), []
    for scale in (0.3, 0.6, 1.0, 3.0):
        for seed in range(3):
            generator = torch.Generator().manual_seed(seed)
            ruined = dict(start)
            for name, weight in prunable(network).items():
                noise = torch.randn(weight.shape, generator=generator)
                ruined[name] = weight + scale * weight.std() * noise
            _, table = basins.connect(
                context, (start, ruined), 5, statistics_batches(context, {"batch_size": 25}), small=start
            )
            rows.append(table.assign(model="m", seed=seed, what=basins.OF_CYCLES, scale=scale))
    table = pd.concat(rows, ignore_index=True).assign(pruning="weights", retraining="rewinding", cycle=1)
    assert (table["small"] == table["start"]).all()
    errors = table[table["measure"] == "error"].set_index("scale")
    assert (errors["end"] - errors["start"]).groupby(level="scale").mean().min() > 5
    for scale in errors.index.unique():
        for beside in (True, False):
            mine = table[table["scale"] == scale].assign(small=table["small"] if beside else np.nan)
            settings = {"question": "", "models": ["m"], "tolerance": 2.0, "level": 0.05}
            settings |= {"data": "digits", "seeds": [0, 1, 2]}
            given = {"barriers": mine, "data": {"classes": [*range(10)]}}
            (found,) = [claim for claim in claims(given, **settings).claims if ".same_basin." in claim.id]
            assert found.outcome != "holds"
            assert not found.answer.startswith("Yes")
    assert found.outcome == "does not hold"
    assert found.answer.startswith("No, it has collapsed: ")  # of 3 standard deviations, without a small network


def test_lines_have_the_small_network_beside(
    cycled: tuple[dict[str, State], object], context: Context, start: State
) -> None:
    ends = start, cycled[0]["weights/Wr2"]
    _, table = basins.connect(context, ends, 3, None, small=cycled[0]["weights/Ws2"])
    error = table.set_index("measure").loc["error"]
    for name, state in (("start", ends[0]), ("end", ends[1]), ("small", cycled[0]["weights/Ws2"])):
        assert error[name] == pytest.approx(100 - alone(context.network(state), context.data, "train")[0])
    assert basins.connect(context, ends, 3, None)[1]["small"].isna().all()


def test_controls_stand_beside_the_lines_to_retrained_networks(
    cycled: tuple[dict[str, State], object], context: Context, start: State
) -> None:
    networks = cycled[0]
    of = basins.OfTrajectory("weights", "rewinding", basins.points_of(start, networks, "weights", 2), networks)
    batches = statistics_batches(context, {"batch_size": 25})
    _, table = basins.connect_cycles(context, of, 2, 3, None)
    errors = table[table["measure"] == "error"].set_index(["what", "cycle"])
    assert sorted(errors.index) == sorted(
        [("pruned_retrained", 1), ("pruned_retrained", 2), ("small", 1), ("small", 2), ("last_cycle", 2), ("random", 2)]
    )

    def error(state: State) -> float:
        return 100 - alone(context.network(state), context.data, "train")[0]

    retrained, before, small = (networks[f"weights/{name}"] for name in ("Wr2", "Wr1", "Ws2"))
    ends = errors[["start", "end"]]
    assert ends.loc[("last_cycle", 2)].tolist() == pytest.approx([error(before), error(retrained)])
    assert ends.loc[("small", 2)].tolist() == pytest.approx([error(start), error(small)])
    lengths = errors["distance"]
    assert lengths["random", 2] == pytest.approx(lengths["pruned_retrained", 2], rel=1e-6)
    assert not errors["recomputed"].any()
    again, _ = basins.connect_cycles(context, of, 2, 3, batches)
    assert again["recomputed"].all()


def test_random_directions_are_named_by_their_seed(context: Context, start: State) -> None:
    network, end = context.network(start), {name: tensor + 0.5 for name, tensor in start.items()}
    one, same, other = (basins.displaced(network, start, end, seed) for seed in (1, 1, 2))
    norm = next(name for name in start if name.endswith("running_var"))
    assert torch.equal(one[norm], start[norm])
    assert torch.equal(one["fc.weight"], same["fc.weight"])
    difference = [(state["fc.weight"] - start["fc.weight"]).flatten().double() for state in (one, other)]
    assert abs(float(torch.nn.functional.cosine_similarity(*difference, dim=0))) < 0.3  # 320 dimensions


def test_retraining_in_few_epochs_is_at_the_rate_that_pretraining_ended_with(pretraining: Task, start: State) -> None:
    """Of both experiments, pruned and small networks: by the rates that the training itself took."""
    short = replace(pretraining.recipe, epochs=1, decay_epochs=())
    trajectories = {"weights": Trajectory(start, "weights", 0.3)}
    rates = []
    for schedule in (FINE_TUNING, REWINDING):
        networks, _ = basins.run_cycles(pretraining, short, schedule, trajectories, 1, "last", *RATES)
        by_hand = prune_and_retrain(
            replace(pretraining, recipe=short),
            [trajectories["weights"]],
            REWINDING,
            RATES[0] * (pretraining.recipe.decay if schedule == FINE_TUNING else 1.0),
            RATES[1],
            1,
        )
        assert all(
            torch.equal(tensor, networks["weights/Wr1"][key]) for key, tensor in by_hand[0][0].result.weights.items()
        )
        rates.append(networks["weights/Wr1"]["fc.weight"])
    assert not torch.equal(*rates)


def test_lines_between_seeds(context: Context, start: State) -> None:
    other = {name: tensor.flip(0) if tensor.dim() else tensor for name, tensor in start.items()}
    lines, barriers = basins.connect_seeds(
        context, {0: start, 1: other, 4: start}, 3, statistics_batches(context, {"batch_size": 25}), quiet
    )
    assert list(lines.groupby(["seed", "seed_to"]).groups) == [(0, 1), (0, 4), (1, 4)]
    same_ends = barriers[(barriers["seed"] == 0) & (barriers["seed_to"] == 4)]
    assert same_ends["barrier"].to_numpy() == pytest.approx(0.0, abs=1e-9)
