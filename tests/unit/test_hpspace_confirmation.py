"""Confirmation: rounds, generations and answers, recomputed independently; and what the verdict says of them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from confirmation_samples import RULES, TERMS, Confirmed, drawn
from prunescape.data.randomness import LEAST_SEED
from prunescape.figures.forest import draw
from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.claims import claims
from prunescape.hpspace.confirmation import compared
from prunescape.hpspace.lattice import CELL_SEED
from prunescape.hpspace.learnt import chance_of
from prunescape.hpspace.questions import PRIOR_CELL, seed_of
from prunescape.hpspace.verdict import from_json, verdict
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text
from prunescape.io.files import read_json, write_json
from variant_samples import with_columns

VARIANTS = ("dense", "uniform-0.6", "uniform-0.2")


def cells(variants: Sequence[str] = VARIANTS, **centres: tuple[int, int]) -> pd.DataFrame:
    """cells.csv of one seed without noise: bowls around centres, the prior's where none is given."""
    rows = []
    for variant, i, j in product(variants, range(-3, 4), range(-3, 4)):
        middle = centres.get(variant, (0, 0))
        top1 = 94 - 0.4 * ((i - middle[0]) ** 2 + (j - middle[1]) ** 2)
        rows.append(("m", variant, 0, i, j, 0.1 * 10 ** (0.2 * i), 0.005 * 10 ** (0.2 * j), top1, 1.0))
    names = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "train_loss"]
    return pd.DataFrame(rows, columns=names).assign(top5=np.nan)


def like(table: pd.DataFrame, noise: float = 0.3):
    """Trainings around the accuracies of a table of cells."""
    means = table.set_index(["variant", "i", "j"])["top1"]

    def accuracy(variant: str, i: int, j: int, seed: int) -> float:
        return float(means[variant, i, j]) + noise * float(np.random.default_rng([seed, i + 9, j + 9]).normal())

    return accuracy


MOVED = {"uniform-0.2": (2, -1)}


@pytest.fixture
def found(tmp_path: Path) -> Confirmed:
    table = cells(**MOVED)
    return Confirmed(table, like(table), tmp_path)


def words_of(found: Confirmed) -> str:
    """The verdict's text in one line."""
    return " ".join(verdict_text(answer_of(found)).split())


def answer_of(found: Confirmed) -> dict[str, Any]:
    return verdict(found.decisions(), found.cells, TERMS.changed(confirm=found.rules.confirm))


FINE = "uniform_fine_tuning-0.6"


def test_learning_rates_are_those_that_each_network_is_trained_with(tmp_path: Path) -> None:
    """Also where few trainings explored: some cells saw the fine-tuned network alone, and others all but it."""
    whole = cells(("dense", FINE, "uniform-0.2"), **{FINE: (2, -1)})
    fine = whole["variant"] == FINE
    whole.insert(list(whole.columns).index("top1"), "grid_learning_rate", whole["learning_rate"])
    whole.loc[fine, "learning_rate"] *= 0.01
    table = pd.concat([whole[fine & (whole["i"] >= 1)], whole[~fine & (whole["i"] < 2)]], ignore_index=True)
    found = Confirmed(table, like(whole), tmp_path)
    rows = found.decisions()
    assert set(rows.loc[rows["variant"] == FINE, "tuned_i"]) == {2}
    for row in rows.to_dict("records"):
        part = 0.01 if row["variant"] == FINE else 1.0
        for prefix in ("", "tuned_"):
            rate = 0.1 * 10 ** (0.2 * row[f"{prefix}i"])
            assert row[f"{prefix}grid_learning_rate"] == pytest.approx(rate)
            assert row[f"{prefix}learning_rate"] == pytest.approx(part * rate)
            assert row[f"{prefix}weight_decay"] == pytest.approx(0.005 * 10 ** (0.2 * row[f"{prefix}j"]))
    parts = {"m": {FINE: 0.01}}
    answer = verdict(rows, of_grid(table), TERMS.changed(confirm=found.rules.confirm), parts=parts)
    network = answer["models"]["m"]["networks"][FINE]
    assert network["recommendation"] == "tune"
    tuned = rows[(rows["variant"] == FINE) & (rows["question"] == "prior")].iloc[0]
    assert network["use"]["learning_rate"] == pytest.approx(0.001 * 10 ** (0.2 * tuned["tuned_i"]))
    words = " ".join(verdict_text(answer).split())
    assert f"{FINE}: as fine-tuning does, trained at 0.01 of the learning rates of the grid" in words
    used = f"learning rate {tuned['tuned_learning_rate']:.3g}, weight decay {tuned['tuned_weight_decay']:.3g}"
    dense = rows[rows["question"] == "dense"].iloc[0]
    assert f"the dense optimum: learning rate {dense['grid_learning_rate']:.3g}," in words
    stated = claims({"verdict": answer}, "digits", [0]).claims
    (claim,) = (claim for claim in stated if claim.case == FINE and claim.id.split(".")[1] == "keep_prior")
    assert claim.answer.startswith(f"Train at {used}")
    told = [text.get_text().replace("\n", " ") for axes in draw(with_columns(rows)).axes for text in axes.texts]
    assert f"Train at {used}" in told


