"""Trainings of one's own: the example of the docs, answers against the workflow's own, and what may not decide."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from project_copy import TINY, merged
from prunescape import api
from prunescape.errors import UserError
from prunescape.hpspace.confirmation import question
from prunescape.hpspace.own import Own, checked, read_register
from prunescape.hpspace.questions import Rules
from prunescape.overview.own import DONE
from prunescape.overview.pages import ACCEPT, EXPLAIN, OVERVIEWS, answer
from prunescape.overview.pages import OWN as COMMANDS
from prunescape.plan.plan import Plan

NAMES = (*OVERVIEWS, EXPLAIN, ACCEPT, *COMMANDS)
DOCS = Path(__file__).parents[2] / "docs"
SPACE = api.space(0.1, 5e-4, size=(7, 7))
COLUMNS = ["network", "learning_rate", "weight_decay", "seed", "stage", "accuracy"]


class Loop:
    """A training loop: the pruned network likes a learning rate so many decades lower than the prior."""

    def __init__(self, shift: float, noise: float = 0.3) -> None:
        self.shift, self.noise, self.trained = shift, noise, 0

    def truth(self, row: dict[str, Any]) -> float:
        centre = 0.0 if row["network"] == "dense" else -self.shift
        rate, decay = np.log10(row["learning_rate"] / 0.1) - centre, np.log10(row["weight_decay"] / 5e-4)
        return 90 - 6 * (rate**2 + 0.5 * decay**2)

    def __call__(self, row: dict[str, Any]) -> float:
        self.trained += 1
        own = np.random.default_rng([row["seed"], round(1e6 * row["learning_rate"]), round(1e7 * row["weight_decay"])])
        return self.truth(row) + self.noise * own.standard_normal()

    def add(self, table: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
        made = wanted.assign(accuracy=[self(row) for row in wanted.to_dict("records")])
        return made if table.empty else pd.concat([table, made], ignore_index=True)


def explored(loop: Loop, networks: tuple[str, ...] = ("dense", "pruned")) -> pd.DataFrame:
    table = pd.DataFrame(columns=COLUMNS)
    for network in networks:
        for _ in range(2):
            table = loop.add(table, api.suggest(table, SPACE, network))
    return table


def confirmed(loop: Loop, table: pd.DataFrame, register: Path, **more: Any) -> pd.DataFrame:
    while len(wanted := api.confirm(table, SPACE, register, chance=10.0, **more)):
        table = loop.add(table, wanted)
        more.pop("anew", None)
    return table


@pytest.mark.parametrize(("shift", "expected"), [(0.0, "keep"), (0.6, "tune")])
def test_the_example_of_the_docs(shift: float, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(import pandas.*?)```", (DOCS / "own-trainings.md").read_text(), re.DOTALL)
    loop = Loop(shift)
    names: dict[str, Any] = {"train": loop}
    exec(code[1], names)
    answers = names["answers"].set_index("question")
    assert answers.loc["prior", "answer"] == expected
    assert set(answers["ignored"]) == {0}
    best = {name: answers.loc["prior", name] for name in SPACE.pair.names}
    assert loop.truth({"network": "pruned", **best}) > 90 - 0.3
    gain = loop.truth({"network": "pruned", **best}) - loop.truth(
        {"network": "pruned", "learning_rate": 0.1, "weight_decay": 5e-4}
    )
    assert answers.loc["prior", "low"] <= gain + 1e-9
    assert answers.loc["prior", "high"] >= gain - 1e-9
    stages = names["trainings"]["stage"].value_counts()
    assert stages["explore"] < 0.2 * 2 * 3 * 121


def study_of_optuna(trials: int) -> Any:
    """A study with a trial that raised an error, one that was pruned, and one that is running."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial: Any) -> float:
        rate = trial.suggest_float("lr", 0.01, 1.0, log=True)
        decay = trial.suggest_float("wd", 1e-5, 1e-3)
        if trial.number == 1:
            raise RuntimeError("loss is not finite")
        if trial.number == 2:
            trial.report(50.0, 1)
            raise optuna.TrialPruned
        return 90 - rate - decay

    study.optimize(objective, n_trials=trials, catch=RuntimeError)
    running = study.ask()
    running.suggest_float("lr", 0.01, 1.0, log=True)
    return study


