"""Tables and claims of the study mechanism, from tables made by hand."""

import math

import pandas as pd
import pytest

from claim_checks import WORDS, seen
from mechanism_results import (
    DATA,
    MODEL,
    bands,
    barriers,
    correlations,
    cycles,
    epochs,
    explained,
    flatness,
    predictions,
    pruned,
    ranks,
    retrained,
    sharpness,
    sizes,
    stated,
    tables,
)
from prunescape.claims.asking import Estimand
from prunescape.claims.judgement import CANNOT
from prunescape.claims.page import claims_page
from prunescape.claims.published import published
from prunescape.mechanism import basin_claims, minimum_claims, utility_claims
from prunescape.mechanism import claims as own_claims
from prunescape.mechanism.claims import QUESTIONS, claims
from prunescape.mechanism.tables import SOURCE, table_1, table_2
from prunescape.studies.mechanism import STUDY

HALF = 4.302653 / math.sqrt(3)  # of a 95 % interval over three seeds, in their standard deviation
ASKING = (utility_claims, own_claims, basin_claims, minimum_claims)
HALF_OF_TWO = 6.205347 / math.sqrt(3)  # of one of 97.5 %, where two numbers share the level


def answers(tolerance: float = 2.0, **changes: pd.DataFrame) -> dict[str, dict]:
    return seen([claim for claim in stated(tables(**changes), tolerance).of(MODEL) if claim.is_tested])


def answer(words: str, **changes: pd.DataFrame) -> dict:
    (found,) = [claim for question, claim in answers(**changes).items() if words in question]
    return found


def test_published_tables_are_the_papers() -> None:
    one, two = published(f"{SOURCE}1", "cifar10"), published(f"{SOURCE}2", "cifar10")
    assert one.set_index(["pruning", "retraining"]).loc[("channels", "rewinding"), "small_top1"] == 88.020
    assert one["small_top1"].isna().sum() == 2  # fine-tuning has none
    assert (two["top1"].min(), two["top1"].max(), len(two)) == (89.17, 92.43, 6)
    assert published(f"{SOURCE}1", "digits").empty


@pytest.mark.parametrize("small", ["last", "every"])
def test_table_1_is_the_last_cycle(small: str) -> None:
    found = table_1(cycles(small), "cifar10").set_index(["pruning", "retraining"])
    row = found.loc[("weights", "rewinding")]
    assert (row["cycle"], row["seeds"], row["density"]) == (2, 3, pytest.approx(0.49))
    assert (row["top1"], row["small_top1"], row["difference"]) == (89.0, 88.0, 1.0)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((1 - HALF, 1 + HALF))
    assert (row["published_top1"], row["published_small_top1"]) == (91.897, 89.290)
    assert table_1(cycles(small), "digits")["published_top1"].isna().all()


def test_table_2_is_in_order_and_has_losses_beside() -> None:
    found = table_2(retrained(1.0), "cifar10")
    assert found["pruning_ratio"].tolist() == [0.25, 0.25, 0.5, 0.5]
    row = found.set_index(["pruning_ratio", "network"]).loc[(0.25, "pruned_retrained")]
    assert (row["top1"], row["density"], row["train_loss"]) == pytest.approx((92.0, 0.75, 0.01))
    assert row["top1_low"] == pytest.approx(92 - HALF)
    assert (row["published_top1"], row["published_train_loss"]) == (92.43, 0.008)


def test_imbalance_is_told_at_the_papers_ratio_after_the_last_epoch() -> None:
    found = answer("utility imbalance)?", utility_epochs_summary=epochs(5.0))
    assert (found["level"], found["imbalance"]) == (0.1, pytest.approx(0.25, abs=1e-3))
    assert found["value"] == pytest.approx(0.4)  # a half of the mean, above a tenth of it
    assert found["value_low"] == pytest.approx(0.4 - 0.02 * HALF)
    assert found["decided"] == "above"
    assert found["answer"].startswith(
        "Yes: of 100 random subsets of 10 % of the weights, after epoch 10, utility has a mean of 0.500"
    )
    assert "falls from 99.0 % to 60.0 % on average, to 20.0 % at worst and 95.0 % at best" in found["answer"]