def test_a_cells_own_seed_is_no_hyperparameter(tmp_path: Path) -> None:
    table = cells(**MOVED)
    table.insert(list(table.columns).index("j") + 1, CELL_SEED, range(len(table)))
    plain = Confirmed(cells(**MOVED), like(table), tmp_path / "plain").decisions()
    pd.testing.assert_frame_equal(Confirmed(table, like(table), tmp_path / "own").decisions(), plain)


def test_every_confirmed_number_follows_from_the_raw_trainings(found: Confirmed) -> None:
    """By pandas and scipy alone, and by the formulas of the design: nothing of the code that decided is used."""
    checked = 0
    spent = {5: 0.1, 10: 0.2, 20: 0.3}
    for row in found.decisions().itertuples():
        if row.reason == "same setting":
            assert (row.gain, row.answer) == (0.0, "keep")
            continue
        mine = found.trainings[(found.trainings["variant"] == row.variant) & (found.trainings["stage"] != "finalists")]
        wide = mine.pivot_table(index="seed", columns="setting", values="top1", sort=False).iloc[: row.seeds]
        differences = wide["tuned"] - wide[row.question]
        level = 0.05 / (4 * 2) * 0.8 * spent[row.seeds]
        half = t.ppf(1 - level, row.seeds - 1) * differences.std(ddof=1) / math.sqrt(row.seeds)
        assert row.gain == pytest.approx(differences.mean(), abs=1e-9)
        assert (row.low, row.high) == pytest.approx((differences.mean() - half, differences.mean() + half), abs=1e-9)
        assert row.level == pytest.approx(level)
        expected = "tune" if row.low > 0.5 else "keep" if row.high < 0.5 else "open"
        assert row.answer == expected
        finals = found.trainings[
            (found.trainings["variant"] == row.variant) & (found.trainings["stage"] == "finalists")
        ]
        best = finals.groupby(["i", "j"])["top1"].mean().idxmax()
        assert (row.tuned_i, row.tuned_j) == best
        assert row.trainings == 49 + 20
        checked += 1
    assert checked >= 2


def test_a_moved_optimum_is_tuned_and_an_unmoved_one_kept(found: Confirmed) -> None:
    table = found.decisions().set_index(["variant", "question"])
    assert table.loc[("uniform-0.2", "prior"), "answer"] == "tune"
    assert table.loc[("uniform-0.2", "dense"), "answer"] == "tune"
    assert table.loc[("uniform-0.6", "prior"), "answer"] == "keep"
    moved = table.loc[("uniform-0.2", "prior")]
    assert abs(moved["tuned_i"] - 2) <= 1
    assert moved["tuned_learning_rate"] == pytest.approx(0.1 * 10 ** (0.2 * moved["tuned_i"]))
    assert moved["learning_rate"] == 0.1


def test_looks_end_with_the_answer_and_go_on_where_there_is_none(tmp_path: Path) -> None:
    table = cells(**{"uniform-0.2": (0, 2)})
    noisy = Confirmed(table, like(table, 3.0), tmp_path).decisions()
    quiet = Confirmed(table, like(table, 0.05), tmp_path / "quiet").decisions()
    assert noisy.loc[noisy["reason"] != "same setting", "seeds"].max() == 20
    assert set(quiet.loc[quiet["reason"] != "same setting", "seeds"]) == {5}
    assert (noisy.loc[noisy["answer"] == "open", "seeds_to_decide"].dropna() > 20).all()


@pytest.mark.parametrize("gain", [-1.0, 0.0, 0.4, 0.5, 0.55, 1.0, 3.0])
@pytest.mark.parametrize("noise", [0.01, 0.3, 1.0, 3.0])
def test_what_is_open_asks_for_more_seeds_than_it_has(gain: float, noise: float) -> None:
    """A gain near the margin stays open after as many as would tell it from none."""
    level, margin, power = 0.00625, 0.5, 0.8
    wanted = []
    for seeds in (5, 10, 20):
        drawn_noise = noise * np.random.default_rng(seeds).standard_normal((2, seeds))
        tuned, other = (
            pd.DataFrame({"top1": 90 + shift + of, "diverged": False})
            for shift, of in zip((gain, 0.0), drawn_noise, strict=True)
        )
        found = compared(tuned, other, level, 10.0, margin, power, count_collapsed=True)
        if found["answer"] == "open":
            assert not found["seeds_to_decide"] <= seeds
        wanted.append((found["answer"], found["seeds_to_decide"]))
    if gain == 0.5 and noise <= 0.3:
        assert wanted[-1] == ("open", 40)