def test_a_study_of_optuna_is_a_table_by_the_docs() -> None:
    code = re.search(r"```python\n(table = study.*?)```", (DOCS / "own-trainings.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"study": study_of_optuna(5), "api": api, "space": SPACE}
    exec(code[1], names)
    table = checked(names["table"], SPACE)
    trials = names["study"].trials
    assert table["accuracy"].tolist() == [trials[0].value, 10.0, trials[3].value, trials[4].value]
    assert table["diverged"].tolist() == [False, True, False, False]
    assert table["seed"].tolist() == [0, 1, 3, 4]
    assert set(table["stage"]) == {"explore"}
    assert set(table["network"]) == {"pruned"}
    assert len(api.suggest(table, SPACE, "pruned", count=2)) == 2


# As the table of runs is exported: every cell in quotes, NaN as a word, nothing where a run logged nothing.
WANDB = """"Name","State","Notes","User","Tags","Created","Runtime","optimizer.lr","optimizer.weight_decay","val_acc"
"brisk-sky-5","running","-","me","","2026-11-30T10:04:00.000Z","20","0.1","0.0005","41.2"
"fine-sun-4","finished","-","me","","2026-11-30T10:03:00.000Z","61","0.2","0.0005","NaN"
"good-sea-3","crashed","-","me","","2026-11-30T10:02:00.000Z","12","1","0.0005","23.4"
"calm-lake-2","finished","-","me","","2026-11-30T10:01:00.000Z","60","0.0631","0.0005","88.5"
"warm-hill-1","finished","-","me","","2026-11-30T10:00:00.000Z","60","0.1","0.0005","88.1"
"dark-hill-0","failed","-","me","","2026-11-30T09:00:00.000Z","1","","",""
"""


def test_exports_of_trackers_are_tables_by_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wandb_export.csv").write_text(WANDB)
    study_of_optuna(6).trials_dataframe().to_csv("trials.csv")
    page = (DOCS / "own-trainings.md").read_text()
    for name, rows, diverged in (("trials.csv", 5, 1), ("wandb_export.csv", 4, 2)):
        (given,) = (
            yaml.safe_load(text)["own"]
            for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
            if f"trainings: {name}" in text
        )
        wanted = pd.read_csv(io.StringIO(printed(capsys, "suggest", count=3, **given)))
        assert wanted["network"].tolist() == ["pruned"] * 3
        table = pd.read_csv(name).rename(columns={theirs: ours for ours, theirs in given["columns"].items()})
        table = api.exported(table, SPACE, "pruned", 10.0)
        assert (len(table), table["diverged"].sum()) == (rows, diverged)
        assert set(table.loc[table["diverged"], "accuracy"]) == {10.0}
        # The same from a table that was written by hand.
        table[[*COLUMNS, "diverged"]].to_csv("by_hand.csv", index=False)
        again = printed(capsys, "suggest", count=3, trainings="by_hand.csv", columns={})
        assert again.replace("\r", "") == wanted.to_csv(index=False)
        asked = pd.read_csv(io.StringIO(printed(capsys, "confirm", **given)))
        assert set(asked["stage"].str.split("-").str[0]) == {"finalist"}


def test_fractions_and_words_are_no_accuracies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"learning_rate": [0.1, 0.2], "weight_decay": 5e-4, "value": [0.88, 0.91]})
    table.to_csv("t.csv", index=False)
    told = "prunescape: trainings: no accuracy is above 1; accuracies are in percent: multiply fractions by 100"
    assert printed(capsys, "suggest", trainings="t.csv") == told
    table.assign(value=["good", "91"]).to_csv("t.csv", index=False)
    assert "row 1: accuracy must lie between 0 and 100" in printed(capsys, "suggest", trainings="t.csv")
    table.assign(value=[88, 91], network=["other", None]).to_csv("t.csv", index=False)
    given = pd.read_csv("t.csv").rename(columns={"value": "accuracy"})
    assert api.exported(given, SPACE, "pruned", 10.0)["network"].tolist() == ["other", "pruned"]


