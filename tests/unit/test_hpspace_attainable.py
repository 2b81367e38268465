"""A config with too few draws or seeds to decide anything is refused; the bound is that of `decide` itself."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from config_samples import DATA, MODELS, changed
from prunescape.config.checks import MOST_DRAWS
from prunescape.config.reading import ConfigError, validated
from prunescape.config.schema import schema
from prunescape.hpspace.attainable import degrees_of_freedom, least_draws, least_p, student_tail
from prunescape.hpspace.decision import EQUIVALENT, UNDECIDED, WORSE, Losses, decide

ONE_PRUNED = (("models.small_resnet.methods", "[uniform]"), ("models.small_resnet.ratios", "[0.5]"))


def clearest(loss: float, draws: int, degrees: int, level: float) -> dict[str, Any]:
    """The decision where every draw of the loss says the same."""
    settings = {"margin": 0.5, "level": level, "power": 0.8}
    return decide(Losses(np.full(draws, loss), loss), 3, settings, degrees)


def test_students_tail_is_scipys() -> None:
    for degrees in (1, 2, 3, 4, 5, 8, 21, 200):
        for value in (0.0, 0.3, 1.0, 2.9, 6.0, 40.0):
            assert student_tail(value, degrees) == pytest.approx(t.sf(value, degrees), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("degrees", [2, 3, 4, 10, 57])
@pytest.mark.parametrize("draws", [100, 200, 571, 2000])
def test_no_decision_has_a_smaller_p(draws: int, degrees: int) -> None:
    assert clearest(0.0, draws, degrees, 0.05)["p_equivalent"] == pytest.approx(least_p(draws, degrees), rel=1e-9)
    assert clearest(90.0, draws, degrees, 0.05)["p_worse"] == pytest.approx(least_p(draws, degrees), rel=1e-9)


@pytest.mark.parametrize(("level", "degrees"), [(0.05, 2), (0.05, 3), (0.05, 10), (0.01, 6), (0.1, 2)])
def test_so_many_draws_decide_and_one_less_does_not(level: float, degrees: int) -> None:
    enough = least_draws(level, degrees, MOST_DRAWS)
    assert enough is not None
    for loss, decision in ((0.0, EQUIVALENT), (90.0, WORSE)):
        assert clearest(loss, enough, degrees, level)["decision"] == decision
        assert clearest(loss, enough - 1, degrees, level)["decision"] == UNDECIDED


def test_the_most_draws_are_those_that_the_config_allows() -> None:
    assert schema()["properties"]["analysis"]["properties"]["draws"]["maximum"] == MOST_DRAWS
    assert least_draws(0.01, 2, MOST_DRAWS) is None


def refused(*edits: tuple[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        validated(changed(*edits), MODELS, DATA)
    (mistake,) = caught.value.mistakes
    return mistake


def test_too_few_draws_are_refused_with_the_number_that_can_decide() -> None:
    edits = (("seeds", "[0, 1]"), *ONE_PRUNED)
    mistake = refused(*edits, ("analysis.draws", "200"))
    assert mistake.startswith(
        "analysis.draws: 200 are too few: nothing can be decided of small_resnet, 2 networks with 2 "
    )
    assert mistake.endswith("no p-value is below 0.062, and verdict.level is 0.05; write at least 571")
    assert "write at least 571" in refused(*edits, ("analysis.draws", "570"))
    validated(changed(*edits, ("analysis.draws", "571")), MODELS, DATA)
    validated(changed(*edits), MODELS, DATA)


def test_where_no_number_of_draws_can_decide_seeds_or_the_level_are_the_remedy() -> None:
    edits = (("seeds", "[0, 1]"), *ONE_PRUNED)
    mistake = refused(*edits, ("verdict.level", "0.01"))
    assert mistake.startswith("seeds: nothing can be decided of small_resnet, 2 networks with 2 seeds: with 100,000 ")
    assert mistake.endswith("train at least 4 seeds, or write a verdict.level of at least 0.041")
    validated(changed(*edits, ("verdict.level", "0.041")), MODELS, DATA)
    validated(changed(*edits, ("seeds", "[0, 1, 2, 3]"), ("verdict.level", "0.01")), MODELS, DATA)
    assert "seeds" in refused(("seeds", "[0, 1, 2]"), *ONE_PRUNED, ("verdict.level", "0.01"))
    assert refused(*edits, ("verdict.level", "1.0e-9")).endswith("; write a verdict.level of at least 0.041")


def test_the_model_with_the_fewest_networks_counts() -> None:
    both = "{small_resnet: {learning_rate: 0.1, weight_decay: 0.005, ratios: [0.6, 0.2]}, resnet20: %s}"
    other = "{learning_rate: 0.1, weight_decay: 0.005, ratios: [0.6], methods: [uniform]}"
    edits = (("seeds", "[0, 1]"), ("analysis.draws", "110"))
    validated(changed(*edits), MODELS, DATA)
    assert "nothing can be decided of resnet20" in refused(*edits, ("models", both % other))


def test_one_seed_is_no_mistake() -> None:
    validated(changed(("seeds", "[0]"), ("analysis.draws", "100"), ("verdict.level", "1.0e-9")), MODELS, DATA)
    assert degrees_of_freedom(1, 5) == 0
