"""The thesis' tables beside ours, from tables made by hand."""

import math

import numpy as np
import pandas as pd
import pytest

import coherence_table_samples as samples
from prunescape.coherence.labels import OF_THESIS, labelled, scopes_of
from prunescape.coherence.tables import TABLES, of_source, table_6
from prunescape.io.files import read_tables, write_csv
from prunescape.studies.coherence import STUDY

HALF = 4.302653 / math.sqrt(3)  # of a 95 % interval over three seeds, in their standard deviation
KEYS = ["scope", "score", "end"]
# Test accuracies in the order in which the thesis prints them.
PRINTED = {
    ("table_6_1_2", "resnet50"): [0.9133, 0.9091, 0.89994, 0.8968, 0.1285, 0.1],
    ("table_6_1_2", "vit"): [0.77814, 0.7752, 0.7642, 0.7413, 0.7402, 0.2806],
    ("table_6_5_6", "resnet50"): [0.9102, 0.8986, 0.8901, 0.8872, 0.887, 0.8834],
    ("table_6_5_6", "vit"): [0.7884, 0.7707, 0.7559, 0.7511, 0.7461, 0.7458],
}


@pytest.mark.parametrize(("name", "family"), list(PRINTED))
def test_published_tables_are_the_thesis(name: str, family: str) -> None:
    table = of_source(name, "cifar10")
    own = table[table["family"] == family]
    assert own["validation_top1"].tolist() == pytest.approx([100 * value for value in PRINTED[name, family]])
    assert set(zip(own["score"], own["end"], strict=True)) == set(OF_THESIS)
    assert (own["density"] == np.where(own["score"] == "none", 1.0, 0.1)).all()
    assert of_source(name, "digits").empty


def test_training_accuracies_are_those_of_whole_images() -> None:
    whole = pd.concat([of_source(name, "cifar10") for name in TABLES])
    images = whole["train_top1"] * 500  # of 50,000; the dense networks of two tables are means
    off = (images - images.round()).abs() > 1e-6
    assert whole[off]["score"].tolist() == ["none", "none"]
    assert whole["train_top1"].between(10, 100).all()


def test_a_row_is_a_mean_over_seeds_with_intervals() -> None:
    found = table_6(samples.network_children(), "table_6_5_6", "cifar10").set_index(KEYS)
    row = found.loc["local", "diff", "worst"]
    assert (row["seeds"], row["density"], row["validation_top1"]) == (3, pytest.approx(0.1), pytest.approx(78.5))
    assert row["validation_top1_low"] == pytest.approx(78.5 - 0.44 * HALF)
    assert (row["gain"], row["gain_low"]) == (pytest.approx(-2.5), pytest.approx(-2.5 - 0.04 * HALF))
    assert (row["published_validation_top1"], row["published_train_top1"]) == (88.34, 99.722)
    assert found.loc[("", "none", ""), "published_validation_top1"] == 91.02


def test_rows_are_in_order_and_scopes_in_their_tables() -> None:
    children = samples.network_children(scopes=("local", "floor", "global"))
    first, second = (table_6(children.sample(frac=1, random_state=1), name, "cifar10") for name in TABLES)
    assert first["scope"].tolist() == [""] + ["global"] * 5 + ["floor"] * 5
    assert second["scope"].tolist() == [""] + ["local"] * 5
    assert list(zip(second["score"], second["end"], strict=True)) == list(OF_THESIS)
    # The thesis has a floor; without one there is nothing to compare with.
    assert first[first["scope"] == "global"]["published_validation_top1"].isna().all()
    assert first.set_index(KEYS).loc[("", "none", ""), "published_validation_top1"] == 89.994


@pytest.mark.parametrize(
    "change", [{"model": "small_resnet"}, {"density": 0.2}, {"model": "vgg19_cifar"}], ids=["small", "density", "vgg"]
)
def test_other_settings_have_no_published_numbers(change: dict) -> None:
    children = samples.network_children().assign(**change)
    assert table_6(children, "table_6_5_6", "cifar10")["published_validation_top1"].isna().all()
    assert table_6(samples.network_children(), "table_6_5_6", "digits")["published_validation_top1"].isna().all()


def test_vit_stands_beside_the_thesis_vit() -> None:
    found = table_6(samples.network_children(model="vit"), "table_6_1_2", "cifar10").set_index(KEYS)
    assert found.loc[("floor", "magnitude", "worst"), "published_validation_top1"] == 28.06


def test_a_table_as_read_from_a_file_gives_the_same(tmp_path) -> None:
    children = samples.network_children()
    children.to_csv(tmp_path / "children.csv", index=False)
    read = pd.read_csv(tmp_path / "children.csv")
    assert read["end"].isna().any()
    for name in TABLES:
        pd.testing.assert_frame_equal(table_6(read, name, "cifar10"), table_6(children, name, "cifar10"))


def test_parts_of_one_experiment_make_the_declared_table_and_the_same_claims(tmp_path) -> None:
    """A part has the columns of its experiment; the table has those that other experiments would have, too."""
    columns = {table.name: table.columns for table in STUDY.tables}
    part, network = tmp_path / "part.csv", samples.network_children()
    write_csv(part, network[[*columns["children_network"]]])
    collected = read_tables([part, part], columns["children"])
    assert [*collected] == [*columns["children"]]
    assert collected["width"].isna().all()
    assert len(collected) == 2 * len(network)
    assert samples.answers(children=read_tables([part], columns["children"])) == samples.answers(children=network)


def test_failed_and_missing_networks_are_left_out() -> None:
    children = samples.network_children()
    children.loc[children["seed"] == 2, "validation_top1"] = np.nan
    found = table_6(children, "table_6_5_6", "cifar10")
    assert (found["seeds"] == 2).all()
    assert found["validation_top1"].notna().all()
    mlps = samples.mlp_children()
    assert table_6(mlps, "table_6_5_6", "cifar10").empty
    no_masks = children[children["score"] == "none"]
    assert table_6(no_masks, "table_6_5_6", "cifar10").empty


def test_empty_labels_are_words_again() -> None:
    table = pd.DataFrame({"score": ["none", "diff"], "end": [np.nan, "best"], "scope": [np.nan, "local"]})
    assert labelled(table)["end"].tolist() == ["", "best"]
    assert scopes_of(labelled(table)) == ["local"]
    assert labelled(table.drop(columns="scope"))["scope"].tolist() == ["global", "global"]


@pytest.mark.parametrize("name", list(samples.tables()))
def test_samples_have_the_columns_that_runs_write(name: str) -> None:
    """A figure or claim that takes rows of several kinds together is found by a sample that has them alone."""
    registered = {table.name: table for table in STUDY.tables}
    assert set(samples.tables()[name].columns) == set(registered[name].columns)