def test_more_seeds_later_change_no_look_that_was_taken(tmp_path: Path) -> None:
    table = cells(**{"uniform-0.2": (0, 1)})
    few, many = (Confirmed(table, like(table, 1.0), tmp_path, replace(RULES, confirm=most)).rounds for most in (10, 40))
    assert many[: len(few)] == few


def test_seeds_are_used_for_nothing_else(found: Confirmed) -> None:
    known = found.trainings[["variant", "stage", "seed"]].drop_duplicates()
    assert known["seed"].is_unique
    assert (known["seed"] >= LEAST_SEED).all()
    assert seed_of("m", "uniform-0.2", "generation-1-aaaaaaaa", 0) == seed_of(
        "m", "uniform-0.2", "generation-1-aaaaaaaa", 0
    )


def test_other_data_begin_a_generation_and_the_old_ones_find_theirs_again(tmp_path: Path) -> None:
    first, other = cells(**MOVED), cells(**MOVED, dense=(1, 0))
    one = Confirmed(first, like(first), tmp_path).decisions()
    two = Confirmed(other, like(other), tmp_path)
    again = Confirmed(first, like(first), tmp_path).decisions()
    assert set(one["generation"].dropna()) == {1}
    # Of uniform-0.6 nothing was trained before, as its settings were the same.
    assert two.decisions().groupby("variant")["generation"].first().to_dict() == {"uniform-0.2": 2, "uniform-0.6": 1}
    pd.testing.assert_frame_equal(one, again)
    asked = two.decisions().query("generation == 2")
    assert asked["level"].max() <= 0.05 / 8 * 0.1 * 0.3 + 1e-12
    fresh = "variant == 'uniform-0.2' and stage != 'finalists'"
    seeds = Confirmed(first, like(first), tmp_path).trainings.query(fresh)["seed"]
    assert set(seeds).isdisjoint(two.trainings.query(fresh)["seed"])


def test_a_change_of_one_network_leaves_the_generation_of_the_others(tmp_path: Path) -> None:
    first, other = cells(**MOVED), cells(**{"uniform-0.2": (2, -2)})
    Confirmed(first, like(first), tmp_path)
    table = Confirmed(other, like(other), tmp_path).decisions().groupby("variant")["generation"].first()
    assert table.to_dict()["uniform-0.2"] == 2
    assert table.isna()["uniform-0.6"]


def test_a_training_that_collapsed_blocks_the_answer_until_it_is_looked_at(tmp_path: Path) -> None:
    table = cells(**MOVED)
    plain = like(table)
    known: dict[int, None] = {}  # seeds of the prior, in their order

    def fallen(variant: str, i: int, j: int, seed: int) -> float:
        if variant != "uniform-0.2" or (i, j) != PRIOR_CELL:
            return plain(variant, i, j, seed)
        known[seed] = None
        return plain(variant, i, j, seed) - 40 * (list(known).index(seed) == 1)

    found = Confirmed(table, fallen, tmp_path)
    row = found.decisions().set_index(["variant", "question"]).loc[("uniform-0.2", "prior")]
    assert row["answer"] == "open"
    assert row["reason"].startswith("collapsed: seed ")
    assert row["collapsed"] > 0
    assert "look at it in confirmation.csv" in words_of(found)
    counted = Confirmed(table, fallen, tmp_path, replace(RULES, count_collapsed=True)).decisions()
    assert not counted["reason"].str.startswith("collapsed").any()


def test_near_chance_and_at_an_open_border_nothing_is_asked(tmp_path: Path) -> None:
    near = cells().assign(top1=lambda table: table["top1"] - 79 * (table["variant"] == "uniform-0.2"))
    for name, table, kind, words in (
        ("near", near, "near chance", "train longer"),
        ("ends", cells(**{"uniform-0.2": (9, 0)}), "grid ends", "set extension.rounds to 1 or more, and run again"),
    ):
        found = Confirmed(table, like(table, 0.05), tmp_path / name)
        rows = found.decisions().query("variant == 'uniform-0.2'")
        assert set(rows["answer"]) == {"not asked"}, name
        assert set(rows["reason"]) == {kind}
        assert not found.trainings.query("variant == 'uniform-0.2'")["stage"].str.startswith("generation").any()
        assert words in words_of(found)
        assert "nan" not in verdict_text(answer_of(found))
    answer = answer_of(found)
    few = verdict_text({**answer, "settings": {**answer["settings"], "trainings": 32, "rounds": 1}})
    assert "set exploration.trainings to 64" in " ".join(few.split())


