"""What coherence's claims make of networks that do not learn, of trainings that fail, and of what the thesis says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import coherence_table_samples as samples
from coherence_table_samples import MODEL, answer, answers, stated
from prunescape.claims.judgement import FAILS, HOLDS
from prunescape.claims.page import claims_page, text_of
from prunescape.claims.study import StudyClaims
from prunescape.coherence import claims as module
from prunescape.coherence.by_size import learnt_from
from prunescape.coherence.by_thesis import THESIS, TRANSFORMERS, answered_by_thesis
from prunescape.coherence.claims import MLP, over_epochs
from prunescape.io.files import write_json
from prunescape.models.catalogue import CATALOGUE

NOT_KNOWN = "cannot be asked here"
IN_A_TRANSFORMER = "In a vision transformer diff masks are the best, and as good as the dense network."
DENSE = ("none", "")


def children(experiment: str, dense: float, masked: float) -> pd.DataFrame:
    """children.csv with training accuracies of the dense network and of others; validation accuracy is a point less."""
    table = samples.mlp_children(experiment, of=(64, 256, 512), scopes=("local",))
    generator = np.random.default_rng(0)
    table["train_top1"] = np.where(table["score"] == "none", dense, masked) + generator.normal(0, 0.1, len(table))
    table["validation_top1"] = table["train_top1"] - 1 + generator.normal(0, 0.1, len(table))
    return table


def of_keys(found: dict, *keys: str) -> list[dict]:
    return [row for row in found.values() if row["id"].split(".")[1] in keys]


def test_a_third_of_the_way_from_guessing_is_learnt() -> None:
    assert learnt_from(10) == pytest.approx(40)
    assert learnt_from(2) == pytest.approx(50 + 50 / 3)
    assert learnt_from(1000) == pytest.approx(33.4)


def test_nothing_is_compared_where_no_network_has_learnt() -> None:
    """A dense network of 12 % and masks of 11 %, of ten classes: neither gaps nor accuracies say a thing."""
    found = answers(MLP, children=children("wide", 12.0, 11.0))
    asked = of_keys(found, "masked_over_dense_of_as_many_weights", "masked_gap_smaller", "gain_with_width")
    assert len(asked) == 9
    assert {row["outcome"] for row in [*asked, *of_keys(found, "magnitude_over_diff")]} == {NOT_KNOWN}
    assert all("12 %" in row["answer"] or "11 %" in row["answer"] for row in asked)
    fixed = answers(MLP, children=children("fixed", 12.0, 11.0))
    asked = of_keys(fixed, "masked_over_dense_of_its_size", "larger_parents")
    assert len(asked) == 6
    assert {row["outcome"] for row in asked} == {NOT_KNOWN}


def test_a_gap_is_compared_where_both_have_learnt_alone() -> None:
    for dense, masked in ((90.0, 30.0), (30.0, 90.0)):
        found = answers(MLP, children=children("wide", dense, masked))
        assert {row["outcome"] for row in of_keys(found, "masked_gap_smaller")} == {NOT_KNOWN}
        better = of_keys(found, "masked_over_dense_of_as_many_weights")
        assert {row["outcome"] for row in better} == {HOLDS if masked > dense else FAILS}
        assert all("Not learnt" in row["answer"] and "30 %" in row["answer"] for row in better)
    both = of_keys(answers(MLP, children=children("wide", 90.0, 88.0)), "masked_gap_smaller")
    assert NOT_KNOWN not in {row["outcome"] for row in both}


def test_widths_where_networks_have_not_learnt_are_left_out_of_growth_and_named() -> None:
    table = samples.widths()
    table.loc[table["width"] == 64, ["train_top1", "validation_top1"]] = [20.0, 19.0]
    found = answers(MLP, widths=table)
    assert len(found) == 4
    rest = answers(MLP, widths=table[table["width"] > 64])
    for question, row in found.items():
        assert row["slope"] == pytest.approx(rest[question]["slope"])
        assert "left out: at 64 (20 %)" in row["answer"]
        assert row["unlearnt"] == [64]
        assert list(row["by_size"]) == ["128", "256", "512", "1024", "2048"]
        assert " at 128, " in row["answer"]
    nowhere = answers(MLP, widths=table.assign(train_top1=20.0))
    assert {row["outcome"] for row in nowhere.values()} == {NOT_KNOWN}
    assert {row["core"] for row in of_keys(nowhere, "coherence_with_width")} == {True}


def test_what_is_asked_does_not_depend_on_who_learns() -> None:
    """So that the level is split alike."""
    for experiment in ("wide", "fixed"):
        split = [stated({"children": children(experiment, 90.0, top1)}) for top1 in (88.0, 11.0)]
        keys = [[(claim.id, claim.numbers["core"]) for claim in of.claims] for of in split]
        assert keys[0] == keys[1]


def initialised(he: float, scaled: float) -> pd.DataFrame:
    table = children("fixed", 95.0, he)
    other = table[(table["score"] != "none") & (table["end"] != "worst")].assign(initialisation="scaled")
    more = other[["train_top1", "validation_top1"]] + scaled - he + 0.1 * (other[["seed", "seed"]].to_numpy() - 1)
    return pd.concat([table, other.assign(**more)], ignore_index=True)


def test_initialisations_that_do_not_train_are_named_and_not_compared_where_neither_does() -> None:
    found = of_keys(answers(MLP, children=initialised(12.0, 14.0)), "scaled_over_he")
    assert len(found) == 3
    assert {row["outcome"] for row in found} == {NOT_KNOWN}
    one = of_keys(answers(MLP, children=initialised(12.0, 60.0)), "scaled_over_he", "collapse_by_he")
    assert len(one) == 6
    assert all("Not learnt" in row["answer"] and "(12 %)" in row["answer"] for row in one)
    assert {row["outcome"] for row in one if "scaled_over_he" in row["id"]} == {HOLDS}
    assert not any("Not learnt" in row["answer"] for row in answers(MLP, children=initialised(80.0, 90.0)).values())


def test_a_child_that_diverged_blocks_what_is_said_of_its_initialisation() -> None:
    table = initialised(80.0, 90.0)
    assert {row["outcome"] for row in of_keys(answers(MLP, children=table), "scaled_over_he")} == {HOLDS}
    more = pd.concat([table, table[table["seed"] == 2].assign(seed=3)], ignore_index=True)
    lost = (more["initialisation"] == "scaled") & (more["seed"] == 1) & (more["score"] == "random")
    more.loc[lost & (more["parent_width"] == 512), ["train_top1", "validation_top1"]] = np.nan
    found = {row["case"]: row for row in of_keys(answers(MLP, children=more), "scaled_over_he")}
    of_random = found.pop("random, local, fixed")
    assert of_random["outcome"] == "not decided"
    assert of_random["would_decide"] == "a look at random masks from scaled, seed 1"
    assert {row["outcome"] for row in found.values()} == {HOLDS}


def test_a_training_that_diverged_or_a_dense_network_that_collapsed_blocks_a_decision() -> None:
    clear = children("wide", 90.0, 99.0)
    question = "Is a network with a diff mask (local) better than a dense one"
    assert answer(question, MLP, children=clear)["outcome"] == HOLDS
    mine = (clear["width"] == 512) & (clear["seed"] == 1)
    lost = {
        "diff, best": mine & (clear["score"] == "diff") & (clear["end"] == "best"),
        "dense": mine & (clear["score"] == "none"),
    }
    for where in (lost["dense"], lost["diff, best"]):  # each alone of its seeds
        assert where.sum() == 1
    for name, where in lost.items():
        failed = clear.copy()
        failed.loc[where, ["train_top1", "validation_top1"]] = [np.nan, np.nan] if name != "dense" else [10.0, 10.0]
        more = pd.concat([failed, failed[failed["seed"] == 2].assign(seed=3)], ignore_index=True)
        found = answer(question, MLP, children=more)
        assert (found["outcome"], found["would_decide"]) == ("not decided", f"a look at {name}, seed 1")
        assert f"{name}, seed 1." in found["answer"]
        gap = answer("gap smaller with a diff mask", MLP, children=more)
        assert gap["outcome"] == "not decided"


def test_a_training_that_diverged_blocks_growth_early_masks_and_random_ones_of_equal_layers() -> None:
    seeds = (0, 1, 2, 3)
    growing = samples.mlp_children("fixed", seeds)
    sparse = growing["score"] != "none"
    slope = 1 + 0.01 * (growing["seed"] - 1)
    growing.loc[sparse, "validation_top1"] = 50 + np.log2(growing["parent_parameters"]) * slope
    asked = {
        "random mask (global) of fixed size": ("children", growing, growing["score"].eq("random"), MLP, HOLDS),
        "early is a diff mask": ("early_masks", samples.early_masks(seeds), None, MODEL, HOLDS),
        "densities of the diff, best one as good": ("matched", samples.matched(seeds), None, MODEL, HOLDS),
    }
    for words, (name, table, where, model, outcome) in asked.items():
        assert answer(words, model, tolerance=0.9, **{name: table})["outcome"] == outcome
        where = table["score"].eq("diff") if where is None else where
        lost = table.copy()
        lost.loc[table.index[where & (table["seed"] == 3)][1], ["train_top1", "validation_top1"]] = np.nan
        found = answer(words, model, tolerance=0.9, **{name: lost})
        assert found["outcome"] == "not decided"
        assert found["would_decide"].startswith("a look at ")
        assert found["would_decide"].endswith("seed 3")
        assert "Diverged, or collapsed where others learn: " in found["answer"]


def real_above_noise(error: float = 0.0, end: float = 99.0) -> dict:
    table = samples.epochs(standard_error=error)
    last = (table["data"] == "real") & (table["seed"] == 1) & (table["epoch"] == 60)
    table.loc[last, "train_top1"] = end
    return answer("Is coherence higher on real data than", epochs=table)


def test_coherence_on_real_data_counts_where_it_is_learnt() -> None:
    assert real_above_noise()["outcome"] == HOLDS
    for end in (30.0, np.nan):
        found = real_above_noise(end=end)
        assert found["outcome"] == "not decided"
        assert found["would_decide"] == "a look at trainings on real data that have not learnt, of seeds 1"


def test_coherence_of_too_few_images_decides_nothing() -> None:
    """The mean over three seeds of differences has sqrt(2 / 3) of the standard error of one number."""
    bound = 0.01 / 4 / np.sqrt(2 / 3)
    assert real_above_noise(error=0.99 * bound)["outcome"] == HOLDS
    found = real_above_noise(error=1.01 * bound)
    assert found["outcome"] == "not decided"
    assert "more images" in found["would_decide"]


def test_later_coherence_is_that_after_the_last_epoch_on_real_data() -> None:
    table = samples.epochs()
    at = table[(table["epoch"] == 60) & (table["start"] == "fresh")].set_index(["seed", "data"])["coherence"].unstack()
    found = answer("where training on real data ends", epochs=table)
    assert found["more"] == pytest.approx((at["gaussian"] - at["real"]).mean())
    assert found["epoch"] == 60


def test_diffs_follow_coherence_over_epochs_by_ranks() -> None:
    rows = pd.DataFrame({"seed": 0, "coherence": [0.1, 0.3, 0.2, 0.5], "beyond": [0.2, 0.1, 0.4, 0.9]})
    assert over_epochs(rows)[0] == pytest.approx(0.4)  # ranks 1 3 2 4 and 2 1 3 4
    assert over_epochs(rows.assign(beyond=0.1)).empty
    found = answers(epochs=samples.epochs())
    both = of_keys(found, "diffs_follow_coherence_over_epochs")
    assert [row["correlation"] for row in both] == pytest.approx([1.0, 1.0])  # of the samples, they rise together
    assert {row["outcome"] for row in both} == {"not decided"}  # all seeds alike


def test_diffs_may_be_smaller_on_noise_by_a_margin() -> None:
    table = samples.epochs()
    noise = table["data"] == "gaussian"
    for more, outcome in ((0.02, HOLDS), (-0.005, HOLDS), (-0.03, FAILS), (-0.01, FAILS)):
        alike = table[~noise].assign(data="gaussian")
        alike["diff_size"] += more + 0.001 * (alike["seed"] - 1)
        found = answer("as large as on real data", epochs=pd.concat([table[~noise], alike], ignore_index=True))
        assert (found["outcome"], found["more"]) == (outcome, pytest.approx(more))


# What the thesis says


def test_every_claim_stands_at_a_claim_or_question_of_the_thesis_and_in_its_order() -> None:
    sections = [said.section for said in THESIS]
    assert sum("7.1" in section for section in sections) == 8
    assert sum(section == "7.2" for section in sections) == 9
    assert {"2.2", "3.3", "6.2"} <= set(sections)
    found = stated(samples.tables())
    order = list(dict.fromkeys(key for said in THESIS for key in said.keys))
    for model in found.models:
        places = [order.index(claim.key) for claim in found.of(model)]
        assert places == sorted(places)
    assert next(iter(found.claims)).id.startswith("coherence.real_above_noise.")


def test_each_claim_of_the_thesis_is_a_row_with_what_is_seen_and_decided(tmp_path) -> None:
    found = stated(samples.tables())
    rows = {row["said"]: row for row in found.by_source}
    assert len(rows) == len(THESIS)
    coherent = rows[THESIS[0].words]
    assert "real_above_noise: holds" in coherent["decided"]
    assert coherent["seen"].startswith(f"{MODEL}: +0.")
    counts = rows["Larger parents make better sparse networks of one size."]["decided"]
    of = [claim for claim in found.claims if claim.key == "larger_parents"]
    assert {claim.outcome for claim in of} == {"not decided"}
    assert f"larger_parents: not decided in {len(of)} of {len(of)}" in counts
    assert rows["Would diff masks work for large language models?"]["seen"] == "cannot be asked without language models"
    assert "small_vit" not in rows[IN_A_TRANSFORMER]["seen"]
    assert rows[IN_A_TRANSFORMER]["seen"].startswith("cannot be asked without a vision transformer")
    text, page = text_of(found), claims_page(found)
    assert all(row["said"] in text and row["said"].replace("'", "&#39;") in page for row in found.by_source)
    write_json(tmp_path / "claims.json", found.to_json())
    assert StudyClaims.read(tmp_path / "claims.json").by_source == found.by_source


def test_what_is_said_of_transformers_is_asked_of_them_alone() -> None:
    assert {*TRANSFORMERS} == {name for name, info in CATALOGUE.items() if info.module in ("vit", "transformer")}
    claims = stated(samples.tables()).claims
    both = [*claims, *(replace(claim, model="small_vit") for claim in claims)]
    rows = {row["said"]: row for row in answered_by_thesis(both)}
    others = "Magnitude masks are better than diff masks, but in a vision transformer."
    assert "small_vit" in rows[IN_A_TRANSFORMER]["seen"]
    assert MODEL not in rows[IN_A_TRANSFORMER]["seen"]
    assert "small_vit" not in rows[others]["seen"]
    assert MODEL in rows[others]["seen"]


def with_large_diffs_on_noise() -> pd.DataFrame:
    """epochs.csv whose diffs on noise are half as large again as on real data."""
    table = samples.epochs()
    return table.assign(diff_size=np.where(table["data"] == "gaussian", 0.3 + 0.01 * table["seed"], 0.2))


AGREE = {
    # What the thesis reports, in numbers of ours: each of these claims must then read "holds".
    "diffs_with_width": lambda: answers(MLP, widths=samples.widths()),
    "diffs_as_large_on_noise": lambda: answers(epochs=with_large_diffs_on_noise()),
    "diffs_apart_from_movement": lambda: answers(score_ranks=samples.score_ranks()),
    "diffs_apart_from_magnitude": lambda: answers(score_ranks=samples.score_ranks()),
    "magnitude_over_diff": lambda: answers(children=samples.network_children()),
    "real_above_noise": lambda: answers(epochs=samples.epochs()),
    "coherence_with_width": lambda: answers(MLP, widths=samples.widths()),
    "magnitude_mask_settles": lambda: answers(mask_overlap=samples.mask_overlap()),
}


@pytest.mark.parametrize("key", AGREE)
def test_agreement_with_the_thesis_reads_holds(key: str) -> None:
    found = of_keys(AGREE[key](), key)
    assert found
    assert {row["outcome"] for row in found} == {HOLDS}
    assert all("Yauney 2024" in row["source"] for row in found)


def test_constant_columns_warn_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    table = samples.widths().assign(coherence=0.1)
    found = answer("highest coherence", MLP, widths=table)
    assert found["rank_correlation"] is None
    assert module.STUDY == "coherence"
    assert not [str(one.message) for one in recwarn if "constant" in str(one.message).lower()]
