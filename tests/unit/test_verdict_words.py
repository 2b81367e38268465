"""What the verdict says beside its decisions, in text and on its page."""

import copy
import math
import re
from typing import Any

import pandas as pd
import pytest

from page_samples import TITLES, sample_answer, sample_cells, sample_page, sample_tables
from prunescape.hpspace.verdict import same_trainings
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text
from prunescape.pages.explore import INTERVALS


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return sample_answer(sample_tables(sample_cells()))


def test_one_network_under_several_names_is_told(found: dict[str, Any]) -> None:
    cells = sample_cells()
    cells = cells[cells["model"] == "small_resnet"]
    assert same_trainings(cells) == []
    twin = cells[cells["variant"] == "uniform-0.4"].assign(variant="uniform_random-0.4")
    both = pd.concat([cells, twin.sample(frac=1, random_state=0)])
    assert same_trainings(both) == [["uniform-0.4", "uniform_random-0.4"]]
    changed = twin.assign(train_loss=[2.0, *twin["train_loss"][1:]])
    assert same_trainings(pd.concat([cells, changed])) == []

    answer = copy.deepcopy(found)
    assert "several names" not in verdict_text(answer) + verdict_page(answer)
    answer["models"]["small_resnet"]["same"] = same_trainings(both)
    words = "ne and the same network under several names, trained to the same results: uniform-0.4, uniform_random-0.4"
    assert words in verdict_text(answer)
    assert f"{words}." in verdict_page(answer)


def test_no_multiple_of_a_risk_of_zero_is_told(found: dict[str, Any]) -> None:
    answer = copy.deepcopy(found)
    variants = [
        variant
        for entry in answer["models"].values()
        for metric in entry["metrics"].values()
        for variant in metric["variants"].values()
    ]
    assert f"points at risk ({variants[0]['risk_multiple']:.1f} x the " in verdict_text(answer)
    assert f"({variants[0]['risk_multiple']:.1f})</td>" in verdict_page(answer)
    for variant in variants:
        variant["risk_multiple"] = math.inf
    assert " x the " not in verdict_text(answer)
    assert "(inf" not in verdict_page(answer)


@pytest.mark.parametrize(("level", "confidence"), [(0.05, 0.95), (0.1, 0.9), (0.005, 0.8)])
def test_every_interval_has_its_level_beside_it(found: dict[str, Any], level: float, confidence: float) -> None:
    answer = copy.deepcopy(found)
    answer["settings"] |= {"level": level, "confidence": confidence}
    loss, others = f"{100 * (1 - 2 * level):g} %", f"{100 * confidence:g} %"
    text = verdict_text(answer)
    assert len(re.findall(r" % interval \[", text)) == text.count("[") > 4
    for line in (line for line in text.splitlines() if "[" in line):
        kept = "if kept" in line or "keeping loses" in line
        assert f"({loss if kept else others} interval [" in line, line
    page = verdict_page(answer)
    assert f"loss if kept, points [{loss} interval]</th>" in page
    assert f"dense optimum costs, points [{others} interval]</th>" in page
    assert f"points at risk ({others} interval;" in page
    assert (
        f"of the loss if kept {loss} intervals, whose ends are the bounds of these tests,\nall others {others} in"
        in page
    )


def test_the_best_cell_is_told_with_its_hyperparameters(found: dict[str, Any]) -> None:
    text, page = verdict_text(found), verdict_page(found)
    for entry in found["models"].values():
        for variant in entry["metrics"]["top1"]["variants"].values():
            best = variant["best"]
            rate, decay = f"{best['learning_rate']:.3g}", f"{best['weight_decay']:.3g}"
            words = f"{best['accuracy']:.2f} % at learning rate {rate}"
            assert f"measured: best {words}, weight decay {decay}; " in text
            assert f"<td>{words} and weight decay {decay}</td>" in page


def test_tables_of_the_page_name_the_level_of_their_intervals(found: dict[str, Any]) -> None:
    page = sample_page(sample_tables(sample_cells()), [])
    for name in ("decisions", *INTERVALS):
        level = "loss_low to loss_high: 90 % interval" if name == "decisions" else "low to high: 95 % intervals"
        assert f"{TITLES[name]} ({level})".replace("'", "&#39;") in page


def test_names_of_variants_may_break_after_underscores(found: dict[str, Any]) -> None:
    assert "<td>non_<wbr>uniform-0.4</td>" in verdict_page(found)