def test_an_answer_is_that_of_the_workflow(tmp_path: Path) -> None:
    loop, register = Loop(0.4, noise=1.0), tmp_path / "choices.json"
    table = confirmed(loop, explored(loop), register)
    shown = api.verdict(table, SPACE, register).set_index("question").loc["prior"]
    settings = read_register(register)["choices"]["pruned"]["settings"]
    rows = checked(table, SPACE).query("stage == 'confirm'")
    by_setting = [
        rows[(rows["i"] == i) & (rows["j"] == j)].iloc[: int(shown["seeds"])].assign(setting=name, diverged=False)
        for name, (i, j) in settings.items()
    ]
    rules = Rules(0.5, 0.05, 0.8, 0.2, 20, False, False, 1, 0.5)
    trained = pd.concat(by_setting).rename(columns={"accuracy": "top1"})
    images = {name: np.zeros(10, dtype=int) for name in settings}
    theirs = question(trained, images, "prior", rules.level_of(1), 10.0, rules)
    for name in ("answer", "gain", "low", "high", "seeds", "level"):
        assert shown[name] == theirs[name] or shown[name] == pytest.approx(theirs[name])


def test_only_trainings_that_were_asked_for_decide(tmp_path: Path) -> None:
    loop, register = Loop(0.8), tmp_path / "choices.json"
    table = explored(loop)
    table = loop.add(table, api.confirm(table, SPACE, register, chance=10.0))
    assert set(api.verdict(table, SPACE, register)["answer"]) == {"open"}
    wanted = api.confirm(table, SPACE, register, chance=10.0)
    assert set(wanted["stage"]) == {"confirm"}
    planted = loop.add(table, wanted.assign(seed=range(len(wanted))))
    answers = api.verdict(planted, SPACE, register)
    assert set(answers["answer"]) == {"open"}
    assert set(answers["ignored"]) == {len(wanted)}
    assert len(api.confirm(planted, SPACE, register, chance=10.0)) == len(wanted)
    before = register.read_text()
    assert "tune" in set(api.verdict(loop.add(planted, wanted), SPACE, register)["answer"])
    assert register.read_text() == before


def test_the_order_of_rows_does_not_matter_and_a_choice_stays(tmp_path: Path) -> None:
    loop = Loop(0.4)
    table = explored(loop)
    shuffled = table.sample(frac=1, random_state=0)
    first = [api.suggest(of, SPACE, "pruned") for of in (table, shuffled)]
    pd.testing.assert_frame_equal(*first)
    wanted = [api.confirm(of, SPACE, tmp_path / f"{n}.json", chance=10.0) for n, of in enumerate((table, shuffled))]
    by_seed = [of.sort_values(["network", "seed", "setting"], ignore_index=True) for of in wanted]
    pd.testing.assert_frame_equal(*by_seed)
    more = loop.add(table, api.suggest(table, SPACE, "pruned"))
    again = api.confirm(more, SPACE, tmp_path / "0.json", chance=10.0)
    pd.testing.assert_frame_equal(again, wanted[0])


