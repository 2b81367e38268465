"""The study `coherence` end to end: what its tables hold, and the preset, shrunken."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import COMPANIONS, TINY, merged, planned, snakemake

from prunescape.claims.study import StudyClaims
from prunescape.coherence.asked import CORE
from prunescape.coherence.by_thesis import THESIS
from prunescape.coherence.mlps import parent_width

pytestmark = pytest.mark.workflow

TABLES = ["epochs", "weight_histogram", "diff_histogram", "trajectories", "widths", "width_diffs", "children"]
TABLES += ["densities", "mask_overlap", "early_masks", "matched", "layer_coherence", "score_ranks"]
TABLES += ["class_coherence"]
OF_MODELS = ["training", "weight_magnitudes", "trained_start", "diff_histograms", "trajectories", "accuracies"]
OF_MODELS += [
    "layer_densities",
    "mask_overlap",
    "early_masks",
    "matched",
    "score_ranks",
    "layer_coherence",
    "label_noise",
]
OF_MLPS = ["widths", "width_diffs", "children_wide", "gap", "children_fixed", "initialisations"]


@pytest.fixture
def study() -> str:
    return "coherence"


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(folder / "results/tiny/coherence" / f"{name}.csv") for name in TABLES}


def test_tables_have_what_was_asked_for(studied: Path) -> None:
    found = tables(studied)
    epochs = found["epochs"]
    runs = epochs.groupby(["model", "data", "start"]).size()
    assert runs["small_resnet"].tolist() == [4] * 4
    assert epochs["coherence"].between(0, 1).all()
    assert (epochs["coherence_standard_error"] == 0).all()
    assert (epochs["samples"] == 100).all()
    start = epochs[(epochs["start"] == "trained") & (epochs["epoch"] == 0)]
    assert len(start) == 1
    children = found["children"].set_index(["experiment", "model"])
    assert children.groupby(level=[0, 1]).size().to_dict() == {
        ("fixed", "mlp"): 1 + 10,
        ("network", "small_resnet"): 1 + 14,  # masks by SNIP's score, too
        ("wide", "mlp"): 2 * (1 + 10),
    }
    assert set(children.loc["wide", "parent_width"]) == {8, 12, *(parent_width(w, 10, 64, 10) for w in (8, 12))}
    assert len(found["densities"]) == 14 * 4
    assert (found["densities"].groupby(["model", "score", "end", "scope"])["kept"].sum() > 0).all()
    assert len(found["matched"]) == 12
    assert found["early_masks"].groupby(["model", "used"]).size().to_dict() == {
        ("small_resnet", False): 2,
        ("small_resnet", True): 2,
    }
    assert found["mask_overlap"].groupby("model").size().to_dict() == {"small_resnet": 8}
    assert len(found["trajectories"]) == 2 * 10 * 4 * 4
    assert found["width_diffs"].groupby(["width", "which"])["layer"].nunique().tolist() == [5] * 4
    assert len(found["score_ranks"]) == 7 * 6 / 2
    assert found["score_ranks"]["rank_correlation"].between(-1, 1).all()
    assert len(found["layer_coherence"]) == 4 * 4 * 4
    assert len(found["class_coherence"]) == 4 * 2 * 11
    assert found["epochs"]["hardest_share"].between(0.01, 1).all()
    counts = found["diff_histogram"].groupby(["model", "data", "start", "which", "layer"])["count"].sum()
    assert counts.xs("all", level="layer").unique().tolist() == [18432]
    six = pd.read_csv(studied / "results/tiny/coherence/table_6_5_6.csv")
    assert set(six["model"]) == {"small_resnet"}
    assert six["published_validation_top1"].isna().all()  # another data set


def test_trained_weights_are_where_noise_begins(studied: Path) -> None:
    """The last epoch on real images and the first on noise are one network."""
    epochs = tables(studied)["epochs"]
    weights = tables(studied)["weight_histogram"]
    last = weights["epoch"] == weights.loc[weights["data"] == "real", "epoch"].max()
    real = weights[(weights["data"] == "real") & last]["count"]
    begun = weights[(weights["start"] == "trained") & (weights["epoch"] == 0)]["count"]
    assert np.array_equal(real, begun)
    first = epochs[epochs["epoch"] == 0].set_index(["data", "start"])["coherence"]
    assert first["gaussian", "trained"] != first["gaussian", "fresh"]


@pytest.mark.full
def test_the_preset_shrunken(shrunken: Callable[..., Path]) -> None:
    """Its networks on CIFAR-10's format; every table and figure, the published numbers beside."""
    short = {"epochs": 1, "gaussian_epochs": 1, "retraining_epochs": 1}
    small = {
        "data": {"train_size": 10, "validation_size": 10},
        "recipe": {"batch_size": 5},
        "engine": {"device": "cpu"},
        "coherence": {
            "models": {"resnet50_cifar": short, "vit": short | {"lanes": 1}},
            "mlp": {"epochs": 1, "widths": [8, 12], "child": 8, "parents": [2]},
            "label_noise": None,
            "samples": 2,
            "measured_epochs": [0, 1],
            "scores": ["diff"],
            "ends": ["best"],
            "scopes": ["floor", "local"],
        },
    }
    folder = shrunken("yauney2024", small)
    snakemake(folder, "coherence", "--cores", "2")
    output = folder / "results" / "yauney2024" / "coherence"
    for name in ("table_6_1_2", "table_6_5_6"):
        table = pd.read_csv(output / f"{name}.csv")
        assert set(table["model"]) == {"resnet50_cifar", "vit"}
        assert table["published_validation_top1"].notna().all()
    drawn = {f"{model}/{name}.png" for model in ("resnet50_cifar", "vit") for name in OF_MODELS}
    figures = {path.relative_to(output / "figures").as_posix() for path in output.rglob("*.png")}
    assert figures == drawn | {f"mlp/{name}.png" for name in OF_MLPS}


