"""The tiny study end to end: outputs, an independent recomputation, and the same bytes again."""

import csv
import hashlib
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import TINY, check_tables, merged, planned, snakemake, write_config
from scipy.stats import t

from project_copy import PROJECT, completed

pytestmark = pytest.mark.workflow

CELLS = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay"]
CELLS += ["top1", "top5", "train_loss", "diverged", "epochs"]
COLUMNS = {
    "timing": [*CELLS[:5], "seconds", "images_per_second", "device", "strategy", "lanes", "precision"],
    "cells": CELLS,
    "ellipses": [
        *["model", "variant", "metric", "roi", "n_cells", "fitted"],
        *["centre_log10_weight_decay", "centre_log10_learning_rate", "length", "width", "angle_degrees"],
    ],
    "risk": ["model", "variant", "metric", "n_cells", "d_mean", "d_std", "rel_mean", "rel_std"],
    "intervals": ["model", "variant", "metric", "roi", "quantity", "seeds", "measured", "estimate", "low", "high"],
    "decisions": [
        "model",
        "variant",
        "question",
        "answer",
        "reason",
        "seeds",
        "gain",
        "low",
        "high",
        "tuned_learning_rate",
    ],
    "confirmation": ["model", "variant", "stage", "setting", "seed", "learning_rate", "weight_decay", "top1"],
    "shifts": ["model", "variant", "metric", "roi", "shift", "shift_p", "area_ratio_p", "turn_degrees_p", "least_p"],
    "trial_timing": ["model", "variant", "device", "trainings", "device_hours", "device_hours_each"],
    "regret": ["model", "variant", "metric", "strategy", "trials", "measured", "estimate", "low", "high"],
    "transfer": ["model", "metric", "tuned_on", "variant", "measured", "estimate", "rank_correlation"],
    "band": ["model", "variant", "metric", "roi", "slope", "slope_low", "log10_constant", "smith_slope"],
    "table_3_1": ["data", "train_images", "published_train_images"],
    "table_3_2": ["model", "params", "flops", "flops_with_norms", "published_flops"],
    "table_3_5": ["sigma", "confidence_level", "published_confidence_level"],
    "table_3_4": ["model", "top1", "published_top1", "setting", "difference_top1"],
    "table_4_1": ["model", "variant", "roi", "length", "length_low", "published_length", "setting"],
    "table_4_2": ["model", "variant", "d_mean", "d_mean_low", "d_mean_high", "published_d_mean", "setting"],
    "pruning": ["model", "variant", "flops", "params", "target_ratio", "achieved_ratio"],
}
FIGURES = ["small_resnet/summary_top1", "small_resnet/landscape_top1", "small_resnet/grid_dense_top1"]
FIGURES += ["small_resnet/regret_top1", "small_resnet/transfer_top1", "small_resnet/band_top1"]
FIGURES += ["small_resnet/channels", "small_resnet/curves", "risk_top1", "forest"]