def test_choosing_anew_takes_fresh_seeds_and_less_of_the_level(tmp_path: Path) -> None:
    loop, register = Loop(0.6), tmp_path / "choices.json"
    table = confirmed(loop, explored(loop), register)
    first = api.verdict(table, SPACE, register).set_index("question")
    table = confirmed(loop, loop.add(table, api.suggest(table, SPACE, "pruned")), register, anew=["pruned"])
    second = api.verdict(table, SPACE, register).set_index("question")
    assert list(second["generation"]) == [2, 2]
    part = second.loc["prior", "level"] / first.loc["prior", "level"]
    looks = {5: 0.1, 10: 0.2, 20: 0.3}
    assert part == pytest.approx(0.1 / 0.8 * looks[second.loc["prior", "seeds"]] / looks[first.loc["prior", "seeds"]])
    assert second["ignored"].min() > 0


def test_a_collapse_and_a_network_near_chance_keep_the_answer_open(tmp_path: Path) -> None:
    loop, register = Loop(0.6), tmp_path / "choices.json"
    table = confirmed(loop, explored(loop), register)
    fallen = table.copy()
    fallen.loc[fallen.query("stage == 'confirm' and network == 'pruned'").index[0], "accuracy"] = 40.0
    answers = api.verdict(fallen, SPACE, register)
    assert answers["reason"].str.startswith("collapsed: seed ").any()
    low = table[table["stage"] == "explore"].assign(accuracy=lambda rows: rows["accuracy"] - 80)
    near = tmp_path / "near.json"
    wanted = api.confirm(low, SPACE, near, chance=10.0)
    low = pd.concat([low, wanted.assign(accuracy=10.0 + wanted["seed"] % 3 / 10)])
    assert api.confirm(low, SPACE, near, chance=10.0).empty
    assert set(api.verdict(low, SPACE, near)["reason"]) == {"near chance: train longer"}


def test_what_ends_too_early_is_to_be_explored_further() -> None:
    loop = Loop(1.2)
    table = explored(loop)
    for _ in range(4):
        table = loop.add(table, api.suggest(table, SPACE, "pruned"))
    known = api.landscape(table, SPACE).query("network == 'pruned'")
    best = known.loc[known["below_best"].idxmin()]
    assert best["i"] < -3  # beyond the initial grid
    assert loop.truth(best.to_dict()) > 90 - 0.5
    assert known["trainings"].sum() == (table["network"] == "pruned").sum()


def test_a_network_begins_with_the_best_setting_of_the_others() -> None:
    loop = Loop(0.4)
    others = explored(loop, ("other",))
    wanted = api.suggest(others, SPACE, "pruned", count=4)
    assert wanted["gain"].isna().all()
    assert loop.truth(wanted.iloc[1].to_dict()) > 90 - 0.3
    assert max(map(loop.truth, wanted.iloc[[0]].to_dict("records"))) < 90 - 0.3  # the prior


def test_a_table_that_was_made_elsewhere_needs_no_lattice_and_no_stage() -> None:
    loop, random = Loop(0.4), np.random.default_rng(0)
    rates, decays = 0.1 * 10 ** random.uniform(-0.8, 0.6, 40), 5e-4 * 10 ** random.uniform(-0.6, 0.6, 40)
    table = pd.DataFrame({"learning_rate": rates, "weight_decay": decays, "seed": range(40), "network": "pruned"})
    table["accuracy"] = [loop(of) for of in table.to_dict("records")]
    known = api.landscape(table, SPACE)
    assert known["trainings"].sum() == 40
    assert loop.truth(known.loc[known["below_best"].idxmin()].to_dict()) > 90 - 0.6
    assert np.mean([loop.truth(of) for of in api.suggest(table, SPACE, "pruned").to_dict("records")]) > 90 - 1.0


