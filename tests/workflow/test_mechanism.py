"""The study `mechanism` end to end: tables, a recomputation, killed cycles, and the paper's preset, shrunken."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import COMPANIONS, PROJECT, merged, snakemake, started

from prunescape.claims.study import StudyClaims
from prunescape.mechanism.claims import QUESTIONS
from prunescape.plan.plan import Plan

pytestmark = pytest.mark.workflow

SMALL = COMPANIONS["mechanism"]

TABLES = ["utility_epochs", "utility_bands", "utility_sizes", "utility_pruned", "utility_channels", "rank_correlations"]
TABLES += [
    "utility_explained",
    "utility_ranks",
    "sharpness",
    "prediction",
    "prediction_correlations",
    "retrained",
    "cycles",
    "surface",
    "marks",
    "distances",
    "lines",
    "barriers",
    "flatness",
]
UTILITY = ["utility_epochs", "utility_bands", "utility_sizes", "utility_pruned", "utility_channels"]
WAYS = [f"{pruning}_{way}" for pruning in ("weights", "channels") for way in ("fine_tuning", "rewinding")]
FIGURES = [*UTILITY, "utility_explained", "prediction", "cycles", "barriers", *(f"surfaces_{way}" for way in WAYS)]


@pytest.fixture
def study() -> str:
    return "mechanism"


def results(folder: Path) -> Path:
    return folder / "results" / "tiny" / "mechanism"


def test_tables_have_what_was_asked_for(studied: Path) -> None:
    tables = {name: pd.read_csv(results(studied) / f"{name}.csv") for name in TABLES}
    epochs = tables["utility_epochs"]
    assert sorted(epochs["epoch"].unique()) == [0, 1, 3]
    assert len(epochs) == 2 * 3 * 2 * 8
    assert len(tables["utility_bands"]) == 2 * 2 * 3
    assert len(tables["utility_explained"]) == 2 * 3 * 2
    assert len(tables["utility_ranks"]) == 2 * 2 * 2
    assert tables["sharpness"].drop(columns="model").notna().all(axis=None)
    assert len(tables["prediction"]) == 2 * 3
    assert len(tables["prediction_correlations"]) == 2 * 5
    assert tables["utility_sizes"].groupby("epoch").size().to_dict() == {0: 2 * 2 * 2 * 2 * 8, 3: 2 * 2 * 2 * 2 * 8}
    assert len(tables["flatness"]) == 2 * 4 * 3
    assert (tables["flatness"]["top_eigenvalue"].groupby(tables["flatness"]["network"]).count() == 8).all()
    assert len(tables["utility_pruned"]) == 2 * 1 * 3 * 2 * 8
    assert len(tables["surface"]) == 2 * 4 * 16 * 2
    assert set(tables["surface"]["recomputed"]) == set(tables["barriers"]["recomputed"]) == {True, False}
    of_seeds = {"seeds", "seeds_by_weights", "seeds_by_activations"}
    assert set(tables["barriers"]["what"]) == {"pruned_retrained", "small", "last_cycle", "random", *of_seeds}
    assert len(tables["marks"]) == 2 * 4 * 5
    assert len(tables["cycles"]) == 2 * 4 * 2
    assert tables["cycles"].groupby("cycle")["small_top1"].count().tolist() == [0, 8]
    assert tables["barriers"].groupby("cycle")["small"].count().tolist() == [0, 2 * 4 * 2 * 2]
    assert tables["barriers"][["start", "end"]].notna().all(axis=None)
    lines = tables["lines"].groupby("what").size()
    assert (lines["pruned_retrained"], lines["seeds"]) == (2 * 4 * 2 * 3 * 2, 1 * 3 * 2)


def test_recomputation_from_the_raw_tables_agrees(studied: Path) -> None:
    """Imbalance and Table 1 once more, from the parts, in NumPy alone."""
    parts = results(studied) / "parts"
    rows = pd.read_csv(parts / "utility_epochs" / "small_resnet" / "seed-1.csv").to_dict("records")
    utility = [row["utility"] for row in rows if (row["epoch"], row["level"]) == (3, 0.1)]
    summary = pd.read_csv(results(studied) / "utility_epochs_summary.csv").set_index(["seed", "epoch", "level"])
    assert summary.loc[(1, 3, 0.1), "imbalance"] == pytest.approx(np.std(utility, ddof=1))
    gains = []
    for seed in (0, 1):
        found = pd.read_csv(parts / "cycles" / "small_resnet" / f"seed-{seed}_rewinding.csv").to_dict("records")
        (row,) = [row for row in found if (row["pruning"], row["cycle"]) == ("channels", 2)]
        gains.append(row["top1"] - row["small_top1"])
    table = pd.read_csv(results(studied) / "table_1.csv").set_index(["pruning", "retraining"])
    assert table.loc[("channels", "rewinding"), "difference"] == pytest.approx(np.mean(gains))


def test_killed_cycles_go_on_to_the_same_networks(studied: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(studied, tmp_path / "killed"))
    path = Path("parts/cycles/small_resnet/seed-0_rewinding.csv")
    first = (results(folder) / path).read_bytes()
    for result in (path, Path("networks/small_resnet/seed-0/cycles-rewinding.safetensors")):
        (results(folder) / result).unlink()
    state = folder / "results/tiny/checkpoints/prune_in_cycles/small_resnet_0_rewinding/state-0-1-0.safetensors"
    target = str(results(Path()) / path)
    process = started(folder, target, "--cores", "1", ready=state.exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (results(folder) / path).exists()
    snakemake(folder, target, "--cores", "1", "--rerun-incomplete", "--unlock")
    snakemake(folder, target, "--cores", "1")
    log = folder / "results/tiny/logs/mechanism/prune_in_cycles/small_resnet_0_rewinding.log"
    assert "going on after" in log.read_text()
    assert (results(folder) / path).read_bytes() == first


@pytest.mark.full
def test_a_training_that_diverges_is_told_in_one_line(project: Callable[..., Path]) -> None:
    changed = {"models": {"small_resnet": {"learning_rate": 9.0}}, "extension": {"learning_rate": [1.0e-5, 100.0]}}
    changed |= {"models": {"small_resnet": {"learning_rate": 9.0, "mechanism": {"weight_decay": 1.0e30}}}}
    folder = project(merged(SMALL, merged(changed, {"seeds": [0]})))
    output = snakemake(folder, "results/tiny/mechanism/networks/small_resnet/seed-0/sizes.safetensors", status=1)
    assert "prunescape: the network of size 1 diverged after 1 epochs; choose a smaller learning_rate" in output


@pytest.mark.full
def test_the_papers_preset_shrunken(shrunken: Callable[..., Path]) -> None:
    """Both networks on CIFAR-10's format; every table and figure, the published numbers beside."""
    small = {
        "data": {"train_size": 20, "validation_size": 10},
        "recipe": {"batch_size": 10},
        "mechanism": {
            "lanes": 1,
            "images": 10,
            "subsets": 4,
            "bands": 2,
            "prediction": {"sets": 3},
            "cycles": {"number": 1},
            "surface": {"side": 2, "line": 3},
        },
    }
    folder = shrunken("mechanism2021", small)
    snakemake(folder, "mechanism", "--cores", "2")
    output = folder / "results" / "mechanism2021" / "mechanism"
    one, two = pd.read_csv(output / "table_1.csv"), pd.read_csv(output / "table_2.csv")
    assert (one["published_top1"].notna().sum(), one["published_small_top1"].notna().sum()) == (4, 2)
    assert two["published_top1"].notna().sum() == 6
    epochs = pd.read_csv(output / "utility_epochs.csv")
    assert epochs.groupby("model")["level"].unique().map(list).tolist() == [[0.01, 0.05, 0.075, 0.1, 0.15, 0.25]] * 2
    figures = {path.relative_to(output / "figures").as_posix() for path in output.rglob("*.png")}
    vanilla = ["utility_epochs", "utility_bands", "utility_channels", "utility_explained"]
    assert figures == {f"resnet20/{name}.png" for name in FIGURES} | {f"vanilla_cnn/{name}.png" for name in vanilla}


