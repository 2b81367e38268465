"""The claims of the study `stochastic`, from results made by hand."""

import pandas as pd
import pytest
from scipy.stats import binom

from claim_checks import WORDS, check_claims, seen
from prunescape.claims.page import claims_page, text_of
from prunescape.claims.study import StudyClaims
from prunescape.stochastic import claims as module
from prunescape.stochastic.statistics import crossovers, guessing_accuracy, seed_intervals
from stochastic_results import CELLS, GUESSING, MODEL, accuracies, fronts, stated, tables

PRETRAINED = "Does noise win at high pruning rates, with batch norm as pretrained?"
RECALIBRATED = "Does noise win at high pruning rates, with batch norm recalibrated?"
OUTLIVE = "Does the gain outlive the recalibration of batch norm?"
SEARCHED = "What does the search find that maximises the gain (F2)?"
STRUCTURED = "Does noise help when whole filters are removed?"
CHOSEN = {MODEL: {**CELLS[MODEL], "source": "grid"}}
OPTIMISTIC = "on the same images and draws"


@pytest.fixture(autouse=True)
def guessing(monkeypatch) -> None:
    """The accuracy of guessing that the tables were made with."""
    monkeypatch.setattr(module, "guessing_accuracy", lambda classes, images: GUESSING)


def answers(found: StudyClaims) -> dict[str, dict]:
    return seen(found.of(MODEL))


@pytest.mark.parametrize(("factor", "word"), [(1.0, "Yes"), (-1.0, "No"), (0.0, "No")], ids=["gain", "loss", "none"])
def test_the_answer_follows_from_the_numbers(factor: float, word: str) -> None:
    found = stated(tables(factor), CELLS)
    finding = answers(found)["Does noise win at high pruning rates, with batch norm as pretrained?"]
    assert finding["answer"].startswith(f"{word}: ")
    if factor == 1.0:
        assert finding["decided"] == "above"
        assert finding["crossovers"] == [0.8, 0.8, 0.8]
        assert (finding["gamma"], finding["delta"]) == pytest.approx((0.9, 13.0))
        assert "+13.0 points [4.0, 22.0], at gamma 0.9, sigma 0.005" in finding["answer"]
    again = answers(found)["Does noise win at high pruning rates, with batch norm recalibrated?"]
    assert again["answer"].startswith("No: ")
    assert again["decided"] == "equal"  # recalibrated, all gains are zero
    outlived = answers(found)[OUTLIVE]
    assert outlived["decided"] == ("equal" if factor == 1.0 else "")
    assert outlived["answer"].startswith("No: " if factor == 1.0 else "No gain to outlive: ")


def test_seeds_that_disagree_decide_nothing() -> None:
    loose = tables(1.0)
    sweep = accuracies(0.9, {"stochastic": 1.0})
    noisy = (sweep["seed"] == 0) & (sweep["kind"] == "stochastic")
    sweep.loc[noisy, "top1"] -= 25.0
    loose |= {"sweep_intervals": seed_intervals(sweep), "crossovers": crossovers(sweep, 0.5)}
    finding = answers(stated(loose, CELLS))["Does noise win at high pruning rates, with batch norm as pretrained?"]
    assert finding["answer"].startswith("Not decided: ")
    assert finding["decided"] == "open"
    assert "2 of 3 seeds have a crossover (from gamma 0.9, 0.9 on)" in finding["answer"]


def swept(gains: dict[float, list[float]]) -> dict[str, pd.DataFrame]:
    """A sweep's tables, of the gain of each seed at each pruning rate; recalibrated, noise gains nothing."""
    sweep = pd.concat([accuracies(gamma, {"stochastic": 0.0}) for gamma in gains])
    sweep = sweep[sweep["seed"] < len(next(iter(gains.values())))]
    noisy = (sweep["kind"] == "stochastic") & ~sweep["recalibrated"]
    sweep.loc[noisy, "top1"] += [gains[row.gamma][row.seed] for row in sweep[noisy].itertuples()]
    return {"sweep_intervals": seed_intervals(sweep), "crossovers": crossovers(sweep, 0.5)}