@pytest.mark.parametrize(("factor", "word"), [(5.0, "Yes"), (0.5, "No"), (1.0, "Not decided")])
def test_growth_follows_from_the_numbers(factor: float, word: str) -> None:
    found = answer("Does the mean utility grow", utility_epochs_summary=epochs(factor))
    assert found["answer"].startswith(f"{word}: ")
    assert found["growth"] == pytest.approx(0.1 * (factor - 1))
    assert f"at {2 if word == 'Yes' else 0} of 2 ratios" in found["answer"]
    assert found["decided"] == {"Yes": "above", "No": "below"}.get(word, "open")


@pytest.mark.parametrize(("number", "word"), [(0.5, "Yes"), (0.02, "No"), (0.1, "Not decided")])
def test_sizes_are_compared_by_ratio_and_by_number(number: float, word: str) -> None:
    found = answer("in proportion to their size?", utility_sizes_summary=sizes(0.1, number))
    assert found["answer"].startswith(f"{word}: ")
    assert (found["ratio"], found["number"]) == pytest.approx((0.1, number))
    assert found["smallest_size"] == 0.25


@pytest.mark.parametrize(
    ("mean", "words"), [(1.1, "Like the pretrained"), (1.9, "Like the small"), (1.5, "Not decided")]
)
def test_a_pruned_network_is_like_the_nearer_one(mean: float, words: str) -> None:
    changed = pruned(pretrained=1.0, pruned_retrained=mean, small=2.0)
    found = answer("use its weights", utility_pruned_summary=changed)
    assert found["answer"].startswith(f"{words}: ")
    assert (found["to_pretrained"], found["to_small"]) == pytest.approx((mean - 1, 2 - mean), abs=1e-9)
    assert found["pruning_ratio"] == 0.5


@pytest.mark.parametrize(("height", "word"), [(1.0, "Yes"), (5.0, "No"), (1.9, "Not decided")])
def test_one_basin_is_a_barrier_within_the_tolerance(height: float, word: str) -> None:
    found = answer("basin", barriers=barriers(height))
    assert found["answer"].startswith(f"{word}: ")
    assert found["barrier"] == pytest.approx(height + 0.1)
    assert found["barrier_high"] == pytest.approx(height + 0.1 + 0.1 * HALF_OF_TWO)
    assert found["between_seeds"] == 60.0
    assert "between pretrained seeds it is 60.0 points" in found["answer"]
    if word == "Not decided":  # its mean is the tolerance itself
        assert found["would_decide"].startswith("no number of seeds")


@pytest.mark.parametrize(
    ("excess", "small", "word", "decisive"),
    [
        (20.0, math.nan, "No, it is not as good a minimum", "excess"),
        (47.0, math.nan, "No, it has collapsed", "excess"),  # it has lost half of what the pretrained one had learnt
        (20.0, 2.0, "No, it has collapsed", "excess"),
        (20.0, 21.0, "No, it is not as good a minimum", "excess"),  # as bad as a small one
        (1.9, math.nan, "Not decided", "excess"),
        (-5.0, math.nan, "Yes", "barrier"),
        (0.7, 0.5, "Yes", "excess_small"),
        (-20.0, -25.0, "No, it has collapsed", "excess_small"),  # the pretrained network is no good itself
    ],
)
def test_a_basin_needs_a_good_end_too(excess: float, small: float, word: str, decisive: str) -> None:
    found = answer("basin", barriers=barriers(0.0, excess=excess, small=small))
    assert found["answer"].startswith(f"{word}: ")
    assert found["outcome"] == WORDS[word.partition(",")[0]]
    assert found["decisive"] == decisive
    assert found["excess"] == pytest.approx(excess + 0.1)
    assert ("excess_small" in found) == (not math.isnan(small))
    assert "the barrier between the two is +0.1 points" in found["answer"]
    assert claims_page(stated(tables(barriers=barriers(0.0, excess=excess, small=small))))


def test_a_basin_is_not_granted_for_one_network_that_collapsed() -> None:
    table = barriers(0.0)
    table.loc[(table["seed"] == 1) & (table["what"] == "pruned_retrained"), "end"] = 60.0
    found = answer("pretrained one's basin", barriers=table)
    assert found["outcome"] == "not decided"
    assert found["answer"].endswith("A training of seed 1 diverged or collapsed, which has to be looked at first.")
    assert found["would_decide"] == "a look at what diverged or collapsed: seed 1"


