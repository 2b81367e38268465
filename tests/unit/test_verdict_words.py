"""What the verdict says beside its decisions, in text and on its page."""

import copy
import math
from typing import Any

import pandas as pd
import pytest

from page_samples import sample_answer, sample_cells, sample_tables
from prunescape.hpspace.verdict import same_trainings
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text


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


def test_names_of_variants_may_break_after_underscores(found: dict[str, Any]) -> None:
    assert "<td>non_<wbr>uniform-0.4</td>" in verdict_page(found)