@pytest.mark.parametrize(
    ("gains", "decided", "word"),
    [
        ({0.8: [9.0, 10, 11]}, "above", "Yes"),
        ({0.8: [-9.0, -10, -11]}, "below", "No"),
        ({0.8: [0.1, 0.0, 0.1], 0.9: [-9.0, -10, -11]}, "equal", "No"),
        ({0.8: [-9.0, -9.1, 12]}, "open", "Not decided"),  # a wide interval around a mean below zero
        ({0.8: [-0.4, 0.3, 2.0]}, "open", "Not decided"),  # around one above it
        ({0.8: [-0.4, -0.4, 0.4]}, "open", "Not decided"),  # no seed has a crossover
        ({0.8: [0.1, 0.0, 0.1], 0.9: [-9.0, -9.1, 12]}, "open", "Not decided"),  # not at every setting
        ({0.8: [1.0, 1.1, 1.2], 0.9: [-9.0, -10, -11]}, "open", "Not decided"),  # a gain without a crossover
        ({0.8: [5.0]}, "open", "Not decided"),  # one seed
        ({0.8: [0.0]}, "open", "Not decided"),
        ({0.8: [-5.0]}, "open", "Not decided"),
    ],
)
def test_noise_wins_at_one_setting_or_at_none(gains: dict[float, list[float]], decided: str, word: str) -> None:
    found = stated(tables(1.0) | swept(gains), CELLS)
    check_claims(found)
    finding = answers(found)[PRETRAINED]
    assert (finding["decided"], finding["outcome"]) == (decided, WORDS[word])
    assert finding["answer"].startswith(f"{word}: ")
    assert OPTIMISTIC in finding["answer"]
    assert finding["low"] == (None if len(gains[0.8]) == 1 else finding["delta_low"])


def test_the_search_names_candidates_that_there_are() -> None:
    three = fronts()
    best = three["best"] & (three["algorithm"] == "nsga2")
    three.loc[best, ["gamma", "sigma", "delta", "delta_recalibrated", "fitness_sp", "objective_2"]] = [
        [0.817, 0.093, 15.6, -27.0, 60.0, 12.7],
        [0.923, 0.044, 0.1, 0.0, 10.0, 0.0],
        [0.882, 0.029, 2.2, -0.3, 60.0, 1.9],
    ]
    finding = answers(stated(tables(1.0) | {"fronts": three}, CELLS))[SEARCHED]
    assert "seed 0, gamma 0.82, sigma 0.093, +15.6 points (-27.0 recalibrated)" in finding["answer"]
    assert "seed 1, nothing" in finding["answer"]
    assert "seed 2, gamma 0.88, sigma 0.029, +2.2 points (-0.3 recalibrated)" in finding["answer"]
    assert "0.044" not in finding["answer"]
    assert "in 2 of 3 seeds, noise gains +8.9 points" in finding["answer"]
    assert "recalibrated, -13.7 points [" in finding["answer"]
    assert "recalibrated, -13.7 points [" in finding["evidence"]
    assert (finding["delta"], finding["delta_recalibrated"]) == pytest.approx((8.9, -13.65))
    assert [row["found"] for row in finding["candidates"]] == [True, False, True]


def test_few_seeds_with_a_find_decide_nothing_and_none_is_said_to_be_none() -> None:
    three = fronts()
    three.loc[three["seed"] == 2, "fitness_sp"] = GUESSING
    three.loc[three["seed"] < 2, "delta"] = 10.0
    assert answers(stated(tables(1.0) | {"fronts": three}, CELLS))[SEARCHED]["outcome"] == "holds"
    fourth = three[three["seed"] == 2].assign(seed=3)
    four = pd.concat([three, fourth])
    few = answers(stated(tables(1.0) | {"fronts": four}, CELLS))[SEARCHED]
    assert (few["decided"], few["outcome"]) == ("open", "not decided")
    none = answers(stated(tables(1.0) | {"fronts": three.assign(objective_2=-1.0)}, CELLS))[SEARCHED]
    assert none["outcome"] == "cannot be asked here"
    assert none["answer"].startswith("Nothing in 3 of 3 seeds: ")
    random = tables(1.0) | {"fronts": three.query("algorithm == 'random'")}
    assert SEARCHED not in answers(stated(random, CELLS))


def test_guessing_reaches_this_accuracy_one_time_in_twenty() -> None:
    reached = guessing_accuracy(10, 100)
    assert reached == 15.0
    assert binom.sf(15, 100, 0.1) <= 0.05 < binom.sf(14, 100, 0.1)
    assert guessing_accuracy(10, 5000) == pytest.approx(10.7, abs=0.1)