@pytest.mark.parametrize("what", ["diverged", "collapsed", "small diverged", "pretrained"])
def test_what_diverged_or_collapsed_decides_nothing_and_is_named(what: str) -> None:
    """Of weights and rewinding alone, or, where a pretrained network has collapsed, of all."""
    given, cycled = tables(), cycles()
    cycled["top1"] = 95.0 + 0.1 * cycled["seed"]
    mine = (cycled["pruning"] == "weights") & (cycled["retraining"] == "rewinding") & (cycled["seed"] == 2)
    column, value = {"collapsed": ("top1", 20.0), "small diverged": ("small_diverged", True)}.get(
        what, ("diverged", what == "diverged")
    )
    cycled.loc[mine, column] = value
    if what == "pretrained":
        table = given["utility_epochs_summary"]
        given["utility_epochs_summary"] = table.assign(whole_top1=table["whole_top1"].where(table["seed"] != 2, 15.0))
    found = {claim.id: claim for claim in stated({**given, "cycles": cycled}).claims if claim.is_tested}
    named = {key for key, claim in found.items() if "seed 2" in claim.would_decide}
    assert all(found[key].outcome == "not decided" and found[key].answer.startswith("Not decided: ") for key in named)
    after = "mechanism.better_than_small_after_cycles.weight_pruning_"
    assert f"{after}learning-rate_rewinding.{MODEL}" in named
    assert f"mechanism.same_basin.weight_pruning_learning-rate_rewinding.{MODEL}" in named
    assert (f"{after}fine-tuning.{MODEL}" in named) == (what == "pretrained")
    assert (named == {*found}) == (what == "pretrained")


@pytest.mark.parametrize(("error", "outcome"), [(0.4, "holds"), (0.6, "not decided")])
def test_a_barrier_takes_enough_images(error: float, outcome: str) -> None:
    """The standard error over images is a quarter of the tolerance at most."""
    half = 1.96 * error
    found = answer(
        "pretrained one's basin",
        barriers=barriers(1.0).assign(low=lambda t: t["barrier"] - half, high=lambda t: t["barrier"] + half),
    )
    assert found["outcome"] == outcome
    assert ("more images" in found["would_decide"]) == (outcome == "not decided")


def test_sizes_are_compared_at_the_levels_that_both_ways_have() -> None:
    table = sizes(0.1, 0.5)
    table.loc[table["level"] == 0.1, "mean"] *= 10
    gone = (table["level"] == 0.1) & (table["ablation"] == "number") & (table["size"] == 0.25)
    found = answer("in proportion to their size?", utility_sizes_summary=table[~gone])
    assert (found["ratio"], found["number"]) == pytest.approx((0.1, 0.5))
    assert "means over the levels of both ways" in found["answer"]
    without = table[~((table["ablation"] == "number") & (table["size"] == 0.25))]
    assert not any("in proportion" in question for question in answers(utility_sizes_summary=without))


def test_small_networks_and_correlations() -> None:
    found = answer("cycles of weight pruning and learning-rate rewinding, at 49 % of the weights")
    assert "89.0 % against 88.0 % of validation images, +1.0 points [-1.5, 3.5]" in found["answer"]
    assert found["decided"] == "open"
    assert answer("With 25 % pruned, is")["value"] == pytest.approx(2.0)
    channels = answer("of single channels", rank_correlations=correlations(-0.8))
    assert channels["answer"].startswith("No: Spearman's rank correlation is -0.79 [")


def test_experiments_that_were_not_made_are_not_spoken_of() -> None:
    only = {"utility_epochs_summary": epochs(5.0)}
    found = stated(only, models=(MODEL, "other"))
    assert len([claim for claim in found.of(MODEL) if claim.is_tested]) == 6
    assert list(found.models) == [MODEL, "other"]
    assert not [claim for claim in found.of("other") if claim.is_tested]
    once = epochs(5.0).query("epoch == 10")
    assert len([claim for claim in stated({"utility_epochs_summary": once}).claims if claim.is_tested]) == 1


