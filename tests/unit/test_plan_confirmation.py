"""Rounds of confirmation as the config changes: what is trained, what is kept, and what is never mixed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from plan_graph import edited
from project_copy import PROJECT, TINY, merged
from prunescape.data.randomness import LEAST_SEED
from prunescape.errors import UserError
from prunescape.io.seals import seal
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from rounds import go_on

FOLDER = Path("results/tiny/hpspace/confirmation/small_resnet")
# At such a level the questions stay open, whatever a processor's rounding makes of the trainings.
SMALL: dict[str, Any] = merged(
    TINY,
    {
        "seeds": [0],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "verdict": {"confirm": 5, "margin": 1.5, "least_skill": 0.0, "level": 1e-6},
    },
)
NAME = "uniform-0.4"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def with_confirm(seeds: int | None) -> dict[str, Any]:
    return merged(SMALL, {"verdict": {"confirm": seeds}})


def contents() -> dict[Path, bytes]:
    """The rounds, and the trainings with fresh seeds."""
    return {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file() and path.name[0] != "."}


def rounds(ran: list[str]) -> list[str]:
    return [Path(path).stem for path in ran if Path(path).name.startswith("round-")]


def last_round(number: int) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((FOLDER / f"round-{number}.json").read_text())[NAME]
    return answer


def used(config: dict[str, Any]) -> list[str]:
    """The tables of trainings that the verdict's tables are made of."""
    files = Plan(config, 2).hpspace.file("again", {})
    return [str(Path(path).relative_to(FOLDER)) for path in files]


def again_only(ran: list[str]) -> list[str]:
    return [path for path in ran if "/confirmation/" in path and path.endswith(".csv")]


def test_more_seeds_train_only_what_is_new_and_fewer_train_nothing() -> None:
    assert len(go_on(with_confirm(5))) == 2 + 1 + 3 + 3  # tiles, their table, finalists and a look, rounds
    assert last_round(2)["questions"]["dense"]["answer"] == "open"
    before = contents()
    ran = go_on(with_confirm(10))
    assert [Path(path).name for path in ran] == ["1.csv", "round-3.json"]
    assert {path: contents()[path] for path in before} == before
    ten = contents()
    assert go_on(with_confirm(5)) == []
    assert not any(path.endswith("/1.csv") for path in used(with_confirm(5)))
    assert go_on(with_confirm(10)) == []
    assert contents() == ten


def test_what_is_deleted_comes_back_the_same() -> None:
    go_on(with_confirm(10))
    whole = contents()
    stage = last_round(2)["stage"]
    for name in (
        "round-0.json",
        "round-1.json",
        "round-2.json",
        f"{NAME}/{stage}/1.csv",
        f"{NAME}/{stage}/0.images.csv",
    ):
        (FOLDER / name).unlink()
        seal(FOLDER / name).unlink()
        assert go_on(with_confirm(10))
        assert contents() == whole, name
    shutil.rmtree(FOLDER)
    go_on(with_confirm(10))
    assert contents() == whole


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {"size": [3, 9]}},
        pytest.param({"seeds": [0, 1]}, marks=pytest.mark.full),
        pytest.param({"grid": {"step": 0.4}}, marks=pytest.mark.full),
    ],
    ids=["grid", "seed", "step"],
)
def test_other_exploration_begins_a_generation_and_the_old_one_is_still_there(change: dict[str, Any]) -> None:
    go_on(with_confirm(10))
    first, stage = contents(), last_round(2)["stage"]
    assert stage.startswith("generation-1-")
    other = merged(with_confirm(10), change)
    assert again_only(go_on(other))
    second = last_round(2)["stage"]
    assert second.startswith("generation-2-")
    assert go_on(other) == []
    # What was measured before the choice is kept, and not looked at.
    assert (FOLDER / NAME / stage / "0.csv").read_bytes() == first[FOLDER / NAME / stage / "0.csv"]
    stages = {Path(path).parts[1] for path in used(other) if path.startswith(NAME)}
    assert len(stages) == 2
    assert second in stages
    confirmation = Plan(other, 2).hpspace.confirmation
    seeds = [
        set(confirmation.seeds({"model": "small_resnet", "variant": NAME, "stage": of, "block": str(block)}))
        for of in (stage, *stages)
        for block in range(2)
    ]
    assert len(set.union(*seeds)) == sum(map(len, seeds)) == 30
    assert min(set.union(*seeds)) >= LEAST_SEED
    both = contents()
    assert again_only(go_on(with_confirm(10))) == []
    assert {path: contents()[path] for path in first} == first
    assert again_only(go_on(other)) == []
    assert contents() == both