def test_a_dense_network_near_chance_is_not_compared_with(tmp_path: Path) -> None:
    """As where given weights are fine-tuned in fewer epochs than training from scratch takes."""
    table = cells(**MOVED)
    table["top1"] = table["top1"].where(table["variant"] != "dense", 14.0)
    found = Confirmed(table, like(table, 0.05), tmp_path)
    rows = found.decisions().query("variant == 'uniform-0.2'").set_index("question")
    assert rows["answer"].to_dict() == {"prior": "tune", "dense": "not asked"}
    assert rows.loc["dense", "reason"] == "dense near chance"
    assert rows.loc["prior", "gain"] > 1
    text = words_of(found)
    assert "the dense network has hardly learnt" in text
    assert "not compared with the dense optimum" in text
    assert "nan" not in text + verdict_page(answer_of(found))


def test_without_confirmation_nothing_is_decided(tmp_path: Path) -> None:
    found = Confirmed(cells(**MOVED), drawn(0.3), tmp_path, replace(RULES, confirm=None))
    assert found.trainings.empty
    table = found.decisions()
    assert set(table["answer"]) == {"not asked"}
    text = verdict_text(answer_of(found))
    assert "explored only, nothing is decided" in words_of(found)
    assert "nan" not in text + verdict_page(answer_of(found))
    write_json(tmp_path / "verdict.json", answer_of(found))
    assert verdict_text(from_json(read_json(tmp_path / "verdict.json"))) == text


def test_the_policy_is_a_cell_of_the_dense_region_for_each_seed(tmp_path: Path) -> None:
    table = cells(**MOVED)
    found = Confirmed(table, like(table), tmp_path, replace(RULES, policy=True))
    drawn_cells = found.trainings.query("setting == 'policy'")[["i", "j"]].drop_duplicates()
    dense = table.query("variant == 'dense'")
    region = dense[dense["top1"] >= dense["top1"].max() - 0.5][["i", "j"]]
    assert 1 < len(drawn_cells) == len(drawn_cells.merge(region))
    row = found.decisions().set_index(["variant", "question"]).loc[("uniform-0.2", "policy")]
    assert math.isnan(row["i"])
    assert row["level"] == pytest.approx(0.05 / 12 * 0.8 * {5: 0.1, 10: 0.2, 20: 0.3}[row["seeds"]])


def test_too_few_images_decide_nothing(tmp_path: Path) -> None:
    """A gain of two points that is four images of 200 would be another one on other images."""
    table = cells(**MOVED)
    few = Confirmed(table, like(table), tmp_path, images=lambda top1: np.arange(200) < round(2 * top1))
    rows = few.decisions()
    blocked = rows[rows["reason"] == "images"]
    assert len(blocked) > 0
    assert (blocked["answer"] == "open").all()
    assert (blocked["image_error"] > 0.25 * 0.5).all()
    assert set(blocked["seeds"]) == {20}
    assert "too few validation images to tell" in words_of(few)


def test_the_text_is_short_and_says_what_to_use_first(found: Confirmed) -> None:
    answer = answer_of(found)
    text = verdict_text(answer)
    lines = text.rstrip().splitlines()
    assert len(lines) <= 15
    assert lines[0] == "m: train at new settings: uniform-0.2; keep your setting for uniform-0.6"
    assert lines[1].startswith(
        "  your setting: learning rate 0.1, weight decay 0.005; the dense optimum: learning rate"
    )
    (line,) = (line for line in lines if "uniform-0.2" in line and "TUNE" in line)
    row = found.decisions().set_index(["variant", "question"]).loc[("uniform-0.2", "prior")]
    assert f"{row['tuned_learning_rate']:.3g}" in line
    assert f"{row['gain']:+.2f} [{row['low']:.2f}, {row['high']:.2f}] tune" in line
    assert "wrong in at most 5 % of such verdicts" in words_of(found)
    page = verdict_page(answer)
    assert "<b>tune</b>: train at learning rate" in page
    assert ">nan" not in page


def test_a_verdict_comes_back_from_its_file(found: Confirmed, tmp_path: Path) -> None:
    answer = answer_of(found)
    write_json(tmp_path / "verdict.json", answer)
    assert verdict_text(from_json(read_json(tmp_path / "verdict.json"))) == verdict_text(answer)


def test_chance_is_the_most_frequent_class() -> None:
    assert chance_of(np.array([0, 1, 2, 0, 1, 2]))["top1"] == pytest.approx(100 / 3)
    assert chance_of(np.array([0] * 7 + [1, 2, 3])) == {"top1": pytest.approx(70), "top5": pytest.approx(100)}
    assert chance_of(np.arange(100))["top5"] == pytest.approx(5)
