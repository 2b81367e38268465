"""Claims of the study `coherence`, from tables made by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, spearmanr

import coherence_table_samples as samples
from coherence_table_samples import answer, answers, stated
from prunescape.coherence.by_size import turns
from prunescape.coherence.claims import MLP, highest_coherence
from prunescape.coherence.diff_spread import mean_magnitude, of_network
from prunescape.coherence.growth import slopes
from prunescape.coherence.timing_claims import good_enough, settled_epoch

MODEL = samples.MODEL
HALF = 4.302653 / math.sqrt(3)  # of a 95 % interval over three seeds, in their standard deviation


# Coherence and diffs


def coherence(real: float, noise: float, trained: float) -> pd.DataFrame:
    """Highest coherence of each run; before training it is 0.9 everywhere."""
    level = {("real", "fresh"): real, ("gaussian", "fresh"): noise, ("gaussian", "trained"): trained}
    rows = [
        (MODEL, seed, data, start, epoch, 100.0, value)
        for seed in range(3)
        for (data, start), peak in level.items()
        for epoch, value in enumerate((0.9, peak / 2, peak + 0.001 * seed * (data == "real"), np.nan, peak / 9))
    ]
    table = pd.DataFrame(rows, columns=["model", "seed", "data", "start", "epoch", "train_top1", "coherence"])
    return table.assign(coherence_by_chance=0.002, diff_size=np.nan, diff_size_by_chance=np.nan)


@pytest.mark.parametrize(("noise", "word"), [(0.05, "Yes"), (0.3, "No"), (0.101, "Not decided")])
def test_coherence_on_real_data_is_compared_at_its_highest_after_an_epoch(noise: float, word: str) -> None:
    found = answer("Is coherence higher on real", epochs=coherence(0.1, noise, 0.01))
    assert found["answer"].startswith(f"{word}: ")
    assert found["more"] == pytest.approx(0.101 - noise)
    assert found["more_high"] == pytest.approx(0.101 - noise + 0.001 * HALF)
    assert "orthogonal gradients have 0.002;" in found["answer"]
    trained = answer("starts from weights", epochs=coherence(0.1, 0.05, noise))
    assert trained["answer"].startswith(f"{word}: ")
    assert (trained["start"], trained["gaussian"]) == ("trained", pytest.approx(noise))


def test_coherence_before_training_and_where_it_is_unknown_does_not_count() -> None:
    peaks = highest_coherence(coherence(0.1, 0.05, 0.01), "real", "fresh")
    assert peaks.tolist() == pytest.approx([0.1, 0.101, 0.102])
    only_before = coherence(0.1, 0.05, 0.01).query("epoch == 0")
    assert answers(epochs=only_before) == {}
    real = coherence(0.1, 0.05, 0.01).query("data == 'real'")
    assert [row["id"].split(".")[1] for row in answers(epochs=real).values()] == ["coherence_peaks_early"]


def diffs(chance: float = 0.0, **sizes: float) -> pd.DataFrame:
    """epochs.csv with mean sizes of diffs, by data and which, as `real_highest=0.25`.

    Random signs give `chance`, and `chance` / 2 after the epoch of the highest coherence, and sizes include it.
    """
    rows = []
    for seed in range(3):
        for key, size in sizes.items():
            data, which = key.split("_")
            epoch, level, random = (2, 0.1, chance / 2) if which == "highest" else (5, 0.01, chance)
            scatter = {"highest": 0.01, "lowest": 0.009}[which] + 0.002 * (data == "gaussian")
            middle = size + 0.01 + scatter * (seed - 1) + random
            rows += [
                (MODEL, seed, data, "fresh", epoch, 99.0, level, middle, random),
                (MODEL, seed, data, "fresh", epoch + 1, 99.0, 0.05, 0.99, random),  # neither highest nor lowest
                (MODEL, seed, data, "fresh", 0, 9.0, 0.9, 0.98, random),  # before training
            ]
    names = "model seed data start epoch train_top1 coherence diff_size diff_size_by_chance"
    return pd.DataFrame(rows, columns=names.split()).assign(coherence_by_chance=0.002)


def histogram(size: float, layers: tuple[tuple[str, int, int], ...] = (("conv", 0, 40), ("linear", 1, 10))):
    """diff_histogram.csv of three seeds, whose diffs all have one size."""
    rows = [
        (MODEL, seed, "real", "fresh", "highest", 5, layer, index, "x", sign * size - 0.005, sign * size + 0.005, count)
        for seed in range(3)
        for layer, index, count in layers
        for sign in (1 if layer == "conv" else -1,)
    ]
    names = "model seed data start which epoch layer layer_index kind low high count"
    return pd.DataFrame(rows, columns=names.split())


def test_mean_magnitude_takes_diffs_to_be_at_the_middle_of_their_bin() -> None:
    values = np.random.default_rng(0).normal(0, 0.2, 5_000).clip(-1, 1)
    edges = np.linspace(-1, 1, 401)
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": np.histogram(values, edges)[0], "seed": 0})
    assert mean_magnitude(table, ["seed"])[0] == pytest.approx(np.abs(values).mean(), abs=5e-4)
    assert np.isnan(mean_magnitude(table.assign(count=0), ["seed"])[0])


def test_a_network_is_its_row_or_else_the_sum_of_its_layers() -> None:
    layers = histogram(0.25)
    assert of_network(layers)["count"].sum() == 150
    whole = layers.assign(layer="all", count=7)
    assert of_network(pd.concat([layers, whole]))["count"].tolist() == [7] * 6


@pytest.mark.parametrize("chance", [0.0, 0.06])
@pytest.mark.parametrize(("lowest", "word"), [(0.05, "Yes"), (0.5, "No")])
def test_diffs_are_compared_beyond_chance_where_coherence_is_high_and_low(
    lowest: float, word: str, chance: float
) -> None:
    table = diffs(chance, real_highest=0.25, real_lowest=lowest, gaussian_highest=0.4, gaussian_lowest=0.4)
    found = answer("high, on real data", epochs=table)
    assert found["answer"].startswith(f"{word}: ")
    assert found["more"] == pytest.approx(0.25 - lowest)
    assert f"{0.26 + chance / 2:.4f} (random signs {chance / 2:.4f}) after the epoch of the highest" in found["answer"]
    assert answer("high, on Gaussian", epochs=table)["more"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("noise", "words", "decided"), [(0.4, "Yes, they are larger", "above"), (0.1, "No, they are smaller", "below")]
)
def test_diffs_on_noise_are_compared_with_those_on_real_data(noise: float, words: str, decided: str) -> None:
    table = diffs(real_highest=0.25, real_lowest=0.1, gaussian_highest=noise, gaussian_lowest=0.1)
    more = table["data"].eq("gaussian") & table["epoch"].eq(2)
    table.loc[more, ["diff_size", "diff_size_by_chance"]] += 0.5  # what random signs give, too, is no diff
    found = answer("as large as on real data", epochs=table)
    assert found["answer"].startswith(f"{words}: ")
    assert (found["more"], found["decided"]) == (pytest.approx(noise - 0.25), decided)


# Width


def test_slopes_are_least_squares_over_doublings() -> None:
    sizes = [64, 128, 512, 4096]
    values = pd.DataFrame([[1.0, 3.0, 2.0, 9.0], [1.0, np.nan, 3.0, 4.0], [np.nan] * 3 + [1.0]], columns=sizes)
    found = slopes(values)
    assert found[0] == pytest.approx(linregress(np.log2(sizes), values.loc[0]).slope)
    assert found[1] == pytest.approx(linregress(np.log2([64, 512, 4096]), [1.0, 3.0, 4.0]).slope)
    assert 2 not in found.index


@pytest.mark.parametrize(("growth", "word"), [(1.0, "Yes"), (-0.5, "No")])
def test_coherence_over_width(growth: float, word: str) -> None:
    table = samples.widths(growth=growth)
    found = answer("highest coherence", MLP, widths=table)
    assert found["answer"].startswith(f"{word}: ")
    peaks = table.query("epoch > 0 and seed == 1").groupby("width")["coherence"].max()
    assert found["slope"] == pytest.approx(linregress(np.log2(peaks.index), peaks).slope)
    assert found["rank_correlation"] == pytest.approx(spearmanr(peaks.index, peaks).statistic)


def test_gap_and_accuracy_over_width_are_those_of_the_last_epoch() -> None:
    table = samples.widths()
    last = table[(table["epoch"] == 20) & (table["seed"] == 0)].set_index("width")
    gap = last["train_top1"] - last["validation_top1"]
    found = answer("generalisation gap grow", MLP, widths=table)
    assert found["slope"] == pytest.approx(linregress(np.log2(gap.index), gap).slope)
    top1 = last["validation_top1"]
    better = answer("validation accuracy grow", MLP, widths=table)
    assert better["slope"] == pytest.approx(linregress(np.log2(top1.index), top1).slope)
    ends = [f"{top1[width] + 0.3:.2f} [{top1[width] + 0.3 - 0.3 * HALF:.2f}, " for width in (64, 2048)]
    assert f"it is {ends[0]}" in better["answer"]
    assert f", {ends[1]}" in better["answer"]
    assert better["by_size"]["2048"] == pytest.approx(top1[2048] + 0.3)


def test_one_width_says_nothing_and_diffs_narrow() -> None:
    assert answers(MLP, widths=samples.widths(of=(64,))) == {}
    table = samples.widths()
    found = answer("Do diffs shrink", MLP, widths=table)
    assert found["answer"].startswith("Yes: ")
    sizes = table[table["seed"].eq(1) & table["epoch"].eq(3)].set_index("width")["diff_size"] - 0.01
    assert found["slope"] == pytest.approx(linregress(np.log2(sizes.index), sizes).slope)
    assert found["rank_correlation"] == pytest.approx(-1)


# All together


def test_absent_tables_are_not_spoken_of() -> None:
    found = stated({"epochs": samples.epochs()}, [MODEL, "other"])
    assert len(found.of(MODEL)) == 10
    assert found.models == {MODEL: "", "other": ""}
    assert found.of("other") == []
    everything = samples.tables()
    for name, table in everything.items():
        assert stated({name: table.iloc[:0]}).claims == []
        json.dumps(stated({name: table}).to_json(), allow_nan=True)


def test_published_differences_stand_beside_the_same_masks() -> None:
    """By hand from Figs. 6.1 and 6.5 of the thesis, ResNet-50 at a density of 0.1."""
    children = samples.network_children()
    sparse = children["score"] != "none"
    children.loc[sparse, "density"] = 0.1
    found = {claim.id: claim.published for claim in stated({"children": children}).claims}
    floor, local = f"global_with_a_floor.{MODEL}", f"local.{MODEL}"
    assert found[f"coherence.masked_over_dense.random_{floor}"] == pytest.approx(91.33 - 89.994)
    assert found[f"coherence.masked_over_dense.random_{local}"] == pytest.approx(89.86 - 91.02)
    assert found[f"coherence.magnitude_over_random.{local}"] == pytest.approx(89.01 - 89.86)
    children.loc[sparse, "density"] = 0.2  # another setting than the thesis'
    assert {claim.published for claim in stated({"children": children}).claims} == {None}


# Masks


def with_gains(gains: dict[int, float], unlearnt: tuple[int, ...] = ()) -> pd.DataFrame:
    """children.csv of `wide`: what a random mask gains at each width, plus 0.1 a seed; its gap is then 20 points."""
    table = samples.mlp_children(masks=(("none", "", 0), ("random", "", 0)), of=tuple(gains))
    masked = table["score"] == "random"
    dense = 40.0 + table["width"] / 100
    table["validation_top1"] = dense + masked * (table["width"].map(gains) + 0.1 * table["seed"])
    table["train_top1"] = np.where(masked, table["validation_top1"] + 20, 90.0)
    table.loc[masked & table["width"].isin(unlearnt), "train_top1"] = 12.0
    return table


def test_masked_mlps_are_compared_by_width_and_decided_at_the_largest() -> None:
    table = with_gains({64: -40.0, 128: -3.0, 256: -1.0, 512: 3.0}, unlearnt=(64,))
    question = "Is a network with a random mask (global) better than a dense one of as many weights, at the largest"
    found = answer(question, MLP, children=table)
    assert (found["gain"], found["outcome"]) == (pytest.approx(3.1), "holds")
    assert found["by_size"] == pytest.approx({"64": -39.9, "128": -2.9, "256": -0.9, "512": 3.1})
    # On a line between -0.9 at 256 and 3.1 at 512, over doublings.
    assert found["turns"] == [pytest.approx(256 * 2 ** (0.9 / 4))]
    assert "at width 512, 48.2 against 45.1 % of validation images, +3.1 points [" in found["answer"]
    assert "the sign turns at about 299." in found["answer"]
    assert "Not learnt, by training accuracy: at width 64 (12 %)." in found["answer"]
    growth = answer("Does the gain of a random mask (global) grow with width", MLP, children=table)
    assert growth["slope"] == pytest.approx(linregress([0, 1, 2], [-3, -1, 3]).slope)  # without the width of 64
    lower = answer(question, MLP, children=with_gains({64: 3.0, 512: -3.0}))
    assert (lower["outcome"], lower["gain"]) == ("does not hold", pytest.approx(-2.9))
    same = answer(question, MLP, children=with_gains({64: 1.0, 2048: 3.0}))["answer"]
    assert "By width: 64: +1.1 [0.9, 1.3], 2,048: +3.1 [2.9, 3.3]; the sign is the same throughout." in same


def test_gaps_are_compared_beside_accuracies_where_networks_learn() -> None:
    question = "gap smaller with a random mask"
    found = answer(question, MLP, children=with_gains({64: -3.0, 512: 3.0}))
    assert found["gain"] == pytest.approx(90 - 45.12 - 20)
    assert "validation accuracy 48.2 against 45.1 % and training accuracy 68.2 against 90.0 %" in found["answer"]
    unlearnt = answer(question, MLP, children=with_gains({64: -3.0, 512: 3.0}, unlearnt=(512,)))
    assert unlearnt["outcome"] == "cannot be asked here"
    assert "at width 512 not both networks have learnt" in unlearnt["answer"]
    assert "Not learnt, by training accuracy: at width 512 (12 %)" in unlearnt["answer"]
    other = answer(question, MLP, children=with_gains({64: -3.0, 512: 3.0}, unlearnt=(64,)))
    assert (other["gain"], other["unlearnt"]) == (pytest.approx(90 - 45.12 - 20), [64])


def test_means_turn_where_a_line_over_doublings_crosses_zero() -> None:
    assert turns(pd.Series({1.0: -1.0, 4.0: 1.0, 16.0: -3.0})) == [pytest.approx(2), pytest.approx(4 * 2**0.5)]
    assert turns(pd.Series({1.0: 1.0, 4.0: np.nan, 16.0: 3.0})) == []


def test_children_of_fixed_size_are_compared_with_the_dense_network_of_their_size() -> None:
    """As they are made: 2, 4, ... times as many parameters; the last does not learn."""
    table = samples.mlp_children("fixed", of=(64, 128, 256, 512))
    dense, diff = table["score"] == "none", table["score"] == "diff"
    table["parameters"] = 100
    table.loc[~dense, "parent_parameters"] = 100 * table["parent_width"] / 64
    table.loc[dense, ["parent_width", "parent_parameters"]] = np.nan
    table["validation_top1"] = 60.0 + table["seed"] * 0.1
    scatter = 0.05 * (table["seed"] - 1) * np.log2(table["parent_width"] / 64)
    table.loc[~dense, "validation_top1"] += table["parent_width"].map({128: 3.0, 256: 1.0, 512: -40.0}) + scatter
    table["train_top1"] = np.where(diff & (table["parent_width"] == 512), 20.0, 95.0)
    found = answer("Is a network with a diff mask (global) of the smallest parent", MLP, children=table)
    assert (found["gain"], found["outcome"]) == (pytest.approx(3.0), "holds")
    assert found["by_size"] == {"2": pytest.approx(3), "4": pytest.approx(1), "8": pytest.approx(-40)}
    assert found["answer"].startswith("Yes: from a parent 2 times as large, 63.1 against 60.1 %")
    assert "Not learnt, by training accuracy: from a parent 8 times as large (20 %)" in found["answer"]
    growth = answer("diff mask (global) of fixed size get better", MLP, children=table)
    assert growth["slope"] == pytest.approx(-2.0)
    assert "left out: at 800 (20 %)" in growth["answer"]
    assert answer("magnitude mask (global) of fixed size get better", MLP, children=table)["slope"] < -15


def test_masked_networks_are_compared_with_the_dense_one_and_each_other() -> None:
    table = samples.network_children()
    assert answer("random mask (local) better than the dense one", children=table)["gain"] == pytest.approx(-1.6)
    broken = answer("Are diff masks better than random ones (global with a floor)", children=table)
    assert (broken["more"], broken["decided"]) == (pytest.approx(12 - 79.4), "below")
    worst = answer("largest magnitudes a better mask than the smallest (local)", children=table)
    assert worst["more"] == pytest.approx(80.6 - 78.9)
    assert "80.6 against 78.9 % of validation images" in worst["answer"]


def test_masked_networks_are_compared_where_no_fully_connected_ones_are_trained() -> None:
    table = samples.network_children()
    own = table.drop(columns=["width", "parent_width", "parent_parameters"])
    assert answers(children=own) == answers(children=table)


def test_masks_are_compared_by_seed() -> None:
    table = samples.network_children(scopes=("local",))
    noisy = (table["score"] == "random") & (table["seed"] > 0)
    table.loc[noisy, "validation_top1"] += table["seed"]  # 79.4 + 0, 1, 2 and the seed's own
    found = answer("Are magnitude masks better than random", children=table)
    assert (found["more"], found["more_high"]) == (pytest.approx(0.2), pytest.approx(0.2 + 1.02 * HALF))
    assert found["answer"].startswith("Not decided: ")


@pytest.mark.parametrize(("sign", "word"), [(1, "Yes"), (-1, "No")])
def test_larger_parents(sign: int, word: str) -> None:
    table = samples.mlp_children("fixed")
    sparse = table["score"] != "none"
    table.loc[sparse, "validation_top1"] = 50 + np.log2(table["parent_parameters"]) * (
        sign + 0.01 * (table["seed"] - 1)
    )
    found = answer("diff mask (global) of fixed size", MLP, children=table)
    assert found["answer"].startswith(f"{word}: ")
    assert found["slope"] == pytest.approx(sign)


# Masks over epochs


def test_a_mask_is_settled_from_the_first_epoch_that_all_later_ones_agree_with() -> None:
    overlap = [0.1, 0.95, 0.5, 0.91, 0.92, 1.0]
    rows = pd.DataFrame({"epoch": [0, 2, 4, 6, 8, 10], "overlap": overlap, "expected": 0.1})
    assert settled_epoch(rows) == 6  # 0.91 is 90 % of what is beyond chance; epoch 2 is not, as 4 falls behind
    assert settled_epoch(rows.sample(frac=1, random_state=0)) == 6
    assert settled_epoch(rows.assign(overlap=[0.1, 0.2, np.nan, 0.2, 0.3, 1.0])) == 10
    assert np.isnan(settled_epoch(rows.assign(overlap=0.5)))


def test_the_magnitude_mask_settles() -> None:
    table = samples.mask_overlap(settled=6.0)
    found = answer("settle", mask_overlap=table)
    own = table[table["score"] == "magnitude"]
    first = own[(own["overlap"] - 0.1) / 0.9 >= 0.9].groupby("seed")["epoch"].min()
    assert first.tolist() == [15, 18, 21]
    assert (found["epoch"], found["before"], found["outcome"]) == (18, pytest.approx(50 - 100 * 18 / 60), "holds")
    assert found["before_high"] == pytest.approx(20 + 5 * HALF)
    assert found["answer"].startswith("Yes: between epoch 12 and 21 of 60, 20 to 35 % of the training; ")
    late = table.assign(overlap=table["overlap"].where(table["epoch"] == table["epoch"].max(), 0.5))
    assert answer("settle", mask_overlap=late)["answer"].startswith("Not decided: not before the end, epoch 60, ")
    other = answer("diff masks of other epochs", mask_overlap=table)
    diff = table[(table["score"] == "diff") & (table["overlap"] < 1)]
    assert other["more"] == pytest.approx(100 * (diff["overlap"].mean() - 0.1))


def interval_of(mean: float, half: float) -> dict[str, float]:
    return {"more": mean, "more_low": mean - half, "more_high": mean + half}


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        ({1: (-4, 0.2), 5: (0.1, 0.2), 9: (-0.1, 0.2)}, (5, "equal")),
        ({1: (-4, 0.2), 5: (1.0, 0.2), 9: (-0.1, 0.2)}, (5, "above")),
        ({1: (-4, 0.2), 5: (1.0, 1.4), 9: (-0.1, 0.2)}, (5, "not below")),  # perhaps better, and not worse
        ({1: (0.0, 0.2), 5: (-3, 0.2), 9: (0.0, 0.2)}, (9, "equal")),
        ({1: (-4, 0.2), 5: (-0.2, 3), 9: (-0.1, 3)}, (5, "open")),
        ({1: (-4, 0.2), 5: (-3, 0.2)}, (5, "below")),
        ({1: (-4, np.nan), 5: (0.0, np.nan)}, (1, "open")),
    ],
)
def test_how_early_is_good_enough(early: dict, expected: tuple[int, str]) -> None:
    rows = {epoch: interval_of(*values) for epoch, values in early.items()}
    assert good_enough(rows, 0.5) == expected


def test_early_masks_are_told_with_the_tolerance() -> None:
    found = answer("early is a diff mask", early_masks=samples.early_masks())
    assert (found["epoch"], found["used_epochs"], found["decided"]) == (9, [60], "equal")
    assert found["answer"].startswith("After epoch 9: ")
    assert "with the one that is used, of epoch 60, 78.7 %" in found["answer"]
    assert "within 0.5 points of the one that is used" in found["question"]
    assert found["saved"] == pytest.approx(100 * (60 - 9) / (60 + 150))
    assert "To stop after 15 % of the parent's training saves 24 % of the epochs" in found["answer"]
    assert " By epoch: " in found["answer"]
    late = answer("early is a diff mask", early_masks=samples.early_masks(good=60))
    assert (late["decided"], late["epoch"]) == ("below", 20)
    assert late["answer"].startswith("Not yet after epoch 20: ")
    assert answers(early_masks=samples.early_masks(at=())) == {}


@pytest.mark.parametrize("score", ["diff", "magnitude"])
def test_early_masks_that_are_alike_are_not_good_enough_where_the_used_one_is_better(score: str) -> None:
    """The last of the early masks is not the one that is used."""
    table = samples.early_masks(at=(1, 2, 3, 5), good=60, used=300)
    table.loc[~table["used"], "validation_top1"] = 60.0
    found = answer(f"early is a {score} mask", early_masks=table)
    assert (found["epoch"], found["outcome"]) == (5, "does not hold")
    assert found["answer"].startswith("Not yet after epoch 5: ")
    for alone in (table[~table["used"]], table[~table["used"]].drop(columns="used")):
        unknown = answer(f"early is a {score} mask", early_masks=alone)
        assert unknown["outcome"] == "cannot be asked here"
        assert unknown["answer"].startswith("Not known: no network has the mask that is used")


def test_early_masks_are_compared_by_seed_with_the_used_ones() -> None:
    table = samples.early_masks(at=(3,), good=3)
    seeds = table["seed"].map({0: 0.0, 1: 5.0, 2: 10.0})
    table["validation_top1"] = 70 + seeds + (0.2 + 0.01 * (table["seed"] - 1)) * table["used"]
    found = answer("early is a magnitude mask", early_masks=table)
    assert (found["more"], found["more_low"], found["decided"]) == (
        pytest.approx(-0.2),
        pytest.approx(-0.2 - 0.01 * HALF),
        "equal",
    )
    lacking = table[~(table["used"] & (table["seed"] == 2))]  # of the other seeds alone
    assert "reach 72.5 %" in answer("early is a magnitude mask", early_masks=lacking)["answer"]


def test_diff_masks_of_later_epochs_than_the_used_one_are_not_early() -> None:
    table = samples.early_masks(at=(1, 3, 9, 20), good=1)
    diff = table["score"] == "diff"
    table.loc[diff & table["used"], "epoch"] = 9 + table["seed"]
    table.loc[diff & (table["epoch"] == 20), "validation_top1"] -= 30
    found = answer("early is a diff mask", early_masks=table)
    assert (found["epoch"], found["used_epochs"], found["outcome"]) == (1, [9, 10, 11], "holds")
    assert "of epochs 9 to 11," in found["answer"]
    table.loc[diff & table["used"], "epoch"] = 1
    assert answer("early is a diff mask", early_masks=table)["outcome"] == "cannot be asked here"


@pytest.mark.parametrize(
    ("gain", "tolerance", "words"),
    [(0.0, 0.6, "Yes: "), (3.0, 0.6, "No: "), (-3.0, 0.6, "Yes, it is better: "), (0.0, 0.1, "Not decided: ")],
)
def test_matched_random_masks(gain: float, tolerance: float, words: str) -> None:
    found = answer("diff, best", tolerance=tolerance, matched=samples.matched(gain=gain))
    assert found["answer"].startswith(words)
    assert (found["more"], found["more_high"]) == (pytest.approx(gain), pytest.approx(gain + 0.2 * HALF))


# What children begin with


def with_initialisations(scaled: dict[float, float], ticket: float) -> pd.DataFrame:
    """Children of larger parents, whose accuracy from scaled weights is so much higher, by the parent's multiple."""
    he = samples.mlp_children("fixed").assign(initialisation="he")
    local = he[(he["scope"] == "local") & (he["end"] != "worst") & (he["score"] != "none")]
    scope = local if len(local) else he[(he["scope"] == "global") & (he["end"] != "worst") & (he["score"] != "none")]
    sizes = (scope["parent_parameters"] / scope["parameters"]).round()
    noise = 0.1 * (scope["seed"] - 1)
    first = scope.assign(initialisation="scaled", validation_top1=scope["validation_top1"] + sizes.map(scaled) + noise)
    second = scope.assign(initialisation="parent", validation_top1=scope["validation_top1"] + ticket + noise)
    return pd.concat([he, first, second], ignore_index=True)


