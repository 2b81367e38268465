"""What the verdict says beside its decisions, in text and on its page."""

import copy
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
    assert words in " ".join(verdict_text(answer).split())
    assert f"{words}." in verdict_page(answer)


def test_tables_of_the_page_name_the_level_of_their_intervals() -> None:
    page = sample_page(sample_tables(sample_cells()), [])
    for name in INTERVALS:
        assert f"{TITLES[name]} (low to high: 95 % intervals)".replace("'", "&#39;") in page


def test_a_setting_is_told_with_its_hyperparameters(found: dict[str, Any]) -> None:
    text, page = verdict_text(found), verdict_page(found)
    for entry in found["models"].values():
        for name, of in entry["networks"].items():
            values = [f"{of['use'][key]:.3g}" for key in ("learning_rate", "weight_decay")]
            (line,) = (line for line in text.splitlines() if line.split()[:1] == [name])
            assert line.split()[2:4] == values
            assert all(f">{value}</td>" in page for value in values)
