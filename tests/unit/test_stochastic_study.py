"""Experiments put together: the cells they look at, files opened, fine-tuning measured, searches tested."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from network_samples import ARCHITECTURE, EXACT
from prunescape.config.stochastic import Search
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.weights import save_weights
from prunescape.plan.cost import population
from prunescape.pruning.scores import score
from prunescape.pruning.surgeon import compensate, inverse_factors
from prunescape.pruning.unstructured import masks, prunable
from prunescape.stochastic.basins import basins
from prunescape.stochastic.context import PretrainedContext, open_pretrained
from prunescape.stochastic.feature_variance import feature_variance
from prunescape.stochastic.fine_tuning import FineTuned, fine_tune, measure_fine_tuning, with_live_batch_norm
from prunescape.stochastic.gradient_flow import gradient_flow_table, gradient_norm
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.searches import run_searches
from prunescape.stochastic.statistics import choose_cells, choose_structured, guessing_accuracy, near_chance
from prunescape.stochastic.variants import (
    KINDS,
    Pretrained,
    Variant,
    confirmed_variants,
    tuning_variants,
    variants_of,
)
from prunescape.training import recalibration
from prunescape.training.evaluate import evaluate
from prunescape.training.job import open_task
from prunescape.training.train import Task
from training_samples import ENGINE

SETTINGS = {
    "seed": 3,
    "stage": "",
    "held_out": 20,
    "sample": 50,
    "perturbed": "prunable",
    "exclude": "none",
    "grasp": {"temperature": 1.0, "batch_norm": "running"},
    "batch_size": 25,
    "drop_last": False,
    "engine": ENGINE,
}
SEARCH = Search(budget=6, population=4, seeds=2, sigma=[0.01, 0.1], gamma=[0.3, 0.9], draws=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory, pretrained: Pretrained) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    ARCHITECTURE.save(folder / "architecture.json")
    save_weights(folder / "weights.safetensors", pretrained.network.state_dict())
    return folder


@pytest.fixture(scope="module")
def context(files: Path, digits: PreparedData) -> PretrainedContext:
    return opened(files, digits, {})


def opened(files: Path, digits: PreparedData, changes: dict) -> PretrainedContext:
    read = {"architecture": files / "architecture.json", "weights": files / "weights.safetensors"}
    return open_pretrained({**read, "data": digits.directory / "meta.json"}, {**SETTINGS, **changes}, 1)


def grid_table(gains: dict[tuple[float, float], list[float]]) -> pd.DataFrame:
    """A grid of one model: for gamma and sigma, the gain of each seed over a deterministic 50 %."""
    rows = []
    for (gamma, sigma), of_seeds in gains.items():
        for seed, gain in enumerate(of_seeds):
            for recalibrated in (False, True):
                shift = 30.0 if recalibrated else 0.0
                rows.append(("m", seed, "magnitude", gamma, 0.0, "deterministic", 0, recalibrated, 50.0))
                rows += [
                    ("m", seed, "magnitude", gamma, sigma, "stochastic", draw, recalibrated, 50.0 + shift * sigma + of)
                    for draw, of in enumerate([gain - 1, gain, gain + 9])
                ]
    columns = ["model", "seed", "method", "gamma", "sigma", "kind", "draw", "recalibrated", "top1"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(ignore_index=True)


def test_the_cell_is_that_of_the_largest_mean_gain_without_recalibration() -> None:
    grid = grid_table({(0.8, 0.1): [1.0, 2.0], (0.9, 0.1): [9.0, -4.0], (0.9, 0.9): [0.0, 0.0]})
    found = choose_cells(pd.concat([grid, grid.assign(method="lamp", top1=-grid["top1"])]), 0.0)
    assert {name: found[name] for name in ("gamma", "sigma", "source")} == {
        "gamma": 0.9,
        "sigma": 0.1,
        "source": "grid",
    }
    assert found["of"] == {  # means of medians: 1.5, 2.5, 0; and with 30 sigma more, where recalibrated
        "magnitude": {"gamma": 0.9, "sigma": 0.1},
        "recalibrated": {"gamma": 0.9, "sigma": 0.9},
        "lamp": {"gamma": 0.9, "sigma": 0.9},
    }
    given = choose_cells(grid, 0.0, [0.5, 0.01])
    assert (given["gamma"], given["sigma"], given["source"]) == (0.5, 0.01, "config")
    assert given["of"] == {
        "magnitude": {"gamma": 0.5, "sigma": 0.01},
        "recalibrated": {"gamma": 0.9, "sigma": 0.9},  # which is not given, and so the grid's
    }
    ways = pd.concat([grid.assign(method="uniform"), grid.assign(method="non_uniform", top1=50.0)])
    assert choose_structured(ways) == {"method": "uniform", "gamma": 0.9, "sigma": 0.1}


def test_cells_in_which_all_guess_are_chosen_only_where_there_are_no_others() -> None:
    """The largest gain is where both sides are at chance; where one side is above it, a gain is one."""
    grid = grid_table({(0.8, 0.1): [1.0, 2.0], (0.9, 0.1): [3.0, 4.0]})
    at_chance = grid["gamma"] == 0.9
    base = grid.loc[(grid["kind"] == "deterministic") & at_chance, "top1"].iloc[0]
    guessing = grid.assign(top1=grid["top1"].where(~at_chance, grid["top1"] - base + 10.0))
    plain = guessing[~guessing["recalibrated"]]
    assert choose_cells(plain, 0.0)["gamma"] == choose_cells(plain, 12.0)["gamma"] == 0.9  # 10 and 13.5 %
    assert choose_cells(plain, 15.0)["gamma"] == 0.8
    assert choose_cells(plain, 100.0)["gamma"] == 0.9
    assert near_chance(10, 100) == near_chance(10, 5000) == 15.0
    assert near_chance(10, 5) == guessing_accuracy(10, 5) == 40.0


def test_what_confirms_is_at_every_cell_of_the_grid_and_at_what_was_chosen() -> None:
    best = {"gamma": 0.9, "sigma": 0.1, "of": {"lamp": {"gamma": 0.5, "sigma": 0.2}}}
    made = confirmed_variants(["magnitude", "lamp"], [0.8, 0.9], [0.1, 0.3], 3, best)
    assert len(made) == len(set(made)) == (1 + 3) + (2 + 4 * 3) + (1 + 3)
    apart = confirmed_variants(["magnitude"], [0.8], [0.3], 1, {**best, "of": {}})
    cells = {(variant.gamma, variant.sigma) for variant in apart if variant.kind == "stochastic"}
    assert cells == {(0.9, 0.1), (0.8, 0.3)}
    assert {variant.sigma for variant in apart if variant.kind == "dense_stochastic"} == {0.1}


@pytest.mark.parametrize("kinds", [list(KINDS), ["deterministic", "stochastic"], ["dense"], list(KINDS)[3:]])
@pytest.mark.parametrize("gammas", [[0.5, 0.9], None])
def test_networks_are_counted_without_making_them(kinds: list[str], gammas: list[float] | None) -> None:
    wanted = {"methods": ["magnitude", "lamp"], "gammas": gammas, "sigmas": None, "draws": 3, "kinds": kinds}
    made = variants_of(wanted, {"gamma": 0.7, "sigma": 0.02})
    assert population(wanted) == len(made) == len(set(made))
    assert {variant.gamma for variant in made} <= {0.0, *(gammas or [0.7])}
    assert {variant.sigma for variant in made} <= {0.0, 0.02}


def test_masks_of_groups_have_a_rate_of_their_own() -> None:
    """Whatever rates are asked for, given or chosen, N:M masks are made once."""
    wanted = {"methods": ["lamp", "wanda_2of4"], "gammas": [0.8, 0.9], "sigmas": [0.1, 0.2], "draws": 3}
    made = variants_of({**wanted, "kinds": list(KINDS)[:4]})
    assert population({**wanted, "kinds": list(KINDS)[:4]}) == len(made) == len(set(made))
    assert {variant.gamma for variant in made if variant.method == "wanda_2of4"} == {0.5}
    given = {"gamma": 0.9, "sigma": 0.1, "of": {}}
    for of in (
        confirmed_variants(["magnitude", "wanda_2of4"], [0.8], [0.1], 2, given),
        tuning_variants(["wanda_2of4"], [0.1], 2, given, 0.7),
    ):
        assert {(one.gamma, one.sigma) for one in of if one.method == "wanda_2of4"} == {(0.5, 0.0), (0.5, 0.1)}


def test_weights_make_up_for_removed_ones_of_their_own_network(context: PretrainedContext) -> None:
    """With noise the inputs are those of the noisy network, and so is what is made up for."""
    pretrained, sample = context.pretrained, context.sample
    for variant in (Variant("deterministic", "sparsegpt", 0.5), Variant("stochastic", "sparsegpt", 0.5, 0.05, 1)):
        network = pretrained.noisy(variant.sigma, variant.draw)
        factors = inverse_factors(network, sample)
        kept = masks(score("sparsegpt", network, batches=sample), 0.5, "uniform")
        expected = compensate(copy.deepcopy(network), kept, factors)
        made = pretrained.make(variant)
        for name, weight in prunable(expected).items():
            assert torch.equal(made.get_parameter(name), weight)
            assert not torch.equal(weight, network.get_parameter(name) * kept[name])
            assert torch.equal(pretrained.masks(variant)[name], kept[name])
    for method in ("wanda", "lamp_2of4"):
        scores = score(method.split("_")[0], pretrained.network, batches=sample)
        kept = masks(scores, 0.5, {"wanda": "output"}.get(method, "2of4"))
        made = pretrained.make(Variant("deterministic", method, 0.5))
        assert all(torch.equal(made.get_parameter(n), pretrained.network.get_parameter(n) * kept[n]) for n in kept)


def test_what_is_fine_tuned() -> None:
    best = {"gamma": 0.9, "sigma": 0.005, "of": {}}
    made = tuning_variants(["magnitude", "lamp"], [0.001, 0.005], 3, best)
    assert len(made) == len(set(made)) == 2 * (1 + 2 * 3)
    apart = tuning_variants(["magnitude"], [0.001, 0.005], 3, best, gamma=0.95)
    assert len(apart) == len(set(apart)) == 2 + 3 * 3
    cells = {(variant.kind, variant.gamma, variant.sigma) for variant in apart}
    assert {cell for cell in cells if cell[0] == "deterministic"} == {
        ("deterministic", 0.9, 0.0),
        ("deterministic", 0.95, 0.0),
    }
    assert ("stochastic", 0.9, 0.005) in cells
    assert ("stochastic", 0.9, 0.001) not in cells
    own = tuning_variants(["lamp"], [0.001], 1, best | {"of": {"lamp": {"gamma": 0.7, "sigma": 0.002}}})
    cells = {(variant.gamma, variant.sigma) for variant in own}
    assert cells == {(0.7, 0.0), (0.7, 0.001), (0.7, 0.002), (0.9, 0.0)}  # the last to compare methods


def test_a_context_from_files(
    context: PretrainedContext, pretrained: Pretrained, digits: PreparedData, files: Path
) -> None:
    assert (context.pretrained.model, context.pretrained.seed) == ("small_resnet", 3)
    for name, tensor in pretrained.network.state_dict().items():
        assert torch.equal(context.pretrained.network.state_dict()[name].to(tensor.dtype), tensor)
    assert context.data.sizes == {"train": 80, "validation": 200}
    assert context.held_out.sizes["train"] == 20
    assert context.sample.images_per_epoch == 50
    assert opened(files, digits, {"sample": 1000}).sample.images_per_epoch == 80
    assert opened(files, digits, {"sample": 1000, "drop_last": True}).sample.images_per_epoch == 75
    first = [labels for _, labels in context.sample]
    assert torch.equal(torch.cat(first), torch.cat([labels for _, labels in context.sample]))
    with pytest.raises(UserError, match="95 training images cannot be held out"):
        opened(files, digits, {"held_out": 95})


def test_networks_are_trained_on_what_is_not_held_out(
    context: PretrainedContext, files: Path, digits: PreparedData
) -> None:
    recipe = {"epochs": 1, "batch_size": 20, "momentum": 0.9, "decay_epochs": []}
    settings = {**SETTINGS, "recipe": recipe}
    task = open_task(files / "architecture.json", digits.directory / "meta.json", settings, 1)
    kept, held = (np.asarray(part.images("train")) for part in (task.data, context.held_out))
    assert np.array_equal(kept, context.data.images("train"))
    both = {image.tobytes() for image in kept} | {image.tobytes() for image in held}
    assert both == {image.tobytes() for image in np.asarray(digits.images("train"))}
    assert len(both) == len(kept) + len(held) == 100
    whole = open_task(files / "architecture.json", digits.directory / "meta.json", {**settings, "held_out": None}, 1)
    assert whole.data.sizes == digits.sizes


def test_fine_tuning_is_measured_before_and_after(context: PretrainedContext, task: Task) -> None:
    task = replace(task, architecture=ARCHITECTURE, data=context.data, engine=EXACT)
    wanted = tuning_variants(["lamp", "magnitude"], [0.05], 2, {"gamma": 0.8, "sigma": 0.05, "of": {}})
    tuned = fine_tune(context.pretrained, wanted, task, 0.02, 5e-5)
    found = measure_fine_tuning(context, wanted, tuned)
    one_shot = evaluate_variants(context.pretrained, wanted, context.data, EXACT)
    assert found.accuracies["one_shot_top1"].tolist() == one_shot["top1"].tolist()
    again = evaluate_variants(context.pretrained, wanted, context.data, EXACT, recalibration=context.sample)
    assert found.accuracies["one_shot_top1_recalibrated"].tolist() == again["top1"][len(wanted) :].tolist()
    flows = gradient_flow_table(context.pretrained, wanted, context.sample, EXACT)["gradient_flow"]
    assert found.accuracies["one_shot_gradient_flow"].tolist() == pytest.approx(flows.tolist())
    ((images, labels),) = Batches(context.held_out, "train", "cpu", 1000, dtype=torch.float64)
    norms = gradient_norm(tuned.networks, [(images, labels)], EXACT)
    assert found.accuracies["gradient_norm"].tolist() == pytest.approx(norms.tolist())
    assert (found.accuracies["gradient_flow"] != found.accuracies["one_shot_gradient_flow"]).all()
    assert found.accuracies["top1"].mean() > found.accuracies["one_shot_top1"].mean() + 5
    of_magnitude = [variant for variant in wanted if variant.method == "magnitude"]
    alone = feature_variance(context.pretrained, of_magnitude, context.sample, EXACT)
    before = found.variances[found.variances["stage"] == "one_shot"].drop(columns="stage").reset_index(drop=True)
    pd.testing.assert_frame_equal(before, alone)
    after = found.variances[found.variances["stage"] == "fine_tuned"]
    assert len(after) == len(before)
    assert set(found.variances["method"]) == {"magnitude"}
    frozen = replace(task, recipe=replace(task.recipe, batch_norm="frozen"))
    control = np.array(with_live_batch_norm(context.pretrained, wanted, frozen))
    plain = found.accuracies["kind"] == "deterministic"
    assert np.isnan(control).tolist() == (~plain).tolist()
    assert (control[plain] > found.accuracies["one_shot_top1"][plain] + 5).all()  # by statistics alone
    live = np.array(with_live_batch_norm(context.pretrained, wanted, frozen, 0.02, 5e-5))
    assert live[plain].tolist() == found.accuracies["top1"][plain].tolist()  # as the task above has it live
    check_lines(context, wanted, tuned)
    of_lamp = FineTuned(tuned.table[:3], tuned.networks[:3])
    without = measure_fine_tuning(context, wanted[:3], of_lamp).variances
    assert len(without) == 0
    assert list(without.columns) == list(found.variances.columns)


def check_lines(context: PretrainedContext, wanted: list[Variant], tuned: FineTuned) -> None:
    """Barriers in the middle of lines, from networks that are averaged and recalibrated one by one."""
    found, points = basins(context, wanted, tuned, 0.8, 0.05, points=3, draws=5)
    assert len(found) == 2 * (1 + 2 * 2)
    assert len(points) == 3 * len(found)
    deterministic = Variant("deterministic", "magnitude", 0.8)
    noisy = Variant("stochastic", "magnitude", 0.8, 0.05, 1)
    for stage in ("one_shot", "fine_tuned"):
        plain, other = (
            context.pretrained.make(variant) if stage == "one_shot" else tuned.networks[wanted.index(variant)]
            for variant in (deterministic, noisy)
        )
        middle = copy.deepcopy(plain)
        with torch.no_grad():
            for parameter, end in zip(middle.parameters(), other.parameters(), strict=True):
                parameter.copy_((parameter + end) / 2)
        networks = recalibration.recalibrated([plain, middle, other], context.sample, EXACT)
        top1 = [evaluate([network], context.data, EXACT).top1.item() for network in networks]
        row = found[(found["stage"] == stage) & (found["line"] == "deterministic_stochastic") & (found["draw"] == 1)]
        line = points.merge(row[["stage", "line", "draw"]])
        assert line["alpha"].tolist() == [0.0, 0.5, 1.0]
        assert line["top1"].tolist() == pytest.approx(top1)
        assert row["top1_start"].item() == pytest.approx(top1[0])
        assert row["top1_end"].item() == pytest.approx(top1[2])
        assert row["error_barrier"].item() == pytest.approx(max(0.0, (top1[0] + top1[2]) / 2 - top1[1]), abs=1e-9)
    assert all(table.empty for table in basins(context, wanted, tuned, 0.7, 0.05, points=3, draws=1))


def test_searches_and_what_their_fronts_are_worth(context: PretrainedContext, tmp_path: Path) -> None:
    lines: list[str] = []
    found = run_searches(context, SEARCH, tmp_path, "me", lines.append)
    assert len(found.evaluations) == 2 * 4 * 6
    first = found.evaluations["search_seed"] == 0
    assert not found.evaluations[first]["sigma"].isin(found.evaluations[~first]["sigma"]).any()
    assert set(zip(found.progress["objectives"], found.progress["algorithm"], strict=True)) == {
        (which, algorithm) for which in ("F1", "F2") for algorithm in ("nsga2", "random")
    }
    on_front = found.evaluations[found.evaluations["on_front"] & first]
    assert found.fronts["evaluation"].tolist() == on_front["evaluation"].tolist()
    assert found.fronts["fitness_sp"].tolist() == on_front["sp"].tolist()
    row = found.fronts.iloc[0]
    made = [Variant("stochastic", "magnitude", row["gamma"], row["sigma"], draw) for draw in range(3)]
    fresh = context.pretrained.for_stage(", tested")
    tested = evaluate_variants(fresh, made, context.data, EXACT)
    assert row["sp"] == tested["top1"].median()
    again = evaluate_variants(fresh, made, context.data, EXACT, recalibration=context.sample)[3:]
    assert row["sp_recalibrated"] == again["top1"].median() != row["sp"]
    assert (found.fronts["delta"] == found.fronts["sp"] - found.fronts["dp"]).all()
    best = found.fronts[found.fronts["best"]]
    assert best[["objectives", "algorithm"]].to_numpy().tolist() == [["F2", "nsga2"], ["F2", "random"]]
    for _, chosen in best.iterrows():
        same = found.fronts[(found.fronts["objectives"] == "F2") & (found.fronts["algorithm"] == chosen["algorithm"])]
        assert chosen["objective_2"] == same["objective_2"].max()
    names = {f"{which}-{algorithm}" for which in ("F1", "F2") for algorithm in ("nsga2", "random")}
    assert {path.stem for path in tmp_path.iterdir()} == names | {f"{name}-1" for name in names}
    alone = run_searches(context, SEARCH.changed(seeds=1, algorithms=["nsga2"]), tmp_path, "me", lines.append)
    same = found.evaluations[first & (found.evaluations["algorithm"] == "nsga2")]
    pd.testing.assert_frame_equal(alone.evaluations, same.reset_index(drop=True))
    assert lines[0] == "nsga2, F1, search 1: generation 1: 4 of 6 candidates measured"
    again = run_searches(context, SEARCH, tmp_path, "me", lines.append)
    for one, other in zip(found, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
