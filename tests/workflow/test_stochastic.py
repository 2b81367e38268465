"""The study `stochastic` end to end: a recomputation, a killed search, and the preset, shrunken."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import COMPANIONS, copy_project, merged, snakemake, started, write_config

from documented import DOCS
from prunescape.claims.asking import Estimand
from prunescape.claims.study import StudyClaims
from prunescape.stochastic import cause_claims, control_claims, deployment, gain_claims, search_claims, tuning_claims

pytestmark = pytest.mark.workflow

SMALL = COMPANIONS["stochastic"]


@pytest.fixture
def study() -> str:
    return "stochastic"


def results(folder: Path) -> Path:
    return folder / "results" / "tiny" / "stochastic"


def gains_of(studied: Path, table: str) -> dict[tuple[float, float], dict[str, float]]:
    """The gain of each cell and seed by magnitude, with batch norm as pretrained, from the parts, in NumPy alone."""
    gains: dict[tuple[float, float], dict[str, float]] = {}
    for path in sorted((results(studied) / "parts" / table / "small_resnet").glob("seed-*.csv")):
        rows = [row for row in pd.read_csv(path).to_dict("records") if not row["recalibrated"]]
        rows = [row for row in rows if row["method"] == "magnitude"]
        dp = {row["gamma"]: row["top1"] for row in rows if row["kind"] == "deterministic"}
        for gamma, sigma in {(row["gamma"], row["sigma"]) for row in rows if row["kind"] == "stochastic"}:
            draws = [row["top1"] for row in rows if (row["gamma"], row["sigma"]) == (gamma, sigma)]
            gains.setdefault((gamma, sigma), {})[path.stem] = float(np.median(draws)) - dp[gamma]
    return gains


def test_recomputation_from_the_raw_tables_agrees(studied: Path) -> None:
    """What explores chooses, and what confirms decides: other networks, seeds and images, as their files tell."""
    explored, confirmed = gains_of(studied, "grid"), gains_of(studied, "confirmed")
    means = {at: float(np.mean([*of_seeds.values()])) for at, of_seeds in explored.items()}
    cell = json.loads((results(studied) / "cells" / "small_resnet.json").read_text())
    best = cell["gamma"], cell["sigma"]
    assert cell["source"] == "grid"
    assert {"lamp", "lamp_2of4", "sparsegpt", "sparsegpt_2of4"} < set(cell["of"])
    assert means[best] == pytest.approx(max(means.values()))  # which several may share
    assert not {*explored[best]} & {*confirmed[best]}
    row = pd.read_csv(results(studied) / "table_1.csv").set_index("search").loc["grid"]
    assert (row["gamma"], row["sigma"]) == best
    assert row["delta"] == pytest.approx(np.mean([*confirmed[best].values()]))
    claim = pd.read_csv(results(studied) / "claims.csv").set_index("id").loc["stochastic.noise_wins.small_resnet"]
    assert claim["effect"] == pytest.approx(row["delta"])
    transfer = pd.read_csv(results(studied) / "transfer.csv")
    assert set(transfer["sigma"]) == {0.0, cell["sigma"]}
    assert set(transfer["seed"]) == set(pd.read_csv(results(studied) / "fine_tuning.csv")["seed"])
    # Accuracies of 20 held-out images are multiples of 5 %, those of the 300 test images are not.
    assert (pd.read_csv(results(studied) / "grid.csv")["top1"] % 5).round(6).isin([0, 5]).all()
    assert not (pd.read_csv(results(studied) / "confirmed.csv")["top1"] % 5).round(6).isin([0, 5]).all()


@pytest.mark.full
def test_a_killed_search_goes_on_to_the_same_front(studied: Path, tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "killed")
    write_config(folder, SMALL)
    target = results(Path()) / "parts" / "search" / "small_resnet" / "seed-0.csv"
    state = folder / "results/tiny/checkpoints/search/small_resnet_0/F1-nsga2.json"
    process = started(folder, str(target), "--cores", "1", ready=state.exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    measured = len(json.loads(state.read_text())["measured"])
    assert measured < 12
    snakemake(folder, str(target), "--cores", "1", "--rerun-incomplete", "--unlock")
    snakemake(folder, str(target), "--cores", "1")
    for name in ("search", "search_progress", "fronts"):
        path = Path("parts") / name / "small_resnet" / "seed-0.csv"
        assert (results(folder) / path).read_bytes() == (results(studied) / path).read_bytes()


def test_too_few_images_are_told_before_training(project: Callable[..., Path]) -> None:
    folder = project(merged(SMALL, {"stochastic": {"held_out": 80}}))
    output = snakemake(folder, "stochastic", status=1)
    assert "config: stochastic.held_out: 80 of data.train_size = 100 leaves less than a batch" in output


@pytest.mark.full
def test_networks_without_batch_norm_beside_one_with_it(project: Callable[..., Path]) -> None:
    """Of those nothing is recalibrated, and one has no channels; across networks the claim on batch norm is stated."""
    small = {"sweep": {"methods": ["magnitude"], "gammas": [0.8], "sigmas": [0.03], "draws": 1}}
    small |= {"grid": {"methods": ["magnitude"], "gammas": [0.8], "sigmas": [0.03], "draws": 2}}
    small |= {"transfer": {"gammas": [0.8], "draws": 1}, "confirm": {"seeds": 2, "draws": 2}}
    small |= {"fine_tuning": {"methods": ["magnitude"], "sigmas": [0.03], "draws": 1, "epochs": 1}}
    small |= {"search": {"algorithms": ["nsga2"], "budget": 2, "population": 2, "sigma": [0.01, 0.1], "draws": 1}}
    plain = {"learning_rate": 0.05, "weight_decay": 0.0001}
    models = {"vanilla_cnn": {**plain, "methods": ["uniform"], "ratios": [0.5]}}
    models |= {name: {**plain, "ratios": []} for name in ("mlp", "small_vit")}
    folder = project(merged(SMALL, {"seeds": [0], "stochastic": small, "models": models}))
    snakemake(folder, "stochastic", "--cores", "2")
    output = results(folder)
    for table in ("confirmed", "controls", "sweep", "feature_variance"):
        read = pd.read_csv(output / f"{table}.csv")
        assert {name: sorted({*part["recalibrated"]}) for name, part in read.groupby("model")} == {
            "small_resnet": [False, True],
            "vanilla_cnn": [False],
            "mlp": [False],
            "small_vit": [False],
        }
    assert set(pd.read_csv(output / "structured.csv")["model"]) == {"small_resnet", "vanilla_cnn"}
    claims = pd.read_csv(output / "claims.csv")
    assert "stochastic.batch_norm_artefact.all_networks" in set(claims["id"])
    without_channels = claims[claims["model"].isin(["mlp", "small_vit"])]["id"]
    assert not without_channels.str.contains("recalib|structured|recovery").any()
    drawn = {name: {path.name for path in (output / "figures" / name).glob("*.png")} for name in models}
    assert drawn["vanilla_cnn"] - drawn["mlp"] == drawn["vanilla_cnn"] - drawn["small_vit"] == {"structured.png"}
    text = "".join(claims[claims["model"] != "small_resnet"]["answer"].astype(str))
    assert "nan" not in text
    assert "artefact of batch norm" in (output / "explore.html").read_text()


@pytest.mark.full
def test_the_papers_preset_shrunken(shrunken: Callable[..., Path]) -> None:
    """ResNet-18 on CIFAR-10's format; all figures and tables, the published ones beside. Other networks take long."""
    of_model = {"transfer_gammas": [0.9], "fine_tuning_gamma": None}
    small = {
        "data": {"train_size": 30, "validation_size": 10},
        "recipe": {"batch_size": 20},
        "models": {"resnet18_cifar": {"methods": ["uniform"], "ratios": [0.5], "stochastic": of_model}},
        "stochastic": {
            "held_out": 10,
            "sample": 10,
            "lanes": 1,
            "sweep": {
                **{"methods": ["magnitude"], "scopes": ["usual", "erk", "uniform", "2of4"]},
                **{"gammas": [0.8], "sigmas": [0.003], "draws": 1, "shown_gammas": [0.8], "shown_sigma": 0.003},
            },
            "grid": {"methods": ["magnitude"], "gammas": [0.9], "sigmas": [0.003], "draws": 1},
            "confirm": {"seeds": 1, "draws": 1},
            "transfer": {"draws": 1},
            "fine_tuning": {"methods": ["magnitude"], "sigmas": [0.003], "draws": 1, "epochs": 1},
            "basin": {"points": 3, "draws": 1},
            "search": {"algorithms": ["nsga2"], "budget": 2, "population": 2, "draws": 1},
            "structured": {"sigmas": [0.003], "draws": 1},
        },
    }
    folder = shrunken("avendano2025_cifar10", small, "resnet18_cifar")
    snakemake(folder, "stochastic", "--cores", "2")
    output = folder / "results/avendano2025_cifar10/stochastic"
    one = pd.read_csv(output / "table_1.csv")
    assert {"cell"} <= set(one["search"]) <= {"F2", "cell"}  # F2 where its search found anything
    assert one["published_sp"].notna().all()
    assert pd.read_csv(output / "table_2.csv")["published_delta"].notna().sum() == 1
    assert pd.read_csv(output / "table_3.csv")["published_sp_channel"].notna().sum() == 2
    ways = {"magnitude", "magnitude_erk", "magnitude_uniform", "magnitude_2of4"}
    assert set(pd.read_csv(output / "sweep.csv")["method"]) == {"none", *ways}
    assert set(pd.read_csv(output / "deployment.csv")["method"]) <= ways
    assert len(list((output / "figures").rglob("*.png"))) == 2 + 10 + len(ways)


