"""The Gaussian variant, watched trainings, histograms, trajectories, and children of masks."""

import math
import weakref
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from prunescape.coherence.children import Child, lane_of, retrain
from prunescape.coherence.families import Family, load_families, save_families
from prunescape.coherence.layer_tables import (
    diff_histograms,
    magnitude_edges,
    magnitude_histogram,
    overlap,
    overlap_by_chance,
    trajectories,
)
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.masks import Choice
from prunescape.coherence.mlps import child_count, mlp, of_width, weights_in
from prunescape.coherence.networks import MaskExperiments
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import by_epoch, epochs_table, highest_epoch, lowest_epoch, measure_epochs
from prunescape.coherence.scores import weight_scores
from prunescape.data.gaussian import write_gaussian
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.checkpoint import Checkpoint, Snapshots
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Task, train

RECIPE = Recipe(3, 25, 0.0, schedule="constant", evaluate_every=3, optimiser="adam")


@pytest.fixture(scope="module")
def parent(digits: PreparedData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Parent, pd.DataFrame]:
    """A network that was watched at every epoch."""
    task = Task(Architecture("mlp", (1, 8, 8), 10, width=20), digits, Engine(), 1, RECIPE, augment=False)
    snapshots = Snapshots.of(tmp_path_factory.mktemp("watched"), range(4))
    train(task, [Lane(3e-3, 0.0)], on_epoch=snapshots)
    states = snapshots.lane(0)
    measured = measure_epochs(task, states)
    diffs = {epoch: one.diffs for epoch, one in measured.items()}
    found = Parent(task.architecture, states, diffs, highest_epoch(by_epoch(measured)), 150, 1)
    return task, found, epochs_table(task, found.layers, states, measured)


