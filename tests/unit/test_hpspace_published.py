"""The thesis' tables beside ours, where the setting is the same; every key counts, but those that are harmless."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from config_samples import parts
from landscape_samples import ANALYSIS, cells_of, trained, truth
from project_copy import PROJECT
from prunescape.claims.published import published
from prunescape.config.reading import validated
from prunescape.config.schema import schema
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.data.prepared import PreparedData
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.lattice import THESIS
from prunescape.hpspace.published import (
    AS_PUBLISHED,
    SOURCE,
    differing,
    table_3_1,
    table_3_2,
    table_3_4,
    table_3_5,
    table_4_1,
    table_4_2,
)
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.setting import HARMLESS, counted, is_harmless
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.catalogue import CATALOGUE as MODELS
from prunescape.models.flops import count_flops, count_flops_with_norms, count_parameters

STUDIES = {"resnet56": "thesis_cifar10", "mobilenetv2": "thesis_cifar10", "resnet50": "thesis_imagenet"}


def preset(name: str) -> dict[str, Any]:
    text = (PROJECT / "workflow" / "studies" / f"{name}.yaml").read_text(encoding="utf-8")
    return validated(yaml.safe_load(text), MODELS, DATA_SETS)


def keys(model: str) -> list[str]:
    """Every key of the schema that holds a value, of this model; the entries of a list are part of its value."""
    found = [(path.replace("models.*", f"models.{model}"), part) for path, part, _ in parts(schema())]
    return [path for path, part in found if "properties" not in part and "*" not in path and path != "models"]


def with_other(config: dict[str, Any], key: str) -> dict[str, Any]:
    """The config with another value at a key."""
    changed = copy.deepcopy(config)
    *sections, last = key.split(".")
    part = changed
    for name in sections:
        if part.get(name) is None:  # in a study that is not asked for
            part[name] = {}
        part = part[name]
    part[last] = "another value" if part.get(last) != "another value" else None
    return changed


@pytest.mark.parametrize("model", STUDIES)
def test_another_value_of_any_key_is_told_unless_it_is_harmless(model: str) -> None:
    config = preset(STUDIES[model])
    assert differing(model, config) == differing(model, counted(config)) == []
    told = [key for key in keys(model) if differing(model, with_other(config, key))]
    assert told == [key for key in keys(model) if not is_harmless(key)]
    for key in told:
        (line,) = differing(model, with_other(config, key))
        assert line.startswith(f"{key} = another value (")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("recipe.optimiser", "adam", "recipe.optimiser = adam (thesis: sgd)"),
        ("recipe.label_smoothing", 0.1, "recipe.label_smoothing = 0.1 (default: 0)"),
        ("recipe.clip", 0.1, "recipe.clip = 0.1 (default: null)"),
        ("pruning.normalise", "none", "pruning.normalise = none (default: mean)"),
        ("pruning.minimum_channels", 8, "pruning.minimum_channels = 8 (default: 1)"),
        ("engine.precision", "bfloat16", "engine.precision = bfloat16 (default: auto)"),
        ("engine.micro_batch", 64, "engine.micro_batch = 64 (default: null)"),
        ("extension.rounds", 0, "extension.rounds = 0 (default: 3)"),
        ("seeds", [0, 1, 2], "seeds = 0 1 2 (thesis: 0)"),
        ("models.resnet56.pipelines", ["fine_tuning"], "models.resnet56.pipelines = fine_tuning (default: scratch)"),
        ("models.resnet56.ratios", [0.6], "models.resnet56.ratios = 0.6 (thesis: 0.6 0.2)"),
        ("models.resnet56.weight_decay", 0.00010000001, None),
        ("recipe.momentum", 0.95, "recipe.momentum = 0.95 (thesis: 0.9)"),
        ("grid.tile", [9, 9], "grid.tile = 9 9 (default: 3 3)"),
        ("data.train_size", 1000, "data.train_size = 1000 (thesis: all)"),
    ],
)
def test_a_setting_is_told_in_words(key: str, value: Any, line: str | None) -> None:
    config = preset("thesis_cifar10")
    *sections, last = key.split(".")
    part = config
    for name in sections:
        part = part[name]
    part[last] = value
    (found,) = differing("resnet56", config)
    assert found == (line or "models.resnet56.weight_decay = 0.00010000001 (thesis: 0.0001)")
    assert differing("resnet56", counted(config)) == [found]


def test_what_is_harmless_is_in_the_config_and_says_nothing_of_how_networks_are_made() -> None:
    known = {path for path, _, _ in parts(schema())}
    assert set(HARMLESS) <= known
    counting = ("recipe", "grid", "extension", "analysis", "pruning", "retraining", "seeds")
    assert not [key for key in known if key.split(".")[0] in counting and is_harmless(key)]


def test_another_network_of_the_run_does_not_count() -> None:
    config = preset("thesis_cifar10")
    config["models"]["mobilenetv2"]["ratios"] = [0.5]
    assert differing("resnet56", config) == []
    assert differing("mobilenetv2", config) == ["models.mobilenetv2.ratios = 0.5 (thesis: 0.6 0.4)"]


def test_a_run_without_networks_of_the_thesis_depends_on_no_setting() -> None:
    assert counted({**preset("thesis_cifar10"), "models": {"small_resnet": {}}}) == {}


def test_networks_and_data_that_the_thesis_does_not_have_are_named() -> None:
    config = preset("thesis_cifar10")
    assert differing("resnet20", config) == ["the thesis has no resnet20"]
    other = config | {"models": {"resnet50": {"learning_rate": 0.1, "weight_decay": 1e-4}}}
    assert differing("resnet50", other)[0] == "data.name = cifar10 (thesis: imagenet)"
    config["recipe"]["epochs"] = 100
    config["models"]["resnet56"]["weight_decay"] = 5.0e-4
    assert differing("resnet56", config) == [
        *("models.resnet56.weight_decay = 0.0005 (thesis: 0.0001)", "recipe.epochs = 100 (thesis: 180)")
    ]


@pytest.mark.parametrize("model", STUDIES)
def test_the_published_tables_have_all_variants_of_the_presets(model: str) -> None:
    section = preset(STUDIES[model])["models"][model]
    variants = {f"{method}-{ratio:g}" for method in section["methods"] for ratio in section["ratios"]}
    for table in ("4_1", "4_2"):
        rows = published(f"{SOURCE}{table}")
        assert set(rows.loc[rows["model"] == model, "variant"]) == {"dense", *variants}
    assert [len(published(f"{SOURCE}{table}")) for table in ("3_4", "4_1", "4_2")] == [3, 24, 12]


def test_published_numbers_stand_beside_ours_with_the_difference() -> None:
    random = np.random.default_rng(0)
    cells = cells_of(np.stack([trained(truth("ridge", random), 2, random) for _ in range(2)])).assign(model="resnet56")
    found = intervals(resample(cells, THESIS, 1.0, 200, 0.95), ANALYSIS)
    config = preset("thesis_cifar10")
    risk = table_4_2(found, config).set_index("variant")
    assert risk.loc["uniform-0.6", "published_d_mean"] == 0.622
    assert risk.loc["uniform-0.6", "difference_d_mean"] == pytest.approx(risk.loc["uniform-0.6", "d_mean"] - 0.622)
    assert (risk["d_mean_low"] <= risk["d_mean_high"]).all()
    shape = table_4_1(found, config).set_index(["variant", "roi"])
    assert shape.loc[("dense", 1.0), "published_length"] == 2.93
    assert shape.loc[("dense", 0.5), "published_centre_log10_learning_rate"] == -1.5
    baseline = table_3_4(cells, config).iloc[0]
    assert baseline["published_top1"] == 93.34
    assert baseline["difference_top1"] == pytest.approx(baseline["top1"] - 93.34)
    assert baseline["setting"] == AS_PUBLISHED

    config["recipe"]["epochs"] = 90
    other = table_4_2(found, config)
    assert other[["published_d_mean", "difference_d_mean"]].isna().all(axis=None)
    assert (other["setting"] == "recipe.epochs = 90 (thesis: 180)").all()


def test_the_excess_over_the_dense_risk_is_that_of_the_published_rows() -> None:
    random = np.random.default_rng(0)
    cells = cells_of(np.stack([trained(truth("ridge", random), 2, random) for _ in range(2)])).assign(model="resnet56")
    found = intervals(resample(cells, THESIS, 1.0, 200, 0.95), ANALYSIS)
    risk = table_4_2(found, preset("thesis_cifar10")).set_index("variant")
    assert risk.loc["uniform-0.6", "published_d_excess"] == pytest.approx(0.622 - 0.271)
    excess = risk.loc["uniform-0.6", "d_mean"] - risk.loc["dense", "d_mean"]
    assert risk.loc["uniform-0.6", "d_excess"] == pytest.approx(excess)
    assert (risk["confidence"] == 0.95).all()


def test_networks_images_and_ellipses_stand_beside_tables_3_1_3_2_and_3_5() -> None:
    def network(name: str, side: int) -> Architecture:
        dense = Architecture(name, (3, side, side), 10)
        model = build(dense)
        counts = {"flops": count_flops(model, dense.input_shape), "parameters": count_parameters(model)}
        return replace(dense, **counts, flops_with_norms=count_flops_with_norms(model, dense.input_shape))

    table = table_3_2([network("resnet56", 32), network("resnet20", 32), network("resnet56", 64)], "cifar10")
    assert table["published_flops"].isna().tolist() == [False, True, True]
    assert table["published_params"].iloc[0] == pytest.approx(table["params"].iloc[0], rel=0.01)
    assert round(table["flops_with_norms"].iloc[0], -7) == table["published_flops"].iloc[0] == 2.5e8
    assert table_3_2([network("resnet56", 32)], "digits")["published_flops"].isna().all()
    levels = table_3_5()
    assert (levels["confidence_level"].round(4) - levels["published_confidence_level"]).abs().max() < 1.0001e-4


@pytest.mark.parametrize("name", ["cifar10", "digits"])
def test_the_data_set_stands_beside_table_3_1(name: str, digits: PreparedData) -> None:
    row = table_3_1(digits, name).iloc[0]
    assert (row["input_shape"], row["train_images"], row["validation_images"], row["classes"]) == (
        *("8 x 8 x 1", 100, 200, 10),
    )
    known = {"cifar10": ["32 x 32 x 3", 50_000, 10_000, 10]}.get(name)
    shown = row[["published_input_shape", "published_train_images", "published_validation_images", "published_classes"]]
    assert shown.isna().all() if known is None else shown.tolist() == known


def test_top_5_has_no_published_ellipses() -> None:
    random = np.random.default_rng(0)
    cells = cells_of(np.stack([trained(truth("ridge", random), 2, random)])).assign(model="resnet50")
    cells["top5"] = cells["top1"]
    found = intervals(resample(cells, THESIS, 1.0, 200, 0.95), ANALYSIS)
    table = table_4_2(found, preset("thesis_imagenet")).set_index("metric")
    assert table.loc["top1", "published_d_mean"] == 0.293
    assert np.isnan(table.loc["top5", "published_d_mean"])
