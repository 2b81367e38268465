"""The benchmarks run, if only for a moment, and the page quotes them."""

import csv
import sys
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT, TINY, merged

from project_copy import completed
from warm_start import warm_start

BENCH = PROJECT / "tests" / "bench"
FEW = {"small_resnet": {"methods": ["uniform"]}}
LONGER = merged(TINY, {"seeds": [0], "models": FEW, "recipe": {"epochs": 40}})


def measured(name: str, output: Path, *arguments: str, warm: bool = True) -> None:
    """Run a benchmark, with a warm start of its processes unless it kills some."""
    command = [sys.executable, str(BENCH / f"{name}.py"), "--output", str(output), *arguments]
    result = completed(command, PROJECT, **(warm_start() if warm else {}))
    assert result.returncode == 0, result.stdout[-4000:]


def bench(name: str, output: Path, *arguments: str, warm: bool = True) -> list[dict[str, str]]:
    """The table that a benchmark writes."""
    measured(name, output, *arguments, warm=warm)
    with (output / f"{name}_cpu.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.full
def test_what_a_gpu_is_asked_runs_to_the_end(tmp_path: Path) -> None:
    """On a CPU, in its smoke form: every part leaves its table."""
    measured("gpu", tmp_path, "--smoke")
    rows = {
        name: list(csv.DictReader((tmp_path / f"{name}_cpu.csv").open()))
        for name in (
            "exactness",
            "strategies",
            "bandwidth",
            "kernels",
            "throughput",
            "populations",
            "utility",
            "coherence",
            "streaming",
        )
    }
    for row in rows["exactness"]:
        assert {value for name, value in row.items() if "equal" in name} == {"True"}, row
    assert {row["strategy"] for row in rows["strategies"]} >= {"plain script", "serial", "fused"}
    assert 0.1 < float(rows["bandwidth"][0]["copy_gb_a_second"]) < 10_000
    assert float(rows["bandwidth"][0]["lane_images_per_second_at_most"]) > 0
    assert float(rows["throughput"][0]["engine_lane_images_per_second"]) > 0
    assert all(float(row["ratio"]) > 0 for name in ("populations", "utility", "coherence") for row in rows[name])
    assert all(float(row["peak_memory_mb"]) > 1 for row in rows["coherence"])
    for row in rows["streaming"]:
        assert float(row["read_images_per_second"]) > float(row["batch_images_per_second"]) > 0
    with (tmp_path / "utility_channels_cpu.csv").open() as file:
        assert [int(row["channels"]) for row in csv.DictReader(file)] == [16]


@pytest.mark.full
def test_every_strategy_and_precision_is_compared(tmp_path: Path) -> None:
    rows = bench("exactness", tmp_path, "--smoke")
    differences = {(row["strategy"], row["precision"]): float(row["difference_after_2_steps"]) for row in rows}
    assert len(differences) == 8
    assert sum("vmap" in strategy for strategy, _ in differences) == 2
    for (_, precision), difference in differences.items():
        assert difference < (1e-12 if precision == "float64" else 1e-4)


@pytest.mark.full
def test_throughput_and_what_the_study_would_cost(tmp_path: Path) -> None:
    rows = bench("throughput", tmp_path, "--smoke", "--rounds", "1", "--models", "small_resnet")
    assert [row["model"] for row in rows] == ["small_resnet"]
    assert all(float(rows[0][column]) > 0 for column in ("ratio", "percent_of_matrix_product"))
    text = "model,strategy,engine_lane_images_per_second\nresnet56,serial,3600\nmobilenetv2,serial,1800\n"
    (tmp_path / "throughput_cpu.csv").write_text(text)
    cost = {row["model"]: row for row in bench("study_cost", tmp_path)}
    images = 405 * 180 * (50_000 + 10_000 / 3)
    assert float(cost["resnet56"]["hours_at_most"]) == pytest.approx(images / 3600 / 3600)
    assert float(cost["resnet56"]["hours_by_flops"]) == pytest.approx(images / 3600 / 3600 * (1 + 2 * 0.8) / 5)
    assert float(cost["whole study"]["hours_at_most"]) == pytest.approx(3 * images / 3600 / 3600)


@pytest.mark.full
def test_a_tile_is_measured_by_every_strategy(tmp_path: Path) -> None:
    rows = bench("tile", tmp_path, "--smoke", "--rounds", "1", "--models", "small_resnet")
    assert [row["strategy"] for row in rows] == ["serial", "fused"]
    assert all(float(row["lane_images_per_second"]) > 0 for row in rows)


@pytest.mark.full
def test_bfloat16_is_measured_beside_float32(tmp_path: Path) -> None:
    (row,) = bench("precision", tmp_path, "--smoke")
    assert float(row["ratio"]) > 0
    with (tmp_path / "precision_effect_cpu.csv").open() as file:
        effects = list(csv.DictReader(file))
    assert [row["network"] for row in effects] == ["dense", "uniform-0.2", "non_uniform-0.2"]
    assert all(float(row["low"]) <= float(row["difference"]) <= float(row["high"]) for row in effects)


@pytest.mark.full
def test_where_a_step_and_a_landscape_spend_their_time(tmp_path: Path) -> None:
    (row,) = bench("operators", tmp_path, "--smoke")
    shares = [float(row[name]) for name in row if name.endswith("_percent")]
    assert sum(shares) == pytest.approx(100)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(merged(TINY, {"seeds": [0], "models": FEW})))
    arguments = ["--config", str(tmp_path / "config.yaml"), "--target", "table_hpspace_ellipses"]
    rows = bench("landscape", tmp_path, *arguments)
    seconds = {row["part"]: float(row["core_seconds"]) for row in rows}
    parts = [seconds[part] for part in ("training", "other work of jobs", "start of jobs", "Snakemake, and idle cores")]
    assert sum(parts) == pytest.approx(seconds["wall time"])
    assert seconds["training"] > 0