def test_gaussian_images_have_the_real_ones_shapes_and_labels(digits: PreparedData, tmp_path: Path) -> None:
    one, again, other = (write_gaussian(digits, tmp_path / name, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    for split in ("train", "validation"):
        assert one.images(split).shape == digits.images(split).shape
        assert np.array_equal(one.labels(split), digits.labels(split))
        assert np.array_equal(one.images(split), again.images(split))
        assert not np.array_equal(one.images(split), other.images(split))
        pixels = one.images(split).astype(float)
        assert pixels.mean() == pytest.approx(128, abs=1.5)
        assert pixels.std() == pytest.approx(32, abs=1.5)
    correlation = np.corrcoef(one.images("train")[:100].reshape(100, -1), rowvar=False)
    assert np.abs(correlation - np.eye(64)).max() < 0.5
    assert (one.pad, one.flip) == (0, False)


def test_epochs_tell_what_evaluation_tells(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    task, found, table = parent
    for split in ("train", "validation"):
        scores = evaluate([task.network(state) for state in found.states.values()], task.data, task.engine, split)
        assert table[f"{split}_top1"].to_numpy() == pytest.approx(scores.top1.numpy())
        assert table[f"{split}_loss"].to_numpy() == pytest.approx(scores.loss.numpy(), rel=1e-5)
    assert table["epoch"].tolist() == [0, 1, 2, 3]
    assert table["train_loss"].is_monotonic_decreasing
    assert table["coherence"].between(0, 1).all()
    assert (table["coherence_by_chance"] == 1 / task.data.sizes["train"]).all()
    for epoch, size in table.set_index("epoch")["diff_size"].items():
        diffs = torch.cat([found.diffs[epoch][layer.name].flatten() for layer in found.layers])
        assert size == pytest.approx(diffs.abs().mean().item())
    assert table["diff_size_by_chance"].between(0, math.sqrt(2 / (math.pi * task.data.sizes["train"]))).all()


def test_a_killed_measurement_goes_on(parent: tuple[Task, Parent, pd.DataFrame], tmp_path: Path) -> None:
    task, found, _ = parent
    kept = Checkpoint.of(tmp_path, "measured")
    first = measure_epochs(task, {0: found.states[0]}, kept=kept)
    lines: list[str] = []
    both = measure_epochs(task, {epoch: found.states[epoch] for epoch in (0, 1)}, None, lines.append, kept)
    assert [line.split(":")[0] for line in lines] == ["epoch 1"]
    assert both[0].coherence == first[0].coherence
    assert all(torch.equal(both[0].diffs[name], part) for name, part in first[0].diffs.items())


def test_only_extreme_diffs_are_held_and_weights_are_read_one_by_one(
    parent: tuple[Task, Parent, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tables are the same, of a killed measurement, too; the weights of two epochs at most are there at once."""
    task, found, table = parent
    snapshots = Snapshots.of(tmp_path / "kept", range(5), "other")
    for epoch, state in found.states.items():
        snapshots.keep(epoch, [state])
    kept = snapshots.of_lane(0)
    assert list(kept) == [0, 1, 2, 3]
    with pytest.raises(KeyError):
        kept[4]
    read: list[weakref.ref[torch.Tensor]] = []
    load = Snapshots.load

    def watched(self: Snapshots, epoch: int, lane: int) -> Any:
        assert sum(one() is not None for one in read) <= 1  # the one before
        state = load(self, epoch, lane)
        if state is not None:
            read.append(weakref.ref(state["fc1.weight"]))
        return state

    monkeypatch.setattr(Snapshots, "load", watched)
    place = Checkpoint.of(tmp_path, "measured")
    everything = measure_epochs(task, found.states)
    for _ in range(2):
        measured = measure_epochs(task, kept, None, None, place, [highest_epoch, lowest_epoch])
        ends = {highest_epoch(by_epoch(measured)), lowest_epoch(by_epoch(measured))}
        assert {epoch for epoch, one in measured.items() if one.diffs} == ends
        for epoch in ends:
            for name, part in everything[epoch].diffs.items():
                assert torch.equal(measured[epoch].diffs[name], part)
        pd.testing.assert_frame_equal(epochs_table(task, found.layers, kept, measured), table)
    assert len(read) == 4 * 3


def test_the_initialisation_is_no_epoch_of_highest_coherence() -> None:
    assert highest_epoch({0: 0.9, 1: 0.2, 2: 0.5, 3: 0.5}) == 2
    assert lowest_epoch({0: 0.0, 1: 0.2, 2: 0.2}) == 1
    assert highest_epoch({0: 0.1}) == 0


def test_histograms_count_every_weight(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    _, found, _ = parent
    table = diff_histograms(found.layers, found.diffs[2], 10)
    counts = table.groupby("layer_index", sort=False)["count"].sum()
    assert counts.tolist() == [64 * 20 + 3 * 400, 64 * 20, 400, 400, 400]
    weights = found.diffs[2]["fc2.weight"]
    row = table[(table["layer"] == "fc2.weight") & (table["low"] == 0.0)].iloc[0]
    assert row["count"] == int(((weights >= 0) & (weights < row["high"])).sum())
    values = np.abs(np.random.default_rng(0).standard_normal(1000))
    edges = magnitude_edges([values, 2 * values], 20)
    wide = magnitude_histogram(2 * values, edges)
    assert wide["count"].sum() == 1000
    assert wide["count"].iloc[-1] == 10
    assert magnitude_histogram(values, edges)["count"].sum() == 1000


def test_trajectories_follow_the_extreme_diffs(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    _, found, _ = parent
    table = trajectories(found.layers, found.states, found.diffs, 2, 0)
    assert table.groupby(["group", "rank"]).size().tolist() == [4] * 20
    sizes = torch.cat([found.diffs[2][layer.name].abs().flatten() for layer in found.layers])
    at = table[table["epoch"] == 2]
    highest = at[at["group"] == "highest"].sort_values("rank")["diff"].abs()
    assert highest.to_numpy() == pytest.approx(sizes.sort(descending=True).values[:10].numpy())
    assert at[at["group"] == "lowest"]["diff"].abs().max() == pytest.approx(sizes.sort().values[9].item())
    for row in table.sample(20, random_state=0).to_dict("records"):
        state = found.states[row["epoch"]][row["layer"]].flatten()
        assert row["weight"] == pytest.approx(state[row["index"]].item())


def test_children_are_masks_trained_from_an_initialisation_of_their_own(
    parent: tuple[Task, Parent, pd.DataFrame],
) -> None:
    task, found, _ = parent
    mask = found.mask(Choice("magnitude", "best", "global"))
    table = retrain(task, [Child({"score": "none"}), Child({"score": "magnitude"}, mask)], found.layers, 3e-3, 0.0)
    dense = sum(parameter.numel() for parameter in build(task.architecture).parameters())
    assert table["parameters"].tolist() == [dense, dense - (64 * 20 + 3 * 400) + 150]
    assert table["density"].tolist() == [1.0, 150 / (64 * 20 + 3 * 400)]
    assert table["train_top1"].iloc[0] > 20
    (same,) = train(task, [Lane(3e-3, 0.0)])
    network = build(task.architecture)
    network.load_state_dict(same.weights)
    own = evaluate([network], task.data, task.engine).loss[0].item()
    assert table["validation_loss"].iloc[0] != pytest.approx(own, rel=1e-6)


def test_children_of_one_mask_are_trained_once(
    parent: tuple[Task, Parent, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is that of a training of its own, to the last digit; a mask that differs in one weight is another."""
    task, found, _ = parent
    mask = found.mask(Choice("random", "", "global"))
    again = {name: layer.clone() for name, layer in mask.items()}
    other = {name: layer.clone() for name, layer in mask.items()}
    other["fc2.weight"][0, 0] ^= True
    trained: list[int] = []

    def counted(*given: Any, **more: Any) -> Any:
        trained.append(len(given[1]))
        return train(*given, **more)

    monkeypatch.setattr("prunescape.coherence.children.train", counted)
    children = [Child({"name": number}, one) for number, one in enumerate((mask, None, again, other, None))]
    lines: list[str] = []
    table = retrain(task, children, found.layers, 3e-3, 0.0, lines.append)
    assert trained == [3]
    assert lines[0] == "5 children are 3 different networks, and each is trained once"
    assert table["name"].tolist() == [0, 1, 2, 3, 4]
    for row, child in zip(table.to_dict("records"), children, strict=True):
        (alone,) = retrain(task, [child], found.layers, 3e-3, 0.0).to_dict("records")
        assert row == alone
    assert table["parameters"].nunique() == 3


def test_all_questions_about_one_network(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    task, found, _ = parent
    everything = ("network", "matched", "early", "stability")
    wanted = MaskExperiments(
        everything, ("diff", "magnitude", "random"), ("best", "worst"), ("global", "floor"), (1, 2)
    )
    masks = wanted.masks(found)
    children = wanted.children(found, masks)
    assert len(children) == 1 + 10 + 4 + 4
    trained = retrain(task, children, found.layers, 3e-3, 0.0)
    tables = wanted.of_parent(found, masks) | wanted.of_children(trained, 3)
    assert {name: len(table) for name, table in tables.items()} == {
        **{"children": 11, "densities": 10 * 4, "matched": 8, "early_masks": 6, "mask_overlap": 8}
    }
    for child in (
        one for one in children if one.labels["experiment"] == "early"
    ):  # in whatever order they are asked for
        alone, (score, epoch) = replace(found), (child.labels["score"], child.labels["epoch"])
        expected = alone.early(score, "floor", "best", epoch)
        assert child.mask is not None
        assert all(torch.equal(child.mask[name], expected[name]) for name in expected)
    at_the_end = tables["mask_overlap"].set_index(["score", "epoch"])["overlap"]
    assert at_the_end["magnitude", 3] == 1.0
    assert at_the_end["diff", found.highest] == 1.0
    assert at_the_end.between(0, 1).all()
    kept = tables["densities"].groupby(["score", "end", "scope"])["kept"].sum()
    assert set(kept) == {150}
    alike = tables["matched"].set_index(["score", "end", "matched"])["validation_loss"]
    children_rows = tables["children"].set_index(["score", "end", "scope"])["validation_loss"]
    assert alike["diff", "best", False] == children_rows["diff", "best", "floor"]
    assert alike["diff", "best", True] != alike["diff", "best", False]


@pytest.mark.parametrize(
    ("experiments", "ends", "used"),
    [
        (("network", "early"), ("best", "worst"), True),
        (("network", "matched", "early"), ("best",), True),
        (("matched", "early"), ("best", "worst"), True),
        (("early",), ("best",), False),
        (("network", "early"), ("worst",), False),
        (("network", "matched"), ("best",), None),
        (("stability",), ("best",), None),
    ],
)
def test_early_masks_stand_beside_the_ones_that_are_used(
    parent: tuple[Task, Parent, pd.DataFrame], experiments: tuple[str, ...], ends: tuple[str, ...], used: bool | None
) -> None:
    """Whichever experiment trains the mask of the highest coherence, or of the last epoch; here none does."""
    _, found, _ = parent
    wanted = MaskExperiments(experiments, ("diff", "magnitude", "random"), ends, ("floor", "local"), (1, 2))
    children = wanted.children(found, wanted.masks(found))
    trained = pd.DataFrame([{**child.labels, "validation_top1": place} for place, child in enumerate(children)])
    table = wanted.of_children(trained, 7)["early_masks"]
    assert table["parent_epochs"].isin([3]).all()
    assert table["child_epochs"].isin([7]).all()
    assert (~table["used"].astype(bool)).sum() == (0 if used is None else 4)
    chosen = table[table["used"].astype(bool)].set_index("score")
    assert chosen["epoch"].to_dict() == ({"diff": found.highest, "magnitude": 3} if used else {})
    for score, place in chosen["validation_top1"].items():
        mask = children[place].mask
        expected = found.mask(Choice(score, "best", "floor"))
        assert mask is not None
        assert all(torch.equal(mask[name], expected[name]) for name in expected)


def test_masks_of_gradients_are_those_of_the_highest_coherence(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    """They stand wherever masks of diffs do, but for questions on other epochs; GraSP's scores have a sign."""
    task, before, _ = parent
    scores = weight_scores(task, before.states, before.highest, before.layers, wanted=("snip", "grasp", "diff"))
    found = replace(before, scores=scores)
    flat = {name: torch.cat([part.flatten() for part in parts.values()]) for name, parts in scores.items()}
    for score, end in (("snip", "best"), ("grasp", "best"), ("grasp", "worst"), ("diff", "best")):
        mask = found.mask(Choice(score, end, "global"))
        kept = torch.cat([mask[layer.name].flatten() for layer in found.layers])
        assert kept.sum() == found.count
        values = flat[score] if end == "best" else -flat[score]
        assert values[kept].min() >= values[~kept].max() - 1e-6
    assert flat["grasp"].min() < 0
    everything = ("network", "matched", "early", "stability")
    wanted = MaskExperiments(everything, ("diff", "snip", "grasp", "random"), ("best", "worst"), ("floor",), (1, 2))
    children = wanted.children(found, wanted.masks(found))
    by = pd.Series([child.labels["experiment"] for child in children]).value_counts().to_dict()
    assert by == {"network": 1 + 7, "matched": 6, "early": 2}
    epochs = {child.labels["epoch"] for child in children if child.labels["score"] == "snip"}
    assert epochs == {found.highest}
    trained = pd.DataFrame([{**child.labels, "validation_top1": 0.0} for child in children])
    pairs = wanted.of_children(trained, 7)["matched"].groupby(["score", "end"])["matched"].apply(list)
    assert pairs.to_dict() == {pair: [False, True] for pair in product(("diff", "snip", "grasp"), ("best", "worst"))}
    tables = wanted.of_parent(found, wanted.masks(found))
    assert set(tables["mask_overlap"]["score"]) == {"diff"}
    assert set(tables["densities"]["score"]) == {"diff", "snip", "grasp", "random"}


def test_overlap_by_chance_knows_the_layers() -> None:
    """Its mean over all draws of as many weights of each layer."""
    generator = torch.Generator().manual_seed(0)
    sizes, kept = {"a": 20, "b": 300}, {"a": (15, 12), "b": (10, 25)}
    of, mask = ({name: torch.arange(size) < kept[name][one] for name, size in sizes.items()} for one in (0, 1))
    draws = [
        overlap({name: layer[torch.randperm(len(layer), generator=generator)] for name, layer in mask.items()}, of)
        for _ in range(2000)
    ]
    exact = (15 * 12 / 20 + 10 * 25 / 300) / 25
    assert overlap_by_chance(mask, of) == pytest.approx(exact)
    error = np.std(draws, ddof=1) / math.sqrt(len(draws))
    assert np.mean(draws) == pytest.approx(exact, abs=3.5 * error)
    assert exact > 3 * 37 / 320  # what the part that is kept would be


def test_overlap_of_masks() -> None:
    one, other = ({"a": torch.tensor(values)} for values in ([True, True, False], [False, True, True]))
    assert (overlap(one, other), overlap(one, one)) == (0.5, 1.0)


def test_children_have_as_many_weights_as_the_narrow_network(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    task, found, _ = parent
    wide = Parent(of_width(task, 40).architecture, {}, {}, 0, 0, 0)
    inner = sum(layer.weights for layer in wide.layers)
    never = weights_in(wide.architecture) - inner
    assert never == 40 * 10
    assert child_count(wide, 20) + never == weights_in(mlp(task.architecture, 20))
    assert prunable_layers(build(found.architecture))[0].name == "fc1.weight"


def test_children_of_other_initialisations(parent: tuple[Task, Parent, pd.DataFrame]) -> None:
    """Scaled ones begin with the variance that He asks for of the inputs that are left; tickets as the parent began."""
    task, found, _ = parent
    mask = found.mask(Choice("random", "", "local"))
    seed, name = derive_seed(derive_seed(1, "children"), "initialisation"), "fc2.weight"
    drawn = build(task.architecture, seed).state_dict()
    lanes = {
        word: lane_of(task, Child({"initialisation": word}, mask), 3e-3, 0.0) for word in ("he", "scaled", "parent")
    }
    assert (lanes["he"].start, lanes["parent"].start, lanes["parent"].seed) == (None, None, None)
    start = lanes["scaled"].start
    assert start is not None
    kept = int(mask[name].sum())
    assert torch.allclose(start[name], drawn[name] * math.sqrt(400 / kept))
    assert torch.equal(start["classifier.weight"], drawn["classifier.weight"])
    inputs = 64 * mask["fc1.weight"].double().mean().item()  # of a neuron, in the mean; of about 77 weights
    assert start["fc1.weight"][mask["fc1.weight"]].var().item() == pytest.approx(2 / inputs, rel=0.5)
    short = replace(task, recipe=replace(task.recipe, epochs=0))
    (ticket,) = train(short, [lanes["parent"]])
    for layer, part in mask.items():
        assert torch.equal(ticket.weights[layer], found.states[0][layer] * part)
    children = [Child({"initialisation": word}, mask) for word in ("he", "scaled", "parent", "he")]
    table = retrain(task, children, found.layers, 3e-3, 0.0)
    assert table["validation_loss"].nunique() == 3
    assert table["validation_loss"][0] == table["validation_loss"][3]


def test_families_on_disk_are_shared_out_to_jobs(parent: tuple[Task, Parent, pd.DataFrame], tmp_path: Path) -> None:
    """Every child is in one job, those that are one network in the same, and all give what they gave together."""
    task, found, _ = parent
    one, other = (found.mask(Choice(score, "best", "global")) for score in ("diff", "magnitude"))
    words = [("a", one), ("b", None), ("c", one), ("d", other)]
    children = [Child({"name": name, "initialisation": "he"}, mask) for name, mask in words]
    again = [Child({"name": "e", "initialisation": "parent"}, one), Child({"name": "f", "initialisation": "he"}, one)]
    path = tmp_path / "masks.safetensors"
    save_families(path, [Family(task.architecture, children), Family(task.architecture, again)])
    (first, second) = load_families(path)
    assert first.architecture == task.architecture
    for child, known in zip([*first.children, *second.children], [*children, *again], strict=True):
        assert child.labels == known.labels
        assert child.network == known.network
    parts = [load_families(path, part, 2) for part in range(4)]
    named = [[child.labels["name"] for family in part for child in family.children] for part in parts]
    assert named == [["a", "b", "c"], ["d", "e"], ["f"], []]
    whole = retrain(task, children, found.layers, 3e-3, 0.0).set_index("name")
    alone = retrain(task, parts[1][0].children, found.layers, 3e-3, 0.0).set_index("name")
    assert alone.loc["d"].equals(whole.loc["d"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="damaged"):
        load_families(path)
    with pytest.raises(UserError, match="no such file"):
        load_families(tmp_path / "other")