# What ten images, four subsets, two bands and one seed cannot be asked, and the preset's own numbers can: more subsets
# than layers, accuracies and utilities that vary, eigenvalues above zero, pairs of three seeds, networks that guess.
MAY_LACK = {"imbalance_beyond_layers", "utility_is_additive", "only_large_weights", "endowed_from_initialisation"}
MAY_LACK |= {"utility_foretells_retrained", "utility_foretells_more", "loss_becomes_sharper", "minimum_stays_flat"}
MAY_LACK |= {"utility_follows_sharpness", "symmetry_makes_barrier", "sizes_alike_at_chance"}


@pytest.mark.full
def test_the_preset_for_fashion_mnist_asks_the_same_claims(shrunken: Callable[..., Path]) -> None:
    """Of images in CIFAR-10's format, as those of Fashion-MNIST are not there."""
    small = {
        "data": {"name": "cifar10", "train_size": 20, "validation_size": 10},
        "recipe": {"batch_size": 10},
        "mechanism": {
            "images": 10,
            "subsets": 4,
            "bands": 2,
            "measured_epochs": [0],
            "retraining_epochs": 1,
            "prediction": {"sets": 3},
            "cycles": {"number": 2},
            "surface": {"side": 2, "line": 3, "cycles": [2]},
        },
    }
    folder = shrunken("fashion_mnist_mechanism", small)
    snakemake(folder, "results/fashion_mnist_mechanism/mechanism/claims.json", "--cores", "2")
    stated = StudyClaims.read(folder / "results" / "fashion_mnist_mechanism" / "mechanism" / "claims.json")
    tested = [claim for claim in stated.claims if claim.is_tested]
    questions = [question.key for _, of in QUESTIONS.values() for question in of]
    assert {claim.id.split(".")[1] for claim in tested} | MAY_LACK == {*questions}
    assert {claim.id.split(".")[1] for claim in stated.claims} == {*questions}
    assert {claim.outcome for claim in tested} == {"not decided"}  # of one seed
    ways = {claim.case for claim in tested if ".same_basin_as_last_cycle." in claim.id}
    assert len(ways) == 2 * 2 * 2  # of weights and channels, retraining, and batch norm


def test_the_preset_for_fashion_mnist_does_all_that_the_demo_does() -> None:
    """Experiments, ways of pruning and retraining, and of batch norm: what decides which claims there are."""
    demo, preset = (
        Plan(yaml.safe_load((PROJECT / path).read_text())).companions["mechanism"]
        for path in ("config.yaml", "workflow/studies/fashion_mnist_mechanism.yaml")
    )
    for study in (demo, preset):
        assert study.experiments("small_resnet") == [*QUESTIONS]
        assert study.prunings("small_resnet") == ["weights", "channels"]
    assert preset.cycles.retrainings == demo.cycles.retrainings
    assert preset.surface.statistics == demo.surface.statistics
    assert len(preset.seeds) == len(demo.seeds)
    assert min(preset.seeds + demo.seeds) > 5  # fresh: those up to 5 were looked at