@pytest.mark.full
def test_a_study_whose_training_is_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(LONGER))
    arguments = ["--config", str(tmp_path / "config.yaml"), "--kills", "1", "--seconds", "1", "2"]
    arguments += ["--target", "results/tiny/hpspace/tiles/small_resnet/uniform-0.4/seed-0/-1_-1.csv"]
    (row,) = bench("kills", tmp_path, *arguments, warm=False)
    assert int(row["kills_of_a_job"]) + int(row["kills_of_everything"]) == 1
    assert int(row["files_compared"]) > 10
    assert int(row["files_that_differ"]) == 0


@pytest.mark.full
def test_coverage_is_simulated(tmp_path: Path) -> None:
    measured("coverage", tmp_path, "--smoke")
    with (tmp_path / "coverage.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["landscape"] for row in rows} == {"ridge", "cliff", "rough", "flat", "flatter", "plateau"}
    assert {"d_mean", "area, 1-ROI", "shift found where there is none"} <= {row["quantity"] for row in rows}
    assert all(0 <= float(row["percent"]) <= 100 for row in rows)
    with (tmp_path / "confirmation.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["any_keep_%"]) + float(row["any_tune_%"]) <= 100


@pytest.mark.full
def test_exploration_is_simulated_beside_other_ways(tmp_path: Path) -> None:
    measured("exploration", tmp_path, "--smoke")
    with (tmp_path / "exploration.csv").open() as file:
        rows = {row["way"]: row for row in csv.DictReader(file)}
    assert {"full grid", "adaptive", "Optuna TPE", "successive halving"} <= set(rows)
    assert all(float(row["flops_%"]) <= 40 for way, row in rows.items() if way != "full grid")


@pytest.mark.full
def test_a_finished_grid_is_replayed(tmp_path: Path) -> None:
    ways = ["adaptive", "adaptive, batches of 16", "random search"]
    measured("exploration", tmp_path, "--smoke", "--replayed", "--ways", *ways)
    with (tmp_path / "exploration_replayed.csv").open() as file:
        rows = {row["way"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["full grid", *ways]
    assert all(float(row["flops_%"]) <= 40 for way, row in rows.items() if way != "full grid")
    assert all(0 <= float(row["mean_regret"]) < 10 for row in rows.values())


def test_the_page_quotes_the_tables_as_they_were_measured() -> None:
    sys.path.insert(0, str(BENCH))
    import page

    for path in page.PAGES:
        text = path.read_text(encoding="utf-8")
        assert page.filled(text) == text, "run `python tests/bench/page.py`"