@pytest.mark.full
def test_the_preset_for_fashion_mnist_asks_what_the_demo_asks(shrunken: Callable[..., Path]) -> None:
    """Of images in CIFAR-10's format, as those of Fashion-MNIST are not there."""
    small = {
        "data": {"name": "cifar10", "train_size": 10, "validation_size": 10},
        "recipe": {"batch_size": 5},
        "coherence": {
            "models": {"small_resnet": {"epochs": 2, "gaussian_epochs": 2}},
            "mlp": {"epochs": 1, "widths": [8, 12], "child": 8},
            "samples": 2,
            "measured_epochs": [0, 1, 2],
            "early_epochs": [1],
        },
    }
    folder = shrunken("fashion_mnist_coherence", small)
    snakemake(folder, "results/fashion_mnist_coherence/coherence/claims.json", "--cores", "2")
    stated = StudyClaims.read(folder / "results" / "fashion_mnist_coherence" / "coherence" / "claims.json")
    asked = {claim.key for claim in stated.claims}
    every = {key for said in THESIS for key in said.keys}
    assert asked == every
    assert asked > CORE


def test_a_network_without_channels_is_refused_by_the_main_job(project: Callable[..., Path]) -> None:
    folder = project(merged(TINY, {"models": {"small_vit": TINY["models"]["small_resnet"]}}))
    output = snakemake(folder, "-n", status=1)
    assert "config: models.small_vit: has no channels to prune; name it in coherence.models" in output


@pytest.mark.full
def test_children_in_jobs_of_their_own_are_the_same(studied: Path, project: Callable[..., Path]) -> None:
    """Of jobs of an array each, and a parent each, every row is that of one job for all, to the last digit."""
    wanted = {"children_a_job": 1, "scores": ["diff", "random"], "mlp": {"parents": [3, 5]}, "lanes": 16}
    wanted |= {"models": {"small_resnet": {"scores": None}}}
    folder = project(merged(COMPANIONS["coherence"], {"coherence": wanted}))
    jobs = planned(folder, "coherence")
    assert (jobs["retrain_masks"], jobs["prune_parents"], jobs["retrain_children"]) == (1, 4, 4)
    path = "results/tiny/coherence/children.csv"
    snakemake(folder, path, "--cores", "2")
    keys = ["experiment", "model", "parent_width", "score", "end", "scope"]
    one, other = (pd.read_csv(of / path, keep_default_na=False, na_values={"density": ""}) for of in (studied, folder))
    one, other = (table.set_index(keys) for table in (one, other))
    both = one.index.intersection(other.index)
    assert len(both) == 1 + 6 + 2 * 7 + 1 + 6
    pd.testing.assert_frame_equal(one.loc[both], other.loc[both])
