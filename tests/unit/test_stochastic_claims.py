"""The claims of the study `stochastic`, from results made by hand; and how often they are wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from claim_checks import check_claims, seen
from prunescape.claims.asking import Asking, Levels
from prunescape.claims.claim import About
from prunescape.claims.page import text_of
from prunescape.claims.study import StudyClaims
from prunescape.stochastic import claims as module
from prunescape.stochastic.confirming import Confirming
from prunescape.stochastic.gain_claims import BEST_NOISE, EVERYWHERE, WINS, WINS_RECALIBRATED, of_cell
from prunescape.stochastic.statistics import choose_cells, guessing_accuracy
from prunescape.stochastic.tuning_claims import OF_BATCH_NORM
from stochastic_results import (
    CELL,
    GUESSING,
    MODEL,
    SEEDS,
    accuracies,
    fronts,
    gain_of,
    progress,
    scatter,
    stated,
    tables,
)

SEARCHED = "Does a search for the largest gain (F2) find one?"
CHOSEN = {MODEL: {**CELL, "source": "grid", "of": {"magnitude": CELL, "lamp": CELL, "recalibrated": CELL}}}
MANY = range(12)


@pytest.fixture(autouse=True)
def guessing(monkeypatch) -> None:
    """The accuracy of guessing that the tables were made with."""
    monkeypatch.setattr(module, "guessing_accuracy", lambda classes, images: GUESSING)


def answers(found: StudyClaims) -> dict[str, dict]:
    return seen(found.of(MODEL))


def outcomes(found: StudyClaims) -> dict[str, str]:
    return {claim.id.removesuffix(f".{MODEL}").removeprefix("stochastic."): claim.outcome for claim in found.claims}


@pytest.mark.parametrize(("factor", "word"), [(1.0, "holds"), (-1.0, "does not hold"), (0.0, "does not hold")])
def test_answers_follow_from_the_numbers(factor: float, word: str) -> None:
    found = stated(tables(factor, MANY))
    check_claims(found)
    said = outcomes(found)
    assert said["noise_wins"] == said["noise_wins_over_grid"] == said["structured"] == word
    assert said["noise_wins_with_score.lamp"] == word
    assert said["noise_wins_recalibrated"] == said["outlives_recalibration"] == "does not hold"
    assert said["mask_alone"] == "does not hold"  # whose gain is 0, whatever the factor
    assert said["mask_and_weights_together"] == word
    assert said["dense_keeps_accuracy"] == "holds"
    assert said["most_weights_below_noise"] == said["feature_variance"] == "holds"
    assert said["noise_over_recalibration"] == "does not hold"  # 40 + 14 % against 90 %
    assert said["little_noise_after_fine_tuning.scored_by_lamp"] == "holds"
    assert said["recovery_is_batch_norm"] == "holds"
    at_rates = word if factor else "not decided"  # as both are zero, and alike
    assert said["noise_costs_at_mild_rate"] == said["gain_grows_with_rate"] == at_rates
    assert said["front_has_gain"] == "holds"


def test_what_is_said_of_causes() -> None:
    """V by channels is higher with noise and V itself nearer to 1; swaps, overlaps and barriers as they were made."""
    found = stated(tables(1.0, MANY))
    said, numbers = outcomes(found), answers(found)
    assert said["lower_feature_variance"] == "does not hold"  # 0.76 and 0.86
    other = ["", "_over_clean", "_collapses", "_same_after_fine_tuning"]
    assert {said[f"feature_variance{name}"] for name in other} == {said["noise_lowers_flow"]} == {"holds"}
    near = numbers["Do mostly weights near the pruning threshold swap?"]
    assert near["effect"] == pytest.approx(np.mean([(22 + of) / (32 + of) for of in (0, 1, 2)]) - 0.5)
    both = np.mean([(100 - part / 2) / (100 + part / 2) for part in (32, 33, 34)])
    assert f"share {100 * both:.0f} % of what either keeps (random ones 5 %)" in near["answer"]
    basin = ["same_basin.one_shot", "same_basin.fine_tuned", "dense_basin"]
    assert [said[name] for name in basin] == ["holds"] * 3
    assert numbers["Are the stochastic and the deterministic network in one basin after fine-tuning?"][
        "effect"
    ] == pytest.approx(0.625)
    apart = tables(1.0, MANY)
    apart["basins"]["error_barrier"] += 20.0
    said = outcomes(stated(apart))
    assert said["same_basin.one_shot"] == said["dense_basin"] == "does not hold"
    worse = tables(1.0, MANY)
    fallen = worse["basins"]["line"] == "dense_stochastic"
    worse["basins"].loc[fallen, "top1_end"] -= 10.0 + 0.1 * worse["basins"]["seed"]
    said = outcomes(stated(worse))
    assert (said["same_basin.fine_tuned"], said["dense_basin"]) == ("holds", "does not hold")


def test_networks_in_which_no_weight_swaps_say_nothing_of_where_they_would() -> None:
    question = "Do mostly weights near the pruning threshold swap?"
    made = tables(1.0, MANY)
    some = tables(1.0, MANY)
    some["swaps"].loc[some["swaps"]["seed"] % 3 == 0, "swapped"] = 0
    rest = tables(1.0, [seed for seed in MANY if seed % 3])
    near, full, fewer = (answers(stated(given))[question] for given in (some, made, rest))
    assert near["effect"] == fewer["effect"] != full["effect"]
    assert f"in {len(MANY) // 3} of {len(MANY)} networks none swaps" in near["answer"]
    some["swaps"]["swapped"] = 0
    found = stated(some)
    check_claims(found)
    assert outcomes(found)["swaps_near_threshold"] == "not decided"
    assert "there is no share" in answers(found)[question]["answer"]


def test_scores_are_compared_at_one_pruning_rate() -> None:
    made = tables(1.0, MANY)
    tuned = made["fine_tuning"]
    plain = tuned[(tuned["kind"] == "deterministic") & (tuned["method"] == "magnitude")]
    wiggle = 0.1 * (plain["seed"] % 3)
    of_grasp = plain.assign(method="grasp", top1=20.0 + wiggle, one_shot_top1=10.0 + wiggle)
    of_grasp = of_grasp.assign(one_shot_gradient_norm=3000.0 + plain["seed"])
    noisy = tuned[(tuned["kind"] == "stochastic") & (tuned["method"] == "magnitude")].assign(method="grasp", top1=20.0)
    elsewhere = plain.assign(method="lamp", gamma=0.5, top1=99.0)  # which is no match
    plain_lamp = (tuned["kind"] == "deterministic") & (tuned["method"] == "lamp")
    tuned.loc[plain_lamp, "top1"] += 3.0 + tuned["seed"].map(scatter)
    made["fine_tuning"] = pd.concat([tuned, of_grasp, noisy, elsewhere], ignore_index=True)
    said, numbers = outcomes(stated(made)), answers(stated(made))
    assert (
        said["lamp_is_better"]
        == said["grasp_is_worse"]
        == said["grasp_raises_flow"]
        == said["grasp_guesses"]
        == "holds"
    )
    assert numbers["Is LAMP better than magnitude after fine-tuning, without noise?"]["effect"] == pytest.approx(3.0)
    raised = numbers["Is gradient flow orders of magnitude larger with GraSP than by magnitude?"]["effect"]
    assert raised == pytest.approx(np.log10(3005.5 / 11.5**0.5) - 1, abs=1e-3)


def test_words_and_numbers_of_the_main_claim() -> None:
    found = answers(stated(tables()))[WINS.text]
    assert "stochastic pruning has 53.0 %, deterministic 40.0 %, a gain of +13.0 points" in found["answer"]
    assert "Power for 1.5 points above it with 3 seeds" in found["answer"]
    assert (found["published"], found["published_in"][-7:]) == (51.9, "Table I")
    assert found["data"] == "cifar10, seeds 0, 1, 2; 3 fresh networks"
    three = ["magnitude after", "lamp after"]
    assert len(three) == 2
    tuned = {claim.id: claim for claim in stated(tables()).claims}[
        f"stochastic.after_fine_tuning.scored_by_lamp.{MODEL}"
    ]
    assert (tuned.published, tuned.published_in[-8:]) == (-0.9, "Table II")
    assert all(claim.published is None for claim in stated(tables(), data="digits").claims)
    assert "Chosen setting: gamma 0.9, sigma 0.005 (the grid's" in stated(tables(), CHOSEN).models[MODEL]
    assert "In short:" in text_of(stated(tables()))


def test_no_is_said_only_where_the_margin_is_ruled_out() -> None:
    """A mean below zero with a wide interval decides nothing; one below the margin, surely, is a no."""
    wide = tables(0.0)
    hurt = (wide["confirmed"]["kind"] == "stochastic") & (wide["confirmed"]["seed"] < 2)
    wide["confirmed"].loc[hurt, "top1"] -= 9.0
    found = outcomes(stated(wide))
    assert found["noise_wins"] == found["noise_wins_over_grid"] == "not decided"
    assert outcomes(stated(tables(0.0)))["noise_wins"] == "does not hold"


def at_chance(table: pd.DataFrame) -> pd.DataFrame:
    """The table with pruned networks of 10 to 14 %, of which noise has the less."""
    pruned, noisy = table["kind"].isin(["deterministic", "stochastic"]), table["kind"] == "stochastic"
    low = 13.0 - (2.0 + table["seed"].map(scatter)) * noisy
    return table.assign(top1=table["top1"].where(~(pruned & ~table["recalibrated"]), low))


def test_where_all_guess_nothing_is_decided() -> None:
    """Noise cannot lose what is not there: a sure loss from 13 to 11 % is none."""
    made = tables(1.0, MANY)
    made["confirmed"], made["confirmed_structured"] = (
        at_chance(made["confirmed"]),
        at_chance(made["confirmed_structured"]),
    )
    found = stated(made)
    check_claims(found)
    said, told = outcomes(found), answers(found)[WINS.text]
    for name in ("noise_wins", "noise_wins_over_grid", "noise_wins_with_score.lamp", "nearly_every_draw", "structured"):
        assert said[name] == "not decided"
    assert "15 % and less count as chance" in told["would_decide"]
    assert "Power" not in told["answer"]
    assert said["noise_wins_recalibrated"] == said["noise_over_recalibration"] == "does not hold"  # of 90 %
    one = tables(1.0, MANY)
    guessing = one["confirmed"]["gamma"] == 0.8  # one of the two cells
    one["confirmed"] = at_chance(one["confirmed"]).where(guessing, one["confirmed"])
    found = stated(one)
    assert outcomes(found)["noise_wins_over_grid"] == outcomes(found)["noise_wins"] == "holds"
    assert "in 1 of 2 cells all networks guess" in answers(found)[EVERYWHERE.text]["answer"]
    above = tables(1.0, MANY)
    above["confirmed"] = at_chance(above["confirmed"])
    noisy = (above["confirmed"]["kind"] == "stochastic") & ~above["confirmed"]["recalibrated"]
    above["confirmed"].loc[noisy, "top1"] += 20.0
    assert outcomes(stated(above))["noise_wins"] == "holds"  # which takes networks from chance to 31 %


def test_one_pruning_rate_is_not_compared_with_itself() -> None:
    made = tables(1.0, MANY)
    asked = {"noise_costs_at_mild_rate", "gain_grows_with_rate"}
    assert asked <= set(outcomes(stated(made)))
    made["transfer"] = made["transfer"][made["transfer"]["gamma"] == 0.9]
    said = outcomes(stated(made))
    assert not asked & set(said)
    assert said["mask_and_weights_together"] == "holds"


def test_the_best_noise_lies_between_others() -> None:
    made = tables(1.0, MANY)
    assert outcomes(stated(made))["best_noise"] == "cannot be asked here"  # of a single noise
    others = [accuracies(0.9, {"stochastic": 0.5}, sigma=sigma, seeds=MANY) for sigma in (0.001, 0.01)]
    made["confirmed"] = pd.concat([made["confirmed"], *(table[table["sigma"] > 0] for table in others)])
    found = stated(made)
    check_claims(found)
    claim = answers(found)[BEST_NOISE.text]
    assert claim["outcome"] == "holds"
    assert claim["effect"] == pytest.approx(np.mean([gain_of(seed) for seed in MANY]) / 2)
    worse = made["confirmed"]["sigma"] == 0.01
    made["confirmed"].loc[worse & ~made["confirmed"]["recalibrated"], "top1"] += 20.0
    assert outcomes(stated(made))["best_noise"] == "does not hold"


def test_fine_tuning_and_its_control_both_have_live_batch_norm() -> None:
    """Frozen fine-tuning ends below the control; with live batch norm it recovers twice as much as that."""
    made = tables(1.0, MANY)
    plain = made["fine_tuning"]["kind"] == "deterministic"
    start = made["fine_tuning"]["one_shot_top1"]
    wiggle = made["fine_tuning"]["seed"].map(scatter)
    made["fine_tuning"] = made["fine_tuning"].assign(
        control_top1=start + 19.0, live_top1=start + 50.0 + wiggle, top1=np.where(plain, start + 10.0, start)
    )
    found = answers(stated(made))[OF_BATCH_NORM.text]
    assert found["outcome"] == "does not hold"
    assert found["effect"] == pytest.approx(19.0 - 25.0)
    assert "38 % of the recovery" in found["answer"]


def test_an_exploring_network_that_collapsed_blocks_searches() -> None:
    made = tables(1.0, MANY)
    made["sweep"].loc[(made["sweep"]["kind"] == "dense") & (made["sweep"]["seed"] == 1), "top1"] = 10.0
    said = outcomes(stated(made))
    assert said["search_finds_gain"] == said["front_has_gain"] == "not decided"
    assert said["noise_wins"] == "holds"


def test_the_level_is_split_over_all_answers_and_shrinks_with_generations() -> None:
    first = stated(tables())
    asked = [claim for claim in first.claims if claim.outcome != "cannot be asked here"]
    levels = [(1 - claim.level) / 2 for claim in asked]
    core = [level for level, claim in zip(levels, asked, strict=True) if claim.numbers["core"]]
    assert [claim.key for claim in asked if claim.numbers["core"]] == [
        *("noise_wins", "noise_wins_recalibrated", "after_fine_tuning")
    ]
    assert sum(core) == pytest.approx(0.8 * 0.8 * 0.05)  # of the first generation
    whole = [level * (2 if "over_grid" in claim.id else 1) for level, claim in zip(levels, asked, strict=True)]
    assert sum(whole) == pytest.approx(0.8 * 0.05, rel=0.1)
    second = [(1 - claim.level) / 2 for claim in stated(tables(), generation=2).claims if claim.level is not None]
    assert second == pytest.approx([level / 8 for level in levels])


def test_a_network_that_collapsed_blocks_what_its_like_confirm() -> None:
    made = tables(1.0, MANY)
    dense = made["confirmed"]["kind"] == "dense"
    made["confirmed"].loc[dense & (made["confirmed"]["seed"] == 5), "top1"] = 10.0
    found = stated(made)
    check_claims(found)
    said = outcomes(found)
    assert said["noise_wins"] == said["after_fine_tuning.scored_by_magnitude"] == "not decided"
    assert "the dense network of seed 5" in answers(found)[WINS.text]["would_decide"]
    assert said["search_finds_gain"] == "holds"  # which those that explore confirm
    made = tables(1.0, MANY)
    made["fine_tuning"].loc[3, "diverged"] = True
    said = outcomes(stated(made))
    assert (said["noise_wins"], said["after_fine_tuning.scored_by_lamp"]) == ("holds", "not decided")


def test_where_the_search_found_nothing_it_gained_nothing() -> None:
    three = fronts()
    best = three["best"] & (three["algorithm"] == "nsga2")
    three.loc[best, ["gamma", "sigma", "delta", "delta_recalibrated", "fitness_sp", "objective_2"]] = [
        [0.817, 0.093, 15.6, -27.0, 60.0, 12.7],
        [0.923, 0.044, 0.1, 0.0, 10.0, 0.0],
        [0.882, 0.029, 2.4, -0.3, 60.0, 1.9],
    ]
    finding = answers(stated(tables() | {"fronts": three}))[SEARCHED]
    assert "seed 0, gamma 0.82, sigma 0.093, +15.6 points (-27.0 recalibrated)" in finding["answer"]
    assert "seed 1, nothing" in finding["answer"]
    assert finding["effect"] == pytest.approx((15.6 + 0 + 2.4) / 3)
    assert "recalibrated -9.1 points" in finding["answer"]
    assert [row["found"] for row in finding["candidates"]] == [True, False, True]
    nothing = answers(stated(tables() | {"fronts": three.assign(objective_2=-1.0)}))[SEARCHED]
    assert (nothing["effect"], nothing["outcome"]) == (0.0, "not decided")  # of three zeros
    assert SEARCHED not in answers(stated(tables() | {"fronts": three.query("algorithm == 'random'")}))


def test_algorithms_are_compared_by_means_over_search_seeds() -> None:
    """Two searches a network: the second of NSGA-II ends 0.5 higher, so that the mean of both gains half of that."""
    three = progress()
    second = three.assign(search_seed=1)
    second.loc[second["algorithm"] == "nsga2", "hypervolume"] += 0.5
    asked = "Is NSGA-II better than random search of the same budget, for objectives F1?"
    one, two = (
        answers(stated(tables() | {"search_progress": table}))[asked]
        for table in (three, pd.concat([three, second], ignore_index=True))
    )
    assert (one["seeds"], two["seeds"]) == (3, 3)
    assert two["effect"] - one["effect"] == pytest.approx(0.25)


def test_guessing_reaches_this_accuracy_one_time_in_twenty() -> None:
    reached = guessing_accuracy(10, 100)
    assert reached == 15.0
    assert binom.sf(15, 100, 0.1) <= 0.05 < binom.sf(14, 100, 0.1)
    assert guessing_accuracy(10, 5000) == pytest.approx(10.7, abs=0.1)


def test_a_network_without_batch_norm_is_not_recalibrated() -> None:
    given = tables()
    plain = given["confirmed"][~given["confirmed"]["recalibrated"]]
    given["confirmed"] = plain
    given["controls"] = given["controls"][~given["controls"]["recalibrated"]]
    found = outcomes(stated(given))
    assert not [name for name in found if "recalibra" in name or "batch_norm" in name]
    assert "noise_wins" in found


# How often answers are wrong


def test_a_choice_among_cells_is_confirmed_on_networks_that_did_not_make_it() -> None:
    """The gain of the best cell has no winner's curse on fresh seeds; on those that chose it it has."""
    rng = np.random.default_rng(0)
    reused, fresh, typical = [], [], []
    for _ in range(10):
        parts = [accuracies(gamma, {"stochastic": 0.0}, seeds=range(6)) for gamma in np.linspace(0.5, 0.95, 8)]
        table = pd.concat(parts, ignore_index=True)
        table.loc[table["kind"] == "stochastic", "top1"] += rng.normal(0, 3, (table["kind"] == "stochastic").sum())
        chosen = choose_cells(table[table["seed"] < 3], 0.0)
        gains = of_cell(table, chosen["gamma"], chosen["sigma"])["delta"]
        typical.append(np.mean([of_cell(table, gamma, 0.005)["delta"].mean() for gamma in table["gamma"].unique()]))
        reused.append(gains[gains.index < 3].mean())
        fresh.append(gains[gains.index >= 3].mean())
    assert np.mean(reused) > np.mean(typical) + 1.0
    assert np.mean(fresh) == pytest.approx(np.mean(typical), abs=1.0)