def row(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        [{"network": "a", "learning_rate": 0.1, "weight_decay": 5e-4, "seed": 0, "accuracy": 80.0, **more}]
    )


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (row().drop(columns="seed"), "column seed is missing"),
        (row(stage="test"), "row 1: stage must be one of explore, finalist, confirm"),
        (row(seed="x"), "row 1: seed must be a whole number"),
        (row(accuracy=101), "row 1: accuracy must lie between 0 and 100"),
        (row(learning_rate=0), "row 1: learning_rate must be above 0"),
        (row(weight_decay=0), "row 1: weight_decay must be at least 0 and above 0"),
        (pd.concat([row(), row()]), "row 2: this training is there twice"),
        (pd.concat([row(), row(learning_rate=1e30, seed=1)]), "too far apart"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_in_a_line(table: pd.DataFrame, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        api.suggest(table, SPACE, "a")


def test_what_was_registered_stays(tmp_path: Path) -> None:
    table, register = pd.concat([row(), row(network="dense")]), tmp_path / "choices.json"
    with pytest.raises(UserError, match="call confirm first"):
        api.verdict(table, SPACE, register)
    api.confirm(table, SPACE, register, chance=10.0)
    with pytest.raises(UserError, match="another value of margin"):
        api.confirm(table, SPACE, register, chance=10.0, margin=1.0)
    with pytest.raises(UserError, match="no such network"):
        api.confirm(table, SPACE, register, chance=10.0, anew=["b"])
    with pytest.raises(UserError, match="beside dense"):
        api.confirm(row(network="dense"), SPACE, tmp_path / "other.json", chance=10.0)
    found = json.loads(register.read_text())
    assert isinstance(Own(checked(table, SPACE), SPACE, found["study"], found["choices"]).answers("a"), list)


@pytest.mark.parametrize("wrong", [{"size": (4, 5)}, {"step": 0.0}, {"learning_rate": -1.0}])
def test_a_space_that_is_none_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="space: "):
        api.space(**{"learning_rate": 0.1, "weight_decay": 1e-3, **wrong})


OWN = {"learning_rate": 0.1, "weight_decay": 5e-4, "chance": 10.0, "columns": {"accuracy": "value"}}
CONFIG = merged(TINY, {"grid": {"size": [7, 7], "tile": [1, 1]}, "verdict": {"margin": 0.5, "confirm": 20}})


def printed(capsys: pytest.CaptureFixture[str], name: str, **own: Any) -> str:
    plan = Plan(merged(CONFIG, {"own": {**OWN, **own}}))
    wrong = answer(plan, [name, "--configfile", "own.yaml"], {of: of for of in [*NAMES, "hpspace"]})
    return wrong or capsys.readouterr().out


def test_a_loop_around_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    loop, table = Loop(0.6), pd.DataFrame()

    def train(name: str, **own: Any) -> bool:
        nonlocal table
        text = printed(capsys, name, trainings="t.csv", **own)
        if "\n" not in text.strip():
            assert text.strip() == DONE
            return False
        wanted = pd.read_csv(io.StringIO(text))
        table = pd.concat([table, loop.add(pd.DataFrame(), wanted).rename(columns={"accuracy": "value"})])
        table.to_csv("t.csv", index=False)
        return True

    for network in ("dense", "pruned", "dense", "pruned"):
        train("suggest", network=network)
    while train("confirm"):
        pass
    told = printed(capsys, "answer", trainings="t.csv").splitlines()
    assert told[0].startswith("pruned, over prior: tune; tuning gains ")
    assert "; tuned: learning rate 0.0" in told[0]
    assert Path("t.csv.choices.json").is_file()


@pytest.mark.parametrize(
    ("name", "own", "told"),
    [
        ("suggest", {}, "suggest: own.trainings is missing"),
        ("answer", {"trainings": "t.csv", "chance": None}, "answer: own.chance is missing"),
        ("answer", {"trainings": "no.csv"}, "no.csv: no such file"),
        ("suggest", {"trainings": "empty.csv"}, "empty.csv: no CSV file"),
    ],
)
def test_what_is_missing_is_told_in_a_line(
    name: str, own: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").touch()
    assert printed(capsys, name, **own).startswith(f"prunescape: {told}")