def test_every_question_has_a_row_and_one_that_is_not_asked_says_why() -> None:
    questions = {question.key for _, of in QUESTIONS.values() for question in of}
    assert questions == {
        value.key for module in ASKING for value in vars(module).values() if isinstance(value, Estimand)
    }
    for given in ({"utility_epochs_summary": epochs(5.0)}, tables()):
        found = stated(given)
        assert {claim.key for claim in found.claims} == questions
        for claim in found.claims:
            assert (claim.outcome == CANNOT) == claim.answer.startswith("Cannot be asked here: it takes "), claim.answer
        assert claims_page(found)
    (missing,) = [claim for claim in stated({}).claims if ".no_recovery_from_channels" in claim.id]
    assert missing.answer == "Cannot be asked here: it takes the experiment `cycles`."
    (missing,) = [claim for claim in stated(tables()).claims if ".no_recovery_from_channels" in claim.id]
    assert missing.answer == "Cannot be asked here: it takes channel pruning with fine-tuning."


def of_channels(retraining: str, barrier: float, excess: float) -> pd.DataFrame:
    mine = barriers(barrier, excess=excess)
    mine = mine[mine["what"] == "pruned_retrained"]
    return mine.assign(pruning="channels", retraining=retraining)


@pytest.mark.parametrize(
    ("retraining", "barrier", "excess", "told"),
    [
        ("rewinding", 30.0, 0.0, "another_basin_after_channels: Yes: "),
        ("rewinding", 0.1, 0.3, "another_basin_after_channels: No: "),
        ("rewinding", 0.1, 10.0, "another_basin_after_channels: Yes, it is not as good a minimum: "),
        ("rewinding", 1.9, 0.3, "another_basin_after_channels: Not decided: "),
        ("fine_tuning", 0.1, 60.0, "no_recovery_from_channels: Yes, it has collapsed: "),
        ("fine_tuning", 0.1, 10.0, "no_recovery_from_channels: Yes: "),
        ("fine_tuning", 0.1, 0.3, "no_recovery_from_channels: No: "),
    ],
)
def test_of_channel_pruning_the_paper_says_something_else(
    retraining: str, barrier: float, excess: float, told: str
) -> None:
    table = pd.concat([barriers(0.5), of_channels(retraining, barrier, excess)], ignore_index=True)
    key, words = told.split(": ", 1)
    (found,) = [claim for claim in stated(tables(barriers=table)).claims if claim.key == key]
    assert found.answer.startswith(words), found.answer
    assert found.outcome == WORDS[words.partition(",")[0].partition(":")[0]]


@pytest.mark.parametrize(("small_top1", "outcome"), [(86.0, "does not hold"), (89.0, "not decided"), (93.0, "holds")])
def test_after_channel_pruning_a_network_is_said_to_be_no_better_than_a_small_one(
    small_top1: float, outcome: str
) -> None:
    table = cycles().assign(small_top1=small_top1)
    table["top1"] = 89.0 + 0.1 * (table["seed"] - 1)
    found = [claim for claim in stated(tables(cycles=table)).claims if ".no_better_than_small" in claim.id]
    assert [claim.outcome for claim in found] == [outcome] * 2
    assert found[1].published == pytest.approx(87.138 - 88.020)


@pytest.mark.parametrize(("error", "outcome"), [(0.5, "holds"), (30.0, "does not hold")])
def test_generalisation_gaps_are_of_validation_and_training_errors(error: float, outcome: str) -> None:
    """Retrained: 11 % of validation images, and so much of the training images; small ones: 12 % and 9 %."""
    lines = of_channels("rewinding", 0.1, 0.0)
    lines = lines.assign(end=error + 0.1 * lines["seed"], small=9.0)
    found = [
        claim
        for claim in stated(tables(barriers=pd.concat([barriers(0.5), lines], ignore_index=True))).claims
        if ".larger_gap" in claim.id and claim.is_tested
    ]
    table = cycles().query("cycle == 2 and pruning == 'channels' and retraining == 'rewinding'")
    gap = (100 - table["top1"]).mean() - error - 0.1 - (12.0 - 9.0)
    assert [claim.effect for claim in found] == [pytest.approx(gap)]
    assert found[0].outcome == (outcome if abs(gap) > 3 else "not decided")


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, "holds"), (2.0, "not decided"), (10.0, "does not hold")])
def test_a_flat_minimum_stays_flat(factor: float, outcome: str) -> None:
    found = [claim for claim in stated(tables(flatness=flatness(factor))).claims if ".minimum_stays_flat" in claim.id]
    assert [claim.outcome for claim in found] == [outcome] * 2, found[0].answer
    assert found[0].effect == pytest.approx(math.log10(factor), abs=1e-3)


