"""The thesis' tables beside ours: shown where the setting is the same, else what differs."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml

from landscape_samples import ANALYSIS, cells_of, trained, truth
from project_copy import PROJECT
from prunescape.config.reading import validated
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.published import AS_PUBLISHED, differing, published, table_3_4, table_4_1, table_4_2
from prunescape.hpspace.resampling import resample
from prunescape.models.catalogue import CATALOGUE as MODELS


def preset(name: str) -> dict:
    text = (PROJECT / "workflow" / "studies" / f"{name}.yaml").read_text(encoding="utf-8")
    return validated(yaml.safe_load(text), MODELS, DATA_SETS)


@pytest.mark.parametrize(
    ("name", "models"), [("thesis_cifar10", ["resnet56", "mobilenetv2"]), ("thesis_imagenet", ["resnet50"])]
)
def test_the_presets_have_the_published_setting(name: str, models: list[str]) -> None:
    config = preset(name)
    for model in models:
        assert differing(model, config) == []
        variants = {
            f"{method}-{ratio:g}"
            for method in config["models"][model]["methods"]
            for ratio in config["models"][model]["ratios"]
        }
        for table in ("4_1", "4_2"):
            rows = published(table)
            assert set(rows.loc[rows["model"] == model, "variant"]) == {"dense", *variants}


def test_every_difference_is_named() -> None:
    config = copy.deepcopy(preset("thesis_cifar10"))
    config["recipe"]["epochs"] = 100
    config["models"]["resnet56"]["weight_decay"] = 5.0e-4
    config["data"]["train_size"] = 1000
    assert differing("resnet56", config) == [
        "models.resnet56.weight_decay = 0.0005 (thesis: 0.0001)",
        "recipe.epochs = 100 (thesis: 180)",
        "data.train_size = 1000 (thesis: all)",
    ]
    assert differing("resnet20", config) == ["the thesis has no resnet20"]
    assert differing("resnet50", config | {"models": {"resnet50": {"learning_rate": 0.1, "weight_decay": 1e-4}}})[
        0
    ] == ("data.name = cifar10 (thesis: imagenet)")


def test_published_numbers_stand_beside_ours_with_the_difference() -> None:
    random = np.random.default_rng(0)
    names = {"uniform-0.6": "uniform-0.6", "dense": "dense"}
    cells = cells_of(np.stack([trained(truth("ridge", random), 2, random) for _ in range(2)])).assign(model="resnet56")
    assert set(cells["variant"]) == set(names)
    found = intervals(resample(cells, ANALYSIS | {"draws": 200, "confidence": 0.95}), ANALYSIS)
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


def test_top_5_has_no_published_ellipses() -> None:
    random = np.random.default_rng(0)
    cells = cells_of(np.stack([trained(truth("ridge", random), 2, random)])).assign(model="resnet50")
    cells["top5"] = cells["top1"]
    found = intervals(resample(cells, ANALYSIS | {"draws": 200, "confidence": 0.95}), ANALYSIS)
    table = table_4_2(found, preset("thesis_imagenet")).set_index("metric")
    assert table.loc["top1", "published_d_mean"] == 0.293
    assert np.isnan(table.loc["top5", "published_d_mean"])


def test_the_tables_are_whole() -> None:
    assert [len(published(table)) for table in ("3_4", "4_1", "4_2")] == [3, 24, 12]
    assert isinstance(published("settings"), pd.DataFrame)