def test_initialisations_are_compared_at_the_largest_parent_and_may_explain_its_collapse() -> None:
    whole = samples.mlp_children("fixed")
    sizes = sorted((whole["parent_parameters"] / whole["parameters"])[whole["score"] != "none"].round().unique())
    gains = dict.fromkeys(sizes, -3.0) | {sizes[-1]: 30.0}
    table = with_initialisations(gains, ticket=-2.0)
    found = answers(MLP, children=table)
    of = {
        key: [row for row in found.values() if f".{key}." in row["id"]] for key in ("scaled_over_he", "ticket_over_he")
    }
    assert {len(rows) for rows in of.values()} == {3}
    for row in of["scaled_over_he"]:
        assert (row["gain"], row["outcome"]) == (pytest.approx(30.0), "holds")
        assert row["gain_high"] == pytest.approx(30.0 + 0.1 * HALF)
        assert next(iter(row["by_size"].values())) == pytest.approx(-3.0)
    assert [row["outcome"] for row in of["ticket_over_he"]] == ["does not hold"] * 3
    collapse = [row for row in found.values() if "collapse_by_he" in row["id"]]
    assert [row["less"] for row in collapse] == pytest.approx([33.0] * 3)
    same = answers(MLP, children=table[table["initialisation"] == "he"]).values()
    others = [row for row in found.values() if "_he." not in row["id"]]
    assert [row["answer"] for row in same] == [row["answer"] for row in others]  # all else is of He's alone


