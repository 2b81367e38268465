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

pytestmark = pytest.mark.workflow

SMALL = COMPANIONS["stochastic"]


@pytest.fixture
def study() -> str:
    return "stochastic"


def results(folder: Path) -> Path:
    return folder / "results" / "tiny" / "stochastic"


def test_recomputation_from_the_raw_tables_agrees(studied: Path) -> None:
    """Table I's grid row once more, from the parts, in NumPy alone."""
    gains: dict[tuple[float, float], list[float]] = {}
    for path in sorted((results(studied) / "parts" / "grid" / "small_resnet").glob("seed-*.csv")):
        rows = [row for row in pd.read_csv(path).to_dict("records") if not row["recalibrated"]]
        dp = {row["gamma"]: row["top1"] for row in rows if row["kind"] == "deterministic"}
        for gamma, sigma in {(row["gamma"], row["sigma"]) for row in rows if row["kind"] == "stochastic"}:
            draws = [row["top1"] for row in rows if (row["gamma"], row["sigma"]) == (gamma, sigma)]
            assert len(draws) == 5
            gains.setdefault((gamma, sigma), []).append(float(np.median(draws)) - dp[gamma])
    best = max(gains, key=lambda cell: np.mean(gains[cell]))
    row = pd.read_csv(results(studied) / "table_1.csv").set_index("search").loc["grid"]
    assert (row["gamma"], row["sigma"]) == best
    assert row["delta"] == pytest.approx(np.mean(gains[best]))
    cell = json.loads((results(studied) / "cells" / "small_resnet.json").read_text())
    assert (cell["gamma"], cell["sigma"], cell["source"]) == (*best, "grid")
    transfer = pd.read_csv(results(studied) / "transfer.csv")
    assert set(transfer["sigma"]) == {0.0, cell["sigma"]}


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
            "sweep": {"methods": ["magnitude"], "gammas": [0.8], "sigmas": [0.003], "draws": 1},
            "grid": {"gammas": [0.9], "sigmas": [0.003], "draws": 1},
            "best_draws": 1,
            "transfer": {"draws": 1},
            "fine_tuning": {"methods": ["magnitude"], "sigmas": [0.003], "draws": 1, "epochs": 1},
            "search": {"algorithms": ["nsga2"], "budget": 2, "population": 2, "draws": 1},
            "structured": {"sigmas": [0.003], "draws": 1},
        },
    }
    folder = shrunken("avendano2025_cifar10", small, "resnet18_cifar")
    snakemake(folder, "stochastic", "--cores", "2")
    output = folder / "results/avendano2025_cifar10/stochastic"
    one = pd.read_csv(output / "table_1.csv")
    assert {"grid", "cell"} <= set(one["search"]) <= {"grid", "F2", "cell"}  # F2 where its search found anything
    assert one["published_sp"].notna().all()
    assert pd.read_csv(output / "table_2.csv")["published_delta"].notna().sum() == 1
    assert pd.read_csv(output / "table_3.csv")["published_sp"].notna().sum() == 2
    assert len(list((output / "figures").rglob("*.png"))) == 2 + 9