def test_one_more_network_leaves_the_trainings_of_the_others() -> None:
    go_on(with_confirm(5))
    more = merged(with_confirm(5), {"models": {"small_resnet": {"ratios": [0.4, 0.2]}}})
    plan = Plan(more, 2)
    assert plan.hpspace.confirmation.known("small_resnet") == 0  # its rounds were of other networks
    assert Results(plan).reasons(str(FOLDER / "round-0.json"))
    ran = again_only(go_on(more))
    assert ran
    assert all("/uniform-0.2/" in path for path in ran)


def test_without_confirmation_one_round_explores() -> None:
    ran = go_on(with_confirm(None))
    assert rounds(ran) == ["round-0"]
    assert again_only(ran) == []
    go_on(with_confirm(5))
    assert go_on(with_confirm(None)) == []
    assert used(with_confirm(None)) == []


def test_other_rules_of_decision_train_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    go_on(with_confirm(5))
    library = tmp_path_factory.mktemp("library")
    shutil.copytree(PROJECT / "workflow", library / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    file = library / "workflow/prunescape/statistics/sequential.py"
    file.write_text(file.read_text() + "\nCHANGED = True\n")
    confirmation = Plan(with_confirm(5), 2).hpspace.confirmation
    with edited(library):
        results = Results(Plan(with_confirm(5), 2))
        stale = {path: results.reasons(path) for path in confirmation.plan_files}
        again = [results.reasons(path) for path in confirmation.train.files()]
    assert all(stale.values())
    assert not any(again)
    assert again_only(go_on(merged(with_confirm(5), {"verdict": {"margin": 2.0}}))) == []


def test_trainings_of_no_round_of_this_config_are_refused_in_a_line() -> None:
    go_on(with_confirm(5))
    where = {"model": "small_resnet", "variant": NAME, "stage": "generation-7-0a1b2c3d", "block": "0"}
    with pytest.raises(UserError, match=r"round-1\.json: uniform-0\.4 is in generation-1-\w+ now, not in generation-7"):
        Plan(with_confirm(5), 2).hpspace.confirmation.inputs(where)


def test_pipelines_together() -> None:
    """Networks that are pruned before training differ from seed to seed, and so does what each is trained from."""
    pipelines = {"pipelines": ["scratch", "fine_tuning", "prune_at_init"]}
    config = merged(with_confirm(5), {"models": {"small_resnet": pipelines}})
    ran = again_only(go_on(config))
    plan = Plan(config, 2)
    confirmation = plan.hpspace.confirmation
    at_init = [where for where in confirmation.jobs() if "prune_at_init" in where["variant"]]
    assert len(at_init) == 10  # five finalists' seeds and five of a look, each a job
    assert {len(confirmation.seeds(where)) for where in at_init} == {1}
    read = [Path(str(confirmation.inputs(where)["start"])) for where in at_init]
    assert len(set(read)) == 10
    made = {path for job in confirmation.prunings() for path in job.outputs.values()}
    assert {str(path) for path in read} <= made
    tuned = [where for where in confirmation.jobs() if where["variant"] == "uniform_fine_tuning-0.4"]
    assert {confirmation.inputs(where)["start"] for where in tuned} == {
        "results/tiny/models/small_resnet/uniform_fine_tuning-0.4/weights.safetensors"
    }
    assert len(ran) == len(confirmation.jobs())
    assert go_on(config) == []