def test_one_network_of_two_scopes_answers_once() -> None:
    """Random masks are the same with a floor and without, where no layer would be below it."""
    children = samples.network_children(scopes=("global", "floor", "local"), broken=88.0)
    known = stated({"children": children}).claims
    numbers = [*children.columns[children.columns.get_loc("density") :]]
    random = children["score"] == "random"
    for column in numbers:
        children.loc[random & (children["scope"] == "floor"), column] = children.loc[
            random & (children["scope"] == "global"), column
        ].to_numpy()
    found = stated({"children": children}).claims
    of_random = [claim.case for claim in found if claim.key == "masked_over_dense" and "random" in claim.case]
    assert of_random == ["random, global and global with a floor", "random, local"]
    assert len(known) - len(found) == 1  # its comparisons with other masks are of different ones
    (merged,) = [claim for claim in found if claim.case == of_random[0]]
    (alone,) = [claim for claim in known if claim.key == "masked_over_dense" and claim.case == "random, global"]
    assert merged.effect == alone.effect
    assert merged.level < alone.level  # fewer answers, more of the level each


def test_the_level_is_split_over_all_answers() -> None:
    """Four fifths over the core questions' answers, the rest over the others; bounds together are at the level."""
    given = samples.tables()
    found = stated(given, level=0.05).claims
    rows = [claim for claim in found if "core" in claim.numbers]
    core, others = ([claim for claim in rows if claim.numbers["core"] is kind] for kind in (True, False))
    assert len(core) > 10 < len(others)
    for claims, part in ((core, 0.04), (others, 0.01)):
        levels = {claim.level for claim in claims if claim.level is not None and "early_mask" not in claim.id}
        assert list(levels) == pytest.approx([1 - 2 * part / len(claims)])
    assert f"{len(core)} to the core questions" in stated(given).note
    assert all(claim.numbers["power"] is not None for claim in rows if claim.low is not None)