def test_what_code_says_is_read_once(copied: Path) -> None:
    """Also the code of what is planned after all rules have been read."""
    library = copied / "workflow" / "prunescape"
    (memory,) = (library / "__pycache__").glob("fingerprint-*.json")
    memory.unlink()
    snakemake(copied, "-n")
    kept = json.loads(memory.read_text())
    for file in (library / "lanes" / "optimiser.py", copied / "workflow" / "scripts" / "hpspace" / "train_tile.py"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() in kept


def test_every_output_is_there_with_its_columns(finished: Path) -> None:
    folder = finished / "results" / "tiny" / "hpspace"
    for name, columns in COLUMNS.items():
        assert set(columns) <= set(pd.read_csv(folder / f"{name}.csv").columns), name
    cells = pd.read_csv(folder / "cells.csv")
    assert len(cells) == 2 * 27
    assert set(cells["variant"]) == {"dense", "uniform-0.4", "non_uniform-0.4"}
    for name in FIGURES:
        image = (folder / "figures" / f"{name}.png").read_bytes()
        assert image.startswith(b"\x89PNG")
        assert len(image) > 4_000
    verdict = json.loads((folder / "verdict.json").read_text())["models"]["small_resnet"]
    assert set(verdict["networks"]) == {"uniform-0.4", "non_uniform-0.4"}
    for network in verdict["networks"].values():
        assert set(network["use"]) == {"learning_rate", "weight_decay"}
        assert {question["answer"] for question in network["questions"].values()} <= {"keep", "open", "not asked"}
    assert set(pd.read_csv(folder / "table_4_2.csv")["setting"]) == {"the thesis has no small_resnet"}
    assert (folder / "verdict.txt").read_text().startswith("small_resnet: ")
    pruning = pd.read_csv(folder / "pruning.csv").set_index("variant")
    assert 0.395 <= pruning.loc["non_uniform-0.4", "achieved_ratio"] <= 0.4


def test_every_column_of_every_table_is_described(finished: Path) -> None:
    check_tables(finished / "results" / "tiny")


def test_the_page_to_explore_and_the_overview_are_there(finished: Path) -> None:
    run = finished / "results" / "tiny"
    page = (run / "hpspace" / "explore.html").read_text()
    assert re.search(r"Run tiny, results of \d{4}-\d\d-\d\d \d\d:\d\d\.", page)
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    cells = pd.read_csv(run / "hpspace" / "cells.csv")
    (model,) = data["models"]
    assert [len(variant["f"]) for variant in model["metrics"]["top1"]["variants"]] == [9, 9, 9]
    assert model["metrics"]["top1"]["variants"][0]["seeds"][0] == pytest.approx(
        cells[(cells["variant"] == "dense") & (cells["seed"] == 0)]["top1"].tolist(), abs=1e-4
    )
    assert page.count("data:image/webp;base64,") == 10
    assert "learning_rate: 0.1" in page  # the config
    overview = (run / "index.html").read_text()
    assert 'href="hpspace/explore.html"' in overview
    assert "stochastic" not in overview
    ledger = pd.read_csv(run / "claims.csv")
    assert ledger["id"].tolist() == pd.read_csv(run / "hpspace" / "claims.csv")["id"].tolist()
    assert set(ledger["case"]) == {"uniform-0.4", "non_uniform-0.4"}
    assert {"hpspace.keep_prior.uniform-0.4.small_resnet", "hpspace.thesis_risk.uniform-0.4.small_resnet"} <= {
        *ledger["id"]
    }
    assert all(f'href="hpspace/claims.html#{name}"' in overview for name in ledger["id"])
    assert len(page) < 1_500_000


def test_training_tells_its_progress_in_the_log(finished: Path) -> None:
    (log,) = (finished / "results/tiny/logs/hpspace/train_tile").glob("small_resnet_dense_0_*.log")
    lines = log.read_text().splitlines()
    assert "cells 1-9 of 9: epoch 1/3, best top-1" in lines[0]
    assert "s to go" in lines[0]


def test_every_confirmed_number_follows_from_the_raw_tables(finished: Path) -> None:
    """The design's rules in pandas and scipy alone, on the trainings that a real run made."""
    folder = finished / "results" / "tiny" / "hpspace"
    trainings, decisions = pd.read_csv(folder / "confirmation.csv"), pd.read_csv(folder / "decisions.csv")
    tested = decisions[decisions["seeds"] > 0]
    assert len(tested) > 0
    for row in tested.itertuples():
        mine = trainings[(trainings["variant"] == row.variant) & trainings["stage"].str.startswith("generation-1-")]
        wide = mine.pivot_table(index="seed", columns="setting", values="top1")
        assert len(wide) == row.seeds == 5
        differences = wide["tuned"] - wide[row.question]
        level = 0.4 / (2 * 2) * 0.8 * 0.1  # networks x questions, the first generation, the first look
        half = t.ppf(1 - level, 4) * differences.std(ddof=1) / math.sqrt(5)
        expected = (differences.mean(), differences.mean() - half, differences.mean() + half)
        assert (row.gain, row.low, row.high) == pytest.approx(expected, abs=1e-9)
        files = folder.glob(f"confirmation/small_resnet/{row.variant}/generation-1-*/*.images.csv")
        images = pd.concat(map(pd.read_csv, files)).groupby(["setting", "image"])["right"].sum() / 5
        one, other = (images[name].to_numpy() for name in ("tuned", row.question))
        variance = (one - other).var(ddof=1) - (one * (1 - one) + other * (1 - other)).mean() / 4
        assert row.image_error == pytest.approx(100 * math.sqrt(max(variance, 0) / len(one)), abs=1e-9)
        assert 100 * one.mean() == pytest.approx(wide["tuned"].mean())  # the images are those that were counted


def test_recomputation_from_the_raw_tables_agrees(finished: Path) -> None:
    """Equations 3.3 to 3.6 and the ellipse of section 3.3.1 once more, from the tiles, in NumPy alone."""
    folder = finished / "results" / "tiny" / "hpspace"
    values: dict[str, dict[tuple[int, int], list[float]]] = {}
    place: dict[tuple[int, int], tuple[float, float]] = {}
    for path in folder.glob("tiles/small_resnet/*/seed-*/*_*.csv"):
        if path.name.count(".") > 1:  # its history, or its timing
            continue
        with path.open() as file:
            for row in csv.DictReader(file):
                cell = (int(row["i"]), int(row["j"]))
                values.setdefault(path.parts[-3], {}).setdefault(cell, []).append(float(row["top1"]))
                place[cell] = (math.log10(float(row["weight_decay"])), math.log10(float(row["learning_rate"])))
    f = {variant: {cell: sum(runs) / len(runs) for cell, runs in cells.items()} for variant, cells in values.items()}

    ellipses = pd.read_csv(folder / "ellipses.csv").set_index(["variant", "roi"])
    fitted = 0
    for (variant, x), row in ellipses.iterrows():
        best = max(f[variant].values())
        region = [cell for cell, value in f[variant].items() if value >= best - x - 1e-9]
        assert row["n_cells"] == len(region)
        assert bool(row["fitted"]) == (len(region) >= 5)
        if not row["fitted"]:
            continue
        fitted += 1
        points = np.array([place[cell] for cell in region])
        centre = points.sum(0) / len(points)
        spread = (points - centre).T @ (points - centre) / (len(points) - 1)
        a, b, c = spread[0, 0], spread[0, 1], spread[1, 1]
        root = math.sqrt(((a - c) / 2) ** 2 + b**2)  # eigenvalues of a 2x2 matrix in closed form
        large, small = (a + c) / 2 + root, max(0.0, (a + c) / 2 - root)
        assert row["centre_log10_weight_decay"] == pytest.approx(centre[0], abs=1e-9)
        assert row["centre_log10_learning_rate"] == pytest.approx(centre[1], abs=1e-9)
        assert row["length"] == pytest.approx(2 * 2 * math.sqrt(large), abs=1e-9)
        assert row["width"] == pytest.approx(4 * math.sqrt(small), abs=1e-9 if small > 1e-12 else 1e-6)
        if root > 1e-6:
            angle = math.degrees(0.5 * math.atan2(2 * b, a - c))
            difference = (row["angle_degrees"] - angle + 90) % 180 - 90
            assert abs(difference) < 1e-6

    risk = pd.read_csv(folder / "risk.csv").set_index("variant")
    dense_best = max(f["dense"].values())
    theta = [cell for cell, value in f["dense"].items() if value >= dense_best - 0.5 - 1e-9]
    for variant, row in risk.iterrows():
        best = max(f[variant].values())
        d = np.array([best - f[variant][cell] for cell in theta])
        relative = d / best
        assert row["n_cells"] == len(theta)
        expected = [d.mean(), math.sqrt(((d - d.mean()) ** 2).sum() / len(d))]
        expected += [relative.mean(), math.sqrt(((relative - relative.mean()) ** 2).sum() / len(d))]
        found = [row[name] for name in ("d_mean", "d_std", "rel_mean", "rel_std")]
        assert found == pytest.approx(expected, abs=1e-9)


def test_an_ellipse_is_fitted_and_recomputed_too(copied: Path) -> None:
    """A wide region of interest, so that the test above meets ellipses whatever the accuracies."""
    write_config(copied, merged(TINY, {"analysis": {"roi": [0.5, 60.0]}}))
    snakemake(copied, "table_hpspace_ellipses")
    assert pd.read_csv(copied / "results/tiny/hpspace/ellipses.csv")["fitted"].any()
    test_recomputation_from_the_raw_tables_agrees(copied)


@pytest.mark.full
def test_the_same_command_gives_the_same_bytes(copied: Path) -> None:
    folder = copied / "results" / "tiny"
    pattern = ["**/*.safetensors", "**/architecture.json", "**/*.csv", "**/verdict.*", "**/*.npy", "**/*.png"]
    files = [path for name in pattern for path in folder.glob(name) if not path.name.endswith("timing.csv")]
    before = {path: path.read_bytes() for path in files}
    assert len(before) > 10
    snakemake(copied, "--forceall", hashes=1)
    for path, content in before.items():
        assert path.read_bytes() == content, path


def test_the_command_takes_these_results_as_its_own(copied: Path, tmp_path: Path) -> None:
    """In a folder with a config and nothing else: what `snakemake` made there is what the command would make."""
    (tmp_path / "results").symlink_to(copied / "results")
    (tmp_path / "prunescape.yaml").write_text((copied / "config.yaml").read_text())
    command, path = [sys.executable, "-m", "prunescape.command"], str(PROJECT / "workflow")
    result = completed([*command, "run", "-n"], tmp_path, PYTHONPATH=path)
    assert "Nothing to be done" in result.stdout, result.stdout
    verdict = completed([*command, "verdict"], tmp_path, PYTHONPATH=path).stdout
    assert verdict == (copied / "results/tiny/hpspace/verdict.txt").read_text()


def test_the_report_is_made(copied: Path) -> None:
    snakemake(copied, "--report", "results/tiny/report.html")
    page = (copied / "results/tiny/report.html").read_text()
    for caption in ("Table 4.2 of the thesis", "The answer for every pruned network", "exchanges whole seeds"):
        assert caption in page


@pytest.mark.full
def test_extension_grows_the_grid_for_all_variants_and_never_retrains(project) -> None:
    changes = {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "grid": {"tile": [1, 3]},
        # So wide that every measured cell counts as good: the grid grows until the bounds stop it.
        "extension": {"rounds": 1, "roi": 99.0, "weight_decay": [4.0e-4, 0.1], "learning_rate": [0.03, 3.2]},
    }
    folder = project(merged(TINY, changes))
    snakemake(folder, "table_hpspace_ellipses")
    tiles = folder / "results/tiny/hpspace/tiles/small_resnet"
    for variant in ("dense", "uniform-0.4"):
        names = {path.stem for path in (tiles / variant / "seed-0").glob("*.csv") if path.name.count(".") == 1}
        assert names == {"-1_-1", "0_-1", "1_-1", "2_-1"}  # one more row of larger learning rates
    cells = pd.read_csv(folder / "results/tiny/hpspace/cells.csv")
    assert cells.groupby("variant").size().tolist() == [12, 12]
    assert planned(folder, "table_hpspace_ellipses") == {}

    # Rounds that are new are planned, though the table is there.
    before = {path: path.stat().st_mtime_ns for path in tiles.rglob("*.csv")}
    write_config(folder, merged(TINY, merged(changes, {"extension": {"rounds": 3}})))
    assert set(planned(folder, "table_hpspace_ellipses")) >= {"extend_grid"}
    snakemake(folder, "table_hpspace_ellipses")
    after = {path: path.stat().st_mtime_ns for path in tiles.rglob("*.csv")}
    assert {path: after[path] for path in before} == before
    assert max(int(path.stem.split("_")[0]) for path in after if "history" not in path.name) == 3
    assert planned(folder, "table_hpspace_ellipses") == {}


@pytest.mark.full
def test_a_diverging_cell_is_a_result(project) -> None:
    changes = {
        "models": {"small_resnet": {"learning_rate": 1.0e8, "methods": ["uniform"]}},
        "grid": {"step": 2.0, "size": [11, 1], "tile": [11, 1]},
        "extension": {"learning_rate": [1.0e-3, 1.0e20], "weight_decay": [1.0e-30, 1.0]},
    }
    folder = project(merged(TINY, changes))
    output = snakemake(folder, status=1)  # nothing can be pruned of a network that diverged at the prior ...
    assert "the dense network diverged at the prior; choose a smaller learning rate" in output
    table = "results/tiny/hpspace/tiles/small_resnet/dense/seed-0/-5_0.csv"
    snakemake(folder, table)  # ... but its cells are there
    cells = pd.read_csv(folder / table)
    assert not cells["diverged"].iloc[0]
    assert cells["diverged"].iloc[-5:].all()
    assert cells["top1"].between(0, 100).all()
    assert cells["epochs"].iloc[0] == 3
    assert cells["epochs"].iloc[-1] < 3
