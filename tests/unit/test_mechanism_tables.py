"""Tables and claims of the study mechanism, from tables made by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from claim_checks import WORDS, check_claims, disturbed, seen
from prunescape.claims.page import claims_page
from prunescape.claims.study import StudyClaims
from prunescape.claims.words import text_of
from prunescape.mechanism.claims import claims
from prunescape.mechanism.tables import published, table_1, table_2
from prunescape.studies.mechanism import STUDY

MODEL = "resnet20"
SEEDS = (0, 1, 2)
OFFSETS = {0: -0.01, 1: 0.0, 2: 0.01}  # of a seed, in nats
HALF = 4.302653 / math.sqrt(3)  # of a 95 % interval over three seeds, in their standard deviation
LEVELS = (0.05, 0.1)


def summary(seed: int, level: float, mean: float, **labels: object) -> dict[str, object]:
    """A row of `summarise`: imbalance, minimum and maximum in proportion to the mean."""
    accuracies = {"whole_top1": 99.0, "top1": 60.0, "top1_minimum": 20.0, "top1_maximum": 95.0}
    utility = {"imbalance": 0.5 * mean, "mean": mean, "minimum": 0.2 * mean, "maximum": 2 * mean}
    return {"model": MODEL, "seed": seed, "level": level, "subsets": 100, **labels, **utility, **accuracies}


def epochs(factor: float) -> pd.DataFrame:
    """Mean utility at level 0.1 goes from 0.1 to 0.1 `factor` nats."""
    means = {0: 0.1, 10: 0.1 * factor}
    return pd.DataFrame(
        [
            summary(seed, level, level / 0.1 * mean + OFFSETS[seed] * (epoch > 0), epoch=epoch, ablation="ratio")
            for seed in SEEDS
            for epoch, mean in means.items()
            for level in LEVELS
        ]
    )


def sizes(by_ratio: float, by_number: float) -> pd.DataFrame:
    """The small network's mean utility is so much more than the whole one's, 1 nat."""
    more = {"ratio": by_ratio, "number": by_number}
    return pd.DataFrame(
        [
            summary(seed, level, 1.0 + (size < 1) * (more[ablation] + OFFSETS[seed]), size=size, ablation=ablation)
            for seed in SEEDS
            for size in (1.0, 0.5, 0.25)
            for ablation in more
            for level in LEVELS
        ]
    )


def pruned(**means: float) -> pd.DataFrame:
    return pd.DataFrame(
        [
            summary(seed, level, mean + OFFSETS[seed] * (network == "small"), pruning_ratio=0.5, network=network)
            for seed in SEEDS
            for network, mean in means.items()
            for level in LEVELS
        ]
    )


def retrained(gain: float) -> pd.DataFrame:
    rows = [
        (seed, ratio, network, 1 - ratio, 90.0 + (gain + seed if network == "pruned_retrained" else 0.0), 0.01)
        for seed in SEEDS
        for ratio in (0.5, 0.25)
        for network in ("pruned_retrained", "small")
    ]
    columns = ["seed", "pruning_ratio", "network", "density", "top1", "train_loss"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL)


def cycles(small: str = "last") -> pd.DataFrame:
    beside = {1: 88.0 if small == "every" else np.nan, 2: 88.0}
    rows = [
        (seed, pruning, retraining, cycle, 0.7**cycle, 90.0 - cycle + seed, beside[cycle])
        for seed in SEEDS
        for pruning in ("weights", "channels")
        for retraining in ("fine_tuning", "rewinding")
        for cycle in (1, 2)
    ]
    columns = ["seed", "pruning", "retraining", "cycle", "density", "top1", "small_top1"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL)


def barriers(
    height: float, seeds: tuple[int, ...] = SEEDS, excess: float = 0.0, small: float = math.nan
) -> pd.DataFrame:
    """Of the last cycle of weights; other cycles, and the loss, are far off. All of W* have an error of 1 %."""
    rows = [
        (seed, "pruned_retrained", "weights", "rewinding", cycle, np.nan, measure, height + 0.1 * seed)
        for seed in seeds
        for cycle in (1, 2)
        for measure in ("error", "loss")
    ]
    rows += [
        (seed, "seeds", np.nan, np.nan, np.nan, other, "error", 60.0) for seed in seeds for other in seeds[seed + 1 :]
    ]
    columns = ["seed", "what", "pruning", "retraining", "cycle", "seed_to", "measure", "barrier"]
    table = pd.DataFrame(rows, columns=columns).assign(model=MODEL)
    off = (table["cycle"] == 1) | (table["measure"] == "loss")
    end = 1 + excess + 0.1 * table["seed"] * (excess != 0)
    return table.assign(barrier=table["barrier"].where(~off, 1000.0), start=1.0, end=end, small=small)


def correlations(value: float) -> pd.DataFrame:
    rows = [
        (seed, of, level, value + 0.01 * seed)
        for seed in SEEDS
        for of, level in (("subsets", 0.05), ("subsets", 0.1), ("channels", np.nan))
    ]
    return pd.DataFrame(rows, columns=["seed", "of", "level", "correlation"]).assign(model=MODEL)


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {
        "utility_epochs_summary": epochs(5.0),
        "utility_sizes_summary": sizes(0.1, 0.5),
        "utility_pruned_summary": pruned(pretrained=1.0, pruned_retrained=1.1, small=2.0),
        "retrained": retrained(1.0),
        "cycles": cycles(),
        "barriers": barriers(1.0),
        "rank_correlations": correlations(0.8),
    } | changes


def answers(tolerance: float = 2.0, **changes: pd.DataFrame) -> dict[str, dict]:
    return seen(stated(tables(**changes), tolerance).of(MODEL))


def stated(given: dict[str, pd.DataFrame], tolerance: float = 2.0, models: tuple[str, ...] = (MODEL,)) -> StudyClaims:
    settings = {"question": STUDY.question, "models": list(models), "tolerance": tolerance}
    return claims(given, {**settings, "data": "cifar10", "seeds": [0, 1, 2]})


def answer(words: str, **changes: pd.DataFrame) -> dict:
    (found,) = [claim for question, claim in answers(**changes).items() if words in question]
    return found


def test_published_tables_are_the_papers() -> None:
    one, two = published(1, "cifar10"), published(2, "cifar10")
    assert one.set_index(["pruning", "retraining"]).loc[("channels", "rewinding"), "small_top1"] == 88.020
    assert one["small_top1"].isna().sum() == 2  # fine-tuning has none
    assert (two["top1"].min(), two["top1"].max(), len(two)) == (89.17, 92.43, 6)
    assert published(1, "digits").empty


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


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.5, 20.0])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_answer_follows_from_its_interval(count: int, spread: float) -> None:
    study = {name: table[table["seed"] < count] for name, table in tables().items() if "seed" in table}
    study["barriers"] = barriers(1.0, SEEDS[:count])
    names = ("top1", "mean", "imbalance", "minimum", "correlation")
    study = {name: disturbed(table, spread, 0, *names) for name, table in study.items()}
    for tolerance in (0.0, 2.0, 100.0):
        tested = check_claims(stated(study, tolerance))
        assert len(tested) > 10
        assert count > 1 or {claim.outcome for claim in tested} == {"not decided"}


def test_one_seed_is_said_to_have_no_interval() -> None:
    alone = {name: table[table["seed"] == 0] for name, table in tables().items()}
    alone["barriers"] = barriers(1.0, (0,))
    found = stated(alone)
    text = text_of(found)
    assert "(one seed, no interval)" in text
    assert "nan" not in text
    assert "Yes" not in text
    assert "ratios the interval is above zero" not in text
    json.dumps(found.to_json())


def test_experiments_that_were_not_made_are_not_spoken_of() -> None:
    only = {"utility_epochs_summary": epochs(5.0)}
    found = stated(only, models=(MODEL, "other"))
    assert len(found.of(MODEL)) == 4
    assert list(found.models) == [MODEL, "other"]
    assert found.of("other") == []
    once = epochs(5.0).query("epoch == 10")
    assert len(stated({"utility_epochs_summary": once}).claims) == 1


def test_text_and_page_say_the_same() -> None:
    found = stated(tables())
    text, page = text_of(found), claims_page(found)
    questions = answers()
    assert len(questions) == 15
    for question, claim in questions.items():
        assert f"- {question} {claim['answer']}" in text
        assert question in page.replace("&#39;", "'")
    assert "http:" not in page
    assert "https:" not in page


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
