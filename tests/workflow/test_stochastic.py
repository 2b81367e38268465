"""The study `stochastic` end to end: its outputs, a recomputation, a killed search, and the full presets, shrunken."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import (
    PROJECT,
    TINY,
    check_page,
    copy_project,
    merged,
    planned,
    rerun_after,
    run_once,
    snakemake,
    started,
    write_config,
)

from cifar_files import write_files
from prunescape.claims.study import StudyClaims

pytestmark = pytest.mark.workflow

STUDY: dict[str, Any] = {
    "held_out": 20,
    "sample": 50,
    "sweep": {"methods": ["magnitude", "grasp"], "gammas": [0.5, 0.8], "sigmas": [0.01, 0.03], "draws": 2},
    "grid": {"gammas": [0.8], "sigmas": [0.01, 0.03], "draws": 5},
    "best_draws": 3,
    "transfer": {"gammas": [0.5, 0.8], "draws": 4},
    "fine_tuning": {"methods": ["magnitude", "lamp"], "sigmas": [0.01], "draws": 2, "epochs": 2, "learning_rate": 0.01},
    "search": {"budget": 12, "population": 4, "sigma": [0.001, 0.1], "draws": 3},
    "structured": {"sigmas": [0.01], "draws": 2},
}
SMALL = merged(TINY, {"stochastic": STUDY, "figures": {"dpi": 50}})
TABLES = ["sweep", "grid", "best_draws", "transfer", "weight_cdf", "feature_variance", "fine_tuning", "variances"]
TABLES += ["search", "search_progress", "fronts", "structured", "table_1", "table_2", "table_3"]
TABLES += ["sweep_intervals", "crossovers", "grid_intervals", "grid_tests"]


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the study has run; not to be changed."""
    return run_once(tmp_path_factory, "stochastic", SMALL, "stochastic")


def results(folder: Path) -> Path:
    return folder / "results" / "tiny" / "stochastic"


def test_every_table_and_figure_of_the_paper_is_there(studied: Path) -> None:
    for name in TABLES:
        table = pd.read_csv(results(studied) / f"{name}.csv")
        assert len(table), name
        assert "model" in table, name
    figures = {path.relative_to(results(studied) / "figures").as_posix() for path in results(studied).rglob("*.png")}
    own = [
        "seeds",
        "one_shot_magnitude",
        "one_shot_grasp",
        "grid",
        "transfer",
        "feature_variance",
        "fronts",
        "search_progress",
    ]
    own += ["fine_tuning", "structured"]
    assert figures == {"best_draws.png", "weight_cdf.png", *(f"small_resnet/{name}.png" for name in own)}
    assert len(StudyClaims.read(results(studied) / "claims.json").of("small_resnet")) == 11
    assert (results(studied) / "claims.txt").read_text().startswith("In short:\n- ")


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
def test_the_same_bytes_again(studied: Path, tmp_path: Path) -> None:
    """What is measured on one network, once more, on another number of cores."""
    other = copy_project(tmp_path / "other")
    write_config(other, SMALL)
    names = ["sweep", "search", "search_progress", "fronts", "feature_variance"]
    parts = [results(Path()) / "parts" / name / "small_resnet" / "seed-0.csv" for name in names]
    snakemake(other, *(str(path) for path in parts), "--cores", "1")
    for path in [*parts, results(Path()) / "pretrained/small_resnet/seed-0/weights.safetensors"]:
        assert (other / path).read_bytes() == (studied / path).read_bytes(), path


def test_the_page_shows_all_of_it(studied: Path) -> None:
    check_page(studied, "stochastic")


def test_nothing_is_left_to_do_and_plan_and_status_know(studied: Path) -> None:
    assert planned(studied, "stochastic") == {}
    plan = snakemake(studied, "plan", "stochastic")
    assert "evaluate_sweep" in plan
    assert "uniform-0.4" not in plan
    both = snakemake(studied, "status")
    assert "uniform-0.4" in both
    assert "claims: results/tiny/stochastic/claims.txt" in both


# Shows what all others made, and so is made again whenever one of them is.
PAGE = {"explore_stochastic"}
SUMMARY = {
    "summarise_stochastic",
    "figure_stochastic_grid",
    "figure_stochastic_seeds",
    "figure_stochastic_one_shot",
    "tabulate_stochastic_1",
    "state_stochastic",
}
CELL = {
    "evaluate_best",
    "transfer_masks",
    "fine_tune",
    "figure_stochastic_best_draws",
    "figure_stochastic_transfer",
    "figure_stochastic_fine_tuning",
    "tabulate_stochastic_2",
    "tabulate_stochastic_3",
}
SEARCHES = {"search", "tabulate_stochastic_1", "figure_stochastic_fronts", "figure_stochastic_search_progress"}
EVERYTHING = SUMMARY | CELL | SEARCHES | {"collect_stochastic", "choose_cell", "evaluate_sweep", "evaluate_grid"}
EVERYTHING |= {
    "measure_feature_variance",
    "figure_stochastic_feature_variance",
    "evaluate_structured",
    "figure_stochastic_structured",
}
WEIGHTS = {"measure_weight_cdf", "figure_stochastic_weight_cdf"}
TUNED = {"tabulate_stochastic_2", "tabulate_stochastic_3"}
ANSWERS = {"collect_stochastic", "state_stochastic"}


