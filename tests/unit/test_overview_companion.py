"""What a companion study costs and how far it is, from files alone."""

from pathlib import Path

import pytest

from finished import seal_results
from overview_samples import NOW, made, page, write
from prunescape.overview.companion import companion_cost, companion_status, flops_of
from prunescape.overview.cost import ASSUMED_CORE, PER_PIXEL, Costs
from prunescape.overview.study import Study
from prunescape.overview.tables import flops
from prunescape.plan.companion import Companion
from prunescape.plan.step import Job

FORWARD = PER_PIXEL["resnet20"] * 32**2
BEST = 2 * 25 + 1_000  # images that each network of the grid search sees: twice the held-out ones, and the sample


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    grid = {"methods": ["magnitude"], "gammas": [0.5, 0.9], "sigmas": [0.001], "draws": 14}
    confirm = {"seeds": 1}
    section = {"held_out": 25, "sample": 1_000, "grid": grid, "confirm": confirm}
    return made({"seeds": [0, 1], "stochastic": section})


@pytest.fixture
def companion(study: Study) -> Companion:
    return study.plan.companions["stochastic"]


def jobs_of(companion: Companion, rule: str) -> list[Job]:
    return [job for job in companion.pieces if job.step.name == rule]


def lines_of(text: str) -> dict[str, list[str]]:
    return {line.split()[1]: line.split() for line in text.splitlines() if line.split()[:1] == ["resnet20"]}


def test_flops_are_those_of_training_and_evaluation(study: Study, companion: Companion) -> None:
    costs = Costs(study)
    (pretrain, *_), (grid, _) = (jobs_of(companion, rule) for rule in ("pretrain", "evaluate_grid"))
    assert flops_of(pretrain, costs) == pytest.approx(FORWARD * 10 * (3 * 50_000 + 10_000))
    assert flops_of(grid, costs) == pytest.approx(FORWARD * 2 * (1 + 14) * BEST)


def test_the_bill_counts_what_is_left(study: Study, companion: Companion) -> None:
    write(Path(jobs_of(companion, "evaluate_grid")[0].result))
    seal_results(study.plan, jobs_of(companion, "evaluate_grid")[0].result)
    text = page(companion_cost(companion, study))
    lines = lines_of(text)
    evaluation = FORWARD * 30 * BEST
    assert lines["evaluate_grid"][2:6] == ["2", "60", "1", flops(evaluation)]
    hours = evaluation / ASSUMED_CORE.flops / 3600
    assert float(lines["evaluate_grid"][6]) == pytest.approx(hours, rel=0.05)
    assert lines["pretrain"][2:5] == ["3", "3", "2"]  # on which the finished one rests
    assert "3e+10 FLOP/s" in text
    for job in companion.pieces:
        write(Path(job.result))
        seal_results(study.plan, job.result)
    assert "0.0e+00" in page(companion_cost(companion, study))


def test_unknown_models_have_no_price(study: Study, companion: Companion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PER_PIXEL, "resnet20")
    assert flops_of(companion.pieces[0], Costs(study)) is None
    assert "?" in page(companion_cost(companion, study))


def test_the_states_of_jobs_and_the_failures(study: Study, companion: Companion) -> None:
    (done, failed, _), (running, missing) = (jobs_of(companion, rule) for rule in ("pretrain", "evaluate_grid"))
    write(Path(done.result))
    seal_results(study.plan, done.result)
    write(Path(failed.log), "12:00:00 error: the disk is full\n", age=10)
    write(Path(running.log), "12:00:00 networks 1-16 of 30 evaluated\n", age=10)
    text = page(companion_status(companion, study, NOW))
    lines = lines_of(text)
    assert lines["pretrain"][2:] == ["3", "1", "-", "1", "-", "-", "1"]
    assert lines["evaluate_grid"][2:] == ["2", "-", "1", "-", "-", "-", "1"]
    assert f"{failed.log}: the disk is full" in text
    assert "claims: not yet" in text
    write(Path("results/x/stochastic/claims.txt"))
    assert "claims: results/x/stochastic/claims.txt" in page(companion_status(companion, study, NOW))
    assert missing.log not in text