def test_sizes_are_compared_before_training_and_where_networks_guess() -> None:
    found = {claim.key: claim for claim in stated(tables(utility_sizes_summary=sizes(0.1, 0.5, 0.3))).claims}
    assert found["in_proportion_from_initialisation"].effect == pytest.approx(0.2)
    assert found["used_in_proportion"].effect == pytest.approx(0.4)
    assert found["sizes_alike_at_chance"].effect == pytest.approx(0.1 - 0.01)
    table = sizes(0.1, 0.5)
    table["top1"] = table["top1"].where(table["level"] < 0.2, 40.0)
    (found,) = [one for one in stated(tables(utility_sizes_summary=table)).claims if ".sizes_alike" in one.id]
    assert found.answer.endswith("networks do not guess yet, but classify 40.0 % of the images rightly.")


def test_published_differences_stand_beside_the_same_schedules() -> None:
    """By hand from Tables 1 and 2 of the utility paper, whose fine-tuned networks have no small one beside."""
    found = {claim.id: claim for claim in stated(tables()).claims}
    weights = found[f"mechanism.better_than_small_after_cycles.weight_pruning_learning-rate_rewinding.{MODEL}"]
    assert weights.published == pytest.approx(91.897 - 89.290)
    assert weights.published_in.endswith("Table 1")
    assert found[f"mechanism.better_than_small.25_pruned_at_once.{MODEL}"].published == pytest.approx(92.43 - 91.14)
    settings = {"question": STUDY.question, "models": [MODEL], "tolerance": 2.0, "data": "digits", "seeds": [0]}
    other = claims({**tables(), "data": DATA}, **settings, level=0.05)
    assert {claim.published for claim in other.claims} == {None}


@pytest.mark.parametrize(
    ("key", "given", "outcome"),
    [
        ("imbalance_with_mean", {}, "holds"),
        (
            "imbalance_with_mean",
            {"utility_epochs_summary": epochs(5.0).assign(imbalance=lambda t: t["epoch"] + 0.01)},
            "does not hold",
        ),
        ("endowed_from_initialisation", {"utility_ranks": ranks(0.4)}, "holds"),
        ("endowed_from_initialisation", {"utility_ranks": ranks(0.01)}, "not decided"),
        ("endowed_from_initialisation", {"utility_ranks": ranks(-0.4)}, "does not hold"),
        ("imbalance_beyond_layers", {"utility_explained": explained(0.3, 0.2)}, "holds"),
        ("imbalance_beyond_layers", {"utility_explained": explained(0.7, 0.2)}, "does not hold"),
        ("utility_is_additive", {"utility_explained": explained(0.3, 0.7)}, "holds"),
        ("utility_is_additive", {"utility_explained": explained(0.3, 0.2)}, "does not hold"),
        ("loss_becomes_sharper", {"sharpness": sharpness(2.0)}, "holds"),
        ("loss_becomes_sharper", {"sharpness": sharpness(0.5)}, "does not hold"),
        ("utility_follows_sharpness", {"sharpness": sharpness(2.0)}, "holds"),
        ("utility_follows_sharpness", {"sharpness": sharpness(0.5)}, "does not hold"),
        ("utility_by_magnitude", {"utility_bands": bands(1.0)}, "holds"),
        ("only_large_weights", {"utility_bands": bands(1.0)}, "holds"),
        ("only_large_weights", {"utility_bands": bands(20.0)}, "does not hold"),
        ("utility_foretells_retrained", {"prediction_correlations": predictions(utility=0.8)}, "holds"),
        ("utility_foretells_retrained", {"prediction_correlations": predictions(utility=0.01)}, "not decided"),
    ],
)
def test_what_explains_utility_and_what_it_explains(key: str, given: dict, outcome: str) -> None:
    (found,) = [claim for claim in stated(tables(**given)).claims if claim.key == key]
    assert found.outcome == outcome, found.answer


def test_scores_are_compared_by_what_they_foretell() -> None:
    table = predictions(utility=0.5, magnitude=0.2, fisher=0.9, random=0.5)
    found = {
        claim.case: claim
        for claim in stated(tables(prediction_correlations=table)).claims
        if "foretells_more" in claim.id
    }
    outcomes = {case: claim.outcome for case, claim in found.items()}
    assert outcomes == {"magnitude": "holds", "taylor": "holds", "fisher": "does not hold", "random": "not decided"}
    assert found["fisher"].effect == pytest.approx(-0.4)