ABOUT = About("stochastic", "m", "digits")
RUNS, LEVEL, ERROR = 1000, 0.05, 3.5 * np.sqrt(0.05 * 0.95 / 1000)


def decisions(rng: np.random.Generator, seeds: int, gain: float, draws: int = 5) -> dict[str, float]:
    """How often a gain of some size is said to be one, and to be none; of draws that scatter within networks, too."""
    confirming = Confirming(Asking(ABOUT, LEVEL, LEVEL), 0.5)
    found = {"holds": 0.0, "does not hold": 0.0, "not decided": 0.0}
    networks = gain + rng.normal(0, 1.0, (RUNS, seeds, 1))
    medians = np.median(networks + rng.normal(0, 2.0, (RUNS, seeds, draws)), axis=2)
    for values in medians:
        row = confirming.asking.row(WINS, "gain", pd.Series(values), core=True)
        found["holds"] += (row["gain_low"] > 0.5) / RUNS
        found["does not hold"] += (row["gain_high"] < 0.5) / RUNS
    return found


@pytest.fixture
def without_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power takes longer than all else."""
    monkeypatch.setattr("prunescape.claims.asking.power_of", lambda *given: 1.0)
    monkeypatch.setattr("prunescape.claims.asking.seeds_needed", lambda *given: 1)


@pytest.mark.usefixtures("without_power")
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_answers_are_wrong_as_often_as_the_level_says_at_the_margin(seeds: int) -> None:
    """A gain that is just the margin is said to be more, or less, each at the level; one of nothing hardly ever."""
    rng = np.random.default_rng(seeds)
    at_margin = decisions(rng, seeds, 0.5)
    assert at_margin["holds"] == pytest.approx(LEVEL, abs=ERROR)
    assert at_margin["does not hold"] == pytest.approx(LEVEL, abs=ERROR)
    assert decisions(rng, seeds, 0.0)["holds"] <= LEVEL + ERROR


@pytest.mark.usefixtures("without_power")
def test_a_gain_in_every_cell_is_claimed_by_mistake_no_more_than_the_level() -> None:
    """One cell gains just the margin, the other much: "yes" at the level; and "no" where both gain just the margin."""
    rng, confirming = np.random.default_rng(5), Confirming(Asking(ABOUT, LEVEL, LEVEL), 0.5)

    def said(*gains: float) -> list[str]:
        drawn = np.array(gains) + rng.normal(0, 1.0, (300, 5, len(gains)))
        return [confirming.every(EVERYWHERE, pd.DataFrame(values), "{}").outcome for values in drawn]

    bound = LEVEL + 3.5 * np.sqrt(LEVEL * (1 - LEVEL) / 300)
    assert np.mean([one == "holds" for one in said(0.5, 9.0)]) <= bound
    assert np.mean([one == "does not hold" for one in said(0.5, 0.5)]) <= bound
    assert {*said(9.0, 9.0)} == {"holds"}


def test_one_seed_and_levels() -> None:
    alone = stated(tables(1.0, SEEDS[:1]))
    assert {claim.outcome for claim in check_claims(alone)} == {"not decided"}
    assert {claim.outcome for claim in alone.claims} == {"not decided", "cannot be asked here"}
    assert Levels(0.05, 0, 4).asking(ABOUT).other == pytest.approx(0.0125)
    assert WINS_RECALIBRATED.quantity.endswith("smallest effect of interest 1.5 points above it")
