"""Networks near chance are told to be trained longer, wherever the verdict stands, and seeds are no advice then."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from landscape_samples import VERDICT, cube_of, resampled_of, trained, truth
from page_samples import BORDERS, sample_answer, sample_cells, sample_page, sample_tables
from prunescape.hpspace.claims import claims
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.decision import DENSE_NEAR_CHANCE, NEAR_CHANCE, UNDECIDED, decisions
from prunescape.hpspace.learnt import chance_of, learnt
from prunescape.hpspace.resampling import Resampled
from prunescape.hpspace.verdict import from_json
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text

SETTINGS = VERDICT | {"least_skill": 0.2}


def resampled(bests: tuple[float, ...], seeds: int = 3) -> Resampled:
    """Networks with best cells at about these accuracies."""
    random = np.random.default_rng(0)
    true = np.stack([truth("ridge", random) - 90 + best for best in bests])
    values = np.stack([trained(f, seeds, random) for f in np.maximum(true, 0)])
    if seeds == 1:
        return Resampled("m", "top1", cube_of(values), None, 0.95)
    return resampled_of(values, 300, random)


def test_chance_is_the_most_frequent_class() -> None:
    assert chance_of(np.array([0, 1, 2, 0, 1, 2]))["top1"] == pytest.approx(100 / 3)
    assert chance_of(np.array([0] * 7 + [1, 2, 3])) == {"top1": pytest.approx(70), "top5": pytest.approx(100)}
    assert chance_of(np.arange(100))["top5"] == pytest.approx(5)


@pytest.mark.parametrize(
    ("best", "chance", "enough"),
    [
        (41.0, 100 / 3, False),  # the case that was found: 8 points above chance
        (60.0, 100 / 3, True),
        (57.0, 50.0, False),
        (75.0, 50.0, True),
        (12.0, 10.0, False),
        (71.0, 70.0, False),
        (95.0, 70.0, True),
        (30.0, 1.0, True),
        (95.0, 100.0, False),  # all validation images of one class
    ],
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_network_has_learnt_a_fifth_of_the_way_from_chance(best: float, chance: float, enough: bool, seeds: int):
    found = learnt(resampled((best, 99.0), seeds), chance, SETTINGS)[DENSE]
    assert found.enough == enough
    assert found.above == pytest.approx(best - chance, abs=3)
    assert found.surely == found.above if seeds == 1 else found.surely < found.above


def test_noise_is_allowed_for() -> None:
    """The best of many cells looks better than it is: a network at the threshold has not surely passed it."""
    one = resampled((50.0, 99.0))
    at = float(one.cube.means[0].max())  # just enough as measured
    chance = (at - 20 - 1e-6) / 0.8
    assert at - chance > 0.2 * (100 - chance)
    assert not learnt(one, chance, SETTINGS)[DENSE].enough
    assert learnt(one, chance, SETTINGS | {"least_skill": 0.1})[DENSE].enough


@pytest.mark.parametrize(
    ("bests", "expected"),
    [
        ((41.0, 90.0, 90.0), [DENSE_NEAR_CHANCE, DENSE_NEAR_CHANCE]),
        ((90.0, 41.0, 90.0), [NEAR_CHANCE, None]),
        ((41.0, 41.0, 41.0), [DENSE_NEAR_CHANCE, DENSE_NEAR_CHANCE]),
        ((90.0, 90.0, 41.0), [None, NEAR_CHANCE]),
    ],
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_nothing_is_decided_of_networks_near_chance(bests, expected, seeds: int) -> None:
    found = decisions([resampled(bests, seeds)], 0.5, SETTINGS, {"top1": 100 / 3})
    usual = decisions([resampled(bests, seeds)], 0.5, SETTINGS)
    assert [near or other for near, other in zip(expected, usual["decision"], strict=True)] == list(found["decision"])
    assert found.loc[found["decision"].isin([NEAR_CHANCE, DENSE_NEAR_CHANCE]), "more_seeds"].isna().all()
    assert set(found["chance"]) == {100 / 3}
    assert usual["chance"].isna().all()


@pytest.mark.parametrize("touching", [["dense"], ["uniform-0.6"], ["uniform-0.2"]])
def test_seeds_are_no_advice_where_the_grid_must_grow_first(touching: list[str]) -> None:
    random = np.random.default_rng(3)
    values = np.stack([trained(truth("ridge", random), 2, random) for _ in range(3)])
    one, borders = resampled_of(values, 300, random), {"m": {"larger weight decays": touching}}
    usual = decisions([one], 0.5, SETTINGS | {"margin": 2.0}).set_index("variant")
    found = decisions([one], 0.5, SETTINGS | {"margin": 2.0}, borders=borders).set_index("variant")
    assert (usual["decision"] == found["decision"]).all()
    for variant in found.index:
        early = "dense" in touching or variant in touching
        assert math.isnan(found.loc[variant, "more_seeds"]) == (early or math.isnan(usual.loc[variant, "more_seeds"]))


def everywhere(cells: pd.DataFrame, chance: dict[str, float]) -> dict[str, str]:
    """The answer on small_resnet in every place where it stands."""
    tables = sample_tables(cells, chance)
    answer = sample_answer(tables)
    assert verdict_text(from_json(answer)) == verdict_text(answer)
    said = claims({"verdict": answer}, {"data": "digits", "seeds": [0, 1, 2]}).models["small_resnet"]
    return {
        "text": verdict_text(answer),
        "page": verdict_page(answer),
        "explore": sample_page(tables, []),
        "index": (said[:1].lower() + said[1:]).removesuffix("."),
    }


def test_a_dense_network_near_chance_is_told_first_and_everywhere() -> None:
    cells = sample_cells()
    cells[["top1", "top5"]] -= 51.0
    best = cells[cells["variant"] == "dense"].groupby(["model", "i", "j"])["top1"].mean()["small_resnet"].max()
    found = everywhere(cells, {"top1": 100 / 3, "top5": 40.0})
    words = f"the dense network's best is {best - 100 / 3:.1f} points above chance (33.3 %): train longer before asking"
    assert found["index"] == words
    assert found["text"].startswith(f"small_resnet: {words}\n")
    capital = words.replace("the ", "The ", 1).replace("'", "&#39;")
    for place in ("page", "explore"):
        assert f"<strong>{capital}.</strong>" in found[place]
        assert "<b>train longer</b>" in found[place]
    for text in found.values():
        assert "more would, with" not in text
        assert not {"TUNE:", "KEEP:", "UNDECIDED:"} & set(text.split())
    assert "nan" not in found["text"]


def test_a_pruned_network_near_chance_is_told_beside_answers_on_the_others() -> None:
    cells = sample_cells()
    cells.loc[cells["variant"] == "uniform-0.4", "top1"] -= 51.0
    found = everywhere(cells, {"top1": 100 / 3, "top5": 40.0})
    assert found["index"].startswith("train longer before asking for uniform-0.4 (")
    assert "points above chance); " in found["index"]
    assert "non_uniform-0.4" in found["index"]
    assert "  uniform-0.4: TRAIN LONGER: its best is " in found["text"]
    assert "noise allowed for; an answer needs more than 13.3" in found["text"]
    assert found["text"].startswith(f"small_resnet: {found['index']}\n")
    assert f"<strong>{found['index'].capitalize()}.</strong>".casefold() in found["page"].casefold()


def test_every_place_says_that_the_grid_ends_too_early() -> None:
    found = everywhere(sample_cells(), {"top1": 10.0, "top5": 50.0})
    for place in ("text", "page", "explore", "index"):
        assert "(the grid ends too early to be sure)" in found[place], place


def test_an_open_verdict_on_a_grid_that_ends_early_says_to_grow_it() -> None:
    answer: dict[str, Any] = sample_answer(sample_tables(sample_cells(), {"top1": 10.0, "top5": 50.0}))
    for model, entry in answer["models"].items():
        for variant in entry["metrics"]["top1"]["variants"].values():
            assert variant["grow_first"] == (model in BORDERS)
            variant |= {"decision": UNDECIDED, "recommendation": "undecided", "more_seeds": 5.0}
    first, second = verdict_text(answer).split("\n\n")
    assert "the grid ends too early: grow it before you train more seeds" in first
    assert "more would" not in first
    assert "5 more would" in second
