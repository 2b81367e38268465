"""What a companion study costs and how far it is, from files alone."""

from functools import partial
from pathlib import Path

import pytest

from overview_samples import NOW, made, page, write
from prunescape.overview.companion import Companion, Piece, companion_cost, companion_status
from prunescape.overview.cost import ASSUMED_CORE, PER_PIXEL, Costs
from prunescape.overview.study import Study
from prunescape.overview.tables import flops

FORWARD = PER_PIXEL["resnet20"] * 32**2


def passes(experiment: str, sizes: dict[str, int]) -> int:
    return 30 * 2 * sizes["validation"] if experiment == "evaluate" else 3 * 4 * sizes["train"] + sizes["validation"]


def pieces() -> list[Piece]:
    return [
        Piece(
            "resnet20",
            experiment,
            networks,
            Path(f"results/x/stochastic/{experiment}_{seed}.csv"),
            Path(f"results/x/logs/{experiment}_{seed}.log"),
            partial(passes, experiment),
        )
        for experiment, networks in (("pretrain", 1), ("evaluate", 30))
        for seed in (0, 1)
    ]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return made({})


def test_flops_are_those_of_training_and_evaluation(study: Study) -> None:
    pretrain, _, evaluate, _ = pieces()
    costs = Costs(study)
    assert pretrain.flops(costs) == pytest.approx(FORWARD * (3 * 4 * 50_000 + 10_000))
    assert evaluate.flops(costs) == pytest.approx(FORWARD * 30 * 2 * 10_000)


def test_the_bill_counts_what_is_left(study: Study) -> None:
    companion = Companion("stochastic", pieces())
    write(companion.pieces[2].result)
    text = page(companion_cost(companion, study))
    lines = {line.split()[1]: line.split() for line in text.splitlines() if line.split()[:1] == ["resnet20"]}
    evaluation = FORWARD * 30 * 2 * 10_000
    assert lines["evaluate"][2:6] == ["2", "60", "1", flops(evaluation)]
    hours = evaluation / ASSUMED_CORE.flops / 3600
    assert float(lines["evaluate"][6]) == pytest.approx(hours, rel=0.05)
    assert lines["pretrain"][2:5] == ["2", "2", "2"]
    assert "3e+10 FLOP/s" in text
    for piece in companion.pieces:
        write(piece.result)
    assert "0.0e+00" in page(companion_cost(companion, study))


def test_unknown_models_have_no_price(study: Study) -> None:
    strange = [Piece("mine", "evaluate", 5, Path("a"), Path("b"), partial(passes, "evaluate"))]
    study.ratios["mine"] = {"dense": 1.0}  # type: ignore[index]
    assert strange[0].flops(Costs(study)) is None
    assert "?" in page(companion_cost(Companion("stochastic", strange), study))


def test_the_states_of_jobs_and_the_failures(study: Study) -> None:
    companion = Companion("stochastic", pieces())
    done, failed, running, missing = companion.pieces
    write(done.result)
    write(failed.log, "12:00:00 error: the disk is full\n", age=10)
    write(running.log, "12:00:00 networks 1-16 of 30 evaluated\n", age=10)
    text = page(companion_status(companion, study, NOW))
    lines = {line.split()[1]: line.split() for line in text.splitlines() if line.split()[:1] == ["resnet20"]}
    assert lines["pretrain"][2:] == ["2", "1", "-", "1", "-", "-"]
    assert lines["evaluate"][2:] == ["2", "-", "1", "-", "-", "1"]
    assert f"{failed.log}: the disk is full" in text
    assert "claims: not yet" in text
    write(Path("results/x/stochastic/claims.txt"))
    assert "claims: results/x/stochastic/claims.txt" in page(companion_status(companion, study, NOW))
    assert str(missing.log) not in text