def test_losses_after_recalibration_stand_beside_gains() -> None:
    loss = accuracies(0.6, {"stochastic": 1.0}, "uniform")
    hurt = (loss["kind"] == "stochastic") & loss["recalibrated"]
    loss.loc[hurt, "top1"] -= 5.0 + 0.1 * loss.loc[hurt, "seed"]
    transfer = tables(1.0)["transfer"]
    worse = transfer["recalibrated"] & (transfer["kind"] == "mask_d_to_s")
    transfer.loc[worse, "top1"] -= 7.0
    found = answers(stated(tables(1.0) | {"structured": loss, "transfer": transfer}, CELLS))
    structured = found[STRUCTURED]
    assert "at 1 below it (the largest loss -5.1 points [-5.3, -4.9], uniform pruning of 60 %" in structured["answer"]
    assert (structured["worse"], structured["recalibrated"]["worse"]) == (0, 1)
    mask = found["Is it the mask or the weights?"]
    assert "recalibrated, both +0.0 points" in mask["answer"]
    assert "the noisy weights alone -7.0 points" in mask["answer"]
    assert mask["recalibrated"]["mask_d_to_s"]["delta"] == -7.0


def test_a_gain_that_is_not_sure_has_not_been_outlived() -> None:
    wide = tables(1.0)
    wide["table_1"] = wide["table_1"].assign(delta=1.4, delta_low=-5.0, delta_high=7.8)
    finding = answers(stated(wide, CELLS))[OUTLIVE]
    assert (finding["decided"], finding["outcome"]) == ("open", "not decided")
    assert finding["answer"].startswith("Not decided, as it is not whether there is a gain: ")
    assert finding["evidence"] == "+1.4 points [-5.0, 7.8]; recalibrated, +0.0 points [0.0, 0.0]"


def test_a_network_without_batch_norm_is_not_recalibrated() -> None:
    given = tables(1.0)
    for name in ("transfer", "structured"):
        plain = given[name][~given[name]["recalibrated"]]
        given[name] = pd.concat([plain, plain.assign(recalibrated=True)])
    found = answers(stated(given, CELLS))
    assert found[OUTLIVE]["answer"].startswith("The network has no batch norm to recalibrate")
    assert found[OUTLIVE]["outcome"] == "cannot be asked here"
    assert found["Does noise win at high pruning rates?"]["outcome"] == "holds"
    assert not any("recalibrated" in finding["answer"] for finding in found.values())
    assert not {PRETRAINED, RECALIBRATED} & set(found)


def test_gains_at_a_chosen_setting_are_said_to_be_optimistic() -> None:
    topics = [OUTLIVE, "Is it the mask or the weights?", "Does noise help after fine-tuning, scored by magnitude?"]
    for cells, told in ((CELLS, False), (CHOSEN, True)):
        study = tables(1.0)
        study["table_1"] = pd.concat([study["table_1"], study["table_1"].assign(search="grid")])
        found = stated(study, cells)
        assert [OPTIMISTIC in answers(found)[topic]["answer"] for topic in topics] == [told] * 3
        assert OPTIMISTIC in answers(found)[STRUCTURED]["answer"]
        assert "with the draws that are measured here" in answers(found)[SEARCHED]["answer"]
        assert "so it is optimistic" in " ".join(claims_page(found).split())
    elsewhere = tables(1.0)
    elsewhere["transfer"] = elsewhere["transfer"].replace({"sigma": {0.005: 0.001}})  # as the config has it
    assert OPTIMISTIC not in answers(stated(elsewhere, CHOSEN))[topics[1]]["answer"]


def test_answers_tell_their_numbers() -> None:
    text = text_of(stated(tables(1.0), CELLS))
    assert "In 0 of 1 cells (recalibrated, in 0) for every seed" in text
    assert "the noisy weights alone +6.5 points" in text
    assert "V is 0.710 for deterministic and 0.810 for stochastic" in text


def test_published_gains_stand_beside_the_same_settings() -> None:
    """By hand from Tables I and II of the SP paper: ResNet-18 on CIFAR-10, at gamma 0.9 and sigma 0.005."""
    study = tables(1.0)
    found = {claim.id: claim for claim in stated(study, CELLS).claims}
    tuned = found[f"stochastic.after_fine_tuning.scored_by_lamp.{MODEL}"]
    assert (tuned.published, tuned.published_in[-8:]) == (-0.9, "Table II")
    assert found[f"stochastic.search_finds_gain.{MODEL}"].published == 48.6
    assert found[f"stochastic.noise_wins.batch_norm_as_pretrained.{MODEL}"].published is None
    elsewhere = stated(study, CELLS, data="digits").claims
    assert all(claim.published is None for claim in elsewhere if "fine_tuning" in claim.id)
