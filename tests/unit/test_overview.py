"""`plan` and `status` from files alone: what is counted, what it costs, and what has become of each training."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finished import seal_results
from overview_samples import NOW, made, page, write
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.catalogue import CATALOGUE as MODELS
from prunescape.models.flops import count_activations, count_flops, count_parameters
from prunescape.overview.cost import ASSUMED_CORE, LARGE, PER_PIXEL, PER_PIXEL_LARGE, Costs
from prunescape.overview.cost_page import cost_lines, cost_page, known_trainings
from prunescape.overview.failures import failures_page
from prunescape.overview.status import FRESH_SECONDS, State, notes, seconds_left, status_page, survey
from prunescape.overview.study import CHECKPOINT, Row, Study, Training
from prunescape.overview.tables import duration, size
from prunescape.plan.cost import NUMBERS

TILE_CELLS = 9


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return made({})


def tiles(study: Study, variant: str = "dense") -> list[Training]:
    return [training for training in study.trainings() if training.row.variant == variant]


def round_of(study: Study, number: int) -> Path:
    """The plan of a round of extension."""
    return Path(study.plan.hpspace.extension.format(model="resnet20", round=number))


def finish(study: Study, training: Training, seconds: float, device: str = "cpu (1 thread)") -> None:
    write(training.result, "i,j\n0,0\n")
    rows = "".join(f"{seconds},{device}\n" for _ in range(training.cells))
    write(training.result.with_suffix(".timing.csv"), f"seconds,device\n{rows}")
    seal_results(study.plan, training.result)


COUNTED = [(name, 32, 10) for name in MODELS if name.startswith("resnet") and name != "resnet50"]
COUNTED += [("small_resnet", 8, 10), ("mobilenetv2", 32, 100), ("mobilenetv2", 224, 1000)]
COUNTED += [("resnet50", 224, 1000), ("resnet50", 64, 10)]


@pytest.mark.parametrize(("name", "side", "classes"), COUNTED)
def test_flops_by_pixel_are_those_that_are_counted(name: str, side: int, classes: int) -> None:
    shape = (3, side, side)
    counted = count_flops(build(Architecture(name, shape, classes)), shape)
    by_pixel = (PER_PIXEL_LARGE if side > LARGE else {}).get(name, PER_PIXEL[name])
    assert by_pixel * side**2 == pytest.approx(counted, rel=0.05)


def test_every_known_model_has_its_flops_and_numbers() -> None:
    assert set(PER_PIXEL) == set(MODELS) == set(NUMBERS)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("resnet20", (3, 32, 32), 10), ("vit", (3, 32, 32), 10), ("small_vit", (1, 8, 8), 10), ("mlp", (3, 32, 32), 10)],
)
def test_numbers_of_networks_before_they_are_described(name: str, shape: tuple[int, int, int], classes: int) -> None:
    network = build(Architecture(name, shape, classes))
    parameters, by_pixel = NUMBERS[name]
    assert count_parameters(network) == parameters
    assert by_pixel * shape[1] ** 2 == pytest.approx(count_activations(network, shape), rel=0.1)


def test_a_bill_before_anything_has_run(study: Study) -> None:
    lines = {line.row.variant: line for line in cost_lines(study, *known_trainings(study))}
    assert list(lines) == [CHECKPOINT, "dense", "uniform-0.5"]
    assert [(line.cells, line.jobs, line.done) for line in lines.values()] == [(1, 1, 0), (27, 3, 0), (27, 3, 0)]
    training = PER_PIXEL["resnet20"] * 32**2 * 10 * (3 * 50_000 + 10_000)
    assert lines["dense"].cell_flops == pytest.approx(training)
    assert lines["uniform-0.5"].flops == pytest.approx(27 * training / 2)
    seconds = training / ASSUMED_CORE.flops + 500 * 10 * ASSUMED_CORE.step_seconds
    assert lines["dense"].seconds == pytest.approx(27 * seconds)
    text = page(cost_page(study, cores=4))
    assert "Assumed: 3e+10 FLOP/s a core" in text
    assert "On 4 cores" in text
    assert "core-hours" in text
    assert "185 MB of prepared data (to come)" in text
    assert not Path("results").exists()


def test_finished_tiles_are_not_billed_again_and_tell_the_time(study: Study) -> None:
    finish(study, tiles(study)[0], seconds=40.0)
    lines = {line.row.variant: line for line in cost_lines(study, *known_trainings(study))}
    assert (lines["dense"].cells, lines["dense"].done, lines["dense"].jobs) == (27, 9, 2)
    assert lines["dense"].seconds == pytest.approx(18 * 40)
    assert lines["uniform-0.5"].seconds == pytest.approx(27 * 20)  # half the FLOPs
    assert "other finished tiles by FLOPs (2 rows)" in page(cost_page(study))


def test_shorter_retrainings_and_steps_cost_what_they_train(study: Study) -> None:
    pipelines = {"pipelines": ["scratch", "fine_tuning"], "ratios": [0.25]}
    retraining = {"steps": 2, "rewind_epoch": 6}
    recipe = {"epochs": 10, "batch_size": 100, "decay_epochs": [5]}
    study = made({"models": {"resnet20": pipelines}, "retraining": retraining, "recipe": recipe})
    name = "uniform_fine_tuning-0.25"
    step = Row("resnet20", f"{name} (step 1 of 2)")
    lines = {line.row.variant: line for line in cost_lines(study, *known_trainings(study))}
    assert list(lines) == [CHECKPOINT, step.variant, "dense", "uniform-0.25", name]
    forward = PER_PIXEL["resnet20"] * 32**2
    assert lines["uniform-0.25"].cell_flops == pytest.approx(forward / 4 * 10 * (3 * 50_000 + 10_000))
    assert lines[step.variant].flops == pytest.approx(forward / 2 * 4 * (3 * 50_000 + 10_000))
    assert lines[name].cell_flops == pytest.approx(forward / 4 * 4 * (3 * 50_000 + 10_000))
    seconds = lines[name].cell_flops / ASSUMED_CORE.flops + 500 * 4 * ASSUMED_CORE.step_seconds
    assert lines[name].seconds == pytest.approx(27 * seconds)
    assert lines[name].disk < lines["uniform-0.25"].disk
    write(Path(f"results/x/models/resnet20/{name}/step-1/retrained.safetensors"))
    seal_results(study.plan, f"results/x/models/resnet20/{name}/step-1/retrained.safetensors")
    assert {line.row.variant: line.done for line in cost_lines(study, *known_trainings(study))}[step.variant] == 1
    study = made({"models": {"resnet20": {"pipelines": ["prune_at_init"]}}})
    assert CHECKPOINT not in [row.variant for row in study.rows]  # nothing is trained before pruning


def test_flops_that_were_counted_are_billed(study: Study) -> None:
    rows = [Row("resnet20", variant) for variant in ("dense", CHECKPOINT, "uniform-0.5")]
    write(Path("results/x/models/resnet20/dense/architecture.json"), json.dumps({"flops": 82_000_000}))
    assert [Costs(study).forward_flops(row) for row in rows] == [8.2e7, 8.2e7, 4.1e7]
    write(Path("results/x/models/resnet20/uniform-0.5/architecture.json"), json.dumps({"flops": 40_000_000}))
    assert [Costs(study).forward_flops(row) for row in rows] == [8.2e7, 8.2e7, 4.0e7]


def test_calibration_tells_the_time_where_no_tile_has_finished(study: Study) -> None:
    chosen = {"name": "fused", "lanes": 16, "tile_ms": 90.0}
    found = {"strategy": "fused", "lanes": 16, "device": "NVIDIA X", "measured": [{**chosen, "lanes": 32}, chosen]}
    write(Path("results/x/models/resnet20/dense/strategy.json"), json.dumps(found))
    time = Costs(study).cell_time(Row("resnet20", "dense"))
    assert time is not None
    assert (time.source, time.device) == ("calibration", "gpu")
    assert time.seconds == pytest.approx(0.090 / TILE_CELLS * 500 * 10)


def test_growth_is_told_and_not_counted(study: Study) -> None:
    text = page(cost_page(study))
    # Both axes may grow by two tiles a side: 5 x 7 tiles instead of 1 x 3, less where the bounds forbid it.
    assert "resnet20 may grow by up to" in text
    write(round_of(study, 1), json.dumps({"tiles": [[2, -4]]}))
    assert len(tiles(study)) == 4
    write(round_of(study, 2), json.dumps({"tiles": []}))
    assert "may grow" not in page(cost_page(study))


def test_the_state_of_every_training(study: Study) -> None:
    first, second, third = tiles(study)
    fourth, fifth, _ = tiles(study, "uniform-0.5")
    finish(study, first, 1.0)
    write(second.log, "12:00:00 cells 1-9 of 9: epoch 4/10, step 250/500, best top-1 50.00 %, 9 s to go\n", age=30)
    write(third.log, "12:00:00 cells 1-9 of 9: epoch 1/10, best\n12:01:00 error: the disk is full; free some\n", age=30)
    write(fourth.log, "12:00:00 cells 1-9 of 9: epoch 5/10, best top-1\n", age=FRESH_SECONDS + 1)
    write(fifth.log, "12:00:00 unexpected error\nTraceback\nValueError: oh\n", age=9999)
    found = {item.training: item for item in survey(study, NOW)}
    states = [found[training].state for training in (first, second, third, fourth, fifth)]
    assert states == [State.FINISHED, State.RUNNING, State.FAILED, State.STOPPED, State.FAILED]
    assert found[second].done == pytest.approx(0.35)
    assert found[fourth].done == pytest.approx(0.5)
    assert found[third].error == "the disk is full; free some"
    assert found[fifth].error == "ValueError: oh"
    text = page(status_page(study, NOW))
    assert str(third.log) in text
    assert "1 training running; at this rate about" in text
    row = next(line for line in text.splitlines() if " dense " in line)
    assert row.split()[2:] == ["27", "9", "9", "9", "-", "-", "-", "48", "%"]


def test_an_earlier_array_of_the_same_job_counts_as_done(study: Study) -> None:
    lines = "12:00:00 cells 1-6 of 9: epoch 10/10, best\n12:00:01 cells 7-9 of 9: epoch 5/10, best\n"
    write(tiles(study)[0].log, lines)
    assert survey(study, NOW)[1].done == pytest.approx(6 / 9 + 3 / 9 / 2)


def test_the_time_left(study: Study) -> None:
    finish(study, tiles(study)[0], seconds=10.0)
    write(tiles(study)[1].log, "12:00:00 cells 1-9 of 9: epoch 5/10, best\n")
    left = seconds_left(study, survey(study, NOW))
    explored = 10 * (9 * 0.5 + 9) + 5 * 27 + 10  # dense, pruned, and the one to be pruned
    finalists = (10 + 5) * 4 * 5
    assert left == pytest.approx((explored + finalists, explored + finalists + 5 * 3 * 20))


def test_a_clock_that_runs_ahead_is_fresh(study: Study) -> None:
    write(tiles(study)[0].log, "12:00:00 x\n", age=-7200)
    assert survey(study, NOW)[1].state is State.RUNNING


def test_tiles_of_another_config_are_told(study: Study) -> None:
    write(Path("results/x/hpspace/tiles/resnet20/uniform-0.9/seed-0/0_0.csv"))
    write(Path("results/x/hpspace/tiles/resnet20/uniform-0.9/seed-0/0_0.history.csv"))
    assert "1 finished training job is not of this config (kept, not used)" in page(status_page(study, NOW))


def test_damaged_files_do_not_stop_a_look(study: Study) -> None:
    first = tiles(study)[0]
    for path in (first.result, first.result.with_suffix(".timing.csv"), first.log, Path(study.plan.run.meta)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"seconds,device\n\xff\x00,\n{[")
    write(Path("results/x/models/resnet20/dense/strategy.json"), '{"measured": 1}')
    assert "resnet20" in page(cost_page(study))
    assert "resnet20" in page(status_page(study, NOW))


@pytest.mark.parametrize("show", [cost_page, status_page])
def test_a_damaged_plan_of_extension_is_told(show: Callable[..., object], study: Study) -> None:
    """Which cells there are follows from it, so that nothing that is shown without it would be right."""
    write(round_of(study, 1), '{"tiles": 3}')
    with pytest.raises(UserError, match=r"round-1\.json: no plan of tiles.*`snakemake --force \S+round-1\.json`"):
        show(study)


def test_the_summary_of_failures_has_logs_and_their_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_text("one\ntwo\nthree\n12:00:00 error: what is wrong\n")
    run = tmp_path / "snakemake.log"
    entry = "Error in rule train_tile:\n    message: None\n    jobid: 8\n"
    run.write_text(
        f"{entry}    log: {log} (check log file(s) for error details)\nx\n"
        f"{entry}    log: {log} (check log file(s) for error details)\n"  # a retry of the same job
        f"{entry}    log: {tmp_path / 'gone.log'} (check log file(s) for error details)\n"
    )
    text = failures_page([run, tmp_path / "not there"])
    assert text.startswith("2 jobs failed, whose logs end so (finished results are kept):")
    assert f"  {log}\n    two\n    three\n    12:00:00 error: what is wrong\n" in text
    assert "killed before it began" in text
    assert failures_page([tmp_path / "not there"]) == ""


def test_the_summary_says_what_the_cluster_says(tmp_path: Path) -> None:
    """As Snakemake's Slurm plugin words it: a refused job has no log, or an old one; one that failed has two logs."""
    job, slurm, run = (tmp_path / name for name in ("job.log", "slurm.log", "snakemake.log"))
    job.write_text("12:00:00 error: what is wrong\n")
    slurm.write_text("slurmstepd: error\n")
    refused = "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition'."
    run.write_text(
        f"Error in rule prune:\n    message: {refused}\n    sbatch call:\n        sbatch -p x\n    sbatch script:\n"
        f"#!/bin/sh\npython\n    jobid: 3\n    log: {tmp_path / 'gone.log'} (check log file(s) for error details)\n"
        f"[Sat Nov 28 19:02:27 2026]\nError in rule prune:\n    message: {refused}\n    jobid: 4\n    log: {job}\n"
        f"[Sat Nov 28 19:02:28 2026]\nError in rule train_tile:\n    message: SLURM-job '7' failed\n    jobid: 5\n"
        f"    log: {slurm.with_name('empty.log')}, {slurm} (check log file(s) for error details)\n"
    )
    slurm.with_name("empty.log").touch()
    text = failures_page([run])
    assert "(no log" not in text
    assert text.startswith("3 jobs failed")
    assert f"  {tmp_path / 'gone.log'}\n    {refused}\n  {job}\n    {refused}\n" in text
    assert text.splitlines()[-3:-1] == ["    SLURM-job '7' failed", "    slurmstepd: error"]
    assert text.endswith(f"start the same command again: it goes on. All that was said: {run}")


def test_logs_cannot_rule_the_terminal(study: Study, tmp_path: Path) -> None:
    evil = "12:00:00 \x1b[2J\x1b]0;title\x07 10 %\r20 %\n12:00:00 error: \x1b[31mred\x9b31m\n"
    log = tiles(study)[0].log
    write(log, evil)
    write(Path("results/x/hpspace/tiles/resnet20/uniform-0.9\x1b[2J/seed-0/0_0.csv"))
    run = tmp_path / "snakemake.log"
    run.write_text(f"Error in rule train_tile:\n    log: {log}\n")
    for text in ("\n".join(notes(study, survey(study, NOW))), failures_page([run])):
        assert r"\x1b[31mred\x9b31m" in text
        assert all(character.isprintable() or character == "\n" for character in text)
    assert "\n    20 %\n" in failures_page([run])


def test_numbers_as_people_read_them() -> None:
    assert [duration(value) for value in (None, 5, 600, 5 * 3600, 30 * 86400)] == [
        "?",
        "5 s",
        "10 min",
        "5.0 h",
        "30.0 days",
    ]
    assert [size(value) for value in (None, 12, 1.5e3, 3e9, 5e12)] == ["?", "12 B", "1.5 kB", "3.0 GB", "5.0 TB"]
