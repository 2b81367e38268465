"""Tables and claims of the study mechanism, from tables made by hand."""

import math

import pandas as pd
import pytest

from claim_checks import WORDS, seen
from mechanism_results import MODEL, barriers, correlations, cycles, epochs, pruned, retrained, sizes, stated, tables
from prunescape.claims.page import claims_page
from prunescape.claims.published import published
from prunescape.mechanism.claims import claims
from prunescape.mechanism.tables import SOURCE, table_1, table_2
from prunescape.studies.mechanism import STUDY

HALF = 4.302653 / math.sqrt(3)  # of a 95 % interval over three seeds, in their standard deviation


def answers(tolerance: float = 2.0, **changes: pd.DataFrame) -> dict[str, dict]:
    return seen(stated(tables(**changes), tolerance).of(MODEL))


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
    found = answer("utility imbalance")
    assert (found["level"], found["imbalance"]) == (0.1, pytest.approx(0.25))
    assert found["imbalance_low"] == pytest.approx(0.25 - 0.005 * HALF)
    assert found["decided"] == "above"
    assert found["answer"].startswith("Yes: of 100 random subsets of 10 % of the weights, utility has a mean of 0.500")
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
    table = sizes(0.1, number)
    noisy = (table["seed"] == 0) & (table["ablation"] == "number") & (table["size"] == 0.25)
    table.loc[noisy, "mean"] += 0.001  # the seeds' own offsets cancel
    found = answer("in proportion to their size", utility_sizes_summary=table)
    assert found["answer"].startswith(f"{word}: ")
    assert (found["ratio"], found["number"]) == pytest.approx((0.1, number), abs=0.001)
    assert found["smallest"] == 0.25


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
    assert found["barrier_high"] == pytest.approx(height + 0.1 + 0.1 * HALF)
    assert found["between_seeds"] == 60.0
    assert "between pretrained seeds it is 60.0 points" in found["answer"]
    if word == "Not decided":  # its mean is the tolerance itself
        assert found["would_decide"].startswith("no number of seeds")


@pytest.mark.parametrize(
    ("excess", "small", "word", "decisive"),
    [
        (47.0, math.nan, "No, it is not as good a minimum", "excess"),
        (47.0, 2.0, "No, it has collapsed", "excess"),
        (47.0, 48.0, "No, it is not as good a minimum", "excess"),  # as bad as a small one
        (1.9, math.nan, "Not decided", "excess"),
        (-5.0, math.nan, "Yes", "barrier"),
        (1.0, 0.5, "Yes", "excess_small"),
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
    assert answer("basin", barriers=table)["outcome"] == "not decided"


def test_sizes_are_compared_at_the_levels_that_both_ways_have() -> None:
    table = sizes(0.1, 0.5)
    table.loc[table["level"] == 0.1, "mean"] *= 10
    gone = (table["level"] == 0.1) & (table["ablation"] == "number") & (table["size"] == 0.25)
    found = answer("in proportion to their size", utility_sizes_summary=table[~gone])
    assert (found["ratio"], found["number"]) == pytest.approx((0.1, 0.5))
    assert "means over the levels of both ways" in found["answer"]
    without = table[~((table["ablation"] == "number") & (table["size"] == 0.25))]
    assert not any("in proportion" in question for question in answers(utility_sizes_summary=without))


def test_small_networks_and_correlations() -> None:
    found = answer("cycles of weight pruning and learning-rate rewinding, at 49 % of the weights")
    assert "89.0 % against 88.0 % of validation images, +1.0 points [-1.5, 3.5]" in found["answer"]
    assert found["decided"] == "open"
    assert answer("With 25 % pruned, is")["gain"] == pytest.approx(2.0)
    channels = answer("of single channels", rank_correlations=correlations(-0.8))
    assert channels["answer"].startswith("No: Spearman's rank correlation is -0.79 [")


def test_experiments_that_were_not_made_are_not_spoken_of() -> None:
    only = {"utility_epochs_summary": epochs(5.0)}
    found = stated(only, models=(MODEL, "other"))
    assert len(found.of(MODEL)) == 4
    assert list(found.models) == [MODEL, "other"]
    assert found.of("other") == []
    once = epochs(5.0).query("epoch == 10")
    assert len(stated({"utility_epochs_summary": once}).claims) == 1


def test_published_differences_stand_beside_the_same_schedules() -> None:
    """By hand from Tables 1 and 2 of the utility paper, whose fine-tuned networks have no small one beside."""
    found = {claim.id: claim for claim in stated(tables()).claims}
    weights = found[f"mechanism.better_than_small_after_cycles.weight_pruning_learning-rate_rewinding.{MODEL}"]
    assert weights.published == pytest.approx(91.897 - 89.290)
    assert weights.published_in.endswith("Table 1")
    assert found[f"mechanism.better_than_small.25_pruned_at_once.{MODEL}"].published == pytest.approx(92.43 - 91.14)
    settings = {"question": STUDY.question, "models": [MODEL], "tolerance": 2.0, "data": "digits", "seeds": [0]}
    other = claims(tables(), settings)
    assert {claim.published for claim in other.claims} == {None}