def study(**changes: Any) -> dict[str, Any]:
    return merged(SMALL, {"stochastic": changes})


@pytest.mark.full
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (merged(SMALL, {"grid": {"size": [5, 5], "tile": [5, 5]}}), set()),
        (merged(SMALL, {"figures": {"colour_map": "cividis"}}), set()),
        (merged(SMALL, {"engine": {"threads": 2}}), set()),
        (study(tolerance=1.0), SUMMARY),
        (
            study(transfer={"draws": 5}),
            {"transfer_masks", "collect_stochastic", "state_stochastic", "figure_stochastic_transfer"},
        ),
        (study(fine_tuning={"epochs": 3}), ANSWERS | TUNED | {"fine_tune", "figure_stochastic_fine_tuning"}),
        (study(search={"budget": 16}), ANSWERS | SEARCHES),
        (
            study(structured={"draws": 3}),
            {"evaluate_structured", "collect_stochastic", "state_stochastic", "figure_stochastic_structured"},
        ),
        (study(grid={"draws": 6}), SUMMARY | CELL | {"evaluate_grid", "choose_cell", "collect_stochastic"}),
        (study(perturbed="all"), EVERYTHING),
        (study(held_out=25), EVERYTHING | WEIGHTS | {"pretrain"}),
        (merged(SMALL, {"recipe": {"momentum": 0.8}}), EVERYTHING | WEIGHTS | {"pretrain"}),
        (merged(SMALL, {"seeds": [0, 1, 2]}), EVERYTHING | WEIGHTS | {"pretrain"}),
    ],
    ids=[
        *("main job's grid", "main job's figures", "cores", "tolerance", "transfer", "fine-tuning", "search"),
        *("structured", "grid", "perturbed", "held out", "recipe", "one more seed"),
    ],
)
def test_a_change_of_the_config_reruns_what_depends_on_it(
    config: dict[str, Any], expected: set[str], tmp_path: Path
) -> None:
    assert rerun_after(SMALL, tmp_path / "copy", "stochastic", config=config) == (expected and expected | PAGE)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("figures/stochastic/transfer.py", {"figure_stochastic_transfer"}),
        ("stochastic/claims.py", {"state_stochastic"}),
        ("stochastic/weight_cdf.py", WEIGHTS | {"collect_stochastic"}),
        ("stochastic/search.py", ANSWERS | SEARCHES),
        ("pages/companion.py", PAGE),
        ("hpspace/risk.py", set()),
    ],
)
def test_a_change_of_code_reruns_what_depends_on_it(module: str, expected: set[str], tmp_path: Path) -> None:
    assert rerun_after(SMALL, tmp_path / "copy", "stochastic", module=module) == (expected and expected | PAGE)


@pytest.mark.full
def test_only_the_new_seed_is_trained(studied: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(studied, tmp_path / "copy"))
    write_config(folder, merged(SMALL, {"seeds": [0, 1, 2]}))
    plan = planned(folder, "stochastic")
    assert [plan[rule] for rule in ("pretrain", "evaluate_sweep", "search")] == [1, 1, 1]


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


def test_a_study_that_is_not_in_the_config(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    write_config(folder, TINY)
    output = snakemake(folder, "stochastic", status=1)
    assert "config: stochastic: is missing; write 'stochastic: {}'" in output
    assert "Traceback" not in output


def test_too_few_images_are_told_before_training(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    write_config(folder, merged(SMALL, {"stochastic": {"held_out": 80}}))
    output = snakemake(folder, "stochastic", status=1)
    assert "config: stochastic.held_out: 80 of data.train_size = 100 leaves less than a batch" in output


@pytest.mark.full
def test_the_papers_preset_shrunken(tmp_path: Path) -> None:
    """ResNet-18 on CIFAR-10's format; all figures and tables, the published ones beside. Other networks take long."""
    folder = copy_project(tmp_path / "project")
    write_files("cifar10", tmp_path / "data" / "cifar-10-batches-py")
    preset = yaml.safe_load((PROJECT / "workflow" / "studies" / "avendano2025_cifar10.yaml").read_text())
    small = {
        "seeds": [0],
        "data": {"directory": str(tmp_path / "data"), "verify": False, "train_size": 30, "validation_size": 10},
        "recipe": {"epochs": 1, "batch_size": 20},
        "engine": {"device": "cpu"},
        "figures": {"formats": ["png"]},
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
    changed = merged(preset, small)
    model = changed["models"]["resnet18_cifar"] | {"methods": ["uniform"], "ratios": [0.5]}
    model["stochastic"] |= {"transfer_gammas": [0.9], "fine_tuning_gamma": None}
    changed["models"] = {"resnet18_cifar": model}
    write_config(folder, changed)
    snakemake(folder, "stochastic", "--cores", "2")
    output = folder / "results/avendano2025_cifar10/stochastic"
    one = pd.read_csv(output / "table_1.csv")
    assert {"grid", "cell"} <= set(one["search"]) <= {"grid", "F2", "cell"}  # F2 where its search found anything
    assert one["published_sp"].notna().all()
    assert pd.read_csv(output / "table_2.csv")["published_delta"].notna().sum() == 1
    assert pd.read_csv(output / "table_3.csv")["published_sp"].notna().sum() == 2
    assert len(list((output / "figures").rglob("*.png"))) == 2 + 9