# Keys of all questions of the study.
QUESTIONS = {
    value.key
    for module in (cause_claims, control_claims, deployment, gain_claims, search_claims, tuning_claims)
    for value in vars(module).values()
    if isinstance(value, Estimand)
}


@pytest.mark.full
def test_the_preset_for_fashion_mnist_asks_the_same_claims(shrunken: Callable[..., Path]) -> None:
    """Of images in CIFAR-10's format, as those of Fashion-MNIST are not there; what it asks for is its own."""
    small = {
        "data": {"name": "cifar10", "train_size": 40, "validation_size": 10},
        "recipe": {"batch_size": 20},
        "models": {"small_resnet": {"methods": ["uniform"], "ratios": [0.5]}},
        "stochastic": {
            "held_out": 10,
            "sample": 20,
            "sweep": {"gammas": [0.8], "sigmas": [0.01], "draws": 1},
            "grid": {"gammas": [0.8], "sigmas": [0.01, 0.03], "draws": 1},
            "confirm": {"seeds": 1, "draws": 2},
            "fine_tuning": {"sigmas": [0.01, 0.03], "draws": 1, "epochs": 1},
            "basin": {"points": 3, "draws": 1},
            "search": {"budget": 2, "population": 2, "draws": 1},
            "structured": {"sigmas": [0.01], "draws": 1},
        },
    }
    folder = shrunken("fashion_mnist_stochastic", small)
    snakemake(folder, "results/fashion_mnist_stochastic/stochastic/claims.json", "--cores", "2")
    stated = StudyClaims.read(folder / "results" / "fashion_mnist_stochastic" / "stochastic" / "claims.json")
    demo = StudyClaims.read(DOCS / "results" / "demo" / "stochastic" / "claims.json")
    asked, by_demo = ({claim.id.split(".")[1] for claim in one.claims} for one in (stated, demo))
    assert asked == by_demo == QUESTIONS
    assert {claim.outcome for claim in stated.claims} == {"not decided", "cannot be asked here"}  # of one network