def test_utility_in_smaller_networks_is_compared_at_equal_parts() -> None:
    found = {claim.case: claim for claim in stated(tables()).claims if ".more_utility_in_smaller." in claim.id}
    assert {case: round(claim.effect, 3) for case, claim in found.items()} == {
        "mean utility": 0.1,
        "maximum utility": 0.2,
        "minimum utility": 0.02,
        "imbalance": 0.05,
    }


def test_rewinding_is_held_against_fine_tuning_and_the_published_table() -> None:
    table = cycles()
    table.loc[table["retraining"] == "rewinding", "top1"] += 2.0 + 0.1 * table["seed"]
    found = {claim.case: claim for claim in stated(tables(cycles=table)).claims if ".rewinding_beats" in claim.id}
    assert [(claim.outcome, claim.effect) for claim in found.values()] == [("holds", pytest.approx(2.1))] * 2
    assert found["channel pruning"].published == pytest.approx(87.138 - 43.375)


def controls(what: str, barrier: float, end: float = 1.0, recomputed: bool = True) -> pd.DataFrame:
    """Lines of another kind, as high and ending as said, with a spread over seeds."""
    table = barriers(0.0)
    mine = table[(table["what"] == "pruned_retrained") & (table["cycle"] == 2)]
    spread = 0.1 * (2 - mine["seed"])
    return mine.assign(what=what, barrier=barrier + spread, end=end + spread, recomputed=recomputed)


@pytest.mark.parametrize(
    ("key", "lines", "outcome"),
    [
        ("same_basin_as_last_cycle", controls("last_cycle", 0.3), "holds"),
        ("same_basin_as_last_cycle", controls("last_cycle", 2.0), "not decided"),
        ("same_basin_as_last_cycle", controls("last_cycle", 9.0), "does not hold"),
        ("nearer_than_small", controls("small", 40.0), "holds"),
        ("nearer_than_small", controls("small", 0.1), "not decided"),
        ("not_any_direction", controls("random", 0.0, end=80.0), "holds"),
        ("not_any_direction", controls("random", 0.0, end=-5.0), "does not hold"),
        ("barrier_of_batch_norm", controls("pruned_retrained", 30.0, recomputed=False), "holds"),
        ("barrier_of_batch_norm", controls("pruned_retrained", 1.0, recomputed=False), "does not hold"),
    ],
)
def test_lines_are_held_against_controls(key: str, lines: pd.DataFrame, outcome: str) -> None:
    table = pd.concat([barriers(0.0), lines], ignore_index=True)
    found = [claim for claim in stated(tables(barriers=table)).claims if claim.key == key]
    assert [claim.outcome for claim in found] == [outcome], [claim.answer for claim in found]


@pytest.mark.parametrize(("left", "outcome"), [(9.0, "holds"), (30.0, "not decided"), (55.0, "does not hold")])
def test_the_barrier_between_seeds_is_held_against_that_of_matched_networks(left: float, outcome: str) -> None:
    """Before, it is 60 points; half of that has to be gone."""
    table = barriers(0.0)
    mine = table["what"] == "seeds_by_weights"
    table.loc[mine, "barrier"] = left + 0.1 * (table["seed"] - 1)
    claims = [claim for claim in stated(tables(barriers=table)).claims if ".symmetry_makes_barrier" in claim.id]
    found = {claim.case: claim for claim in claims}
    assert found["matched by weights"].outcome == outcome
    assert found["matched by weights"].effect == pytest.approx(30 - left, abs=0.1)
    assert found["matched by activations"].outcome == "does not hold"  # 40 points are left
    few = table[table["seed"].isin([0]) & table["seed_to"].isin([1])]
    kept = pd.concat([table[table["what"] == "pruned_retrained"], few])
    (one,) = [one for one in stated(tables(barriers=kept)).claims if ".symmetry_makes_barrier" in one.id]
    assert one.outcome == CANNOT


def test_each_way_of_batch_norm_has_its_answer() -> None:
    table = pd.concat([barriers(0.0), barriers(30.0).assign(recomputed=False)], ignore_index=True)
    found = {claim.case: claim for claim in stated(tables(barriers=table)).claims if ".same_basin." in claim.id}
    outcomes = {case.rpartition(", ")[2]: claim.outcome for case, claim in found.items()}
    assert outcomes == {"statistics recomputed": "holds", "statistics combined": "does not hold"}
